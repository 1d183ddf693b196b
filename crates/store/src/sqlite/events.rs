//! Events, written beside the changes that they tell of.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, types::Value};
use tokio::sync::watch;

use super::{
    Sqlite,
    codes::{event_kind_code, kind_code, micros, whole},
    draft::{NEXT_EVENT, read_meta},
    writer::Tx,
};
pub(super) use crate::events::Happening as Noted;
use crate::{
    Error, EventFilter, EventId, Events, Kind, Source,
    events::{among, decode},
};

const INSERT: &str =
    "INSERT INTO event (source, id, happened_at, kind, recipient, attempt, next_attempt_at, reason)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/// Two applications may have one source. The answer is that of its own attempt, or, where time ran out without one, the last that was
/// known: both stay as they are, so that an event reads the same each time.
const READ: &str = "SELECT e.id, e.happened_at, e.kind, e.recipient, e.next_attempt_at, coalesce(e.reason, a.reason),
        r.address, m.message_id, m.tags, a.server,
        CASE WHEN e.attempt IS NOT NULL THEN a.answer WHEN e.kind = 5 AND e.reason <> 'by_person' THEN r.note END
    FROM event e CROSS JOIN message m ON m.id = e.recipient / 65536 CROSS JOIN recipient r ON r.id = e.recipient
        LEFT JOIN attempt a ON a.recipient = e.recipient AND a.n = e.attempt
    WHERE e.source = ?1 AND e.id > ?2 AND e.id <= ?3 AND m.application = ?4 AND m.kind = ?5";
const NEXT: &str = "SELECT min(id) FROM event WHERE source = ?1 AND id > ?2";

const NEXT_SOURCE: &str = "SELECT min(source) FROM event WHERE source > ?1";
const OLD: &str = "SELECT id, happened_at FROM event WHERE source = ?1 ORDER BY id LIMIT ?2";
const FORGET: &str = "DELETE FROM event WHERE source = ?1 AND id <= ?2";

/// Notes what happened to mail of this source, unless it is that of a notice run, whose result is the run's own. The change stands
/// whatever becomes of its event; only where the transaction itself is gone is that an error.
pub(super) fn note(tx: &mut Tx<'_>, source: Source, noted: Noted<'_>, now: Timestamp) -> Result<(), Error> {
    if source.is_of_a_run() || tx.events_damaged.load(Ordering::Relaxed) {
        return Ok(());
    }
    let id = tx.draft.take_event();
    let row = (
        source.0,
        id,
        micros(now),
        event_kind_code(noted.kind),
        noted.recipient.0,
        noted.attempt,
        noted.next_attempt_at.map(micros),
        noted.reason,
    );
    match tx.sql.prepare_cached(INSERT).and_then(|mut insert| insert.execute(row)) {
        Ok(_) => Ok(()),
        // A transaction that met damage can write nothing more. The next one notes no events, so that mail goes on.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            tracing::error!(%error, "the events are damaged; until the next start none is noted");
            tx.events_damaged.store(true, Ordering::Relaxed);
            Err(error.into())
        }
        Err(error) if tx.sql.is_autocommit() => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, recipient.id = noted.recipient.0, kind = ?noted.kind, "an event could not be noted");
            Ok(())
        }
    }
}

impl Sqlite {
    pub(crate) async fn events(&self, filter: EventFilter, limit: usize) -> Result<Events, Error> {
        self.readers.read(move |sql| events(&*sql.unchecked_transaction()?, &filter, limit)).await
    }

    pub(crate) fn events_noted(&self) -> watch::Receiver<EventId> {
        self.writer.events_noted()
    }

    pub(crate) async fn forget_events(&self, before: Timestamp, limit: usize) -> Result<u64, Error> {
        let before = micros(before);
        let old = self.readers.read(move |sql| old(&*sql.unchecked_transaction()?, before, limit)).await?;
        if old.is_empty() {
            return Ok(0);
        }
        self.writer
            .write(move |tx| {
                tx.erased = true;
                let mut forgotten = 0;
                for (source, last) in old {
                    forgotten += tx.sql.prepare_cached(FORGET)?.execute((source, last))? as u64;
                }
                Ok(forgotten)
            })
            .await
    }
}

fn events(sql: &Connection, filter: &EventFilter, limit: usize) -> Result<Events, Error> {
    let last = read_meta(sql, NEXT_EVENT)?.unwrap_or(1) - 1;
    let stretch = filter.stretch(EventId(last));
    let question = format!("{READ}{} ORDER BY e.id LIMIT ?6", among(&filter.kinds));
    let mut statement = sql.prepare_cached(&question)?;
    let values: [Value; 6] = [
        Source::of(&filter.application, None).0.into(),
        stretch.after.into(),
        stretch.reach.into(),
        filter.application.clone().into(),
        kind_code(Kind::Mail).into(),
        whole(limit).into(),
    ];
    let mut found = statement.query(values)?;
    let (mut events, mut rows, mut last_row) = (Vec::new(), 0, None);
    while let Some(row) = found.next()? {
        (rows, last_row) = (rows + 1, Some(row.get(0)?));
        events.extend(decode(row)?);
    }
    let full: Option<i64> = last_row.filter(|_| rows >= limit);
    let next = if full.is_some() { None } else { next_of(sql, &filter.application, stretch.reach)? };
    Ok(stretch.read(events, full, next))
}

/// The first event behind this one that may be the application's.
fn next_of(sql: &Connection, application: &str, after: i64) -> Result<Option<i64>, Error> {
    let source = Source::of(application, None).0;
    Ok(sql.prepare_cached(NEXT)?.query_row((source, after), |row| row.get(0))?)
}

/// Sources with the last of their first events that are all older, up to `limit` together. Events stand in the order in which they
/// happened.
fn old(sql: &Connection, before: i64, limit: usize) -> Result<Vec<(i64, i64)>, Error> {
    let (mut all, mut source, mut left) = (Vec::new(), i64::MIN, limit);
    let mut next = sql.prepare_cached(NEXT_SOURCE)?;
    while let Some(found) = next.query_row([source], |row| row.get::<_, Option<i64>>(0))? {
        source = found;
        let mut statement = sql.prepare_cached(OLD)?;
        let mut rows = statement.query((source, whole(left)))?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? >= before {
                break;
            }
            last = Some(row.get(0)?);
            left -= 1;
        }
        all.extend(last.map(|last| (source, last)));
        if left == 0 {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{EventKind, sqlite::open};

    #[test]
    fn an_application_walks_through_its_own_events_only() {
        let plan = open::tests::plan(&format!(
            "{READ}{} ORDER BY e.id LIMIT ?6",
            among(&BTreeSet::from([EventKind::Returned]))
        ));
        assert!(plan.contains("SEARCH e USING PRIMARY KEY (source=? AND id>? AND id<?)"), "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
        let plan = open::tests::plan(NEXT_SOURCE);
        assert!(plan.contains("SEARCH event USING PRIMARY KEY (source>?)"), "{plan}");
    }
}
