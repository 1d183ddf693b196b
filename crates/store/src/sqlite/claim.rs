//! Claims: what waits and is due goes to `Sending` under a lease.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use bytes::Bytes;
use jiff::Timestamp;
use mail::{Address, Recipient};
use rusqlite::OptionalExtension;

use super::{
    Sqlite, codes,
    codes::micros,
    events::{self, Noted},
    rows, turns,
    writer::Tx,
};
use crate::{
    Claim, Claimed, ClaimedRecipient, Error, EventKind, Lease, MessageId, RecipientId, Recovery, RunId,
    Source, State,
    claiming::{Stretch, Walk, by_turns, places, running, shares},
};

/// Sets one message's due recipients to `Sending`. ?6 is what `alone` becomes and which rows it is for: 0 or 2.
const TAKE: &str = "UPDATE recipient NOT INDEXED SET state = 1, lease = ?3, claimed_in = ?4, alone = ?6
    WHERE id BETWEEN ?1 AND ?1 + 65535 AND state = 0 AND alone = (?6 > 0) AND practice = ?2 AND due_at <= ?5
    RETURNING id, expires_at, address, notify, original, in_doubt_at IS NOT NULL, attempts";
const FACTS: &str =
    "SELECT m.kind, m.class, m.practice, m.application, m.site, m.run, m.reverse_path, m.ret, m.envelope_id,
        m.first_due_at, b.bytes
    FROM message m JOIN body b ON b.message = m.id WHERE m.id = ?1";
const DUE: &str = "SELECT id FROM recipient INDEXED BY recipient_turn
    WHERE state = 0 AND alone = 0 AND practice = ?1 AND class = ?2 AND source = ?3 AND due_at >= ?4 AND due_at <= ?5
    ORDER BY due_at, id LIMIT ?6";
const WALK: &str = "SELECT id FROM recipient NOT INDEXED
    WHERE id > ?2 AND id <= ?3 AND state = 0 AND alone = 0 AND practice = ?1 AND class = ?4 AND due_at < ?5
    ORDER BY id LIMIT ?6";
const SPAN: &str = "SELECT min(id), max(id), count(*) FROM recipient INDEXED BY recipient_turn
    WHERE state = 0 AND alone = 0 AND practice = ?1 AND class = ?2 AND due_at < ?3";
const ALONE: &str = "SELECT id FROM recipient INDEXED BY recipient_alone
    WHERE state = 0 AND alone = 1 AND practice = ?1 AND due_at <= ?2 ORDER BY due_at, id LIMIT 1";

const SET_ASIDE: &str =
    "UPDATE recipient NOT INDEXED SET state = 6, due_at = NULL, lease = NULL, claimed_in = NULL, alone = 0,
        aside_at = ?4, reason = 'broke', note = 'The stored message cannot be read.'
    WHERE id BETWEEN ?1 AND ?2 AND state = ?3 RETURNING id, source";

/// At which message a claim is; 0: at none.
type At = Arc<AtomicI64>;

impl Sqlite {
    pub(crate) async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, Error> {
        let epoch = self.epoch;
        let now = claim.now;
        self.past_damage(now, move |tx, at| claim_due(tx, &claim, epoch, at)).await
    }

    pub(crate) async fn take_alone(
        &self,
        lease: Lease,
        practice: bool,
        now: Timestamp,
    ) -> Result<Option<Claimed>, Error> {
        let epoch = self.epoch;
        self.past_damage(now, move |tx, at| take_next_alone(tx, lease, practice, now, epoch, at)).await
    }

