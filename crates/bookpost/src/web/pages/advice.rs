//! What to do about a step of a trial that failed, in the reader's language. It is what `crates/bookpost/src/deliver/trial` advises.

use super::{when::Clockwork, words::Words};
use crate::{
    config::Encryption,
    deliver::trial::{Advice, Fault, Place, advice::listed},
};

/// The exact advice, or else what is done about the reason.
pub(super) fn what_to_do(clockwork: &Clockwork, fault: &Fault) -> String {
    let words = clockwork.words;
    match &fault.advice {
        None => words.what_to_do(fault.reason),
        Some(advice) => of_provider(words, advice)
            .or_else(|| of_certificate(clockwork, advice))
            .unwrap_or_else(|| of_port(words, advice)),
    }
}

/// How it is called, between quotation marks.
pub(super) fn encryption(words: &Words, encryption: Encryption) -> String {
    words.t(match encryption {
        Encryption::StartTls => "trial-encryption-starttls",
        Encryption::Tls => "trial-encryption-tls",
        Encryption::Plain => "trial-encryption-plain",
    })
}

fn of_provider(words: &Words, advice: &Advice) -> Option<String> {
    Some(words.t(match advice {
        Advice::CheckAddress => "advice-check-address",
        Advice::CheckServerName => "advice-check-server",
        Advice::SeeWhetherItArrived => "advice-see-whether",
        Advice::AgainLater => "advice-again-later",
        Advice::AgainOrShowAnswer => "advice-again-or-show",
        Advice::AgainOrTell => "advice-again-or-tell",
        Advice::GoogleAppPassword => "advice-google-app-password",
        Advice::MicrosoftSignInOff => "advice-microsoft-off",
        Advice::MicrosoftLogin => "advice-microsoft-login",
        Advice::CheckLogin => "advice-check-login",
        Advice::AllowAtGoogle => "advice-google-relay",
        Advice::SelfSigned => "advice-self-signed",
        _ => return None,
    }))
}

fn of_certificate(clockwork: &Clockwork, advice: &Advice) -> Option<String> {
    let words = clockwork.words;
    let days =
        |key, day, today| words.with(key, &[("day", &clockwork.day(day)), ("today", &clockwork.day(today))]);
    Some(match advice {
        Advice::NotYetGood { from, today } => days("advice-not-yet-good", *from, *today),
        Advice::OutOfDate { until, today } => days("advice-out-of-date", *until, *today),
        Advice::WrongName { names, more, host } => {
            let mut names = names.join(", ");
            if *more > 0 {
                names =
                    words.with("advice-names-and-more", &[("names", &names), ("more", &more.to_string())]);
            }
            let enter = advice.one_name().map(|name| words.with("advice-enter-name", &[("name", name)]));
            let enter = enter.unwrap_or_else(|| words.t("advice-enter-one"));
            words.with("advice-wrong-name", &[("names", &names), ("host", host), ("enter", &enter)])
        }
        Advice::UnknownIssuer(issuer) => words.with("advice-unknown-issuer", &[("issuer", issuer)]),
        _ => return None,
    })
}

fn of_port(words: &Words, advice: &Advice) -> String {
    let and_place = |key, port: u16, place: Option<&Place>, otherwise| {
        let place = place.map_or_else(|| words.t(otherwise), |place| chosen(words, *place));
        words.with(key, &[("port", &port.to_string()), ("place", &place)])
    };
    match advice {
        Advice::PasswordWithheld(place) => {
            let place = place.map_or_else(|| words.t("advice-withheld-else"), |place| chosen(words, place));
            words.with("advice-withheld", &[("place", &place)])
        }
        Advice::NoSignIn { port, elsewhere } => {
            and_place("advice-no-sign-in", *port, elsewhere.as_ref(), "advice-no-sign-in-else")
        }
        Advice::OtherSignIn(offered) => words.with("advice-other-sign-in", &[("offered", offered)]),
        Advice::OtherEncryption(place) => {
            let from_the_start = place.encryption == Encryption::Tls;
            let key = if from_the_start { "advice-speaks-tls" } else { "advice-speaks-starttls" };
            let encryption = encryption(words, place.encryption);
            words.with(key, &[("port", &place.port.to_string()), ("encryption", &encryption)])
        }
        Advice::NoEncryption { port, elsewhere } => {
            and_place("advice-no-encryption", *port, elsewhere.as_ref(), "advice-no-encryption-else")
        }
        Advice::NothingAnswers { port, elsewhere } => {
            and_place("advice-nothing-answers", *port, Some(elsewhere), "")
        }
        Advice::NothingAnywhere(ports) => {
            words.with("advice-nothing-anywhere", &[("ports", &listed(ports, &words.t("trial-or")))])
        }
        Advice::NoMailServer { port, elsewhere } => {
            and_place("advice-no-mail-server", *port, Some(elsewhere), "")
        }
        _ => String::new(),
    }
}

