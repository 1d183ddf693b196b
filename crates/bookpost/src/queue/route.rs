//! A route: the line of messages before it, its servers, and what all its connections share.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use mail::{Reason, Scope, clock::Clock};
use rand::rngs::StdRng;
use rustls::ClientConfig;
use store::{Attempt, Claimed, ClaimedRecipient, InsteadOf, Recovery, RunId, Settlement, Store, Verdict};
use tokio::sync::{Notify, mpsc, watch};

use super::{
    exits::Exits, journal::Journal, lane::Gate, ready::Ready, settler::Settler, unsettled::Unsettled,
};
use crate::{
    app::steps::Steps,
    config::{Server, Settings},
    deliver::{
        allowance::Allowance,
        breaker::Breaker,
        conclude::{Effect, Refusal, Rules},
        concurrency::Concurrency,
        reverse_path::OwnReversePath,
    },
    preferences::mail_accounts::MailAccounts,
    secrets::return_path::ReturnPaths,
};

/// What all connections of the program share.
pub struct Delivery {
    pub store: Store,
    pub journal: Journal,
    pub settler: Settler,
    pub clock: Arc<dyn Clock>,
    /// Seeded in `app`.
    pub dice: Mutex<StdRng>,
    pub settings: Settings,
    /// What servers of providers are shown.
    pub accounts: MailAccounts,
    pub effects: mpsc::UnboundedSender<Told>,
    pub unsettled: Arc<Unsettled>,
    /// Told of each step of a message; for crash tests.
    pub steps: Steps,
}

/// What a connection tells the dispatcher.
#[derive(Debug)]
pub struct Told {
    pub practice: bool,
    pub server: Arc<Server>,
    pub effects: Vec<Effect>,
}

/// What the connections of one route share.
#[derive(Debug)]
pub struct Line {
    pub ready: Ready,
    /// What the web service that sends cannot be handed, for a mail server of the route.
    pub others: Ready,
    /// There is one.
    pub has_mail_server: AtomicBool,
    pub practice: bool,
    settings: Settings,
    pub own_reverse_path: OwnReversePath,
    /// How many may be past the point of no return.
    pub exits: Exits,
    /// Messages on connections.
    pub in_flight: AtomicUsize,
    /// Transactions that came to an end, good or bad, since the start.
    pub finished: AtomicUsize,
}

impl Line {
    /// Stops what stands in it, or lets it move again. What stood in it when it stops is handed out, to be given back.
    pub fn set_stopped(&self, stopped: bool) -> Vec<Claimed> {
        let others = self.others.set_stopped(stopped);
        self.ready.set_stopped(stopped).into_iter().chain(others).collect()
    }

    /// Nothing stands in line, and nothing is on a connection. What goes from the one to the other meanwhile is not missed: it is counted
    /// as on a connection before it is taken, and until it is back.
    pub fn is_still(&self) -> bool {
        let on_none = || self.in_flight.load(Ordering::Acquire) == 0;
        self.ready.is_empty_and(|| self.others.is_empty_and(on_none))
    }

    /// What follows from an answer, as preferences are now.
    pub fn rules(&self) -> Rules {
        let config = self.settings.now();
        Rules { schedule: config.schedule, in_doubt: config.sending.in_doubt, practice: self.practice }
    }
}

