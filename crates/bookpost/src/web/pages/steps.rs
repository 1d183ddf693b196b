//! The steps of a trial of a mail server as people read them. `templates/steps.html` writes them:
//! `{% import "steps.html" as trial %}{% call trial::steps(f, steps) %}{% endcall %}`.

use super::{advice::what_to_do, marks, when::Clockwork};
use crate::{
    config::{Encryption, Server, Service},
    deliver::trial::{Event, Fault, Found, State, Step as Made},
};

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    /// Its name in the style: `well`, `stop` (it failed), `now` (under way), `ahead` (not reached).
    pub(super) tone: &'static str,
    pub(super) mark: &'static str,
    pub(super) title: String,
    /// The mark in a word.
    pub(super) state: String,
    /// What it has found.
    pub(super) found: Option<String>,
    pub(super) failed: Option<Failed>,
    /// For the IT person: the server's own words.
    pub(super) own_words: Option<String>,
}

/// Why a step failed, and what to do next.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) why: String,
    pub(super) what_to_do: String,
}

/// All steps of a trial of this server, of which so much was told; `letter`: with a test message at its end.
pub(super) fn of(clockwork: &Clockwork, server: &Server, letter: bool, told: &[Event]) -> Vec<Step> {
    let mut order = vec![Made::Name, Made::Connection, Made::Greeting, Made::Encryption, Made::SignIn];
    if server.encryption == Encryption::Tls {
        order.swap(2, 3);
    }
    if server.sign_in.is_some() {
        order.insert(0, Made::Renewal);
    }
    if server.service.is_some() {
        order.retain(|step| *step != Made::Greeting);
    }
    order.extend(letter.then_some(Made::Message));
    order.extend((letter && server.service == Some(Service::Gmail)).then_some(Made::MessageId));
    order.into_iter().map(|step| one(clockwork, step, told)).collect()
}

fn one(clockwork: &Clockwork, step: Made, told: &[Event]) -> Step {
    let state = told.iter().rev().find(|event| event.step == step).map(|event| &event.state);
    let tone = match state {
        None => "ahead",
        Some(State::Started) => "now",
        // It is as it was chosen, and still no thing to tick off.
        Some(State::Ok(Found::Encryption { encryption: None })) => "look",
        Some(State::Ok(_)) => "well",
        Some(State::Failed(_)) => "stop",
    };
    let (found, failed, own_words) = match state {
        Some(State::Ok(found)) => (Some(text(clockwork, found)), None, answer(found)),
        Some(State::Failed(fault)) => {
            let why = clockwork.words.reason(fault.reason);
            (None, Some(Failed { why, what_to_do: what_to_do(clockwork, fault) }), Some(details(fault)))
        }
        None | Some(State::Started) => (None, None, None),
    };
    let words = clockwork.words;
    let title = words.t(match step {
        Made::Renewal => "trial-step-renewal",
        Made::Name => "trial-step-name",
        Made::Connection => "trial-step-connection",
        Made::Greeting => "trial-step-greeting",
        Made::Encryption => "trial-step-encryption",
        Made::SignIn => "trial-step-sign-in",
        Made::Message => "trial-step-message",
        Made::MessageId => "trial-step-message-id",
    });
    let state = words.t(match tone {
        "well" => "trial-state-well",
        "look" => "trial-state-look",
        "stop" => "trial-state-stop",
        "now" => "trial-state-now",
        _ => "trial-state-ahead",
    });
    Step { tone, mark: marks::step(tone), title, state, found, failed, own_words }
}

fn text(clockwork: &Clockwork, found: &Found) -> String {
    let words = clockwork.words;
    match found {
        Found::Renewal { account } => words.with("trial-found-renewal", &[("account", account)]),
        Found::MessageId { message_id_kept } => words.t(match message_id_kept {
            Some(true) => "trial-found-id-kept",
            Some(false) => "trial-found-id-changed",
            None => "trial-found-id-unseen",
        }),
        Found::Name { addresses } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            words.with("trial-found-name", &[("addresses", &addresses.join(", "))])
        }
        Found::Connection { address, milliseconds } => {
            let took = words.count("milliseconds", *milliseconds);
            words.with("trial-found-connection", &[("port", &address.port().to_string()), ("took", &took)])
        }
        Found::Greeting { .. } => words.t("trial-found-greeting"),
        Found::Encryption { encryption: None } => words.t("trial-found-plain"),
        Found::Encryption { encryption: Some(encrypted) } => match &encrypted.certificate {
            Some(certificate) if !certificate.names.is_empty() => words.with(
                "trial-found-encrypted-until",
                &[
                    ("version", &encrypted.version),
                    ("names", &certificate.names.join(", ")),
                    ("until", &clockwork.day(certificate.valid_until)),
                ],
            ),
            _ => words.with("trial-found-encrypted", &[("version", &encrypted.version)]),
        },
        Found::SignIn { method: Some(method), .. } if is_token(method) => words.t("trial-found-token"),
        Found::SignIn { method: Some(_), .. } => words.t("trial-found-signed-in"),
        Found::SignIn { method: None, offered: true } => words.t("trial-found-no-login-offered"),
        Found::SignIn { method: None, offered: false } => words.t("trial-found-no-login"),
        Found::Message { .. } => words.t("trial-found-message"),
    }
}

fn answer(found: &Found) -> Option<String> {
    match found {
        Found::Greeting { answer } | Found::Message { answer } => Some(answer.clone()),
        Found::SignIn { method, .. } => method.as_ref().map(|method| format!("AUTH {method}")),
        Found::Renewal { .. }
        | Found::MessageId { .. }
        | Found::Name { .. }
        | Found::Connection { .. }
        | Found::Encryption { .. } => None,
    }
}

/// No password was shown.
fn is_token(method: &str) -> bool {
    matches!(method, "XOAUTH2" | "OAUTHBEARER" | "Bearer")
}

/// What the server or this computer said, then all that both sides said.
fn details(fault: &Fault) -> String {
    let mut lines: Vec<_> = fault.answer.iter().chain(&fault.detail).map(String::as_str).collect();
    if let [_, ..] = lines.as_slice()
        && !fault.transcript.is_empty()
    {
        lines.push("");
    }
    lines.extend(fault.transcript.iter().map(String::as_str));
    lines.join("\n")
}
