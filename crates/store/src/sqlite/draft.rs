//! What the writer knows by heart, so that the hot path need not read or write it for each row: how many recipients are in
//! each state, the next id, and which fresh messages are in their first attempt. It is written once for each transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{clock, codes};
use crate::{Error, EventId, MessageId, RecipientId, State, claiming::Walk};

/// Below it no fresh recipient is in flight.
pub(super) const FRESH_FLOOR: &str = "fresh_floor";
pub(super) const NEXT_EVENT: &str = "next_event";
/// One count for each state, and one for "ever in doubt".
const TALLIES: usize = codes::STATES.len() + 1;
const EVER_IN_DOUBT: usize = codes::STATES.len();

/// What a transaction changes of it; copied before each operation, and put back when the operation fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    tallies: [i64; TALLIES],
    next_message: i64,
    next_event: i64,
    /// How far the walks after a route's recovery have come: that of real mail, that of practice mail.
    walks: [Option<Walk>; 2],
    /// Recipients set aside so far because they cannot be read.
    pub(super) unreadable: u64,
    /// Claims so far: says whose turn it is among the classes.
    pub(super) claims: u64,
    /// The last instant that an operation named, and that which is on record.
    seen_at: i64,
    recorded_at: i64,
}

impl Draft {
    pub(super) fn load(connection: &Connection) -> Result<Self, Error> {
        let mut tallies = [0; TALLIES];
        for (at, tally) in tallies.iter_mut().enumerate() {
            *tally = read_meta(connection, &tally_name(at))?.unwrap_or(0);
        }
        let next_message = read_meta(connection, "next_message")?.unwrap_or(1);
        let next_event = read_meta(connection, NEXT_EVENT)?.unwrap_or(1);
        let seen_at = read_meta(connection, clock::SEEN_AT)?.unwrap_or(0);
        Ok(Self {
            tallies,
            next_message,
            next_event,
            walks: [None; 2],
            unreadable: 0,
            claims: 0,
            seen_at,
            recorded_at: seen_at,
        })
    }

    pub(super) fn walk(&mut self, practice: bool) -> &mut Option<Walk> {
        let [real, rehearsed] = &mut self.walks;
        if practice { rehearsed } else { real }
    }

    /// A recipient behind a walk waits again.
    pub(super) fn given_back(&mut self, practice: bool, class: i64, id: RecipientId, due_at: i64) {
        if let Some(walk) = self.walk(practice) {
            walk.given_back(class, id.0, due_at);
        }
    }

    /// The next message's id. Ids are never used twice, not even those of purged messages.
    pub(super) fn take_id(&mut self) -> i64 {
        let id = self.next_message;
        self.next_message += 1;
        id
    }

    /// So many ids of messages and of events are left out.
    pub(super) fn skip(&mut self, ids: i64) {
        self.next_message += ids;
        self.next_event += ids;
    }

    /// The next event's id.
    pub(super) fn take_event(&mut self) -> i64 {
        let id = self.next_event;
        self.next_event += 1;
        id
    }

    /// The last event so far.
    pub(super) fn last_event(&self) -> EventId {
        EventId(self.next_event - 1)
    }

    pub(super) fn entered(&mut self, state: State, recipients: u64) {
        self.add(codes::state_code(state), codes::whole(recipients));
    }

    pub(super) fn left(&mut self, state: State, recipients: u64) {
        self.add(codes::state_code(state), -codes::whole(recipients));
    }

    pub(super) fn moved(&mut self, from: State, to: State) {
        self.left(from, 1);
        self.entered(to, 1);
    }

    pub(super) fn ever_in_doubt(&mut self, change: i64) {
        if let Some(tally) = self.tallies.get_mut(EVER_IN_DOUBT) {
            *tally += change;
        }
    }

    fn add(&mut self, state: i64, change: i64) {
        if let Some(tally) = usize::try_from(state).ok().and_then(|at| self.tallies.get_mut(at)) {
            *tally += change;
        }
    }

    /// It is at least as late as this. On record it is a minute old at most, once anything is written.
    pub(super) fn seen(&mut self, now: Timestamp) {
        self.seen_at = self.seen_at.max(codes::micros(now));
    }

    /// Puts on record how late it is.
    pub(super) fn note_seen(&mut self, connection: &Connection, now: i64) -> Result<(), Error> {
        (self.seen_at, self.recorded_at) = (now, now);
        write_meta(connection, clock::SEEN_AT, now)
    }

