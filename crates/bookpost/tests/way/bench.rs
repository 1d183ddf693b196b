//! A Bookpost in a temporary folder, and what the tests ask of it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bookpost::{
    app::{App, Start},
    config::{
        AlarmsConfig, Config, Encryption, InDoubtPolicy, Keep, NoticesConfig, Sending, Server, Site, Way,
    },
};
use jiff::Timestamp;
use mail::{Address, Envelope, ReversePath, clock::Clock, retry::RetrySchedule};
use store::{Class, Kind, NewMessage};
use testkit::clock::ManualClock;

/// Where all tests begin.
pub const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub struct Bench {
    pub app: App,
    pub clock: ManualClock,
    pub folder: tempfile::TempDir,
}

pub fn server(name: &str, address: SocketAddr) -> Arc<Server> {
    Arc::new(Server {
        name: name.into(),
        host: address.ip().to_string(),
        port: address.port(),
        encryption: Encryption::Plain,
        allow_non_secure: true,
        password_on_plain: false,
        login: None,
        ca_file: None,
        connections: 20,
        messages_per_connection: 100,
    })
}

pub fn config(folder: &std::path::Path, servers: Vec<Arc<Server>>) -> Config {
    let email: Address = "library@riverside.example.org".parse().unwrap();
    Config {
        data_dir: folder.into(),
        library: "Riverside".into(),
        sending: Sending {
            way: Way::Servers(servers),
            ehlo_name: "bookpost.example.org".into(),
            in_doubt: InDoubtPolicy::Retry,
            digest_from: 20,
            digest_window: Duration::from_secs(600),
            report_delay: Duration::from_secs(60),
            null_reverse_path: true,
        },
        schedule: RetrySchedule::default(),
        alarms: AlarmsConfig::default(),
        sites: vec![Site {
            code: "RIV".into(),
            name: "Riverside Library".into(),
            email,
            reply_to: None,
            return_address: None,
            phone: None,
        }],
        notices: NoticesConfig {
            repeat: None,
            wording: "overdue".into(),
            templates: None,
            aliases: None,
            dates: None,
            drop_folder: folder.join("notices.d"),
            default_site: None,
        },
        listen: None,
        log: "warn".into(),
        abort_at: None,
        keep: Keep { bodies: Duration::from_secs(30 * 86_400), records: Duration::from_secs(365 * 86_400) },
    }
}

impl Bench {
    pub async fn start(servers: Vec<Arc<Server>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(START);
        let app = open(&folder, servers, &clock).await;
        Self { app, clock, folder }
    }

    /// Ends it cleanly and starts it again `later`, with these servers.
    pub async fn restart(self, servers: Vec<Arc<Server>>, later: Duration) -> Self {
        self.app.stop().await.unwrap();
        self.clock.advance(later);
        let app = open(&self.folder, servers, &self.clock).await;
        Self { app, clock: self.clock, folder: self.folder }
    }

    pub async fn accept(&self, addresses: &[&str]) {
        let messages = addresses.iter().map(|to| message(to, self.clock.now())).collect();
        self.app.receiver.accept(messages).await.unwrap();
    }

    /// Waits until nothing moves: what is due was attempted, and all tasks sleep.
    pub async fn quiet(&self) {
        // Dispatcher, return reports, upkeep. A report that is written wakes the dispatcher once more.
        self.clock.wait_for_sleepers(3).await;
        self.app.worker.quiet().await.unwrap();
        self.clock.wait_for_sleepers(3).await;
    }

    /// Lets time pass, step by step, until `length` is over.
    pub async fn pass(&self, length: Duration) {
        let end = self.clock.now() + length;
        self.quiet().await;
        while let Some(next) = self.clock.next_sleeper().filter(|next| *next <= end) {
            self.clock.set(next);
            self.quiet().await;
        }
        self.clock.set(end);
        self.quiet().await;
    }
}

async fn open(folder: &tempfile::TempDir, servers: Vec<Arc<Server>>, clock: &ManualClock) -> App {
    let start = Start {
        clock: Arc::new(clock.clone()),
        seed: 7,
        boot_id: "test-boot".into(),
        practice_rules: Vec::new(),
    };
    App::start(config(folder.path(), servers), start).await.unwrap()
}

pub fn message(to: &str, now: Timestamp) -> NewMessage {
    let to: Address = to.parse().unwrap();
    let message_id = format!("<{to}.{}@bookpost.example.org>", now.as_microsecond());
    let text = format!(
        "From: library@riverside.example.org\r\nTo: {to}\r\nMessage-ID: {message_id}\r\nSubject: Test\r\n\r\nHello\r\n"
    );
    let from: Address = "returns@riverside.example.org".parse().unwrap();
    NewMessage {
        kind: Kind::Mail,
        class: Class::Normal,
        practice: false,
        application: "test".into(),
        site: Some("RIV".into()),
        run: None,
        envelope: Envelope::to_one(ReversePath::Address(from), to),
        message_id,
        subject: "Test".into(),
        patron: None,
        bytes: text.into(),
        first_due_at: now,
        expires_at: RetrySchedule::default().expires_at(now),
        lease: None,
    }
}
