//! What it means when there is no reply to judge.

use super::{
    Action::{self, OpenBreaker, Retry, Return, SlowDown},
    Judgement, Phase, Reason,
    Scope::{self, Account, Message, Recipient, Route},
};

/// An attempt that ended without a reply of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The server's name does not exist.
    NameNotFound,
    /// The server's name could not be looked up for the moment.
    NameLookupFailed,
    /// No connection: refused, or no way there.
    Refused,
    /// Nothing came in the time allowed.
    TimedOut,
    /// The connection broke.
    ConnectionLost,
    /// TLS is needed; the server does not offer it, or the handshake failed.
    TlsUnavailable,
    /// The certificate does not prove that this is the server.
    CertificateRefused(CertificateFault),
    /// What came is no SMTP, or out of order.
    ProtocolViolation,
    /// A login is set, but AUTH is not offered, not by a mechanism that we have, or not where it may be used.
    SignInImpossible,
    /// The address needs SMTPUTF8, which the server does not offer.
    Utf8Unsupported,
    /// The header of the message needs it.
    HeaderUtf8Unsupported,
    /// Larger than the limit that the server named after EHLO (SIZE).
    TooLarge,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// It has run out, or is not valid yet.
    Expired,
    /// It is for another name.
    WrongName,
    /// Nobody whom this machine trusts has signed it.
    UnknownIssuer,
    /// Anything else.
    Other,
}

/// Judges a failure in `phase`.
///
/// A failure in [`Phase::Dot`] leaves open whether the message arrived: its reason is [`Reason::AnswerUnknown`], and no other
/// server may be tried in this attempt. In [`Phase::Data`] it counts as the message's own, so that a message on which a
/// server chokes goes by its schedule and cannot stop the others.
pub fn judge_failure(phase: Phase, failure: Failure) -> Judgement {
    use Failure as F;
    let (scope, action, reason) = match (failure, phase) {
        (F::TimedOut | F::ConnectionLost | F::ProtocolViolation, Phase::Dot) => {
            (Message, Retry, Reason::AnswerUnknown)
        }
        (F::NameNotFound, _) => (Route, OpenBreaker, Reason::HostNotFound),
        (F::NameLookupFailed, _) => (Route, OpenBreaker, Reason::NameLookupFailed),
        (F::Refused, _) => (Route, OpenBreaker, Reason::Unreachable),
        (F::TimedOut, Phase::Data) => (Message, Retry, Reason::TimedOut),
        (F::TimedOut, _) => (Route, OpenBreaker, Reason::TimedOut),
        (F::ConnectionLost, Phase::Data) => (Message, Retry, Reason::ConnectionLost),
        // A server that has had enough of a kept connection closes it between two messages.
        (F::ConnectionLost, Phase::Mail | Phase::Rcpt) => (Route, SlowDown, Reason::ConnectionLost),
        (F::ConnectionLost, _) => (Route, OpenBreaker, Reason::ConnectionLost),
        (F::TlsUnavailable, _) => (Route, OpenBreaker, Reason::TlsUnavailable),
        (F::CertificateRefused(fault), _) => (Route, OpenBreaker, certificate_reason(fault)),
        (F::ProtocolViolation, Phase::Mail | Phase::Rcpt | Phase::Data) => {
            (Message, Retry, Reason::ProtocolViolation)
        }
        (F::ProtocolViolation, _) => (Route, OpenBreaker, Reason::ProtocolViolation),
        (F::SignInImpossible, _) => (Account, OpenBreaker, Reason::SignInImpossible),
        (F::Utf8Unsupported, _) => (Recipient, Return, Reason::Utf8Unsupported),
        (F::HeaderUtf8Unsupported, _) => (Message, Return, Reason::HeaderUtf8Unsupported),
        (F::TooLarge, _) => (Message, Return, Reason::TooLarge),
    };
    judgement(scope, action, reason)
}

fn judgement(scope: Scope, action: Action, reason: Reason) -> Judgement {
    Judgement { scope, action, reason }
}

fn certificate_reason(fault: CertificateFault) -> Reason {
    match fault {
        CertificateFault::Expired => Reason::CertificateExpired,
        CertificateFault::WrongName => Reason::CertificateWrongName,
        CertificateFault::UnknownIssuer => Reason::CertificateUnknownIssuer,
        CertificateFault::Other => Reason::CertificateRefused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_answer_to_the_dot_is_in_doubt() {
        for &phase in Phase::ALL {
            for failure in [Failure::TimedOut, Failure::ConnectionLost, Failure::ProtocolViolation] {
                let in_doubt = judge_failure(phase, failure).reason == Reason::AnswerUnknown;
                assert_eq!(in_doubt, phase == Phase::Dot, "{phase:?} {failure:?}");
            }
        }
    }

    #[test]
    fn no_failure_of_ours_or_the_servers_returns_a_recipient() {
        for &phase in Phase::ALL {
            for failure in [
                Failure::NameNotFound,
                Failure::NameLookupFailed,
                Failure::Refused,
                Failure::TimedOut,
                Failure::ConnectionLost,
                Failure::TlsUnavailable,
                Failure::CertificateRefused(CertificateFault::Expired),
                Failure::ProtocolViolation,
                Failure::SignInImpossible,
            ] {
                assert_ne!(judge_failure(phase, failure).action, Return, "{phase:?} {failure:?}");
            }
        }
    }

    #[test]
    fn faults_before_the_message_open_the_breaker() {
        for (phase, failure, scope, reason) in [
            (Phase::Connect, Failure::NameNotFound, Route, Reason::HostNotFound),
            (Phase::Connect, Failure::NameLookupFailed, Route, Reason::NameLookupFailed),
            (Phase::Connect, Failure::Refused, Route, Reason::Unreachable),
            (Phase::Greeting, Failure::TimedOut, Route, Reason::TimedOut),
            (Phase::StartTls, Failure::TlsUnavailable, Route, Reason::TlsUnavailable),
            (
                Phase::Tls,
                Failure::CertificateRefused(CertificateFault::Expired),
                Route,
                Reason::CertificateExpired,
            ),
            (
                Phase::Tls,
                Failure::CertificateRefused(CertificateFault::WrongName),
                Route,
                Reason::CertificateWrongName,
            ),
            (
                Phase::Tls,
                Failure::CertificateRefused(CertificateFault::Other),
                Route,
                Reason::CertificateRefused,
            ),
            (Phase::Auth, Failure::SignInImpossible, Account, Reason::SignInImpossible),
        ] {
            assert_eq!(judge_failure(phase, failure), judgement(scope, OpenBreaker, reason));
        }
    }
}
