//! A trial of one mail server: each step told as it is made, and for the step that fails what to do about it.
//!
//! The test message goes straight to the server, not through the queue: nothing is sent again, and nothing is stored. Whoever drops the
//! future of [`run`] ends the trial.

pub mod advice;
mod attempt;
mod by_account;
pub mod certificate;
mod english;
mod letter;
mod ports;
mod step;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mail::{Reason, smtp::client::Transaction};

pub use self::by_account::Asks;
use self::{
    advice::Situation,
    attempt::{Attempt, Outcome, Unsent},
};
pub use self::{
    advice::{Advice, Place},
    letter::{letter, queued},
    ports::{Port, Speaks, USUAL_PORTS, detect, in_the_log, usual_and},
    step::{Encrypted, Event, Fault, Found, How, State, Step},
};
use super::tls;
use crate::config::{Encryption, Login, Password, Server};

/// How long a trial waits; it never takes longer than a minute.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For each address of the server.
    pub connection: Duration,
    /// For each answer, and for the handshake.
    pub reply: Duration,
    /// For all of it together.
    pub whole: Duration,
}

impl Patience {
    /// The trial itself: together with twice [`Self::LOOK`] less than a minute.
    pub const TRIAL: Self = Self {
        connection: Duration::from_secs(10),
        reply: Duration::from_secs(20),
        whole: Duration::from_secs(45),
    };
    /// A look at one port.
    pub const LOOK: Self = Self {
        connection: Duration::from_secs(3),
        reply: Duration::from_secs(4),
        whole: Duration::from_secs(7),
    };
}

/// A trial to be made.
pub struct Trial<'a> {
    pub server: &'a Server,
    /// Where somebody signs in at a provider: asks it to renew that, for what the server is shown.
    pub renews: Option<Asks<'a>>,
    pub ehlo_name: &'a str,
    /// The test message; without it the trial ends where mail could pass.
    pub letter: Option<Transaction>,
    /// Where else the server may listen, if it cannot be spoken to where it should be: [`USUAL_PORTS`].
    pub ports: &'a [u16],
    pub patience: Patience,
    pub look: Patience,
    pub now: Timestamp,
}

impl<'a> Trial<'a> {
    /// With the usual ports and patience.
    pub fn new(server: &'a Server, ehlo_name: &'a str, letter: Option<Transaction>, now: Timestamp) -> Self {
        let (patience, look) = (Patience::TRIAL, Patience::LOOK);
        Self { server, renews: None, ehlo_name, letter, ports: &USUAL_PORTS, patience, look, now }
    }

    /// The same of a provider's server, which is shown what is given for this.
    #[must_use]
    pub fn by_account(self, renews: Asks<'a>) -> Self {
        Self { renews: Some(renews), ..self }
    }
}

/// Makes it. The last event is the fault, if there is one, which is given back as well. An error: the certificates of the server's
/// `ca_file` or of this computer cannot be read.
pub async fn run<T>(mut trial: Trial<'_>, mut tell: T) -> anyhow::Result<Result<(), Box<Fault>>>
where
    T: FnMut(Event) + Send,
{
    let verifier = tls::verifier(trial.server.ca_file.as_deref())?;
    let Trial { server, ehlo_name, patience, .. } = trial;
    let attempt = Attempt { server, ehlo_name, verifier, patience, renews: trial.renews.take() };
    let outcome = attempt.make(trial.letter.take(), &mut tell).await?;
    let Err(unsent) = &outcome.result else { return Ok(Ok(())) };
    let fault = Box::new(explain(&trial, &outcome, unsent).await);
    tell(Event { step: outcome.step, state: State::Failed(fault.clone()) });
    Ok(Err(fault))
}

async fn explain(trial: &Trial<'_>, outcome: &Outcome, unsent: &Unsent) -> Fault {
    let server = trial.server;
    let mut reason = unsent.reason();
    // Where a provider listens is known.
    let ports = if server.sign_in.is_none() && speaks_another_language(outcome.step, reason) {
        let mut ports = vec![server.port];
        ports.extend(trial.ports.iter().filter(|port| **port != server.port));
        detect(&server.host, &ports, trial.ehlo_name, server.ca_file.as_deref(), trial.look).await
    } else {
        Vec::new()
    };
    let speaks = ports.iter().find(|port| port.port == server.port).map(|port| port.speaks);
    if server.encryption == Encryption::StartTls && speaks == Some(Speaks::Tls) {
        // Each waited for the other to begin.
        reason = Reason::TlsUnavailable;
    }
    let discreet = |text: &str| {
        let text = without_secrets(text, server.login.as_ref());
        outcome.shown.iter().fold(text, |text, secret| text.replace(&**secret, "***"))
    };
    let (answer, detail, later) = match unsent {
        Unsent::Refused { reply, .. } => (Some(discreet(&reply.to_string())), None, reply.is_transient()),
        Unsent::Failed { text, .. } => (None, Some(text.clone()), false),
    };
    let situation = Situation {
        server,
        step: outcome.step,
        reason,
        answer: answer.as_deref(),
        offered: &outcome.offered,
        encrypted: outcome.encrypted,
        certificate: outcome.certificate.as_ref(),
        ports: &ports,
        now: trial.now,
    };
    let advice = advice::advice(&situation).filter(|_| server.sign_in.is_none() || !is_of_a_sign_in(reason));
    let what_to_do = advice.as_ref().map_or_else(|| reason.what_to_do().to_owned(), Advice::to_string);
    let transcript = outcome.transcript.iter().map(|line| discreet(line)).collect();
    let (words, certificate) = (reason.plain_words(), outcome.certificate.clone());
    Fault { reason, words, what_to_do, advice, answer, detail, later, certificate, ports, transcript }
}

/// Whether it may be that this port, or its encryption, is not the one that was meant.
fn speaks_another_language(step: Step, reason: Reason) -> bool {
    let silent = matches!(
        reason,
        Reason::Unreachable
            | Reason::TimedOut
            | Reason::ConnectionLost
            | Reason::TlsUnavailable
            | Reason::ProtocolViolation
            | Reason::SignInImpossible
    );
    silent && step != Step::Name && step != Step::Message
}

/// It is no password that was refused.
fn is_of_a_sign_in(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::SignInRefused
            | Reason::TokenRefused
            | Reason::SmtpAuthOff
            | Reason::PasswordsEnded
            | Reason::SignInImpossible
    )
}

/// A server may repeat what we said.
fn without_secrets(text: &str, login: Option<&Login>) -> String {
    let known = login.and_then(|Login { user, password }| match password {
        Password::Known(password) if !password.is_empty() => Some((user, password)),
        _ => None,
    });
    let Some((user, password)) = known else { return text.to_owned() };
    let both = format!("\0{user}\0{}", password.as_str());
    [password.as_str(), &STANDARD.encode(password.as_str()), &STANDARD.encode(both)]
        .iter()
        .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

#[cfg(test)]
mod tests;
