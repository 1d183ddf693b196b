//! How it stands with sending, in one sentence.

mod by_provider;

use std::sync::Arc;

use jiff::Timestamp;
use mail::Reason;
use store::{Alarm, AlarmKind, Error, Pause};

use super::{known::ALARMS, mail_account::alarm as account, when::Clockwork};
use crate::{
    config::{Sending, Server, Way},
    preferences::{DoNotSend, InUse, Refused},
    web::{Moment, Sources},
};

pub(super) use by_provider::named;

/// What is said of a server while it is at fault.
const OF_A_SERVER: [AlarmKind; 4] =
    [AlarmKind::ServerDown, AlarmKind::SignIn, AlarmKind::BackupInUse, AlarmKind::Quota];

/// What becomes of mail at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// A part of the program ended.
    Stopped,
    Paused {
        since: Timestamp,
    },
    /// Mail waits, as nobody has chosen a way of sending yet.
    NoWay,
    /// Mail waits, as somebody chose that; who and when, where it is known.
    DoNotSend {
        chosen: Option<DoNotSend>,
    },
    Practice,
    /// It is Server 1 that sends.
    Well {
        backup: StandBy,
    },
    /// Server 1 does not take mail, and Server 2 does.
    Backup {
        since: Option<Timestamp>,
    },
    /// Nobody can sign in at a server, as the key of the passwords is missing.
    Locked {
        since: Timestamp,
    },
    /// The server does not take mail from us, and not for the password's sake.
    Refused {
        since: Timestamp,
        reason: Reason,
    },
    /// No server takes mail. `sign_in`: only because our password is not accepted.
    Down {
        since: Option<Timestamp>,
        sign_in: bool,
    },
}

/// What there is to fall back on while Server 1 sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandBy {
    Nothing,
    Ready,
    /// There is one, and it does not take mail either.
    Down,
}

impl Standing {
    /// As it is now, with the open alarms of which it says nothing else.
    pub(super) async fn read(sources: &Sources) -> Result<(Self, Vec<Alarm>), Error> {
        let (store, config) = (&sources.store, sources.config());
        let (pause, mut alarms) = (store.paused().await?, store.alarms(true, ALARMS).await?);
        let mut standing = Self::of(&(sources.now)(), &config.sending, pause, &alarms);
        if let Self::DoNotSend { chosen } = &mut standing {
            *chosen = DoNotSend::chosen(store).await?;
        }
        alarms.retain(|alarm| standing.bears(alarm, &config.sending.way));
        Ok((standing, alarms))
    }

    /// What weighs most comes first. A server is down until it answers: that it was before a start is known from its alarm.
    pub(super) fn of(now: &Moment, sending: &Sending, pause: Option<Pause>, alarms: &[Alarm]) -> Self {
        if !now.worker_alive {
            return Self::Stopped;
        }
        if let Some(pause) = pause {
            return Self::Paused { since: pause.began_at };
        }
        let servers = match &sending.way {
            Way::None if sending.way_is_chosen => return Self::DoNotSend { chosen: None },
            Way::None => return Self::NoWay,
            Way::Practice => return Self::Practice,
            Way::Servers(servers) => servers,
        };
        let is_down = |name: &str| is_down(now, alarms, name);
        let in_use_since = || {
            let of_backup = alarms.iter().filter(|alarm| alarm.kind == AlarmKind::BackupInUse);
            of_backup.map(|alarm| alarm.started_at).min()
        };
        match servers.iter().position(|server| !is_down(&server.name)) {
            Some(0) => Self::Well {
                backup: match servers.get(1) {
                    None => StandBy::Nothing,
                    Some(backup) if is_down(&backup.name) => StandBy::Down,
                    Some(_) => StandBy::Ready,
                },
            },
            Some(_) => Self::Backup { since: in_use_since() },
            None => {
                let of_any = |kind| {
                    servers.iter().any(|server| {
                        alarms.iter().any(|alarm| alarm.kind == kind && tells(alarm, &server.name))
                    })
                };
                let sign_in = of_any(AlarmKind::SignIn) && !of_any(AlarmKind::ServerDown);
                let locked = alarms.iter().filter(|alarm| is_of_the_key(alarm)).map(|alarm| alarm.started_at);
                if let Some(since) = locked.min().filter(|_| sign_in) {
                    return Self::Locked { since };
                }
                let refused = servers.first().filter(|first| sign_in && first.sign_in.is_none());
                let refused = refused.and_then(|first| {
                    let mut of_it = alarms.iter().filter(|alarm| alarm.subject == first.name);
                    of_it.find_map(|alarm| Some((alarm.started_at, refused_by(alarm)?)))
                });
                if let Some((since, reason)) = refused {
                    return Self::Refused { since, reason };
                }
                // Mail went out until the last of them failed.
                let failed_at = |server: &Arc<Server>| {
                    let of_it = alarms
                        .iter()
                        .filter(|alarm| alarm.kind.stops_a_server() && alarm.subject == server.name);
                    of_it.map(|alarm| alarm.started_at).min()
                };
                Self::Down { since: servers.iter().filter_map(failed_at).max(), sign_in }
            }
        }
    }

