//! The message that a lane has taken and not begun.
//!
//! The dispatcher sees it too: should the lane break while it looks at it, the message has its strike, and is not lost until the next start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering};

use jiff::Timestamp;
use mail::smtp::client::Failure;
use store::Claimed;

use super::{InFlight, Lane};

/// There is one at most: the next is taken when it was seen to.
pub type AtHand = Arc<Mutex<Option<Taken>>>;

/// It, and what is to become of it.
#[derive(Debug)]
pub struct Taken {
    pub job: Claimed,
    pub(super) then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It is being looked at.
    Look,
    /// It may have been taken before: the service is asked.
    Ask,
    /// The service cannot be handed it.
    Elsewhere(Failure),
    /// No more may be sent before then.
    Late(Timestamp),
    /// It goes next.
    Begin,
}

impl Lane {
    pub(super) fn take_in_hand(&self, job: &Claimed) {
        *self.at_hand() = Some(Taken { job: job.clone(), then: Then::Look });
    }

    pub(super) fn then(&self, then: Then) {
        if let Some(taken) = &mut *self.at_hand() {
            taken.then = then;
        }
    }

    /// What is to be seen to before the next one.
    pub(super) fn is_to_be_seen_to(&self) -> Option<(Claimed, Then)> {
        let at_hand = self.at_hand();
        let taken = at_hand.as_ref().filter(|taken| !matches!(taken.then, Then::Look | Then::Begin))?;
        Some((taken.job.clone(), taken.then))
    }

    /// One that was seen to and goes next.
    pub(super) fn cleared(&self) -> Option<Claimed> {
        let mut at_hand = self.at_hand();
        let taken = at_hand.as_mut().filter(|taken| taken.then == Then::Begin)?;
        taken.then = Then::Look;
        Some(taken.job.clone())
    }

    /// Whoever has it is about to hand it on.
    pub(super) fn let_go(&self) {
        self.at_hand().take();
    }

    /// It is begun.
    pub(super) fn begin_with(&mut self, slot: InFlight) {
        let mut slots = self.slots();
        self.let_go();
        slots.push_back(slot);
        drop(slots);
        self.begun += 1;
    }

    /// When the connection ends.
    pub(super) async fn give_back_what_is_at_hand(&mut self) {
        let left = self.at_hand().take();
        if let Some(Taken { job, .. }) = left {
            self.delivery.give_back(vec![job]).await;
            self.line.in_flight.fetch_sub(1, Ordering::Release);
        }
    }

    fn at_hand(&self) -> MutexGuard<'_, Option<Taken>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
