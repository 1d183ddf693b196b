//! A Bookpost in a temporary folder, on the machine's own clock, and what the tests ask of it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bookpost::{
    app::{App, Start},
    config::{Config, Doors, Encryption, Limits, Login, Sending, Server, Way},
    queue::route::Upstream,
};
use mail::{Envelope, ReversePath, retry::RetrySchedule};
use store::{Class, Counts, Filter, Kind, NewMessage, Row};
use testkit::certs::{Authority, Identity};

/// Nothing here takes so long; what does hangs.
const HANGS: Duration = Duration::from_mins(2);
/// The return address of all mail.
pub(crate) const RETURNS: &str = "returns@riverside.example.org";
/// The login of all servers that want one.
pub(crate) const LOGIN: (&str, &str) = ("library", "correct horse");

pub(crate) struct Bench {
    pub(crate) app: App,
}

/// A folder for all that a test and its servers write. Certificates and the authority behind them lie in it.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
    authority: Authority,
}

/// How to reach a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    StartTls,
    Tls,
}

impl Security {
    /// The word of `tests/peers/start`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Plain => "none",
            Self::StartTls => "starttls",
            Self::Tls => "implicit",
        }
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let good = authority.identity("127.0.0.1");
        let made = Self { folder, authority };
        made.write("good", &good);
        made
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Puts a certificate and its key where servers can be told to find them.
    pub(crate) fn write(&self, name: &str, identity: &Identity) {
        std::fs::write(self.file(name, "cert"), &identity.certificate).unwrap();
        std::fs::write(self.file(name, "key"), &identity.key).unwrap();
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The certificate or the key (`part`) of an identity.
    pub(crate) fn file(&self, name: &str, part: &str) -> PathBuf {
        self.path().join(format!("{name}.{part}.pem"))
    }

    /// Options of `tests/peers/start` for a server with this identity.
    pub(crate) fn tls(&self, security: Security, name: &str) -> Vec<String> {
        let path = |part| self.file(name, part).to_str().unwrap().to_owned();
        match security {
            Security::Plain => Vec::new(),
            _ => vec![
                "--tls".into(),
                security.word().into(),
                "--cert".into(),
                path("cert"),
                "--key".into(),
                path("key"),
            ],
        }
    }

    /// The server as Bookpost is told of it; plain connections only where plain is asked for.
    pub(crate) fn server(&self, address: SocketAddr, security: Security) -> Server {
        Server {
            name: "server1".into(),
            host: address.ip().to_string(),
            port: address.port(),
            encryption: match security {
                Security::Plain => Encryption::Plain,
                Security::StartTls => Encryption::StartTls,
                Security::Tls => Encryption::Tls,
            },
            allow_non_secure: security == Security::Plain,
            password_on_plain: security == Security::Plain,
            sign_in: None,
            service: None,
            login: None,
            ca_file: Some(self.path().join("ca.pem")),
            connections: 10,
            connections_for_urgent: 1,
            limits: Limits::default(),
            messages_per_connection: 100,
        }
    }
}

/// [`LOGIN`], with another password if need be.
pub(crate) fn login(password: &str) -> Login {
    Login { user: LOGIN.0.into(), password: password.to_owned().into() }
}

impl Bench {
    pub(crate) async fn start(folder: &Folder, server: Server) -> Self {
        let start = Start::of_this_machine().unwrap();
        Self::start_as(folder, server, start).await
    }

    pub(crate) async fn start_as(folder: &Folder, server: Server, start: Start) -> Self {
        Self::run(config(folder, server), start).await
    }

    /// With doors for programs.
    pub(crate) async fn start_with(folder: &Folder, server: Server, doors: Doors) -> Self {
        let config = Config { doors, ..config(folder, server) };
        Self::run(config, Start::of_this_machine().unwrap()).await
    }

    async fn run(config: Config, start: Start) -> Self {
        Self { app: App::start(config, start).await.unwrap() }
    }

    /// Mail goes by this server from here on, without encryption.
    pub(crate) async fn go_by(&self, server: Arc<Server>) {
        self.app.worker.reroute(vec![Upstream::new(server, None)]).await;
    }

    /// Hands messages in.
    pub(crate) async fn accept(&self, messages: Vec<(Envelope, String, Vec<u8>)>) {
        let now = self.app.clock.now();
        let messages = messages.into_iter().map(|(envelope, id, bytes)| NewMessage {
            kind: Kind::Mail,
            door: store::Door::Smtp,
            class: Class::Normal,
            practice: false,
            application: "test".into(),
            site: None,
            run: None,
            envelope,
            message_id: id,
            subject: "Test".into(),
            tags: Vec::new(),
            patron: None,
            bytes: bytes.into(),
            first_due_at: now,
            expires_at: self.app.settings.now().schedule.expires_at(now),
            lease: None,
        });
        self.app.receiver.accept(messages.collect()).await.unwrap();
    }

    /// Waits until everything handed in was attempted, or waits for its time.
    pub(crate) async fn quiet(&self) -> Counts {
        soon("the queue becomes quiet", self.app.worker.quiet()).await.unwrap();
        self.app.store.counts().await.unwrap()
    }

    /// Waits until nothing waits any more.
    pub(crate) async fn empty(&self) -> Counts {
        let mut activity = self.app.worker.activity.clone();
        let until = async {
            loop {
                activity.borrow_and_update();
                self.app.worker.quiet().await.unwrap();
                let counts = self.app.store.counts().await.unwrap();
                if counts.waiting + counts.sending == 0 {
                    return counts;
                }
                activity.changed().await.unwrap();
            }
        };
        soon("the queue becomes empty", until).await
    }

    /// All recipients, in the order in which they were handed in.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let mut rows = self.app.store.list(Filter::default(), None, 10_000).await.unwrap();
        rows.reverse();
        rows
    }

    pub(crate) async fn stop(self) {
        soon("Bookpost ends", self.app.stop()).await.unwrap();
    }
}

/// Waits for what certainly comes; a test that would hang fails instead, and says for what it waited.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANGS, future).await.unwrap_or_else(|_| panic!("still waiting: {what}"))
}

/// A small message for [`Bench::accept`]; `name` makes its Message-ID.
pub(crate) fn message(name: &str, to: &[&str]) -> (Envelope, String, Vec<u8>) {
    let id = format!("<{name}@bookpost.example.org>");
    let text =
        format!("From: library@riverside.example.org\r\nMessage-ID: {id}\r\nSubject: Test\r\n\r\nHello\r\n");
    (envelope(to), id, text.into_bytes())
}

/// An envelope from [`RETURNS`].
pub(crate) fn envelope(to: &[&str]) -> Envelope {
    let recipients = to.iter().map(|to| to.parse::<mail::Address>().unwrap().into()).collect();
    Envelope::new(ReversePath::Address(RETURNS.parse().unwrap()), recipients).unwrap()
}

fn config(folder: &Folder, server: Server) -> Config {
    let data_dir = folder.path().join("bookpost");
    std::fs::create_dir_all(&data_dir).unwrap();
    let second = Duration::from_secs(1);
    let usual = Config::usual(&data_dir, Way::Servers(vec![Arc::new(server)]));
    Config {
        library: "Riverside".into(),
        sending: Sending {
            ehlo_name: "bookpost.example.org".into(),
            report_delay: second * 3600,
            ..usual.sending
        },
        schedule: RetrySchedule { short_wait: (second * 2, second * 3), ..usual.schedule },
        log: "warn".into(),
        ..usual
    }
}
