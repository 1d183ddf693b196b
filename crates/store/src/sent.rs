//! What each mail server took lately.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::{Error, Settled, Settlement, Store, Verdict, codes::micros};

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
        ask!(self.db.count_as(server, account));
    }

    /// What this server, named as attempts name it, or this account ([`Store::count_as`]), took within the last [`SENT_KEPT`], the oldest first. It is noted in the transaction
    /// that settles it.
    pub async fn sent(&self, server: &str, now: Timestamp) -> Result<Vec<Sent>, Error> {
        ask!(self.db.sent(server.to_owned(), now).await)
    }
}

/// How many recipients each server, or the account as whose it counts, took or may have taken.
pub(crate) fn taken<'a>(
    settled: impl IntoIterator<Item = (&'a Settlement, Settled)>,
    counted_as: &'a BTreeMap<String, String>,
) -> BTreeMap<&'a str, i64> {
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    for (settlement, settled) in settled {
        let server = settlement.attempt.server.as_str();
        if settled == Settled::Done && !server.is_empty() && was_taken(&settlement.verdict) {
            *taken.entry(counted_as.get(server).map_or(server, String::as_str)).or_default() += 1;
        }
    }
    taken
}

/// Did the server take it, or may it have?
fn was_taken(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Delivered | Verdict::Relayed | Verdict::InDoubt | Verdict::Deferred { in_doubt: true, .. }
    )
}

/// A stretch that began later than this runs still.
pub(crate) fn stretch_from(now: Timestamp) -> i64 {
    micros(now).saturating_sub(whole_micros(SENT_STRETCH))
}

/// A stretch is left out when its last is too old.
pub(crate) fn kept_from(now: Timestamp) -> i64 {
    micros(now).saturating_sub(whole_micros(SENT_KEPT + SENT_STRETCH))
}

fn whole_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
