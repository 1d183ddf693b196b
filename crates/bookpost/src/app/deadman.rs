//! A web address that is called by the minute while all is well: whoever watches it knows when the calls stay away, whatever has
//! happened to this computer.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock;
use store::{Alarm, AlarmKind, Store};

use super::{asking, duties::Duty};
use crate::{
    config::{Config, Settings, Way},
    web::{self, Moment},
};

/// An address that takes longer to answer was not reached. Shorter than a minute: one call at a time.
const PATIENCE: Duration = Duration::from_secs(30);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Most alarms that are looked through.
const ALARMS: usize = 50;

/// Calls the address.
pub(super) struct Deadman {
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Store,
    pub(super) now: Arc<dyn Fn() -> Moment + Send + Sync>,
}

impl Deadman {
    /// For as long as the program runs.
    pub(super) async fn run(self) {
        loop {
            let now = self.clock.now();
            // Of machines that share a queue one calls.
            if Duty::Upkeep.is_ours(&self.store).await {
                self.look(&self.settings.now()).await;
            }
            self.clock.sleep_until(now.saturating_add(MINUTE).unwrap_or(Timestamp::MAX)).await;
        }
    }

    /// By the minute. What is not well at `/healthz` is silence here, and so is what keeps all mail from leaving. Does not wait for the
    /// answer.
    async fn look(&self, config: &Config) {
        if let Some(address) = &config.alarms.deadman
            && self.is_well(&config.sending.way).await
        {
            tokio::spawn(call(address.clone()));
        }
    }

    async fn is_well(&self, way: &Way) -> bool {
        let (counts, alarms) = (self.store.counts().await, self.store.alarms(true, ALARMS).await);
        let leaves = alarms.as_ref().is_ok_and(|alarms| leaves(way, alarms));
        leaves && web::judge(&(self.now)(), counts, alarms, None).ok
    }
}

/// Mail can leave through one of the servers, and nobody has to look at a restored copy first. A pause that a person made is theirs, and one
/// mail that came back is no fault.
fn leaves(way: &Way, alarms: &[Alarm]) -> bool {
    let servers = match way {
        Way::Servers(servers) => servers.as_slice(),
        Way::None | Way::Practice => &[],
    };
    let at_fault = |name: &str| {
        let stops = |alarm: &Alarm| alarm.subject == name && alarm.kind.stops_a_server();
        alarms.iter().any(stops)
    };
    let all_are = !servers.is_empty() && servers.iter().all(|server| at_fault(&server.name));
    !all_are && alarms.iter().all(|alarm| alarm.kind != AlarmKind::Restored)
}

async fn call(address: String) {
    match get(&address).await {
        Ok(status) if status.is_success() => {}
        Ok(status) => {
            tracing::warn!(%status, "the address that is called while all is well did not take the call");
        }
        // Without the address, which may hold a secret.
        Err(error) => {
            tracing::warn!(error = %error.without_url(), "the address that is called while all is well could not be reached");
        }
    }
}

async fn get(address: &str) -> reqwest::Result<reqwest::StatusCode> {
    Ok(asking::client(PATIENCE)?.get(address).send().await?.status())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::config::Server;

    #[test]
    fn what_keeps_all_mail_from_leaving_is_silence_and_one_mail_is_not() {
        use AlarmKind as K;
        let alarm = |kind, subject: &str| Alarm {
            id: 1,
            kind,
            subject: subject.to_owned(),
            reason: None,
            text: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            told: 0,
        };
        let (one, two, none) = (&["server1"][..], &["server1", "server2"][..], &[][..]);
        for (servers, alarms, expected) in [
            (one, &[][..], true),
            (one, &[(K::ServerDown, "server1")], false),
            (two, &[(K::ServerDown, "server1"), (K::BackupInUse, "server1")], true),
            (two, &[(K::ServerDown, "server2")], true),
            (two, &[(K::ServerDown, "server1"), (K::ServerDown, "server2")], false),
            (two, &[(K::ServerDown, "server1"), (K::SignIn, "server2")], false),
            // Of a server that is used no more.
            (none, &[(K::ServerDown, "server1")], true),
            (one, &[(K::ServerDown, "server2")], true),
            (one, &[(K::Restored, "queue")], false),
            (one, &[(K::ReportLost, "message 7"), (K::Quota, "server1"), (K::Silence, "runs")], true),
        ] {
            let alarms: Vec<_> = alarms.iter().map(|(kind, subject)| alarm(*kind, subject)).collect();
            let at = "127.0.0.1:25".parse().unwrap();
            let way = Way::Servers(servers.iter().map(|name| Arc::new(Server::plain(name, at))).collect());
            assert_eq!(leaves(&way, &alarms), expected, "{servers:?} {alarms:?}");
        }
    }
}
