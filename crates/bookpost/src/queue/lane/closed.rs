//! Why a connection is over, and whom that blames.

use mail::{Action, Judgement, Phase, Reason, Reply, outcome::judge, smtp::client::Ending};

use super::Lane;
use crate::deliver::{breaker::Fault, by_web, conclude::judge_client};

impl Lane {
    pub(super) async fn closed(&mut self, ending: Ending) {
        if let Some(wait) = self.client.asked_to_wait(self.delivery.clock.now()) {
            // With what is known of it then: whether it is at fault too.
            self.ended.asked_to_wait = Some(wait);
        }
        // Nothing was handed to it on that one.
        if ending == Ending::Quit && self.client.is_well() && !self.ended.ready {
            return self.signed_in.is_well();
        }
        let (judgement, text) = match ending {
            // A server that has had enough of a connection after it took mail over it is none to complain about.
            Ending::Refused { .. }
                if self.ended.answered && self.slots().is_empty() && self.server.service.is_none() =>
            {
                return;
            }
            Ending::Refused { phase, reply } => {
                let Some(judgement) = self.of_a_token((self.judge())(phase, &reply)).await else { return };
                // Said in the middle of a message it is about that, which has been told of it.
                let of_a_message =
                    matches!(judgement.action, Action::Return | Action::Split | Action::HoldSender);
                if self.ended.ready && of_a_message {
                    return;
                }
                (judgement, reply.to_string())
            }
            Ending::Failed { phase, failure } if !self.ended.ready => {
                let Some(judgement) = judge_client(phase, failure) else { return };
                (judgement, failure.to_string())
            }
            Ending::Quit | Ending::Failed { .. } => return,
        };
        // A service is shown the token with a message only, and only by one can be seen that it is taken again.
        if self.server.service.is_some() && self.ended.ready {
            let fault = Fault::at_message(judgement.reason, &text);
            self.ended.fault.get_or_insert((fault, judgement.action));
            return;
        }
        self.fault(judgement.reason, &text, judgement.action);
    }

    /// What the server's refusals mean.
    pub(super) fn judge(&self) -> fn(Phase, &Reply) -> Judgement {
        if self.server.service.is_some() { by_web::judge } else { judge }
    }

    pub(super) fn fault(&mut self, reason: Reason, answer: &str, action: Action) {
        self.ended.fault.get_or_insert((Fault::of_the_way(reason, answer), action));
    }
}
