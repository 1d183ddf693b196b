//! A Bookpost with open doors, a sink behind it, and a client that says exactly what it is told to.

use std::{net::SocketAddr, sync::Arc};

use bookpost::{
    app::{App, Start},
    config::{CertificateFiles, Config, Doors, Sending, SendmailDoor, Server, Site, SmtpDoor, Trusted, Way},
    identity::Key,
    receive::{
        local,
        smtp::{Door, Listening},
    },
};
use rand::rngs::StdRng;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use store::ApplicationSettings;
use testkit::{
    certs::Authority,
    clock::ManualClock,
    sink::{Settings, Sink},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::TlsConnector;

/// Where applications of the tests may write from.
pub(crate) const FROM: &str = "desk@library.example";

pub(crate) struct Bench {
    pub(crate) app: Arc<App>,
    pub(crate) sink: Sink,
    /// Plain, and with TLS from the first byte where there is a certificate.
    pub(crate) addresses: Vec<SocketAddr>,
    ends: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    folder: tempfile::TempDir,
}

/// What is out of the ordinary.
pub(crate) struct Wanted {
    pub(crate) smtp: SmtpDoor,
    pub(crate) sendmail: SendmailDoor,
    pub(crate) largest_message: usize,
    pub(crate) application: ApplicationSettings,
    pub(crate) sink: Settings,
    /// Instead of the machine's.
    pub(crate) clock: Option<ManualClock>,
}

impl Default for Wanted {
    fn default() -> Self {
        let smtp = SmtpDoor {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            connections: 500,
            ..SmtpDoor::default()
        };
        let application = ApplicationSettings {
            from: vec!["@library.example".parse().unwrap()],
            ..ApplicationSettings::default()
        };
        let sink = Settings { keep_bytes: true, ..Settings::default() };
        let sendmail = SendmailDoor::default();
        Self { smtp, sendmail, largest_message: 50 << 20, application, sink, clock: None }
    }
}

impl Wanted {
    /// This computer's programs need not sign in.
    pub(crate) fn trusting() -> Self {
        let mut wanted = Self::default();
        let network = "127.0.0.1/32".parse().unwrap();
        wanted.smtp.trusted = vec![Trusted { network, application: "Library".into() }];
        wanted
    }
}

impl Bench {
    /// With the applications Library, cron and closed, and a door.
    pub(crate) async fn start(wanted: Wanted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start(wanted.sink).await.unwrap();
        let doors =
            Doors { smtp: wanted.smtp, sendmail: wanted.sendmail, largest_message: wanted.largest_message };
        let config = config(folder.path(), sink.address(), doors);
        let mut start = Start::of_this_machine().unwrap();
        if let Some(clock) = wanted.clock {
            start.clock = Arc::new(clock);
        }
        let app = App::start(config, start).await.unwrap();
        for name in ["Library", "cron", "closed"] {
            let (settings, now) = (wanted.application.clone(), app.clock.now());
            app.store
                .add_application(name.parse().unwrap(), settings, store::Actor::CommandLine, now)
                .await
                .unwrap();
        }
        app.applications.refresh(&app.store).await.unwrap();
        let app = Arc::new(app);
        let listening = Listening::bind(&app.settings.now().doors.smtp).await.unwrap();
        let addresses = listening.addresses();
        let listening = listening.and_locally(local::bind(&app.settings.now().doors.sendmail).unwrap());
        let (ends, end) = watch::channel(false);
        let door =
            Arc::new(Door::new(app.submitter(), app.alarms.clone(), Arc::new(app.incoming())).unwrap());
        let serving = tokio::spawn(door.serve(listening, end));
        Self { app, sink, addresses, ends, serving, folder }
    }

    /// A new key of an application: user and password.
    pub(crate) async fn key(&self, application: &str) -> (String, String) {
        let key = Key::draw(&mut rand::make_rng::<StdRng>());
        self.app
            .store
            .add_key(application, key.stored(), store::Actor::CommandLine, self.app.clock.now())
            .await
            .unwrap();
        self.app.applications.refresh(&self.app.store).await.unwrap();
        (key.id().0.clone(), key.secret().to_owned())
    }

    /// Revokes a whole key.
    pub(crate) async fn revoke(&self, application: &str, key: &str) {
        let id = store::KeyId(key[3..11].to_owned());
        self.app
            .store
            .revoke_key(application, &id, store::Actor::CommandLine, self.app.clock.now())
            .await
            .unwrap();
        self.app.applications.refresh(&self.app.store).await.unwrap();
    }

    /// Damages what is stored of an application.
    pub(crate) async fn damage(&self, application: &str) {
        let sql = rusqlite::Connection::open(self.folder.path().join("queue.db")).unwrap();
        sql.execute("UPDATE application SET settings = '{' WHERE name = ?1", [application]).unwrap();
        self.app.applications.refresh(&self.app.store).await.unwrap();
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.addresses[0]).await
    }

    /// Waits until nothing moves.
    pub(crate) async fn quiet(&self) {
        self.app.worker.quiet().await.unwrap();
    }

    /// Ends everything in the order in which `serve` does.
    pub(crate) async fn stop(self) {
        self.ends.send_replace(true);
        self.serving.await.unwrap();
        self.app.stop().await.unwrap();
        drop(self.folder);
    }
}

