//! A message of which nothing is known but that it was not looked at: what was shown with it is no token any more.

use mail::smtp::client::{Failure, RecipientResult, TransactionResult};

use store::Claimed;

use super::{Errand, Lane};

/// The message was not looked at.
pub(super) fn says_nothing(result: &TransactionResult) -> bool {
    let not_begun =
        |one: &RecipientResult| matches!(one, RecipientResult::Failed { failure: Failure::NotReady, .. });
    !result.recipients.is_empty() && result.recipients.iter().all(not_begun)
}

impl Lane {
    /// It stands first again, for the next connection, and what the journal has of it is void.
    pub(super) async fn put_back(&mut self, token: u64) {
        let Some(taken_back) = self.taken_back(token) else { return };
        let refused = match &mut self.errand {
            Errand::Flow | Errand::Urgent => self.line.ready.push_first(taken_back),
            Errand::Others => self.line.others.push_first(taken_back),
            Errand::Alone(job) | Errand::Probe { job, .. } => {
                *job = Some(Box::new(taken_back));
                None
            }
        };
        if let Some(refused) = refused {
            self.delivery.give_back(vec![refused]).await;
        }
        self.line.in_flight.fetch_sub(1, std::sync::atomic::Ordering::Release);
    }

    /// A message that nobody has got, as if it had not been begun.
    pub(super) fn taken_back(&mut self, token: u64) -> Option<Claimed> {
        let slot = self.take_slot(token)?;
        self.allowance.give_back(slot.job.recipients.len(), slot.started_at);
        let keys = slot.job.recipients.iter().map(|one| (one.id, one.lease));
        self.ended.journal_failed |= self.delivery.journal.withdrawn(keys).is_err();
        if let Some(exit) = slot.exit {
            self.line.exits.answered(exit);
        }
        Some(slot.job)
    }
}
