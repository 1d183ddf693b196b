//! The dispatcher: one task that owns the routes and decides who may send what, and when.
//!
//! It claims what is due, keeps the right number of connections open, probes servers that failed, spreads what waited for
//! them, and returns what became too old behind them. It never sends anything itself.

mod handle;
mod lanes;
mod left_alone;
mod limits;
mod others;
mod probes;
mod told;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use store::{AlarmKind, Claim, Lease, Settled, Settlement, Store};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::{Id, JoinSet},
};

use crate::{
    alarms::Alarms,
    app::steps::Step,
    queue::{
        lane::{Ended, Gate},
        ready::{MEMORY_BUDGET, OfRun},
        route::{Delivery, Route, Told, Upstream, given_back},
        stands,
    },
};

use self::handle::Request;
pub use self::handle::{Activity, Handle, Inbox, Withdrawn, inbox};
pub use lanes::Running;

/// Recipients per claim.
const CLAIM: usize = 256;
/// While fresh mail stands in line, what is due in the store is claimed this often.
const CLAIM_BESIDE: Duration = Duration::from_secs(1);
/// The store is asked again after so long when it could not be claimed from.
const CLAIM_AGAIN: Duration = Duration::from_secs(5);
/// During the window after a recovery, the store is asked this often.
const RECOVERY_STEP: Duration = Duration::from_secs(1);
/// The store is asked at least this often, whatever it said last.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// On shutdown, answers to what has passed the point of no return are waited for this long.
pub const DRAIN: Duration = Duration::from_secs(30);
/// Whoever had mail taken out of the line decides about it within this time.
const WITHDRAWN: Duration = Duration::from_secs(10);
/// A recipient that was in flight when the program died is attempted alone for so long; then others go too.
const ALONE: Duration = Duration::from_secs(30);

/// What the alarm is about when stored mail cannot be read.
pub const UNREADABLE: &str = "stored mail";

/// The dispatcher's state.
pub struct Worker {
    store: Store,
    delivery: Arc<Delivery>,
    alarms: Alarms,
    routes: Vec<Route>,
    lanes: JoinSet<Ended>,
    running: HashMap<Id, Running>,
    told: mpsc::UnboundedReceiver<Told>,
    inbox: Inbox,
    low: Arc<Notify>,
    leases: Arc<Leases>,
    /// Recipients that were in flight at an abnormal end are attempted alone first.
    alone: Option<Alone>,
    /// Some of them may have fallen due.
    alone_due: bool,
    /// The database refused a claim, perhaps in an earlier start.
    disk_failed: bool,
    journal_failed: bool,
    /// How many recipients were set aside so far because they cannot be read.
    unreadable: u64,
    /// Who waits until nothing moves.
    askers: Vec<oneshot::Sender<Timestamp>>,
    /// Who waits until nothing is sent any more, or again.
    pausers: Vec<oneshot::Sender<()>>,
}

/// What happens to those that were in flight when the program died.
#[derive(Debug)]
enum Alone {
    /// Look for the next one.
    Next,
    /// This one is being attempted, since then.
    Attempting { since: Timestamp },
}

/// Draws lease tokens: the epoch in the high half, a counter in the low half.
#[derive(Debug)]
pub struct Leases {
    next: std::sync::atomic::AtomicI64,
}

impl Leases {
    /// Tokens of one start of the program.
    pub fn new(epoch: i64) -> Self {
        Self { next: std::sync::atomic::AtomicI64::new(epoch << 32) }
    }

