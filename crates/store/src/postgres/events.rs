//! Events, read in the order in which they happened. How they are written: `event_log.rs`.

use jiff::Timestamp;
use tokio::sync::watch;

use super::{Postgres, tx::Tx};
use crate::{
    Error, EventFilter, EventId, Events, Kind, Source,
    codes::{kind_code, micros, small, whole},
    events::{among, decode},
    rows::Columns as _,
};

/// Two applications may have one source. The answer is that of its own attempt, or, where time ran out without one, the last that was
/// known: both stay as they are, so that an event reads the same each time.
const READ: &str = "SELECT e.id, e.happened_at, e.kind, e.recipient, e.next_attempt_at, coalesce(e.reason, t.reason),
        a.address, m.message_id, to_json(m.tags)::TEXT, t.server,
        CASE WHEN e.attempt IS NOT NULL THEN t.answer WHEN e.kind = 5 AND e.reason <> 'by_person' THEN d.note END
    FROM event e JOIN message m ON m.id = e.recipient / 65536 JOIN addressee a ON a.id = e.recipient
        LEFT JOIN done d ON d.id = e.recipient LEFT JOIN attempt t ON t.recipient = e.recipient AND t.n = e.attempt
    WHERE e.source = $1 AND e.id > $2 AND e.id <= $3 AND m.application = $4 AND m.kind = $5";
const NEXT: &str = "SELECT min(id) FROM event WHERE source = $1 AND id > $2";

const NEXT_SOURCE: &str = "SELECT min(source) FROM event WHERE source > $1";
const OLD: &str = "SELECT id, happened_at FROM event WHERE source = $1 ORDER BY id LIMIT $2";
const FORGET: &str = "DELETE FROM event WHERE source = $1 AND id <= $2";

impl Postgres {
    pub(crate) async fn events(&self, filter: EventFilter, limit: usize) -> Result<Events, Error> {
        let stretch = filter.stretch(self.last_event().await?);
        let source = Source::of(&filter.application, None);
        let question = format!("{READ}{} ORDER BY e.id LIMIT $6", among(&filter.kinds));
        let kind = small(kind_code(Kind::Mail));
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let rows = tx
            .all(
                &question,
                &[&source.0, &stretch.after, &stretch.reach, &filter.application, &kind, &whole(limit)],
            )
            .await?;
        let mut events = Vec::new();
        for row in &rows {
            events.extend(decode(row)?);
        }
        let full = rows.last().filter(|_| rows.len() >= limit).map(|row| row.id(0)).transpose()?;
        let next = match full {
            Some(_) => None,
            None => tx.one(NEXT, &[&source.0, &stretch.reach]).await?.number(0)?,
        };
        Ok(stretch.read(events, full, next))
    }

    pub(crate) fn events_noted(&self) -> watch::Receiver<EventId> {
        self.opened.events.subscribe()
    }

    pub(crate) async fn forget_events(&self, before: Timestamp, limit: usize) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let mut forgotten = 0;
        for (source, last) in old(&tx, micros(before), limit).await? {
            forgotten += tx.run(FORGET, &[&source, &last]).await?;
        }
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Sources with the last of their first events that are all older, up to `limit` together. Events stand in the order in which they
/// happened.
async fn old(tx: &Tx<'_>, before: i64, limit: usize) -> Result<Vec<(i64, i64)>, Error> {
    let (mut all, mut source, mut left) = (Vec::new(), i64::MIN, limit);
    while left > 0
        && let Some(found) = tx.one(NEXT_SOURCE, &[&source]).await?.number(0)?
    {
        source = found;
        let mut last = None;
        for row in tx.all(OLD, &[&source, &whole(left)]).await? {
            if row.id(1)? >= before {
                break;
            }
            last = Some(row.id(0)?);
            left -= 1;
        }
        all.extend(last.map(|last| (source, last)));
    }
    Ok(all)
}