    /// Does `work`, which says at which message it is. Where that lies on a damaged page, it is set aside and `work` is done again:
    /// a transaction that met damage can write nothing more, so that is a transaction of its own.
    async fn past_damage<T: Send + 'static>(
        &self,
        now: Timestamp,
        work: impl Fn(&mut Tx<'_>, &At) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        loop {
            let at = At::default();
            let (work, told) = (work.clone(), At::clone(&at));
            match self.writer.write(move |tx| work(tx, &told)).await {
                Err(error @ Error::Corrupt(_)) => {
                    let message = MessageId(at.load(Ordering::Acquire));
                    if message == MessageId(0)
                        || self.writer.write(move |tx| hold_damaged(tx, message, now)).await? == 0
                    {
                        return Err(error);
                    }
                    tracing::error!(
                        message.id = message.0,
                        "a stored message lies on a damaged page; it is set aside"
                    );
                }
                done => return done,
            }
        }
    }

    pub(crate) async fn next_due(&self, practice: bool) -> Result<Option<(Timestamp, RecipientId)>, Error> {
        self.readers.read(move |sql| super::counts::next_due(sql, practice)).await
    }
}

fn claim_due(tx: &mut Tx<'_>, claim: &Claim, epoch: i64, at_message: &At) -> Result<Vec<Claimed>, Error> {
    tx.draft.seen(claim.now);
    let candidates = candidates(tx, claim)?;
    let [urgent, normal, bulk] = &candidates;
    let places = places(claim.limit, [urgent.ids.len(), normal.ids.len(), bulk.ids.len()], tx.draft.claims);
    tx.draft.claims = tx.draft.claims.wrapping_add(1);
    let mut claimed: Vec<Claimed> = Vec::new();
    let (mut bytes, mut shares) = (0, shares(claim.bytes, places).into_iter());
    for (class, (due, places)) in candidates.into_iter().zip(places).enumerate() {
        let mut recipients = 0;
        let share = shares.next().unwrap_or(0);
        for (at, id) in due.ids.into_iter().enumerate() {
            if recipients >= places || (recipients > 0 && bytes >= share) {
                break;
            }
            let message = RecipientId(id).message();
            let taking = Taking {
                message,
                lease: claim.lease,
                now: claim.now,
                practice: claim.practice,
                epoch,
                alone: false,
            };
            at_message.store(message.0, Ordering::Release);
            let taken = take(tx, &taking)?;
            if at < due.walked
                && let Some(walk) = tx.draft.walk(claim.practice)
            {
                walk.passed(class, message, taken.as_ref().map_or(0, |one| one.recipients.len()));
            }
            if let Some(one) = taken {
                recipients += one.recipients.len();
                bytes += one.bytes.len();
                claimed.push(one);
            }
        }
    }
    Ok(claimed)
}

/// Due recipients of one class, in their order; the first `walked` of them were found by the walk after a recovery.
#[derive(Default)]
struct Due {
    ids: Vec<i64>,
    walked: usize,
}

/// Due recipients of each class, at most `limit` of each.
fn candidates(tx: &mut Tx<'_>, claim: &Claim) -> Result<[Due; 3], Error> {
    let (now, limit) = (micros(claim.now), codes::whole(claim.limit));
    let Some(recovery) = running(claim) else {
        let due = |class| {
            Ok::<_, Error>(Due { ids: due(tx, claim.practice, class, i64::MIN, now, limit)?, walked: 0 })
        };
        return Ok([due(0)?, due(1)?, due(2)?]);
    };
    let walk = begin_walk(tx, claim.practice, recovery)?;
    let recovered_at = micros(recovery.recovered_at);
    let window = i64::try_from(recovery.window.as_micros()).unwrap_or(i64::MAX);
    let urgent = Due { ids: due(tx, claim.practice, 0, i64::MIN, now, limit)?, walked: 0 };
    let mut all = [urgent, Due::default(), Due::default()];
    for ((class, due_of_class), stretch) in (1..).zip(all.iter_mut().skip(1)).zip(walk.classes) {
        let places = stretch.allowed(now - recovered_at, window).min(limit);
        let mut statement = tx.sql.prepare_cached(WALK)?;
        let key = (claim.practice, stretch.stopped_at, stretch.highest, class, recovered_at, places);
        let found = statement.query_map(key, |row| row.get(0))?;
        let mut ids: Vec<i64> = found.collect::<Result<_, _>>()?;
        let walked = ids.len();
        ids.extend(due(tx, claim.practice, class, recovered_at, now, limit - codes::whole(walked))?);
        *due_of_class = Due { ids, walked };
    }
    Ok(all)
}

