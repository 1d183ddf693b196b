//! When the last byte of a message may leave: its mark is durable, and it is its turn.

use std::sync::Arc;

use super::{Lane, Marking};
use crate::{
    app::steps::Step,
    queue::{
        journal::Marked,
        mark::{NotMarked, mark},
    },
};

impl Lane {
    pub(super) fn ask_for_mark(&mut self, token: u64) {
        let slots = self.slots();
        let keys = slots.iter().find(|slot| slot.token == token).map(|slot| {
            slot.job.recipients.iter().map(|recipient| (recipient.id, recipient.lease)).collect()
        });
        drop(slots);
        let delivery = Arc::clone(&self.delivery);
        self.mark = keys.map(|keys| {
            let marking: Marking =
                Box::pin(async move { mark(&delivery.store, &delivery.journal, keys).await });
            (token, marking)
        });
    }

    /// Without the mark nothing passes the point of no return on this connection; only where the journal failed is that so on all.
    pub(super) fn hear_of_mark(&mut self, marked: Result<Marked, NotMarked>) {
        let Some((token, _)) = self.mark.take() else { return };
        match marked {
            Ok(marked) => self.marked = Some((token, marked)),
            Err(NotMarked::Journal(_)) => self.journal_failed(),
            Err(error) => {
                tracing::warn!(%error, "a message may not leave now; the connection gives back what it has");
                self.abandon();
            }
        }
    }

    /// Where only the last byte is left and the mark is durable: from here on a lost answer leaves the message in doubt.
    pub(super) fn release(&mut self) {
        let Some(token) = self.client.awaits_release() else {
            (self.exit, self.waiting_for_exit) = (None, None);
            return;
        };
        if self.marked.as_ref().is_none_or(|(marked, _)| *marked != token) || !self.may_exit() {
            return;
        }
        let (Some((_, marked)), exit) = (self.marked.take(), self.exit.take()) else { return };
        self.delivery.steps.reached(Step::TransmissionBegun);
        if marked.release().is_err() {
            return self.journal_failed();
        }
        self.delivery.steps.reached(Step::Released);
        if let Some(slot) = self.slots().iter_mut().find(|slot| slot.token == token) {
            slot.released = true;
            slot.exit = exit;
        }
        self.client.release(token);
    }

    /// Whether it is our turn to pass the point of no return; if not, it is waited for.
    fn may_exit(&mut self) -> bool {
        if self.exit.is_none() && self.waiting_for_exit.is_none() {
            self.exit = self.line.exits.try_pass();
            if self.exit.is_none() {
                self.waiting_for_exit = Some(Box::pin(self.line.exits.pass()));
            }
        }
        self.exit.is_some()
    }

    /// Nothing more passes the point of no return; what has passed it still gets its answer.
    pub(super) fn journal_failed(&mut self) {
        self.ended.journal_failed = true;
        self.abandon();
    }
}
