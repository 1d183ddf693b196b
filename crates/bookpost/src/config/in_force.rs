//! What holds, preference by preference, as it would be written: where nothing is set, the usual value.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Backup, Config, InDoubtPolicy, Loaded, Origin, Preference, Provider, Server, Way,
    servers::{USUAL_CONNECTIONS, USUAL_FOR_URGENT, USUAL_MESSAGES_PER_CONNECTION},
};

const DAY: u64 = 86_400;

impl Loaded {
    /// All preferences with the values that hold. Whose origin is [`Origin::Usual`] has the usual one; `None`: usually there is none.
    pub fn in_force(&self) -> Vec<Preference> {
        let filled = |preference: &Preference| match preference.origin {
            Origin::Usual => {
                Preference { value: value(&self.config, &preference.name), ..preference.clone() }
            }
            _ => preference.clone(),
        };
        self.preferences.iter().map(filled).collect()
    }
}

/// Of a secret, and of what is usually not there: none.
fn value(config: &Config, name: &str) -> Option<Value> {
    let (section, key) = name.split_once('.').unwrap_or(("", name));
    match section {
        "" if key == "library" => Some(json!(config.library)),
        "" => Some(json!([])),
        "sending" => sending(config, key),
        "server1" | "server2" => {
            let server = config.sending.servers.iter().find(|server| server.name == section);
            of_server(server.map(AsRef::as_ref), key)
        }
        "microsoft" if key == "tenant" => {
            let known = config.providers.iter().find(|one| one.provider == Provider::Microsoft);
            Some(json!(known.map_or("common", |one| one.tenant.as_str())))
        }
        "schedule" => schedule(config, key),
        "undeliverable" => (key == "by_smtp").then(|| json!(config.undeliverable.by_smtp)),
        "keep" => {
            let length = if key == "texts_days" { config.keep.bodies } else { config.keep.records };
            Some(json!(length.as_secs() / DAY))
        }
        "alarms" => (key == "waiting_limit").then(|| length(config.alarms.waiting)),
        "notices" => notices(config, key),
        _ => None,
    }
}

fn sending(config: &Config, key: &str) -> Option<Value> {
    let sending = &config.sending;
    Some(match key {
        "way" => json!(match &sending.way {
            Way::None => "none",
            Way::Practice => "practice",
            Way::Servers(servers) =>
                servers.first().and_then(|server| server.sign_in).map_or("servers", Provider::name),
        }),
        "backup" => json!(match sending.backup {
            Backup::None => "none",
            Backup::Servers => "servers",
            Backup::By(provider) => provider.name(),
        }),
        "ehlo_name" => json!(sending.own_name()?),
        "in_doubt" => json!(match sending.in_doubt {
            InDoubtPolicy::Retry => "retry",
            InDoubtPolicy::Hold => "hold",
        }),
        "digest_from" => json!(sending.digest_from),
        "digest_window" => length(sending.digest_window),
        "report_delay" => length(sending.report_delay),
        "bulk_over" => json!(sending.bulk_over),
        "null_reverse_path" => json!(sending.null_reverse_path),
        _ => return None,
    })
}

/// Before a server is described, only what does not depend on which it is.
fn of_server(server: Option<&Server>, key: &str) -> Option<Value> {
    let Some(server) = server else {
        return match key {
            "connections" => Some(json!(USUAL_CONNECTIONS)),
            "connections_for_urgent" => Some(json!(USUAL_FOR_URGENT)),
            "messages_per_connection" => Some(json!(USUAL_MESSAGES_PER_CONNECTION)),
            "allow_non_secure" | "send_password_unencrypted" => Some(json!(false)),
            _ => None,
        };
    };
    match key {
        "host" => Some(json!(server.host)),
        "port" => Some(json!(server.port)),
        "encryption" => Some(json!(server.encryption.name())),
        "allow_non_secure" => Some(json!(server.allow_non_secure)),
        "send_password_unencrypted" => Some(json!(server.password_on_plain)),
        "connections" => Some(json!(server.connections)),
        "connections_for_urgent" => Some(json!(server.connections_for_urgent)),
        "messages_per_connection" => Some(json!(server.messages_per_connection)),
        "per_minute" => server.limits.per_minute.map(Value::from),
        "per_day" => server.limits.per_day.map(Value::from),
        _ => None,
    }
}