/// A client of SMTP that says what it is told to.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// After the greeting.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    pub(crate) async fn over(stream: TcpStream) -> Self {
        let mut client = Self { stream: BufReader::new(stream) };
        let greeting = client.reply().await;
        assert!(greeting.starts_with("220 "), "{greeting}");
        client
    }

    /// From another address of this computer.
    pub(crate) async fn from_address(own: &str, address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(own.parse().unwrap(), 0)).unwrap();
        Self::over(socket.connect(address).await.unwrap()).await
    }

    /// What is said instead of a greeting.
    pub(crate) async fn refused(address: SocketAddr) -> String {
        Self::silent(address).await.rest().await
    }

    /// Before the greeting.
    pub(crate) async fn silent(address: SocketAddr) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(address).await.unwrap()) }
    }

    pub(crate) fn into_inner(self) -> TcpStream {
        self.stream.into_inner()
    }

    /// Whole replies, with all their lines.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.unwrap() == 0 {
                return reply;
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    /// One command, and its reply.
    pub(crate) async fn say(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Commands that are all well received.
    pub(crate) async fn go(&mut self, commands: &[&str]) {
        for command in commands {
            let reply = self.say(command).await;
            assert!(reply.starts_with(['2', '3']), "{command}: {reply}");
        }
    }

    /// One message from the desk to `to`; the reply to it.
    pub(crate) async fn mail(&mut self, to: &str, message: &str) -> String {
        let (from, to) = (format!("MAIL FROM:<{FROM}>"), format!("RCPT TO:<{to}>"));
        self.go(&[&from, &to, "DATA"]).await;
        self.send(message.as_bytes()).await;
        self.say("\r\n.").await
    }

    /// What comes until the server hangs up.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        let _ = self.stream.read_to_string(&mut rest).await;
        rest
    }
}

/// `user` and `password` as AUTH PLAIN has them.
pub(crate) fn plain((user, password): &(String, String)) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")))
}

/// What is offered under TLS, by a server that proves itself by this authority; the greeting was heard before, or comes now.
pub(crate) async fn ehlo_over_tls(stream: TcpStream, authority: &Authority, greeted: bool) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "books.library.example".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    stream.write_all(b"EHLO desk\r\nQUIT\r\n").await.unwrap();
    let mut said = String::new();
    let _ = stream.read_to_string(&mut said).await;
    assert_eq!(said.starts_with("220 "), !greeted, "{said}");
    said
}

/// Files with an identity that this authority vouches for.
pub(crate) fn certificate(authority: &Authority, folder: &std::path::Path) -> CertificateFiles {
    let files = CertificateFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let identity = authority.identity("books.library.example");
    std::fs::write(&files.certificate, &identity.certificate).unwrap();
    std::fs::write(&files.key, &identity.key).unwrap();
    files
}

/// A message with a header that is as it should be.
pub(crate) fn message(text: &str) -> String {
    format!("From: Desk <{FROM}>\r\nTo: p@example.org\r\nSubject: Test\r\n\r\n{text}")
}

fn config(folder: &std::path::Path, sink: SocketAddr, doors: Doors) -> Config {
    let usual = Config::usual(folder, Way::Servers(vec![Arc::new(Server::plain("server1", sink))]));
    Config {
        library: "Riverside".into(),
        sending: Sending { ehlo_name: "books.library.example".into(), ..usual.sending },
        sites: vec![Site {
            code: "MAIN".into(),
            name: "Main Library".into(),
            email: FROM.parse().ok(),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        }],
        doors,
        log: "warn".into(),
        ..usual
    }
}
