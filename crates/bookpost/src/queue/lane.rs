//! One connection to a server and the messages that go through it.
//!
//! A lane takes claimed messages from its route's line as long as there are any, keeps the connection open for a while
//! after the last one, and drives [`mail::smtp::client::Client`]: bytes in, bytes and wishes out. The mark "transmission begun" is
//! asked for ([`super::mark`]) while MAIL, RCPT and DATA travel; it is durable before the last byte of a message leaves.

mod allowed;
mod at_hand;
mod closed;
mod elsewhere;
mod looked;
mod put_back;
mod release;
mod signed_in;
mod told;

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use mail::{
    Action,
    smtp::client::{Client, Failure, Transaction, TransactionResult, Wish},
};
use rustls::ClientConfig;
use store::{Claimed, InsteadOf, MessageId};
use tokio::{sync::watch, time::Instant};

pub use self::{at_hand::AtHand, elsewhere::FOR_ITS_TURN};
use self::{put_back::says_nothing, signed_in::SignedIn};
use super::{
    exits::Pass,
    journal::Marked,
    mark::NotMarked,
    route::{Delivery, Line, Upstream},
};
use crate::{
    app::steps::Step,
    config::Server,
    deliver::{
        allowance::Allowance,
        breaker::Fault,
        conclude::{self, Circumstances, Conclusion, Effect},
        dialogue::Dialogue,
        letter,
        send::send,
        settings::settings,
        stream::Stream,
    },
};

/// A connection without a message is kept so long.
const IDLE: Duration = Duration::from_secs(10);

/// What a lane is for.
#[derive(Debug)]
pub enum Errand {
    /// Take messages from the line until there are none.
    Flow,
    /// Take urgent messages from the line until there are none, then quit: it is a connection more than the usual ones.
    Urgent,
    /// Take what only a mail server can be handed, while a web service sends, until there is none.
    Others,
    /// Connect, TLS, sign in, and carry this message; nothing from the line.
    Alone(Option<Box<Claimed>>),
    /// Try a server whose breaker is open, with this message if there is one; a fault is told at the end. `beside`: another server
    /// sends, and what this one does not take goes there at once.
    Probe {
        /// What it carries.
        job: Option<Box<Claimed>>,
        /// Another server sends.
        beside: bool,
    },
}

impl Errand {
    fn message(&mut self) -> Option<Box<Claimed>> {
        match self {
            Self::Flow | Self::Urgent | Self::Others => None,
            Self::Alone(job) | Self::Probe { job, .. } => job.take(),
        }
    }
}

/// How far a lane may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Take messages.
    Open,
    /// Take no more from the line: finish what has been begun, then quit. An errand of its own goes on.
    Finish,
    /// The server was replaced: take no more from any line. Only what it was opened to carry goes on.
    Replaced,
    /// Give back what has not passed the point of no return.
    Abandon,
}

/// What became of a lane.
#[derive(Debug)]
pub struct Ended {
    /// It got as far as being ready for a message.
    pub ready: bool,
    /// The server gave a final answer to a message.
    pub answered: bool,
    /// And took one.
    pub took: bool,
    /// Why it never became ready, or was told to go away, and whether that blames how fast we send.
    pub fault: Option<(Fault, Action)>,
    /// It asked with its last words to be left alone for so long.
    pub asked_to_wait: Option<Duration>,
    /// The journal failed: nothing may pass the point of no return any more.
    pub journal_failed: bool,
    /// The message of its errand, if it never came to it.
    pub left: Option<Box<Claimed>>,
}

/// A message on this connection. Shared with the dispatcher, which settles it should the lane panic.
#[derive(Debug)]
pub struct InFlight {
    token: u64,
    pub job: Claimed,
    pub started_at: Timestamp,
    pub released: bool,
    /// Since its release.
    exit: Option<Pass>,
    reused: bool,
}

/// The messages on one connection: at most the current one and the one pipelined behind it.
pub type Slots = Arc<Mutex<VecDeque<InFlight>>>;

type Exiting = Pin<Box<dyn Future<Output = Pass> + Send>>;
type Marking = Pin<Box<dyn Future<Output = Result<Marked, NotMarked>> + Send>>;

