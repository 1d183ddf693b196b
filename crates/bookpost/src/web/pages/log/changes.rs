//! What a line of the log says was changed, in the words of the pages where it is changed.

use mail::Reason;
use store::{Audit, Deed};

use crate::{
    preferences::tested,
    web::pages::{
        notices::meaning,
        preferences::{Said, said},
        programs::megabytes,
        schedules,
        words::Words,
    },
};

/// Each part by itself; as it stands where it has no parts, or this version does not know them.
pub(super) fn of(words: &Words, line: &Audit) -> Vec<Said> {
    let (old, new) = (line.old.as_deref(), line.new.as_deref());
    if old.is_none() && new.is_none() {
        return Vec::new();
    }
    let (was, is) = (old.unwrap_or_default(), new.unwrap_or_default());
    match line.what {
        Deed::PreferenceChanged => said(&line.about, old, new, words),
        Deed::PersonAdded | Deed::PersonChanged | Deed::SetUp => {
            of_parts(was, is, |part, value| of_person(words, part, value))
        }
        Deed::ProgramAdded | Deed::ProgramChanged => {
            of_parts(was, is, |part, value| of_program(words, part, value))
        }
        Deed::ProgramKeyMade | Deed::PersonKeyMade => alone(words.t("log-key"), is),
        Deed::ProgramKeyRevoked | Deed::PersonKeyRevoked => alone(words.t("log-key"), was),
        Deed::ServerTested => of_test(words, is),
        Deed::MailDecided => of_decision(words, is),
        Deed::ColumnsChosen => of_parts(was, is, |part, value| (meaning(words, part), value.to_owned())),
        Deed::NoticeAdded => of_parts("", is, |part, value| of_notice(words, part, value)),
        Deed::NoticeChanged => of_parts(was, is, |part, value| of_notice(words, part, value)),
        Deed::ScheduleAdded | Deed::ScheduleChanged => {
            of_parts(was, is, |part, value| of_schedule(words, part, value))
        }
        Deed::SendingResumed => of_old_mail(words, is),
        Deed::ScheduleRemoved => of_parts(is, was, |part, value| of_schedule(words, part, value)),
        Deed::PersonDisabled
        | Deed::PersonEnabled
        | Deed::PasswordChanged
        | Deed::SetUpLinkMade
        | Deed::InvitationMade
        | Deed::ResetLinkMade
        | Deed::SignedOut
        | Deed::TextOpened
        | Deed::SendingPaused
        | Deed::ProgramDisabled
        | Deed::ProgramEnabled
        | Deed::RunBegun
        | Deed::SentAgain
        | Deed::LogoChanged
        | Deed::ColumnsForgotten
        | Deed::OlderExportTaken
        | Deed::NoticeRemoved
        | Deed::NoticeRestored
        | Deed::WordingChanged
        | Deed::SchedulePaused
        | Deed::ScheduleResumed
        | Deed::ScheduleSkips
        | Deed::ScheduleSkipsNot
        | Deed::MailAccountConnected
        | Deed::MailAccountDisconnected
        | Deed::InstallationAdded
        | Deed::InstallationRevoked
        | Deed::Unknown => vec![Said { of: String::new(), was: was.to_owned(), is: is.to_owned() }],
    }
}

fn alone(of: String, is: &str) -> Vec<Said> {
    vec![Said { of, was: String::new(), is: is.to_owned() }]
}

/// `role: viewer; sites: all`, as it was and as it is.
fn of_parts(was: &str, is: &str, in_words: impl Fn(&str, &str) -> (String, String)) -> Vec<Said> {
    let parts = |text| str::split(text, "; ").filter_map(|part: &str| part.split_once(':'));
    let change = |(part, is): (&str, &str)| {
        let was = parts(was).find(|(other, _)| *other == part);
        let was = was.map(|(_, was)| in_words(part, was.trim()).1).unwrap_or_default();
        let (of, is) = in_words(part, is.trim());
        Said { of, was, is }
    };
    // What stayed as it was is no change.
    let stayed =
        |part: &&str, is: &str| parts(was).any(|(other, was)| other == *part && was.trim() == is.trim());
    parts(is).filter(|(part, is)| !stayed(part, is)).map(change).collect()
}

