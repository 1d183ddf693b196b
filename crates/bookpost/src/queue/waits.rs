//! When a message is due next that was not attempted, and whom it is kept from.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::PoisonError,
};

use jiff::{SignedDuration, Timestamp};
use mail::{Reason, retry::Next};
use store::{Attempt, Claimed};

use super::route::{Delivery, Line, Route};
use crate::deliver::{by_web, letter};

impl Delivery {
    /// By the schedule, one time for all of its recipients: what is attempted for some of them only is no whole message any more. None: it
    /// is too old.
    pub fn due_next(&self, line: &Line, job: &Claimed, now: Timestamp) -> Option<Timestamp> {
        let expires_at = job.recipients.iter().map(|one| one.expires_at).max()?;
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        match line.rules().schedule.next(now, job.first_due_at, expires_at, &mut *dice) {
            Next::At(due_at) => Some(due_at),
            Next::GiveUp => None,
        }
    }

    /// The message, no older by the time for which the limits that people set for a mail server kept it back.
    pub async fn less_what_limits_kept(&self, mut job: Claimed) -> Claimed {
        let now = self.clock.now();
        if job.recipients.iter().all(|one| now < one.expires_at) {
            return job;
        }
        let Ok(shown) = self.store.show(job.id).await else { return job };
        for one in &mut job.recipients {
            let attempts =
                shown.iter().find(|(row, _)| row.recipient == one.id).map(|(_, attempts)| attempts);
            let kept = attempts.map_or(SignedDuration::ZERO, |attempts| kept_by_limits(attempts, now));
            one.expires_at = one.expires_at.saturating_add(kept).unwrap_or(Timestamp::MAX);
        }
        job
    }

    /// Whether that server of the route can be handed the message, or nobody else could. What cannot even be looked at is for the lane,
    /// which may break.
    pub fn is_for(&self, route: &Route, upstream: usize, job: &Claimed) -> bool {
        let service = route.upstreams.get(upstream).and_then(|upstream| upstream.server.service);
        let Some(service) = service.filter(|_| route.mail_servers().next().is_some()) else { return true };
        let carries = || {
            let message = letter::bytes_of(job, &self.settings);
            by_web::carries(service, &message, job.envelope.recipients()).is_ok()
        };
        catch_unwind(AssertUnwindSafe(carries)).unwrap_or(true)
    }
}

/// From each time that they put it off until it was looked at again.
fn kept_by_limits(attempts: &[Attempt], now: Timestamp) -> SignedDuration {
    let ends = attempts.iter().skip(1).map(|next| next.started_at).chain([now]);
    let kept = attempts.iter().zip(ends).filter(|(one, _)| one.reason == Some(Reason::LimitReached));
    kept.map(|(one, end)| end.duration_since(one.ended_at)).sum()
}