    /// The server that mail goes out by, with since when and why.
    pub(super) async fn in_use(&self, sources: &Sources, alarms: &[Alarm]) -> Result<Option<InUse>, Refused> {
        let config = sources.config();
        let Way::Servers(servers) = &config.sending.way else { return Ok(None) };
        match (self, servers.first()) {
            (Self::Well { .. }, Some(first)) => {
                Box::pin(sources.preferences.first_in_use(first)).await.map(Some)
            }
            (Self::Backup { since }, Some(first)) => {
                let now = (sources.now)();
                let other = servers.iter().find(|server| !is_down(&now, alarms, &server.name));
                let fault = alarms.iter().find(|alarm| {
                    alarm.subject == first.name
                        && (alarm.kind.stops_a_server() || alarm.kind == AlarmKind::Quota)
                });
                Ok(other.map(|other| InUse::instead(other, *since, fault.map(|alarm| alarm.kind))))
            }
            _ => Ok(None),
        }
    }

    /// Whether an alarm goes together with it. The end of one is noted a moment after its cause.
    fn bears(&self, alarm: &Alarm, way: &Way) -> bool {
        if !OF_A_SERVER.contains(&alarm.kind) {
            return true;
        }
        let of = account::server(alarm);
        let in_use = matches!(way, Way::Servers(servers) if servers.iter().any(|server| server.name == of));
        in_use && (alarm.kind != AlarmKind::BackupInUse || matches!(self, Self::Backup { .. }))
    }

    /// Mail leaves, or will by itself as soon as a server takes it.
    pub(super) fn sends(&self) -> bool {
        matches!(
            self,
            Self::Well { .. }
                | Self::Backup { .. }
                | Self::Locked { .. }
                | Self::Refused { .. }
                | Self::Down { .. }
        )
    }

    /// It is not paused already.
    pub(super) fn may_pause(&self) -> bool {
        !matches!(self, Self::Paused { .. })
    }

    /// Its name in the style and in what pages are told as they stand open.
    pub(super) fn tone(&self) -> &'static str {
        match self {
            Self::Well { backup: StandBy::Nothing | StandBy::Ready } => "well",
            Self::Practice => "calm",
            Self::Well { backup: StandBy::Down }
            | Self::Paused { .. }
            | Self::NoWay
            | Self::DoNotSend { .. }
            | Self::Backup { .. } => "look",
            Self::Stopped | Self::Locked { .. } | Self::Refused { .. } | Self::Down { .. } => "stop",
        }
    }

    pub(super) fn sentence(&self, way: &Way, clockwork: &Clockwork) -> String {
        let words = clockwork.words;
        if let Some(sentence) = self.by_provider(way, clockwork) {
            return sentence;
        }
        let since = |key, since: Timestamp| words.with(key, &[("since", &clockwork.text(since))]);
        match self {
            Self::Stopped => words.t("health-stopped"),
            Self::Paused { since: at } => since("health-paused", *at),
            Self::NoWay => words.t("health-no-way"),
            Self::DoNotSend { chosen: None } => words.t("health-do-not-send"),
            Self::DoNotSend { chosen: Some(chosen) } => said_of(chosen, "health-do-not-send-by", clockwork),
            Self::Practice => words.t("health-practice"),
            Self::Well { backup } => words.t(match backup {
                StandBy::Nothing => "health-well",
                StandBy::Ready => "health-well-two",
                StandBy::Down => "health-well-alone",
            }),
            Self::Backup { since: Some(at) } => since("health-backup", *at),
            Self::Backup { since: None } => words.t("health-backup-just-now"),
            Self::Locked { since: at } => since("health-locked", *at),
            Self::Refused { since, reason } => {
                let (since, why) = (clockwork.text(*since), words.reason(*reason));
                words.with("health-refused", &[("since", &since), ("why", &why)])
            }
            Self::Down { since: at, sign_in } => down(*at, *sign_in, way, clockwork),
        }
    }
}

