//! Who changed what, the newest first.

mod changes;

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Actor, Audit, AuditFilter, AuditId, Deed, Error, PersonId};

use super::{
    field::Choice,
    frame::{Frame, Place, page},
    not_here,
    preferences::Said,
    trial::called,
    visit::Visit,
    wanted::RESERVED,
    when::At,
    words::Words,
};
use crate::identity::Permission;

/// Lines of a page.
const PAGE: usize = 50;

/// What is looked for. What is nothing that can be is not looked for.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Wanted {
    who: String,
    what: String,
    after: String,
}

#[derive(Template)]
#[template(path = "log.html")]
struct Log {
    f: Frame,
    people: Vec<Choice>,
    deeds: Vec<Choice>,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    narrow: bool,
}

struct Line {
    at: At,
    who: String,
    what: String,
    about: About,
    changes: Vec<Said>,
}

/// To what it was done.
struct About {
    text: String,
    href: Option<String>,
}

impl Log {
    fn path(&self) -> String {
        self.f.words.with("setup-path", &[("page", &self.f.t("nav-log"))])
    }
}

/// A page of the log.
pub(super) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Response {
    if !visit.may(Permission::SeeAudit) {
        return not_here::not_allowed(visit.words());
    }
    let wanted = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    match log(&visit, wanted).await {
        Ok(log) => page(&log),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn log(visit: &Visit, wanted: Wanted) -> Result<Log, Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    let filter = wanted.filter();
    let after = wanted.after.parse().ok().map(AuditId);
    let found = store.audit(filter.clone(), after, PAGE + 1).await?;
    let shown = found.iter().take(PAGE);
    let last = shown.clone().next_back().filter(|_| found.len() > PAGE).map(|line| line.id);
    let person = |person: &store::Person| Choice {
        value: person.id.0.to_string(),
        text: person.name.to_string(),
        chosen: filter.who == Some(person.id),
    };
    let deed = |deed: &Deed| Choice {
        value: name(*deed),
        text: did(words, *deed),
        chosen: filter.what == Some(*deed),
    };
    Ok(Log {
        f: Frame::around(visit, Place::Log).await?,
        people: store.people().await?.iter().map(person).collect(),
        deeds: Deed::ALL.iter().map(deed).collect(),
        lines: shown.map(|line| Line::of(visit, line)).collect(),
        older: last.map(|id| wanted.path(Some(id))),
        newest: after.map(|_| wanted.path(None)),
        narrow: filter != AuditFilter::default(),
    })
}

impl Wanted {
    fn filter(&self) -> AuditFilter {
        let what = Deed::ALL.iter().copied().find(|deed| name(*deed) == self.what);
        AuditFilter { who: self.who.parse().ok().map(PersonId), about: None, what }
    }

    fn path(&self, after: Option<AuditId>) -> String {
        let after = after.map(|id| id.0.to_string()).unwrap_or_default();
        let said = [("who", &self.who), ("what", &self.what), ("after", &after)];
        let query: Vec<_> = said
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, RESERVED)))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/preferences/log{mark}{}", query.join("&"))
    }
}

impl Line {
    fn of(visit: &Visit, line: &Audit) -> Self {
        let words = visit.words();
        Self {
            at: visit.clockwork.at(line.happened_at),
            who: actor(words, &line.who),
            what: did(words, line.what),
            about: About::of(words, line),
            changes: changes::of(words, line),
        }
    }
}

/// Who did something.
fn actor(words: &Words, who: &Actor) -> String {
    match who {
        Actor::Person { name, .. } => name.to_string(),
        Actor::CommandLine => words.t("log-command-line"),
        Actor::Configuration => words.t("log-settings"),
        Actor::NotSignedIn => words.t("log-not-signed-in"),
        Actor::Schedule => words.t("log-schedule"),
        Actor::DropFolder => words.t("log-drop-folder"),
        Actor::Bookpost => "Bookpost".to_owned(),
    }
}

impl About {
    fn of(words: &Words, line: &Audit) -> Self {
        let text = match line.what {
            // Named by what was changed, or there is nothing to name.
            Deed::PreferenceChanged | Deed::SendingPaused | Deed::SendingResumed => String::new(),
            Deed::ServerTested => called(words, &line.about),
            Deed::MailDecided | Deed::TextOpened | Deed::SentAgain => return Self::mail(words, &line.about),
            Deed::RunBegun => return Self::run(words, "log-run", &line.about),
            _ => line.about.clone(),
        };
        Self { text, href: None }
    }

    fn run(words: &Words, key: &str, about: &str) -> Self {
        match about.strip_prefix("run ").filter(|id| id.parse::<u64>().is_ok()) {
            Some(id) => {
                Self { text: words.with(key, &[("id", id)]), href: Some(format!("/notices/runs/{id}")) }
            }
            None => Self { text: about.to_owned(), href: None },
        }
    }

    /// One message, several, all of a run, or all that are like something.
    fn mail(words: &Words, about: &str) -> Self {
        if let Some(query) = about.strip_prefix("all mail: ") {
            let query = query.split(" (").next().unwrap_or_default();
            return Self { text: words.t("log-all-like-it"), href: Some(format!("/queue?{query}")) };
        }
        let Some(ids) = about.strip_prefix("message ") else {
            return Self::run(words, "log-of-run", about);
        };
        let one = ids.parse::<u64>().is_ok();
        let text = words.with(if one { "log-message" } else { "log-messages" }, &[("ids", ids)]);
        Self { text, href: one.then(|| format!("/queue/{ids}")) }
    }
}

