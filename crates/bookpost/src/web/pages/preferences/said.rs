//! Changes of preferences, in the words of the page.

use std::{borrow::Cow, time::Duration};

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::fields;
use crate::{
    config::SECRETS,
    preferences::sites::{FIELDS, SITES},
    web::pages::words::Words,
};

/// Of what, as it was, as it is. Nothing stands for how it was where only what is new is told.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Said {
    pub(in super::super) of: String,
    pub(in super::super) was: String,
    pub(in super::super) is: String,
}

/// What a change of the preference `name` was: of libraries each by itself, of one that was changed each of its fields. The values are as
/// they are stored; texts may stand without their quotes.
pub(in super::super) fn said(name: &str, old: Option<&str>, new: Option<&str>, words: &Words) -> Vec<Said> {
    if name == SITES {
        let sites = of_sites(&sites(old), &sites(new), words);
        if !sites.is_empty() {
            return sites;
        }
    }
    let of = label(name, words);
    if SECRETS.contains(&name) {
        let is = words.t(if new.is_some() { "secret-changed" } else { "secret-forgotten" });
        return vec![Said { of, was: String::new(), is }];
    }
    let value = |stored: Option<&str>| match stored {
        Some(stored) => value(name, stored, words),
        None => unset(name, words),
    };
    let (was, is) = (value(old), value(new));
    // What was only taken for granted and is now chosen reads alike.
    vec![Said { of, was: if was == is { String::new() } else { was }, is }]
}

/// What a preference is called; by its name where nobody is asked for it on a page.
pub(in super::super) fn label(name: &str, words: &Words) -> String {
    words.t(match name {
        "library" => "start-name",
        "google.client_id" => "said-google-client",
        "google.client_secret" => "said-google-secret",
        "google.audience" => "said-google-audience",
        "microsoft.client_id" => "said-microsoft-client",
        "microsoft.client_secret" => "said-microsoft-secret",
        "microsoft.tenant" => "said-microsoft-tenant",
        "google.send_by" => "said-google-send-by",
        "microsoft.send_by" => "said-microsoft-send-by",
        "sign_in_service.address" => "said-service-address",
        "sign_in_service.key" => "said-service-key",
        "sign_in_service.name" => "said-service-name",
        "alarms.email" => "said-alarm-email",
        "schedule.short_wait" => "said-short-wait",
        "schedule.long_wait" => "said-long-wait",
        "notices.repeat_days" => "said-repeat-days",
        "notices.wording" => "said-wording",
        "notices.dates" => "said-dates",
        "notices.default_site" => "said-default-site",
        _ => return without_unit(name, fields::label(name, words)),
    })
}

/// A length of time says its unit itself.
fn without_unit(name: &str, label: String) -> String {
    match label.split_once(" (") {
        Some((short, _)) if is_length(name) => short.to_owned(),
        _ => label,
    }
}

fn is_length(name: &str) -> bool {
    name.starts_with("schedule.")
        || ["sending.digest_window", "sending.report_delay", "alarms.waiting_limit"].contains(&name)
}

/// Where nothing is set.
fn unset(name: &str, words: &Words) -> String {
    words.t(match key(name) {
        "sending.way" => "value-not-chosen",
        "sending.backup" => "backup-none",
        "encryption" => "encryption-by-port",
        "library"
        | "host"
        | "login"
        | "alarms.email"
        | "alarms.webhook"
        | "alarms.deadman"
        | "notices.default_site"
        | "undeliverable.address"
        | "google.client_id"
        | "google.audience"
        | "microsoft.client_id"
        | "sign_in_service.address"
        | "sign_in_service.name" => "value-empty",
        "per_minute" | "per_day" => "value-no-limit",
        SITES => "value-none",
        _ => "value-usual",
    })
}

fn value(name: &str, stored: &str, words: &Words) -> String {
    let text = unquoted(stored);
    let key = key(name);
    match (key, &*text) {
        ("schedule.short_wait" | "schedule.long_wait", pair) => {
            span(pair, words).unwrap_or_else(|| pair.to_owned())
        }
        (SITES, list) => names(&sites(Some(list))),
        (_, length) if is_length(name) => self::length(length, words).unwrap_or_else(|| length.to_owned()),
        (_, text) => chosen(key, text).map_or_else(|| text.to_owned(), |key| words.t(key)),
    }
}