/// One connection's worth of state.
pub struct Lane {
    delivery: Arc<Delivery>,
    line: Arc<Line>,
    server: Arc<Server>,
    tls: Option<Arc<ClientConfig>>,
    allowance: Arc<Allowance>,
    /// Messages that the server took.
    good: Arc<AtomicUsize>,
    gate: watch::Receiver<Gate>,
    errand: Errand,
    slots: Slots,
    instead_of: Option<InsteadOf>,
    /// What may not be sent now and is to be given back.
    too_many: Vec<Claimed>,
    at_hand: AtHand,
    /// The message that the service was asked for last, and did not have.
    asked: Option<MessageId>,
    client: Box<dyn Dialogue + Send>,
    peer: String,
    mark: Option<(u64, Marking)>,
    marked: Option<(u64, Marked)>,
    exit: Option<Pass>,
    waiting_for_exit: Option<Exiting>,
    begun: u32,
    /// Until when the server has time.
    deadline: Instant,
    /// Whole replies that were read when it got that time.
    replies: u64,
    ended: Ended,
    signed_in: SignedIn,
}

impl Lane {
    /// A lane to `upstream` for `line`.
    pub fn new(
        delivery: Arc<Delivery>,
        line: Arc<Line>,
        upstream: &Upstream,
        errand: Errand,
        (slots, at_hand): (Slots, AtHand),
        instead_of: Option<InsteadOf>,
    ) -> Self {
        let server = Arc::clone(&upstream.server);
        let client = Client::new(settings(&delivery.settings.now().sending.ehlo_name, &server));
        let client: Box<dyn Dialogue + Send> = Box::new(client);
        let peer = server.peer();
        let ended = Ended {
            ready: false,
            answered: false,
            took: false,
            fault: None,
            asked_to_wait: None,
            journal_failed: false,
            left: None,
        };
        Self {
            delivery,
            line,
            server,
            tls: upstream.tls.clone(),
            allowance: Arc::clone(&upstream.allowance),
            good: Arc::clone(&upstream.good),
            gate: upstream.gate.subscribe(),
            errand,
            slots,
            instead_of,
            too_many: Vec::new(),
            at_hand,
            asked: None,
            client,
            peer,
            mark: None,
            marked: None,
            exit: None,
            waiting_for_exit: None,
            begun: 0,
            deadline: Instant::now(),
            replies: 0,
            ended,
            signed_in: SignedIn::default(),
        }
    }

    /// Connects, carries messages, quits.
    pub async fn run(mut self) -> Ended {
        while self.connection().await {}
        self.ended.left = self.errand.message();
        self.ended
    }

    async fn converse(&mut self, stream: Stream) {
        let mut stream = Some(stream);
        self.be_patient();
        while stream.is_some() {
            self.fill();
            self.give_back_too_many().await;
            if self.see_to_what_is_at_hand().await {
                continue;
            }
            if let Some(wish) = self.next_wish() {
                // What was done may have made room for the next message: wait only when there is nothing to do.
                self.perform(wish, &mut stream).await;
            } else if let Some(open) = &mut stream {
                self.wait(open).await;
            }
        }
        self.give_back_what_is_at_hand().await;
        for left in self.drain_slots() {
            self.allowance.give_back(left.job.recipients.len(), left.started_at);
            self.delivery.give_back(vec![left.job]).await;
            self.line.in_flight.fetch_sub(1, Ordering::Release);
        }
    }

    /// The client's next wish. What was written last may have left only the end of a message, whose mark has long been
    /// durable: without the look before each wish the rest would wait for a reply that nobody owes.
    fn next_wish(&mut self) -> Option<Wish> {
        self.release();
        self.client.poll()
    }

    /// Hands the client its next message, if it can take one.
    fn fill(&mut self) {
        if !self.client.ready() {
            return;
        }
        self.ended.ready = true;
        if self.is_closing() {
            // The bell may have rung for this lane: another is to hear it.
            self.line.ready.arrived.notify_one();
            return self.quit_when_empty();
        }
        let Some(mut job) = self.next_message() else {
            let waits_for_more =
                matches!(self.errand, Errand::Flow) && self.begun < self.server.messages_per_connection;
            if !waits_for_more {
                self.quit_when_empty();
            }
            return;
        };
        let started_at = self.delivery.clock.now();
        if !self.is_carried(&job) || !self.is_allowed(&job, started_at) {
            return;
        }
        job.envelope.reverse_path = self.line.own_reverse_path.of(&job);
        let token = u64::from(self.begun);
        self.client.begin(Transaction {
            token,
            reverse_path: self.line.own_reverse_path.told(&job),
            ret: job.envelope.ret,
            envelope_id: job.envelope.envelope_id.clone(),
            recipients: job.envelope.recipients().to_vec(),
            message: letter::bytes_of(&job, &self.delivery.settings),
        });
        let reused = self.begun > 0;
        self.begin_with(InFlight { token, job, started_at, released: false, exit: None, reused });
    }