/// One server of a route.
#[derive(Debug)]
pub struct Upstream {
    pub server: Arc<Server>,
    pub tls: Option<Arc<ClientConfig>>,
    /// What it was given lately.
    pub allowance: Arc<Allowance>,
    /// It is known what it took before it was ours to send to; else the store is to be asked.
    pub remembered: bool,
    /// A person was told that the limit of the day is reached: it keeps mail back until then.
    pub limited_until: Option<Timestamp>,
    /// It is to be given nothing for a while, and is not at fault. That concerns the others only while this one sends.
    pub pause: Option<Pause>,
    pub breaker: Breaker,
    /// When the last of those probes began that failed since the breaker opened.
    pub failed_probe_at: Option<Timestamp>,
    pub concurrency: Concurrency,
    /// Messages that it took since the dispatcher looked last.
    pub good: Arc<AtomicUsize>,
    /// How far its connections may go on.
    pub gate: watch::Sender<Gate>,
    /// Open connections.
    pub lanes: usize,
    /// Connections that the server asked to come back later before a message could pass, in a row.
    pub turned_away: u32,
    /// Fresh connections that broke in the middle of a message, in a row.
    pub broke: u32,
    /// Only a message can show that its fault is over, and when a probe was due there was none.
    pub lacks_message: bool,
    /// It gave a good answer since something was wrong with it or the program started: no alarm about it is open.
    pub proven: bool,
    /// An alarm about it is left of earlier, and nothing is known against it now: it is to be asked from then on, as mail may not go to it
    /// for long.
    pub doubted: Option<Timestamp>,
}

/// A while in which a server is given nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    pub until: Timestamp,
    /// [`Reason::TooFast`]: the server asked for it.
    pub reason: Reason,
    /// What waits for that grows older.
    pub ages: bool,
}

/// A way for mail to leave.
#[derive(Debug)]
pub struct Route {
    pub practice: bool,
    pub line: Arc<Line>,
    /// In the order in which they are tried; none where there is nobody to send to.
    pub upstreams: Vec<Upstream>,
    /// Those that were replaced, until their last connection has ended.
    pub leaving: Vec<Upstream>,
    pub recovery: Option<Recovery>,
    /// A person wants nothing to be sent.
    pub paused: bool,
    /// In a pause that keeps mail young nothing grows older; an earlier process may have left it so.
    pub ageing_stopped: bool,
    /// There may be due mail in the store.
    pub due: bool,
    /// When was last claimed.
    pub claimed_at: Option<Timestamp>,
    /// The store could not be claimed from; not before then.
    pub claim_again_at: Option<Timestamp>,
    /// What the store said last about when mail comes due; `None`: it may be something else by now.
    pub next_due: Option<Option<Timestamp>>,
    /// The same answer to several recipients in a row.
    pub suspicion: Suspicion,
    /// Which server it was said of that it sends in place of the first.
    pub stand_in: Option<usize>,
}

/// Refusals in a row from which a run is set aside.
const SUSPICIOUS: usize = 5;

/// Counts refusals of one run in a row. The same answer for recipients of different domains is about us, not about them; an answer
/// that blames our reputation is about us whoever the recipients are.
#[derive(Debug, Default)]
pub struct Suspicion {
    /// What they have in common.
    common: Option<(Option<RunId>, Common)>,
    /// One domain for each refusal that counts.
    domains: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Common {
    Reputation,
    Answer(String),
}

impl Suspicion {
    /// Counts one; the run to set aside when it is one too many.
    pub fn count(&mut self, refusal: &Refusal) -> Option<RunId> {
        let of_reputation = refusal.scope == Scope::Reputation;
        let common = if of_reputation { Common::Reputation } else { Common::Answer(refusal.code.clone()) };
        let common = Some((refusal.run, common));
        if self.common != common {
            *self = Self { common, ..Self::default() };
        }
        if of_reputation || !self.domains.contains(&refusal.domain) {
            self.domains.push(refusal.domain.clone());
        }
        if self.domains.len() < SUSPICIOUS {
            return None;
        }
        self.clear();
        refusal.run
    }

    /// A good answer came between.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Delivery {
    /// Outcomes on their way to the database.
    pub async fn settle(&self, outcomes: Vec<Settlement>) {
        self.unsettled.leave(outcomes.len());
        self.settler.settle(outcomes).await;
    }

    /// Messages that were claimed and not attempted are waiting again, due as they were.
    pub async fn give_back(&self, jobs: Vec<Claimed>) {
        self.give_back_for(None, jobs).await;
    }

