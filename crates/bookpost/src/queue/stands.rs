//! Which server keeps mail waiting, and why: as the worker knows it of each, and after a start as the open alarms do.

use jiff::Timestamp;
use mail::Reason;
use serde::{Deserialize, Serialize};
use store::{Alarm, Row, State};

use super::route::{Pause, Route, Upstream};

/// One server at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// It is the practice mailbox.
    pub practice: bool,
    /// As it is called in the settings.
    pub name: String,
    /// Host and port.
    pub peer: String,
    /// Since when it is at fault.
    pub fault: Option<(Reason, Timestamp)>,
    /// A while in which it is given nothing.
    pub pause: Option<Pause>,
}

/// What mail waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitsFor {
    /// The server, as it is called in the settings.
    pub server: String,
    /// Host and port.
    pub address: String,
    /// Why it is given nothing; none, where that was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Since when it is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it is given mail again. None: as soon as it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// All servers of these routes, in their order.
pub(super) fn of_routes(routes: &[Route]) -> Vec<Stands> {
    let of_route = |route: &Route| {
        let practice = route.practice;
        let one = |upstream: &Upstream| Stands {
            practice,
            name: upstream.server.name.clone(),
            peer: upstream.server.peer(),
            fault: fault(upstream),
            pause: upstream.pause,
        };
        route.upstreams.iter().map(one).collect::<Vec<_>>()
    };
    routes.iter().flat_map(of_route).collect()
}

/// Whether they stand as is known of them already.
pub(super) fn are_known(routes: &[Route], known: &[Stands]) -> bool {
    let all = routes.iter().flat_map(|route| &route.upstreams);
    all.map(|upstream| (fault(upstream), upstream.pause)).eq(known.iter().map(|one| (one.fault, one.pause)))
}

fn fault(upstream: &Upstream) -> Option<(Reason, Timestamp)> {
    upstream.breaker.fault().map(|(fault, since)| (fault.reason, since))
}

/// The servers that this recipient's mail waits for: all of them where none takes mail, or the one that sends and has its pause. What is
/// not to go yet by its own time waits for none.
pub fn waits_for(row: &Row, servers: &[Stands], alarms: &[Alarm], now: Timestamp) -> Vec<WaitsFor> {
    let for_later = row.attempts == 0 && row.reason.is_none() && row.first_due_at > now;
    if row.state != State::Waiting || for_later {
        return Vec::new();
    }
    let mut down = Vec::new();
    for one in servers.iter().filter(|one| one.practice == row.practice) {
        let told = || {
            let of_it =
                alarms.iter().find(|alarm| alarm.kind.stops_a_server() && alarm.subject == one.name)?;
            Some((of_it.reason.and_then(store::AlarmReason::of_mail), of_it.started_at))
        };
        let fault = one.fault.map(|(reason, since)| (Some(reason), since)).or_else(told);
        let waits = |reason, since, until| WaitsFor {
            server: one.name.clone(),
            address: one.peer.clone(),
            reason,
            since,
            until,
        };
        let Some((reason, since)) = fault else {
            let pause = one.pause.filter(|pause| now < pause.until);
            // What is due later still is kept by its own schedule.
            let pause = pause.filter(|pause| row.due_at.is_none_or(|due_at| due_at <= pause.until));
            return pause
                .map(|pause| waits(Some(pause.reason), None, Some(pause.until)))
                .into_iter()
                .collect();
        };
        down.push(waits(reason, Some(since), None));
    }
    down
}