/// The walk of this recovery; the first claim of it looks once for the ids between which it goes.
fn begin_walk(tx: &mut Tx<'_>, practice: bool, recovery: Recovery) -> Result<Walk, Error> {
    let recovered_at = micros(recovery.recovered_at);
    if let Some(walk) = tx.draft.walk(practice)
        && walk.recovered_at == recovered_at
    {
        return Ok(*walk);
    }
    let mut walk = Walk { recovered_at, classes: [Stretch::default(); 2] };
    for (class, stretch) in (1..).zip(&mut walk.classes) {
        let mut statement = tx.sql.prepare_cached(SPAN)?;
        *stretch = statement.query_row((practice, class, recovered_at), |row| {
            let lowest: Option<i64> = row.get(0)?;
            let (highest, all) = (row.get::<_, Option<i64>>(1)?.unwrap_or(-1), row.get(2)?);
            Ok(Stretch::new(all, lowest, highest))
        })?;
    }
    *tx.draft.walk(practice) = Some(walk);
    Ok(walk)
}

/// What is due of one class: its sources take turns, each in the order in which its mail falls due.
fn due(tx: &Tx<'_>, practice: bool, class: i64, from: i64, to: i64, limit: i64) -> Result<Vec<i64>, Error> {
    let mut sources = turns::sources_due(tx.sql, practice, class, from, to)?;
    if sources.is_empty() || limit <= 0 {
        return Ok(Vec::new());
    }
    // Whose turn is first changes from claim to claim: the last are cut off where the bytes are many.
    let first = usize::try_from(tx.draft.claims).unwrap_or(0) % sources.len();
    sources.rotate_left(first);
    let of_each = codes::count(limit).div_ceil(sources.len() as u64);
    let mut statement = tx.sql.prepare_cached(DUE)?;
    let mut due_of_each = Vec::with_capacity(sources.len());
    for source in sources {
        let key = (practice, class, source, from, to, codes::whole(of_each));
        let ids = statement.query_map(key, |row| row.get(0))?;
        due_of_each.push(ids.collect::<Result<Vec<i64>, _>>()?);
    }
    Ok(by_turns(due_of_each, usize::try_from(limit).unwrap_or(usize::MAX)))
}

struct Taking {
    message: MessageId,
    lease: Lease,
    now: Timestamp,
    practice: bool,
    epoch: i64,
    alone: bool,
}

/// Takes what is due of one message; None when nothing is, or when it cannot be decoded and was held.
fn take(tx: &mut Tx<'_>, taking: &Taking) -> Result<Option<Claimed>, Error> {
    let first = RecipientId::of(taking.message, 0).0;
    let alone = if taking.alone { 2 } else { 0 };
    let mut recipients = Vec::new();
    let mut envelope = Vec::new();
    let mut broken = Vec::new();
    let mut statement = tx.sql.prepare_cached(TAKE)?;
    let mut taken =
        statement.query((first, taking.practice, taking.lease.0, taking.epoch, micros(taking.now), alone))?;
    while let Some(row) = taken.next()? {
        tx.draft.moved(State::Waiting, State::Sending);
        let id = RecipientId(row.get(0)?);
        match decode_recipient(row)? {
            Some((expires_at, recipient)) => {
                recipients.push(ClaimedRecipient {
                    id,
                    lease: taking.lease,
                    expires_at,
                    alone: taking.alone,
                    in_doubt_before: row.get(5)?,
                    attempts: row.get(6)?,
                });
                envelope.push(recipient);
            }
            None => broken.push(id),
        }
    }
    drop(taken);
    hold_broken(tx, &broken, taking.now)?;
    if recipients.is_empty() {
        return Ok(None);
    }
    let ids: Vec<RecipientId> = recipients.iter().map(|one| one.id).collect();
    let claimed = facts(tx, taking.message, envelope, recipients)?;
    if claimed.is_none() {
        hold_broken(tx, &ids, taking.now)?;
    }
    Ok(claimed)
}

