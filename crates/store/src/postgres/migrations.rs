//! The schema's history on PostgreSQL: numbered files, each run once, in order, in one transaction, never changed afterwards.

use super::tx::Tx;
use crate::{Error, OpenError, rows::Columns as _};

/// All that this version knows, from number 1.
const MIGRATIONS: &[(&str, &str)] = &[("0001_queue", include_str!("migrations/0001_queue.sql"))];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum BIGINT NOT NULL)";
const APPLIED: &str = "SELECT checksum FROM migration WHERE number = $1";
const NEWEST: &str = "SELECT coalesce(max(number), 0) FROM migration";
const NOTE: &str = "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)";

/// Brings the tables up to this version; whoever opens the queue at the same time waits.
pub(super) async fn run(tx: &Tx<'_>) -> Result<(), OpenError> {
    tx.batch(TABLE).await?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found = u32::try_from(tx.one(NEWEST, &[]).await?.id(0)?).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::TooNewServer { found, known });
    }
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS) {
        let checksum = i64::from(crc32fast::hash(sql.as_bytes()));
        match tx.first(APPLIED, &[&number]).await? {
            Some(row) if row.id(0)? == checksum => {}
            Some(_) => {
                return Err(Error::Internal(format!("migration {name} is not the one that was run")).into());
            }
            None => {
                tx.batch(sql).await?;
                tx.run(NOTE, &[&number, name, &checksum]).await?;
            }
        }
    }
    Ok(())
}