    /// A token that was never given before.
    pub fn draw(&self) -> Lease {
        Lease(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What a worker is made of.
pub struct Parts {
    pub store: Store,
    pub delivery: Arc<Delivery>,
    pub alarms: Alarms,
    pub routes: Vec<Route>,
    pub told: mpsc::UnboundedReceiver<Told>,
    /// Rung by the lines when they are nearly empty.
    pub low: Arc<Notify>,
    pub leases: Arc<Leases>,
    pub inbox: Inbox,
    /// Nothing is to be sent until somebody says so.
    pub paused: bool,
}

impl Worker {
    /// A dispatcher over these parts.
    pub fn new(parts: Parts) -> Self {
        let mut worker = Self {
            store: parts.store,
            delivery: parts.delivery,
            alarms: parts.alarms,
            routes: parts.routes,
            lanes: JoinSet::new(),
            running: HashMap::new(),
            told: parts.told,
            inbox: parts.inbox,
            low: parts.low,
            leases: parts.leases,
            alone: Some(Alone::Next),
            alone_due: true,
            disk_failed: true,
            journal_failed: false,
            unreadable: 0,
            askers: Vec::new(),
            pausers: Vec::new(),
        };
        for route in &mut worker.routes {
            route.pause(parts.paused);
        }
        worker
    }

    /// Works until drained.
    pub async fn run(mut self) {
        self.show_servers();
        self.remember_sent().await;
        self.doubt().await;
        loop {
            let arrivals = self.delivery.unsettled.arrivals();
            let wake_at = self.advance().await;
            self.show_limit();
            self.show_stands();
            self.answer_pausers().await;
            self.announce(wake_at, arrivals);
            let clock = Arc::clone(&self.delivery.clock);
            let low = Arc::clone(&self.low);
            let draining = tokio::select! {
                biased;
                Some(told) = self.told.recv() => { self.hear(told).await; false }
                Some(ended) = self.lanes.join_next_with_id() => { self.lane_ended(ended).await; false }
                requests = self.inbox.next() => self.obey(requests).await,
                () = low.notified() => false,
                () = clock.sleep_until(wake_at) => false,
            };
            if clock.now() >= wake_at {
                self.alone_due = true;
                self.look_again();
            }
            if draining || self.journal_failed {
                break;
            }
        }
        self.drain().await;
        self.inbox.activity.send_replace(Activity::Ended { journal_failed: self.journal_failed });
    }

    /// Does all that can be done now; tells until when nothing more can.
    async fn advance(&mut self) -> Timestamp {
        let now = self.delivery.clock.now();
        let mut wake_at = later(now, LONGEST_SLEEP);
        self.watch_limits(now);
        self.watch_waits(now);
        for index in 0..self.routes.len() {
            self.grow_older(index, now).await;
        }
        if self.alone.is_some() || self.alone_due {
            self.attempt_alone(now).await;
            if self.alone.is_some() {
                return later(now, RECOVERY_STEP);
            }
        }
        for index in 0..self.routes.len() {
            self.grow(index);
            self.stop_or_go(index, now).await;
            self.routes.get(index).into_iter().for_each(Route::steer);
            self.claim(index, now).await;
            self.tell_of_unreadable();
            self.open_lanes(index);
            self.probe(index, now).await;
            self.send_others(index, now).await;
            self.ask_doubted(index, now);
            if let Some(at) = self.route_wake_at(index, now).await {
                wake_at = wake_at.min(at);
            }
        }
        wake_at
    }

    /// The line moves only while mail may leave; what stands in it when it stops goes back to waiting.
    async fn stop_or_go(&mut self, index: usize, now: Timestamp) {
        let Some(route) = self.routes.get(index) else { return };
        let left = route.line.set_stopped(!route.flows(now));
        let reason = route.active_pause(now).map(|pause| pause.reason);
        self.delivery.give_back_for(reason, left).await;
    }

    /// Whoever paused hears so once no line moves any more, whatever else goes on.
    async fn answer_pausers(&mut self) {
        if self.pausers.is_empty() {
            return;
        }
        for index in 0..self.routes.len() {
            self.stop_or_go(index, self.delivery.clock.now()).await;
        }
        for pauser in self.pausers.drain(..) {
            // Who asked may have gone.
            let _ = pauser.send(());
        }
    }

    /// In some pauses nothing grows older; when they are over, as far as anyone knows, time counts again.
    async fn grow_older(&mut self, index: usize, now: Timestamp) {
        let Some(route) = self.routes.get_mut(index) else { return };
        if route.keeps_young(now) {
            // Which changes nothing where it is so already.
            route.ageing_stopped = true;
            if let Err(error) = self.store.stop_ageing(route.practice, now).await {
                tracing::error!(%error, "the beginning of a pause could not be stored");
            }
        }
        if route.ageing_stopped && !route.pauses(now) {
            match self.store.resume_ageing(route.practice, now).await {
                Ok(()) => route.ageing_stopped = false,
                Err(error) => tracing::error!(%error, "the time of a pause could not be credited yet"),
            }
        }
    }

    /// Counts the good answers of each server. What was taken before its breaker opened says nothing against that.
    fn grow(&mut self, index: usize) {
        let Some(route) = self.routes.get_mut(index) else { return };
        let (now, active) = (self.delivery.clock.now(), route.active());
        let mut took = false;
        for (at, upstream) in route.upstreams.iter_mut().enumerate() {
            let good = upstream.good.swap(0, Ordering::Relaxed);
            if good == 0 || upstream.breaker.is_open() {
                continue;
            }
            took |= active == Some(at);
            route.suspicion.clear();
            upstream.concurrency.good(good);
            (upstream.broke, upstream.turned_away) = (0, 0);
            // Nor does what was answered just before an allowance was used up.
            if upstream.pauses(now).is_none() && !std::mem::replace(&mut upstream.proven, true) {
                let name = &upstream.server.name;
                if upstream.limited_until.is_some() {
                    self.alarms.server_answers(name);
                } else {
                    self.alarms.server_works(name);
                }
            }
        }
        if let Some(active) = active.filter(|_| took) {
            self.took_mail(index, active);
        }
    }

    /// Claims what is due, while the line is short and mail flows.
    async fn claim(&mut self, index: usize, now: Timestamp) {
        while let Some(route) = self.routes.get_mut(index) {
            let refused_lately = route.claim_again_at.is_some_and(|at| now < at);
            // Fresh mail may keep the line from ever getting low: what waits in the store has its turns all the same.
            let in_turn = route.claimed_at.is_none_or(|at| now >= later(at, CLAIM_BESIDE));
            let free = route.line.ready.free();
            let has_room = if in_turn { free > 0 } else { route.line.ready.is_low() };
            if !route.due || refused_lately || !route.flows(now) || !has_room {
                return;
            }
            route.claimed_at = Some(now);
            route.next_due = None;
            route.recovery =
                route.recovery.filter(|recovery| now < later(recovery.recovered_at, recovery.window));
            let claim = Claim {
                lease: self.leases.draw(),
                now,
                limit: CLAIM,
                bytes: free.min(MEMORY_BUDGET / 2),
                practice: route.practice,
                recovery: route.recovery,
            };
            match self.store.claim(claim).await {
                Ok(claimed) => {
                    if std::mem::take(&mut self.disk_failed) {
                        self.alarms.clear(AlarmKind::Disk, "queue");
                    }
                    if !claimed.is_empty() {
                        self.delivery.steps.reached(Step::Claimed);
                    }
                    route.due = !claimed.is_empty();
                    let refused = route.line.ready.push(claimed);
                    self.delivery.give_back(refused).await;
                }
                Err(error) => {
                    tracing::error!(%error, "due mail could not be claimed");
                    self.alarms.raise(AlarmKind::Disk, "queue", error.to_string());
                    self.disk_failed = true;
                    route.claim_again_at = Some(later(now, CLAIM_AGAIN));
                    return;
                }
            }
        }
    }

    /// A claim sets aside what cannot be read, and the others go: a person is told.
    fn tell_of_unreadable(&mut self) {
        let unreadable = self.store.stats().unreadable;
        if std::mem::replace(&mut self.unreadable, unreadable) < unreadable {
            let text = "Stored mail could not be read and was set aside; the other messages are not affected. Look at the disk. Show what was set aside with: bookpost queue list --state held";
            self.alarms.raise(AlarmKind::BrokenMessage, UNREADABLE, text);
        }
    }

    /// Outcomes that must be in the database before the dispatcher goes on. Where that cannot be had, they go the usual way.
    async fn settle_now(&self, outcomes: Vec<Settlement>, now: Timestamp) {
        let Ok(results) = self.store.settle(outcomes.clone(), now).await else {
            return self.delivery.settle(outcomes).await;
        };
        // The journal keeps what the database refused: the next start finds it there.
        let settled = outcomes.iter().zip(results).filter(|(_, result)| *result != Settled::Refused);
        let keys = settled.map(|(outcome, _)| (outcome.recipient, outcome.lease));
        if let Err(error) = self.delivery.journal.committed(keys) {
            tracing::error!(%error, "the journal cannot be written; the next mark says so");
        }
    }

    /// When this route needs the dispatcher next.
    async fn route_wake_at(&mut self, index: usize, now: Timestamp) -> Option<Timestamp> {
        let route = self.routes.get_mut(index)?;
        let mut wake_at = route.wake_at(now);
        if route.flows(now) {
            let refused_until = route.claim_again_at.filter(|at| now < *at);
            let due = if refused_until.is_some() {
                refused_until
            } else if route.recovery.is_some() {
                Some(later(now, RECOVERY_STEP))
            } else if route.due {
                Some(later(now, CLAIM_BESIDE)) // sooner if the connections ring because the line is low
            } else if !route.line.ready.is_empty() {
                None
            } else if let Some(known) = route.next_due {
                known
            } else {
                let next = self.store.next_due(route.practice).await.ok();
                route.next_due = next.map(|next| next.map(|(due_at, _)| due_at));
                // What fell due since the last claim, such as what was given back, is not for later.
                route.due |= route.next_due.flatten().is_some_and(|due_at| due_at <= now);
                route.next_due.flatten()
            };
            wake_at =
                wake_at.into_iter().chain(due.map(|due| due.max(later(now, Duration::from_millis(1))))).min();
        }
        wake_at
    }

    /// Time has passed: what was not due may be now.
    fn look_again(&mut self) {
        for route in &mut self.routes {
            route.due = true;
        }
    }

    /// True: to drain.
    async fn obey(&mut self, requests: Vec<Request>) -> bool {
        let mut drains = requests.is_empty();
        for request in requests {
            match request {
                Request::Fresh => {}
                Request::Wake => self.look_again(),
                Request::Pause(paused, asker) => {
                    self.routes.iter_mut().for_each(|route| route.pause(paused));
                    self.pausers.push(asker);
                    self.look_again();
                }
                Request::Reroute(upstreams, asker) => {
                    self.reroute(upstreams).await;
                    self.pausers.push(asker);
                }
                Request::Probe => {
                    let now = self.delivery.clock.now();
                    let upstreams = self.routes.iter_mut().flat_map(|route| &mut route.upstreams);
                    upstreams.for_each(|upstream| upstream.breaker.probe_now(now));
                    self.doubt().await;
                }
                Request::Withdraw(these, asker) => self.withdraw(&these, asker).await,
                Request::Settled => self.routes.iter_mut().for_each(|route| route.next_due = None),
                Request::TellWhenQuiet(answer) => {
                    self.alone_due = true;
                    self.look_again();
                    self.askers.push(answer);
                }
                Request::Drain => drains = true,
            }
        }
        drains
    }

    /// Whoever asked decides about what waits then; meanwhile nothing of it is claimed again.
    async fn withdraw(&mut self, these: &OfRun, asker: oneshot::Sender<Withdrawn>) {
        let lines = self.routes.iter().flat_map(|route| [&route.line.ready, &route.line.others]);
        let out: Vec<_> = lines.flat_map(|ready| ready.take_out(these)).collect();
        let now = self.delivery.clock.now();
        self.settle_now(given_back(&out, now), now).await;
        let (holds, let_go) = oneshot::channel();
        if asker.send(Withdrawn { _holds: holds }).is_ok() {
            // Either end is as good: what was not decided about by then is sent.
            let _ = tokio::time::timeout(WITHDRAWN, let_go).await;
        }
        self.look_again();
    }

    async fn reroute(&mut self, upstreams: Vec<Upstream>) {
        let Some(route) = self.routes.iter_mut().find(|route| !route.practice) else { return };
        let before: Vec<_> = route.upstreams.iter().map(|upstream| upstream.server.name.clone()).collect();
        route.replace(upstreams);
        let gone = |name: &&String| route.upstreams.iter().all(|upstream| upstream.server.name != **name);
        before.iter().filter(gone).for_each(|name| self.alarms.server_works(name));
        if let [only] = route.upstreams.as_slice() {
            self.alarms.clear(AlarmKind::BackupInUse, &only.server.name);
        }
        self.remember_sent().await;
        self.doubt().await;
        self.show_servers();
        self.look_again();
    }

    /// Tells whether anything moves. A message goes from the line to a connection, and back or on to the database: each place is looked at
    /// before those to which it goes from there, and what came to the database since this round began was not looked at yet.
    fn announce(&mut self, wake_at: Timestamp, arrivals: u64) {
        let now = self.delivery.clock.now();
        let moving = self.alone.is_some()
            || self.running.values().any(|lane| lane.probe || lane.doubt)
            || self.routes.iter().any(|route| !route.line.is_still() || route.due && route.flows(now))
            || self.delivery.unsettled.any()
            || self.delivery.unsettled.arrivals() != arrivals
            || !self.told.is_empty();
        let activity = if moving { Activity::Busy } else { Activity::AsleepUntil(wake_at) };
        if !moving {
            for asker in self.askers.drain(..) {
                let _ = asker.send(wake_at);
            }
        }
        self.inbox.activity.send_if_modified(|shown| std::mem::replace(shown, activity) != activity);
    }

    fn show_servers(&self) {
        let upstreams = self.routes.iter().flat_map(|route| &route.upstreams);
        let servers: Vec<_> =
            upstreams.map(|upstream| (upstream.server.name.clone(), upstream.breaker.is_open())).collect();
        self.inbox.servers.send_if_modified(|shown| {
            let news = *shown != servers;
            *shown = servers;
            news
        });
        self.inbox.stands.send_replace(stands::of_routes(&self.routes));
        let recovery = self.routes.iter().find(|route| !route.practice).and_then(|route| route.recovery);
        self.inbox.recovery.send_if_modified(|shown| std::mem::replace(shown, recovery) != recovery);
    }

    /// A pause that begins, and another fault than before, change how a server stands while it is the same server.
    fn show_stands(&self) {
        if !stands::are_known(&self.routes, &self.inbox.stands.borrow()) {
            self.inbox.stands.send_replace(stands::of_routes(&self.routes));
        }
    }

    /// What has not passed the point of no return is given back at once; the rest is waited for, bounded.
    async fn drain(&mut self) {
        for route in &self.routes {
            for upstream in route.upstreams.iter().chain(&route.leaving) {
                upstream.gate.send_replace(Gate::Abandon);
            }
            let left = route.line.set_stopped(true);
            self.delivery.give_back(left).await;
        }
        let patience = tokio::time::sleep(DRAIN);
        tokio::pin!(patience);
        while !self.lanes.is_empty() || self.delivery.unsettled.any() {
            tokio::select! {
                Some(ended) = self.lanes.join_next() => {
                    if let Some(job) = ended.ok().and_then(|ended| ended.left) {
                        self.delivery.give_back(vec![*job]).await;
                    }
                }
                Some(_) = self.inbox.requests.recv() => {}
                () = &mut patience => {
                    tracing::warn!(
                        connections = self.lanes.len(),
                        "not everything could be finished in time; what was sent without an answer is in doubt"
                    );
                    self.lanes.abort_all();
                    break;
                }
            }
        }
        while let Ok(told) = self.told.try_recv() {
            self.hear(told).await;
        }
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_round_does_for_all_that_was_asked_for() {
        let (handle, mut inbox) = inbox();
        for _ in 0..1_000 {
            handle.fresh();
            handle.settled();
        }
        assert_eq!(inbox.next().await.len(), 2_000);
        handle.drain();
        assert!(matches!(inbox.next().await.as_slice(), [Request::Drain]));
        drop(handle);
        assert!(inbox.next().await.is_empty());
    }
}
