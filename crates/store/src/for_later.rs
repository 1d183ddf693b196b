//! Mail that was given a time.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{Error, Store, codes};

/// Mail that is not to be sent before a time, and has not been tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ForLater {
    /// Recipients.
    pub count: u64,
    /// When the first of them is due.
    pub next_at: Option<Timestamp>,
    /// There may be more.
    pub more: bool,
}

impl ForLater {
    /// So many are looked at.
    pub(crate) const LOOKED: usize = 1_000;

    /// So many more, the first of them due then.
    pub(crate) fn add(&mut self, found: i64, next_at: Option<i64>) {
        self.count += codes::count(found);
        self.next_at = [self.next_at, next_at.and_then(codes::instant)].into_iter().flatten().min();
        self.more |= found == codes::whole(Self::LOOKED);
    }
}

/// Mail for later.
impl Store {
    /// What waits for the time that it was given, of these libraries; of none: of all. It is given up later than other mail, so it is looked
    /// for from the end on, among a thousand.
    pub async fn for_later(&self, sites: BTreeSet<String>, now: Timestamp) -> Result<ForLater, Error> {
        ask!(self.db.for_later(sites, now).await)
    }
}
