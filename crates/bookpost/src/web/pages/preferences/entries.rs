//! What stands in the form, as texts by the names of its fields; and what of it was changed, as it is stored.
//!
//! A field has the name of its preference; of two lengths of time that are one preference, each has its own. Only what differs from
//! what was shown is a change, so that a value which the form cannot show exactly stays as it is until somebody writes another.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::sent::Sent;
use crate::{
    config::{Backup, Config, InDoubtPolicy, Provider, Server, Way},
    preferences::sites::SITES,
};

/// Of a tick, `yes` or nothing. Never a password.
pub(super) use crate::web::pages::meanwhile::{Entries, differing};

/// How a text becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Text,
    Number,
    Tick,
    Minutes,
    Hours,
    /// The shorter or the longer of a pair of minutes.
    OfPair,
    /// The email address of the only library: see `library_email`.
    OfLibrary,
}

/// Why a text is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not a number.
    Number,
    /// A server needs its address.
    Host,
    /// Not an email address.
    Address,
}

/// Which servers there may be.
pub(super) const SERVERS: [&str; 2] = ["server1", "server2"];

macro_rules! names_of_server {
    ($server:literal) => {
        [
            (concat!($server, ".host"), Is::Text),
            (concat!($server, ".port"), Is::Number),
            (concat!($server, ".encryption"), Is::Text),
            (concat!($server, ".allow_non_secure"), Is::Tick),
            (concat!($server, ".login"), Is::Text),
            (concat!($server, ".send_password_unencrypted"), Is::Tick),
            (concat!($server, ".connections"), Is::Number),
            (concat!($server, ".connections_for_urgent"), Is::Number),
            (concat!($server, ".per_minute"), Is::Number),
            (concat!($server, ".per_day"), Is::Number),
            (concat!($server, ".messages_per_connection"), Is::Number),
        ]
    };
}

const OF_SERVERS: [[(&str, Is); 11]; 2] = [names_of_server!("server1"), names_of_server!("server2")];

/// The first question.
pub(super) const LIBRARY_EMAIL: &str = "library_email";

const OTHERS: [(&str, Is); 24] = [
    (LIBRARY_EMAIL, Is::OfLibrary),
    ("sending.way", Is::Text),
    ("sending.backup", Is::Text),
    ("sending.ehlo_name", Is::Text),
    ("schedule.short_range", Is::Minutes),
    ("schedule.short_wait.least", Is::OfPair),
    ("schedule.short_wait.most", Is::OfPair),
    ("schedule.long_wait.least", Is::OfPair),
    ("schedule.long_wait.most", Is::OfPair),
    ("schedule.give_up_after", Is::Hours),
    ("sending.in_doubt", Is::Text),
    ("sending.digest_from", Is::Number),
    ("sending.digest_window", Is::Minutes),
    ("sending.report_delay", Is::Minutes),
    ("sending.bulk_over", Is::Number),
    ("sending.null_reverse_path", Is::Tick),
    ("undeliverable.address", Is::Text),
    ("undeliverable.by_smtp", Is::Tick),
    ("keep.texts_days", Is::Number),
    ("keep.records_days", Is::Number),
    ("alarms.email", Is::Text),
    ("alarms.webhook", Is::Text),
    ("alarms.waiting_limit", Is::Hours),
    ("alarms.deadman", Is::Text),
];

fn all() -> impl Iterator<Item = (&'static str, Is)> {
    OF_SERVERS.into_iter().flatten().chain(OTHERS)
}

/// The preference that a field is of, or a part of.
pub(super) fn preference(name: &str) -> &str {
    if name == LIBRARY_EMAIL {
        return SITES;
    }
    name.strip_suffix(".least").or_else(|| name.strip_suffix(".most")).unwrap_or(name)
}