    /// The same, for a reason that they are to show.
    pub async fn give_back_for(&self, reason: Option<Reason>, jobs: Vec<Claimed>) {
        let mut settlements = given_back(&jobs, self.clock.now());
        for settlement in &mut settlements {
            settlement.attempt.reason = reason;
        }
        if !settlements.is_empty() {
            self.settle(settlements).await;
        }
    }

    /// Tells the dispatcher.
    pub fn tell(&self, line: &Line, server: &Arc<Server>, effects: Vec<Effect>) {
        let told = Told { practice: line.practice, server: Arc::clone(server), effects };
        // Without a dispatcher the program is ending, and nobody needs to be told.
        let _ = self.effects.send(told);
    }
}

impl Route {
    /// A route over `upstreams`, tried in their order. It rings `low` when its line is nearly empty. Its line is stopped until the dispatcher
    /// has it move: what comes before there is one waits in the store.
    pub fn new(
        practice: bool,
        settings: Settings,
        upstreams: Vec<Upstream>,
        low: Arc<Notify>,
        paths: ReturnPaths,
    ) -> Self {
        let others = Ready::new(low);
        let line = Line {
            ready: Ready::beside(&others),
            others,
            has_mail_server: AtomicBool::new(has_mail_server(&upstreams)),
            practice,
            own_reverse_path: OwnReversePath::new(settings.clone(), paths),
            settings,
            exits: Exits::default(),
            in_flight: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
        };
        let _ = line.set_stopped(true);
        Self {
            practice,
            line: Arc::new(line),
            upstreams,
            leaving: Vec::new(),
            recovery: None,
            paused: false,
            ageing_stopped: true,
            due: true,
            claimed_at: None,
            claim_again_at: None,
            next_due: None,
            suspicion: Suspicion::default(),
            stand_in: None,
        }
    }

    /// The server that sends now: the first whose breaker is closed.
    pub fn active(&self) -> Option<usize> {
        self.upstreams.iter().position(|upstream| !upstream.breaker.is_open())
    }

    /// Those that an envelope can be given to, in their order.
    pub fn mail_servers(&self) -> impl Iterator<Item = (usize, &Upstream)> {
        self.upstreams.iter().enumerate().filter(|(_, upstream)| upstream.server.service.is_none())
    }

    /// Why mail goes to this server and not to the first; none where it is the first.
    pub fn instead_of(&self, upstream: usize) -> Option<InsteadOf> {
        let first = self.upstreams.first().filter(|_| upstream > 0)?;
        first.breaker.fault().map(|(fault, since)| InsteadOf { since, reason: fault.reason })
    }

    /// Mail goes to these servers from here on. What is known of a server that stays as it was is kept; connections to one that does not
    /// finish what they have begun.
    pub fn replace(&mut self, upstreams: Vec<Upstream>) {
        let mut before = std::mem::take(&mut self.upstreams);
        for mut new in upstreams {
            // A provider counts what all of its servers take of an account.
            let is_counted_on = |old: &&Upstream| {
                let (old, new) = (&old.server, &new.server);
                old.peer() == new.peer() || (new.sign_in.is_some() && old.sign_in == new.sign_in)
            };
            if let Some(old) = before.iter().find(is_counted_on) {
                (new.allowance, new.remembered) = (Arc::clone(&old.allowance), old.remembered);
            }
            let same = before.iter().position(|old| old.server == new.server);
            self.upstreams.push(same.map_or(new, |at| before.remove(at)));
        }
        for old in before.into_iter().filter(|old| old.lanes > 0) {
            old.gate.send_replace(Gate::Replaced);
            self.leaving.push(old);
        }
        self.line.has_mail_server.store(has_mail_server(&self.upstreams), Ordering::Relaxed);
        self.line.own_reverse_path.forget();
        self.suspicion.clear();
        self.stand_in = None;
        (self.recovery, self.due, self.next_due) = (None, true, None);
    }

    /// Which of the servers this is; none: it was replaced.
    pub fn position(&self, server: &Arc<Server>) -> Option<usize> {
        self.upstreams.iter().position(|upstream| Arc::ptr_eq(&upstream.server, server))
    }