    /// What is to be begun next: it is at hand from here on.
    fn next_message(&mut self) -> Option<Claimed> {
        if let Some(cleared) = self.cleared() {
            return Some(cleared);
        }
        // Counted before it is taken, so that nobody sees an empty line and nothing under way.
        self.line.in_flight.fetch_add(1, Ordering::Relaxed);
        let next = match &mut self.errand {
            Errand::Flow | Errand::Urgent | Errand::Others
                if self.begun >= self.server.messages_per_connection =>
            {
                None
            }
            Errand::Others => self.line.others.take(),
            Errand::Flow => self.line.ready.take(),
            Errand::Urgent => self.line.ready.take_urgent(),
            errand => errand.message().map(|job| *job),
        };
        match &next {
            Some(job) => {
                self.take_in_hand(job);
                self.delivery.steps.reached(Step::InHand);
            }
            None => _ = self.line.in_flight.fetch_sub(1, Ordering::Release),
        }
        next
    }

    /// A lane with an errand of its own goes on where the others finish: it is how a closed server is tried. What only a mail server can
    /// be handed goes there while another sends, but not to one that was replaced.
    fn is_closing(&self) -> bool {
        if self.ended.journal_failed {
            return true;
        }
        match *self.gate.borrow() {
            Gate::Open => !self.has_errand() && self.showed_an_old_token(),
            Gate::Finish => !self.has_errand(),
            Gate::Replaced => !self.has_errand() || matches!(self.errand, Errand::Others),
            Gate::Abandon => true,
        }
    }

    fn has_errand(&self) -> bool {
        !matches!(self.errand, Errand::Flow | Errand::Urgent)
    }

    fn quit_when_empty(&mut self) {
        if self.slots().is_empty() {
            self.client.quit();
        }
    }

    /// Does what the client wishes; the stream is gone when the connection is over.
    async fn perform(&mut self, wish: Wish, stream: &mut Option<Stream>) {
        match wish {
            Wish::Write(pieces) => self.write(pieces, stream).await,
            Wish::StartTls => self.start_tls(stream).await,
            Wish::Mark(token) => self.ask_for_mark(token),
            Wish::Finished(result) => self.finish(result).await,
            Wish::Closed(ending) => {
                self.closed(ending).await;
                *stream = None;
            }
        }
    }

    async fn write(&mut self, pieces: Vec<Bytes>, stream: &mut Option<Stream>) {
        let Some(open) = stream else { return };
        send(open, &mut *self.client, pieces).await;
        self.be_patient();
    }

    async fn start_tls(&mut self, stream: &mut Option<Stream>) {
        let (Some(plain), Some(tls)) = (stream.take(), &self.tls) else { return };
        match plain.secure(Arc::clone(tls), &self.server.host).await {
            Ok(secured) => {
                *stream = Some(secured);
                self.client.tls_established();
                self.be_patient();
            }
            Err(error) => {
                self.fault(error.reason, &error.text, Action::OpenBreaker);
                self.client.lost(Failure::TlsFailed, 0);
            }
        }
    }

    /// The server has a while from now on. Single bytes of a reply do not renew it, only whole replies and our own writes do.
    fn be_patient(&mut self) {
        let patience = if self.is_idle() { IDLE } else { self.client.timeout() };
        self.deadline = Instant::now() + patience;
        self.replies = self.client.replies();
    }

    fn is_idle(&self) -> bool {
        self.slots().is_empty() && self.client.ready()
    }

