//! What to do about a step that failed, more exact than its reason says, where more is known.

use jiff::Timestamp;
use mail::{Reason, smtp::capabilities::Capabilities};

use super::{
    certificate::Certificate,
    ports::{Port, Speaks},
    step::Step,
};
use crate::{
    config::{Encryption, Server},
    deliver::hosting::Provider,
};

/// So many names of a certificate are told.
const NAMES: usize = 5;

/// All that is known about the failure.
#[derive(Debug)]
pub struct Situation<'a> {
    pub server: &'a Server,
    pub step: Step,
    pub reason: Reason,
    /// The server's own words.
    pub answer: Option<&'a str>,
    pub offered: &'a Capabilities,
    pub encrypted: bool,
    /// The certificate that the server showed.
    pub certificate: Option<&'a Certificate>,
    /// What was found at the port itself and at the usual ones, if it was looked for.
    pub ports: &'a [Port],
    pub now: Timestamp,
}

/// What to do. As text it is in English (`english`); the pages have words of their own for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// The address that the test went to may have a slip.
    CheckAddress,
    /// There is no server by that name.
    CheckServerName,
    SeeWhetherItArrived,
    /// Servers put off the first mail from somebody new.
    AgainLater,
    AgainOrShowAnswer,
    AgainOrTell,
    GoogleAppPassword,
    MicrosoftSignInOff,
    MicrosoftLogin,
    CheckLogin,
    AllowAtGoogle,
    /// A password is never sent in plain; where it could be sent.
    PasswordWithheld(Option<Place>),
    NoSignIn {
        port: u16,
        elsewhere: Option<Place>,
    },
    /// The ways to sign in that the server has, of which we have none.
    OtherSignIn(String),
    NotYetGood {
        from: Timestamp,
        today: Timestamp,
    },
    OutOfDate {
        until: Timestamp,
        today: Timestamp,
    },
    /// The first names in the certificate, how many there are more, and what it was to be good for.
    WrongName {
        names: Vec<String>,
        more: usize,
        host: String,
    },
    SelfSigned,
    /// Who signed the certificate.
    UnknownIssuer(String),
    /// The port is right, with this encryption.
    OtherEncryption(Place),
    NoEncryption {
        port: u16,
        elsewhere: Option<Place>,
    },
    NothingAnswers {
        port: u16,
        elsewhere: Place,
    },
    /// At none of these ports.
    NothingAnywhere(Vec<u16>),
    NoMailServer {
        port: u16,
        elsewhere: Place,
    },
}

/// A port, and the encryption that is spoken there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub port: u16,
    pub encryption: Encryption,
    /// It is the port that was asked already.
    pub here: bool,
}

/// What is known that goes beyond [`Reason::what_to_do`].
pub fn advice(at: &Situation<'_>) -> Option<Advice> {
    match at.reason {
        Reason::SignInRefused | Reason::SmtpAuthOff | Reason::PasswordsEnded => Some(sign_in_refused(at)),
        Reason::RelayDenied => {
            (Provider::of_server(&at.server.host) == Some(Provider::Google)).then_some(Advice::AllowAtGoogle)
        }
        Reason::SignInImpossible => Some(sign_in_impossible(at)),
        Reason::CertificateExpired => at.certificate.map(|certificate| out_of_date(certificate, at.now)),
        Reason::CertificateWrongName => {
            at.certificate.and_then(|certificate| wrong_name(certificate, &at.server.host))
        }
        Reason::CertificateUnknownIssuer => at.certificate.map(unknown_issuer),
        // Such as openssl makes it, unless it is told more: of an authority, which no server is.
        Reason::CertificateRefused => {
            at.certificate.filter(|certificate| certificate.self_signed).map(unknown_issuer)
        }
        Reason::HostNotFound => Some(Advice::CheckServerName),
        Reason::Unreachable
        | Reason::TimedOut
        | Reason::ConnectionLost
        | Reason::TlsUnavailable
        | Reason::ProtocolViolation => language(at).or_else(|| of_a_test(at.reason)),
        reason => of_a_test(reason),
    }
}

/// What differs from mail to patrons: nothing is sent again by itself, and the address is whoever tests it's own.
fn of_a_test(reason: Reason) -> Option<Advice> {
    match reason {
        Reason::AddressUnknown | Reason::DomainUnknown | Reason::MailboxDisabled => {
            Some(Advice::CheckAddress)
        }
        Reason::AnswerUnknown => Some(Advice::SeeWhetherItArrived),
        Reason::TryLater => Some(Advice::AgainLater),
        Reason::ServerRefuses | Reason::ServerFull => Some(Advice::AgainOrShowAnswer),
        reason if reason.what_to_do().starts_with("Nothing") => Some(Advice::AgainOrTell),
        _ => None,
    }
}

