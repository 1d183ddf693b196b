//! Claims: what waits and is due goes to `Sending` under a lease.
//!
//! Whose turn it is, is looked up first, without a lock. Then one statement takes those messages, sized to the places that are free: it passes over what
//! another machine is taking at this moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio_postgres::Row;

use super::{Postgres, event_log, opened::Opened, turns, tx::Tx};
use crate::{
    Claim, Claimed, ClaimedRecipient, Error, EventKind, Lease, MessageId, RecipientId, Recovery, RunId,
    Source,
    claiming::{Stretch, Walk, places, running, shares},
    codes::{self, micros, whole},
    events::Happening,
    rows::{Columns as _, at, envelope, recipient, reverse_path},
};

/// The first recipient that is due of each message is locked, and where somebody holds it the message is theirs, whole: none is cut in two.
const TAKE: &str = "WITH heads AS (
        SELECT l.id FROM live l WHERE l.id IN (
            SELECT (SELECT r.id FROM live r WHERE r.id BETWEEN a.message * 65536 AND a.message * 65536 + 65535
                AND r.state = 0 AND r.alone = $6 AND r.practice = $2 AND r.due_at <= $5 ORDER BY r.id LIMIT 1)
            FROM unnest($1::BIGINT[]) AS a (message))
        AND l.state = 0 AND EXISTS (SELECT FROM worker WHERE epoch = $4 AND lease_until > clock_micros())
        ORDER BY l.id FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE live l SET state = 1, lease = $3, claimed_in = $4, alone = CASE $6 WHEN 1 THEN 2 ELSE 0 END FROM heads h
        WHERE l.id BETWEEN h.id AND h.id / 65536 * 65536 + 65535
            AND l.state = 0 AND l.alone = $6 AND l.practice = $2 AND l.due_at <= $5
        RETURNING l.id, l.expires_at, l.in_doubt_at IS NOT NULL AS doubted, l.attempts)
    SELECT t.id, t.expires_at, a.address, a.notify, a.original, t.doubted, t.attempts
    FROM taken t LEFT JOIN LATERAL (SELECT * FROM addressee WHERE id = t.id LIMIT 1) a ON true ORDER BY t.id";
const FACTS: &str = "SELECT m.id, m.kind, m.class, m.practice, m.application, m.site, m.run, m.reverse_path, m.ret, m.envelope_id,
        m.first_due_at, b.bytes
    FROM message m JOIN body b ON b.message = m.id WHERE m.id = ANY($1)";
/// What a message weighs: its octets, and its recipients that are due.
const WEIGHTS: &str = "SELECT m.id, m.size, (SELECT count(*) FROM live r WHERE r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
        AND r.state = 0 AND r.alone = 0 AND r.practice = $2 AND r.due_at <= $3)
    FROM message m WHERE m.id = ANY($1)";
const WALK: &str = "SELECT id FROM live
    WHERE id > $2 AND id <= $3 AND state = 0 AND alone = 0 AND practice = $1 AND class = $4 AND due_at < $5
    ORDER BY id LIMIT $6";
const SPAN: &str = "SELECT min(id), max(id), count(*) FROM live
    WHERE state = 0 AND alone = 0 AND practice = $1 AND class = $2 AND due_at < $3";
const ALONE: &str = "SELECT id FROM live WHERE state = 0 AND alone = 1 AND practice = $1 AND due_at <= $2
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED";
const SET_ASIDE: &str =
    "UPDATE live SET state = 6, due_at = NULL, lease = NULL, claimed_in = NULL, marked_at = NULL, alone = 0,
        aside_at = $2, reason = 'broke', note = 'The stored message cannot be read.'
    WHERE id = ANY($1) AND state = 1 RETURNING id, source";
/// Other machines may be taking all that was found; then it is looked for behind that, so often.
const TRIES: usize = 4;