/// Where there are two servers, it is both that take none.
fn down(since: Option<Timestamp>, sign_in: bool, way: &Way, clockwork: &Clockwork) -> String {
    let words = clockwork.words;
    let first = match way {
        Way::Servers(servers) => servers.first().filter(|_| servers.len() > 1),
        Way::None | Way::Practice => None,
    };
    let key = match (since.is_some(), sign_in, first.is_some()) {
        (true, true, false) => "health-signed-out",
        (true, true, true) => "health-signed-out-both",
        (true, false, false) => "health-down",
        (true, false, true) => "health-down-both",
        (false, _, false) => "health-down-just-now",
        (false, _, true) => "health-down-both-just-now",
    };
    let first = first.map(|first| named(&first.name, words)).unwrap_or_default();
    let since = since.map(|since| clockwork.text(since)).unwrap_or_default();
    words.with(key, &[("since", &since), ("first", &first)])
}

/// The server that mail goes out by at this moment, if it does.
pub(crate) async fn in_use(sources: &Sources) -> Result<Option<InUse>, Refused> {
    let (standing, alarms) = Standing::read(sources).await?;
    standing.in_use(sources, &alarms).await
}

fn tells(alarm: &Alarm, name: &str) -> bool {
    alarm.subject == name && alarm.kind != AlarmKind::Quota && OF_A_SERVER.contains(&alarm.kind)
}

fn is_down(now: &Moment, alarms: &[Alarm], name: &str) -> bool {
    now.breakers.iter().any(|(known, open)| known == name && *open)
        || alarms.iter().any(|alarm| tells(alarm, name))
}

/// That we are not let in is no fault of the password, nor of the server: it cannot be opened without its key.
pub(super) fn is_of_the_key(alarm: &Alarm) -> bool {
    alarm.kind == AlarmKind::SignIn && alarm.reason == Some(Reason::PasswordLost.into())
}

/// Why a server of the library takes nothing from us, where that is no fault of the password.
pub(super) fn refused_by(alarm: &Alarm) -> Option<Reason> {
    let reasons =
        [Reason::SignInImpossible, Reason::RelayDenied, Reason::SmtpAuthOff, Reason::PasswordsEnded];
    let reason = alarm.reason.filter(|_| alarm.kind == AlarmKind::SignIn)?.of_mail()?;
    Some(reason).filter(|reason| reasons.contains(reason))
}

