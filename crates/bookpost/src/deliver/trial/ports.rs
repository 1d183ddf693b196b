//! Which ports of a machine a mail server listens at, and what it speaks there.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use mail::Reason;
use rustls::client::danger::ServerCertVerifier;
use serde::Serialize;
use tokio::task::JoinSet;

use super::{
    Patience,
    attempt::{Attempt, Outcome, Unsent},
    step::Step,
};
use crate::{
    config::{Encryption, Server},
    deliver::tls,
};

/// Where mail is taken (RFC 8314, RFC 6409), the best first.
pub const USUAL_PORTS: [u16; 3] = [587, 465, 25];

/// A port at which something answers, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Port {
    pub port: u16,
    pub speaks: Speaks,
    /// Whether the server offers a sign-in there; None: it did not come to that.
    pub sign_in: Option<bool>,
}

/// What is spoken at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaks {
    /// No connection.
    Nothing,
    /// Encrypted from the start.
    Tls,
    /// A plain greeting, and encryption is offered then.
    StartTls,
    /// No encryption.
    Plain,
    /// Something that is no mail server, or one that says no at once.
    Other,
}

impl Speaks {
    /// The setting for it.
    pub fn encryption(self) -> Option<Encryption> {
        match self {
            Self::Tls => Some(Encryption::Tls),
            Self::StartTls => Some(Encryption::StartTls),
            Self::Plain => Some(Encryption::Plain),
            Self::Nothing | Self::Other => None,
        }
    }
}

/// What was found, as the log has it.
pub fn in_the_log(found: &[Port]) -> String {
    let of = |port: &Port| {
        let speaks = match port.speaks {
            Speaks::Nothing => "nothing",
            Speaks::Tls => "tls",
            Speaks::StartTls => "starttls",
            Speaks::Plain => "no encryption",
            Speaks::Other => "no mail server",
        };
        format!("{} {speaks}", port.port)
    };
    format!("looked at ports: {}", found.iter().map(of).collect::<Vec<_>>().join(", "))
}

/// The usual ports, and this one.
pub fn usual_and(port: Option<u16>) -> Vec<u16> {
    let mut ports = USUAL_PORTS.to_vec();
    ports.extend(port.filter(|port| !USUAL_PORTS.contains(port)));
    ports
}

/// Looks at these ports of `host` at the same time; the answers come in their order. Nothing is sent but our own name.
///
/// `ca_file` as in the settings of a server.
pub async fn detect(
    host: &str,
    ports: &[u16],
    ehlo_name: &str,
    ca_file: Option<&Path>,
    patience: Patience,
) -> Vec<Port> {
    let Ok(verifier) = tls::verifier(ca_file) else { return Vec::new() };
    let mut looks = JoinSet::new();
    for &port in ports {
        let (host, ehlo_name, verifier) = (host.to_owned(), ehlo_name.to_owned(), Arc::clone(&verifier));
        looks.spawn(async move { look(&host, port, &ehlo_name, verifier, patience).await });
    }
    let mut found = Vec::new();
    while let Some(look) = looks.join_next().await {
        found.extend(look);
    }
    found.sort_by_key(|found: &Port| ports.iter().position(|port| *port == found.port));
    found
}

async fn look(
    host: &str,
    port: u16,
    ehlo_name: &str,
    verifier: Arc<dyn ServerCertVerifier>,
    patience: Patience,
) -> Port {
    // The likely one first: on the wrong one both sides may wait for each other.
    let encryptions = match port {
        465 => [Encryption::Tls, Encryption::StartTls],
        _ => [Encryption::StartTls, Encryption::Tls],
    };
    for encryption in encryptions {
        let nowhere = Server::plain("", (Ipv4Addr::UNSPECIFIED, port).into());
        let server = Server { host: host.to_owned(), encryption, ..nowhere };
        let attempt =
            Attempt { server: &server, ehlo_name, verifier: Arc::clone(&verifier), patience, renews: None };
        let Ok(outcome) = attempt.make(None, |_| ()).await else { break };
        if let Some(speaks) = spoken(encryption, &outcome) {
            let sign_in = outcome.result.is_ok().then_some(!outcome.offered.auth.is_empty());
            return Port { port, speaks, sign_in };
        }
    }
    Port { port, speaks: Speaks::Other, sign_in: None }
}

/// What the outcome says; None: it was not the language that is spoken there.
fn spoken(encryption: Encryption, outcome: &Outcome) -> Option<Speaks> {
    use Reason::{CertificateExpired, CertificateRefused, CertificateUnknownIssuer, CertificateWrongName};
    match (&outcome.result, outcome.step) {
        (Err(_), Step::Name | Step::Connection) => Some(Speaks::Nothing),
        (Ok(()), _) if !outcome.encrypted => Some(Speaks::Plain),
        (Ok(()), _) if encryption == Encryption::Tls => Some(Speaks::Tls),
        (Ok(()), _) => Some(Speaks::StartTls),
        (Err(unsent), Step::Encryption) => {
            let certificate = matches!(
                unsent.reason(),
                CertificateExpired | CertificateRefused | CertificateUnknownIssuer | CertificateWrongName
            );
            match encryption {
                Encryption::Tls => certificate.then_some(Speaks::Tls),
                _ => Some(Speaks::StartTls),
            }
        }
        (Err(Unsent::Refused { .. }), _) => Some(Speaks::Other),
        (Err(_), _) => None,
    }
}
