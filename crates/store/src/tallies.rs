//! How much mail there is and was, by library: counted as it comes and goes, so that nobody has to count it later.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use crate::{Error, State, Store, before};

/// Mail is counted by the quarter of an hour in which it was accepted for so long, older mail all together; and by the one in which it came
/// to its end for so long too.
pub const QUARTERS_KEPT: Duration = Duration::from_hours(9 * 24);

/// How many recipients are in which state.
pub type States = BTreeMap<State, u64>;

/// Counts by library and by time.
impl Store {
    /// How many recipients of each site, and of none, are in which state; only of what was accepted since the quarter of an hour in which
    /// `since` lies, if that is given.
    pub async fn by_site(&self, since: Option<Timestamp>) -> Result<BTreeMap<Option<String>, States>, Error> {
        self.db.by_site(since).await
    }

    /// In which state the recipients are that were accepted in each quarter of an hour since the one in which `since` lies, of these sites;
    /// of any and of none, if there are none of these. Quarters in which nothing was accepted are left out.
    pub async fn by_quarter(
        &self,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        self.db.by_quarter(since, sites).await
    }

    /// How many recipients of each site, and of none, came to the end that they have since the quarter of an hour in which `since` lies:
    /// delivered, practiced, returned, cancelled, or in doubt, in which nobody is who came to an end later. What was purged since counts
    /// still. No further back than [`QUARTERS_KEPT`].
    pub async fn answered_by_site(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<Option<String>, States>, Error> {
        self.db.answered_by_site(since).await
    }

    /// The same by the quarter of an hour in which they came to it, of these sites; of any and of none, if there are none of these.
    pub async fn answered_by_quarter(
        &self,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        self.db.answered_by_quarter(since, sites).await
    }

    /// Counts together what was accepted longer ago than [`QUARTERS_KEPT`], and forgets what came to its end before then. Gives how many counts there are less. Writes nothing where
    /// there is nothing to be done.
    pub async fn fold_quarters(&self, now: Timestamp) -> Result<u64, Error> {
        self.db.fold_quarters(before(now, QUARTERS_KEPT)).await
    }
}
