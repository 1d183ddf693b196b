//! Probing servers whose breaker is open, and what follows when one answers or stays dead.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::{Action, Reason};
use store::{Alarm, Claim, Claimed, Filter, State};

use super::{
    Worker,
    lanes::{Kind, Running},
    later,
};
use crate::{
    deliver::{
        breaker::{Fault, Recovered},
        conclude::{Effect, QUOTA_PAUSE},
        letter::for_each_address,
    },
    queue::{
        lane::{Ended, Errand},
        route,
    },
    returns,
};

/// Messages returned for age per transaction.
const EXPIRE_SLICE: usize = 500;
/// So many messages are passed over in search of one that a probe can be made with: all else waits for that.
const PASSED_OVER: usize = 16;
/// And no more of them in bytes, which lie in memory meanwhile.
const MOST_PASSED_OVER: usize = 4 << 20;

impl Worker {
    /// Starts the probes that are due. Where no other server sends, or only a message can show that the fault is over, one real
    /// message is the probe; one that lacks it gets the next that comes.
    pub(super) async fn probe(&mut self, index: usize, now: Timestamp) {
        let Some(route) = self.routes.get_mut(index).filter(|route| !route.paused) else { return };
        let (dead, practice, kept) = (route.active().is_none(), route.practice, route.line.ready.has_kept());
        let mut due = Vec::new();
        for (at, upstream) in route.upstreams.iter_mut().enumerate() {
            if kept && std::mem::take(&mut upstream.lacks_message) {
                upstream.breaker.probe_now(now);
            }
            if upstream.breaker.begin_probe(now) {
                due.push((at, upstream.breaker.wants_message()));
            }
        }
        for (at, wants_message) in due {
            let job = if dead || wants_message { self.one_for(index, at, practice, now).await } else { None };
            if job.is_some() || !wants_message {
                let errand = Errand::Probe { job: job.map(Box::new), beside: !dead };
                self.spawn(index, at, errand, Kind::Probe);
            } else if let Some(upstream) =
                self.routes.get_mut(index).and_then(|route| route.upstreams.get_mut(at))
            {
                upstream.lacks_message = true;
                upstream.breaker.probe_inconclusive(now);
            }
        }
        let Some(route) = self.routes.get(index) else { return };
        route.line.ready.keep_one(route.upstreams.iter().any(|upstream| upstream.lacks_message));
    }

    /// One that this server can be handed. What only a mail server can goes to one, or waits for it: given back it would be the next again.
    async fn one_for(&mut self, index: usize, at: usize, practice: bool, now: Timestamp) -> Option<Claimed> {
        let (mut found, mut passed_over) = (None, Vec::new());
        let mut bytes = 0;
        while found.is_none() && passed_over.len() < PASSED_OVER && bytes < MOST_PASSED_OVER {
            let Some(job) = self.one_message(index, practice, now).await else { break };
            if self.delivery.is_for(self.routes.get(index)?, at, &job) {
                found = Some(job);
            } else {
                bytes += job.bytes.len();
                passed_over.push(job);
            }
        }
        let route = self.routes.get(index)?;
        let mut left = Vec::new();
        for job in passed_over.into_iter().rev() {
            left.extend(match route.active() {
                Some(active) if self.delivery.is_for(route, active, &job) => route.line.ready.push_first(job),
                Some(_) if !route.line.others.is_full() => route.line.others.push_first(job),
                _ => Some(job),
            });
        }
        if !left.is_empty() {
            self.wait_for_mail_server(index, left, now).await;
        }
        found
    }

    /// A real message for a probe: one that was kept for it, else one that is due in the store, else one that stands in line for
    /// the server that sends meanwhile, else, where none sends, one that must be attempted alone.
    async fn one_message(&self, index: usize, practice: bool, now: Timestamp) -> Option<Claimed> {
        let claim = Claim { lease: self.leases.draw(), now, limit: 1, bytes: 0, practice, recovery: None };
        let kept = self.routes.get(index).filter(|route| route.line.ready.has_kept());
        if kept.is_none()
            && let Some(due) = self.store.claim(claim).await.ok()?.pop()
        {
            return self.first_of(due).await;
        }
        if let Some(in_line) = self.routes.get(index).and_then(|route| route.line.ready.take_for_probe()) {
            return Some(in_line);
        }
        if self.routes.get(index)?.active().is_some() {
            return None;
        }
        self.first_of(self.store.take_alone(self.leases.draw(), practice, now).await.ok()??).await
    }

    /// Where each address gets a mail of its own: the first of these. The others wait as before.
    pub(super) async fn first_of(&self, job: Claimed) -> Option<Claimed> {
        let mut each = for_each_address(job).into_iter();
        let first = each.next();
        let others: Vec<_> = each.collect();
        if !others.is_empty() {
            self.delivery.give_back(others).await;
        }
        first
    }

    /// Servers against which nothing is known but an alarm of earlier are to be asked: mail may not go to them for long, and the alarm
    /// would stand. Not where only a message can show that its fault is over.
    pub(super) async fn doubt(&mut self) {
        let now = self.delivery.clock.now();
        let open = match self.store.alarms_to_tell().await {
            Ok(alarms) => alarms,
            Err(error) => return tracing::error!(%error, "which servers are to be asked could not be read"),
        };
        let by_message = |alarm: &Alarm| alarm.reason == Some(Reason::RelayDenied.into());
        let is_asked =
            |alarm: &&Alarm| alarm.kind.stops_a_server() && alarm.ended_at.is_none() && !by_message(alarm);
        let subjects: BTreeSet<_> =
            open.iter().filter(is_asked).map(|alarm| alarm.subject.as_str()).collect();
        for upstream in self.routes.iter_mut().flat_map(|route| &mut route.upstreams) {
            let is_doubted = !upstream.breaker.is_open() && subjects.contains(upstream.server.name.as_str());
            upstream.doubted = is_doubted.then_some(now);
        }
    }

