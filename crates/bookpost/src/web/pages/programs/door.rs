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
    /// No way in by SMTP is open.
    pub(super) closed: Option<Closed>,
    /// A program that is on this computer only.
    pub(super) local_only: bool,
    /// Which computers need no password.
    pub(super) trusted: Option<String>,
    /// Where requests over HTTP go.
    pub(super) http: Option<String>,
}

/// What is said where no way in by SMTP is open.
pub(super) struct Closed {
    /// What works today, a sentence for each.
    pub(super) works: Vec<String>,
    /// The lines that open one.
    pub(super) opens: &'static str,
}

const OPENS: &str = "[smtp]\nlisten = \"127.0.0.1:2525\"";

impl Door {
    pub(super) fn of(config: &Config, name: &str, way: &Way, words: &Words) -> Self {
        let smtp = &config.doors.smtp;
        let encrypted = if smtp.certificate.is_some() { "door-starttls" } else { "door-plain" };
        let by_tls = smtp.listen_tls.iter().map(|at| (at, "door-tls"));
        let plain = smtp.listen.iter().map(|at| (at, encrypted));
        let trusted =
            smtp.trusted.iter().filter(|one| smtp.is_open() && one.application.eq_ignore_ascii_case(name));
        let trusted = trusted.map(|one| one.network.to_string()).collect::<Vec<_>>().join(", ");
        Self {
            entries: by_tls
                .chain(plain)
                .map(|(at, key)| entry(config, *at, &words.t(key), way, words))
                .collect(),
            closed: (!smtp.is_open()).then(|| Closed { works: works(config, name, words), opens: OPENS }),
            local_only: smtp.is_open()
                && smtp.listen.iter().chain(&smtp.listen_tls).all(|at| at.ip().is_loopback()),
            trusted: (!trusted.is_empty()).then(|| words.with("door-trusted", &[("networks", &trusted)])),
            http: http(config),
        }
    }
}

/// Line by line, as the settings of a program ask for it.
fn entry(config: &Config, at: SocketAddr, encryption: &str, way: &Way, words: &Words) -> String {
    let server = if at.ip().is_unspecified() { known_as(config) } else { at.ip().to_string() };
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

/// By what a program hands in mail while the SMTP door is closed.
fn works(config: &Config, name: &str, words: &Words) -> Vec<String> {
    let here_only = config.public_address.is_none() && config.listen.is_some_and(|at| at.ip().is_loopback());
    let by_http = if here_only { "door-works-http-here" } else { "door-works-http" };
    let by_http = http(config).map(|address| words.with(by_http, &[("address", &address)]));
    let door = &config.doors.sendmail;
    let by_command = (door.socket.is_some() || door.maildrop.is_some()).then(|| {
        if door.application.eq_ignore_ascii_case(name) {
            words.t("door-works-sendmail")
        } else {
            words.with("door-works-sendmail-as", &[("program", &door.application)])
        }
    });
    by_http.into_iter().chain(by_command).collect()
}

fn http(config: &Config) -> Option<String> {
    let at = config.listen?;
    let scheme = if config.web.certificate.is_some() { "https" } else { "http" };
    let here = if at.ip().is_unspecified() {
        format!("{scheme}://{}:{}", known_as(config), at.port())
    } else {
        format!("{scheme}://{at}")
    };
    Some(format!("{}/api/v1/messages", config.public_address.as_ref().unwrap_or(&here)))
}

/// This computer, as others find it; by what is to be put in there, where its name is not known.
fn known_as(config: &Config) -> String {
    config.sending.own_name().unwrap_or("NAME-OF-THIS-COMPUTER").to_owned()
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
        let closed = door.closed.unwrap();
        assert!(closed.works.is_empty(), "{:?}", closed.works);
        // What is shown can be used as it stands.
        let around = config::Surroundings::given([], None);
        let opened = config::check_text(closed.opens, None, &around).unwrap().config;
        assert!(opened.doors.smtp.is_open());
    }

    #[test]
    fn while_it_is_closed_what_works_is_said_and_nothing_else() {
        let works = |config: &Config, name: &str| {
            let door = Door::of(config, name, &Way::NoKey, Language::English.words());
            assert!(door.trusted.is_none());
            door.closed.unwrap().works
        };
        let mut config = config();
        let trusted = Trusted { network: "10.1.0.0/16".parse().unwrap(), application: "tracker".to_owned() };
        config.doors.smtp.trusted = vec![trusted];
        config.public_address = Some("https://mail.library.example".to_owned());
        // What listens nowhere has no address that leads to it.
        assert!(works(&config, "Tracker").is_empty());
        config.listen = Some("127.0.0.1:8625".parse().unwrap());
        let [http] = &works(&config, "Tracker")[..] else { panic!() };
        assert!(
            http.contains("https://mail.library.example/api/v1/messages") && !http.contains("Only"),
            "{http}"
        );
        config.public_address = None;
        let [http] = &works(&config, "Tracker")[..] else { panic!() };
        assert!(http.contains("http://127.0.0.1:8625/api/v1/messages") && http.contains("Only"), "{http}");
        config.listen = None;
        config.doors.sendmail.maildrop = Some("/var/spool/bookpost/maildrop".into());
        config.doors.sendmail.application = "cron".to_owned();
        let [command] = &works(&config, "Tracker")[..] else { panic!() };
        assert!(command.contains("counts as mail of “cron”"), "{command}");
        let [command] = &works(&config, "Cron")[..] else { panic!() };
        assert!(!command.contains("counts as"), "{command}");
    }

    #[test]
    fn each_way_in_is_described_as_it_is() {
        let mut config = config();
        config.sending.ehlo_name = "books.library.example".to_owned();
        config.doors.smtp.listen = vec!["127.0.0.1:2525".parse().unwrap()];
        let door = Door::of(&config, "Tracker", &Way::NoKey, Language::English.words());
        assert!(door.local_only && door.closed.is_none());
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
        config.listen = Some("0.0.0.0:8625".parse().unwrap());
        let door = Door::of(&config, "Tracker", &Way::NoKey, Language::English.words());
        assert_eq!(door.http.as_deref(), Some("http://books.library.example:8625/api/v1/messages"));
        config.public_address = Some("https://mail.library.example".to_owned());
        let door = Door::of(&config, "Tracker", &Way::NoKey, Language::English.words());
        assert_eq!(door.http.as_deref(), Some("https://mail.library.example/api/v1/messages"));
    }
}