/// As the form of a notice calls it.
fn of_notice(words: &Words, part: &str, value: &str) -> (String, String) {
    let of = match part {
        "name" => words.t("notice-name"),
        "is" => words.t("notice-on"),
        "sites" => words.t("notice-sites"),
        "repeat_days" => words.t("notice-repeat"),
        "without_titles" => words.t("notice-without-titles"),
        "to" => words.t("notice-recipients"),
        other => other.to_owned(),
    };
    let value = match (part, value) {
        ("is" | "without_titles", "on" | "true") => words.t("notice-yes"),
        ("is" | "without_titles", _) => words.t("notice-no"),
        ("sites", "") => words.t("notice-sites-all"),
        ("repeat_days", "usual") => words.t("notice-repeat-usual-short"),
        _ => value.to_owned(),
    };
    (of, value)
}

fn of_person(words: &Words, part: &str, value: &str) -> (String, String) {
    let of = match part {
        "address" => words.t("sign-in-email"),
        "name" => words.t("person-name"),
        "role" => words.t("person-role"),
        "sites" => words.t("person-libraries"),
        "language" => words.t("language"),
        other => other.to_owned(),
    };
    let value = match (part, value) {
        ("role", "administrator") => words.t("role-administrator"),
        ("role", "manager") => words.t("role-manager"),
        ("role", "viewer") => words.t("role-viewer"),
        ("sites", "all") => words.t("libraries-all"),
        ("language", "as the browser asks") => words.t("account-language-browser"),
        ("language", "en") => words.t("notice-language-en"),
        ("language", "es") => words.t("notice-language-es"),
        (_, other) => other.to_owned(),
    };
    (of, value)
}

fn of_schedule(words: &Words, part: &str, value: &str) -> (String, String) {
    let of = match part {
        "name" => words.t("schedule-name"),
        "export" => words.t("schedule-export"),
        "days" => words.t("schedule-rhythm"),
        "encoding" => words.t("check-encoding"),
        "sheet" => words.t("check-sheet"),
        "practice" => words.t("schedule-only-practice"),
        "time" => words.t("schedule-time"),
        "zone" => words.t("library-zone"),
        "closed weekdays" => words.t("schedule-closed-weekdays"),
        "closed days" => words.t("schedule-closed-dates"),
        "sites" => words.t("schedule-libraries"),
        "dates" => words.t("schedule-dates"),
        "site" => words.t("schedule-site"),
        "hours" => words.t("schedule-oldest"),
        other => other.to_owned(),
    };
    let value = match part {
        "hours" if value == "usual" => words.t("schedule-oldest-usual"),
        "days" => rhythm(words, value),
        "practice" => words.t(if value == "yes" { "value-yes" } else { "value-no" }),
        "closed weekdays" => weekdays(words, value),
        _ => value.to_owned(),
    };
    (of, value)
}

/// `daily`, `weekly 1, 4`, `monthly 15`, `yearly 9-1`, `once 2026-12-01`.
fn rhythm(words: &Words, value: &str) -> String {
    let (how, when) = value.split_once(' ').unwrap_or((value, ""));
    let (key, when) = match how {
        "daily" => ("rhythm-daily", String::new()),
        "weekly" => ("rhythm-weekly", weekdays(words, when)),
        "monthly" => ("rhythm-monthly", when.to_owned()),
        "yearly" => ("rhythm-yearly", when.to_owned()),
        "once" => ("rhythm-once", when.to_owned()),
        _ => return value.to_owned(),
    };
    if when.is_empty() { words.t(key) } else { format!("{}: {when}", words.t(key)) }
}

/// `1, 7` as Monday, Sunday.
fn weekdays(words: &Words, value: &str) -> String {
    let day = |day: &str| day.parse().map_or_else(|_| day.to_owned(), |day| schedules::weekday(words, day));
    value.split(", ").filter(|day| !day.is_empty()).map(day).collect::<Vec<_>>().join(", ")
}