impl Postgres {
    pub(crate) async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, Error> {
        let mut claims = self.opened.claims.lock().await;
        let turn = *claims;
        *claims = claims.wrapping_add(1);
        let mut others = BTreeSet::new();
        for _ in 0..TRIES {
            let (claimed, meant) = claim_due(&self.opened, &claim, turn, &others).await?;
            if !claimed.is_empty() || meant.is_empty() {
                return Ok(claimed);
            }
            others.extend(meant);
        }
        Ok(Vec::new())
    }

    pub(crate) async fn take_alone(
        &self,
        lease: Lease,
        practice: bool,
        now: Timestamp,
    ) -> Result<Option<Claimed>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let taking = Taking { lease, practice, now, alone: true };
        loop {
            let Some(row) = tx.first(ALONE, &[&practice, &micros(now)]).await? else { break };
            let message = RecipientId(row.id(0)?).message();
            let (taken, any) = take(&self.opened, &tx, &[message], &taking).await?;
            if !any || !taken.is_empty() {
                tx.commit().await?;
                return Ok(taken.into_values().next());
            }
        }
        tx.commit().await?;
        Ok(None)
    }

    pub(crate) async fn next_due(&self, practice: bool) -> Result<Option<(Timestamp, RecipientId)>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        turns::next_due(&tx, practice).await
    }
}

/// What was claimed, and what was meant to be; nothing of what others are taking.
async fn claim_due(
    opened: &Opened,
    claim: &Claim,
    turn: u64,
    others: &BTreeSet<MessageId>,
) -> Result<(Vec<Claimed>, Vec<MessageId>), Error> {
    let mut connection = opened.connection().await?;
    let tx = opened.write(&mut connection).await?;
    let beyond = Claim { limit: claim.limit.saturating_add(others.len()), ..claim.clone() };
    let candidates = candidates(opened, &tx, &beyond, turn).await?.map(|due| due.but(others));
    let planned = plan(&tx, claim, &candidates, turn).await?;
    let messages: Vec<_> = planned.iter().map(|one| one.message).collect();
    if messages.is_empty() {
        return Ok((Vec::new(), messages));
    }
    let taking = Taking { lease: claim.lease, practice: claim.practice, now: claim.now, alone: false };
    let (mut taken, _) = take(opened, &tx, &messages, &taking).await?;
    tx.commit().await?;
    opened.with_walk(claim.practice, |walk| {
        for one in planned.iter().filter(|one| one.walked) {
            let recipients = taken.get(&one.message).map_or(0, |taken| taken.recipients.len());
            if let Some(walk) = walk {
                walk.passed(one.class, one.message, recipients);
            }
        }
    });
    Ok((messages.iter().filter_map(|message| taken.remove(message)).collect(), messages))
}

/// Due recipients of one class, in their order; the first `walked` of them were found by the walk after a recovery.
#[derive(Default)]
struct Due {
    ids: Vec<i64>,
    walked: usize,
}

impl Due {
    /// Without those of these messages.
    fn but(self, messages: &BTreeSet<MessageId>) -> Self {
        let stays = |id: &i64| !messages.contains(&RecipientId(*id).message());
        let walked = self.ids.iter().take(self.walked).filter(|id| stays(id)).count();
        Self { ids: self.ids.into_iter().filter(stays).collect(), walked }
    }
}

