//! Who changed what, the newest first.

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Actor, Audit, AuditFilter, AuditId, Deed, Error, PersonId};

use super::{
    field::Choice,
    frame::{Frame, Place, page},
    not_here,
    visit::Visit,
    wanted::RESERVED,
    when::At,
    words::Words,
};
use crate::identity::Permission;

/// Lines of a page.
const PAGE: usize = 50;

/// What can be looked for.
const DEEDS: [Deed; 15] = [
    Deed::PreferenceChanged,
    Deed::SendingPaused,
    Deed::SendingResumed,
    Deed::MailDecided,
    Deed::TextOpened,
    Deed::PersonAdded,
    Deed::PersonChanged,
    Deed::PersonDisabled,
    Deed::PersonEnabled,
    Deed::InvitationMade,
    Deed::ResetLinkMade,
    Deed::PasswordChanged,
    Deed::SignedOut,
    Deed::SetUpLinkMade,
    Deed::SetUp,
];

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
    changes: Vec<Change>,
}

/// To what it was done.
struct About {
    text: String,
    href: Option<String>,
}

/// Of what, as it was, as it is.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    of: String,
    was: String,
    is: String,
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
        deeds: DEEDS.iter().map(deed).collect(),
        lines: shown.map(|line| Line::of(visit, line)).collect(),
        older: last.map(|id| wanted.path(Some(id))),
        newest: after.map(|_| wanted.path(None)),
        narrow: filter != AuditFilter::default(),
    })
}

impl Wanted {
    fn filter(&self) -> AuditFilter {
        let what = DEEDS.into_iter().find(|deed| name(*deed) == self.what);
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
            about: About::of(line),
            changes: changes(words, line),
        }
    }
}

/// Who did something.
pub(super) fn actor(words: &Words, who: &Actor) -> String {
    match who {
        Actor::Person { name, .. } => name.to_string(),
        Actor::CommandLine => words.t("log-command-line"),
        Actor::Configuration => words.t("log-settings"),
        Actor::NotSignedIn => words.t("log-not-signed-in"),
    }
}

impl About {
    fn of(line: &Audit) -> Self {
        let mail = line.about.strip_prefix("message ").filter(|id| id.parse::<u64>().is_ok());
        let text = match line.what {
            Deed::SendingPaused | Deed::SendingResumed => String::new(),
            _ => line.about.clone(),
        };
        Self { text, href: mail.map(|id| format!("/queue/{id}")) }
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
        _ => "log-unknown",
    })
}

/// Of a person each part by itself, in the words of the page; of anything else as it stands.
fn changes(words: &Words, line: &Audit) -> Vec<Change> {
    let (old, new) = (line.old.as_deref().unwrap_or_default(), line.new.as_deref().unwrap_or_default());
    if old.is_empty() && new.is_empty() {
        return Vec::new();
    }
    let of_person = matches!(line.what, Deed::PersonAdded | Deed::PersonChanged | Deed::SetUp);
    if !of_person {
        return vec![Change { of: String::new(), was: old.to_owned(), is: new.to_owned() }];
    }
    let was: Vec<_> = parts(old).collect();
    let change = |(part, is)| {
        let was = was.iter().find(|(other, _)| *other == part).map_or("", |(_, was)| was);
        Change {
            of: part_in_words(words, part),
            was: in_words(words, part, was),
            is: in_words(words, part, is),
        }
    };
    parts(new).map(change).collect()
}

/// `role: viewer; sites: all`
fn parts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("; ").filter_map(|part| part.split_once(": "))
}

fn part_in_words(words: &Words, part: &str) -> String {
    words.t(match part {
        "address" => "sign-in-email",
        "name" => "person-name",
        "role" => "person-role",
        "sites" => "person-libraries",
        "language" => "language",
        other => return other.to_owned(),
    })
}

fn in_words(words: &Words, part: &str, value: &str) -> String {
    words.t(match (part, value) {
        ("role", "administrator") => "role-administrator",
        ("role", "manager") => "role-manager",
        ("role", "viewer") => "role-viewer",
        ("sites", "all") => "libraries-all",
        ("language", "as the browser asks") => "account-language-browser",
        (_, other) => return other.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    fn line(what: Deed, old: Option<&str>, new: Option<&str>) -> Audit {
        Audit {
            id: AuditId(1),
            happened_at: jiff::Timestamp::UNIX_EPOCH,
            who: Actor::CommandLine,
            what,
            about: "message 7".to_owned(),
            old: old.map(ToOwned::to_owned),
            new: new.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn what_was_changed_of_a_person_is_said_part_by_part() {
        let words = Language::English.words();
        let change = |of: &str, was: &str, is: &str| Change { of: of.into(), was: was.into(), is: is.into() };
        let old = "name: manager; role: viewer; sites: all";
        let new = "name: all; role: manager; sites: EAST, MAIN";
        let changed = line(Deed::PersonChanged, Some(old), Some(new));
        assert_eq!(
            changes(words, &changed),
            [
                change("Name", "manager", "all"),
                change("Role", "Viewer", "Manager"),
                change("Libraries", "All libraries", "EAST, MAIN")
            ]
        );
        let other = line(Deed::PreferenceChanged, Some("role: viewer"), None);
        assert_eq!(changes(words, &other), [change("", "role: viewer", "")]);
        assert_eq!(changes(words, &line(Deed::PersonEnabled, None, None)), []);
    }

    #[test]
    fn all_that_can_be_looked_for_has_words_of_its_own() {
        for language in Language::ALL {
            let words = language.words();
            let all: std::collections::BTreeSet<_> = DEEDS.map(|deed| did(words, deed)).into();
            assert!(all.len() == DEEDS.len() && !all.contains(&words.t("log-unknown")), "{all:?}");
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
