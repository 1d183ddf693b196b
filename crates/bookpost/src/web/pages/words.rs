//! The words of the pages, in each language (Project Fluent), and which language a person reads.

use std::{borrow::Cow, sync::OnceLock, time::Duration};

use axum::http::{HeaderMap, header};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use store::{Actor, AlarmKind, Class, State};

use crate::config::Origin;

/// A language that pages are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Spanish,
}

/// Those that a person can choose, as in BCP 47.
pub(crate) const LANGUAGES: [&str; 2] = [Language::English.tag(), Language::Spanish.tag()];

impl Language {
    pub(super) const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// As in BCP 47.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// As its readers call it.
    pub(super) fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
        }
    }

    pub(super) fn named(tag: &str) -> Option<Self> {
        let first = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| first.eq_ignore_ascii_case(language.tag()))
    }

    /// What a browser asks for first of what there is (RFC 9110 section 12.5.4).
    pub(super) fn asked(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let ranges = wanted.unwrap_or_default().split(',').filter_map(|range| {
            let mut parts = range.split(';');
            let language = Self::named(parts.next()?.trim())?;
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).unwrap_or("1");
            Some((language, weight.parse::<f32>().ok().filter(|weight| *weight > 0.0)?))
        });
        let best = ranges.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(Self::English, |(language, _)| language)
    }

    /// Its words.
    pub(super) fn words(self) -> &'static Words {
        static ENGLISH: OnceLock<Words> = OnceLock::new();
        static SPANISH: OnceLock<Words> = OnceLock::new();
        match self {
            Self::English => ENGLISH.get_or_init(|| Words::new(self)),
            Self::Spanish => SPANISH.get_or_init(|| Words::new(self)),
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => locale!("en"),
            Self::Spanish => locale!("es"),
        }
    }
}

/// The files of a language as one text. A key stands in the file of the page that says it.
macro_rules! locale {
    ($tag:literal) => {
        locale!($tag: "everywhere" "sign_in" "today" "notices" "saved" "schedules" "queue" "message" "reasons" "setup" "secrets" "people" "account" "log" "libraries" "programs" "start" "trial" "preferences" "mail_account")
    };
    ($tag:literal: $($file:literal)+) => {
        concat!($(include_str!(concat!("locales/", $tag, "/", $file, ".ftl")), "\n"),+)
    };
}
use locale;