/// Due recipients of each class, at most `limit` of each.
async fn candidates(opened: &Opened, tx: &Tx<'_>, claim: &Claim, turn: u64) -> Result<[Due; 3], Error> {
    let (now, limit) = (micros(claim.now), whole(claim.limit));
    let Some(recovery) = running(claim) else {
        let all = turns::due(tx, claim.practice, [i64::MIN; 3], now, [limit; 3], turn).await?;
        return Ok(all.map(|ids| Due { ids, walked: 0 }));
    };
    let walk = begin_walk(opened, tx, claim.practice, recovery).await?;
    let recovered_at = micros(recovery.recovered_at);
    let window = i64::try_from(recovery.window.as_micros()).unwrap_or(i64::MAX);
    let (mut all, mut limits) = ([const { Vec::new() }; 3], [limit; 3]);
    for (((class, ids), left), stretch) in (0_i16..).zip(&mut all).zip(&mut limits).skip(1).zip(walk.classes)
    {
        let places = stretch.allowed(now - recovered_at, window).min(limit);
        let rows = tx
            .all(
                WALK,
                &[&claim.practice, &stretch.stopped_at, &stretch.highest, &class, &recovered_at, &places],
            )
            .await?;
        *ids = rows.iter().map(|row| row.id(0)).collect::<Result<_, _>>()?;
        *left -= whole(ids.len());
    }
    let from = [i64::MIN, recovered_at, recovered_at];
    let later = turns::due(tx, claim.practice, from, now, limits, turn).await?;
    let mut walked = all.into_iter();
    Ok(later.map(|ids| {
        let mut first = walked.next().unwrap_or_default();
        let walked = first.len();
        first.extend(ids);
        Due { ids: first, walked }
    }))
}

/// The walk of this recovery; the first claim of it looks once for the ids between which it goes.
async fn begin_walk(opened: &Opened, tx: &Tx<'_>, practice: bool, recovery: Recovery) -> Result<Walk, Error> {
    let recovered_at = micros(recovery.recovered_at);
    let known = opened.with_walk(practice, |walk| walk.filter(|walk| walk.recovered_at == recovered_at));
    if let Some(walk) = known {
        return Ok(walk);
    }
    let mut walk = Walk { recovered_at, classes: [Stretch::default(); 2] };
    for (class, stretch) in (1_i16..).zip(&mut walk.classes) {
        let row = tx.one(SPAN, &[&practice, &class, &recovered_at]).await?;
        *stretch = Stretch::new(row.id(2)?, row.number(0)?, row.number(1)?.unwrap_or(-1));
    }
    opened.with_walk(practice, |known| *known = Some(walk));
    Ok(walk)
}

/// A message that is to be taken.
struct Planned {
    class: usize,
    message: MessageId,
    walked: bool,
}

/// Which messages are taken: as many as their class has places and its share of the octets has room for.
async fn plan(tx: &Tx<'_>, claim: &Claim, due: &[Due; 3], turn: u64) -> Result<Vec<Planned>, Error> {
    let [urgent, normal, bulk] = due;
    let all: BTreeSet<i64> =
        due.iter().flat_map(|due| &due.ids).map(|id| RecipientId(*id).message().0).collect();
    let all: Vec<i64> = all.into_iter().collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut weights = BTreeMap::new();
    for row in tx.all(WEIGHTS, &[&all, &claim.practice, &micros(claim.now)]).await? {
        let of = |number: i64| usize::try_from(number).unwrap_or(0);
        weights.insert(row.id(0)?, (of(row.id(1)?), of(row.id(2)?)));
    }
    let places = places(claim.limit, [urgent.ids.len(), normal.ids.len(), bulk.ids.len()], turn);
    let (mut planned, mut seen) = (Vec::new(), BTreeSet::new());
    let (mut octets, mut shares) = (0, shares(claim.bytes, places).into_iter());
    for (class, (due, places)) in due.iter().zip(places).enumerate() {
        let mut recipients = 0;
        let share = shares.next().unwrap_or(0);
        for (at, id) in due.ids.iter().enumerate() {
            if recipients >= places || (recipients > 0 && octets >= share) {
                break;
            }
            let message = RecipientId(*id).message();
            if !seen.insert(message) {
                continue;
            }
            let (size, of_it) = weights.get(&message.0).copied().unwrap_or((0, 1));
            octets += size;
            recipients += of_it;
            planned.push(Planned { class, message, walked: at < due.walked });
        }
    }
    Ok(planned)
}

struct Taking {
    lease: Lease,
    practice: bool,
    now: Timestamp,
    alone: bool,
}

