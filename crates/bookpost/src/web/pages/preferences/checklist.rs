//! "For emails to work, you also need": what is there, and what is still to be done.

use store::{Alarm, AlarmKind, Attempt, Error, Filter, OF_THE_ADDRESS, Row, State, Store};

use super::sentences::unheard;
use crate::{
    config::{Config, Way},
    preferences::{in_use::set_at, tested::Tested},
    web::pages::{
        mail_account,
        standing::{Standing, named},
        visit::Visit,
        words::Words,
    },
};

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) done: bool,
    pub(super) text: String,
    /// Where it is put right, and what the link says.
    pub(super) fix: Option<(&'static str, String)>,
}

/// What is known beside the settings.
pub(super) struct Known {
    /// Servers that were seen to take mail as they are set now: by a test, or as the one that took mail last.
    pub(super) seen_to_work: Vec<String>,
    pub(super) fails: Option<Fails>,
    pub(super) staff: Staff,
}

/// Why the first way of sending is none at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fails {
    /// Nor does anything else send.
    NothingGoesOut,
    /// The backup sends instead.
    BackupSends,
    /// What its password was sealed with is gone.
    PasswordLost,
}

impl Fails {
    /// Sending may be paused meanwhile, and then it is told by the alarms alone.
    async fn read(visit: &Visit, config: &Config) -> Result<Option<Self>, Error> {
        let sources = &visit.pages.sources;
        let Way::Servers(servers) = &config.sending.way else { return Ok(None) };
        let Some(first) = servers.first() else { return Ok(None) };
        let alarms = sources.store.alarms(true, MOST_ALARMS).await?;
        let is_open = |kind, subject: &str| {
            alarms.iter().any(|alarm: &Alarm| alarm.kind == kind && alarm.subject == subject)
        };
        if is_open(AlarmKind::SecretsLost, &format!("{}.password", first.name)) {
            return Ok(Some(Self::PasswordLost));
        }
        let (standing, _) = Standing::read(sources).await?;
        Ok(match standing {
            Standing::Backup { .. } => Some(Self::BackupSends),
            Standing::Down { .. }
            | Standing::Refused { .. }
            | Standing::Locked { .. }
            | Standing::Stopped => Some(Self::NothingGoesOut),
            _ => [AlarmKind::ServerDown, AlarmKind::SignIn]
                .into_iter()
                .any(|kind| is_open(kind, &first.name))
                .then_some(Self::NothingGoesOut),
        })
    }
}

/// People who may sign in.
#[derive(Debug, Clone, Default)]
pub(super) struct Staff {
    /// Whose mail was looked at.
    pub(super) people: u64,
    /// Whose newest mail came back because of the address.
    pub(super) unreachable: Vec<String>,
    /// Who may do everything, and can sign in.
    pub(super) administrators: u64,
}

/// So many people's mail is looked at: a page is not to wait for more.
const MOST_LOOKED_AT: usize = 50;
/// More alarms than these are not open at once.
const MOST_ALARMS: usize = 100;

impl Staff {
    async fn read(visit: &Visit) -> Result<Self, Error> {
        let sources = &visit.pages.sources;
        let mut people = sources.store.people().await?;
        people.retain(|person| person.disabled_at.is_none());
        people.truncate(MOST_LOOKED_AT);
        let mut unreachable = Vec::new();
        for person in &people {
            let filter = Filter { address: Some(person.email.clone()), ..Filter::default() };
            let newest = sources.store.part(filter, None, 1).await?.rows.pop();
            let of_the_address =
                |row: &Row| row.reason.is_some_and(|reason| OF_THE_ADDRESS.contains(&reason));
            if newest.is_some_and(|row| row.state == State::Returned && of_the_address(&row)) {
                unreachable.push(person.email.to_string());
            }
        }
        Ok(Self {
            people: u64::try_from(people.len()).unwrap_or(u64::MAX),
            unreachable,
            administrators: sources.people.administrators().await?,
        })
    }
}