fn decode_recipient(row: &rusqlite::Row<'_>) -> Result<Option<(Timestamp, Recipient)>, Error> {
    let address = rows::text(row, 2)?.and_then(|text| Address::parse(&text).ok());
    let (Some(address), Some(expires_at)) = (address, rows::at(row, 1)?) else { return Ok(None) };
    Ok(Some((expires_at, rows::recipient(row, address, 3)?)))
}

/// The rest of the message; None if it cannot be decoded.
fn facts(
    tx: &Tx<'_>,
    id: MessageId,
    envelope: Vec<Recipient>,
    recipients: Vec<ClaimedRecipient>,
) -> Result<Option<Claimed>, Error> {
    let mut statement = tx.sql.prepare_cached(FACTS)?;
    let mut found = statement.query([id.0])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let decoded = (
        codes::kind(row.get(0)?),
        codes::class(row.get(1)?),
        rows::reverse_path(rows::text(row, 6)?),
        rows::at(row, 9)?,
    );
    let (Some(kind), Some(class), Some(reverse_path), Some(first_due_at)) = decoded else { return Ok(None) };
    let Some(envelope) = rows::envelope(reverse_path, envelope, row.get(7)?, rows::text(row, 8)?) else {
        return Ok(None);
    };
    Ok(Some(Claimed {
        id,
        kind,
        class,
        practice: row.get(2)?,
        application: rows::text(row, 3)?.unwrap_or_default(),
        site: rows::text(row, 4)?,
        run: row.get::<_, Option<i64>>(5)?.map(RunId),
        envelope,
        recipients,
        first_due_at,
        bytes: Bytes::from(row.get::<_, Vec<u8>>(10)?),
    }))
}

/// Sets aside what this program cannot read; the others go on.
fn hold_broken(tx: &mut Tx<'_>, ids: &[RecipientId], now: Timestamp) -> Result<(), Error> {
    for id in ids {
        hold_unreadable(tx, State::Sending, *id, *id, now)?;
        tracing::error!(recipient.id = id.0, "a stored message cannot be read; it is set aside");
    }
    Ok(())
}

/// The same for all that waits of a message that could not even be taken; says how many.
fn hold_damaged(tx: &mut Tx<'_>, message: MessageId, now: Timestamp) -> Result<usize, Error> {
    let (first, last) = (RecipientId::of(message, 0), RecipientId::of(message, u16::MAX));
    hold_unreadable(tx, State::Waiting, first, last, now)
}

/// Sets aside those of a state among `first..=last`; says how many.
fn hold_unreadable(
    tx: &mut Tx<'_>,
    from: State,
    first: RecipientId,
    last: RecipientId,
    now: Timestamp,
) -> Result<usize, Error> {
    let mut statement = tx.sql.prepare_cached(SET_ASIDE)?;
    let key = (first.0, last.0, codes::state_code(from), micros(now));
    let held = statement.query_map(key, |row| Ok((RecipientId(row.get(0)?), Source(row.get(1)?))))?;
    let held: Vec<_> = held.collect::<Result<_, _>>()?;
    drop(statement);
    for (id, source) in &held {
        tx.draft.moved(from, State::Held);
        tx.draft.unreadable += 1;
        events::note(tx, *source, Noted { reason: Some("broke"), ..Noted::new(EventKind::Held, *id) }, now)?;
    }
    Ok(held.len())
}

fn take_next_alone(
    tx: &mut Tx<'_>,
    lease: Lease,
    practice: bool,
    now: Timestamp,
    epoch: i64,
    at_message: &At,
) -> Result<Option<Claimed>, Error> {
    loop {
        let next: Option<i64> =
            tx.sql.prepare_cached(ALONE)?.query_row((practice, micros(now)), |row| row.get(0)).optional()?;
        let Some(id) = next else { return Ok(None) };
        let message = RecipientId(id).message();
        at_message.store(message.0, Ordering::Release);
        let taking = Taking { message, lease, now, practice, epoch, alone: true };
        if let Some(claimed) = take(tx, &taking)? {
            return Ok(Some(claimed));
        }
    }
}
