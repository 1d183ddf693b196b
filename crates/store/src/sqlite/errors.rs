//! SQLite's errors by what the caller can do about them.

use rusqlite::{ErrorCode, ffi};

use crate::Error;

/// SQLite says that the database is read-only, which helps nobody.
const MOVED: &str = "the queue's file was moved or deleted while Bookpost was using it; put it back, and start Bookpost again";

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = match error.sqlite_error() {
            Some(error) if error.extended_code == ffi::SQLITE_READONLY_DBMOVED => MOVED.to_owned(),
            _ => error.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Away(text),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
                // For a while, and about nobody's message.
                | ErrorCode::OutOfMemory,
            ) => Self::Disk(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(text),
            _ => Self::Internal(text),
        }
    }
}

/// The file was being made when the power failed: only who may write can take back what there is of it.
pub(super) fn is_half_made(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY_ROLLBACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_can_be_done() {
        for (code, expected) in [
            (ffi::SQLITE_FULL, "the disk is full"),
            (ffi::SQLITE_BUSY, "the queue cannot be reached for the moment"),
            (ffi::SQLITE_LOCKED, "the queue cannot be reached for the moment"),
            (ffi::SQLITE_IOERR, "the disk does not work"),
            (ffi::SQLITE_READONLY, "the disk does not work"),
            (ffi::SQLITE_NOMEM, "the disk does not work"),
            (ffi::SQLITE_CORRUPT, "the queue file is damaged"),
            (ffi::SQLITE_NOTADB, "the queue file is damaged"),
            (ffi::SQLITE_CONSTRAINT, "the queue refused the operation"),
        ] {
            let error = Error::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert!(error.to_string().starts_with(expected), "{code}: {error}");
        }
    }

    #[test]
    fn a_file_that_was_taken_away_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("queue.db");
        let sql = rusqlite::Connection::open(&file).unwrap();
        sql.execute_batch("CREATE TABLE one (n)").unwrap();
        std::fs::remove_file(&file).unwrap();
        let error = Error::from(sql.execute_batch("INSERT INTO one VALUES (1)").unwrap_err());
        assert!(error.to_string().contains("moved or deleted"), "{error}");
    }
}
