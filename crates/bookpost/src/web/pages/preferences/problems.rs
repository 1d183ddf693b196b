//! What is wrong with what was sent, at its field and in plain words.

use std::collections::BTreeMap;

use super::entries::{Entries, Fault, shown};
use crate::{
    config::{Config, Problem, Problems, Way},
    web::pages::words::Words,
};

/// Texts by field, and those that are about no field of the form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) by_field: BTreeMap<String, String>,
    pub(super) others: Vec<String>,
}

impl Faults {
    /// What could not be read.
    pub(super) fn unread(faults: &BTreeMap<&'static str, Fault>, words: &Words) -> Self {
        let text = |fault| match fault {
            Fault::Number => words.t("fault-number"),
            Fault::Host => words.t("fault-no-host"),
            Fault::Address => words.t("fault-email"),
        };
        let by_field = faults.iter().map(|(name, fault)| ((*name).to_owned(), text(*fault))).collect();
        Self { by_field, others: Vec::new() }
    }

    /// What was found when all settings were checked together.
    pub(super) fn checked(problems: &Problems, entries: &Entries, words: &Words) -> Self {
        let mut faults = Self::default();
        for problem in &problems.0 {
            match field(&problem.setting) {
                Some(name) => {
                    let text = text(problem, &name, entries, words);
                    faults.by_field.entry(name).or_insert(text);
                }
                None => faults.others.push(as_given(problem)),
            }
        }
        faults
    }
}

fn as_given(problem: &Problem) -> String {
    format!("{}: {}", problem.what, problem.todo)
}

/// The field that a setting is of.
fn field(setting: &str) -> Option<String> {
    let field = match setting {
        "server1" => "server1.login",
        "server2" => "server2.host",
        "keep" => "keep.records_days",
        "schedule.short_wait" => "schedule.short_wait.least",
        "schedule.long_wait" => "schedule.long_wait.least",
        other => other,
    };
    // The way is chosen by pressing one of several.
    let known = shown(&Config::usual("/".as_ref(), Way::None));
    let password = field.starts_with("server") && field.contains(".password");
    if password {
        return field.split_once('.').map(|(server, _)| format!("{server}.password"));
    }
    known.contains_key(field).then(|| field.to_owned())
}

