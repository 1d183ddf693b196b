//! The queue on disk.
//!
//! [`Store`] offers whole operations: each is one transaction, and is committed when it returns. There is no `begin` and no
//! `commit` to call, so no transaction can stay open during network work. Every operation says what it guarantees; the
//! conformance suite in `tests/` holds every database to it.
//!
//! Instants are arguments; in the database they are `i64` microseconds since 1970 (UTC).
//!
//! This crate knows nothing of SMTP, HTTP or templates.

mod alarms;
mod error;
mod notices;
mod queue;
mod reports;
mod sqlite;

pub use alarms::{Alarm, AlarmKind};
pub use error::{Error, OpenError};
pub use notices::*;
pub use queue::*;
pub use reports::*;

/// One queue. Cheap to clone; all clones are the same queue.
#[derive(Clone, Debug)]
pub struct Store {
    db: std::sync::Arc<sqlite::Sqlite>,
}
