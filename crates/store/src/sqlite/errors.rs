//! SQLite's errors by what the caller can do about them.

use rusqlite::ErrorCode;

use crate::Error;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
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

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

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
}
