//! After a start: what was in flight when the last process ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mail::{Phase, Reason};

use super::{
    Sqlite,
    codes::micros,
    draft::{FRESH_FLOOR, read_meta},
    events::{self, Noted},
    returned, settle,
    writer::Tx,
};
use crate::{Attempt, Error, EventKind, MessageId, RecipientId, Restart, Restarted, Source, State};

/// Deaths of the process while it attempted one recipient alone, after which that recipient is set aside.
const STRIKES: i64 = 3;

const CLAIMED: &str = "SELECT id, alone, strikes, in_doubt_at IS NULL, lease, source FROM recipient
    WHERE claimed_in IS NOT NULL AND claimed_in < ?1 AND state = 1";
const FRESH: &str = "SELECT id, alone, strikes, in_doubt_at IS NULL, lease, source FROM recipient NOT INDEXED
    WHERE id >= ?1 AND id < ?2 AND state = 1 AND claimed_in IS NULL";
const SET: &str =
    "UPDATE recipient SET state = ?2, due_at = ?3, aside_at = ?4, alone = ?5, strikes = ?6, lease = NULL,
        claimed_in = NULL, in_doubt_at = coalesce(in_doubt_at, ?7), reason = coalesce(?8, reason),
        note = CASE WHEN ?7 IS NULL THEN note END, attempts = attempts + (?7 IS NOT NULL)
    WHERE id = ?1 AND state = 1 RETURNING attempts, outdated_by IS NOT NULL";

/// One recipient that was in flight.
struct InFlight {
    id: i64,
    alone: bool,
    strikes: i64,
    never_in_doubt: bool,
    lease: i64,
    source: Source,
}

/// The attempt that the end of the program broke off; when it began died with the program.
fn lost_answer(now: Timestamp) -> Attempt {
    Attempt {
        instead_of: None,
        started_at: now,
        ended_at: now,
        server: String::new(),
        phase: Phase::Dot,
        reason: Some(Reason::AnswerUnknown),
        answer: "the program ended while the server was answering".to_owned(),
    }
}

/// What the caller knows, by recipient and lease.
struct Known {
    begun: BTreeSet<(i64, i64)>,
    /// When each is attempted next; None: it waits for a person.
    in_doubt: BTreeMap<(i64, i64), Option<Timestamp>>,
}

impl Sqlite {
    pub(crate) async fn restart(&self, known: Restart, now: Timestamp) -> Result<Restarted, Error> {
        let known = Known {
            begun: known.begun.into_iter().map(|(id, lease)| (id.0, lease.0)).collect(),
            in_doubt: known
                .in_doubt
                .into_iter()
                .map(|one| ((one.recipient.0, one.lease.0), one.due_at))
                .collect(),
        };
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
    let key = (one.id, one.lease);
    let doubt = known.in_doubt.get(&key);
    let in_doubt = doubt.is_some();
    let strikes = one.strikes + i64::from(one.alone);
    let broke = one.alone && strikes >= STRIKES;
    let (to, due_at) = match doubt {
        _ if broke => (State::Held, None),
        // The second answer that was lost: a server that takes each copy would else get one at every attempt.
        Some(Some(_)) if !one.never_in_doubt => (State::InDoubt, None),
        Some(None) => (State::InDoubt, None),
        Some(Some(due_at)) => (State::Waiting, Some(*due_at)),
        None => (State::Waiting, Some(now)),
    };
    let waits = to == State::Waiting;
    // What only stood in line cannot have ended the program, and thousands may have stood there.
    let alone = waits && (one.alone || in_doubt || known.begun.contains(&key));
    let reason = if broke { Some("broke") } else { in_doubt.then_some("answer_unknown") };
    let (attempts, outdated) = tx.sql.prepare_cached(SET)?.query_row(
        (
            one.id,
            super::codes::state_code(to),
            due_at.map(micros),
            (!waits).then_some(micros(now)),
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
    restarted.in_doubt += u64::from(in_doubt);
    restarted.waiting += u64::from(waits && !in_doubt && !alone);
    restarted.alone += u64::from(alone && !in_doubt);
    restarted.struck_out += u64::from(broke);
    Ok(())
}
