//! Opening connections, and what follows when one ends.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use jiff::Timestamp;
use mail::{Action, Phase, Reason};
use store::{AlarmKind, Attempt, Claimed, MessageId, Settlement, State, Verdict};
use tokio::task::{Id, JoinError};

use super::{ALONE, Alone, Worker, later};
use crate::{
    app::steps::Step,
    config::Server,
    deliver::conclude::Effect,
    queue::{
        lane::{AtHand, Ended, Errand, InFlight, Lane, Slots},
        route::{Upstream, given_back},
    },
};

/// Connections turned away in a row before a server counts as down.
const TURNED_AWAY: u32 = 5;

/// What the dispatcher knows of an open connection.
#[derive(Debug)]
pub struct Running {
    pub(super) route: usize,
    pub(super) server: Arc<Server>,
    /// It probes a server whose breaker is open.
    pub(super) probe: bool,
    /// It asks a server of which an alarm is left.
    pub(super) doubt: bool,
    pub(super) alone: bool,
    /// It carries what only a mail server can be handed.
    pub(super) others: bool,
    pub(super) started_at: Timestamp,
    slots: Slots,
    at_hand: AtHand,
}

impl Worker {
    /// As many connections as the line needs and the server allows.
    pub(super) fn open_lanes(&mut self, index: usize) {
        let now = self.delivery.clock.now();
        while let Some(route) = self.routes.get(index) {
            if !route.flows(now) {
                return;
            }
            let Some((active, upstream)) = route.active().and_then(|i| Some((i, route.upstreams.get(i)?)))
            else {
                return;
            };
            let idle = upstream.lanes.saturating_sub(route.line.in_flight.load(Ordering::Relaxed));
            let allowed = upstream.concurrency.allowed();
            let errand = if route.line.ready.len() <= idle {
                return;
            } else if upstream.lanes < allowed {
                Errand::Flow
            } else if upstream.lanes < allowed + upstream.server.connections_for_urgent
                && route.line.ready.urgent() > idle
            {
                Errand::Urgent
            } else {
                return;
            };
            self.spawn(index, active, errand, Kind::Usual);
        }
    }

    pub(super) fn spawn(&mut self, index: usize, upstream_index: usize, errand: Errand, kind: Kind) {
        let Some(route) = self.routes.get_mut(index) else { return };
        let instead_of = route.instead_of(upstream_index);
        let Some(upstream) = route.upstreams.get_mut(upstream_index) else { return };
        upstream.lanes += 1;
        let (slots, at_hand) = (Slots::default(), AtHand::default());
        let lane = Lane::new(
            Arc::clone(&self.delivery),
            Arc::clone(&route.line),
            upstream,
            errand,
            (Arc::clone(&slots), Arc::clone(&at_hand)),
            instead_of,
        );
        let id = self.lanes.spawn(lane.run()).id();
        let running = Running {
            route: index,
            server: Arc::clone(&upstream.server),
            probe: kind == Kind::Probe,
            doubt: kind == Kind::Doubt,
            alone: kind == Kind::Alone,
            others: kind == Kind::Others,
            started_at: self.delivery.clock.now(),
            slots,
            at_hand,
        };
        self.running.insert(id, running);
    }