/// Who wants nothing to be sent, and since when.
pub(super) fn said_of(chosen: &DoNotSend, key: &'static str, clockwork: &Clockwork) -> String {
    let (who, since) = (clockwork.words.actor(&chosen.who), clockwork.text(chosen.since));
    clockwork.words.with(key, &[("who", &who), ("since", &since)])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZone;
    use store::PauseWhy;

    use super::*;
    use crate::{config::Config, web::pages::words::Language};

    fn at() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn alarm(kind: AlarmKind) -> Alarm {
        let (subject, text) = ("server1".to_owned(), String::new());
        Alarm { id: 1, kind, subject, reason: None, text, started_at: at(), ended_at: None, told: 0 }
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
        let second = [Alarm { subject: "server2".to_owned(), ..alarm(AlarmKind::SignIn) }];
        let signed_out = [alarm(AlarmKind::SignIn)];
        let reason = Some(Reason::PasswordLost.into());
        let locked = [Alarm { reason, ..alarm(AlarmKind::SignIn) }];
        let ended = Moment { worker_alive: false, ..moment(&[]) };
        let all = [down[0].clone(), backup[0].clone()];
        for (now, way, pause, alarms, expected) in [
            (moment(&[]), servers(1), None, &[][..], Standing::Well { backup: StandBy::Nothing }),
            (moment(&[]), servers(2), None, &[], Standing::Well { backup: StandBy::Ready }),
            (moment(&["server2"]), servers(2), None, &[], Standing::Well { backup: StandBy::Down }),
            (moment(&[]), servers(2), None, &second, Standing::Well { backup: StandBy::Down }),
            (moment(&["server1"]), servers(2), None, &backup, Standing::Backup { since: Some(at()) }),
            (moment(&[]), servers(2), None, &all, Standing::Backup { since: Some(at()) }),
            (
                moment(&["server2"]),
                servers(2),
                None,
                &all,
                Standing::Down { since: Some(at()), sign_in: false },
            ),
            (moment(&[]), servers(1), None, &down, Standing::Down { since: Some(at()), sign_in: false }),
            (
                moment(&["server1"]),
                servers(1),
                None,
                &down,
                Standing::Down { since: Some(at()), sign_in: false },
            ),
            (
                moment(&["server1"]),
                servers(1),
                None,
                &signed_out,
                Standing::Down { since: Some(at()), sign_in: true },
            ),
            (moment(&["server1"]), servers(1), None, &locked, Standing::Locked { since: at() }),
            (
                moment(&["server1", "server2"]),
                servers(2),
                None,
                &[],
                Standing::Down { since: None, sign_in: false },
            ),
            (moment(&["practice"]), servers(1), None, &[], Standing::Well { backup: StandBy::Nothing }),
            (moment(&["server1"]), servers(1), pause, &down, Standing::Paused { since: at() }),
            (moment(&[]), Way::None, None, &[], Standing::NoWay),
            (moment(&[]), Way::Practice, None, &[], Standing::Practice),
            (ended, Way::Practice, pause, &[], Standing::Stopped),
        ] {
            let sending = Config::usual(Path::new("/"), way.clone()).sending;
            assert_eq!(Standing::of(&now, &sending, pause, alarms), expected, "{way:?}");
        }
        let mut sending = Config::usual(Path::new("/"), Way::None).sending;
        sending.way_is_chosen = true;
        let chosen = Standing::of(&moment(&[]), &sending, None, &all);
        assert_eq!(chosen, Standing::DoNotSend { chosen: None });
        for (standing, way, kept) in [
            (Standing::Backup { since: None }, servers(2), &[true, true][..]),
            (Standing::Down { since: None, sign_in: false }, servers(2), &[true, false]),
            (Standing::Paused { since: at() }, servers(2), &[true, false]),
            (chosen, Way::None, &[false, false]),
        ] {
            let borne: Vec<_> = all.iter().map(|alarm| standing.bears(alarm, &way)).collect();
            assert_eq!(borne, kept, "{standing:?}");
        }
        assert!(Standing::NoWay.bears(&alarm(AlarmKind::Disk), &Way::None));
    }

    /// The first failed at ten, and the backup sent until noon.
    #[test]
    fn nothing_goes_out_since_the_second_of_two_failed() {
        let noon = at() + jiff::SignedDuration::from_hours(2);
        let of_second =
            Alarm { subject: "server2".to_owned(), started_at: noon, ..alarm(AlarmKind::ServerDown) };
        let server = |name| Arc::new(Server::plain(name, "127.0.0.1:25".parse().unwrap()));
        let way = Way::Servers(vec![server("server1"), server("server2")]);
        let sending = Config::usual(Path::new("/"), way).sending;
        let now = Moment { worker_alive: true, ..Moment::default() };
        assert_eq!(
            Standing::of(&now, &sending, None, &[of_second, alarm(AlarmKind::SignIn)]),
            Standing::Down { since: Some(noon), sign_in: false }
        );
    }

    #[test]
    fn of_two_servers_that_take_none_both_are_said_and_no_password_is_blamed_for_what_is_not_its() {
        let server = |n| Arc::new(Server::plain(&format!("server{n}"), "127.0.0.1:25".parse().unwrap()));
        let (one, two) = (Way::Servers(vec![server(1)]), Way::Servers(vec![server(1), server(2)]));
        let refused = Standing::Refused { since: at(), reason: Reason::SignInImpossible };
        let breakers = vec![("server1".to_owned(), true)];
        let now = Moment { worker_alive: true, breakers, ..Moment::default() };
        let reason = Some(Reason::SignInImpossible.into());
        let alarm = Alarm { reason, ..alarm(AlarmKind::SignIn) };
        let sending = Config::usual(Path::new("/"), one.clone()).sending;
        assert_eq!(Standing::of(&now, &sending, None, &[alarm]), refused);
        for language in [Language::English, Language::Spanish] {
            let clockwork = Clockwork { words: language.words(), zone: TimeZone::UTC, now: at() };
            for (since, sign_in) in [(Some(at()), false), (Some(at()), true), (None, false)] {
                let said = Standing::Down { since, sign_in }.sentence(&two, &clockwork);
                assert!(said.contains("Server 1 nor") || said.contains("Servidor 1 ni"), "{said}");
            }
            let said = refused.sentence(&one, &clockwork);
            assert!(said.contains(&clockwork.words.reason(Reason::SignInImpossible)), "{said}");
            assert!(!said.contains("password") && !said.contains("contraseña"), "{said}");
        }
    }
}
