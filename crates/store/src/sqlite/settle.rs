//! Outcomes, each in one transaction with the obligation to report it.

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use super::{
    Sqlite,
    codes::{micros, name, phase_code},
    events::{self, Noted},
    obligations, returned,
    sent::{self, CountedAs},
    writer::Tx,
};
use crate::{
    Attempt, Error, EventKind, RecipientId, Settled, Settlement, Source, State, Verdict, in_flight::STRIKES,
};

/// Who may be settled: only what we hold the lease of. Everything that an end of sending clears is cleared here.
const CLEARED: &str = "lease = NULL, claimed_in = NULL, note = NULL";

impl Sqlite {
    pub(crate) async fn settle(
        &self,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> Result<Vec<Settled>, Error> {
        let counted_as = CountedAs::clone(&self.counted_as);
        self.writer.write(move |tx| settle_all(tx, &settlements, now, &counted_as)).await
    }
}

/// All in one savepoint, which costs a copy of each page that is changed in it; one for each only where one is refused.
fn settle_all(
    tx: &mut Tx<'_>,
    settlements: &[Settlement],
    now: Timestamp,
    counted_as: &CountedAs,
) -> Result<Vec<Settled>, Error> {
    tx.draft.seen(now);
    tx.sql.prepare_cached("SAVEPOINT settlements")?.execute([])?;
    let (draft, left) = (tx.draft, tx.fresh.left.len());
    let together: Result<Vec<_>, _> = settlements.iter().map(|one| settle(tx, one, now)).collect();
    let settled = match together {
        Err(Error::Internal(_)) => {
            tx.draft = draft;
            tx.fresh.left.truncate(left);
            tx.sql.prepare_cached("ROLLBACK TO settlements")?.execute([])?;
            settlements.iter().map(|one| settle_alone(tx, one, now)).collect()
        }
        other => other,
    }?;
    tx.sql.prepare_cached("RELEASE settlements")?.execute([])?;
    sent::count(tx, settlements, &settled, now, counted_as);
    Ok(settled)
}

/// In a savepoint of its own: what cannot be stored of one recipient takes nothing from the others; it stays as it was.
fn settle_alone(tx: &mut Tx<'_>, settlement: &Settlement, now: Timestamp) -> Result<Settled, Error> {
    tx.sql.prepare_cached("SAVEPOINT settlement")?.execute([])?;
    let (draft, left) = (tx.draft, tx.fresh.left.len());
    let settled = match settle(tx, settlement, now) {
        Err(Error::Internal(why)) => {
            tracing::error!(recipient.id = settlement.recipient.0, why, "an outcome was refused");
            tx.draft = draft;
            tx.fresh.left.truncate(left);
            tx.sql.prepare_cached("ROLLBACK TO settlement")?.execute([])?;
            Settled::Refused
        }
        other => other?,
    };
    tx.sql.prepare_cached("RELEASE settlement")?.execute([])?;
    Ok(settled)
}

fn settle(tx: &mut Tx<'_>, settlement: &Settlement, now: Timestamp) -> Result<Settled, Error> {
    let id = settlement.recipient;
    let settled = match &settlement.verdict {
        Verdict::Delivered | Verdict::Relayed => finish(tx, settlement, State::Delivered, now)?,
        Verdict::Practiced => finish(tx, settlement, State::Practiced, now)?,
        Verdict::Returned => finish(tx, settlement, State::Returned, now)?,
        Verdict::Deferred { due_at, in_doubt } => wait(tx, settlement, *due_at, in_doubt.then_some(now))?,
        Verdict::InDoubt => set_aside(tx, settlement, State::InDoubt, now)?,
        Verdict::Held => set_aside(tx, settlement, State::Held, now)?,
        Verdict::Struck { due_at } => strike(tx, settlement, *due_at, now)?,
        Verdict::GivenBack => return give_back(tx, settlement, now),
    };
    let Some(row) = settled else { return late(tx, settlement, now) };
    tx.fresh.left.push(id.0);
    record(tx, id, row.attempts, &settlement.attempt)?;
    note(tx, id, &row, now)?;
    if row.outdated {
        returned::no_longer_sending(tx, id, now)?;
    }
    match settlement.verdict {
        Verdict::Returned => obligations::owe(tx, id, now)?,
        Verdict::Relayed => obligations::owe_relayed(tx, id, now)?,
        _ => {}
    }
    Ok(Settled::Done)
}

/// What the row says once it is settled.
struct Row {
    attempts: u32,
    source: Source,
    happened: EventKind,
    next_attempt_at: Option<Timestamp>,
    /// A newer export has put it out of date meanwhile.
    outdated: bool,
}

impl Row {
    /// From `attempts, source`, and whether it is out of date.
    fn read(
        row: &rusqlite::Row<'_>,
        happened: EventKind,
        next_attempt_at: Option<Timestamp>,
    ) -> rusqlite::Result<Self> {
        let (attempts, source, outdated) = (row.get(0)?, Source(row.get(1)?), row.get(2)?);
        Ok(Self { attempts, source, happened, next_attempt_at, outdated })
    }
}

/// Puts on record what the settled attempt came to.
fn note(tx: &mut Tx<'_>, id: RecipientId, row: &Row, now: Timestamp) -> Result<(), Error> {
    let noted = Noted {
        attempt: Some(row.attempts),
        next_attempt_at: row.next_attempt_at,
        ..Noted::new(row.happened, id)
    };
    events::note(tx, row.source, noted, now)
}

fn finish(tx: &mut Tx<'_>, settlement: &Settlement, to: State, now: Timestamp) -> Result<Option<Row>, Error> {
    // Practice mail never counts as delivered, and nothing else ever as practiced.
    let practice = match to {
        State::Delivered => Some(false),
        State::Practiced => Some(true),
        _ => None,
    };
    let sql = format!(
        "UPDATE recipient SET state = ?3, due_at = NULL, settled_at = ?4, reason = ?5, alone = 0, attempts = attempts + 1, {CLEARED}
         WHERE id = ?1 AND lease = ?2 AND state = 1 AND practice = coalesce(?6, practice) RETURNING attempts, source, 0"
    );
    let happened = match to {
        State::Delivered => EventKind::Delivered,
        State::Practiced => EventKind::Practiced,
        _ => EventKind::Returned,
    };
    let settled = tx
        .sql
        .prepare_cached(&sql)?
        .query_row(
            (
                settlement.recipient.0,
                settlement.lease.0,
                super::codes::state_code(to),
                micros(now),
                settlement.attempt.reason.as_ref().map(name).transpose()?,
                practice,
            ),
            |row| Row::read(row, happened, None),
        )
        .optional()?;
    if settled.is_some() {
        tx.draft.moved(State::Sending, to);
    }
    Ok(settled)
}

fn wait(
    tx: &mut Tx<'_>,
    settlement: &Settlement,
    due_at: Timestamp,
    in_doubt_at: Option<Timestamp>,
) -> Result<Option<Row>, Error> {
    count_doubt(tx, settlement, in_doubt_at.is_some())?;
    let sql = format!(
        "UPDATE recipient SET state = 0, due_at = ?3, in_doubt_at = coalesce(in_doubt_at, ?4), reason = ?5, alone = 0,
             attempts = attempts + 1, expires_at = expires_at + ?6, {CLEARED}
         WHERE id = ?1 AND lease = ?2 AND state = 1 RETURNING attempts, source, outdated_by IS NOT NULL"
    );
    let settled = tx
        .sql
        .prepare_cached(&sql)?
        .query_row(
            (
                settlement.recipient.0,
                settlement.lease.0,
                micros(due_at),
                in_doubt_at.map(micros),
                settlement.attempt.reason.as_ref().map(name).transpose()?,
                settlement.kept_by_a_limit(),
            ),
            |row| {
                let happened = if in_doubt_at.is_some() { EventKind::InDoubt } else { EventKind::Deferred };
                Row::read(row, happened, Some(due_at))
            },
        )
        .optional()?;
    if settled.is_some() {
        tx.draft.moved(State::Sending, State::Waiting);
    }
    Ok(settled)
}

fn set_aside(
    tx: &mut Tx<'_>,
    settlement: &Settlement,
    to: State,
    now: Timestamp,
) -> Result<Option<Row>, Error> {
    count_doubt(tx, settlement, to == State::InDoubt)?;
    let sql = format!(
        "UPDATE recipient SET state = ?3, due_at = NULL, aside_at = ?4, in_doubt_at = coalesce(in_doubt_at, ?5), reason = ?6,
             alone = 0, attempts = attempts + 1, {CLEARED}
         WHERE id = ?1 AND lease = ?2 AND state = 1 RETURNING attempts, source, outdated_by IS NOT NULL"
    );
    let settled = tx
        .sql
        .prepare_cached(&sql)?
        .query_row(
            (
                settlement.recipient.0,
                settlement.lease.0,
                super::codes::state_code(to),
                micros(now),
                (to == State::InDoubt).then_some(micros(now)),
                settlement.attempt.reason.as_ref().map(name).transpose()?,
            ),
            |row| {
                let happened = if to == State::InDoubt { EventKind::InDoubt } else { EventKind::Held };
                Row::read(row, happened, None)
            },
        )
        .optional()?;
    if settled.is_some() {
        tx.draft.moved(State::Sending, to);
    }
    Ok(settled)
}

/// One strike; the third sets it aside.
fn strike(
    tx: &mut Tx<'_>,
    settlement: &Settlement,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<Option<Row>, Error> {
    let sql = format!(
        "UPDATE recipient SET state = CASE WHEN strikes + 1 >= ?3 THEN 6 ELSE 0 END,
             due_at = CASE WHEN strikes + 1 >= ?3 THEN NULL ELSE ?4 END,
             aside_at = CASE WHEN strikes + 1 >= ?3 THEN ?5 END,
             alone = CASE WHEN strikes + 1 >= ?3 THEN 0 ELSE 1 END,
             strikes = strikes + 1, reason = 'broke', attempts = attempts + 1, {CLEARED}
         WHERE id = ?1 AND lease = ?2 AND state = 1 RETURNING attempts, source, outdated_by IS NOT NULL, state"
    );
    let key = (settlement.recipient.0, settlement.lease.0, STRIKES, micros(due_at), micros(now));
    let struck = |row: &rusqlite::Row<'_>| {
        let waits = row.get::<_, i64>(3)? == 0;
        let happened = if waits { EventKind::Deferred } else { EventKind::Held };
        Row::read(row, happened, waits.then_some(due_at))
    };
    let settled = tx.sql.prepare_cached(&sql)?.query_row(key, struck).optional()?;
    if let Some(row) = &settled {
        let waits = row.happened == EventKind::Deferred;
        tx.draft.moved(State::Sending, if waits { State::Waiting } else { State::Held });
    }
    Ok(settled)
}

/// Waiting as it was; nothing was attempted. Where it is said why, that stands as its reason.
fn give_back(tx: &mut Tx<'_>, settlement: &Settlement, now: Timestamp) -> Result<Settled, Error> {
    let sql = "UPDATE recipient SET state = 0, lease = NULL, claimed_in = NULL, alone = min(alone, 1), reason = coalesce(?3, reason)
        WHERE id = ?1 AND lease = ?2 AND state = 1 RETURNING practice, class, due_at, outdated_by IS NOT NULL";
    let given = tx
        .sql
        .prepare_cached(sql)?
        .query_row(
            (
                settlement.recipient.0,
                settlement.lease.0,
                settlement.attempt.reason.as_ref().map(name).transpose()?,
            ),
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((practice, class, due_at, outdated)) = given else { return Ok(Settled::TooLate) };
    tx.fresh.left.push(settlement.recipient.0);
    tx.draft.moved(State::Sending, State::Waiting);
    tx.draft.given_back(practice, class, settlement.recipient, due_at);
    if outdated {
        returned::no_longer_sending(tx, settlement.recipient, now)?;
    }
    Ok(Settled::Done)
}

/// The lease is gone. A late success still proves that a recipient in doubt has the message: it is not sent once more.
fn late(tx: &mut Tx<'_>, settlement: &Settlement, now: Timestamp) -> Result<Settled, Error> {
    let (to, practice) = match settlement.verdict {
        Verdict::Delivered | Verdict::Relayed => (State::Delivered, false),
        Verdict::Practiced => (State::Practiced, true),
        _ => return Ok(Settled::TooLate),
    };
    let from: Option<i64> = tx
        .sql
        .prepare_cached(
            "SELECT state FROM recipient WHERE id = ?1 AND state IN (0, 2) AND in_doubt_at IS NOT NULL AND practice = ?2",
        )?
        .query_row((settlement.recipient.0, practice), |row| row.get(0))
        .optional()?;
    let Some(from) = from.and_then(super::codes::state) else { return Ok(Settled::TooLate) };
    let sql = "UPDATE recipient SET state = ?2, due_at = NULL, aside_at = NULL, settled_at = ?3, reason = NULL, alone = 0,
            attempts = attempts + 1, note = NULL
        WHERE id = ?1 RETURNING attempts, source, 0";
    let happened = if practice { EventKind::Practiced } else { EventKind::Delivered };
    let row = tx
        .sql
        .prepare_cached(sql)?
        .query_row((settlement.recipient.0, super::codes::state_code(to), micros(now)), |row| {
            Row::read(row, happened, None)
        })?;
    tx.draft.moved(from, to);
    record(tx, settlement.recipient, row.attempts, &settlement.attempt)?;
    note(tx, settlement.recipient, &row, now)?;
    Ok(Settled::TooLate)
}

/// Counts a recipient the first time that it comes into doubt.
fn count_doubt(tx: &mut Tx<'_>, settlement: &Settlement, in_doubt: bool) -> Result<(), Error> {
    if in_doubt {
        let first: i64 = tx
            .sql
            .prepare_cached(
                "SELECT count(*) FROM recipient WHERE id = ?1 AND lease = ?2 AND state = 1 AND in_doubt_at IS NULL",
            )?
            .query_row((settlement.recipient.0, settlement.lease.0), |row| row.get(0))?;
        tx.draft.ever_in_doubt(first);
    }
    Ok(())
}

/// One more line of a timeline.
pub(super) fn record(tx: &Tx<'_>, id: RecipientId, n: u32, attempt: &Attempt) -> Result<(), Error> {
    let sql = "INSERT INTO attempt (recipient, n, started_at, ended_at, server, phase, reason, answer,
            instead_since, instead_reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    tx.sql.prepare_cached(sql)?.execute((
        id.0,
        n,
        micros(attempt.started_at),
        micros(attempt.ended_at),
        &attempt.server,
        phase_code(attempt.phase),
        attempt.reason.as_ref().map(name).transpose()?,
        &attempt.answer,
        attempt.instead_of.map(|instead| micros(instead.since)),
        attempt.instead_of.map(|instead| name(&instead.reason)).transpose()?,
    ))?;
    Ok(())
}
