//! The fields of the form, each with its label, its help and what stands in it.

use std::collections::BTreeMap;

use super::{
    entries::{Entries, LIBRARY_EMAIL, preference},
    sent::{Passwords, TESTS_TO},
};
use crate::{
    config::{Loaded, Origin, Password, Provider},
    web::pages::{
        field::{Choice, Field, Kind},
        words::Words,
    },
};

/// What the fields are made of.
pub(super) struct Form<'a> {
    pub(super) words: &'static Words,
    pub(super) entries: &'a Entries,
    pub(super) loaded: &'a Loaded,
    /// What is wrong, by field.
    pub(super) faults: &'a BTreeMap<String, String>,
    /// What was typed before, and is not saved.
    pub(super) typed: &'a Passwords,
    /// The passwords that are to be forgotten.
    pub(super) forgotten: &'a [String],
    /// Whom test messages are for, by server; where nothing is said: `own`.
    pub(super) tests_to: &'a BTreeMap<&'static str, String>,
    pub(super) own: &'a str,
}

/// The fields of one server.
pub(super) struct ServerFields {
    pub(super) number: usize,
    pub(super) title: String,
    /// It is described, or something is wrong with it, or it is the first.
    pub(super) shown: bool,
    pub(super) main: Vec<Field>,
    pub(super) advanced: Vec<Field>,
    /// Something is wrong among the advanced.
    pub(super) open: bool,
    /// Whom its test message is for. It is no preference.
    pub(super) test_to: Field,
    pub(super) test: String,
}

macro_rules! of_server {
    ($server:literal: $($key:literal)+) => { [$(concat!($server, ".", $key)),+] };
}

macro_rules! server {
    ($server:literal) => {
        (
            of_server!($server: "host" "port" "encryption" "allow_non_secure" "login" "password"),
            concat!($server, ".forget_password"),
            of_server!($server: "send_password_unencrypted" "connections" "connections_for_urgent" "per_minute" "per_day" "messages_per_connection"),
        )
    };
}

/// For each server: the fields that all need, the box that forgets the password, and the others.
const OF_SERVERS: [([&str; 6], &str, [&str; 6]); 2] = [server!("server1"), server!("server2")];

