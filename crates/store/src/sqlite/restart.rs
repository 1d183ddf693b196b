//! After a start: what was in flight when the last process ended.

use jiff::Timestamp;

use super::{
    Sqlite,
    codes::micros,
    draft::{FRESH_FLOOR, read_meta},
    events::{self, Noted},
    returned, settle,
    writer::Tx,
};
use crate::{
    Error, EventKind, MessageId, RecipientId, Restart, Restarted, Source, State,
    in_flight::{Fate, InFlight, Known, lost_answer},
};

const CLAIMED: &str = "SELECT id, alone, strikes, in_doubt_at IS NULL, lease, source FROM recipient
    WHERE claimed_in IS NOT NULL AND claimed_in < ?1 AND state = 1";
const FRESH: &str = "SELECT id, alone, strikes, in_doubt_at IS NULL, lease, source FROM recipient NOT INDEXED
    WHERE id >= ?1 AND id < ?2 AND state = 1 AND claimed_in IS NULL";
const SET: &str =
    "UPDATE recipient SET state = ?2, due_at = ?3, aside_at = ?4, alone = ?5, strikes = ?6, lease = NULL,
        claimed_in = NULL, in_doubt_at = coalesce(in_doubt_at, ?7), reason = coalesce(?8, reason),
        note = CASE WHEN ?7 IS NULL THEN note END, attempts = attempts + (?7 IS NOT NULL)
    WHERE id = ?1 AND state = 1 RETURNING attempts, outdated_by IS NOT NULL";

impl Sqlite {
    pub(crate) async fn restart(&self, known: Restart, now: Timestamp) -> Result<Restarted, Error> {
        let known = Known::from(known);
        let (epoch, first_message) = (self.epoch, self.first_message);
        self.writer
            .write(move |tx| {
                let mut restarted = Restarted::default();
                for one in in_flight(tx, epoch, first_message)? {
                    restart_one(tx, &one, &known, now, &mut restarted)?;
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
            source: Source(row.get(5)?),
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
    known: &Known,
    now: Timestamp,
    restarted: &mut Restarted,
) -> Result<(), Error> {
    let fate = known.fate(one, now);
    restarted.add(&fate);
    let Fate { to, due_at, alone, strikes, in_doubt, broke, reason } = fate;
    let (attempts, outdated) = tx.sql.prepare_cached(SET)?.query_row(
        (
            one.id,
            super::codes::state_code(to),
            due_at.map(micros),
            (to != State::Waiting).then_some(micros(now)),
            alone,
            strikes,
            in_doubt.then_some(micros(now)),
            reason,
        ),
        |row| Ok((row.get(0)?, row.get::<_, bool>(1)?)),
    )?;
    if in_doubt {
        settle::record(tx, RecipientId(one.id), attempts, &lost_answer(now))?;
    }
    if in_doubt || broke {
        let kind = if broke { EventKind::Held } else { EventKind::InDoubt };
        let noted = Noted {
            attempt: in_doubt.then_some(attempts),
            next_attempt_at: due_at,
            reason,
            ..Noted::new(kind, RecipientId(one.id))
        };
        events::note(tx, one.source, noted, now)?;
    }
    tx.draft.moved(State::Sending, to);
    tx.draft.ever_in_doubt(i64::from(in_doubt && one.never_in_doubt));
    tx.fresh.left.push(one.id);
    if outdated {
        returned::no_longer_sending(tx, RecipientId(one.id), now)?;
    }
    Ok(())
}
