//! What was changed, by whom and when, in a line each.

use serde_json::Value;
use store::PreferenceChange;

use super::fields::label;
use crate::{
    config::SECRETS,
    web::pages::{when::Clockwork, words::Words},
};

/// A change for people.
pub(super) struct Told {
    pub(super) version: i64,
    /// By whom and when.
    pub(super) by: String,
    pub(super) lines: Vec<String>,
}

/// So many lines are shown at once.
const AT_ONCE: usize = 4;

impl Told {
    /// The lines that are seen, and those that are folded, if there are more than a few.
    pub(super) fn folded(&self) -> (&[String], &[String]) {
        let at = if self.lines.len() > AT_ONCE + 1 { AT_ONCE } else { self.lines.len() };
        self.lines.split_at(at)
    }

    pub(super) fn of(change: &PreferenceChange, clockwork: &Clockwork) -> Self {
        let words = clockwork.words;
        let (who, at) = (words.actor(&change.changed_by), clockwork.text(change.changed_at));
        let line = |(name, changed): (&String, &store::Changed)| {
            let label = label(name, words);
            if SECRETS.contains(&name.as_str()) {
                return words.with("change-secret", &[("what", &label)]);
            }
            let read = |json: &Option<String>| value(name, json.as_deref(), words);
            let (before, after) = (read(&changed.before), read(&changed.after));
            words.with("change-line", &[("what", &label), ("before", &before), ("after", &after)])
        };
        Self {
            version: change.version,
            by: words.with("changed-by", &[("who", &who), ("when", &at)]),
            lines: change.values.iter().map(line).collect(),
        }
    }
}

/// As it is read.
fn value(name: &str, json: Option<&str>, words: &Words) -> String {
    let value = json.map(serde_json::from_str::<Value>);
    match value {
        Some(Ok(Value::String(text))) => chosen(name, &text).map_or(text, |key| words.t(key)),
        None => words.t("value-usual"),
        Some(Ok(value)) => written(&value, words),
        Some(Err(_)) => json.unwrap_or_default().to_owned(),
    }
}

/// What the page calls one of several that can be chosen.
fn chosen(name: &str, text: &str) -> Option<&'static str> {
    Some(match (name, text) {
        ("sending.way", "none") => "way-none",
        ("sending.way", "practice") => "way-practice",
        ("sending.way", "servers") => "way-servers",
        ("sending.in_doubt", "retry") => "in-doubt-retry",
        ("sending.in_doubt", "hold") => "in-doubt-hold",
        ("server1.encryption" | "server2.encryption", "starttls") => "encryption-starttls",
        ("server1.encryption" | "server2.encryption", "tls") => "encryption-tls",
        ("server1.encryption" | "server2.encryption", "none") => "encryption-none",
        _ => return None,
    })
}

fn written(value: &Value, words: &Words) -> String {
    match value {
        Value::Bool(true) => words.t("value-yes"),
        Value::Bool(false) => words.t("value-no"),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            let names = list.iter().filter_map(|one| one.get("name").or_else(|| one.get("code"))?.as_str());
            names.collect::<Vec<_>>().join(", ")
        }
        Value::Array(list) => list.iter().map(|one| written(one, words)).collect::<Vec<_>>().join(" – "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use store::Changed;

    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn a_change_is_told_without_secrets() {
        let changed = |before: Option<&str>, after: Option<&str>| Changed {
            before: before.map(ToOwned::to_owned),
            after: after.map(ToOwned::to_owned),
        };
        let sealed = changed(Some("{\"sealed\":\"AAAA\"}"), Some("{\"sealed\":\"BBBB\"}"));
        let change = PreferenceChange {
            version: 7,
            changed_at: Timestamp::UNIX_EPOCH,
            changed_by: store::Actor::CommandLine,
            values: [
                ("server1.port".to_owned(), changed(Some("25"), Some("587"))),
                ("server2.password".to_owned(), sealed),
                ("server2.encryption".to_owned(), changed(None, Some("\"none\""))),
                ("server1.allow_non_secure".to_owned(), changed(None, Some("true"))),
                ("schedule.short_wait".to_owned(), changed(None, Some("[\"3m\",\"12m\"]"))),
                ("sites".to_owned(), changed(None, Some("[{\"code\":\"A\",\"name\":\"Main\"}]"))),
                ("notices.repeat_days".to_owned(), changed(Some("6"), None)),
            ]
            .into(),
        };
        let words = Language::English.words();
        let clockwork = Clockwork { words, zone: TimeZone::UTC, now: Timestamp::UNIX_EPOCH };
        let told = Told::of(&change, &clockwork);
        assert_eq!((told.version, told.by.as_str()), (7, "Changed by somebody at the command line, 00:00"));
        assert_eq!(
            told.lines,
            [
                "notices.repeat_days: 6 → the usual value",
                "Wait of the first tries, from (minutes): the usual value → 3m – 12m",
                "Server 1, Allow Non-Secure Connections: the usual value → yes",
                "Server 1, Port: 25 → 587",
                "Server 2, Security: the usual value → Not encrypted",
                "Server 2, Password: changed",
                "Libraries: the usual value → Main",
            ]
        );
    }
}