/// What stands in the form for these settings.
pub(super) fn shown(config: &Config) -> Entries {
    let servers = SERVERS.into_iter().zip(OF_SERVERS).flat_map(|(name, fields)| {
        let server = config.sending.servers.iter().find(|server| server.name == name);
        fields.map(|(field, _)| (field, of_server(field, server.map(AsRef::as_ref))))
    });
    servers.chain(OTHERS.map(|(field, _)| (field, other(field, config)))).collect()
}

fn of_server(field: &str, server: Option<&Server>) -> String {
    let key = field.split_once('.').map_or(field, |(_, key)| key);
    let Some(server) = server else {
        return match key {
            "connections" => "20",
            "connections_for_urgent" => "1",
            "messages_per_connection" => "100",
            _ => "",
        }
        .to_owned();
    };
    match key {
        "host" => server.host.clone(),
        "port" => server.port.to_string(),
        "encryption" => server.encryption.name().to_owned(),
        "allow_non_secure" => tick(server.allow_non_secure),
        "login" => server.login.as_ref().map(|login| login.user.clone()).unwrap_or_default(),
        "send_password_unencrypted" => tick(server.password_on_plain),
        "connections" => server.connections.to_string(),
        "connections_for_urgent" => server.connections_for_urgent.to_string(),
        "per_minute" => server.limits.per_minute.map(|most| most.to_string()).unwrap_or_default(),
        "per_day" => server.limits.per_day.map(|most| most.to_string()).unwrap_or_default(),
        _ => server.messages_per_connection.to_string(),
    }
}

fn other(field: &str, config: &Config) -> String {
    let (sending, schedule, alarms) = (&config.sending, &config.schedule, &config.alarms);
    let days = |length: Duration| (length.as_secs() / 86_400).to_string();
    match field {
        LIBRARY_EMAIL => config.sender().map(|(_, email)| email.to_string()).unwrap_or_default(),
        "sending.way" => way(&sending.way).to_owned(),
        "sending.backup" => match sending.backup {
            Backup::None => String::new(),
            Backup::Servers => "servers".to_owned(),
            Backup::By(provider) => provider.name().to_owned(),
        },
        "sending.ehlo_name" => sending.own_name().unwrap_or_default().to_owned(),
        "schedule.short_range" => minutes(schedule.short_range),
        "schedule.short_wait.least" => minutes(schedule.short_wait.0),
        "schedule.short_wait.most" => minutes(schedule.short_wait.1),
        "schedule.long_wait.least" => minutes(schedule.long_wait.0),
        "schedule.long_wait.most" => minutes(schedule.long_wait.1),
        "schedule.give_up_after" => schedule.give_up_after.as_secs().div_ceil(3600).to_string(),
        "sending.in_doubt" => match sending.in_doubt {
            InDoubtPolicy::Retry => "retry".to_owned(),
            InDoubtPolicy::Hold => "hold".to_owned(),
        },
        "sending.digest_from" => sending.digest_from.to_string(),
        "sending.digest_window" => minutes(sending.digest_window),
        "sending.report_delay" => minutes(sending.report_delay),
        "sending.bulk_over" => sending.bulk_over.to_string(),
        "sending.null_reverse_path" => tick(sending.null_reverse_path),
        "undeliverable.address" => {
            config.undeliverable.address.as_ref().map(ToString::to_string).unwrap_or_default()
        }
        "undeliverable.by_smtp" => tick(config.undeliverable.by_smtp),
        "keep.texts_days" => days(config.keep.bodies),
        "keep.records_days" => days(config.keep.records),
        "alarms.email" => alarms.email.as_ref().map(ToString::to_string).unwrap_or_default(),
        "alarms.waiting_limit" => alarms.waiting.as_secs().div_ceil(3600).to_string(),
        "alarms.deadman" => alarms.deadman.clone().unwrap_or_default(),
        _ => alarms.webhook.clone().unwrap_or_default(),
    }
}

/// As in the settings.
pub(super) fn way(way: &Way) -> &'static str {
    match way {
        Way::None => "none",
        Way::Practice => "practice",
        Way::Servers(servers) => {
            servers.first().and_then(|server| server.sign_in).map_or("servers", Provider::name)
        }
    }
}