impl Form<'_> {
    pub(super) fn servers(&self) -> Vec<ServerFields> {
        let titles = ["trial-server-1", "trial-server-2"];
        let of = |(at, (main, forget, advanced)): (usize, ([&'static str; 6], _, [&'static str; 6]))| {
            let mut main: Vec<_> = main.map(|name| self.field(name)).into();
            main.extend(self.forget(main_password(&main), forget));
            let advanced: Vec<_> = advanced.map(|name| self.field(name)).into();
            let title = self.words.t(titles.get(at).copied().unwrap_or_default());
            ServerFields {
                number: at + 1,
                test_to: self.test_to(TESTS_TO.get(at).copied().unwrap_or_default()),
                test: self.words.with("server-test", &[("server", &title)]),
                shown: at == 0 || main.iter().any(|field| field.problem.is_some() || !field.value.is_empty()),
                open: advanced.iter().any(|field| field.problem.is_some()),
                title,
                main,
                advanced,
            }
        };
        OF_SERVERS.into_iter().enumerate().map(of).collect()
    }

    pub(super) fn group<const N: usize>(&self, names: [&'static str; N]) -> Vec<Field> {
        names.map(|name| self.field(name)).into()
    }

    fn field(&self, name: &'static str) -> Field {
        let key = name.strip_prefix("server1.").or_else(|| name.strip_prefix("server2.")).unwrap_or(name);
        let (label, help, hint) = texts(key).unwrap_or((name, None, None));
        let mut field = Field::new(name, self.words.t(label))
            .kind(self.kind(name, key))
            .value(self.entries.get(name).cloned().unwrap_or_default())
            .problem(self.faults.get(name).cloned())
            .elsewhere(self.elsewhere(name));
        if let Some(help) = help {
            field = field.help(self.words.t(help));
        }
        if let Some(hint) = hint {
            field = field.hint(self.words.t(hint));
        }
        if self.typed.contains_key(name) {
            field = field.hint(self.words.t("password-typed"));
        } else if self.is_lost(name) {
            field = field.hint(self.words.t("password-lost"));
        }
        field
    }

    fn test_to(&self, name: &'static str) -> Field {
        Field::new(name, self.words.t("trial-to"))
            .kind(Kind::Line("email"))
            .value(self.tests_to.get(name).map_or(self.own, String::as_str))
            .autocomplete("email")
            .hint(self.words.t("trial-to-hint"))
    }

    /// It is kept, and cannot be opened any more.
    fn is_lost(&self, name: &str) -> bool {
        let mut servers = self.loaded.config.sending.servers.iter();
        let server = servers.find(|server| name == format!("{}.password", server.name));
        let login = server.and_then(|server| server.login.as_ref());
        login.is_some_and(|login| matches!(login.password, Password::Lost))
    }

    /// Where what cannot be changed here is set.
    pub(super) fn elsewhere(&self, name: &str) -> Option<String> {
        let place = self.words.place(self.origin(name))?;
        Some(self.words.with("set-elsewhere", &[("place", &place)]))
    }

    fn origin(&self, name: &str) -> &Origin {
        origin(self.loaded, name)
    }

    /// Only where there is one that can be forgotten.
    fn forget(&self, password: Option<&Field>, name: &'static str) -> Option<Field> {
        let kept = matches!(password?.kind, Kind::Password { kept: true }) && password?.elsewhere.is_none();
        let ticked =
            self.forgotten.iter().any(|forgotten| forgotten == password.map_or("", |field| field.name));
        let value = if ticked { "yes" } else { "" };
        kept.then(|| Field::new(name, self.words.t("label-forget-password")).kind(Kind::Tick).value(value))
    }

    fn kind(&self, name: &str, key: &str) -> Kind {
        match key {
            "port" => Kind::Number { least: 1, most: 65_535 },
            "connections" | "connections_for_urgent" => {
                Kind::Number { least: u64::from(key == "connections"), most: 100 }
            }
            "messages_per_connection" => Kind::Number { least: 1, most: 1_000_000 },
            "per_minute" | "per_day" => Kind::Number { least: 1, most: 100_000_000 },
            "schedule.short_range" => Kind::Number { least: 10, most: 24 * 60 },
            "schedule.give_up_after" => Kind::Number { least: 1, most: 24 * 365 },
            "keep.texts_days" | "keep.records_days" => Kind::Number { least: 1, most: 36_500 },
            "sending.digest_from" | "sending.bulk_over" => Kind::Number { least: 0, most: 1_000_000 },
            "sending.digest_window" | "sending.report_delay" => Kind::Number { least: 0, most: 24 * 60 },
            _ if key.starts_with("schedule.") => Kind::Number { least: 1, most: 7 * 24 * 60 },
            "allow_non_secure"
            | "send_password_unencrypted"
            | "sending.null_reverse_path"
            | "undeliverable.by_smtp" => Kind::Tick,
            "password" => Kind::Password { kept: *self.origin(name) != Origin::Usual && !self.is_lost(name) },
            "encryption" => self.one_of(
                name,
                &[
                    ("", "encryption-by-port"),
                    ("starttls", "encryption-starttls"),
                    ("tls", "encryption-tls"),
                    ("none", "encryption-none"),
                ],
            ),
            "sending.backup" => self.one_of(name, &self.backups()),
            "sending.in_doubt" => {
                self.one_of(name, &[("retry", "in-doubt-retry"), ("hold", "in-doubt-hold")])
            }
            "alarms.email" => Kind::Line("email"),
            "alarms.waiting_limit" => Kind::Number { least: 1, most: 24 * 365 },
            "alarms.webhook" | "alarms.deadman" => Kind::Line("url"),
            _ => Kind::Line("text"),
        }
    }

    /// A provider that is not set up cannot stand behind anything.
    fn backups(&self) -> Vec<(&'static str, &'static str)> {
        let mut all = vec![("", "backup-none"), ("servers", "way-servers")];
        all.extend(self.loaded.config.providers.iter().map(|one| match one.provider {
            Provider::Google => ("google", "way-google"),
            Provider::Microsoft => ("microsoft", "way-microsoft"),
        }));
        all
    }

    fn one_of(&self, name: &str, all: &[(&str, &str)]) -> Kind {
        let stands = self.entries.get(name).map_or("", String::as_str);
        let choice = |(value, key): &(&str, &str)| Choice {
            value: (*value).to_owned(),
            text: self.words.t(key),
            chosen: *value == stands,
        };
        Kind::OneOf(all.iter().map(choice).collect())
    }
}

/// Where the preference of a field comes from.
pub(super) fn origin<'a>(loaded: &'a Loaded, name: &str) -> &'a Origin {
    let preference = preference(name);
    let known = loaded.preferences.iter().find(|known| known.name == preference);
    known.map_or(&Origin::Usual, |known| &known.origin)
}

fn main_password(main: &[Field]) -> Option<&Field> {
    main.iter().find(|field| matches!(field.kind, Kind::Password { .. }))
}

