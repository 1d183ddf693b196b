//! What the writer knows by heart, so that the hot path need not read or write it for each row: how many recipients are in
//! each state, the next id, and which fresh messages are in their first attempt. It is written once for each transaction.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{claim::Walk, codes};
use crate::{Error, State};

/// One count for each state, and one for "ever in doubt".
const TALLIES: usize = codes::STATES.len() + 1;
const EVER_IN_DOUBT: usize = codes::STATES.len();

/// What a transaction changes of it; copied before each operation, and put back when the operation fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    tallies: [i64; TALLIES],
    next_message: i64,
    /// How far the walk after a route's recovery has come.
    pub(super) walk: Option<Walk>,
    /// Claims so far: says whose turn it is among the classes.
    pub(super) claims: u64,
}

impl Draft {
    pub(super) fn load(connection: &Connection) -> Result<Self, Error> {
        let mut tallies = [0; TALLIES];
        for (at, tally) in tallies.iter_mut().enumerate() {
            *tally = read_meta(connection, &tally_name(at))?.unwrap_or(0);
        }
        let next_message = read_meta(connection, "next_message")?.unwrap_or(1);
        Ok(Self { tallies, next_message, walk: None, claims: 0 })
    }

    /// The next message's id. Ids are never used twice, not even those of purged messages.
    pub(super) fn take_id(&mut self) -> i64 {
        let id = self.next_message;
        self.next_message += 1;
        id
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

    /// Writes what differs from `before`.
    pub(super) fn save(&self, before: &Self, connection: &Connection) -> Result<(), Error> {
        for (at, (now, then)) in self.tallies.iter().zip(before.tallies).enumerate() {
            if *now != then {
                write_meta(connection, &tally_name(at), *now)?;
            }
        }
        if self.next_message != before.next_message {
            write_meta(connection, "next_message", self.next_message)?;
        }
        Ok(())
    }
}

/// The fresh recipients that are in their first attempt. No index knows them; after an abnormal end they are found between
/// the floor that each commit leaves and the end of the table.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    in_flight: BTreeSet<i64>,
    floor: Option<i64>,
}

/// What one transaction changes of [`Fresh`], in order, once it is committed.
#[derive(Debug, Default)]
pub(super) struct FreshChanges {
    pub(super) entered: Vec<i64>,
    pub(super) left: Vec<i64>,
}

impl Fresh {
    /// Writes a floor that is not above any recipient in flight, before or after this transaction.
    pub(super) fn save_floor(
        &self,
        changes: &FreshChanges,
        connection: &Connection,
    ) -> Result<Option<i64>, Error> {
        let floor = self.in_flight.first().or(changes.entered.first()).copied();
        if floor.is_some() && floor != self.floor {
            write_meta(connection, "fresh_floor", floor.unwrap_or(0))?;
        }
        Ok(floor.or(self.floor))
    }

    pub(super) fn committed(&mut self, changes: FreshChanges, floor: Option<i64>) {
        self.in_flight.extend(changes.entered);
        for id in changes.left {
            self.in_flight.remove(&id);
        }
        self.floor = floor;
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