/// The words of one language.
pub(super) struct Words {
    pub(super) language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    fn new(language: Language) -> Self {
        let locale = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // What is put in stands in sentences of one direction; marks around it would be copied with addresses.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match language {
            Language::English => |value, _| grouped(value, ","),
            Language::Spanish => |value, _| grouped(value, "\u{202f}"),
        }));
        // A test reads every file to its end.
        let resource = match FluentResource::try_new(language.source().to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
        Self { language, bundle }
    }

    /// A text that stands alone.
    pub(super) fn t(&self, key: &str) -> String {
        self.say(key, None)
    }

    /// A text about so many.
    pub(super) fn count(&self, key: &str, n: u64) -> String {
        self.count_with(key, n, &[])
    }

    /// A text about so many, with others in it.
    pub(super) fn count_with(&self, key: &str, n: u64, parts: &[(&'static str, &str)]) -> String {
        let mut arguments = arguments(parts);
        arguments.set("n", n);
        self.say(key, Some(&arguments))
    }

    /// A text with others in it.
    pub(super) fn with(&self, key: &str, parts: &[(&'static str, &str)]) -> String {
        self.say(key, Some(&arguments(parts)))
    }

    /// Who did something, within a sentence.
    pub(super) fn actor(&self, who: &Actor) -> String {
        match who {
            Actor::Person { name, .. } => name.to_string(),
            Actor::CommandLine => self.t("by-command-line"),
            Actor::Configuration => self.t("by-configuration"),
            Actor::NotSignedIn => self.t("by-nobody-signed-in"),
            Actor::Schedule => self.t("by-schedule"),
            Actor::DropFolder => self.t("by-drop-folder"),
            Actor::Bookpost => "Bookpost".to_owned(),
        }
    }

    /// Where a setting stands that cannot be changed on the pages.
    pub(super) fn place(&self, origin: &Origin) -> Option<String> {
        match origin {
            Origin::Usual | Origin::Preferences => None,
            Origin::File(place) => Some(match place.rsplit_once(", line ") {
                Some((file, line)) => self.with("place-file", &[("file", file), ("line", line)]),
                None => place.clone(),
            }),
            Origin::Environment(place) => {
                let name = place.rsplit_once(", ").map_or(place.as_str(), |(_, name)| name);
                Some(self.with("place-environment", &[("name", name)]))
            }
        }
    }

    /// So long, in minutes.
    pub(super) fn minutes(&self, length: Duration) -> String {
        self.count("so-many-minutes", length.as_secs().div_ceil(60))
    }

    /// So long, in hours where they are whole.
    pub(super) fn hours(&self, length: Duration) -> String {
        match length.as_secs() {
            seconds if seconds % 3600 == 0 => self.count("so-many-hours", seconds / 3600),
            _ => self.minutes(length),
        }
    }

    /// So many, as figures.
    pub(super) fn number(&self, n: u64) -> String {
        let separator = if self.language == Language::English { "," } else { "\u{202f}" };
        grouped(&FluentValue::from(n), separator).unwrap_or_default()
    }

    fn say(&self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        pattern.map_or_else(
            || key.to_owned(),
            |pattern| self.bundle.format_pattern(pattern, arguments, &mut Vec::new()).into_owned(),
        )
    }

    pub(super) fn state(&self, state: State) -> String {
        self.t(match state {
            State::Waiting => "state-waiting",
            State::Sending => "state-sending",
            State::InDoubt => "state-in-doubt",
            State::Delivered => "state-delivered",
            State::Practiced => "state-practiced",
            State::Returned => "state-returned",
            State::Held => "state-held",
            State::Cancelled => "state-cancelled",
        })
    }

    /// The same beside a number of them.
    pub(super) fn states(&self, state: State, n: u64) -> String {
        let key = match state {
            State::Waiting => "states-waiting",
            State::Sending => "states-sending",
            State::InDoubt => "states-in-doubt",
            State::Delivered => "states-delivered",
            State::Practiced => "states-practiced",
            State::Returned => "states-returned",
            State::Held => "states-held",
            State::Cancelled => "states-cancelled",
        };
        self.count(key, n)
    }

    pub(super) fn class(&self, class: Class) -> String {
        self.t(match class {
            Class::Urgent => "class-urgent",
            Class::Normal => "class-normal",
            Class::Bulk => "class-bulk",
        })
    }

    /// Why something went as it did.
    pub(super) fn reason(&self, reason: mail::Reason) -> String {
        self.t(&format!("reason-{}", reason.as_str()))
    }

    /// What is done about it.
    pub(super) fn what_to_do(&self, reason: mail::Reason) -> String {
        self.t(&format!("reason-{}-do", reason.as_str()))
    }

    /// What is wrong, and what is done about it.
    pub(super) fn alarm(&self, kind: AlarmKind) -> (String, String) {
        let name = alarm_name(kind);
        (self.t(&format!("alarm-{name}")), self.t(&format!("alarm-{name}-do")))
    }
}

fn arguments<'a>(parts: &[(&'static str, &'a str)]) -> FluentArgs<'a> {
    parts.iter().map(|(name, text)| (*name, FluentValue::String(Cow::Borrowed(*text)))).collect()
}

/// `12345` as `12,345`, from five figures on.
fn grouped(value: &FluentValue<'_>, separator: &str) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let figures = number.as_string().into_owned();
    if figures.len() < 5 || !figures.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(figures);
    }
    let mut text = String::new();
    for (at, figure) in figures.chars().enumerate() {
        if at > 0 && (figures.len() - at).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(figure);
    }
    Some(text)
}

fn alarm_name(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Restored => "restored",
        AlarmKind::ServerDown => "server-down",
        AlarmKind::SignIn => "sign-in",
        AlarmKind::BackupInUse => "backup-in-use",
        AlarmKind::SenderRefused => "sender-refused",
        AlarmKind::ReportLost => "report-lost",
        AlarmKind::Stuck => "stuck",
        AlarmKind::ClockJump => "clock-jump",
        AlarmKind::Disk => "disk",
        AlarmKind::BrokenMessage => "broken-message",
        AlarmKind::Held => "held",
        AlarmKind::Quota => "quota",
        AlarmKind::DropFolder => "drop-folder",
        AlarmKind::RunInterrupted => "run-interrupted",
        AlarmKind::Webhook => "webhook",
        AlarmKind::Certificate => "certificate",
        AlarmKind::CertificateEnds => "certificate-ends",
        AlarmKind::Waiting => "waiting",
        AlarmKind::InDoubt => "in-doubt",
        AlarmKind::Silence => "silence",
        AlarmKind::Schedule => "schedule",
        AlarmKind::SecretsLost => "secrets-lost",
        AlarmKind::SignInService => "sign-in-service",
        AlarmKind::SignInEnds => "sign-in-ends",
        _ => "other",
    }
}

#[cfg(test)]
mod tests;