fn of_program(words: &Words, part: &str, value: &str) -> (String, String) {
    let of = match part {
        "from" => words.t("program-from"),
        "sites" => words.t("program-sites"),
        "class" => words.t("program-class"),
        "classes" => words.t("program-classes"),
        "return_address" => words.t("program-returns"),
        "largest_message" => words.t("program-largest"),
        "recipients" => words.t("program-recipients"),
        "waiting" => words.t("program-waiting"),
        "per_minute" => words.t("program-per-minute"),
        other => other.to_owned(),
    };
    let value = match (part, value) {
        ("from", "") => words.t("program-from-sites"),
        ("sites", "") => words.t("queue-all-sites"),
        ("return_address", "-") => words.t("program-returns-none"),
        ("per_minute", "-") => words.t("program-unlimited"),
        ("class" | "classes", classes) => {
            classes.split(", ").map(|class| of_class(words, class)).collect::<Vec<_>>().join("; ")
        }
        ("largest_message", bytes) => bytes.parse().map_or_else(|_| bytes.to_owned(), megabytes),
        ("recipients" | "waiting" | "per_minute", number) => {
            number.parse().map_or_else(|_| number.to_owned(), |number| words.number(number))
        }
        (_, other) => other.to_owned(),
    };
    (of, value)
}

fn of_class(words: &Words, class: &str) -> String {
    words.t(match class {
        "urgent" => "program-class-first",
        "normal" => "program-class-normal",
        "bulk" => "program-class-large",
        other => return other.to_owned(),
    })
}

/// `smtp.library.example:587 starttls as notices: accepted`
fn of_test(words: &Words, text: &str) -> Vec<Said> {
    let Some((server, result)) = text.split_once(": ") else { return alone(String::new(), text) };
    let place = server.split(' ').next().unwrap_or_default();
    if let Some(ports) = result.strip_prefix("looked at ports: ") {
        return alone(place.to_owned(), &looked(words, ports));
    }
    let reason = Reason::ALL.iter().find(|reason| reason.plain_words() == result);
    let result = match result {
        tested::ACCEPTED => words.t("log-test-accepted"),
        tested::ARRIVED => words.t("log-test-arrived"),
        tested::WORKS => words.t("log-test-works"),
        tested::BROKE_OFF => words.t("log-test-broke-off"),
        tested::KEEPS_IDS => words.t("log-test-keeps-ids"),
        tested::CHANGES_IDS => words.t("log-test-changes-ids"),
        other => reason.map_or_else(|| other.to_owned(), |reason| words.reason(*reason)),
    };
    alone(place.to_owned(), &result)
}

/// `25 nothing, 587 starttls`
fn looked(words: &Words, ports: &str) -> String {
    let one = |port: &str| {
        let (number, spoken) = port.split_once(' ').unwrap_or((port, ""));
        let spoken = match spoken {
            "nothing" => words.t("trial-port-nothing"),
            "tls" => words.t("encryption-tls"),
            "starttls" => words.t("encryption-starttls"),
            "no encryption" => words.t("encryption-none"),
            "no mail server" => words.t("trial-port-other"),
            other => other.to_owned(),
        };
        format!("{number}: {spoken}")
    };
    let all: Vec<_> = ports.split(", ").map(one).collect();
    words.with("log-looked-at", &[("ports", &all.join("; "))])
}

/// `hold: 3`
fn of_decision(words: &Words, text: &str) -> Vec<Said> {
    let Some((done, count)) = text.split_once(": ") else { return alone(String::new(), text) };
    alone(
        match done {
            "retry" | "hold" | "release" | "cancel" | "return" => words.t(&format!("do-{done}")),
            other => other.to_owned(),
        },
        count,
    )
}

/// `what had waited for long: cancel`
fn of_old_mail(words: &Words, text: &str) -> Vec<Said> {
    let older = text.split_once(": ").map_or(text, |(_, older)| older);
    let older = match older {
        "send" | "cancel" | "return" => words.t(&format!("resume-old-{older}")),
        other => other.to_owned(),
    };
    alone(words.t("log-old-mail"), &older)
}

#[cfg(test)]
mod tests {
    use store::{Actor, AuditId};

    use super::*;
    use crate::web::pages::words::Language;

