//! The SQLite back end.

#[derive(Debug)]
pub(crate) struct Sqlite;
