//! How much mail there is and was, by library: counted as it comes and goes, so that nobody has to count it later.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    Error, State, Store, before,
    codes::{count, micros, state},
    rows::Columns,
};

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
        ask!(self.db.by_site(since).await)
    }

    /// In which state the recipients are that were accepted in each quarter of an hour since the one in which `since` lies, of these sites;
    /// of any and of none, if there are none of these. Quarters in which nothing was accepted are left out.
    pub async fn by_quarter(
        &self,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        ask!(self.db.by_quarter(since, sites).await)
    }

    /// How many recipients of each site, and of none, came to the end that they have since the quarter of an hour in which `since` lies:
    /// delivered, practiced, returned, cancelled, or in doubt, in which nobody is who came to an end later. What was purged since counts
    /// still. No further back than [`QUARTERS_KEPT`].
    pub async fn answered_by_site(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<Option<String>, States>, Error> {
        ask!(self.db.answered_by_site(since).await)
    }

    /// The same by the quarter of an hour in which they came to it, of these sites; of any and of none, if there are none of these.
    pub async fn answered_by_quarter(
        &self,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        ask!(self.db.answered_by_quarter(since, sites).await)
    }

    /// Counts together what was accepted longer ago than [`QUARTERS_KEPT`], and forgets what came to its end before then. Gives how many counts there are less. Writes nothing where
    /// there is nothing to be done.
    pub async fn fold_quarters(&self, now: Timestamp) -> Result<u64, Error> {
        ask!(self.db.fold_quarters(before(now, QUARTERS_KEPT)).await)
    }
}

/// A quarter of an hour, in microseconds.
pub(crate) const QUARTER: i64 = 900_000_000;

/// The quarter in which this lies.
pub(crate) fn quarter_of(at: Timestamp) -> i64 {
    micros(at).div_euclid(QUARTER)
}

/// What stands in the columns 1 and 2; what was counted and has gone is not there.
pub(crate) fn add(states: &mut States, row: &impl Columns) -> Result<(), Error> {
    let recipients: i64 = row.id(2)?;
    if let Some(state) = state(row.id(1)?).filter(|_| recipients > 0) {
        states.insert(state, count(recipients));
    }
    Ok(())
}
