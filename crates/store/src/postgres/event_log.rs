//! How events are written: with the change that they tell of, and with ids that are seen in their order.
//!
//! Several machines write at the same time. An id that is given early and committed late would be passed over by whoever reads up to a
//! later one. So ids are given last in a transaction, under a lock that is held until its commit; whoever asks for the last one waits for
//! those who hold it. Notice runs note no events, so their mail never waits here.

use jiff::Timestamp;

use super::tx::Tx;
use crate::{
    Error, EventId, Source,
    codes::{event_kind_code, micros},
    events::Happening,
    rows::Columns as _,
};

/// The lock, among those of this schema.
const LOCK: &str = "SELECT pg_advisory_xact_lock(('event'::regclass)::oid::integer, 1)";
const LOCK_SHARED: &str = "SELECT pg_advisory_xact_lock_shared(('event'::regclass)::oid::integer, 1)";
/// Whoever tells web addresses is rung for, if there are any.
const INSERT: &str = "WITH numbered AS (
        INSERT INTO event (source, id, happened_at, recipient, next_attempt_at, attempt, kind, reason)
        SELECT source, nextval('event_id'), happened_at, recipient, next_attempt_at, attempt, kind, reason FROM (
            SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::INTEGER[], $6::SMALLINT[], $7::TEXT[]) WITH ORDINALITY
                AS line (source, happened_at, recipient, next_attempt_at, attempt, kind, reason, place) ORDER BY place) ordered
        RETURNING id)
    SELECT last, CASE WHEN EXISTS (SELECT FROM webhook) THEN ring('event ' || last) END
    FROM (SELECT max(id) AS last FROM numbered) numbers";
const LAST: &str = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_id";

/// An event to write.
#[derive(Debug)]
pub(super) struct Line {
    source: i64,
    happened_at: i64,
    recipient: i64,
    next_attempt_at: Option<i64>,
    attempt: Option<i32>,
    kind: i16,
    reason: Option<String>,
}

/// Notes what happened to mail of this source, unless it is that of a notice run, whose result is the run's own.
pub(super) fn note(tx: &Tx<'_>, source: Source, happening: Happening<'_>, now: Timestamp) {
    if source.is_of_a_run() {
        return;
    }
    tx.note(Line {
        source: source.0,
        happened_at: micros(now),
        recipient: happening.recipient.0,
        next_attempt_at: happening.next_attempt_at.map(micros),
        attempt: happening.attempt.and_then(|attempt| i32::try_from(attempt).ok()),
        kind: i16::try_from(event_kind_code(happening.kind)).unwrap_or(-1),
        reason: happening.reason.map(str::to_owned),
    });
}

/// Writes them, last in their transaction; gives the last id.
pub(super) async fn write(tx: &Tx<'_>, lines: &[Line]) -> Result<Option<EventId>, Error> {
    if lines.is_empty() {
        return Ok(None);
    }
    tx.run(LOCK, &[]).await?;
    let sources: Vec<_> = lines.iter().map(|line| line.source).collect();
    let happened_at: Vec<_> = lines.iter().map(|line| line.happened_at).collect();
    let recipients: Vec<_> = lines.iter().map(|line| line.recipient).collect();
    let next_attempts: Vec<_> = lines.iter().map(|line| line.next_attempt_at).collect();
    let attempts: Vec<_> = lines.iter().map(|line| line.attempt).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line.kind).collect();
    let reasons: Vec<_> = lines.iter().map(|line| line.reason.as_deref()).collect();
    let row = tx
        .one(INSERT, &[&sources, &happened_at, &recipients, &next_attempts, &attempts, &kinds, &reasons])
        .await?;
    Ok(row.number(0)?.map(EventId))
}

/// The last event that is on disk. To be asked first in a transaction that writes nothing and is no [`Postgres::read`](super::Postgres::read):
/// what is asked afterwards sees all events up to it.
pub(super) async fn last(tx: &Tx<'_>) -> Result<EventId, Error> {
    tx.run(LOCK_SHARED, &[]).await?;
    Ok(EventId(tx.one(LAST, &[]).await?.id(0)?))
}
