//! What was in flight when a process ended: an earlier one of this machine, or that of another whose lease is over.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;

use super::{Postgres, event_log, returned, settle, tx::Tx, worker};
use crate::{
    Attempt, Error, EventKind, RecipientId, Restart, Restarted, Source, State,
    codes::{micros, small, state_code},
    events::Happening,
    in_flight::{Fate, InFlight, Known, lost_answer},
    rows::Columns as _,
};

/// What is marked may have arrived, and is not attempted again before the answer could have been waited for.
const AFTER_MARK: SignedDuration = SignedDuration::from_mins(11);

/// $1: workers. Whoever marks one of these at this moment is waited for, and then it is marked. How long ago, by the database's clock.
const IN_FLIGHT: &str =
    "SELECT id, alone, strikes, in_doubt_at IS NULL, lease, source, clock_micros() - marked_at FROM live
    WHERE state = 1 AND claimed_in = ANY($1) ORDER BY id FOR UPDATE";
const EARLIER: &str = "SELECT epoch FROM worker WHERE folder = (SELECT folder FROM worker WHERE epoch = $1) AND epoch <> $1 FOR UPDATE";
/// Others whose lease is over, and who left something behind. One machine looks after each.
const DEAD: &str = "SELECT epoch FROM worker w WHERE lease_until < clock_micros() AND epoch <> $1
    AND EXISTS (SELECT FROM live l WHERE l.claimed_in = w.epoch AND l.state = 1) FOR UPDATE SKIP LOCKED";
const SET: &str = "UPDATE live l SET state = k.state, due_at = k.due_at, aside_at = k.aside_at, alone = k.alone, strikes = k.strikes,
        lease = NULL, claimed_in = NULL, marked_at = NULL, in_doubt_at = coalesce(l.in_doubt_at, k.doubted_at), reason = coalesce(k.reason, l.reason),
        note = CASE WHEN k.doubted_at IS NULL THEN l.note END, attempts = l.attempts + (k.doubted_at IS NOT NULL)::INTEGER
    FROM unnest($1::BIGINT[], $2::SMALLINT[], $3::BIGINT[], $4::BIGINT[], $5::SMALLINT[], $6::INTEGER[], $7::BIGINT[], $8::TEXT[])
        AS k (id, state, due_at, aside_at, alone, strikes, doubted_at, reason)
    WHERE l.id = k.id RETURNING l.id, l.attempts, l.outdated_by IS NOT NULL";

impl Postgres {
    pub(crate) async fn restart(&self, known: Restart, now: Timestamp) -> Result<Restarted, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let earlier = epochs(&tx.all(EARLIER, &[&self.opened.epoch]).await?)?;
        let restarted = sort_out(&tx, &earlier, Known::from(known), now).await?;
        tx.commit().await?;
        Ok(restarted)
    }

    pub(crate) async fn take_over(&self, now: Timestamp) -> Result<Restarted, Error> {
        // Who asks is alive.
        worker::beat(&self.opened).await?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let dead = epochs(&tx.all(DEAD, &[&self.opened.epoch]).await?)?;
        if dead.is_empty() {
            return Ok(Restarted::default());
        }
        let restarted = sort_out(&tx, &dead, Known::from(Restart::default()), now).await?;
        tx.commit().await?;
        tracing::warn!(?restarted, "another machine has stopped; its mail goes on here");
        Ok(restarted)
    }
}

fn epochs(rows: &[Row]) -> Result<Vec<i64>, Error> {
    rows.iter().map(|row| row.id(0)).collect()
}

/// Everything that these left in `Sending`.
async fn sort_out(
    tx: &Tx<'_>,
    workers: &[i64],
    mut known: Known,
    now: Timestamp,
) -> Result<Restarted, Error> {
    let mut all = Vec::new();
    for row in tx.all(IN_FLIGHT, &[&workers]).await? {
        let one = InFlight {
            id: row.id(0)?,
            alone: row.id(1)? == 2,
            strikes: row.id(2)?,
            never_in_doubt: row.is(3)?,
            lease: row.id(4)?,
            source: Source(row.id(5)?),
        };
        if let Some(ago) = row.number(6)? {
            let left = AFTER_MARK - SignedDuration::from_micros(ago);
            known.doubt(&one, now.max(now.saturating_add(left).unwrap_or(now)));
        }
        all.push(one);
    }
    let fates: Vec<_> = all.iter().map(|one| (one, known.fate(one, now))).collect();
    let mut restarted = Restarted::default();
    for (_, fate) in &fates {
        restarted.add(fate);
    }
    let became = set(tx, &fates, now).await?;
    let lost = lost_answer(now);
    let recorded: Vec<(i64, i32, &Attempt)> = fates
        .iter()
        .filter(|(_, fate)| fate.in_doubt)
        .filter_map(|(one, _)| became.get(&one.id).map(|(attempts, _)| (one.id, *attempts, &lost)))
        .collect();
    settle::record(tx, &recorded).await?;
    for (one, fate) in &fates {
        let Some((attempts, outdated)) = became.get(&one.id) else { continue };
        note(tx, one, fate, *attempts, now);
        if *outdated {
            returned::no_longer_sending(tx, RecipientId(one.id), now).await?;
        }
    }
    Ok(restarted)
}

/// Attempts, and whether it is out of date, by recipient.
async fn set(
    tx: &Tx<'_>,
    fates: &[(&InFlight, Fate)],
    now: Timestamp,
) -> Result<BTreeMap<i64, (i32, bool)>, Error> {
    let ids: Vec<_> = fates.iter().map(|(one, _)| one.id).collect();
    let states: Vec<_> = fates.iter().map(|(_, fate)| small(state_code(fate.to))).collect();
    let due_at: Vec<_> = fates.iter().map(|(_, fate)| fate.due_at.map(micros)).collect();
    let aside_at: Vec<_> =
        fates.iter().map(|(_, fate)| (fate.to != State::Waiting).then_some(micros(now))).collect();
    let alone: Vec<_> = fates.iter().map(|(_, fate)| i16::from(fate.alone)).collect();
    let strikes: Vec<_> =
        fates.iter().map(|(_, fate)| i32::try_from(fate.strikes).unwrap_or(i32::MAX)).collect();
    let doubted_at: Vec<_> = fates.iter().map(|(_, fate)| fate.in_doubt.then_some(micros(now))).collect();
    let reasons: Vec<_> = fates.iter().map(|(_, fate)| fate.reason).collect();
    let rows =
        tx.all(SET, &[&ids, &states, &due_at, &aside_at, &alone, &strikes, &doubted_at, &reasons]).await?;
    let mut became = BTreeMap::new();
    for row in rows {
        became.insert(row.id(0)?, (i32::try_from(row.id(1)?).unwrap_or(i32::MAX), row.is(2)?));
    }
    Ok(became)
}

fn note(tx: &Tx<'_>, one: &InFlight, fate: &Fate, attempts: i32, now: Timestamp) {
    if !fate.in_doubt && !fate.broke {
        return;
    }
    let kind = if fate.broke { EventKind::Held } else { EventKind::InDoubt };
    let happening = Happening {
        attempt: u32::try_from(attempts).ok().filter(|_| fate.in_doubt),
        next_attempt_at: fate.due_at,
        reason: fate.reason,
        ..Happening::new(kind, RecipientId(one.id))
    };
    event_log::note(tx, one.source, happening, now);
}