fn tick(ticked: bool) -> String {
    if ticked { "yes".to_owned() } else { String::new() }
}

fn minutes(length: Duration) -> String {
    length.as_secs().div_ceil(60).to_string()
}

/// What somebody sent; what cannot be changed here stands as it was, and so does what was not sent at all.
pub(super) fn sent(sent: &Sent, before: &Entries, fixed: impl Fn(&str) -> bool) -> Entries {
    let entry = |(name, is): (&'static str, Is)| {
        let text = match sent.get(name) {
            _ if fixed(name) => None,
            None if is == Is::Tick => Some(String::new()),
            text => text.map(plain),
        };
        (name, text.or_else(|| before.get(name).cloned()).unwrap_or_default())
    };
    all().map(entry).collect()
}

/// In one line, as nobody means what cannot be seen.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect::<String>().trim().to_owned()
}

/// What is to be stored for `wanted` where `before` was shown; `null` where the usual value is to hold. Or what is wrong, by field.
pub(super) fn values(
    wanted: &Entries,
    before: &Entries,
) -> Result<BTreeMap<String, Value>, BTreeMap<&'static str, Fault>> {
    let (mut values, mut faults) = (BTreeMap::new(), BTreeMap::new());
    let changed = differing(wanted, before);
    for (server, fields) in SERVERS.into_iter().zip(OF_SERVERS) {
        let host = fields[0].0;
        let gone = wanted.get(host).is_none_or(String::is_empty);
        let had = before.get(host).is_some_and(|host| !host.is_empty());
        let touched = fields.iter().any(|(name, _)| changed.contains(name));
        if gone && had {
            values.extend(fields.map(|(name, _)| (name.to_owned(), Value::Null)));
            values.insert(format!("{server}.password"), Value::Null);
        } else if gone && touched {
            faults.insert(host, Fault::Host);
        }
    }
    for (name, is) in all().filter(|(name, is)| *is != Is::OfLibrary && changed.contains(name)) {
        let server = SERVERS.into_iter().find(|server| name.starts_with(server));
        let host = server.and_then(|server| wanted.get(&*format!("{server}.host")));
        if host.is_some_and(String::is_empty) {
            continue;
        }
        match value(name, is, wanted) {
            Ok(value) => drop(values.insert(preference(name).to_owned(), value)),
            Err(fault) => drop(faults.insert(name, fault)),
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

fn value(name: &str, is: Is, wanted: &Entries) -> Result<Value, Fault> {
    let text = |name: &str| wanted.get(name).map_or("", String::as_str);
    let number = |text: &str| text.parse::<u64>().map_err(|_| Fault::Number);
    let own = text(name);
    Ok(match is {
        Is::Tick => Value::from(!own.is_empty()),
        Is::OfPair => {
            let pair = preference(name);
            let (least, most) = (text(&format!("{pair}.least")), text(&format!("{pair}.most")));
            if least.is_empty() && most.is_empty() {
                return Ok(Value::Null);
            }
            json!([format!("{}m", number(least)?), format!("{}m", number(most)?)])
        }
        // As is usual at the port.
        Is::Text if name.ends_with(".encryption") && own.is_empty() => {
            let port = text(&name.replace(".encryption", ".port"));
            Value::from(if port == "465" { "tls" } else { "starttls" })
        }
        _ if own.is_empty() => Value::Null,
        Is::Text | Is::OfLibrary => Value::from(own),
        Is::Number => Value::from(number(own)?),
        Is::Minutes => Value::from(format!("{}m", number(own)?)),
        Is::Hours => Value::from(format!("{}h", number(own)?)),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::PREFERENCES;

    fn usual() -> Entries {
        shown(&Config::usual(Path::new("/"), Way::None))
    }

    fn with(changes: &[(&'static str, &str)]) -> Entries {
        let mut entries = usual();
        entries.extend(changes.iter().map(|(name, text)| (*name, (*text).to_owned())));
        entries
    }

    #[test]
    fn every_field_is_of_a_preference() {
        for name in usual().keys() {
            assert!(PREFERENCES.contains(&preference(name)), "{name}");
        }
    }

    #[test]
    fn what_was_not_changed_is_not_stored() {
        assert_eq!(values(&usual(), &usual()), Ok(BTreeMap::new()));
    }

    #[test]
    fn what_was_changed_is_stored_as_settings_are() {
        let before = with(&[("server1.host", "a.example"), ("server1.port", "587"), ("server1.login", "x")]);
        let mut after = before.clone();
        for (name, text, value) in [
            ("sending.way", "practice", json!("practice")),
            ("server1.port", "2525", json!(2525)),
            ("server1.login", "", json!(null)),
            ("server1.per_day", "2000", json!(2000)),
            ("server1.allow_non_secure", "yes", json!(true)),
            ("schedule.short_range", "90", json!("90m")),
            ("schedule.give_up_after", "120", json!("120h")),
            ("sending.null_reverse_path", "", json!(false)),
            ("alarms.email", "it@library.example", json!("it@library.example")),
            ("keep.texts_days", "", json!(null)),
        ] {
            after = before.clone();
            after.insert(name, text.to_owned());
            assert_eq!(values(&after, &before), Ok([(name.to_owned(), value)].into()), "{name}");
        }
        after.extend(before.clone());
        after.insert("schedule.short_wait.most", "12".to_owned());
        let both = [("schedule.short_wait".to_owned(), json!(["3m", "12m"]))].into();
        assert_eq!(values(&after, &before), Ok(both));
    }

    #[test]
    fn encryption_that_nobody_chose_is_that_of_the_port() {
        for (port, encryption) in [("465", "tls"), ("587", "starttls"), ("25", "starttls")] {
            let after = with(&[("server1.host", "a.example"), ("server1.port", port)]);
            let before = with(&[("server1.encryption", "tls")]);
            let stored = values(&after, &before).unwrap();
            assert_eq!(stored.get("server1.encryption"), Some(&json!(encryption)), "{port}");
        }
    }

    #[test]
    fn a_server_without_an_address_is_none() {
        let before = with(&[("server2.host", "b.example"), ("server2.port", "25")]);
        let mut after = before.clone();
        after.insert("server2.host", String::new());
        let stored = values(&after, &before).unwrap();
        assert_eq!(stored.len(), 12);
        assert!(stored.contains_key("server2.password") && stored.values().all(Value::is_null));
        let nameless = with(&[("server1.login", "notices")]);
        assert_eq!(values(&nameless, &usual()), Err([("server1.host", Fault::Host)].into()));
    }

    #[test]
    fn what_is_no_number_is_told_at_its_field() {
        for text in ["x", "-1", "1.5", "99999999999999999999"] {
            let wrong = with(&[("keep.texts_days", text)]);
            assert_eq!(values(&wrong, &usual()), Err([("keep.texts_days", Fault::Number)].into()), "{text}");
        }
        let half = with(&[("schedule.long_wait.least", "")]);
        assert_eq!(values(&half, &usual()), Err([("schedule.long_wait.least", Fault::Number)].into()));
    }

    #[test]
    fn what_is_fixed_or_not_sent_stays() {
        let before = with(&[("server1.host", "a.example"), ("server1.allow_non_secure", "yes")]);
        let form = Sent::of(&[("server1.host", "evil.example"), ("server1.port", " 5\u{0}87\r\n")]);
        let after = sent(&form, &before, |name| name == "server1.host");
        assert_eq!(after["server1.host"], "a.example");
        assert_eq!(after["server1.port"], "587");
        assert_eq!(after["server1.allow_non_secure"], "");
        assert_eq!(after["keep.texts_days"], "30");
    }
}
