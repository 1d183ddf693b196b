//! From where a domain's mail is to the servers by which a library there may send.

use serde::Serialize;

use super::{Hosting, MailServers, Provider};
use crate::{
    config::Encryption,
    deliver::trial::{Port, Speaks},
};

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub domain: String,
    /// The provider, or the filter before the mail; None: somebody whom we do not know.
    pub hosted_by: Option<&'static str>,
    /// What receives the domain's mail, the preferred first.
    pub mail_servers: Vec<String>,
    /// In a sentence.
    pub words: String,
    /// The best first; none: ask whoever runs the mail.
    pub suggestions: Vec<Suggestion>,
}

/// A server to send by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub title: String,
    pub host: String,
    pub port: u16,
    /// As in the settings: `starttls`, `tls` or `none`.
    pub encryption: &'static str,
    pub sign_in: SignIn,
    /// What must be known or done before, each a sentence or two.
    pub notes: Vec<&'static str>,
}

/// Whether a login must be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    Needed,
    NotNeeded,
    /// Ask whoever runs the server.
    Unknown,
}

/// The machines that are worth a look where the provider is not known.
pub fn candidates(domain: &str, servers: &MailServers) -> Vec<String> {
    if matches!(Hosting::of(servers), Hosting::At(_)) {
        return Vec::new();
    }
    let MailServers::At(servers) = servers else { return Vec::new() };
    let mut hosts = vec![format!("smtp.{domain}"), format!("mail.{domain}")];
    match servers.first() {
        Some(first) if !hosts.contains(first) => hosts.push(first.clone()),
        Some(_) => {}
        None => hosts.push(domain.to_owned()),
    }
    hosts
}

/// What to say about `domain`. `looked_at`: its [`candidates`] with what was found at their ports, the best port first.
pub fn answer(domain: &str, servers: &MailServers, looked_at: &[(String, Vec<Port>)]) -> Answer {
    let hosting = Hosting::of(servers);
    let mail_servers = match servers {
        MailServers::At(servers) => servers.clone(),
        MailServers::None => Vec::new(),
    };
    let suggestions = match hosting {
        Hosting::At(Provider::Google) => google(),
        Hosting::At(Provider::Microsoft) => microsoft(&mail_servers),
        Hosting::Behind(_) | Hosting::Own => {
            looked_at.iter().filter_map(|(host, ports)| own(host, ports)).collect()
        }
        Hosting::NoMail => Vec::new(),
    };
    let hosted_by = match hosting {
        Hosting::At(provider) => Some(provider.name()),
        Hosting::Behind(filter) => Some(filter),
        Hosting::Own | Hosting::NoMail => None,
    };
    let words = words(domain, hosting, &mail_servers, suggestions.is_empty());
    Answer { domain: domain.to_owned(), hosted_by, mail_servers, words, suggestions }
}

fn words(domain: &str, hosting: Hosting, mail_servers: &[String], nothing_found: bool) -> String {
    const ASK: &str = "Ask whoever runs your mail for the server that programs send by, its port, its encryption, and a login.";
    let nothing = if nothing_found {
        format!(" No mail server that we could send by was found. {ASK}")
    } else {
        String::new()
    };
    match (hosting, mail_servers.first()) {
        (Hosting::At(provider), _) => format!("{domain} has its mail at {}.", provider.name()),
        (Hosting::Behind(filter), _) => format!(
            "The mail of {domain} goes through {filter}, which looks through it; where the mailboxes are cannot be seen from outside.{nothing}"
        ),
        (Hosting::NoMail, _) => format!(
            "{domain} takes no mail, and says so. Nobody could answer a mail of the library from there: use an address of another domain."
        ),
        (Hosting::Own, Some(first)) => format!(
            "{domain} has its mail on a server of its own, or at a provider that Bookpost does not know ({first}).{nothing}"
        ),
        (Hosting::Own, None) => format!("{domain} names no mail server.{nothing}"),
    }
}

fn google() -> Vec<Suggestion> {
    vec![
        Suggestion {
            title: "Google's server for organisations (SMTP relay)".to_owned(),
            host: "smtp-relay.gmail.com".to_owned(),
            port: 587,
            encryption: "starttls",
            sign_in: SignIn::NotNeeded,
            notes: vec![
                "It is for organisations with Google Workspace; it sends up to 10,000 mails in 24 hours.",
                "First have this computer's public address allowed in the Google Admin console: Apps > Google Workspace > Gmail > Routing > \
                 SMTP relay service.",
            ],
        },
        Suggestion {
            title: "One mailbox at Google".to_owned(),
            host: "smtp.gmail.com".to_owned(),
            port: 587,
            encryption: "starttls",
            sign_in: SignIn::Needed,
            notes: vec![
                "The login is the whole mail address, and the password is an app password, not the usual one: switch on 2-Step Verification for \
                 the account, then make one at myaccount.google.com/apppasswords.",
                "Google sends up to 2,000 mails in 24 hours from a mailbox of an organisation, and 500 from a private one.",
            ],
        },
    ]
}

fn microsoft(mail_servers: &[String]) -> Vec<Suggestion> {
    let mailbox = Suggestion {
        title: "One mailbox at Microsoft 365".to_owned(),
        host: "smtp.office365.com".to_owned(),
        port: 587,
        encryption: "starttls",
        sign_in: SignIn::Needed,
        notes: vec![
            "Microsoft is ending sign-in with a password here: from the end of December 2026 it is switched off for organisations that \
             have Microsoft 365 already. Ask the administrator whether \"Authenticated SMTP\" is on for the mailbox, and for how long.",
            "The login is the whole mail address. Microsoft takes 30 mails in a minute and 10,000 recipients in a day.",
        ],
    };
    let direct = mail_servers.first().map(|host| Suggestion {
        title: "Microsoft's server for your own domain, without a sign-in".to_owned(),
        host: host.clone(),
        port: 25,
        encryption: "starttls",
        sign_in: SignIn::NotNeeded,
        notes: vec![
            "By itself it takes mail for addresses of your own organisation only: patrons with addresses elsewhere get nothing.",
            "For everybody else the administrator makes a connector in the Exchange admin center that knows this computer's public address. \
             Many networks block port 25 to the outside: `bookpost preferences test` tells.",
        ],
    });
    [mailbox].into_iter().chain(direct).collect()
}

/// The best port of a machine that was looked at.
fn own(host: &str, ports: &[Port]) -> Option<Suggestion> {
    let encrypted = ports.iter().find(|port| matches!(port.speaks, Speaks::StartTls | Speaks::Tls));
    let best = encrypted.or_else(|| ports.iter().find(|port| port.speaks == Speaks::Plain))?;
    let sign_in = match best.sign_in {
        Some(true) => SignIn::Needed,
        Some(false) => SignIn::NotNeeded,
        None => SignIn::Unknown,
    };
    let (encryption, unsafe_note) = match best.speaks.encryption()? {
        Encryption::StartTls => ("starttls", None),
        Encryption::Tls => ("tls", None),
        Encryption::Plain => (
            "none",
            Some(
                "It offers no encryption: patrons' names and titles could be read on the way. Use it only inside your own network.",
            ),
        ),
    };
    let port_25 = (best.port == 25)
        .then_some("It may take mail for its own addresses only: test it with an address somewhere else.");
    Some(Suggestion {
        title: "A mail server that answers there".to_owned(),
        host: host.to_owned(),
        port: best.port,
        encryption,
        sign_in,
        notes: unsafe_note.into_iter().chain(port_25).collect(),
    })
}
