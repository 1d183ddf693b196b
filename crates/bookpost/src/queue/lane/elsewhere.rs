//! What a web service cannot be handed: it goes by a mail server of the route, waits until it can, or is set aside and told.
//!
//! And what may have been taken before: it is asked for before it is sent once more.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use jiff::Timestamp;
use mail::{
    Phase, Reason,
    smtp::client::{Failure, RecipientResult, TransactionResult},
};
use store::{Claimed, State, Verdict};

use super::{InFlight, Lane, at_hand::Then};
use crate::deliver::{
    by_web::{self, compared},
    letter,
    put_off::{Why, put_off},
};

/// Those of one message that are on their way are waited for so long.
const ON_THE_WAY: Duration = Duration::from_secs(30);

/// Why a message that only a mail server can be handed waits, where nothing is wrong with that server.
pub const FOR_ITS_TURN: &str = "only a mail server can take this message, and others go first";

/// Where those are whom a message names and who are not to get it now.
enum Missing {
    /// Not among those whom it is for.
    Strangers,
    /// They have had it, or a person decides.
    Done,
    /// They are due then.
    Until(Timestamp),
}

impl Lane {
    /// Whether the message at hand can be begun here. Else it is seen to before the next one.
    pub(super) fn is_carried(&mut self, job: &Claimed) -> bool {
        let Some(service) = self.server.service else { return true };
        let message = letter::bytes_of(job, &self.delivery.settings);
        if let Err(failure) = by_web::carries(service, &message, job.envelope.recipients()) {
            self.then(Then::Elsewhere(failure));
            return false;
        }
        let in_doubt = job.recipients.iter().any(|one| one.in_doubt_before);
        if in_doubt && self.asked.take() != Some(job.id) {
            self.then(Then::Ask);
            return false;
        }
        true
    }

    /// True: there was one, and the next may go.
    pub(super) async fn see_to_what_is_at_hand(&mut self) -> bool {
        let Some((job, then)) = self.is_to_be_seen_to() else { return false };
        match then {
            Then::Ask => {
                if let Some(reply) = self.look(&job).await {
                    self.end(job, &RecipientResult::Delivered(reply)).await;
                } else {
                    self.asked = Some(job.id);
                    self.then(Then::Begin);
                }
            }
            Then::Elsewhere(failure) => self.elsewhere(job, failure).await,
            Then::Late(until) => self.wait_until(job, until, Reason::LimitReached, String::new()).await,
            Then::Look | Then::Begin => {}
        }
        true
    }

    async fn elsewhere(&mut self, job: Claimed, failure: Failure) {
        let failure = match self.missing(&job, failure).await {
            Some(Missing::Until(until)) => {
                let answer =
                    "the others whom this message is for are due then, and all go together".to_owned();
                return self.wait_until(job, until, Reason::OnlySome, answer).await;
            }
            Some(Missing::Done) => Failure::OnlySome,
            Some(Missing::Strangers) | None => failure,
        };
        let Some(job) = self.by_mail_server(job).await else { return };
        self.end(job, &RecipientResult::Failed { phase: Phase::Data, failure }).await;
    }

    /// Hands it to a mail server of the route. It comes back where there is none.
    async fn by_mail_server(&mut self, job: Claimed) -> Option<Claimed> {
        if !self.line.has_mail_server.load(Ordering::Relaxed) {
            return Some(job);
        }
        let is_full = self.line.others.is_full();
        self.let_go();
        let left = if is_full { Some(job) } else { self.line.others.push(vec![job]).pop() };
        match left {
            // Nothing is claimed either before the line moves again.
            Some(job) if !is_full && !self.has_errand() => self.delivery.give_back(vec![job]).await,
            // Given back it would be the next again, without end.
            Some(job) => {
                let now = self.delivery.clock.now();
                let until = self.delivery.due_next(&self.line, &job, now).unwrap_or(soon(now));
                self.wait_until(job, until, Reason::TryLater, FOR_ITS_TURN.to_owned()).await;
                return None;
            }
            None => {}
        }
        self.line.in_flight.fetch_sub(1, Ordering::Release);
        // The dispatcher looks what there is.
        self.delivery.tell(&self.line, &self.server, Vec::new());
        None
    }

    /// One address among several was not taken: a mail server says which. True: it is on its way to one.
    pub(super) async fn names_one_of_them(&mut self, result: &mut TransactionResult) -> bool {
        let is_of_one = |one: &RecipientResult| match one {
            RecipientResult::Refused { phase, reply } => {
                (self.judge())(*phase, reply).scope == mail::Scope::Recipient
            }
            _ => false,
        };
        if self.server.service.is_none()
            || result.recipients.len() < 2
            || !result.recipients.iter().all(is_of_one)
        {
            return false;
        }
        if !self.line.has_mail_server.load(Ordering::Relaxed) {
            let failure = Failure::OneOfThem;
            result.recipients.fill(RecipientResult::Failed { phase: Phase::Data, failure });
            return false;
        }
        let Some(job) = self.taken_back(result.token) else { return true };
        self.take_in_hand(&job);
        self.ended.answered = true;
        let _ = self.by_mail_server(job).await;
        true
    }

    /// Where those are whom the header names beside those who are to get it.
    async fn missing(&mut self, job: &Claimed, failure: Failure) -> Option<Missing> {
        if failure != Failure::NamesOthers {
            return None;
        }
        let to: BTreeSet<_> = job.envelope.recipients().iter().map(|to| compared(&to.address)).collect();
        let named = by_web::named(&letter::bytes_of(job, &self.delivery.settings))?;
        if !to.is_subset(&named) {
            return None;
        }
        let all = self.delivery.store.show(job.id).await.ok()?;
        let now = self.delivery.clock.now();
        let mut until = now;
        for address in named.difference(&to) {
            let Some((row, _)) = all.iter().find(|(row, _)| compared(&row.to.address) == *address) else {
                return Some(Missing::Strangers);
            };
            match (row.state, row.due_at) {
                (State::Waiting, Some(due_at)) if due_at > now => until = until.max(due_at),
                (State::Waiting | State::Sending, _) => until = until.max(soon(now)),
                _ => return Some(Missing::Done),
            }
        }
        // Nothing waits for ever: what is too old is not put off once more.
        let is_old = job.recipients.iter().any(|one| one.expires_at <= now);
        Some(if is_old { Missing::Done } else { Missing::Until(until) })
    }

    async fn wait_until(&mut self, job: Claimed, until: Timestamp, reason: Reason, answer: String) {
        let now = self.delivery.clock.now();
        let why = Why { server: &self.peer, phase: Phase::Connect, reason, answer };
        let waits = |_: &_| Verdict::Deferred { due_at: until, in_doubt: false };
        let settlements = put_off(&job, now, &why, waits);
        self.let_go();
        self.delivery.settle(settlements).await;
        self.line.in_flight.fetch_sub(1, Ordering::Release);
    }

    /// As if that had been the answer to it.
    async fn end(&mut self, job: Claimed, result: &RecipientResult) {
        let started_at = self.delivery.clock.now();
        let (token, count) = (u64::from(self.begun), job.recipients.len());
        self.allowance.charge(count, started_at);
        self.begin_with(InFlight { token, job, started_at, released: false, exit: None, reused: false });
        let recipients = vec![result.clone(); count];
        self.finish(TransactionResult { token, dsn: false, recipients }).await;
    }
}

/// Those of one message that are on their way are there by then.
fn soon(now: Timestamp) -> Timestamp {
    now.saturating_add(ON_THE_WAY).unwrap_or(Timestamp::MAX)
}
