//! What each mail server took lately.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Error, Store};

/// It is known for so long.
pub const SENT_KEPT: Duration = Duration::from_hours(24);
/// Counted together.
pub const SENT_STRETCH: Duration = Duration::from_mins(5);

/// How many recipients a server took in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The first of them. The last came less than [`SENT_STRETCH`] later.
    pub began_at: Timestamp,
    /// With those that it may have taken.
    pub count: u64,
}

/// What was sent lately.
impl Store {
    /// What this server, named as attempts name it, takes from now on is counted as this account's: a provider counts what all of its
    /// servers take of one. Is not kept: said again after each start, before anything is handed to it.
    pub fn count_as(&self, server: &str, account: &str) {
        self.db.count_as(server, account);
    }

    /// What this server, named as attempts name it, or this account ([`Store::count_as`]), took within the last [`SENT_KEPT`], the oldest first. It is noted in the transaction
    /// that settles it.
    pub async fn sent(&self, server: &str, now: Timestamp) -> Result<Vec<Sent>, Error> {
        self.db.sent(server.to_owned(), now).await
    }
}
