//! A Bookpost with an open door, and what comes out of it at the other end.

use std::net::SocketAddr;

use bookpost::{
    config::{CertificateFiles, Doors, SendmailDoor, SmtpDoor, Trusted},
    identity::Key,
    receive::{
        local,
        smtp::{Door, Listening},
    },
};
use rand::rngs::StdRng;
use store::ApplicationSettings;
use testkit::sink::{Settings, Sink};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    arrived::{self, Arrived},
    bench::{Bench, Folder, Security, soon},
};

/// One application, which may send as `@library.example`.
const APPLICATION: &str = "Library";

pub(crate) struct OpenDoor {
    pub(crate) bench: Bench,
    pub(crate) sink: Sink,
    /// User and password of the application.
    pub(crate) key: (String, String),
    addresses: Vec<SocketAddr>,
    ends: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl OpenDoor {
    /// Programs of this computer need not sign in where they are trusted.
    pub(crate) async fn start(folder: &Folder, trusted: bool) -> Self {
        let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
        let server = folder.server(sink.address(), Security::Plain);
        let bench = Bench::start_with(folder, server, doors(folder, trusted)).await;
        let app = &bench.app;
        let settings = ApplicationSettings {
            from: vec!["@library.example".parse().unwrap()],
            ..ApplicationSettings::default()
        };
        let now = app.clock.now();
        app.store
            .add_application(APPLICATION.parse().unwrap(), settings, store::Actor::CommandLine, now)
            .await
            .unwrap();
        let key = Key::draw(&mut rand::make_rng::<StdRng>());
        app.store.add_key(APPLICATION, key.stored(), store::Actor::CommandLine, now).await.unwrap();
        app.applications.refresh(&app.store).await.unwrap();
        let listening = Listening::bind(&app.settings.now().doors.smtp).await.unwrap();
        let listening = listening.and_locally(local::bind(&app.settings.now().doors.sendmail).unwrap());
        let addresses = listening.addresses();
        let (ends, end) = watch::channel(false);
        let serving = tokio::spawn(
            std::sync::Arc::new(
                Door::new(app.submitter(), app.alarms.clone(), std::sync::Arc::new(app.incoming())).unwrap(),
            )
            .serve(listening, end),
        );
        let key = (key.id().0.clone(), key.secret().to_owned());
        Self { bench, sink, key, addresses, ends, serving }
    }

    pub(crate) fn address(&self, security: Security) -> SocketAddr {
        self.addresses[usize::from(security == Security::Tls)]
    }

    /// What arrived when nothing is left to do; at least `recipients` are waited for.
    pub(crate) async fn arrived(&self, recipients: u64) -> Vec<Arrived> {
        let complete = async {
            while self.bench.app.store.counts().await.unwrap().delivered < recipients {
                self.sink.wait_for(self.sink.count() + 1).await;
                self.bench.app.worker.quiet().await;
            }
        };
        self.bench.quiet().await;
        soon("everything arrives", complete).await;
        arrived::at(&self.sink)
    }

    pub(crate) async fn stop(self) {
        self.ends.send_replace(true);
        self.serving.await.unwrap();
        self.bench.stop().await;
    }
}

fn doors(folder: &Folder, trusted: bool) -> Doors {
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let trusted = trusted
        .then(|| Trusted { network: "127.0.0.1/32".parse().unwrap(), application: APPLICATION.into() });
    let smtp = SmtpDoor {
        listen: vec![anywhere],
        listen_tls: vec![anywhere],
        certificate: Some(CertificateFiles {
            certificate: folder.file("good", "cert"),
            key: folder.file("good", "key"),
        }),
        trusted: trusted.into_iter().collect(),
        connections: 100,
    };
    let sendmail = SendmailDoor {
        socket: Some(folder.path().join("submit.sock")),
        application: "sendmail".into(),
        ..SendmailDoor::default()
    };
    Doors { smtp, sendmail, largest_message: 50 << 20 }
}
