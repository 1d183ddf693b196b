//! How it stands with sending, in one sentence.

use jiff::Timestamp;
use store::{Alarm, AlarmKind, Pause};

use super::when::Clockwork;
use crate::{config::Way, web::Moment};

/// What becomes of mail at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// A part of the program ended.
    Stopped,
    Paused {
        since: Timestamp,
    },
    /// Mail waits for a way of sending.
    NoWay,
    Practice,
    /// `backup`: another server stands by.
    Well {
        server: usize,
        backup: bool,
    },
    /// Server 1 does not take mail, and Server 2 does.
    Backup {
        since: Option<Timestamp>,
    },
    /// No server takes mail.
    Down {
        since: Option<Timestamp>,
    },
}

impl Standing {
    /// What weighs most comes first.
    pub(super) fn of(now: &Moment, way: &Way, pause: Option<Pause>, alarms: &[Alarm]) -> Self {
        if !now.worker_alive {
            return Self::Stopped;
        }
        if let Some(pause) = pause {
            return Self::Paused { since: pause.began_at };
        }
        let servers = match way {
            Way::None => return Self::NoWay,
            Way::Practice => return Self::Practice,
            Way::Servers(servers) => servers,
        };
        let is_down = |name: &str| now.breakers.iter().any(|(known, open)| known == name && *open);
        let since = |kinds: &[AlarmKind]| {
            alarms.iter().filter(|alarm| kinds.contains(&alarm.kind)).map(|alarm| alarm.started_at).min()
        };
        match servers.iter().position(|server| !is_down(&server.name)) {
            Some(0) => Self::Well { server: 1, backup: servers.len() > 1 },
            Some(_) => Self::Backup { since: since(&[AlarmKind::BackupInUse]) },
            None => Self::Down { since: since(&[AlarmKind::ServerDown, AlarmKind::SignIn]) },
        }
    }

    /// It is not paused already.
    pub(super) fn may_pause(&self) -> bool {
        !matches!(self, Self::Paused { .. })
    }

    /// Its name in the style and in what pages are told as they stand open.
    pub(super) fn tone(&self) -> &'static str {
        match self {
            Self::Well { .. } => "well",
            Self::Practice => "calm",
            Self::Paused { .. } | Self::NoWay | Self::Backup { .. } => "look",
            Self::Stopped | Self::Down { .. } => "stop",
        }
    }

    pub(super) fn sentence(&self, clockwork: &Clockwork) -> String {
        let words = clockwork.words;
        let since = |key, since: Timestamp| words.with(key, &[("since", &clockwork.text(since))]);
        match self {
            Self::Stopped => words.t("health-stopped"),
            Self::Paused { since: at } => since("health-paused", *at),
            Self::NoWay => words.t("health-no-way"),
            Self::Practice => words.t("health-practice"),
            Self::Well { server, backup } => {
                let server = words.t(if *server == 1 { "server-1" } else { "server-2" });
                words.with(if *backup { "health-well-two" } else { "health-well" }, &[("server", &server)])
            }
            Self::Backup { since: Some(at) } => since("health-backup", *at),
            Self::Backup { since: None } => words.t("health-backup-just-now"),
            Self::Down { since: Some(at) } => since("health-down", *at),
            Self::Down { since: None } => words.t("health-down-just-now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use store::PauseWhy;

    use super::*;
    use crate::config::Server;

    fn at() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn alarm(kind: AlarmKind) -> Alarm {
        let (subject, text) = ("server1".to_owned(), String::new());
        Alarm { id: 1, kind, subject, text, started_at: at(), ended_at: None, told: 0 }
    }

    #[test]
    fn what_weighs_most_is_said() {
        let servers = |count: usize| {
            let server = |n| Arc::new(Server::plain(&format!("server{n}"), "127.0.0.1:25".parse().unwrap()));
            Way::Servers((1..=count).map(server).collect())
        };
        let moment = |open: &[&str]| Moment {
            worker_alive: true,
            breakers: open.iter().map(|name| ((*name).to_owned(), true)).collect(),
            ..Moment::default()
        };
        let pause = Some(Pause { began_at: at(), why: PauseWhy::ByPerson });
        let (down, backup) = ([alarm(AlarmKind::ServerDown)], [alarm(AlarmKind::BackupInUse)]);
        let ended = Moment { worker_alive: false, ..moment(&[]) };
        for (now, way, pause, alarms, expected) in [
            (moment(&[]), servers(1), None, &[][..], Standing::Well { server: 1, backup: false }),
            (moment(&["server2"]), servers(2), None, &[], Standing::Well { server: 1, backup: true }),
            (moment(&["server1"]), servers(2), None, &backup, Standing::Backup { since: Some(at()) }),
            (moment(&["server1"]), servers(1), None, &down, Standing::Down { since: Some(at()) }),
            (moment(&["server1", "server2"]), servers(2), None, &[], Standing::Down { since: None }),
            (moment(&["practice"]), servers(1), None, &[], Standing::Well { server: 1, backup: false }),
            (moment(&["server1"]), servers(1), pause, &down, Standing::Paused { since: at() }),
            (moment(&[]), Way::None, None, &[], Standing::NoWay),
            (moment(&[]), Way::Practice, None, &[], Standing::Practice),
            (ended, Way::Practice, pause, &[], Standing::Stopped),
        ] {
            assert_eq!(Standing::of(&now, &way, pause, alarms), expected, "{way:?}");
        }
    }
}