/// Takes what is due of these messages; what cannot be decoded is set aside. Whether anything was taken at all.
async fn take(
    opened: &Opened,
    tx: &Tx<'_>,
    messages: &[MessageId],
    taking: &Taking,
) -> Result<(BTreeMap<MessageId, Claimed>, bool), Error> {
    let ids: Vec<i64> = messages.iter().map(|message| message.0).collect();
    let now = micros(taking.now);
    tx.leased(taking.lease);
    let rows = tx
        .all(TAKE, &[&ids, &taking.practice, &taking.lease.0, &opened.epoch, &now, &i16::from(taking.alone)])
        .await?;
    let (mut found, mut broken) = (BTreeMap::<MessageId, Vec<_>>::new(), Vec::new());
    for row in &rows {
        let id = RecipientId(row.id(0)?);
        match decode_recipient(row, id, taking)? {
            Some(one) => found.entry(id.message()).or_default().push(one),
            None => broken.push(id.0),
        }
    }
    let mut taken = BTreeMap::new();
    let facts: Vec<i64> = found.keys().map(|message| message.0).collect();
    for row in tx.all(FACTS, &[&facts]).await? {
        let id = MessageId(row.id(0)?);
        let Some(recipients) = found.remove(&id) else { continue };
        let of_it: Vec<i64> = recipients.iter().map(|(one, _)| one.id.0).collect();
        match claimed(&row, id, recipients)? {
            Some(one) => drop(taken.insert(id, one)),
            None => broken.extend(of_it),
        }
    }
    broken.extend(found.into_values().flatten().map(|(one, _)| one.id.0));
    set_aside(opened, tx, &broken, taking.now).await?;
    Ok((taken, !rows.is_empty()))
}

type One = (ClaimedRecipient, mail::Recipient);

/// None if it cannot be decoded.
fn decode_recipient(row: &Row, id: RecipientId, taking: &Taking) -> Result<Option<One>, Error> {
    let address = row.text(2)?.and_then(|text| mail::Address::parse(&text).ok());
    let (Some(address), Some(expires_at)) = (address, at(row, 1)?) else { return Ok(None) };
    let claimed = ClaimedRecipient {
        id,
        lease: taking.lease,
        expires_at,
        alone: taking.alone,
        in_doubt_before: row.is(5)?,
        attempts: u32::try_from(row.id(6)?).unwrap_or(0),
    };
    Ok(Some((claimed, recipient(row, address, 3)?)))
}

/// The whole message; None if it cannot be decoded.
fn claimed(row: &Row, id: MessageId, all: Vec<One>) -> Result<Option<Claimed>, Error> {
    let (recipients, to): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let decoded = (
        codes::kind(row.id(1)?),
        codes::class(row.id(2)?),
        reverse_path(row.text(7)?),
        at(row, 10)?,
        row.bytes(11)?,
    );
    let (Some(kind), Some(class), Some(reverse_path), Some(first_due_at), Some(bytes)) = decoded else {
        return Ok(None);
    };
    let Some(envelope) = envelope(reverse_path, to, row.number(8)?, row.text(9)?) else { return Ok(None) };
    Ok(Some(Claimed {
        id,
        kind,
        class,
        practice: row.is(3)?,
        application: row.text(4)?.unwrap_or_default(),
        site: row.text(5)?,
        run: row.number(6)?.map(RunId),
        envelope,
        recipients,
        first_due_at,
        bytes: bytes.into(),
    }))
}

/// Sets aside what this program cannot read; the others go on.
async fn set_aside(opened: &Opened, tx: &Tx<'_>, ids: &[i64], now: Timestamp) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    for row in tx.all(SET_ASIDE, &[&ids, &micros(now)]).await? {
        let id = RecipientId(row.id(0)?);
        tracing::error!(recipient.id = id.0, "a stored message cannot be read; it is set aside");
        opened.counters.unreadable(1);
        let happening = Happening { reason: Some("broke"), ..Happening::new(EventKind::Held, id) };
        event_log::note(tx, Source(row.id(1)?), happening, now);
    }
    Ok(())
}
