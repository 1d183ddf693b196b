//! What is wrong with what was sent, at its field and in plain words.

use std::collections::BTreeMap;

use super::{
    entries::{Fault, shown},
    said::label,
};
use crate::{
    config::{Config, Problem, Problems, Way, Wrong},
    preferences::KEY_OF_SERVICE,
    web::pages::{not_done::NotDone, words::Words},
};

/// Texts by field, and those that are about no field of the form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) by_field: BTreeMap<String, String>,
    pub(super) others: Vec<NotDone>,
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
    pub(super) fn checked(problems: &Problems, words: &Words) -> Self {
        let mut faults = Self::default();
        for problem in &problems.0 {
            match field(&problem.setting) {
                Some(name) => {
                    let text = text(problem.wrong, &name, words);
                    faults.by_field.entry(name).or_insert(text);
                }
                None => faults.others.push(other(problem, words)),
            }
        }
        faults
    }
}

/// The same where there is no form: each with the name of its field.
pub(in super::super) fn in_words(problems: &Problems, words: &Words) -> Vec<NotDone> {
    let Faults { by_field, others } = Faults::checked(problems, words);
    let named = |(name, text): (String, String)| format!("{}: {text}", label(&name, words)).into();
    by_field.into_iter().map(named).chain(others).collect()
}

/// What is about no field of the form.
fn other(problem: &Problem, words: &Words) -> NotDone {
    let what = label(&problem.setting, words);
    let Problem { what: said, at, todo, .. } = problem;
    NotDone::said(words.with("fault-elsewhere", &[("what", &what)]), &format!("{said} ({at}): {todo}"))
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
    (field == KEY_OF_SERVICE || known.contains_key(field)).then(|| field.to_owned())
}

fn text(wrong: Wrong, field: &str, words: &Words) -> String {
    words.t(match wrong {
        Wrong::OutOfRange { least, most } => {
            let bounds = [("least", &*least.to_string()), ("most", &most.to_string())];
            return words.with("fault-range", &bounds);
        }
        Wrong::Unreadable | Wrong::Other => unreadable(field),
        Wrong::NoHost => "fault-host",
        Wrong::Unencrypted => "fault-plain",
        Wrong::LoginUnencrypted => "fault-plain-login",
        Wrong::LoginWithoutPassword => "fault-login-alone",
        Wrong::PasswordWithoutLogin => "fault-password-alone",
        Wrong::PasswordOfAnother => "fault-password-again",
        Wrong::KeyOfAnother => "fault-key-again",
        Wrong::OnlySecond => "fault-only-second",
        Wrong::NoServer => "fault-no-server",
        Wrong::NoBackup => "fault-no-backup",
        Wrong::SameBackup => "fault-same-backup",
        Wrong::NoFullName => "fault-own-name",
        Wrong::WebAddress => "fault-web-address",
        Wrong::ShortRange => "fault-short-range",
        Wrong::GivenUpTooSoon => "fault-give-up",
        Wrong::RecordsTooShort => "fault-keep",
    })
}

