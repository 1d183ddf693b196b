//! That a limit of the server that sends keeps mail back, for whoever wants to know for how long.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use mail::Reason;
use serde::{Deserialize, Serialize};
use store::{Error, Store};

use super::route::{Pause, Upstream};
use crate::{config::Server, deliver::allowance::Allowance};

/// A limit of a minute comes again a moment after it is free; for so long it counts as one that holds.
const COMES_AGAIN: Duration = Duration::from_mins(1);

/// A limit of the server that sends.
#[derive(Debug, Clone)]
pub struct Limited {
    /// Whose it is.
    pub server: Arc<Server>,
    /// Which it is.
    pub by: KeptBy,
    /// Nothing goes before then.
    pub until: Timestamp,
    allowance: Arc<Allowance>,
}

/// What people are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBack {
    /// The server's name.
    pub server: String,
    pub by: KeptBy,
    /// The limit itself, in recipients.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<u32>,
    /// Nothing goes before then.
    pub until: Timestamp,
    /// When about all that waits now has gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub through_at: Option<Timestamp>,
}

/// Whose limit it is, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptBy {
    /// That of a minute, which people have set.
    Minute,
    /// That of a day, which people have set.
    Day,
    /// The server says that ours is used up, and is asked again every hour.
    Server,
}

impl PartialEq for Limited {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Arc<Allowance>, two: &Arc<Allowance>| Arc::ptr_eq(one, two);
        Arc::ptr_eq(&self.server, &other.server)
            && (self.by, self.until) == (other.by, other.until)
            && same(&self.allowance, &other.allowance)
    }
}

impl Limited {
    /// That of the server that sends, if one was reached.
    pub fn of(active: &Upstream) -> Option<Self> {
        let Pause { until, reason, ages } = active.pause?;
        let by = match reason {
            Reason::LimitReached if ages => KeptBy::Minute,
            Reason::LimitReached => KeptBy::Day,
            Reason::QuotaUsedUp => KeptBy::Server,
            _ => return None,
        };
        let (server, allowance) = (Arc::clone(&active.server), Arc::clone(&active.allowance));
        Some(Self { server, by, until, allowance })
    }

    /// Does it keep anything back now?
    pub fn holds(&self, now: Timestamp) -> bool {
        let after = if self.by == KeptBy::Minute { COMES_AGAIN } else { Duration::ZERO };
        now < self.until.saturating_add(after).unwrap_or(Timestamp::MAX)
    }

    /// What is told of it while mail waits for it. Mail that is timed for later waits for nothing else.
    pub async fn keeps_back(&self, store: &Store, now: Timestamp) -> Result<Option<KeptBack>, Error> {
        if !self.holds(now) || store.paused().await?.is_some() {
            return Ok(None);
        }
        let (counts, later) = (store.counts().await?, store.for_later(BTreeSet::new(), now).await?);
        let waits = counts.waiting.saturating_sub(later.count);
        if waits == 0 {
            return Ok(None);
        }
        let limits = self.server.limits;
        Ok(Some(KeptBack {
            server: self.server.name.clone(),
            by: self.by,
            limit: match self.by {
                KeptBy::Minute => limits.per_minute,
                KeptBy::Day => limits.per_day,
                KeptBy::Server => None,
            },
            until: self.until,
            through_at: if later.more { None } else { self.through_at(waits, now) },
        }))
    }

    /// When so many more recipients have gone as the limits allow, if nothing else keeps them. None: only the server knows, or it is too far
    /// off to be told.
    fn through_at(&self, count: u64, now: Timestamp) -> Option<Timestamp> {
        if self.by == KeptBy::Server {
            return None;
        }
        self.allowance.through_at(self.server.limits, count, now.max(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::constant(1_800_000_000 + seconds, 0)
    }

    #[test]
    fn a_limit_is_told_by_what_the_queue_waits_for_and_no_longer_than_it_does() {
        let mut server = Server::plain("server1", ([127, 0, 0, 1], 25).into());
        server.limits = Limits { per_minute: Some(6), per_day: None };
        let mut upstream = Upstream::new(Arc::new(server), None);
        assert_eq!(Limited::of(&upstream), None);
        for (reason, ages, by, until) in [
            (Reason::TooFast, true, None, 0),
            (Reason::LimitReached, true, Some(KeptBy::Minute), 90),
            (Reason::LimitReached, false, Some(KeptBy::Day), 30),
            (Reason::QuotaUsedUp, false, Some(KeptBy::Server), 30),
        ] {
            upstream.pause = Some(Pause { until: at(30), reason, ages });
            let limited = Limited::of(&upstream);
            assert_eq!(limited.as_ref().map(|limited| limited.by), by);
            let Some(limited) = limited else { continue };
            assert!(limited.holds(at(until - 1)) && !limited.holds(at(until)), "{by:?}");
            let told = limited.through_at(7, at(0));
            assert_eq!(told.is_none(), by == Some(KeptBy::Server));
            // Six go at once when it is free, and one when these are a minute old.
            assert!(told.is_none_or(|told| told == at(30 + 62)), "{told:?}");
        }
    }
}
