//! The schema's history: numbered files, each run once, in order, in one transaction, never changed afterwards.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::{Error, OpenError};

/// All that this version knows, from number 1.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_queue", include_str!("migrations/0001_queue.sql")),
    ("0002_turns", include_str!("migrations/0002_turns.sql")),
    ("0003_once", include_str!("migrations/0003_once.sql")),
    ("0004_applications", include_str!("migrations/0004_applications.sql")),
];

/// Brings the database up to this version's schema. A database of a newer version, or one whose history is not ours, is refused.
pub(super) fn run(connection: &mut Connection, folder: &Path) -> Result<(), OpenError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(Error::from)?;
    if found > known {
        return Err(OpenError::TooNew { folder: folder.to_owned(), found, known });
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
    apply(&transaction)?;
    transaction.pragma_update(None, "user_version", known).map_err(Error::from)?;
    transaction.commit().map_err(Error::from)?;
    Ok(())
}

/// All of them that were not run yet.
pub(super) fn apply(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT",
    )?;
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS) {
        let checksum = i64::from(crc32fast::hash(sql.as_bytes()));
        let applied: Option<i64> = connection
            .query_row("SELECT checksum FROM migration WHERE number = ?1", [number], |row| row.get(0))
            .optional()?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(Error::Internal(format!("migration {name} is not the one that was run"))),
            None => {
                connection.execute_batch(sql)?;
                connection.execute("INSERT INTO migration VALUES (?1, ?2, ?3)", (number, name, checksum))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What waited in a queue of an earlier version waits on.
    #[test]
    fn a_queue_of_the_first_version_goes_on() {
        let mut sql = Connection::open_in_memory().unwrap();
        let (name, first) = MIGRATIONS[0];
        sql.execute_batch(first).unwrap();
        sql.execute_batch(
            "CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT;
             INSERT INTO recipient (id, state, class, practice, due_at, expires_at, address) VALUES (65536, 0, 1, 0, 1, 2, 'a@b.example')",
        )
        .unwrap();
        let checksum = i64::from(crc32fast::hash(first.as_bytes()));
        sql.execute("INSERT INTO migration VALUES (1, ?1, ?2)", (name, checksum)).unwrap();
        sql.pragma_update(None, "user_version", 1).unwrap();
        for _ in 0..2 {
            run(&mut sql, Path::new("")).unwrap();
        }
        let left: (i64, i64) = sql
            .query_row("SELECT id, source FROM recipient", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(left, (65_536, 0));
    }
}