/// What the page calls one of several that can be chosen.
fn chosen(key: &str, text: &str) -> Option<&'static str> {
    Some(match (key, text) {
        ("sending.way", "none") => "way-none",
        ("sending.way", "practice") => "way-practice",
        ("sending.way" | "sending.backup", "servers") => "way-servers",
        ("sending.way" | "sending.backup", "google") => "way-google",
        ("sending.way" | "sending.backup", "microsoft") => "way-microsoft",
        ("sending.backup", "none") => "backup-none",
        ("google.audience", "internal") => "audience-internal",
        ("google.audience", "external") => "audience-external",
        ("google.audience", "testing") => "audience-testing",
        ("google.send_by", "smtp") => "send-by-smtp-google",
        ("google.send_by", "api") => "send-by-api-google",
        ("microsoft.send_by", "smtp") => "send-by-smtp-microsoft",
        ("microsoft.send_by", "api") => "send-by-api-microsoft",
        ("sending.in_doubt", "retry") => "in-doubt-retry",
        ("sending.in_doubt", "hold") => "in-doubt-hold",
        ("encryption", "starttls") => "encryption-starttls",
        ("encryption", "tls") => "encryption-tls",
        ("encryption", "none") => "encryption-none",
        (
            "allow_non_secure"
            | "send_password_unencrypted"
            | "sending.null_reverse_path"
            | "undeliverable.by_smtp",
            "true",
        ) => "value-yes",
        (
            "allow_non_secure"
            | "send_password_unencrypted"
            | "sending.null_reverse_path"
            | "undeliverable.by_smtp",
            "false",
        ) => "value-no",
        ("notices.wording", "overdue") => "wording-overdue",
        ("notices.wording", "overdue-without-titles") => "wording-without-titles",
        ("notices.dates", "d/m/y") => "dates-day-first",
        ("notices.dates", "m/d/y") => "dates-month-first",
        ("notices.dates", "y/m/d") => "dates-year-first",
        _ => return None,
    })
}

/// Without the server that it is of.
fn key(name: &str) -> &str {
    name.strip_prefix("server1.").or_else(|| name.strip_prefix("server2.")).unwrap_or(name)
}

fn unquoted(stored: &str) -> Cow<'_, str> {
    let text = stored.starts_with('"').then(|| serde_json::from_str(stored).ok()).flatten();
    text.map_or(Cow::Borrowed(stored), Cow::Owned)
}

fn length(text: &str, words: &Words) -> Option<String> {
    let length = text.parse::<SignedDuration>().ok()?;
    Some(words.hours(Duration::try_from(length).ok()?))
}

fn span(pair: &str, words: &Words) -> Option<String> {
    let [from, to]: [String; 2] = serde_json::from_str(pair).ok()?;
    Some(words.with("said-span", &[("from", &length(&from, words)?), ("to", &length(&to, words)?)]))
}

type Site = Map<String, Value>;

fn sites(stored: Option<&str>) -> Vec<Site> {
    stored.and_then(|stored| serde_json::from_str(stored).ok()).unwrap_or_default()
}

/// Nothing where only their order differs, or what is stored cannot be read.
fn of_sites(old: &[Site], new: &[Site], words: &Words) -> Vec<Said> {
    let of =
        |sites: &'_ [Site], site: &Site| sites.iter().position(|one| one.get("code") == site.get("code"));
    let whole = |site: &Site, key: &'static str| {
        let is = FIELDS.iter().skip(1).filter_map(|field| site.get(*field)).map(plain);
        let code = plain(site.get("code").unwrap_or(&Value::Null));
        let is = std::iter::once(code).chain(is).collect::<Vec<_>>().join(", ");
        Said { of: words.with(key, &[("name", &called(site))]), was: String::new(), is }
    };
    let gone =
        old.iter().filter(|site| of(new, site).is_none()).map(|site| whole(site, "said-library-removed"));
    let others = new.iter().flat_map(|site| match of(old, site).and_then(|at| old.get(at)) {
        Some(before) => differences(before, site, words),
        None => vec![whole(site, "said-library-added")],
    });
    gone.chain(others).collect()
}

fn differences(old: &Site, new: &Site, words: &Words) -> Vec<Said> {
    let changed = FIELDS.into_iter().filter(|field| old.get(*field) != new.get(*field));
    let value = |site: &Site, field| match (field, site.get(field)) {
        (_, None) => words.t("value-empty"),
        ("language", Some(Value::String(tag))) if tag == "en" => words.t("notice-language-en"),
        ("language", Some(Value::String(tag))) if tag == "es" => words.t("notice-language-es"),
        (_, Some(value)) => plain(value),
    };
    let said = |field| Said {
        of: format!("{}, {}", called(new), of_library(field, words)),
        was: value(old, field),
        is: value(new, field),
    };
    changed.map(said).collect()
}