fn chosen(words: &Words, place: Place) -> String {
    let key = if place.here { "advice-choose-here" } else { "advice-choose-elsewhere" };
    let encryption = encryption(words, place.encryption);
    words.with(key, &[("port", &place.port.to_string()), ("encryption", &encryption)])
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use mail::Reason;

    use super::*;
    use crate::web::pages::words::Language;

    fn all() -> Vec<Advice> {
        let (port, today) = (25, "2026-11-28T14:05:00Z".parse::<Timestamp>().unwrap());
        let day = "2020-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        let place = |encryption, here| Place { port: 587, encryption, here };
        let elsewhere = place(Encryption::StartTls, false);
        let here = place(Encryption::Tls, true);
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let host = "smtp.example".to_owned();
        vec![
            Advice::CheckAddress,
            Advice::SeeWhetherItArrived,
            Advice::AgainLater,
            Advice::AgainOrShowAnswer,
            Advice::AgainOrTell,
            Advice::GoogleAppPassword,
            Advice::MicrosoftSignInOff,
            Advice::MicrosoftLogin,
            Advice::CheckLogin,
            Advice::AllowAtGoogle,
            Advice::PasswordWithheld(None),
            Advice::PasswordWithheld(Some(here)),
            Advice::NoSignIn { port, elsewhere: None },
            Advice::NoSignIn { port, elsewhere: Some(elsewhere) },
            Advice::OtherSignIn("GSSAPI".to_owned()),
            Advice::NotYetGood { from: day, today },
            Advice::OutOfDate { until: day, today },
            Advice::WrongName { names: names(&["a.example"]), more: 0, host: host.clone() },
            Advice::WrongName { names: names(&["a.example", "b.example"]), more: 3, host },
            Advice::SelfSigned,
            Advice::UnknownIssuer("Ours".to_owned()),
            Advice::OtherEncryption(here),
            Advice::OtherEncryption(Place { here: true, ..elsewhere }),
            Advice::NoEncryption { port, elsewhere: None },
            Advice::NoEncryption { port, elsewhere: Some(elsewhere) },
            Advice::NothingAnswers { port, elsewhere },
            Advice::NothingAnywhere(vec![587, 465, 25]),
            Advice::NoMailServer { port, elsewhere: place(Encryption::Plain, false) },
        ]
    }

    /// The command line says the same, with the setting beside the plain word and the month in full.
    #[test]
    fn pages_advise_what_the_command_line_advises() {
        let said = |language: Language, advice: &Advice| {
            let now = "2026-11-28T14:05:00Z".parse().unwrap();
            let clockwork = Clockwork { words: language.words(), zone: TimeZone::UTC, now };
            let fault = Fault {
                reason: Reason::Unreachable,
                words: "",
                what_to_do: String::new(),
                advice: Some(advice.clone()),
                answer: None,
                detail: None,
                later: false,
                certificate: None,
                ports: Vec::new(),
                transcript: Vec::new(),
            };
            what_to_do(&clockwork, &fault)
        };
        for advice in all() {
            let mut expected =
                advice.to_string().replace("1 January", "1 Jan").replace("28 November", "28 Nov");
            for setting in ["starttls", "tls", "none"] {
                expected = expected.replace(&format!(" (encryption = \"{setting}\")"), "");
            }
            assert_eq!(said(Language::English, &advice), expected);
            let spanish = said(Language::Spanish, &advice);
            assert!(spanish.len() > 20 && spanish != expected, "{spanish}");
        }
    }
}
