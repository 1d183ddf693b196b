//! The doors by which applications hand in mail, and the rules for their settings.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;

use super::raw::Raw;

/// Connections of the SMTP door at one time.
const USUAL_CONNECTIONS: u64 = 500;
const MOST_CONNECTIONS: u64 = 10_000;
/// Bits that a network which is trusted has at least, IPv4 and IPv6: nobody owns a larger one.
const LEAST_PREFIX: (u8, u8) = (8, 16);
const MIB: u64 = 1 << 20;
/// Of one message; what most providers take is less.
const USUAL_LARGEST: u64 = 50;
const MOST_LARGEST: u64 = 200;

/// Who may hand in mail, and how.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    /// SMTP submission (RFC 6409).
    pub smtp: SmtpDoor,
    /// The `sendmail` command.
    pub sendmail: SendmailDoor,
    /// Bytes of the largest message, at every door.
    pub largest_message: usize,
}

/// The SMTP submission listener; closed where there is no address.
#[derive(Debug, Clone, Default)]
pub struct SmtpDoor {
    /// Plain at first; STARTTLS is offered where there is a certificate.
    pub listen: Vec<SocketAddr>,
    /// TLS from the first byte (RFC 8314).
    pub listen_tls: Vec<SocketAddr>,
    /// Who we are.
    pub certificate: Option<CertificateFiles>,
    /// Who may send without signing in.
    pub trusted: Vec<Trusted>,
    /// Connections at one time.
    pub connections: usize,
}

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate with those above it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A network whose machines may send as an application without signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    pub network: IpNet,
    /// The application's name.
    pub application: String,
}

/// Where the `sendmail` command finds the service, and where it leaves mail while there is none.
#[derive(Debug, Clone, Default)]
pub struct SendmailDoor {
    /// None: there is no such door.
    pub socket: Option<PathBuf>,
    pub maildrop: Option<PathBuf>,
    /// The application that its mail is of.
    pub application: String,
    /// Who may use it; None: everybody on this machine.
    pub group: Option<String>,
}

impl Doors {
    /// All of them closed.
    pub(super) fn usual() -> Self {
        Self { largest_message: mib(USUAL_LARGEST), ..Self::default() }
    }
}

impl SmtpDoor {
    /// The application of a peer that need not sign in.
    pub fn trusts(&self, peer: IpAddr) -> Option<&str> {
        let peer = peer.to_canonical();
        self.trusted.iter().find(|one| one.network.contains(&peer)).map(|one| one.application.as_str())
    }

    pub fn is_open(&self) -> bool {
        !self.listen.is_empty() || !self.listen_tls.is_empty()
    }
}

/// Problems are noted in `raw`.
pub(super) fn doors(raw: &mut Raw) -> Doors {
    let largest = raw.get_within("doors.largest_message_mib", USUAL_LARGEST, 1..=MOST_LARGEST);
    Doors { smtp: smtp(raw), sendmail: sendmail(raw), largest_message: mib(largest) }
}

fn mib(count: u64) -> usize {
    usize::try_from(count * MIB).unwrap_or(usize::MAX)
}

fn smtp(raw: &mut Raw) -> SmtpDoor {
    let (listen, listen_tls) = (addresses(raw, "smtp.listen"), addresses(raw, "smtp.listen_tls"));
    let certificate = certificate(raw);
    if certificate.is_none() {
        if let Some(open) = listen.iter().find(|at| !at.ip().is_loopback()) {
            let what = format!(
                "{open} can be reached from other machines, and without a certificate passwords and mail could be read on the way"
            );
            raw.problem("smtp.listen", what, "add `smtp.certificate_file` and `smtp.key_file`");
        }
        if !listen_tls.is_empty() {
            raw.problem(
                "smtp.listen_tls",
                "TLS needs a certificate",
                "add `smtp.certificate_file` and `smtp.key_file`",
            );
        }
    }
    let trusted = (0..raw.count("smtp.trusted")).filter_map(|at| trusted(raw, at)).collect();
    let connections = raw.get_within("smtp.connections", USUAL_CONNECTIONS, 1..=MOST_CONNECTIONS);
    let connections = usize::try_from(connections).unwrap_or(usize::MAX);
    SmtpDoor { listen, listen_tls, certificate, trusted, connections }
}

fn addresses(raw: &mut Raw, path: &str) -> Vec<SocketAddr> {
    let texts: Vec<String> = raw.get(path).unwrap_or_default();
    let mut addresses = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => raw.problem(
                path,
                format!("{text:?} is not an address with a port"),
                "write it like \"127.0.0.1:2525\"",
            ),
        }
    }
    addresses
}

fn certificate(raw: &mut Raw) -> Option<CertificateFiles> {
    let certificate: Option<PathBuf> = raw.get("smtp.certificate_file");
    let key: Option<PathBuf> = raw.get("smtp.key_file");
    for (path, file) in [("smtp.certificate_file", &certificate), ("smtp.key_file", &key)] {
        if let Some(file) = file.as_ref().filter(|file| !file.is_file()) {
            raw.problem(path, format!("there is no file {}", file.display()), "name a PEM file");
        }
    }
    if certificate.is_some() != key.is_some() {
        raw.problem("smtp", "a certificate and its key go together", "set both files, or neither");
    }
    Some(CertificateFiles { certificate: certificate?, key: key? })
}

fn trusted(raw: &mut Raw, at: usize) -> Option<Trusted> {
    let path = format!("smtp.trusted.{at}.network");
    let network: Option<String> = raw.need(&path, "the network whose machines need not sign in");
    let application =
        raw.need(&format!("smtp.trusted.{at}.application"), "the application that they send as");
    let network =
        network_at(raw, &path, &network?, "could send mail through this machine without signing in")?;
    Some(Trusted { network, application: application? })
}

/// A network that is trusted; one that cannot be meant is noted as a problem at `path`, with what it `could` do.
pub(super) fn network_at(raw: &mut Raw, path: &str, text: &str, could: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let Ok(network) = network else {
        raw.problem(path, format!("{text:?} is no network"), "write it like \"10.1.0.0/16\" or \"10.1.2.3\"");
        return None;
    };
    let least = if network.addr().is_ipv4() { LEAST_PREFIX.0 } else { LEAST_PREFIX.1 };
    if network.prefix_len() < least {
        raw.problem(
            path,
            format!("so large a network {could}"),
            "name the network of the machines that are meant",
        );
        return None;
    }
    Some(network)
}

fn sendmail(raw: &mut Raw) -> SendmailDoor {
    SendmailDoor {
        socket: raw.get("sendmail.socket"),
        maildrop: raw.get("sendmail.maildrop"),
        application: raw.get("sendmail.application").unwrap_or_else(|| "sendmail".to_owned()),
        group: raw.get("sendmail.group"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_networks_named_are_trusted() {
        let trusted = |network: &str, application: &str| Trusted {
            network: network.parse().unwrap(),
            application: application.to_owned(),
        };
        let door = SmtpDoor {
            trusted: vec![trusted("10.1.2.3/32", "Catalogue"), trusted("10.1.0.0/16", "Library")],
            ..SmtpDoor::default()
        };
        for (peer, application) in [
            ("10.1.2.3", Some("Catalogue")),
            ("10.1.9.9", Some("Library")),
            ("::ffff:10.1.9.9", Some("Library")),
            ("10.2.0.1", None),
            ("127.0.0.1", None),
            ("::1", None),
        ] {
            assert_eq!(door.trusts(peer.parse().unwrap()), application, "{peer}");
        }
    }
}