impl Known {
    pub(super) async fn read(visit: &Visit, config: &Config) -> Result<Self, Error> {
        let store = &visit.pages.sources.store;
        let mut seen_to_work = Vec::new();
        if let Way::Servers(servers) = &config.sending.way {
            let last = took_mail_last(store).await?;
            for (at, server) in servers.iter().enumerate() {
                let took_last = match &last {
                    Some(last) if last.server == server.peer() && last.instead_of.is_some() == (at > 0) => {
                        set_at(store, server).await?.is_none_or(|set_at| set_at <= last.started_at)
                    }
                    _ => false,
                };
                if took_last || Tested::last(store, server).await?.is_some() {
                    seen_to_work.push(server.name.clone());
                }
            }
        }
        let fails = Fails::read(visit, config).await?;
        Ok(Self { seen_to_work, fails, staff: Staff::read(visit).await? })
    }
}

/// The attempt by which the newest mail was accepted, unless too much has come since.
async fn took_mail_last(store: &Store) -> Result<Option<Attempt>, Error> {
    let filter = Filter { state: Some(State::Delivered), ..Filter::default() };
    let Some(row) = store.part(filter, None, 1).await?.rows.pop() else { return Ok(None) };
    let all = store.show(row.message).await?;
    let own = all.into_iter().find(|(known, _)| known.recipient == row.recipient);
    Ok(own.and_then(|(_, mut attempts)| attempts.pop()))
}

pub(super) fn lines(config: &Config, known: &Known, words: &Words) -> Vec<Line> {
    let line = |done: bool, yes: String, no: String, href: &'static str, link: &str| Line {
        done,
        text: if done { yes } else { no },
        fix: (!done).then(|| (href, words.t(link))),
    };
    let sites = u64::try_from(config.sites.len()).unwrap_or(u64::MAX);
    let without: Vec<_> =
        config.sites.iter().filter(|site| site.email.is_none()).map(|site| site.name.as_str()).collect();
    let no_library = if without.is_empty() {
        words.t("need-library-no")
    } else {
        words.with("need-library-email", &[("libraries", &without.join(", "))])
    };
    vec![
        line(
            sites > 0 && without.is_empty(),
            words.count("need-library-yes", sites),
            no_library,
            "/preferences/libraries",
            if without.is_empty() { "need-library-fix" } else { "need-library-email-fix" },
        ),
        way(config, known, words),
        line(
            known.staff.unreachable.is_empty(),
            words.count("need-staff-yes", known.staff.people),
            words.with("need-staff-no", &[("people", &known.staff.unreachable.join(", "))]),
            "/preferences/people",
            "need-staff-fix",
        ),
        alarm(config, words),
        line(
            known.staff.administrators > 1,
            words.t("need-second-yes"),
            words.t("need-second-no"),
            "/preferences/people",
            "need-second-fix",
        ),
    ]
}

/// Somebody hears of it, whatever fails.
fn alarm(config: &Config, words: &Words) -> Line {
    let alarms = &config.alarms;
    let told = alarms.email.is_some() || alarms.webhook.is_some() || alarms.command.is_some();
    let (text, fix) = match (told, unheard(config)) {
        (true, false) => ("need-alarm-yes", None),
        (true, true) => ("need-alarm-second", Some("need-alarm-second-fix")),
        (false, _) => ("need-alarm-no", Some("need-alarm-fix")),
    };
    Line { done: fix.is_none(), text: words.t(text), fix: fix.map(|link| ("#alarms", words.t(link))) }
}