fn sign_in_refused(at: &Situation<'_>) -> Advice {
    let said = |words: &[&str]| at.answer.is_some_and(|answer| words.iter().any(|one| answer.contains(one)));
    let provider = Provider::of_server(&at.server.host);
    if provider == Some(Provider::Google) || said(&["gsmtp", "support.google.com"]) {
        return Advice::GoogleAppPassword;
    }
    if said(&["5.7.139", "5.7.30", "SmtpClientAuthentication", "basic authentication is disabled"]) {
        return Advice::MicrosoftSignInOff;
    }
    if provider == Some(Provider::Microsoft) { Advice::MicrosoftLogin } else { Advice::CheckLogin }
}

fn sign_in_impossible(at: &Situation<'_>) -> Advice {
    let port = at.server.port;
    if !at.encrypted && !at.server.password_on_plain {
        let here = at.ports.iter().find(|here| here.port == port && here.is_encrypted());
        let here = here.and_then(|here| here.speaks.encryption());
        let here = here.map(|encryption| Place { port, encryption, here: true });
        return Advice::PasswordWithheld(here.or_else(|| elsewhere(at, Port::is_encrypted)));
    }
    if at.offered.auth.is_empty() {
        return Advice::NoSignIn { port, elsewhere: elsewhere(at, |port| port.sign_in == Some(true)) };
    }
    Advice::OtherSignIn(at.offered.auth.join(", "))
}

fn out_of_date(certificate: &Certificate, today: Timestamp) -> Advice {
    let Certificate { valid_from: from, valid_until: until, .. } = *certificate;
    if from > today { Advice::NotYetGood { from, today } } else { Advice::OutOfDate { until, today } }
}

fn wrong_name(certificate: &Certificate, host: &str) -> Option<Advice> {
    let names: Vec<_> = certificate.names.iter().take(NAMES).cloned().collect();
    let more = certificate.names.len() - names.len();
    (!names.is_empty()).then(|| Advice::WrongName { names, more, host: host.to_owned() })
}

fn unknown_issuer(certificate: &Certificate) -> Advice {
    if certificate.self_signed {
        Advice::SelfSigned
    } else {
        Advice::UnknownIssuer(certificate.issuer.clone())
    }
}

/// The port, or the encryption on it, is another than was meant.
fn language(at: &Situation<'_>) -> Option<Advice> {
    let port = at.server.port;
    let speaks = at.ports.iter().find(|found| found.port == port)?.speaks;
    let here = |encryption| Some(Advice::OtherEncryption(Place { port, encryption, here: true }));
    match (at.server.encryption, speaks) {
        (Encryption::StartTls | Encryption::Plain, Speaks::Tls) => here(Encryption::Tls),
        (Encryption::Tls, Speaks::StartTls) => here(Encryption::StartTls),
        (Encryption::StartTls | Encryption::Tls, Speaks::Plain) => {
            Some(Advice::NoEncryption { port, elsewhere: elsewhere(at, Port::is_encrypted) })
        }
        (_, Speaks::Nothing) => Some(match elsewhere(at, |_| true) {
            Some(elsewhere) => Advice::NothingAnswers { port, elsewhere },
            None => Advice::NothingAnywhere(at.ports.iter().map(|found| found.port).collect()),
        }),
        (_, Speaks::Other) => Some(Advice::NoMailServer { port, elsewhere: elsewhere(at, |_| true)? }),
        _ => None,
    }
}

/// The best other port that is `good`.
fn elsewhere(at: &Situation<'_>, good: impl Fn(&Port) -> bool) -> Option<Place> {
    let others = at.ports.iter().filter(|port| port.port != at.server.port && good(port));
    let mut usable = others.filter_map(|found| Some((found.port, found.speaks.encryption()?)));
    usable.next().map(|(port, encryption)| Place { port, encryption, here: false })
}

impl Port {
    fn is_encrypted(&self) -> bool {
        matches!(self.speaks, Speaks::Tls | Speaks::StartTls)
    }
}

impl Advice {
    /// The name by which the server must be entered, where there is only one.
    pub fn one_name(&self) -> Option<&str> {
        match self {
            Self::WrongName { names, more: 0, .. } => match names.as_slice() {
                [one] if !one.starts_with('*') => Some(one),
                _ => None,
            },
            _ => None,
        }
    }
}

/// `2525, 587 or 465`
pub fn listed(ports: &[u16], or: &str) -> String {
    let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
    match ports.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} {or} {last}", first.join(", ")),
        _ => ports.concat(),
    }
}