    pub(super) async fn lane_ended(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, Some(ended)),
            Err(error) => (error.id(), None),
        };
        let Some(lane) = self.running.remove(&id) else { return };
        if let Some(route) = self.routes.get_mut(lane.route) {
            route.lane_ended(&lane.server);
        }
        if lane.alone {
            self.alone = Some(Alone::Next);
        }
        match ended {
            None => self.lane_panicked(&lane).await,
            Some(ended) => self.lane_finished(&lane, ended).await,
        }
    }

    async fn lane_finished(&mut self, lane: &Running, mut ended: Ended) {
        self.journal_failed |= ended.journal_failed;
        if let Some(job) = ended.left.take() {
            // In the store before anything is concluded from the lane's end: it may be too old.
            let now = self.delivery.clock.now();
            self.settle_now(given_back(&[*job], now), now).await;
        }
        let asked_to_wait = ended.asked_to_wait;
        if lane.doubt {
            self.doubt_ended(lane, &ended);
        } else if lane.probe {
            self.probe_ended(lane, ended).await;
        } else {
            return self.errand_ended(lane, ended);
        }
        if let Some(wait) = asked_to_wait {
            self.leave_tried_alone(lane, wait);
        }
    }

    fn errand_ended(&mut self, lane: &Running, ended: Ended) {
        // What is said of a server that was replaced is no news.
        let Some(upstream) = self.routes.get(lane.route).and_then(|route| route.position(&lane.server))
        else {
            return;
        };
        if let Some((fault, action)) = ended.fault {
            let effect = match action {
                Action::SlowDown | Action::Retry if !self.keeps_turning_away(lane, ended.ready) => {
                    Effect::SlowDown
                }
                Action::Pause => Effect::Pause(fault),
                _ => Effect::OpenBreaker(fault),
            };
            self.take_effect(lane.route, upstream, effect);
        }
        if let Some(wait) = ended.asked_to_wait {
            self.leave_alone(lane.route, upstream, wait);
        }
    }

    /// The server of a connection, unless it was replaced meanwhile.
    pub(super) fn upstream_of(&mut self, lane: &Running) -> Option<&mut Upstream> {
        let route = self.routes.get_mut(lane.route)?;
        let position = route.position(&lane.server)?;
        route.upstreams.get_mut(position)
    }

    /// Whether the server has turned away so many connections in a row that it is as good as dead: then its breaker says so
    /// to a person, and what waits for it does not wait in silence.
    fn keeps_turning_away(&mut self, lane: &Running, was_ready: bool) -> bool {
        let Some(upstream) = self.upstream_of(lane) else { return false };
        upstream.turned_away = if was_ready { 0 } else { upstream.turned_away + 1 };
        upstream.turned_away >= TURNED_AWAY
    }

    /// A defect of ours in the middle of these messages: what was released is in doubt, each of the others gets a strike.
    async fn lane_panicked(&mut self, lane: &Running) {
        let mut left: Vec<Broken> = {
            let mut slots = lane.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.drain(..).map(Broken::from).collect()
        };
        let at_hand = lane.at_hand.lock().unwrap_or_else(PoisonError::into_inner).take();
        left.extend(at_hand.map(|taken| Broken { job: taken.job, started_at: None, released: false }));
        tracing::error!(messages = left.len(), "an attempt broke; its messages are tried again alone");
        if let Some(route) = self.routes.get(lane.route) {
            route.line.in_flight.fetch_sub(left.len(), Ordering::Release);
        }
        let now = self.delivery.clock.now();
        if lane.probe
            && let Some(upstream) = self.upstream_of(lane)
        {
            upstream.breaker.probe_inconclusive(now);
        }
        let settlements = left.iter().flat_map(|one| one.settle(now)).collect();
        self.settle_now(settlements, now).await;
        for one in &left {
            self.watch_strikes(one.job.id).await;
        }
        self.alone = Some(Alone::Next);
    }

    /// A person is told of a message that was set aside at its third strike.
    async fn watch_strikes(&self, message: MessageId) {
        let Ok(shown) = self.store.show(message).await else { return };
        if shown.iter().any(|(row, _)| row.state == State::Held && row.reason == Some(Reason::Broke)) {
            let text = "A message broke the program three times while it was being sent, and was set aside. The other mail is not affected. Show it to your IT person.";
            self.alarms.raise(AlarmKind::BrokenMessage, &format!("message {}", message.0), text);
        }
    }

    /// The next of those that were in flight when the program died, alone on one connection.
    pub(super) async fn attempt_alone(&mut self, now: Timestamp) {
        match self.alone {
            Some(Alone::Attempting { since }) if now < later(since, ALONE) => return,
            Some(Alone::Attempting { .. }) => return self.alone_is_over(),
            _ => {}
        }
        if self.alone.is_some() && self.delivery.unsettled.any() {
            return;
        }
        for index in 0..self.routes.len() {
            if self.attempt_next_alone(index, now).await {
                return;
            }
        }
        self.alone_is_over();
    }

    /// True when this route had one, and it is on its way: to the server that sends, or to the one that can be handed it.
    async fn attempt_next_alone(&mut self, index: usize, now: Timestamp) -> bool {
        loop {
            let Some(route) = self.routes.get(index) else { return false };
            let Some(active) = route.active().filter(|_| route.flows(now)) else { return false };
            let job = match self.store.take_alone(self.leases.draw(), route.practice, now).await {
                Ok(Some(job)) => self.first_of(job).await,
                Ok(None) => return false,
                Err(error) => {
                    tracing::error!(%error, "what was in flight could not be read");
                    return false;
                }
            };
            self.delivery.steps.reached(Step::Claimed);
            let Some(job) = job else { return false };
            let open = || route.mail_servers().find(|(_, one)| one.takes_mail(now)).map(|(at, _)| at);
            let to = if self.delivery.is_for(route, active, &job) { Some(active) } else { open() };
            if let Some(to) = to {
                self.alone = Some(Alone::Attempting { since: now });
                self.spawn(index, to, Errand::Alone(Some(Box::new(job))), Kind::Alone);
                return true;
            }
            // Given back it would be the next again, without end.
            self.wait_for_mail_server(index, vec![job], now).await;
        }
    }

    /// For now: when more of them fall due, it begins again.
    fn alone_is_over(&mut self) {
        self.alone = None;
        self.alone_due = false;
        self.look_again();
    }
}

/// Why a connection is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Usual,
    Others,
    Probe,
    Doubt,
    Alone,
}

/// A message of an attempt that broke.
struct Broken {
    job: Claimed,
    /// None: it was not begun.
    started_at: Option<Timestamp>,
    released: bool,
}

impl From<InFlight> for Broken {
    fn from(slot: InFlight) -> Self {
        Self { started_at: Some(slot.started_at), released: slot.released, job: slot.job }
    }
}

impl Broken {
    fn settle(&self, now: Timestamp) -> Vec<Settlement> {
        let verdict = if self.released { Verdict::InDoubt } else { Verdict::Struck { due_at: now } };
        let attempt = Attempt {
            instead_of: None,
            started_at: self.started_at.unwrap_or(now),
            ended_at: now,
            server: String::new(),
            phase: if self.started_at.is_some() { Phase::Data } else { Phase::Connect },
            reason: Some(if self.released { Reason::AnswerUnknown } else { Reason::Broke }),
            answer: String::new(),
        };
        let settle = |recipient: &store::ClaimedRecipient| Settlement {
            recipient: recipient.id,
            lease: recipient.lease,
            attempt: attempt.clone(),
            verdict: verdict.clone(),
        };
        self.job.recipients.iter().map(settle).collect()
    }
}
