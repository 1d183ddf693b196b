//! Decisions that one machine takes at a time: by what is not there, or by several rows, neither of which can be locked. SQLite has one writer;
//! here whoever decides so holds a lock of the table that it is about, until its commit.

use super::tx::Tx;
use crate::Error;

/// Among those of this schema.
const LOCK: &str = "SELECT pg_advisory_xact_lock($1::TEXT::regclass::oid::integer, 0)";

/// Nobody else decides about this table until the transaction ends. To be called before anything is read.
pub(super) async fn alone(tx: &Tx<'_>, table: &str) -> Result<(), Error> {
    tx.run(LOCK, &[&table]).await.map(drop)
}
