//! From the greeting to the point where mail may pass: EHLO, STARTTLS, AUTH.

use std::time::Duration;

use super::{Failure, Security, Settings, Violation, output::Output, timeout};
use crate::{
    Phase, Reply,
    smtp::{
        capabilities::Capabilities,
        command,
        sasl::{Exchange, Login},
    },
};

/// Where the opening stands: what is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    Auth(Exchange),
}

/// What follows a reply.
pub(super) enum Step {
    /// Something was written; its answer is waited for.
    Going,
    /// The handshake is due.
    Handshake,
    /// Mail may pass.
    Done,
    /// The server refuses by that reply.
    Refused(Phase, Reply),
    /// It cannot go on.
    Failed(Phase, Failure),
}

/// The dialogue before any mail.
#[derive(Debug)]
pub(super) struct Opening {
    waits: Waits,
    secure: bool,
}

impl Opening {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { waits: Waits::Greeting, secure: settings.security == Security::ImplicitTls }
    }

    pub(super) fn is_handshake(&self) -> bool {
        self.waits == Waits::Handshake
    }

    pub(super) fn phase(&self) -> Phase {
        match self.waits {
            Waits::Greeting => Phase::Greeting,
            Waits::Ehlo | Waits::Helo => Phase::Ehlo,
            Waits::StartTls => Phase::StartTls,
            Waits::Handshake => Phase::Tls,
            Waits::Auth(_) => Phase::Auth,
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        if self.waits == Waits::Greeting { timeout::GREETING } else { timeout::COMMAND }
    }

    /// TLS is up: everything learnt before is forgotten (RFC 3207 section 4.2).
    pub(super) fn tls_established(
        &mut self,
        settings: &Settings,
        offered: &mut Capabilities,
        out: &mut Output,
    ) {
        if self.is_handshake() {
            *offered = Capabilities::default();
            self.secure = true;
            self.ehlo(settings, out);
        }
    }

    pub(super) fn reply(
        &mut self,
        reply: Reply,
        settings: &Settings,
        offered: &mut Capabilities,
        out: &mut Output,
    ) -> Step {
        let phase = self.phase();
        match (self.waits, reply.code) {
            (_, 421) => Step::Refused(phase, reply),
            (Waits::Greeting, 200..=299) => {
                self.ehlo(settings, out);
                Step::Going
            }
            (Waits::Ehlo, 200..=299) => {
                *offered = Capabilities::read(&reply);
                self.after_ehlo(settings, offered, out)
            }
            (Waits::Ehlo, 500..=599) => {
                self.waits = Waits::Helo;
                out.command(|out| command::helo(&settings.ehlo_name, out));
                Step::Going
            }
            (Waits::Helo, 200..=299) => self.after_ehlo(settings, offered, out),
            (Waits::StartTls, 220) => {
                self.waits = Waits::Handshake;
                Step::Handshake
            }
            // Refused where it is not required: the wish for TLS was honoured as far as the server lets it.
            (Waits::StartTls, 400..) if settings.security == Security::StartTlsIfOffered => {
                self.sign_in(settings, offered, out)
            }
            (Waits::Auth(_), 235) => Step::Done,
            (Waits::Auth(exchange), 334) => self.go_on_signing_in(exchange, settings.login.as_ref(), out),
            (_, 400..) => Step::Refused(phase, reply),
            (_, code) => Step::Failed(phase, Failure::Protocol(Violation::Misplaced(code))),
        }
    }

    fn ehlo(&mut self, settings: &Settings, out: &mut Output) {
        self.waits = Waits::Ehlo;
        out.command(|out| command::ehlo(&settings.ehlo_name, out));
    }

    fn after_ehlo(&mut self, settings: &Settings, offered: &Capabilities, out: &mut Output) -> Step {
        match settings.security {
            Security::StartTlsRequired | Security::StartTlsIfOffered if !self.secure && offered.starttls => {
                self.waits = Waits::StartTls;
                out.command(|out| command::plain("STARTTLS", out));
                Step::Going
            }
            Security::StartTlsRequired if !self.secure => {
                Step::Failed(Phase::StartTls, Failure::TlsUnavailable)
            }
            _ => self.sign_in(settings, offered, out),
        }
    }

    fn sign_in(&mut self, settings: &Settings, offered: &Capabilities, out: &mut Output) -> Step {
        let Some(login) = &settings.login else { return Step::Done };
        let allowed = self.secure || settings.password_on_plain;
        let Some(exchange) = Exchange::choose(offered, settings.proof).filter(|_| allowed) else {
            return Step::Failed(Phase::Auth, Failure::SignInImpossible);
        };
        self.waits = Waits::Auth(exchange);
        out.sign_in(&exchange.command(login));
        Step::Going
    }

    fn go_on_signing_in(&mut self, mut exchange: Exchange, login: Option<&Login>, out: &mut Output) -> Step {
        let Some(answer) = login.and_then(|login| exchange.answer(login)) else {
            return Step::Failed(Phase::Auth, Failure::Protocol(Violation::Misplaced(334)));
        };
        self.waits = Waits::Auth(exchange);
        out.sign_in(&answer);
        Step::Going
    }
}
