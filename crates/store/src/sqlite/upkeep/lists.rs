//! What names patrons beside messages, and alarms that are over. The ledger stays: it holds digests, and "once only" asks it.

use jiff::Timestamp;
use rusqlite::Connection;

use crate::{
    Error,
    codes::{micros, whole},
};

/// At most ?2 rows from before ?1 of each list.
const LEFT_OUT: &str = "SELECT l.run, l.n FROM run CROSS JOIN left_out l ON l.run = run.id
    WHERE run.started_at < ?1 ORDER BY l.run, l.n LIMIT ?2";
const ALARMS: &str = "SELECT id FROM alarm WHERE ended_at < ?1 ORDER BY id LIMIT ?2";

/// How many rows of the longest list a slice may erase, up to `limit`.
pub(super) fn old(sql: &Connection, before: Timestamp, limit: usize) -> Result<usize, Error> {
    let mut most = 0;
    for list in [LEFT_OUT, ALARMS] {
        let mut statement = sql.prepare_cached(&format!("SELECT count(*) FROM ({list})"))?;
        let rows: i64 = statement.query_row((micros(before), whole(limit)), |row| row.get(0))?;
        most = most.max(rows);
    }
    Ok(usize::try_from(most).unwrap_or(0))
}

/// Erases up to `limit` rows of each; gives how many.
pub(super) fn purge(sql: &Connection, before: Timestamp, limit: usize) -> Result<u64, Error> {
    let mut purged = 0;
    for text in [
        format!("DELETE FROM left_out WHERE (run, n) IN ({LEFT_OUT})"),
        format!("DELETE FROM alarm WHERE id IN ({ALARMS})"),
    ] {
        purged += sql.prepare_cached(&text)?.execute((micros(before), whole(limit)))? as u64;
    }
    Ok(purged)
}