    /// Waits for the first of: bytes, the mark, a message to carry, the end of patience.
    async fn wait(&mut self, stream: &mut Stream) {
        if self.client.replies() != self.replies {
            self.be_patient();
        }
        let idle = self.is_idle();
        let mark = async {
            match &mut self.mark {
                Some((_, future)) => future.await,
                None => std::future::pending().await,
            }
        };
        let exit = async {
            match &mut self.waiting_for_exit {
                Some(future) => future.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // An answer first: each moment that it is not read is one in which its message is in doubt.
            read = stream.read() => match read {
                Ok([]) | Err(_) => self.client.lost(Failure::ConnectionLost, 0),
                Ok(bytes) => self.client.received(bytes),
            },
            marked = mark => self.hear_of_mark(marked),
            () = self.line.ready.arrived.notified(), if idle => {}
            pass = exit => {
                self.waiting_for_exit = None;
                self.exit = Some(pass);
            }
            changed = self.gate.changed() => {
                if changed.is_err() || *self.gate.borrow() == Gate::Abandon {
                    self.abandon();
                }
            }
            () = tokio::time::sleep_until(self.deadline) => {
                if idle { self.client.quit() } else { self.client.lost(Failure::TimedOut, 0) }
            }
        }
    }

    async fn finish(&mut self, mut result: TransactionResult) {
        // A mark that was not used is void, and must be so before the same recipients are marked again.
        self.mark.take_if(|(token, _)| *token == result.token);
        self.marked.take_if(|(token, _)| *token == result.token);
        if says_nothing(&result) {
            return self.put_back(result.token).await;
        }
        if self.names_one_of_them(&mut result).await {
            return;
        }
        let delivery = Arc::clone(&self.delivery);
        let result = self.looked(&result).await.unwrap_or(result);
        let Some((conclusion, recorded)) = self.conclude(&result) else { return };
        self.ended.journal_failed |= !recorded;
        let slot = self.take_slot(result.token);
        self.count(slot.as_ref(), &conclusion);
        let exit = slot.and_then(|slot| slot.exit);
        let again =
            conclusion.split.iter().flat_map(|group| &group.recipients).map(|one| (one.id, one.lease));
        self.ended.journal_failed |= delivery.journal.withdrawn(again).is_err();
        if let Some(exit) = exit {
            self.line.exits.answered(exit);
        }
        for group in conclusion.split.into_iter().rev() {
            let ready = match self.errand {
                Errand::Others => &self.line.others,
                _ => &self.line.ready,
            };
            if let Some(refused) = ready.push_first(group) {
                delivery.give_back(vec![refused]).await;
            }
        }
        let leave_alone = self.client.asked_to_wait(self.delivery.clock.now()).map(Effect::LeaveAlone);
        self.tell(conclusion.effects.into_iter().chain(leave_alone).collect());
        if !conclusion.settlements.is_empty() {
            delivery.settle(conclusion.settlements).await;
        }
        self.line.finished.fetch_add(1, Ordering::Relaxed);
        self.line.in_flight.fetch_sub(1, Ordering::Release);
    }

    /// What the result comes to, and whether the journal has it. The message stays in its slot meanwhile: should this break, the
    /// dispatcher finds it there.
    fn conclude(&self, result: &TransactionResult) -> Option<(Conclusion, bool)> {
        let slots = self.slots();
        let slot = slots.iter().find(|slot| slot.token == result.token)?;
        self.delivery.steps.reached(Step::Answered);
        let at = Circumstances {
            server: &self.peer,
            started_at: slot.started_at,
            now: self.delivery.clock.now(),
            judge: self.judge(),
            reused: slot.reused,
            together: self.server.service.is_some(),
            beside: matches!(self.errand, Errand::Probe { beside: true, .. }),
            alone: matches!(self.errand, Errand::Probe { .. } | Errand::Alone(_)),
            instead_of: self.instead_of,
        };
        let mut dice = self.delivery.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let conclusion = conclude::conclude(&slot.job, result, &at, &self.line.rules(), &mut *dice);
        let recorded = self.delivery.journal.outcome(&conclusion.settlements).is_ok();
        Some((conclusion, recorded))
    }

    /// Gives up what has not passed the point of no return.
    fn abandon(&mut self) {
        let tokens: Vec<_> =
            self.slots().iter().filter(|slot| !slot.released).map(|slot| slot.token).collect();
        for token in tokens {
            self.client.abandon(token);
        }
        self.client.quit();
    }

    fn take_slot(&self, token: u64) -> Option<InFlight> {
        let mut slots = self.slots();
        let index = slots.iter().position(|slot| slot.token == token)?;
        slots.remove(index)
    }

    fn drain_slots(&self) -> Vec<InFlight> {
        self.slots().drain(..).collect()
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, VecDeque<InFlight>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
