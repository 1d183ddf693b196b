//! What the web service that sends cannot be handed, and a mail server of the route can.

use std::{sync::atomic::Ordering, time::Duration};

use jiff::Timestamp;
use mail::{Phase, Reason};
use store::{Claimed, ClaimedRecipient, Kind, Settlement, Verdict};

use super::{Worker, lanes, later};
use crate::{
    deliver::put_off::{Why, put_off},
    queue::{
        lane::{Errand, FOR_ITS_TURN},
        route::{Route, Upstream, given_back},
    },
    returns,
};

/// A probe has come to its end by then.
const A_PROBE: Duration = Duration::from_mins(1);

impl Worker {
    /// A connection for it, if the mail server takes mail; else it waits by the schedule, and says why.
    pub(super) async fn send_others(&mut self, index: usize, now: Timestamp) {
        let Some(route) = self.routes.get(index).filter(|route| !route.line.others.is_empty()) else {
            return;
        };
        let open = route.mail_servers().find(|(_, one)| one.takes_mail(now));
        if let Some((at, upstream)) = open {
            let under_way = self.running.values().filter(|lane| lane.others && lane.route == index).count();
            if under_way < route.line.others.len() && upstream.lanes < upstream.concurrency.allowed() {
                self.spawn(index, at, Errand::Others, lanes::Kind::Others);
            }
            return;
        }
        let left = route.line.others.set_stopped(true);
        let _ = route.line.others.set_stopped(false);
        route.line.finished.fetch_add(left.len(), Ordering::Relaxed);
        self.wait_for_mail_server(index, left, now).await;
    }

    /// No mail server of the route takes them now: they wait by the schedule, and show what is wrong with the first.
    pub(super) async fn wait_for_mail_server(&self, index: usize, jobs: Vec<Claimed>, now: Timestamp) {
        let Some(route) = self.routes.get(index) else { return };
        let Some((_, upstream)) = route.mail_servers().next() else {
            // There is none any more: whoever takes it next sees to it.
            return self.settle_now(given_back(&jobs, now), now).await;
        };
        let (reason, answer) = match (upstream.breaker.fault(), upstream.pauses(now)) {
            (Some((fault, _)), _) => (fault.reason, fault.answer.clone()),
            (None, Some(pause)) => (pause.reason, String::new()),
            (None, None) => (Reason::TryLater, FOR_ITS_TURN.to_owned()),
        };
        let why = Why { server: &upstream.server.peer(), phase: Phase::Connect, reason, answer };
        let mut settlements: Vec<Settlement> = Vec::new();
        for job in &jobs {
            let due_next = self.delivery.due_next(&route.line, job, now);
            let verdicts = put_off(job, now, &why, |one| match due_next {
                Some(due_at) => Verdict::Deferred { due_at, in_doubt: false },
                None => too_old(route, upstream, one, now),
            });
            let is_lost = |one: &&Settlement| job.kind == Kind::Report && one.verdict == Verdict::Returned;
            for (to, _) in job.envelope.recipients().iter().zip(&verdicts).filter(|(_, one)| is_lost(one)) {
                returns::report_lost(&self.alarms, &to.address);
            }
            settlements.extend(verdicts);
        }
        self.settle_now(settlements, now).await;
    }
}

/// It is given up when a probe of the mail server has failed that began after it had become too old, as everything else is; until then it
/// is looked at again after each.
fn too_old(route: &Route, upstream: &Upstream, one: &ClaimedRecipient, now: Timestamp) -> Verdict {
    let has_failed = upstream.failed_probe_at.is_some_and(|began_at| one.expires_at <= began_at);
    if !has_failed || route.ageing_stopped {
        let next = upstream.breaker.next_probe_at().map_or(now, |at| at.max(now));
        return Verdict::Deferred { due_at: later(next, A_PROBE), in_doubt: false };
    }
    if one.in_doubt_before { Verdict::InDoubt } else { Verdict::Returned }
}
