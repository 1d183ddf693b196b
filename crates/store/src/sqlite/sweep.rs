//! What was erased leaves the log too.
//!
//! `secure_delete` overwrites what is deleted in the database; the log still holds the pages as they were, until it is carried into
//! the database and cut.

use std::time::Duration;

use rusqlite::Connection;

use super::open::PATIENCE;
use crate::Error;

/// Carries the log into the database and cuts it, without waiting for anybody: the writer has others to serve. False while
/// somebody reads from the log; it is then as long as before.
pub(super) fn empty_log(connection: &Connection) -> Result<bool, Error> {
    connection.busy_timeout(Duration::ZERO)?;
    // What is in the way is told in the first column, not as an error.
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(PATIENCE)?;
    Ok(!busy?)
}
