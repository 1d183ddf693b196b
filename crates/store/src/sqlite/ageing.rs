//! Time that does not count: a used-up allowance, or nobody to send to, makes no message older.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite,
    codes::{instant, micros, whole},
    draft::{read_meta, write_meta},
    pause,
    writer::Tx,
};
use crate::Error;
pub(super) use crate::pause::ageing_stopped as since;

/// Recipients that one slice moves.
const SLICE: usize = 500;
const UNFINISHED: &str = "SELECT id FROM recipient NOT INDEXED
    WHERE id > ?1 AND practice = ?2 AND state IN (0, 1, 2, 6) ORDER BY id LIMIT ?3";
/// ?2: since when; ?3: until when. What came later has only the rest to its credit; the time that something is set aside has its own.
const POSTPONE: &str = "UPDATE recipient SET expires_at = expires_at + max(0, min(?3, coalesce(aside_at, ?3))
        - max(?2, (SELECT m.first_due_at FROM message m WHERE m.id = recipient.id / 65536)))
    WHERE id = ?1 AND state IN (0, 1, 2, 6)";

impl Sqlite {
    pub(crate) async fn stop_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        let stopped = move |sql: &Connection| read_meta(sql, since(practice));
        if self.readers.read(stopped).await?.is_some() {
            return Ok(());
        }
        self.writer.write(move |tx| stop(tx, practice, now)).await
    }

    pub(crate) async fn ageing_stopped_at(&self, practice: bool) -> Result<Option<Timestamp>, Error> {
        let stopped_at = self.readers.read(move |sql| read_meta(sql, since(practice))).await?;
        Ok(stopped_at.and_then(instant))
    }

    pub(crate) async fn resume_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        let stopped = move |sql: &Connection| {
            Ok(if pause::paused(sql)?.is_some() { None } else { read_meta(sql, since(practice))? })
        };
        let Some(stopped_at) = self.readers.read(stopped).await? else { return Ok(()) };
        let mut after = 0;
        loop {
            let ids = self.readers.read(move |sql| slice(sql, practice, after)).await?;
            let Some(last) = ids.last().copied() else { break };
            self.writer.write(move |tx| postpone(tx, &ids, stopped_at, micros(now))).await?;
            after = last;
        }
        // Last: should this end half-way, some recipients get more time than they should, and none less.
        let forget = move |tx: &mut Tx<'_>| {
            if pause::paused(tx.sql)?.is_none() {
                tx.sql.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([since(practice)])?;
            }
            Ok(())
        };
        self.writer.write(forget).await
    }
}

/// Nothing changes where it stands still already.
pub(super) fn stop(tx: &Tx<'_>, practice: bool, now: Timestamp) -> Result<(), Error> {
    if read_meta(tx.sql, since(practice))?.is_none() {
        write_meta(tx.sql, since(practice), micros(now))?;
    }
    Ok(())
}

fn slice(sql: &Connection, practice: bool, after: i64) -> Result<Vec<i64>, Error> {
    let mut statement = sql.prepare_cached(UNFINISHED)?;
    let ids = statement.query_map((after, practice, whole(SLICE)), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn postpone(tx: &mut Tx<'_>, ids: &[i64], since: i64, until: i64) -> Result<(), Error> {
    let mut statement = tx.sql.prepare_cached(POSTPONE)?;
    for id in ids {
        statement.execute((id, since, until))?;
    }
    Ok(())
}
