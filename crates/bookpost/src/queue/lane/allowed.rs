//! How a connection keeps to what people allow for its server.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use mail::Reason;
use store::{Claimed, Settlement, Verdict};

use super::{Errand, InFlight, Lane, at_hand::Then};
use crate::deliver::conclude::{Conclusion, Effect};

impl Lane {
    /// Whether the message at hand may go now. Else the line stops, until the dispatcher has it move again: what stood in it is given back
    /// with the reason.
    pub(super) fn is_allowed(&mut self, job: &Claimed, now: Timestamp) -> bool {
        let recipients = job.recipients.len();
        let beside = matches!(self.errand, Errand::Others);
        if self.has_errand() && !beside {
            self.allowance.charge(recipients, now);
            return true;
        }
        match self.allowance.take(self.server.limits, recipients, now) {
            Ok(()) => return true,
            Err(reached) if beside => self.then(Then::Late(reached.until)),
            Err(reached) => {
                self.let_go();
                self.too_many.push(job.clone());
                self.too_many.extend(self.line.ready.set_stopped(true));
                self.delivery.tell(&self.line, &self.server, vec![Effect::LimitReached(reached)]);
            }
        }
        false
    }

    pub(super) async fn give_back_too_many(&mut self) {
        if !self.too_many.is_empty() {
            let jobs = std::mem::take(&mut self.too_many);
            self.delivery.give_back_for(Some(Reason::LimitReached), jobs).await;
            // The one that was at hand.
            self.line.in_flight.fetch_sub(1, Ordering::Release);
        }
    }

    /// What the server did not take does not count.
    pub(super) fn count(&self, slot: Option<&InFlight>, conclusion: &Conclusion) {
        let Some(slot) = slot else { return };
        let taken = conclusion.settlements.iter().filter(|settlement| was_taken(settlement)).count();
        let not_taken = slot.job.recipients.len().saturating_sub(taken);
        if not_taken > 0 {
            self.allowance.give_back(not_taken, slot.started_at);
        }
    }
}

/// Did the server take it, or may it have?
fn was_taken(settlement: &Settlement) -> bool {
    matches!(
        settlement.verdict,
        Verdict::Delivered | Verdict::Relayed | Verdict::InDoubt | Verdict::Deferred { in_doubt: true, .. }
    )
}