    fn told(what: Deed, about: &str, old: Option<&str>, new: Option<&str>) -> Vec<String> {
        let line = Audit {
            id: AuditId(1),
            happened_at: jiff::Timestamp::UNIX_EPOCH,
            who: Actor::CommandLine,
            what,
            about: about.to_owned(),
            old: old.map(ToOwned::to_owned),
            new: new.map(ToOwned::to_owned),
        };
        let said = of(Language::English.words(), &line);
        said.iter().map(|Said { of, was, is }| format!("{of}|{was}|{is}")).collect()
    }

    #[test]
    fn what_was_changed_is_said_part_by_part() {
        let old = Some("name: manager; role: viewer; sites: all");
        let new = Some("name: all; role: manager; sites: EAST, MAIN");
        assert_eq!(
            told(Deed::PersonChanged, "", old, new),
            ["Name|manager|all", "Role|Viewer|Manager", "Libraries|All libraries|EAST, MAIN"]
        );
        let old = Some("from: ; class: normal; largest_message: 25000000; per_minute: -");
        let new = Some("from: a@library.example; class: urgent; largest_message: 5000000; per_minute: 60");
        assert_eq!(
            told(Deed::ProgramChanged, "", old, new),
            [
                "What patrons may see as the sender|the addresses of its libraries|a@library.example",
                "Its mail is|normal|first, before all other mail",
                "Largest message|25 MB|5 MB",
                "Messages a minute at most|as many as come|60",
            ]
        );
        assert_eq!(
            told(
                Deed::ProgramChanged,
                "",
                Some("sites: EAST; classes: normal"),
                Some("sites: ; classes: normal, bulk")
            ),
            ["Sends for|EAST|all libraries", "It may also ask for|normal|normal; a large mailing",]
        );
        assert_eq!(told(Deed::PersonEnabled, "", None, None), [""; 0]);
    }

    #[test]
    fn each_line_is_told_in_the_words_of_its_page() {
        let refused = format!("a.example:25 none: {}", Reason::SignInRefused.plain_words());
        for (what, about, old, new, expected) in [
            (Deed::PreferenceChanged, "server1.port", Some("25"), Some("587"), "Server 1, Port|25|587"),
            (Deed::ProgramKeyMade, "Tracker", None, Some("abc"), "Key||abc"),
            (Deed::PersonKeyRevoked, "ann@library.example", Some("abc"), None, "Key||abc"),
            (
                Deed::ServerTested,
                "server1",
                None,
                Some("a.example:25 starttls as ann: accepted"),
                "a.example:25||the test message was accepted",
            ),
            (
                Deed::ServerTested,
                "server1",
                None,
                Some("[::1]:25 starttls: arrived"),
                "[::1]:25||the test message has arrived",
            ),
            (
                Deed::ServerTested,
                "server1",
                None,
                Some("a.example:25 none: works"),
                "a.example:25||it works; no message was sent",
            ),
            (
                Deed::ServerTested,
                "google",
                None,
                Some("gmail.example:443 tls as l@x.example: changes Message-IDs"),
                "gmail.example:443||mail gets another Message-ID there",
            ),
            (
                Deed::ServerTested,
                "server1",
                None,
                Some("a.example:25 none: broke off"),
                "a.example:25||the test broke off",
            ),
            (
                Deed::ServerTested,
                "server1",
                None,
                Some(&*refused),
                "a.example:25||The mail server did not accept our password.",
            ),
            (
                Deed::ServerTested,
                "server1",
                None,
                Some("a.example:25 none: looked at ports: 25 nothing, 587 starttls"),
                "a.example:25||ports looked at: 25: nothing answers; 587: Encrypted (recommended)",
            ),
            (
                Deed::ScheduleChanged,
                "Daily",
                Some("name: Daily; days: daily; sheet: ; practice: no"),
                Some("name: Daily; days: weekly 1, 7; sheet: ; practice: no"),
                "How often|every day|every week: Monday, Sunday",
            ),
            (Deed::MailDecided, "message 7", None, Some("hold: 3"), "Keep back||3"),
            (
                Deed::SendingResumed,
                "sending",
                None,
                Some("what had waited for long: cancel"),
                "Mail that had waited for long||Do not send",
            ),
            (Deed::Unknown, "x", Some("role: viewer"), None, "|role: viewer|"),
        ] {
            assert_eq!(told(what, about, old, new), [expected], "{what:?}");
        }
    }
}
