//! Outcomes: what is settled at the same time goes into one transaction, by a few statements however many they are, each with the obligation to
//! report it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio_postgres::Row;

use super::{Postgres, event_log, gather::Job, obligations, opened::Opened, returned, sent, tx::Tx};
use crate::{
    Attempt, Error, EventKind, RecipientId, Settled, Settlement, Source, State, Verdict,
    codes::{self, micros, name, phase_code, plain, small, state_code},
    events::Happening,
    in_flight::STRIKES,
    rows::Columns as _,
};

/// What came to its end goes from `live` to `done`, only under the lease that it was claimed with. Practice mail never counts as delivered, and
/// nothing else ever as practiced.
const FINISH: &str = "WITH gone AS (
        DELETE FROM live l USING unnest($1::BIGINT[], $2::BIGINT[], $3::SMALLINT[], $4::BIGINT[], $5::TEXT[])
            AS k (id, lease, came_to, settled_at, why)
        WHERE l.id = k.id AND l.lease = k.lease AND l.state = 1
            AND CASE k.came_to WHEN 3 THEN NOT l.practice WHEN 4 THEN l.practice ELSE true END
        RETURNING l.*, k.came_to, k.settled_at, k.why)
    INSERT INTO done (id, source, expires_at, settled_at, in_doubt_at, outdated_by, attempts, strikes, state, class, practice, reason, outdated_why)
    SELECT id, source, expires_at, settled_at, in_doubt_at, outdated_by, attempts + 1, strikes, came_to, class, practice, why, outdated_why
    FROM gone RETURNING id, attempts, source, state, false";

/// The lease is gone. A late success still proves that a recipient in doubt has the message: it is not sent once more.
const LATE: &str = "WITH gone AS (
        DELETE FROM live l USING unnest($1::BIGINT[], $2::SMALLINT[], $3::BIGINT[]) AS k (id, came_to, settled_at)
        WHERE l.id = k.id AND l.state IN (0, 2) AND l.in_doubt_at IS NOT NULL AND l.practice = (k.came_to = 4)
        RETURNING l.*, k.came_to, k.settled_at)
    INSERT INTO done (id, source, expires_at, settled_at, in_doubt_at, outdated_by, attempts, strikes, state, class, practice, outdated_why)
    SELECT id, source, expires_at, settled_at, in_doubt_at, outdated_by, attempts + 1, strikes, came_to, class, practice, outdated_why
    FROM gone RETURNING id, attempts, source, state, false";

/// What goes on. `what`: 0 deferred, 1 deferred in doubt, 2 in doubt, 3 held, 4 struck, 5 given back.
const GO_ON: &str = "UPDATE live l SET
        state = CASE WHEN what = 2 THEN 2 WHEN what = 3 OR what = 4 AND strikes + 1 >= $7 THEN 6 ELSE 0 END,
        due_at = CASE WHEN what IN (0, 1) OR what = 4 AND strikes + 1 < $7 THEN k.due_at WHEN what = 5 THEN l.due_at END,
        aside_at = CASE WHEN what IN (2, 3) OR what = 4 AND strikes + 1 >= $7 THEN k.settled_at END,
        in_doubt_at = CASE WHEN what IN (1, 2) THEN coalesce(in_doubt_at, k.settled_at) ELSE in_doubt_at END,
        alone = CASE WHEN what = 4 AND strikes + 1 < $7 THEN 1 WHEN what = 5 THEN least(alone, 1) ELSE 0 END,
        strikes = strikes + (what = 4)::INTEGER,
        reason = CASE what WHEN 4 THEN 'broke' WHEN 5 THEN coalesce(why, reason) ELSE why END,
        note = CASE what WHEN 5 THEN note END, expires_at = expires_at + younger,
        attempts = attempts + (what <> 5)::INTEGER, lease = NULL, claimed_in = NULL, marked_at = NULL
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::SMALLINT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[], $8::BIGINT[])
        AS k (key, token, what, settled_at, why, due_at, younger)
    WHERE l.id = k.key AND l.lease = k.token AND l.state = 1
    RETURNING l.id, l.attempts, l.source, l.state, l.outdated_by IS NOT NULL, l.practice, l.class, l.due_at";