    pub(super) fn ask_doubted(&mut self, index: usize, now: Timestamp) {
        let Some(route) = self.routes.get_mut(index).filter(|route| !route.paused) else { return };
        let doubted = route.upstreams.iter_mut().enumerate();
        let asked: Vec<_> = doubted
            .filter_map(|(at, upstream)| upstream.doubted.take_if(|from| *from <= now).map(|_| at))
            .collect();
        for at in asked {
            self.spawn(index, at, Errand::Probe { job: None, beside: true }, Kind::Doubt);
        }
    }

    /// What one that was asked in doubt says. Nothing is kept back because of it until it is at fault; and once that is known, probes tell.
    /// That it has much to do is no fault: it is asked again when it has had its time.
    pub(super) fn doubt_ended(&mut self, lane: &Running, ended: &Ended) {
        let now = self.delivery.clock.now();
        let Some(route) = self.routes.get_mut(lane.route) else { return };
        let Some(position) = route.position(&lane.server) else { return };
        let Some(upstream) = route.upstreams.get_mut(position) else { return };
        match &ended.fault {
            Some((_, Action::SlowDown | Action::Retry | Action::Pause)) => {
                let wait = ended.asked_to_wait.unwrap_or(QUOTA_PAUSE).min(QUOTA_PAUSE);
                upstream.doubted = Some(later(now, wait));
            }
            Some((fault, _)) => self.fault(lane.route, position, fault),
            None if ended.ready && !upstream.breaker.is_open() => {
                self.alarms.server_answers(&lane.server.name);
            }
            None => {}
        }
    }

    pub(super) async fn probe_ended(&mut self, lane: &Running, ended: Ended) {
        let now = self.delivery.clock.now();
        let Some(route) = self.routes.get_mut(lane.route) else { return };
        let sole = route.active().is_none();
        let Some(position) = route.position(&lane.server) else { return };
        let Some(upstream) = route.upstreams.get_mut(position) else { return };
        if let Some((fault, action)) = ended.fault.filter(|_| !ended.answered) {
            if sole && action == Action::Pause {
                // It answers again, and gives no more for now.
                let recovered = upstream.breaker.close(now);
                if let Some(recovered) = recovered {
                    self.recovered(lane.route, position, now, &recovered, sole);
                }
                return self.take_effect(lane.route, position, Effect::Pause(fault));
            }
            upstream.failed_probe_at = upstream.failed_probe_at.max(Some(lane.started_at));
            if action == Action::Pause {
                upstream.breaker.leave_alone_until(later(now, QUOTA_PAUSE));
            }
            if upstream.breaker.fail_probe(now, fault.clone()) {
                self.tell_fault(lane.route, position, &fault);
            }
            if sole {
                self.expire(lane, &fault).await;
            }
            return;
        }
        let recovered = if ended.answered {
            upstream.breaker.close(now)
        } else if ended.ready && !upstream.breaker.wants_message() && ended.asked_to_wait.is_none() {
            upstream.breaker.good_probe(now, sole)
        } else {
            upstream.breaker.probe_inconclusive(now);
            None
        };
        if let Some(recovered) = recovered {
            self.recovered(lane.route, position, now, &recovered, sole);
            if sole && ended.took {
                self.took_mail(lane.route, position);
            }
        }
    }

    fn recovered(
        &mut self,
        index: usize,
        upstream: usize,
        now: Timestamp,
        recovered: &Recovered,
        sole: bool,
    ) {
        let Some(route) = self.routes.get_mut(index) else { return };
        let Some(upstream) = route.upstreams.get_mut(upstream) else { return };
        upstream.failed_probe_at = None;
        let name = upstream.server.name.clone();
        if sole {
            route.recovery = Some(route::recovery(now, recovered.outage));
            route.due = true;
            self.alone_due = true;
        }
        route.stand_in = None;
        self.alarms.server_works(&name);
        self.show_servers();
    }

    /// A probe that began at `lane.started_at` failed: what had become too old by then, and waits only for this route, is
    /// returned. Its start is never before the service's own, so nothing is returned for age without a failed attempt.
    async fn expire(&mut self, lane: &Running, fault: &Fault) {
        let Some(route) = self.routes.get(lane.route).filter(|route| !route.ageing_stopped) else { return };
        let practice = route.practice;
        let cutoff: Timestamp = lane.started_at;
        loop {
            let now = self.delivery.clock.now();
            let expired =
                self.store.expire(cutoff, practice, EXPIRE_SLICE, Reason::Expired, &fault.answer, now).await;
            match expired {
                Ok(0) => return,
                Ok(count) => {
                    tracing::warn!(count, "returned: they had become too old without a working server");
                    self.watch_reports(now).await;
                }
                Err(error) => {
                    tracing::error!(%error, "what is too old could not be returned");
                    return;
                }
            }
        }
    }

    /// A return report that became too old itself is reported to nobody: a person is told.
    async fn watch_reports(&self, now: Timestamp) {
        let lost =
            Filter { kind: Some(store::Kind::Report), state: Some(State::Returned), ..Filter::default() };
        let Ok(lost) = self.store.list(lost, None, EXPIRE_SLICE).await else { return };
        // The store keeps microseconds.
        let now = Some(now.as_microsecond());
        for row in lost.iter().filter(|row| row.settled_at.map(Timestamp::as_microsecond) == now) {
            returns::report_lost(&self.alarms, &row.to.address);
        }
    }
}
