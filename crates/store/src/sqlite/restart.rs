//! After a start: what was in flight when the last process ended.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Sqlite,
    codes::micros,
    draft::{FRESH_FLOOR, read_meta},
    writer::Tx,
};
use crate::{Error, Lease, MessageId, RecipientId, Restarted, State};

/// Deaths of the process while it attempted one recipient alone, after which that recipient is set aside.
const STRIKES: i64 = 3;

const CLAIMED: &str = "SELECT id, alone, strikes, in_doubt_at IS NULL, lease FROM recipient
    WHERE claimed_in IS NOT NULL AND claimed_in < ?1 AND state = 1";
const FRESH: &str = "SELECT id, alone, strikes, in_doubt_at IS NULL, lease FROM recipient NOT INDEXED
    WHERE id >= ?1 AND id < ?2 AND state = 1 AND claimed_in IS NULL";
const SET: &str =
    "UPDATE recipient SET state = ?2, due_at = ?3, aside_at = ?4, alone = ?5, strikes = ?6, lease = NULL,
        claimed_in = NULL, in_doubt_at = coalesce(in_doubt_at, ?7), reason = coalesce(?8, reason)
    WHERE id = ?1 AND state = 1";

/// One recipient that was in flight.
struct InFlight {
    id: i64,
    alone: bool,
    strikes: i64,
    never_in_doubt: bool,
    lease: i64,
}

/// What the caller decided about those in doubt.
struct Doubt {
    attempts: BTreeSet<(i64, i64)>,
    hold: bool,
    due_at: Timestamp,
}

impl Sqlite {
    pub(crate) async fn restart(
        &self,
        in_doubt: Vec<(RecipientId, Lease)>,
        hold_in_doubt: bool,
        in_doubt_due_at: Timestamp,
        now: Timestamp,
    ) -> Result<Restarted, Error> {
        let doubt = Doubt {
            attempts: in_doubt.into_iter().map(|(id, lease)| (id.0, lease.0)).collect(),
            hold: hold_in_doubt,
            due_at: in_doubt_due_at,
        };
        let (epoch, first_message) = (self.epoch, self.first_message);
        self.writer
            .write(move |tx| {
                let mut restarted = Restarted::default();
                for one in in_flight(tx, epoch, first_message)? {
                    restart_one(tx, &one, &doubt, now, &mut restarted)?;
                }
                tx.fresh.earlier_sorted = true;
                Ok(restarted)
            })
            .await
    }
}

/// Everything that an earlier epoch left in `Sending`: claims by their index, fresh messages above the floor.
fn in_flight(tx: &Tx<'_>, epoch: i64, first_message: i64) -> Result<Vec<InFlight>, Error> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(InFlight {
            id: row.get(0)?,
            alone: row.get::<_, i64>(1)? == 2,
            strikes: row.get(2)?,
            never_in_doubt: row.get(3)?,
            lease: row.get(4)?,
        })
    };
    let mut found: Vec<InFlight> =
        tx.sql.prepare_cached(CLAIMED)?.query_map([epoch], read)?.collect::<Result<_, _>>()?;
    let floor = read_meta(tx.sql, FRESH_FLOOR)?.unwrap_or(0);
    let end = RecipientId::of(MessageId(first_message), 0).0;
    let mut fresh = tx.sql.prepare_cached(FRESH)?;
    for one in fresh.query_map((floor, end), read)? {
        found.push(one?);
    }
    Ok(found)
}

fn restart_one(
    tx: &mut Tx<'_>,
    one: &InFlight,
    doubt: &Doubt,
    now: Timestamp,
    restarted: &mut Restarted,
) -> Result<(), Error> {
    let in_doubt = doubt.attempts.contains(&(one.id, one.lease));
    let strikes = one.strikes + i64::from(one.alone);
    let broke = one.alone && strikes >= STRIKES;
    let to = match (broke, in_doubt && doubt.hold) {
        (true, _) => State::Held,
        (false, true) => State::InDoubt,
        (false, false) => State::Waiting,
    };
    let due_at = if in_doubt { doubt.due_at } else { now };
    let waits = to == State::Waiting;
    let reason = if broke { Some("broke") } else { in_doubt.then_some("answer_unknown") };
    tx.sql.prepare_cached(SET)?.execute((
        one.id,
        super::codes::state_code(to),
        waits.then_some(micros(due_at)),
        (!waits).then_some(micros(now)),
        waits,
        strikes,
        in_doubt.then_some(micros(now)),
        reason,
    ))?;
    tx.draft.moved(State::Sending, to);
    tx.draft.ever_in_doubt(i64::from(in_doubt && one.never_in_doubt));
    tx.fresh.left.push(one.id);
    restarted.in_doubt += u64::from(in_doubt);
    restarted.alone += u64::from(waits && !in_doubt);
    restarted.struck_out += u64::from(broke);
    Ok(())
}
