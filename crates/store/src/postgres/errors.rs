//! PostgreSQL's errors by what the caller can do about them.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::Error;

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(database) = error.as_db_error() else {
            // A value that does not fit its column is a defect; all else is the way to the server.
            let text = in_full(&error);
            return if text.contains("serializ") || text.contains("deserializ") {
                Self::Internal(text)
            } else {
                Self::Away(text)
            };
        };
        by_code(database.code(), database.to_string())
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Closed => Self::Closed,
            PoolError::Timeout(_) => Self::Away("all connections to the database are in use".to_owned()),
            other => Self::Away(other.to_string()),
        }
    }
}

/// By the codes of PostgreSQL's appendix A.
fn by_code(code: &SqlState, text: String) -> Error {
    let class = code.code().get(..2).unwrap_or_default();
    match code.code() {
        "53100" => Error::DiskFull(text),
        // Cancelled by a time limit, a lock that was not had, a deadlock; the server goes, comes, or is only read.
        "57014" | "55P03" | "40001" | "40P01" | "25006" | "25P03" => Error::Away(text),
        "XX001" | "XX002" => Error::Corrupt(text),
        _ => match class {
            "08" | "53" | "57" => Error::Away(text),
            "58" => Error::Disk(text),
            _ => Error::Internal(text),
        },
    }
}

/// With what caused it.
fn in_full(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_can_be_done() {
        for (code, expected) in [
            ("53100", "the disk is full"),
            ("53300", "the queue cannot be reached for the moment"),
            ("57P01", "the queue cannot be reached for the moment"),
            ("57014", "the queue cannot be reached for the moment"),
            ("40P01", "the queue cannot be reached for the moment"),
            ("58030", "the disk does not work"),
            ("XX001", "the queue file is damaged"),
            ("23514", "the queue refused the operation"),
        ] {
            let error = by_code(&SqlState::from_code(code), "said".to_owned());
            assert!(error.to_string().starts_with(expected), "{code}: {error}");
        }
    }
}