    /// A connection to this server has ended.
    pub fn lane_ended(&mut self, server: &Arc<Server>) {
        let all = self.upstreams.iter_mut().chain(&mut self.leaving);
        for upstream in all.filter(|upstream| Arc::ptr_eq(&upstream.server, server)) {
            upstream.lanes = upstream.lanes.saturating_sub(1);
        }
        self.leaving.retain(|upstream| upstream.lanes > 0);
    }

    /// Connections to the server that sends now take messages; those to the others finish what they have begun.
    pub fn steer(&self) {
        let active = self.active();
        for (index, upstream) in self.upstreams.iter().enumerate() {
            let gate = if active == Some(index) { Gate::Open } else { Gate::Finish };
            upstream.gate.send_if_modified(|shown| std::mem::replace(shown, gate) != gate);
        }
    }

    /// May messages leave now?
    pub fn flows(&self, now: Timestamp) -> bool {
        // What waited is not tried before the time that does not count was credited: it might be given up for age.
        !self.pauses(now) && !self.ageing_stopped && self.active().is_some()
    }

    /// Is a while to pass before anything is sent, or is there nobody to send to?
    pub fn pauses(&self, now: Timestamp) -> bool {
        self.paused || self.upstreams.is_empty() || self.active_pause(now).is_some()
    }

    /// Is that a while in which nothing is to grow older?
    pub fn keeps_young(&self, now: Timestamp) -> bool {
        self.paused || self.upstreams.is_empty() || self.active_pause(now).is_some_and(|pause| !pause.ages)
    }

    /// That of the server that sends now.
    pub fn active_pause(&self, now: Timestamp) -> Option<Pause> {
        self.upstreams.get(self.active()?)?.pauses(now)
    }

    /// A person wants nothing to be sent, or does again. The time in between makes nothing older.
    pub fn pause(&mut self, paused: bool) {
        self.ageing_stopped |= paused;
        self.paused = paused;
    }

    /// When something must be done for this route even if nothing happens: a probe, or the end of a pause.
    pub fn wake_at(&self, now: Timestamp) -> Option<Timestamp> {
        let asked = self.upstreams.iter().filter(|_| !self.paused);
        let probes = asked.flat_map(|one| one.breaker.next_probe_at().into_iter().chain(one.doubted));
        let pauses = self.upstreams.iter().filter_map(|upstream| upstream.pauses(now));
        probes.chain(pauses.map(|pause| pause.until)).min()
    }
}

impl Upstream {
    /// A server with nothing known against it.
    pub fn new(server: Arc<Server>, tls: Option<Arc<ClientConfig>>) -> Self {
        let concurrency = Concurrency::new(server.connections);
        Self {
            server,
            tls,
            allowance: Arc::default(),
            remembered: false,
            limited_until: None,
            pause: None,
            breaker: Breaker::default(),
            failed_probe_at: None,
            concurrency,
            good: Arc::default(),
            gate: watch::channel(Gate::Open).0,
            lanes: 0,
            proven: false,
            doubted: None,
            turned_away: 0,
            broke: 0,
            lacks_message: false,
        }
    }

    /// The longer of two pauses holds.
    pub fn pause_for(&mut self, pause: Pause) {
        if self.pause.is_none_or(|longest| longest.until < pause.until) {
            self.pause = Some(pause);
        }
    }

    /// Its pause, if one lasts.
    pub fn pauses(&self, now: Timestamp) -> Option<Pause> {
        self.pause.filter(|pause| now < pause.until)
    }

