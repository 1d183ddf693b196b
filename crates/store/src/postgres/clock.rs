//! The database has a clock of its own: no instant in it is moved when a machine's is set.

use std::future::{Ready, ready};

use jiff::{SignedDuration, Timestamp};

use super::Postgres;
use crate::Error;

impl Postgres {
    #[expect(clippy::unused_self, reason = "the other database has something to tell")]
    pub(crate) fn clock_set(&self) -> Option<SignedDuration> {
        None
    }

    pub(crate) fn clock_set_heard(&self) -> Ready<Result<(), Error>> {
        ready(if self.opened.pool.is_closed() { Err(Error::Closed) } else { Ok(()) })
    }

    /// Nobody reads it.
    pub(crate) fn note_clock(&self, _departure: SignedDuration, _now: Timestamp) -> Ready<Result<(), Error>> {
        self.clock_set_heard()
    }
}