/// A way of sending that was seen to work.
fn way(config: &Config, known: &Known, words: &Words) -> Line {
    let not_yet =
        |text: String, href, link: &str| Line { done: false, text, fix: Some((href, words.t(link))) };
    match &config.sending.way {
        Way::None => not_yet(words.t("need-way-none"), "#way", "need-way-fix"),
        Way::Practice => not_yet(words.t("need-way-practice"), "#way", "need-way-fix"),
        Way::Servers(servers) => {
            // It is the first by which mail goes out: that another works as well is no test of it.
            let first = servers.first();
            let seen = first.filter(|first| known.seen_to_work.contains(&first.name));
            let name = first.map(|first| named(&first.name, words)).unwrap_or_default();
            let down = match known.fails {
                Some(Fails::BackupSends) => words.with("need-way-backup", &[("name", &name)]),
                Some(Fails::PasswordLost) => words.with("need-way-locked", &[("name", &name)]),
                _ => words.t("need-way-down"),
            };
            match (seen, first.and_then(|first| first.sign_in)) {
                (Some(first), _) if known.fails.is_none() => {
                    let text = words.with("need-way-yes", &[("name", &name), ("server", &first.peer())]);
                    Line { done: true, text, fix: None }
                }
                (None, Some(provider)) => {
                    let text = words.with("need-way-sign-in", &[("name", provider.title())]);
                    not_yet(text, mail_account::address(provider), "way-sign-in-page")
                }
                (Some(_), Some(provider)) => {
                    not_yet(down, mail_account::address(provider), "way-sign-in-page")
                }
                (Some(_), None) => not_yet(down, "#server1", "need-way-test"),
                (None, None) => {
                    let text = words.with("need-way-untested", &[("name", &name)]);
                    not_yet(text, "#server1", "need-way-test")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;
    use crate::{
        config::{Server, Site},
        web::pages::words::Language,
    };

    fn of(config: &Config, accepted_by: Option<&str>, administrators: u64) -> Vec<bool> {
        let seen_to_work = accepted_by.map(ToOwned::to_owned).into_iter().collect();
        let known = Known {
            seen_to_work,
            fails: None,
            staff: Staff { people: 2, unreachable: vec![], administrators },
        };
        let lines = lines(config, &known, Language::English.words());
        assert!(lines.iter().all(|line| line.done == line.fix.is_none()), "what is missing can be put right");
        lines.into_iter().map(|line| line.done).collect()
    }

    #[test]
    fn each_line_is_ticked_when_it_is_so() {
        let mut config = Config::usual(Path::new("/"), Way::None);
        assert_eq!(of(&config, None, 1), [false, false, true, false, false]);
        config.sending.way = Way::Practice;
        assert_eq!(of(&config, Some("server1"), 1), [false, false, true, false, false]);
        let server = Server::plain("server1", "192.0.2.1:25".parse().unwrap());
        config.sending.way = Way::Servers(vec![Arc::new(server)]);
        assert_eq!(
            of(&config, Some("server2"), 1),
            [false, false, true, false, false],
            "another server took mail"
        );
        assert_eq!(of(&config, Some("server1"), 2), [false, true, true, false, true]);
        let known = Known { seen_to_work: vec!["server1".to_owned()], fails: None, staff: Staff::default() };
        let said = lines(&config, &known, Language::English.words()).remove(1).text;
        assert!(said.contains("Server 1 (192.0.2.1:25)"), "{said}");
        config.alarms.email = "it@library.example".parse().ok();
        let said = lines(&config, &known, Language::English.words()).remove(3);
        assert!(!said.done && said.text.contains("An email would not get out then"), "{}", said.text);
        config.alarms.webhook = Some("https://a.example".to_owned());
        config.sites.push(Site {
            code: "A".to_owned(),
            name: "A".to_owned(),
            email: "a@a.example".parse().ok(),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        });
        assert_eq!(of(&config, Some("server1"), 2), [true; 5]);
        let mut known = Known {
            seen_to_work: vec!["server1".to_owned()],
            fails: Some(Fails::NothingGoesOut),
            staff: Staff::default(),
        };
        let way = lines(&config, &known, Language::English.words()).remove(1);
        assert!(!way.done && way.text.contains("Nothing goes out"), "{}", way.text);
        for (fails, said) in [
            (Fails::BackupSends, "Server 1 takes no mail at the moment, and the backup sends for it."),
            (Fails::PasswordLost, "The password of Server 1: it cannot be read any more"),
        ] {
            known.fails = Some(fails);
            let way = lines(&config, &known, Language::English.words()).remove(1);
            assert!(!way.done && way.text.contains(said), "{}", way.text);
        }
        known.staff.unreachable.push("ann@library.example".to_owned());
        let staff = lines(&config, &known, Language::English.words()).remove(2);
        assert!(!staff.done && staff.text.contains("ann@library.example"), "{}", staff.text);
        config.sites[0].email = None;
        assert_eq!(of(&config, Some("server1"), 2), [false, true, true, true, true]);
    }
}