    /// May it be given mail?
    pub fn takes_mail(&self, now: Timestamp) -> bool {
        !self.breaker.is_open() && self.pauses(now).is_none()
    }
}

fn has_mail_server(upstreams: &[Upstream]) -> bool {
    upstreams.iter().any(|upstream| upstream.server.service.is_none())
}

/// Settlements of messages that were claimed and not attempted.
pub fn given_back(jobs: &[Claimed], now: Timestamp) -> Vec<Settlement> {
    let not_attempted = Attempt {
        instead_of: None,
        started_at: now,
        ended_at: now,
        server: String::new(),
        phase: mail::Phase::Connect,
        reason: None,
        answer: String::new(),
    };
    let settle = |recipient: &ClaimedRecipient| Settlement {
        recipient: recipient.id,
        lease: recipient.lease,
        attempt: not_attempted.clone(),
        verdict: Verdict::GivenBack,
    };
    jobs.iter().flat_map(|job| &job.recipients).map(settle).collect()
}

/// What waited only because of the route comes due over this window after an outage.
pub fn recovery(now: Timestamp, outage: Duration) -> Recovery {
    Recovery { recovered_at: now, window: mail::retry::recovery_window(outage) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Way};

    fn refusal(scope: Scope, code: &str, domain: &str) -> Refusal {
        Refusal { scope, code: code.into(), answer: code.into(), domain: domain.into(), run: Some(RunId(1)) }
    }

    /// What five refusals in a row come to.
    fn five(one: impl Fn(usize) -> Refusal) -> Option<RunId> {
        let mut suspicion = Suspicion::default();
        (0..5).filter_map(|n| suspicion.count(&one(n))).last()
    }

    fn others(n: usize) -> &'static str {
        ["a", "b", "c", "d", "e"][n]
    }

    /// There is a way in before there is a dispatcher, and what tells people of alarms uses it at once.
    #[test]
    fn what_comes_before_there_is_a_dispatcher_waits_in_the_store() {
        let settings = Settings::new(Config::usual(Path::new("/nowhere"), Way::Practice));
        let route = Route::new(true, settings, Vec::new(), Arc::default(), ReturnPaths::new(b"key"));
        assert!(route.line.ready.is_stopped() && route.line.others.is_stopped());
    }

    #[test]
    fn the_longer_of_two_pauses_holds() {
        let at = |minutes: i64| Timestamp::constant(minutes * 60, 0);
        let pause = |minutes, reason| Pause { until: at(minutes), reason, ages: reason == Reason::TooFast };
        let mut upstream =
            Upstream::new(Arc::new(Server::plain("server1", ([127, 0, 0, 1], 25).into())), None);
        let (day, hour) = (pause(1440, Reason::LimitReached), pause(60, Reason::QuotaUsedUp));
        for one in [pause(1, Reason::TooFast), day, hour, pause(2, Reason::TooFast)] {
            upstream.pause_for(one);
        }
        assert_eq!((upstream.pauses(at(1439)), upstream.pauses(at(1440))), (Some(day), None));
    }

    #[test]
    fn only_equal_refusals_of_different_domains_in_a_row_are_about_us() {
        let code = |n| if n == 2 { "550 5.1.1" } else { "554 5.6.0" };
        let message = |code, domain| refusal(Scope::Message, code, domain);
        assert_eq!(five(|n| message("554 5.6.0", others(n))), Some(RunId(1)));
        assert_eq!(five(|_| message("554 5.6.0", "a")), None, "one domain");
        assert_eq!(five(|n| message(code(n), others(n))), None, "another answer");
        let mut suspicion = Suspicion::default();
        for n in 0..5 {
            if n == 3 {
                suspicion.clear();
            }
            assert_eq!(suspicion.count(&message("554 5.6.0", others(n))), None, "a good answer between");
        }
    }

    #[test]
    fn refusals_for_reputation_are_about_us_whoever_the_recipients_are() {
        let codes = |n: usize| ["550 5.7.26", "550 5.7.515"][n % 2];
        let reputation = |code| refusal(Scope::Reputation, code, "a");
        assert_eq!(five(|n| reputation(codes(n))), Some(RunId(1)));
        let unknown =
            |n| if n == 2 { refusal(Scope::Recipient, "550 5.1.1", "a") } else { reputation("550") };
        assert_eq!(five(unknown), None, "not in a row");
    }
}