/// The usual ones in each language; the others as they are given.
fn text(problem: &Problem, field: &str, entries: &Entries, words: &Words) -> String {
    let stands = |name: &str| entries.get(name).map_or("", String::as_str);
    let server = field.split_once('.').map_or("", |(server, _)| server);
    let plain = stands(&format!("{server}.encryption")) == "none";
    let key = field.strip_prefix("server1.").or_else(|| field.strip_prefix("server2.")).unwrap_or(field);
    let key = match key {
        "host" if problem.setting == "server2" => "fault-only-second",
        "host" => "fault-host",
        "port" => "fault-port",
        "encryption" if plain => "fault-plain",
        "login" if problem.setting == server => "fault-password-alone",
        "login" if plain => "fault-plain-login",
        "login" => "fault-login-alone",
        "password" if problem.setting == field => "fault-password-again",
        "keep.records_days" if problem.setting == "keep" => "fault-keep",
        "connections"
        | "connections_for_urgent"
        | "per_minute"
        | "per_day"
        | "messages_per_connection"
        | "keep.texts_days"
        | "keep.records_days" => "fault-range",
        "sending.way" => "fault-no-server",
        "sending.ehlo_name" => "fault-own-name",
        "schedule.short_range" => "fault-short-range",
        "schedule.short_wait.least" | "schedule.long_wait.least" => "fault-wait",
        "schedule.give_up_after" => "fault-give-up",
        "alarms.email" => "fault-email",
        "alarms.webhook" => "fault-webhook",
        "undeliverable.address" => "fault-comes-back",
        "undeliverable.by_smtp" => "fault-comes-by-smtp",
        _ => return as_given(problem),
    };
    if key == "fault-range" {
        // As in "choose a number from 1 to 100".
        let bounds =
            problem.todo.rsplit(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty());
        let bounds: Vec<_> = bounds.take(2).collect();
        return match bounds.as_slice() {
            [most, least] => words.with("fault-range", &[("least", least), ("most", most)]),
            _ => as_given(problem),
        };
    }
    words.t(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Surroundings, check_text},
        web::pages::words::Language,
    };

    /// What stands in a file, the field, whether encryption is off there, and what is said.
    fn of_sending() -> Vec<(String, &'static str, bool, &'static str)> {
        let server = "[server1]\nhost = \"a.example\"\n";
        let own = "[sending]\nehlo_name = \"b.example\"\nway = ";
        vec![
            (
                format!("{own}\"servers\""),
                "sending.way",
                false,
                "Enter Server 1 below, or choose another way.",
            ),
            (
                format!("{own}\"none\"\n[server1]\nhost = \"https://a\""),
                "server1.host",
                false,
                "This is not a server's name or address. Write it without https:// and without the port, as in smtp.library.example.",
            ),
            (
                format!("{own}\"none\"\n{server}port = 70000"),
                "server1.port",
                false,
                "The port is a number from 1 to 65535; 587, 465 or 25 are usual.",
            ),
            (
                format!("{own}\"none\"\n{server}encryption = \"none\""),
                "server1.encryption",
                true,
                "Without encryption, patrons' names and titles could be read on the way. Choose an encryption, or tick Allow Non-Secure Connections if that is meant.",
            ),
            (
                format!("{own}\"none\"\n{server}login = \"x\""),
                "server1.login",
                false,
                "There is a login, but no password for it. Enter the password, or leave the login empty.",
            ),
            (
                format!("{own}\"none\"\n{server}connections = 0"),
                "server1.connections",
                false,
                "Choose a number from 1 to 100.",
            ),
            (
                format!("{own}\"none\"\n[server2]\nhost = \"a.example\""),
                "server2.host",
                false,
                "There is no Server 1. Enter your only server as Server 1.",
            ),
        ]
    }

    fn of_the_rest() -> Vec<(String, &'static str, bool, &'static str)> {
        vec![
            (
                "[schedule]\nshort_range = \"1m\"".to_owned(),
                "schedule.short_range",
                false,
                "Choose from 10 to 1440 minutes.",
            ),
            (
                "[schedule]\nshort_wait = [\"9m\", \"3m\"]".to_owned(),
                "schedule.short_wait.least",
                false,
                "The first number must be at least 1, and not larger than the second.",
            ),
            (
                "[schedule]\ngive_up_after = \"1m\"".to_owned(),
                "schedule.give_up_after",
                false,
                "Mail would be given up before the first tries are over. Choose a longer time; 100 hours are usual.",
            ),
            (
                "[keep]\ntexts_days = 0".to_owned(),
                "keep.texts_days",
                false,
                "Choose a number from 1 to 36500.",
            ),
            (
                "[keep]\ntexts_days = 300\nrecords_days = 200".to_owned(),
                "keep.records_days",
                false,
                "Records must be kept at least as long as texts.",
            ),
            (
                "[alarms]\nemail = \"it\"".to_owned(),
                "alarms.email",
                false,
                "This is not an email address. Look for a slip, such as a missing @.",
            ),
            (
                "[alarms]\nwebhook = \"it\"".to_owned(),
                "alarms.webhook",
                false,
                "This is not a web address. Write it with https:// in front.",
            ),
            (
                "[undeliverable]\naddress = \"a*b*@library.example\"".to_owned(),
                "undeliverable.address",
                false,
                "This is not an address with at most one star in front of the @ and a short name there, as in returns+*@library.example.",
            ),
            (
                "[undeliverable]\naddress = \"a@library.example\"\nby_smtp = true".to_owned(),
                "undeliverable.by_smtp",
                false,
                "Anybody could bring mail to an address without a star. Write the address above with a star, as in *@returns.library.example, or take the tick away.",
            ),
            (
                "[sending]\nehlo_name = \"desk\"".to_owned(),
                "sending.ehlo_name",
                false,
                "Mail servers ask for this computer's full name, with a dot in it, as in books.library.example. Your IT person knows it.",
            ),
        ]
    }

    /// Each is found by the real check, and is told at a field that is on the page.
    #[test]
    fn every_usual_problem_stands_at_its_field_in_both_languages() {
        for (file, name, plain, english) in of_sending().into_iter().chain(of_the_rest()) {
            let around = Surroundings::given([], None);
            let problems = check_text(&file, None, &around).unwrap_err();
            let encryption = if plain { "none" } else { "starttls" };
            let entries = [("server1.encryption", encryption.to_owned())].into();
            let faults = Faults::checked(&problems, &entries, Language::English.words());
            assert_eq!(faults.by_field.get(name).map(String::as_str), Some(english), "{file}: {problems}");
            assert_eq!(faults.others, Vec::<String>::new(), "{file}");
            let spanish = Faults::checked(&problems, &entries, Language::Spanish.words());
            assert_ne!(spanish.by_field[name], english, "{file}");
        }
    }

    /// What belongs to no field is said all the same.
    #[test]
    fn what_is_about_another_setting_is_given_as_it_is() {
        let problems = check_text("listen = \"x\"", None, &Surroundings::given([], None)).unwrap_err();
        let faults = Faults::checked(&problems, &Entries::new(), Language::Spanish.words());
        assert_eq!(faults.others.len(), 1, "{faults:?}");
    }
}