/// A field of a library, as its form calls it.
fn of_library(field: &str, words: &Words) -> String {
    words.t(match field {
        "name" => "library-name",
        "email" => "library-email",
        "reply_to" => "library-answers",
        "return_address" => "library-returns",
        "phone" => "library-phone",
        "branches" => "library-branches",
        "time_zone" => "library-zone",
        "language" => "library-language",
        other => return other.to_owned(),
    })
}

fn called(site: &Site) -> String {
    site.get("name").or_else(|| site.get("code")).map(plain).unwrap_or_default()
}

fn names(sites: &[Site]) -> String {
    sites.iter().map(called).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::PREFERENCES, web::pages::words::Language};

    fn told(language: Language, name: &str, old: Option<&str>, new: Option<&str>) -> Vec<String> {
        let said = said(name, old, new, language.words());
        said.iter().map(|Said { of, was, is }| format!("{of}: {was} → {is}")).collect()
    }

    /// Whether the texts have their quotes, as among the preferences, or not, as in the log.
    #[test]
    fn a_setting_is_told_as_the_page_calls_it() {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        for (name, old, new, expected) in [
            ("library", "", "Riverside", "Name of the library: (empty) → Riverside"),
            ("library", "\"true\"", "Riverside", "Name of the library: true → Riverside"),
            ("sending.way", "", "\"practice\"", "Way of sending: not chosen yet → Practice mailbox"),
            ("sending.way", "", "\"none\"", "Way of sending: not chosen yet → Do not send"),
            (
                "server1.encryption",
                "starttls",
                "none",
                "Server 1, Security: Encrypted (recommended) → Not encrypted",
            ),
            ("server1.port", "25", "587", "Server 1, Port: 25 → 587"),
            (
                "server2.send_password_unencrypted",
                "false",
                "true",
                "Server 2, Send the password without encryption: no → yes",
            ),
            ("server2.password", "(a secret)", "(a secret)", "Server 2, Password:  → changed"),
            ("server2.password", "(a secret)", "", "Server 2, Password:  → forgotten"),
            ("schedule.short_range", "", "\"90m\"", "The first tries last: the usual value → 90 minutes"),
            (
                "schedule.short_wait",
                "[\"3m\",\"9m\"]",
                "[\"1m\",\"1h\"]",
                "Wait of the first tries: 3 minutes to 9 minutes → 1 minute to 1 hour",
            ),
            ("schedule.give_up_after", "100h", "1h", "Give up after: 100 hours → 1 hour"),
            ("keep.texts_days", "30", "", "Keep texts (days): 30 → the usual value"),
            ("schedule.short_range", "soon", "", "The first tries last: soon → the usual value"),
            ("of.later", "1", "", "of.later: 1 → the usual value"),
        ] {
            assert_eq!(told(Language::English, name, some(old), some(new)), [expected], "{name}");
        }
    }

    #[test]
    fn of_libraries_it_is_told_what_became_of_each() {
        let north = r#"{"code":"N","name":"North","email":"n@library.example","phone":"555"}"#;
        let moved = r#"{"code":"N","name":"North","email":"n@town.example","branches":["BUS","M2"]}"#;
        let east = r#"{"code":"E","name":"East","email":"e@library.example"}"#;
        let list = |sites: &[&str]| Some(format!("[{}]", sites.join(",")));
        let told = |old: Option<String>, new: Option<String>| {
            told(Language::English, SITES, old.as_deref(), new.as_deref())
        };
        assert_eq!(
            told(list(&[north]), list(&[moved, east])),
            [
                "North, What patrons see as the sender: n@library.example → n@town.example",
                "North, Telephone: 555 → (empty)",
                "North, Further branch codes: (empty) → BUS, M2",
                "East was added:  → E, e@library.example",
            ]
        );
        assert_eq!(told(list(&[north, east]), list(&[north])), ["East was removed:  → E, e@library.example"]);
        assert_eq!(told(list(&[east]), None), ["East was removed:  → E, e@library.example"]);
        assert_eq!(
            told(list(&[north, east]), list(&[east, north])),
            ["Libraries: North, East → East, North"]
        );
    }

    /// What has no words of its own is told by the name of the setting.
    #[test]
    fn every_preference_has_words_in_every_language() {
        for name in PREFERENCES {
            for language in Language::ALL {
                let of = label(name, language.words());
                assert!(!of.contains('_') && !of.contains('.'), "{name}: {of}");
            }
            assert!(
                *name == SITES
                    || label(name, Language::English.words()) != label(name, Language::Spanish.words()),
                "{name}"
            );
        }
    }
}