/// A stable word for addresses.
fn name(deed: Deed) -> String {
    serde_json::to_value(deed).ok().and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

fn did(words: &Words, deed: Deed) -> String {
    words.t(match deed {
        Deed::SetUp => "log-set-up",
        Deed::PersonAdded => "log-person-added",
        Deed::PersonChanged => "log-person-changed",
        Deed::PersonDisabled => "log-person-off",
        Deed::PersonEnabled => "log-person-on",
        Deed::PasswordChanged => "log-password-changed",
        Deed::SetUpLinkMade => "log-set-up-link",
        Deed::InvitationMade => "log-invited",
        Deed::ResetLinkMade => "log-reset-link",
        Deed::SignedOut => "log-signed-out",
        Deed::TextOpened => "log-text-opened",
        Deed::MailDecided => "log-mail-decided",
        Deed::SendingPaused => "log-paused",
        Deed::SendingResumed => "log-resumed",
        Deed::PreferenceChanged => "log-preference-changed",
        Deed::RunBegun => "log-run-begun",
        Deed::SentAgain => "log-sent-again",
        Deed::LogoChanged => "log-logo-changed",
        Deed::ColumnsChosen => "log-columns-chosen",
        Deed::ColumnsForgotten => "log-columns-forgotten",
        Deed::OlderExportTaken => "log-older-export-taken",
        Deed::NoticeAdded => "log-notice-added",
        Deed::NoticeChanged => "log-notice-changed",
        Deed::NoticeRemoved => "log-notice-removed",
        Deed::NoticeRestored => "log-notice-restored",
        Deed::WordingChanged => "log-wording-changed",
        Deed::ScheduleAdded => "log-schedule-added",
        Deed::ScheduleChanged => "log-schedule-changed",
        Deed::ScheduleRemoved => "log-schedule-removed",
        Deed::SchedulePaused => "log-schedule-paused",
        Deed::ScheduleResumed => "log-schedule-resumed",
        Deed::ScheduleSkips => "log-schedule-skips",
        Deed::ScheduleSkipsNot => "log-schedule-skips-not",
        Deed::ProgramAdded => "log-program-added",
        Deed::ProgramChanged => "log-program-changed",
        Deed::ProgramDisabled => "log-program-off",
        Deed::ProgramEnabled => "log-program-on",
        Deed::ProgramKeyMade => "log-program-key-made",
        Deed::ProgramKeyRevoked => "log-program-key-revoked",
        Deed::PersonKeyMade => "log-person-key-made",
        Deed::PersonKeyRevoked => "log-person-key-revoked",
        Deed::MailAccountConnected => "log-mail-account-connected",
        Deed::MailAccountDisconnected => "log-mail-account-disconnected",
        Deed::InstallationAdded => "log-installation-added",
        Deed::InstallationRevoked => "log-installation-revoked",
        Deed::ServerTested => "log-server-tested",
        Deed::Unknown => "log-unknown",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn every_deed_has_words_of_its_own_and_can_be_looked_for() {
        for language in Language::ALL {
            let words = language.words();
            let all: std::collections::BTreeSet<_> = Deed::ALL.iter().map(|deed| did(words, *deed)).collect();
            assert!(all.len() == Deed::ALL.len() && !all.contains(&words.t("log-unknown")), "{all:?}");
        }
        for deed in Deed::ALL {
            let wanted = Wanted { what: name(*deed), ..Wanted::default() };
            assert_eq!(wanted.filter().what, Some(*deed), "{wanted:?}");
        }
    }

    #[test]
    fn mail_that_something_was_decided_about_is_named_and_found() {
        let words = Language::English.words();
        let about = |text: &str| {
            let About { text, href } = About::mail(words, text);
            (text, href.unwrap_or_default())
        };
        for (text, shown, href) in [
            ("message 7", "(no. 7)", "/queue/7"),
            ("message 7, 8", "(nos. 7, 8)", ""),
            ("all mail: state=held&run=7", "all mail that was like this", "/queue?state=held&run=7"),
            ("all mail: state=held (moved before, at 5)", "all mail that was like this", "/queue?state=held"),
        ] {
            assert_eq!(about(text), (shown.to_owned(), href.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_a_line_is_about_leads_there_and_nowhere_else() {
        for (what, about, shown, href) in [
            (Deed::RunBegun, "run 5", "(no. 5)", Some("/notices/runs/5")),
            (Deed::RunBegun, "run x", "run x", None),
            (Deed::MailDecided, "run 5", "(of the run no. 5)", Some("/notices/runs/5")),
            (Deed::SentAgain, "message 7", "(no. 7)", Some("/queue/7")),
            (Deed::ProgramAdded, "run 5", "run 5", None),
            (Deed::ProgramAdded, "message 7", "message 7", None),
        ] {
            let line = Audit {
                id: AuditId(1),
                happened_at: jiff::Timestamp::UNIX_EPOCH,
                who: Actor::CommandLine,
                what,
                about: about.to_owned(),
                old: None,
                new: None,
            };
            let found = About::of(Language::English.words(), &line);
            assert_eq!((&*found.text, found.href.as_deref()), (shown, href), "{what:?} {about}");
        }
    }

    #[test]
    fn what_is_looked_for_stands_in_the_address() {
        let wanted = Wanted { who: "3".into(), what: "person_added".into(), after: "9".into() };
        assert_eq!(wanted.path(Some(AuditId(5))), "/preferences/log?who=3&what=person_added&after=5");
        assert_eq!(Wanted { after: "9".into(), ..Wanted::default() }.path(None), "/preferences/log");
        let what = Some(Deed::PersonAdded);
        assert_eq!(wanted.filter(), AuditFilter { who: Some(PersonId(3)), about: None, what });
        let wrong = Wanted { who: "x".into(), what: "y".into(), ..Wanted::default() };
        assert_eq!(wrong.filter(), AuditFilter::default());
    }
}