/// What was entered is no value of this field.
fn unreadable(field: &str) -> &'static str {
    let key = field.strip_prefix("server1.").or_else(|| field.strip_prefix("server2.")).unwrap_or(field);
    match key {
        "host" => "fault-host",
        "port" => "fault-port",
        "password" => "fault-password",
        "sending.ehlo_name" => "fault-own-name",
        "alarms.email" => "fault-email",
        "alarms.waiting_limit" => "fault-waiting-limit",
        "alarms.webhook" | "alarms.deadman" => "fault-web-address",
        "undeliverable.address" => "fault-comes-back",
        "undeliverable.by_smtp" => "fault-comes-by-smtp",
        "schedule.short_range" => "fault-short-range",
        "schedule.short_wait.least" | "schedule.long_wait.least" => "fault-wait",
        "encryption"
        | "login"
        | "allow_non_secure"
        | "send_password_unencrypted"
        | "sending.way"
        | "sending.backup"
        | "sending.in_doubt"
        | "sending.null_reverse_path" => "fault-value",
        // What is no number at all was found before.
        _ => "fault-too-large",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Surroundings, check_text},
        web::pages::words::Language,
    };

    /// What stands in a file, the field, and what is said.
    fn of_sending() -> Vec<(String, &'static str, &'static str)> {
        let server = "[server1]\nhost = \"a.example\"\n";
        let own = "[sending]\nehlo_name = \"b.example\"\nway = ";
        vec![
            (format!("{own}\"servers\""), "sending.way", "Enter Server 1 below, or choose another way."),
            (
                format!("{own}\"none\"\n[server1]\nhost = \"https://a\""),
                "server1.host",
                "This is not a server's name or address. Write it without https:// and without the port, as in smtp.library.example.",
            ),
            (
                format!("{own}\"none\"\n{server}port = 70000"),
                "server1.port",
                "The port is a number from 1 to 65535; 587, 465 or 25 are usual.",
            ),
            (
                format!("{own}\"none\"\n{server}encryption = \"none\""),
                "server1.encryption",
                "Without encryption, patrons' names and titles could be read on the way. Choose an encryption, or tick Allow Non-Secure Connections if that is meant.",
            ),
            (
                format!("{own}\"none\"\n{server}login = \"x\""),
                "server1.login",
                "There is a login, but no password for it. Enter the password, or leave the login empty.",
            ),
            (
                format!("{own}\"none\"\n{server}connections = 0"),
                "server1.connections",
                "Choose a number from 1 to 100.",
            ),
            (
                format!("{own}\"none\"\n[server2]\nhost = \"a.example\""),
                "server2.host",
                "There is no Server 1. Enter your only server as Server 1.",
            ),
        ]
    }

    fn of_the_rest() -> Vec<(String, &'static str, &'static str)> {
        vec![
            (
                "[schedule]\nshort_range = \"1m\"".to_owned(),
                "schedule.short_range",
                "Choose from 10 to 1440 minutes.",
            ),
            (
                "[schedule]\nshort_wait = [\"9m\", \"3m\"]".to_owned(),
                "schedule.short_wait.least",
                "The first number must be at least 1, and not larger than the second.",
            ),
            (
                "[schedule]\ngive_up_after = \"1m\"".to_owned(),
                "schedule.give_up_after",
                "Mail would be given up before the first tries are over. Choose a longer time; 100 hours are usual.",
            ),
            ("[keep]\ntexts_days = 0".to_owned(), "keep.texts_days", "Choose a number from 1 to 36500."),
            (
                "[keep]\ntexts_days = 300\nrecords_days = 200".to_owned(),
                "keep.records_days",
                "Records must be kept at least as long as texts.",
            ),
            (
                "[alarms]\nemail = \"it\"".to_owned(),
                "alarms.email",
                "This is not an email address. Look for a typing mistake, such as a missing @.",
            ),
            (
                "[alarms]\nwebhook = \"http://a.example/x\"".to_owned(),
                "alarms.webhook",
                "This must be a web address that begins with https:// and has no name or password in it.",
            ),
            (
                "[alarms]\nwaiting_limit = \"1m\"".to_owned(),
                "alarms.waiting_limit",
                "Choose from 1 to 8760 hours, and less than the time after which mail is given up; 24 are usual.",
            ),
            (
                "[alarms]\ndeadman = \"http://a.example/x\"".to_owned(),
                "alarms.deadman",
                "This must be a web address that begins with https:// and has no name or password in it.",
            ),
            (
                "[undeliverable]\naddress = \"a*b*@library.example\"".to_owned(),
                "undeliverable.address",
                "This is not an address with at most one star in front of the @ and a short name there, as in returns+*@library.example.",
            ),
            (
                "[undeliverable]\naddress = \"a@library.example\"\nby_smtp = true".to_owned(),
                "undeliverable.by_smtp",
                "Anybody could bring mail to an address without a star. Write the address above with a star, as in *@returns.library.example, or take the tick away.",
            ),
            (
                "[sending]\nehlo_name = \"desk\"".to_owned(),
                "sending.ehlo_name",
                "Mail servers ask for this computer's full name, with a dot in it, as in books.library.example. Your IT person knows it.",
            ),
        ]
    }

    /// Each is found by the real check, and is told at a field that is on the page.
    #[test]
    fn every_usual_problem_stands_at_its_field_in_both_languages() {
        for (file, name, english) in of_sending().into_iter().chain(of_the_rest()) {
            let around = Surroundings::given([], None);
            let problems = check_text(&file, None, &around).unwrap_err();
            let faults = Faults::checked(&problems, Language::English.words());
            assert_eq!(faults.by_field.get(name).map(String::as_str), Some(english), "{file}: {problems}");
            assert_eq!(faults.others, [], "{file}");
            let spanish = Faults::checked(&problems, Language::Spanish.words());
            assert_ne!(spanish.by_field[name], english, "{file}");
        }
    }

    /// Whatever can be entered in the form, or be among the preferences otherwise, is told in the reader's language where it is wrong.
    #[test]
    fn whatever_is_wrong_has_words() {
        for field in shown(&Config::usual("/".as_ref(), Way::None)).keys() {
            let [english, spanish] =
                Language::ALL.map(|language| text(Wrong::Unreadable, field, language.words()));
            assert!(english != spanish && !spanish.starts_with("fault-"), "{field}: {spanish}");
        }
        for (name, wrong) in [
            ("sites", "[{ code = \"A\", name = \"A\", email = \"nobody\" }]"),
            ("notices", "{ repeat_days = \"x\" }"),
            ("library", "3"),
        ] {
            let around = Surroundings::given([], None);
            let problems = check_text(&format!("{name} = {wrong}"), None, &around).unwrap_err();
            let faults = Faults::checked(&problems, Language::Spanish.words());
            let [other] = faults.others.as_slice() else { panic!("{name}: {faults:?}") };
            assert!(other.why.ends_with(": el valor no se puede usar así."), "{other:?}");
            assert!(other.said.as_ref().unwrap().contains(name), "{other:?}");
        }
    }

    #[test]
    fn without_a_form_each_is_named() {
        let text = "[sending]\nehlo_name = \"b.example\"\nway = \"servers\"";
        let problems = check_text(text, None, &Surroundings::given([], None)).unwrap_err();
        let said = in_words(&problems, Language::Spanish.words());
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].why, "Forma de envío: Escriba abajo el Servidor 1, o elija otra forma.");
    }
}
