//! Which settings are preferences: people may set them while the program runs. The others are of the computer that it runs on, or name
//! files and programs there, and stand in the file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::raw::{Origin, Raw, SEALED};

/// The names of all preferences, in the order in which people are shown them.
pub const PREFERENCES: &[&str] = &[
    "library",
    "sending.way",
    "google.client_id",
    "google.client_secret",
    "google.audience",
    "google.send_by",
    "microsoft.client_id",
    "microsoft.client_secret",
    "microsoft.tenant",
    "microsoft.send_by",
    "sign_in_service.address",
    "sign_in_service.key",
    "sign_in_service.name",
    "server1.host",
    "server1.port",
    "server1.encryption",
    "server1.allow_non_secure",
    "server1.login",
    "server1.password",
    "server1.send_password_unencrypted",
    "server1.connections",
    "server1.per_minute",
    "server1.per_day",
    "server1.connections_for_urgent",
    "server1.messages_per_connection",
    "server2.host",
    "server2.port",
    "server2.encryption",
    "server2.allow_non_secure",
    "server2.login",
    "server2.password",
    "server2.send_password_unencrypted",
    "server2.connections",
    "server2.per_minute",
    "server2.per_day",
    "server2.connections_for_urgent",
    "server2.messages_per_connection",
    "sites",
    "schedule.short_range",
    "schedule.short_wait",
    "schedule.long_wait",
    "schedule.give_up_after",
    "sending.backup",
    "sending.ehlo_name",
    "sending.in_doubt",
    "sending.digest_from",
    "sending.digest_window",
    "sending.report_delay",
    "sending.bulk_over",
    "sending.null_reverse_path",
    "undeliverable.address",
    "undeliverable.by_smtp",
    "keep.texts_days",
    "keep.records_days",
    "alarms.email",
    "alarms.webhook",
    "alarms.waiting_limit",
    "alarms.deadman",
    "notices.repeat_days",
    "notices.wording",
    "notices.dates",
    "notices.default_site",
];

/// The preferences that are secrets.
pub const SECRETS: [&str; 5] = [
    "server1.password",
    "server2.password",
    "google.client_secret",
    "microsoft.client_secret",
    "sign_in_service.key",
];

/// One preference as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preference {
    pub name: String,
    /// None: it is not set, and the usual value holds. A secret is `"(set)"`.
    pub value: Option<Value>,
    pub origin: Origin,
}

/// Shown in place of a secret.
const SET: &str = "(set)";

pub(super) fn all(raw: &Raw) -> Vec<Preference> {
    PREFERENCES.iter().map(|name| one(raw, name)).collect()
}

fn one(raw: &Raw, name: &str) -> Preference {
    if !SECRETS.contains(&name) {
        return Preference { name: name.to_owned(), value: raw.json(name), origin: raw.origin(name) };
    }
    // The file does not have it, but says where it is.
    let places = ["", "_file", "_env", "_credential"].map(|place| format!("{name}{place}"));
    let named = places.iter().find(|place| raw.has(place));
    let origin = named.map_or(Origin::Usual, |place| raw.origin(place));
    Preference { name: name.to_owned(), value: named.map(|_| Value::from(SET)), origin }
}

/// A sealed secret as it stands among the preferences.
pub(super) fn sealed_json(sealed: &str) -> String {
    serde_json::json!({ SEALED: sealed }).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::config::{Surroundings, check};

    #[test]
    fn each_preference_is_a_setting_and_is_listed_once() {
        let set: BTreeMap<String, String> = [
            ("sites", r#"[{"code":"A","name":"A","email":"a@b.example"}]"#),
            ("server1.host", r#""a""#),
            ("server2.host", r#""b""#),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let around = Surroundings::given([], Some("books.library.example"));
        let mut raw = Raw::parse("", None, &around, &set).unwrap();
        check::check(&mut raw, &around).unwrap();
        let asked = raw.asked();
        for name in PREFERENCES.iter().filter(|name| !SECRETS.contains(name)) {
            let known =
                asked.contains(*name) || asked.iter().any(|asked| asked.starts_with(&format!("{name}.")));
            assert!(known, "{name}");
        }
        assert_eq!(PREFERENCES.iter().collect::<BTreeSet<_>>().len(), PREFERENCES.len());
    }
}