fn schedule(config: &Config, key: &str) -> Option<Value> {
    let schedule = &config.schedule;
    let pair = |(least, most)| json!([length(least), length(most)]);
    match key {
        "short_range" => Some(length(schedule.short_range)),
        "short_wait" => Some(pair(schedule.short_wait)),
        "long_wait" => Some(pair(schedule.long_wait)),
        "give_up_after" => Some(length(schedule.give_up_after)),
        _ => None,
    }
}

fn notices(config: &Config, key: &str) -> Option<Value> {
    let notices = &config.notices;
    match key {
        "repeat_days" => Some(json!(notices.repeat.map_or(0, |length| length.as_secs() / DAY))),
        "wording" => Some(json!(notices.wording)),
        "dates" => notices.dates.as_ref().map(|order| json!(order)),
        "default_site" => notices.default_site.as_ref().map(|code| json!(code)),
        _ => None,
    }
}

/// As in the settings: `"60m"`, `"100h"`.
fn length(length: Duration) -> Value {
    let seconds = length.as_secs();
    Value::from(match seconds {
        s if s > 3600 && s.is_multiple_of(3600) => format!("{}h", s / 3600),
        s if s > 0 && s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Source, Surroundings};

    fn source() -> Source {
        Source::given("", None, &Surroundings::given([], Some("books.library.example")))
    }

    fn stored(set: &[(&str, &str)]) -> BTreeMap<String, String> {
        set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What is shown as usual is what holds: set, it changes nothing.
    #[test]
    fn the_usual_values_set_are_the_same_settings() {
        let described = [("server1.host", r#""a.example""#), ("server2.host", r#""b.example""#)];
        let before = source().check(&stored(&described)).unwrap();
        let shown = before.in_force();
        let usual = |one: &&Preference| one.origin == Origin::Usual;
        let mut set = stored(&described);
        // That there are no sites is not set, and an organisation only together with a client id.
        let is_set_alone = |one: &&Preference| !["sites", "microsoft.tenant"].contains(&one.name.as_str());
        for Preference { name, value, .. } in shown.iter().filter(usual).filter(is_set_alone) {
            set.extend(value.as_ref().map(|value| (name.clone(), value.to_string())));
        }
        let after = source().check(&set).unwrap();
        let of = |loaded: &Loaded| {
            let mut config = loaded.config.clone();
            // Somebody has chosen it now.
            config.sending.way_is_chosen = false;
            format!("{config:?}")
        };
        assert_eq!(of(&after), of(&before));
        let of = |all: &[Preference]| -> Vec<_> { all.iter().map(|one| one.value.clone()).collect() };
        assert_eq!(of(&after.in_force()), of(&shown));
    }

    #[test]
    fn of_each_preference_its_usual_value_is_shown_or_that_there_is_none() {
        let shown = source().check(&BTreeMap::new()).unwrap().in_force();
        let none: Vec<_> =
            shown.iter().filter(|one| one.value.is_none()).map(|one| one.name.as_str()).collect();
        assert_eq!(
            none,
            [
                "google.client_id",
                "google.client_secret",
                "google.audience",
                "google.send_by",
                "microsoft.client_id",
                "microsoft.client_secret",
                "microsoft.send_by",
                "sign_in_service.address",
                "sign_in_service.key",
                "sign_in_service.name",
                "server1.host",
                "server1.port",
                "server1.encryption",
                "server1.login",
                "server1.password",
                "server1.per_minute",
                "server1.per_day",
                "server2.host",
                "server2.port",
                "server2.encryption",
                "server2.login",
                "server2.password",
                "server2.per_minute",
                "server2.per_day",
                "undeliverable.address",
                "alarms.email",
                "alarms.webhook",
                "alarms.deadman",
                "notices.dates",
                "notices.default_site",
            ]
        );
        let value = |name: &str| shown.iter().find(|one| one.name == name).unwrap().value.clone().unwrap();
        for (name, expected) in [
            ("schedule.short_wait", json!(["3m", "9m"])),
            ("schedule.long_wait", json!(["60m", "90m"])),
            ("schedule.give_up_after", json!("100h")),
            ("keep.texts_days", json!(30)),
            ("sending.way", json!("none")),
        ] {
            assert_eq!(value(name), expected, "{name}");
        }
    }
}