const RECORD: &str = "INSERT INTO attempt (recipient, n, started_at, ended_at, server, phase, reason, answer, instead_since, instead_reason)
    SELECT * FROM unnest($1::BIGINT[], $2::INTEGER[], $3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::SMALLINT[], $7::TEXT[], $8::TEXT[],
        $9::BIGINT[], $10::TEXT[])";

/// Somebody's outcomes.
pub(super) struct Settle {
    settlements: Vec<Settlement>,
    now: Timestamp,
    answer: oneshot::Sender<Result<Vec<Settled>, Error>>,
}

/// One outcome and the present instant.
type One<'a> = (&'a Settlement, Timestamp);

impl Postgres {
    pub(crate) async fn settle(
        &self,
        settlements: Vec<Settlement>,
        now: Timestamp,
    ) -> Result<Vec<Settled>, Error> {
        let (answer, answered) = oneshot::channel();
        self.settles.send(Settle { settlements, now, answer }).await?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Job for Settle {
    fn weight(&self) -> (usize, usize) {
        (self.settlements.len() * 3, 0)
    }

    async fn work(opened: &Arc<Opened>, jobs: Vec<Self>) {
        let all: Vec<One<'_>> =
            jobs.iter().flat_map(|job| job.settlements.iter().map(|one| (one, job.now))).collect();
        let settled = match settle_all(opened, &all, jobs.len()).await {
            Err(Error::Internal(_)) => settle_alone(opened, &all).await,
            other => other,
        };
        match settled {
            Ok(settled) => {
                let mut settled = settled.into_iter();
                for job in jobs {
                    let own = settled.by_ref().take(job.settlements.len()).collect();
                    drop(job.answer.send(Ok(own)));
                }
            }
            Err(error) => jobs.into_iter().for_each(|job| drop(job.answer.send(Err(error.clone())))),
        }
    }
}

/// Each in a transaction of its own: what cannot be stored of one recipient takes nothing from the others; it stays as it was.
async fn settle_alone(opened: &Opened, all: &[One<'_>]) -> Result<Vec<Settled>, Error> {
    let mut settled = Vec::with_capacity(all.len());
    for one in all {
        match settle_all(opened, std::slice::from_ref(one), 1).await {
            Ok(one) => settled.extend(one),
            Err(Error::Internal(why)) => {
                tracing::error!(recipient.id = one.0.recipient.0, why, "an outcome was refused");
                settled.push(Settled::Refused);
            }
            Err(other) => return Err(other),
        }
    }
    Ok(settled)
}

async fn settle_all(opened: &Opened, all: &[One<'_>], operations: usize) -> Result<Vec<Settled>, Error> {
    let mut connection = opened.connection().await?;
    let tx = opened.write(&mut connection).await?;
    let mut settled = vec![Settled::TooLate; all.len()];
    // A statement changes a row once: of several outcomes of one recipient the first counts.
    let mut left: Vec<usize> = (0..all.len()).collect();
    while !left.is_empty() {
        let mut taken = BTreeSet::new();
        let (now, later): (Vec<usize>, Vec<usize>) =
            left.into_iter().partition(|at| all.get(*at).is_some_and(|(one, _)| taken.insert(one.recipient)));
        let round: Vec<(usize, One<'_>)> =
            now.into_iter().filter_map(|at| all.get(at).map(|one| (at, *one))).collect();
        settle_round(opened, &tx, &round, &mut settled).await?;
        left = later;
    }
    count_taken(opened, &tx, all, &settled).await?;
    tx.commit_all(operations).await?;
    Ok(settled)
}

async fn count_taken(
    opened: &Opened,
    tx: &Tx<'_>,
    all: &[One<'_>],
    settled: &[Settled],
) -> Result<(), Error> {
    let mut by_instant: BTreeMap<Timestamp, Vec<(&Settlement, Settled)>> = BTreeMap::new();
    for ((one, now), settled) in all.iter().zip(settled) {
        by_instant.entry(*now).or_default().push((one, *settled));
    }
    for (now, settled) in by_instant {
        sent::count_taken(opened, tx, &settled, now).await?;
    }
    Ok(())
}

/// What became of a row.
struct Became {
    id: i64,
    attempts: i32,
    source: Source,
    state: State,
    outdated: bool,
}

impl Became {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id(0)?,
            attempts: i32::try_from(row.id(1)?).unwrap_or(i32::MAX),
            source: Source(row.id(2)?),
            state: codes::state(row.id(3)?).unwrap_or(State::Held),
            outdated: row.is(4)?,
        })
    }
}

/// Outcomes of different recipients.
async fn settle_round(
    opened: &Opened,
    tx: &Tx<'_>,
    round: &[(usize, One<'_>)],
    settled: &mut [Settled],
) -> Result<(), Error> {
    // In the order in which everybody locks rows.
    let mut ordered = round.to_vec();
    ordered.sort_by_key(|(_, (settlement, _))| settlement.recipient);
    let mut became = finish(tx, &ordered).await?;
    became.extend(go_on(opened, tx, &ordered).await?);
    let late = late(tx, &ordered, &became).await?;
    let mut recorded = Vec::new();
    let mut owed = [Vec::new(), Vec::new()];
    for (at, (settlement, now)) in round {
        let in_time = became.get(&settlement.recipient.0);
        if let (Some(_), Some(settled)) = (in_time, settled.get_mut(*at)) {
            *settled = Settled::Done;
        }
        let Some(row) = in_time.or_else(|| late.get(&settlement.recipient.0)) else { continue };
        if settlement.verdict == Verdict::GivenBack {
            continue;
        }
        recorded.push((row.id, row.attempts, &settlement.attempt));
        note(tx, row, settlement, *now);
        let [returned, relayed] = &mut owed;
        match settlement.verdict {
            _ if in_time.is_none() => {}
            Verdict::Returned => returned.push((settlement.recipient, *now)),
            Verdict::Relayed => relayed.push((settlement.recipient, *now)),
            _ => {}
        }
    }
    record(tx, &recorded).await?;
    let [returned, relayed] = owed;
    obligations::owe(tx, &returned).await?;
    obligations::owe_relayed(tx, &relayed).await?;
    for (_, (settlement, now)) in round {
        if became.get(&settlement.recipient.0).is_some_and(|row| row.outdated) {
            returned::no_longer_sending(tx, settlement.recipient, *now).await?;
        }
    }
    Ok(())
}

/// Where an outcome leads that is one.
fn ends_as(verdict: &Verdict) -> Option<State> {
    match verdict {
        Verdict::Delivered | Verdict::Relayed => Some(State::Delivered),
        Verdict::Practiced => Some(State::Practiced),
        Verdict::Returned => Some(State::Returned),
        _ => None,
    }
}

async fn finish(tx: &Tx<'_>, round: &[(usize, One<'_>)]) -> Result<BTreeMap<i64, Became>, Error> {
    let (mut ids, mut leases, mut states, mut settled_at, mut reasons) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (_, (settlement, now)) in round {
        let Some(state) = ends_as(&settlement.verdict) else { continue };
        ids.push(settlement.recipient.0);
        leases.push(settlement.lease.0);
        states.push(small(state_code(state)));
        settled_at.push(micros(*now));
        reasons.push(settlement.attempt.reason.as_ref().map(name).transpose()?);
    }
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    read_all(&tx.all(FINISH, &[&ids, &leases, &states, &settled_at, &reasons]).await?)
}

fn read_all(rows: &[Row]) -> Result<BTreeMap<i64, Became>, Error> {
    let became = rows.iter().map(|row| Became::read(row).map(|became| (became.id, became)));
    became.collect()
}

async fn go_on(
    opened: &Opened,
    tx: &Tx<'_>,
    round: &[(usize, One<'_>)],
) -> Result<BTreeMap<i64, Became>, Error> {
    let (mut ids, mut leases, mut whats) = (Vec::new(), Vec::new(), Vec::new());
    let (mut settled_at, mut reasons, mut due_at) = (Vec::new(), Vec::new(), Vec::new());
    let mut younger = Vec::new();
    for (_, (settlement, now)) in round {
        let (what, due): (i16, _) = match &settlement.verdict {
            Verdict::Deferred { due_at, in_doubt } => (i16::from(*in_doubt), Some(*due_at)),
            Verdict::InDoubt => (2, None),
            Verdict::Held => (3, None),
            Verdict::Struck { due_at } => (4, Some(*due_at)),
            Verdict::GivenBack => (5, None),
            _ => continue,
        };
        ids.push(settlement.recipient.0);
        leases.push(settlement.lease.0);
        whats.push(what);
        settled_at.push(micros(*now));
        reasons.push(settlement.attempt.reason.as_ref().map(name).transpose()?);
        due_at.push(due.map(micros));
        younger.push(settlement.kept_by_a_limit());
    }
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let strikes = i32::try_from(STRIKES).unwrap_or(i32::MAX);
    let rows =
        tx.all(GO_ON, &[&ids, &leases, &whats, &settled_at, &reasons, &due_at, &strikes, &younger]).await?;
    let back: BTreeSet<i64> =
        ids.iter().zip(&whats).filter(|(_, what)| **what == 5).map(|(id, _)| *id).collect();
    if !back.is_empty() {
        tx.ring();
    }
    for row in &rows {
        if back.contains(&row.id(0)?) {
            opened.given_back(row.is(5)?, row.id(6)?, RecipientId(row.id(0)?), row.number(7)?.unwrap_or(0));
        }
    }
    read_all(&rows)
}

/// Late successes of recipients in doubt.
async fn late(
    tx: &Tx<'_>,
    round: &[(usize, One<'_>)],
    became: &BTreeMap<i64, Became>,
) -> Result<BTreeMap<i64, Became>, Error> {
    let (mut ids, mut states, mut settled_at) = (Vec::new(), Vec::new(), Vec::new());
    for (_, (settlement, now)) in round {
        let state = ends_as(&settlement.verdict).filter(|state| *state != State::Returned);
        if let Some(state) = state.filter(|_| !became.contains_key(&settlement.recipient.0)) {
            ids.push(settlement.recipient.0);
            states.push(small(state_code(state)));
            settled_at.push(micros(*now));
        }
    }
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    read_all(&tx.all(LATE, &[&ids, &states, &settled_at]).await?)
}

/// Puts on record what the settled attempt came to.
fn note(tx: &Tx<'_>, row: &Became, settlement: &Settlement, now: Timestamp) {
    let doubted = matches!(settlement.verdict, Verdict::InDoubt | Verdict::Deferred { in_doubt: true, .. });
    let kind = match row.state {
        State::Delivered => EventKind::Delivered,
        State::Practiced => EventKind::Practiced,
        State::Returned => EventKind::Returned,
        _ if doubted => EventKind::InDoubt,
        State::Waiting => EventKind::Deferred,
        _ => EventKind::Held,
    };
    let next_attempt_at = match &settlement.verdict {
        Verdict::Deferred { due_at, .. } | Verdict::Struck { due_at } if row.state == State::Waiting => {
            Some(*due_at)
        }
        _ => None,
    };
    let attempt = u32::try_from(row.attempts).ok();
    let happening = Happening { attempt, next_attempt_at, ..Happening::new(kind, settlement.recipient) };
    event_log::note(tx, row.source, happening, now);
}

/// More lines of timelines.
pub(super) async fn record(tx: &Tx<'_>, attempts: &[(i64, i32, &Attempt)]) -> Result<(), Error> {
    if attempts.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = attempts.iter().map(|(id, ..)| *id).collect();
    let numbers: Vec<_> = attempts.iter().map(|(_, n, _)| *n).collect();
    let of = |what: fn(&Attempt) -> i64| attempts.iter().map(|(.., one)| what(one)).collect::<Vec<_>>();
    let (started_at, ended_at) = (of(|one| micros(one.started_at)), of(|one| micros(one.ended_at)));
    let phases: Vec<_> = attempts.iter().map(|(.., one)| small(phase_code(one.phase))).collect();
    let servers: Vec<_> = attempts.iter().map(|(.., one)| plain(&one.server)).collect();
    let answers: Vec<_> = attempts.iter().map(|(.., one)| plain(&one.answer)).collect();
    let since: Vec<_> =
        attempts.iter().map(|(.., one)| one.instead_of.map(|instead| micros(instead.since))).collect();
    let (mut reasons, mut instead) = (Vec::new(), Vec::new());
    for (.., one) in attempts {
        reasons.push(one.reason.as_ref().map(name).transpose()?);
        instead.push(one.instead_of.map(|instead| name(&instead.reason)).transpose()?);
    }
    let values: super::tx::Values<'_> =
        &[&ids, &numbers, &started_at, &ended_at, &servers, &phases, &reasons, &answers, &since, &instead];
    tx.run(RECORD, values).await.map(drop)
}
