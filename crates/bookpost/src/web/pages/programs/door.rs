//! What is entered in a program so that it sends through Bookpost, as the doors really stand.

use std::{fmt::Write as _, net::SocketAddr};

use crate::{config::Config, web::pages::words::Words};

/// By which key.
pub(super) enum Way {
    /// It has none.
    NoKey,
    /// By this one, whose secret nobody knows any more.
    Kept(String),
    /// By one that was just made: user name and password.
    New { login: String, password: String },
}

/// What is said of the doors.
pub(super) struct Door {
    /// What is entered, to be copied; one for each way in, the best first.
    pub(super) entries: Vec<String>,
    /// No way in by SMTP is open: the lines that open one.
    pub(super) opens: Option<&'static str>,
    /// A program that is on this computer only.
    pub(super) local_only: bool,
    /// Which computers need no password.
    pub(super) trusted: Option<String>,
    /// Where requests over HTTP go.
    pub(super) http: Option<String>,
}

const OPENS: &str = "[smtp]\nlisten = \"127.0.0.1:2525\"";

impl Door {
    pub(super) fn of(config: &Config, name: &str, way: &Way, words: &Words) -> Self {
        let smtp = &config.doors.smtp;
        let encrypted = if smtp.certificate.is_some() { "door-starttls" } else { "door-plain" };
        let by_tls = smtp.listen_tls.iter().map(|at| (at, "door-tls"));
        let plain = smtp.listen.iter().map(|at| (at, encrypted));
        let trusted = smtp.trusted.iter().filter(|one| one.application.eq_ignore_ascii_case(name));
        let trusted = trusted.map(|one| one.network.to_string()).collect::<Vec<_>>().join(", ");
        Self {
            entries: by_tls
                .chain(plain)
                .map(|(at, key)| entry(config, *at, &words.t(key), way, words))
                .collect(),
            opens: (!smtp.is_open()).then_some(OPENS),
            local_only: smtp.is_open()
                && smtp.listen.iter().chain(&smtp.listen_tls).all(|at| at.ip().is_loopback()),
            trusted: (!trusted.is_empty()).then(|| words.with("door-trusted", &[("networks", &trusted)])),
            http: http(config),
        }
    }
}

/// Line by line, as the settings of a program ask for it.
fn entry(config: &Config, at: SocketAddr, encryption: &str, way: &Way, words: &Words) -> String {
    let server =
        if at.ip().is_unspecified() { config.sending.ehlo_name.clone() } else { at.ip().to_string() };
    let (login, password) = match way {
        Way::NoKey => (words.t("door-no-key"), words.t("door-no-key")),
        Way::Kept(login) => (login.clone(), words.t("door-password-kept")),
        Way::New { login, password } => (login.clone(), password.clone()),
    };
    let mut text = String::new();
    for (name, value) in [
        ("door-server", server),
        ("door-port", at.port().to_string()),
        ("door-encryption", encryption.to_owned()),
        ("door-login", login),
        ("door-password", password),
    ] {
        let _ = writeln!(text, "{}: {value}", words.t(name));
    }
    text
}

fn http(config: &Config) -> Option<String> {
    let scheme = if config.web.certificate.is_some() { "https" } else { "http" };
    let here = config.listen.map(|at| format!("{scheme}://{at}"));
    let base = config.public_address.clone().or(here)?;
    Some(format!("{base}/api/v1/messages"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        config::{self, CertificateFiles, Trusted},
        web::pages::words::Language,
    };

    fn config() -> Config {
        Config::usual(Path::new("/nowhere"), config::Way::None)
    }

    fn entries(config: &Config, way: &Way) -> Vec<String> {
        Door::of(config, "Tracker", way, Language::English.words()).entries
    }

    #[test]
    fn a_closed_door_is_said_to_be_closed() {
        let door = Door::of(&config(), "Tracker", &Way::NoKey, Language::English.words());
        assert!(door.entries.is_empty() && door.http.is_none() && !door.local_only);
        assert_eq!(door.opens, Some(OPENS));
        // What is shown can be used as it stands.
        let around = config::Surroundings::given([], None);
        let opened = config::check_text(OPENS, None, &around).unwrap().config;
        assert!(opened.doors.smtp.is_open());
    }

    #[test]
    fn each_way_in_is_described_as_it_is() {
        let mut config = config();
        config.sending.ehlo_name = "books.library.example".to_owned();
        config.doors.smtp.listen = vec!["127.0.0.1:2525".parse().unwrap()];
        let door = Door::of(&config, "Tracker", &Way::NoKey, Language::English.words());
        assert!(door.local_only && door.opens.is_none());
        assert_eq!(
            entries(&config, &Way::Kept("7k3f9q2x".to_owned())),
            [
                "Server name: 127.0.0.1\nPort: 2525\nEncryption: none (STARTTLS off); only programs on this computer reach it\n\
              Login: 7k3f9q2x\nPassword: the one that was shown with this key\n"
            ]
        );
        config.doors.smtp.listen = vec!["0.0.0.0:587".parse().unwrap()];
        config.doors.smtp.listen_tls = vec!["192.0.2.7:465".parse().unwrap()];
        config.doors.smtp.certificate = Some(CertificateFiles { certificate: "a".into(), key: "b".into() });
        let trusted = Trusted { network: "10.1.0.0/16".parse().unwrap(), application: "tracker".to_owned() };
        config.doors.smtp.trusted = vec![trusted];
        config.listen = Some("127.0.0.1:8625".parse().unwrap());
        let new = Way::New { login: "7k3f9q2x".to_owned(), password: "secret".to_owned() };
        assert_eq!(
            entries(&config, &new),
            [
                "Server name: 192.0.2.7\nPort: 465\nEncryption: encrypted from the start (SSL/TLS)\nLogin: 7k3f9q2x\nPassword: secret\n",
                "Server name: books.library.example\nPort: 587\nEncryption: encrypted (STARTTLS)\nLogin: 7k3f9q2x\nPassword: secret\n",
            ]
        );
        let door = Door::of(&config, "Tracker", &Way::NoKey, Language::English.words());
        assert!(door.trusted.unwrap().contains("10.1.0.0/16"));
        assert_eq!(door.http.as_deref(), Some("http://127.0.0.1:8625/api/v1/messages"));
        assert!(
            !door.local_only
                && Door::of(&config, "Other", &Way::NoKey, Language::English.words()).trusted.is_none()
        );
        config.public_address = Some("https://mail.library.example".to_owned());
        let door = Door::of(&config, "Tracker", &Way::NoKey, Language::English.words());
        assert_eq!(door.http.as_deref(), Some("https://mail.library.example/api/v1/messages"));
    }
}
