//! What to do about a step that failed, in words that are more exact than the reason's, where more is known.

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

/// One or two sentences, or nothing that goes beyond [`Reason::what_to_do`].
pub fn advice(at: &Situation<'_>) -> Option<String> {
    match at.reason {
        Reason::SignInRefused => Some(sign_in_refused(at).to_owned()),
        Reason::RelayDenied => relay_denied(at),
        Reason::SignInImpossible => Some(sign_in_impossible(at)),
        Reason::CertificateExpired => at.certificate.map(|certificate| out_of_date(certificate, at.now)),
        Reason::CertificateWrongName => {
            at.certificate.and_then(|certificate| wrong_name(certificate, &at.server.host))
        }
        Reason::CertificateUnknownIssuer => at.certificate.map(unknown_issuer),
        Reason::Unreachable
        | Reason::TimedOut
        | Reason::ConnectionLost
        | Reason::TlsUnavailable
        | Reason::ProtocolViolation => language(at).or_else(|| of_a_test(at.reason)),
        reason => of_a_test(reason),
    }
}

/// What differs from mail to patrons: nothing is sent again by itself, and the address is whoever tests it's own.
fn of_a_test(reason: Reason) -> Option<String> {
    let what = match reason {
        Reason::AddressUnknown | Reason::DomainUnknown | Reason::MailboxDisabled => {
            "Look for a slip in the address that the test was sent to, or try another one."
        }
        Reason::AnswerUnknown => "See whether it arrived before you test again.",
        Reason::TryLater => {
            "Test again in some minutes: many servers put off the first mail from somebody new. If it stays so, tell your IT person."
        }
        Reason::ServerRefuses | Reason::ServerFull => {
            "Test again in some minutes. If it stays so, show the server's own words to your IT person."
        }
        reason if reason.what_to_do().starts_with("Nothing") => {
            "Test again in some minutes. If it stays so, tell your IT person."
        }
        _ => return None,
    };
    Some(what.to_owned())
}

