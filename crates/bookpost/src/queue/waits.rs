//! When a message is due next that was not attempted, and whom it is kept from.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::PoisonError,
};

use jiff::Timestamp;
use mail::retry::Next;
use store::Claimed;

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