/// The keys of a field's label, of its help and of what always stands under it.
type Texts = (&'static str, Option<&'static str>, Option<&'static str>);

/// None: it is not on the page.
fn texts(key: &str) -> Option<Texts> {
    Some(match key {
        "host" => ("label-host", Some("help-host"), None),
        "port" => ("label-port", Some("help-port"), Some("hint-port")),
        "encryption" => ("label-encryption", Some("help-encryption"), None),
        "allow_non_secure" => ("label-non-secure", Some("help-non-secure"), Some("hint-non-secure")),
        "login" => ("label-login", Some("help-login"), Some("hint-login")),
        "password" => ("label-password", Some("help-password"), None),
        "send_password_unencrypted" => ("label-plain-password", Some("help-plain-password"), None),
        "connections" => ("label-connections", Some("help-connections"), None),
        "connections_for_urgent" => ("label-for-urgent", Some("help-for-urgent"), None),
        "per_minute" => ("label-per-minute", Some("help-per-minute"), None),
        "per_day" => ("label-per-day", Some("help-per-day"), None),
        "messages_per_connection" => ("label-per-connection", Some("help-per-connection"), None),
        "sending.ehlo_name" => ("label-own-name", Some("help-own-name"), Some("hint-own-name")),
        "sending.backup" => ("label-backup", Some("help-backup"), None),
        "sending.in_doubt" => ("label-in-doubt", Some("help-in-doubt"), None),
        "sending.bulk_over" => ("label-bulk-over", Some("help-bulk-over"), None),
        "sending.digest_from" => ("label-digest-from", Some("help-digest-from"), None),
        "sending.digest_window" => ("label-digest-window", Some("help-digest-window"), None),
        "sending.report_delay" => ("label-report-delay", Some("help-report-delay"), None),
        "sending.null_reverse_path" => ("label-null-sender", Some("help-null-sender"), None),
        "undeliverable.address" => ("label-comes-back", Some("help-comes-back"), Some("hint-comes-back")),
        "undeliverable.by_smtp" => ("label-comes-by-smtp", Some("help-comes-by-smtp"), None),
        "schedule.short_range" => ("label-short-range", Some("help-short-range"), None),
        "schedule.short_wait.least" => ("label-short-least", Some("help-short-wait"), None),
        "schedule.short_wait.most" => ("label-short-most", None, None),
        "schedule.long_wait.least" => ("label-long-least", Some("help-long-wait"), None),
        "schedule.long_wait.most" => ("label-long-most", None, None),
        "schedule.give_up_after" => ("label-give-up", Some("help-give-up"), None),
        LIBRARY_EMAIL => ("label-library-email", None, None),
        "keep.texts_days" => ("label-texts", Some("help-texts"), None),
        "keep.records_days" => ("label-records", Some("help-records"), None),
        "alarms.email" => ("label-alarm-email", Some("help-alarm-email"), None),
        "alarms.webhook" => ("label-alarm-webhook", Some("help-alarm-webhook"), None),
        "alarms.waiting_limit" => ("label-waiting-limit", Some("help-waiting-limit"), None),
        "alarms.deadman" => ("label-deadman", Some("help-deadman"), None),
        _ => return None,
    })
}

/// What a preference is called on the page; by its name where it is not on it.
pub(super) fn label(name: &str, words: &Words) -> String {
    let (server, key) = match name.split_once('.') {
        Some(("server1", key)) => (Some("trial-server-1"), key),
        Some(("server2", key)) => (Some("trial-server-2"), key),
        _ => (None, name),
    };
    let label = match key {
        "library" => Some("start-name"),
        key if key.split('.').next() == Some("sites") => Some("nav-libraries"),
        "sending.way" => Some("way-title"),
        "schedule.short_wait" => Some("label-short-least"),
        "schedule.long_wait" => Some("label-long-least"),
        key => texts(key).map(|(label, ..)| label),
    };
    let label = label.map_or_else(|| key.to_owned(), |label| words.t(label));
    server.map_or_else(|| label.clone(), |server| format!("{}, {label}", words.t(server)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Way},
        web::pages::{preferences::entries::shown, words::Language},
    };

    /// One text, in two places.
    #[test]
    fn the_help_of_each_field_stands_in_the_guide() {
        let guide = include_str!("../../../../../../docs/guide/preferences.md");
        let guide = guide.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = Language::English.words();
        let fields = shown(&Config::usual("/".as_ref(), Way::None));
        for name in fields.keys().copied().chain(["server1.password"]).filter(|name| *name != "sending.way") {
            let key = name.strip_prefix("server1.").or_else(|| name.strip_prefix("server2.")).unwrap_or(name);
            let (label, help, _) = texts(key).unwrap_or_else(|| panic!("{name} is not on the page"));
            if let Some(help) = help {
                let (label, help) = (words.t(label), words.t(help));
                assert!(
                    guide.contains(&format!("**{label}** (`")) && guide.contains(&help),
                    "{label}: {help}"
                );
            }
        }
    }
}
