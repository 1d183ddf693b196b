//! Who hosts the mail of a domain, and by which server a library there would send.

mod look;
mod mx;
mod suggest;

use serde::Serialize;

pub use look::look;
pub use mx::{LookupError, MailServers, NameServers, mail_servers};
pub use suggest::{Answer, SignIn, Suggestion, answer, candidates};

/// A provider whose servers have ways of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Google,
    Microsoft,
}

/// The ends of the names of servers that mail is sent through.
const SENDING: &[(&str, Provider)] = &[
    ("gmail.com", Provider::Google),
    ("googlemail.com", Provider::Google),
    ("google.com", Provider::Google),
    ("office365.com", Provider::Microsoft),
    ("outlook.com", Provider::Microsoft),
];

/// The ends of the names of servers that receive a domain's mail (MX).
const RECEIVING: &[(&str, Provider)] = &[
    ("google.com", Provider::Google),
    ("googlemail.com", Provider::Google),
    ("protection.outlook.com", Provider::Microsoft),
    ("mx.microsoft", Provider::Microsoft),
];

/// Services that look through mail before they hand it to a domain's own servers, wherever those are.
const FILTERS: &[(&str, &str)] = &[
    ("barracudanetworks.com", "Barracuda"),
    ("hornetsecurity.com", "Hornetsecurity"),
    ("iphmx.com", "Cisco"),
    ("messagelabs.com", "Symantec"),
    ("mimecast.com", "Mimecast"),
    ("pphosted.com", "Proofpoint"),
    ("ppe-hosted.com", "Proofpoint"),
];

impl Provider {
    /// Whose server that is, by its name.
    pub fn of_server(host: &str) -> Option<Self> {
        ends_with(SENDING, host)
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft 365",
        }
    }
}

/// Where a domain's mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosting {
    At(Provider),
    /// Behind a filter; where it goes from there cannot be seen.
    Behind(&'static str),
    /// On servers of its own, or of somebody whom we do not know.
    Own,
    /// It takes no mail (RFC 7505).
    NoMail,
}

impl Hosting {
    /// By the domain's mail servers, the preferred first.
    pub fn of(servers: &MailServers) -> Self {
        let MailServers::At(servers) = servers else { return Self::NoMail };
        let provider = servers.iter().find_map(|server| ends_with(RECEIVING, server));
        let filter = servers.iter().find_map(|server| ends_with(FILTERS, server));
        match (provider, filter) {
            (Some(provider), _) => Self::At(provider),
            (None, Some(filter)) => Self::Behind(filter),
            (None, None) => Self::Own,
        }
    }
}

fn ends_with<T: Copy>(table: &[(&str, T)], host: &str) -> Option<T> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let matches =
        |end: &str| host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    table.iter().find(|(end, _)| matches(end)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_known_by_its_mail_servers() {
        use Provider::{Google, Microsoft};
        for (servers, expected) in [
            (&["aspmx.l.google.com", "alt1.aspmx.l.google.com"][..], Hosting::At(Google)),
            (&["smtp.google.com"], Hosting::At(Google)),
            (&["aspmx2.googlemail.com"], Hosting::At(Google)),
            (&["ASPMX.L.GOOGLE.COM."], Hosting::At(Google)),
            (&["library-example.mail.protection.outlook.com"], Hosting::At(Microsoft)),
            (&["library-example.o-v1.mx.microsoft"], Hosting::At(Microsoft)),
            (&["mx1.library.example", "aspmx.l.google.com"], Hosting::At(Google)),
            (&["eu-smtp-inbound-1.mimecast.com"], Hosting::Behind("Mimecast")),
            (&["mxa-1.gslb.pphosted.com"], Hosting::Behind("Proofpoint")),
            (&["mx.library.example"], Hosting::Own),
            (&["notgoogle.com"], Hosting::Own),
            (&["google.com.library.example"], Hosting::Own),
            (&[], Hosting::Own),
        ] {
            let servers = MailServers::At(servers.iter().map(|&server| server.to_owned()).collect());
            assert_eq!(Hosting::of(&servers), expected, "{servers:?}");
        }
        assert_eq!(Hosting::of(&MailServers::None), Hosting::NoMail);
    }

    #[test]
    fn a_server_is_known_by_its_name() {
        for (host, expected) in [
            ("smtp.gmail.com", Some(Provider::Google)),
            ("smtp-relay.gmail.com", Some(Provider::Google)),
            ("smtp.office365.com", Some(Provider::Microsoft)),
            ("library-example.mail.protection.outlook.com", Some(Provider::Microsoft)),
            ("smtp.library.example", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(Provider::of_server(host), expected, "{host}");
        }
    }
}
