//! What follows from answers: for this connection, and what the dispatcher is told.

use std::sync::atomic::Ordering;

use mail::Action;

use super::{Errand, Lane};
use crate::deliver::conclude::Effect;

impl Lane {
    pub(super) fn tell(&mut self, effects: Vec<Effect>) {
        let mut others = Vec::new();
        for effect in effects {
            match effect {
                Effect::Answered => {
                    (self.ended.answered, self.ended.took) = (true, true);
                    self.good.fetch_add(1, Ordering::Relaxed);
                }
                Effect::PutOff => self.ended.answered = true,
                Effect::OpenBreaker(fault) | Effect::Broke(fault)
                    if matches!(self.errand, Errand::Probe { .. }) =>
                {
                    self.ended.fault.get_or_insert((fault, Action::OpenBreaker));
                }
                // It answers, and gives no more for now: whoever probed makes a pause of that.
                Effect::Pause(fault) if matches!(self.errand, Errand::Probe { .. }) => {
                    self.ended.fault.get_or_insert((fault, Action::Pause));
                }
                // What is known of it when the probe has ended says whom that keeps.
                Effect::LeaveAlone(wait) if matches!(self.errand, Errand::Probe { .. }) => {
                    self.ended.asked_to_wait = self.ended.asked_to_wait.max(Some(wait));
                }
                // Before the message can be claimed again.
                Effect::NullRefused => {
                    self.ended.answered = true;
                    self.line.own_reverse_path.refuse_null();
                }
                other => {
                    // A refusal for good is a final answer to a message too.
                    self.ended.answered |= matches!(other, Effect::Suspicious(_));
                    others.push(other);
                }
            }
        }
        if !others.is_empty() {
            self.delivery.tell(&self.line, &self.server, others);
        }
    }
}
