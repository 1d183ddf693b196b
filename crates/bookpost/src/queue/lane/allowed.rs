//! How a connection keeps to what people allow for its server.

use jiff::Timestamp;
use mail::Reason;
use store::{Claimed, Settlement, Verdict};

use super::{InFlight, Lane};
use crate::deliver::conclude::{Conclusion, Effect};

impl Lane {
    /// The message, if it may go now. Else the line stops, until the dispatcher has it move again: what stood in it is given back with the
    /// reason.
    pub(super) fn allow(&mut self, job: Claimed, now: Timestamp) -> Option<Claimed> {
        let recipients = job.recipients.len();
        if self.has_errand() {
            self.allowance.charge(recipients, now);
            return Some(job);
        }
        match self.allowance.take(self.server.limits, recipients, now) {
            Ok(()) => Some(job),
            Err(reached) => {
                self.too_many.push(job);
                self.too_many.extend(self.line.ready.set_stopped(true));
                self.delivery.tell(&self.line, &self.server, vec![Effect::LimitReached(reached)]);
                None
            }
        }
    }

    pub(super) async fn give_back_too_many(&mut self) {
        if !self.too_many.is_empty() {
            let jobs = std::mem::take(&mut self.too_many);
            self.delivery.give_back_for(Some(Reason::LimitReached), jobs).await;
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