fn sign_in_refused(at: &Situation<'_>) -> &'static str {
    let said = |words: &[&str]| at.answer.is_some_and(|answer| words.iter().any(|one| answer.contains(one)));
    let provider = Provider::of_server(&at.server.host);
    if provider == Some(Provider::Google) || said(&["gsmtp", "support.google.com"]) {
        return "Use an app password: Google takes no usual password here. Switch on 2-Step Verification for this Google account, make an \
                app password at myaccount.google.com/apppasswords, and enter it in the place of the password.";
    }
    if said(&["5.7.139", "5.7.30", "SmtpClientAuthentication", "basic authentication is disabled"]) {
        return "Microsoft has switched off sign-in with a password (SMTP AUTH) for this mailbox. Ask the administrator of Microsoft 365 \
                whether \"Authenticated SMTP\" can still be switched on for it; if not, send through another server.";
    }
    if provider == Some(Provider::Microsoft) {
        return "Check login and password: the login is the whole mail address. Where the account asks for a second proof, or has sign-in with \
                a password (SMTP AUTH) switched off, Microsoft refuses the right password too: ask the administrator of Microsoft 365.";
    }
    "Check login and password. The login is often the whole mail address, and some providers want a password of its own for programs \
     (app password)."
}

fn relay_denied(at: &Situation<'_>) -> Option<String> {
    let google = Provider::of_server(&at.server.host) == Some(Provider::Google);
    google.then(|| {
        "Have this computer's public address allowed in the Google Admin console: Apps > Google Workspace > Gmail > Routing > SMTP relay \
         service."
            .to_owned()
    })
}

fn sign_in_impossible(at: &Situation<'_>) -> String {
    let port = at.server.port;
    if !at.encrypted && !at.server.password_on_plain {
        let here = at.ports.iter().find(|here| here.port == port && here.is_encrypted());
        let here = here.and_then(|here| here.speaks.encryption());
        let here = here.map(|encryption| format!("Choose {} for port {port}.", words(encryption)));
        return format!(
            "The connection is not encrypted, and the password is never sent where others could read it. {}",
            here.or_else(|| elsewhere(at, Port::is_encrypted))
                .unwrap_or_else(|| "Choose an encrypted connection, or remove the login.".to_owned())
        );
    }
    if at.offered.auth.is_empty() {
        let elsewhere = elsewhere(at, |port| port.sign_in == Some(true));
        return format!(
            "The server has no sign-in on port {port}. {}",
            elsewhere.unwrap_or_else(|| "Remove the login, if the server needs none.".to_owned())
        );
    }
    format!(
        "The server offers only ways to sign in that Bookpost does not have ({}). Have it offer PLAIN or LOGIN.",
        at.offered.auth.join(", ")
    )
}

fn out_of_date(certificate: &Certificate, now: Timestamp) -> String {
    let Certificate { valid_from, valid_until, .. } = certificate;
    let today = day(now);
    if *valid_from > now {
        let from = day(*valid_from);
        return format!(
            "The proof of identity (certificate) is good only from {from} on, and this computer takes today for {today}. Check the date on this computer."
        );
    }
    format!(
        "The proof of identity (certificate) was good until {}. Have it renewed by whoever runs the mail server. If that day is still to come, the date on this \
         computer is wrong: it takes today for {today}.",
        day(*valid_until)
    )
}

fn wrong_name(certificate: &Certificate, host: &str) -> Option<String> {
    let names = &certificate.names;
    let first = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let by = match names.as_slice() {
        [] => return None,
        [one] if !one.starts_with('*') => format!("Enter the server by that name: {one}."),
        _ => "Enter the server by one of these names.".to_owned(),
    };
    Some(format!("The proof of identity (certificate) is for {first}{more}, and not for {host}. {by}"))
}

fn unknown_issuer(certificate: &Certificate) -> String {
    let signed = if certificate.self_signed {
        "The server has signed its proof of identity (certificate) itself. If that is meant, save the certificate".to_owned()
    } else {
        format!(
            "The proof of identity (certificate) was signed by \"{}\", whom this computer does not know. If that is your own authority, save its certificate",
            certificate.issuer
        )
    };
    format!("{signed} in a file and name the file as `ca_file` of this server.")
}

/// The port, or the encryption on it, is another than was meant.
fn language(at: &Situation<'_>) -> Option<String> {
    let own = at.server.port;
    let here = at.ports.iter().find(|port| port.port == own)?;
    let wanted = at.server.encryption;
    match (wanted, here.speaks) {
        (Encryption::StartTls | Encryption::Plain, Speaks::Tls) => Some(format!(
            "Port {own} speaks encryption from the start: choose {} for it.",
            words(Encryption::Tls)
        )),
        (Encryption::Tls, Speaks::StartTls) => Some(format!(
            "Port {own} begins without encryption and then changes to it: choose {} for it.",
            words(Encryption::StartTls)
        )),
        (Encryption::StartTls | Encryption::Tls, Speaks::Plain) => {
            let elsewhere = elsewhere(at, Port::is_encrypted);
            Some(format!(
                "The server offers no encryption on port {own}. {}",
                elsewhere.unwrap_or_else(|| {
                    "Have it switched on there. Allow Non-Secure Connections only where nobody can listen: patrons' names and titles could be \
                     read on the way."
                        .to_owned()
                })
            ))
        }
        (_, Speaks::Nothing) => Some(match elsewhere(at, |_| true) {
            Some(elsewhere) => format!("Nothing answers on port {own}. {elsewhere}"),
            None => format!(
                "Nothing answers on port {}. Look for a slip in the server's name, and have your IT person check that the server runs and \
                 that no firewall is in the way.",
                listed(at.ports)
            ),
        }),
        (_, Speaks::Other) => {
            let elsewhere = elsewhere(at, |_| true)?;
            Some(format!("What answers on port {own} is not a mail server that takes our mail. {elsewhere}"))
        }
        _ => None,
    }
}

/// The best other port that is `good`.
fn elsewhere(at: &Situation<'_>, good: impl Fn(&Port) -> bool) -> Option<String> {
    let others = at.ports.iter().filter(|port| port.port != at.server.port && good(port));
    let mut usable = others.filter_map(|port| Some((port.port, port.speaks.encryption()?)));
    let (port, encryption) = usable.next()?;
    Some(format!("Port {port} answers: choose port {port} and {}.", words(encryption)))
}

impl Port {
    fn is_encrypted(&self) -> bool {
        matches!(self.speaks, Speaks::Tls | Speaks::StartTls)
    }
}

/// As the page says it, and the setting.
pub fn words(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::StartTls => "\"Encrypted\" (encryption = \"starttls\")",
        Encryption::Tls => "\"Encrypted from the start\" (encryption = \"tls\")",
        Encryption::Plain => "\"Not encrypted\" (encryption = \"none\")",
    }
}

/// `2525, 587 or 465`
fn listed(ports: &[Port]) -> String {
    let ports: Vec<_> = ports.iter().map(|port| port.port.to_string()).collect();
    match ports.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => ports.concat(),
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}