    /// Writes what differs from `before`.
    pub(super) fn save(&mut self, before: &Self, connection: &Connection) -> Result<(), Error> {
        for (at, (now, then)) in self.tallies.iter().zip(before.tallies).enumerate() {
            if *now != then {
                write_meta(connection, &tally_name(at), *now)?;
            }
        }
        if self.next_message != before.next_message {
            write_meta(connection, "next_message", self.next_message)?;
        }
        if self.next_event != before.next_event {
            write_meta(connection, NEXT_EVENT, self.next_event)?;
        }
        if self.seen_at - self.recorded_at > clock::TOLERANCE {
            self.note_seen(connection, self.seen_at)?;
        }
        Ok(())
    }
}

/// The fresh recipients that are in their first attempt. No index knows them; after an abnormal end they are found between
/// the floor that each commit leaves and the end of the table.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// Where an earlier process left off. Its recipients are not in `in_flight`; until they are sorted out nothing may pass them.
    earlier: Option<i64>,
    in_flight: BTreeSet<i64>,
    floor: Option<i64>,
}

/// What one transaction changes of [`Fresh`], in order, once it is committed.
#[derive(Debug, Default)]
pub(super) struct FreshChanges {
    pub(super) entered: Vec<i64>,
    pub(super) left: Vec<i64>,
    /// What an earlier process left in flight was sorted out.
    pub(super) earlier_sorted: bool,
}

impl Fresh {
    pub(super) fn load(connection: &Connection) -> Result<Self, Error> {
        let earlier = Some(read_meta(connection, FRESH_FLOOR)?.unwrap_or(0));
        Ok(Self { earlier, ..Self::default() })
    }

    /// Writes a floor that is not above any recipient in flight, before or after this transaction: with none in flight it is the
    /// next id, so that a start does not look through what waits.
    pub(super) fn save_floor(
        &self,
        changes: &FreshChanges,
        draft: &Draft,
        connection: &Connection,
    ) -> Result<i64, Error> {
        let next = RecipientId::of(MessageId(draft.next_message), 0).0;
        let floor = self.in_flight.first().or(changes.entered.first()).copied().unwrap_or(next);
        let floor = self.earlier.map_or(floor, |earlier| earlier.min(floor));
        if Some(floor) != self.floor {
            write_meta(connection, FRESH_FLOOR, floor)?;
        }
        Ok(floor)
    }

    pub(super) fn committed(&mut self, changes: FreshChanges, floor: i64) {
        if changes.earlier_sorted {
            self.earlier = None;
        }
        self.in_flight.extend(changes.entered);
        for id in changes.left {
            self.in_flight.remove(&id);
        }
        self.floor = Some(floor);
    }
}

fn tally_name(at: usize) -> String {
    format!("count_{at}")
}

pub(super) fn read_meta(connection: &Connection, name: &str) -> Result<Option<i64>, Error> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    let mut rows = statement.query([name])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

pub(super) fn write_meta(connection: &Connection, name: &str, value: i64) -> Result<(), Error> {
    let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute((name, value))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_never_above_what_is_in_flight() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER)").unwrap();
        let (mut draft, mut fresh) = (Draft::load(&connection).unwrap(), Fresh::default());
        let id = |message| RecipientId::of(MessageId(message), 0).0;
        for (entered, left, next, expected) in [
            (vec![], vec![], 5, id(5)),
            (vec![id(5), id(6)], vec![], 7, id(5)),
            (vec![], vec![id(5)], 7, id(5)),
            (vec![id(7)], vec![id(6)], 8, id(6)),
            (vec![], vec![id(7)], 8, id(7)),
            (vec![], vec![], 9, id(9)),
        ] {
            draft.next_message = next;
            let changes = FreshChanges { entered, left, earlier_sorted: false };
            let floor = fresh.save_floor(&changes, &draft, &connection).unwrap();
            fresh.committed(changes, floor);
            assert_eq!(read_meta(&connection, FRESH_FLOOR).unwrap(), Some(expected));
        }
    }

    #[test]
    fn the_floor_waits_until_what_an_earlier_process_left_is_sorted_out() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER)").unwrap();
        let id = |message| RecipientId::of(MessageId(message), 0).0;
        write_meta(&connection, FRESH_FLOOR, id(3)).unwrap();
        let (mut draft, mut fresh) = (Draft::load(&connection).unwrap(), Fresh::load(&connection).unwrap());
        draft.next_message = 9;
        for (earlier_sorted, expected) in [(false, id(3)), (true, id(3)), (false, id(9))] {
            let changes = FreshChanges { earlier_sorted, ..FreshChanges::default() };
            let floor = fresh.save_floor(&changes, &draft, &connection).unwrap();
            fresh.committed(changes, floor);
            assert_eq!(read_meta(&connection, FRESH_FLOOR).unwrap(), Some(expected));
        }
    }
}
