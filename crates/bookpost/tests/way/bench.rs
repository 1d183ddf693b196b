//! A Bookpost in a temporary folder, and what the tests ask of it.

use std::{collections::BTreeMap, net::SocketAddr, process::Stdio, sync::Arc, time::Duration};

use bookpost::{
    app::{App, Start, steps::Step},
    cli::{control::QueueRequest, queue},
    config::{Config, NoticesConfig, Sending, Server, Site, Source, Surroundings, Way},
};
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, Recipient, ReversePath, clock::Clock, retry::RetrySchedule};
use store::{AlarmKind, Attempt, Class, Counts, Filter, Kind, NewMessage, Row, Store};
use testkit::{
    clock::ManualClock,
    sink::{At, Does, Rule, Settings, Sink},
};
use tokio::process::{Child, Command};

/// Who sleeps while nothing is to be done: dispatcher, return reports, events, upkeep.
pub(crate) const SLEEPERS: usize = 4;
/// Where all tests begin.
pub(crate) const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) clock: ManualClock,
    pub(crate) folder: tempfile::TempDir,
    config: Config,
}

pub(crate) fn server(name: &str, address: SocketAddr) -> Arc<Server> {
    Arc::new(Server::plain(name, address))
}

pub(crate) fn config(folder: &std::path::Path, servers: Vec<Arc<Server>>) -> Config {
    let usual = Config::usual(folder, Way::Servers(servers));
    Config {
        library: "Riverside".into(),
        sending: Sending { ehlo_name: "bookpost.example.org".into(), ..usual.sending },
        sites: vec![Site {
            code: "RIV".into(),
            name: "Riverside Library".into(),
            email: "library@riverside.example.org".parse().ok(),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        }],
        notices: NoticesConfig { repeat: None, ..usual.notices },
        log: "warn".into(),
        ..usual
    }
}

impl Bench {
    pub(crate) async fn start(servers: Vec<Arc<Server>>) -> Self {
        Self::start_with(servers, |_| {}).await
    }

    /// With other preferences than the usual ones.
    pub(crate) async fn start_with(servers: Vec<Arc<Server>>, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_broken(servers, change, None).await
    }

    /// Where the attempts that come to a step first break there.
    pub(crate) async fn start_broken(
        servers: Vec<Arc<Server>>,
        change: impl FnOnce(&mut Config),
        break_at: Option<(Step, u32)>,
    ) -> Self {
        let folder = memory_folder();
        let clock = ManualClock::at(START);
        let mut config = config(folder.path(), servers);
        change(&mut config);
        let app = open(&config, &clock, break_at).await;
        Self { app, clock, folder, config }
    }

    /// With nothing set but where the queue is, so that preferences say the rest.
    pub(crate) async fn start_unset() -> Self {
        let (folder, clock) = (memory_folder(), ManualClock::at(START));
        let file = format!("data_dir = \"{}\"\n", folder.path().display());
        let source = Source::given(&file, None, &Surroundings::given([], Some("books.riverside.example")));
        let config = source.check(&BTreeMap::new()).unwrap().config;
        let app = open_from(&config, Some(source), &clock, None).await;
        Self { app, clock, folder, config }
    }

    /// Ends it cleanly and starts it again `later`, with these servers.
    pub(crate) async fn restart(self, servers: Vec<Arc<Server>>, later: Duration) -> Self {
        let Self { app, clock, folder, mut config } = self;
        app.stop().await.unwrap();
        drop(app);
        clock.advance(later);
        config.sending.way = Way::Servers(servers);
        let app = open(&config, &clock, None).await;
        Self { app, clock, folder, config }
    }

    /// Ends it cleanly; `off` later, by a clock that was `set` by that much meanwhile or while it ran, it is started again.
    pub(crate) async fn restart_by_the_wall(self, off: Duration, set: SignedDuration) -> Self {
        let Self { app, clock, folder, config } = self;
        app.stop().await.unwrap();
        drop(app);
        clock.set(clock.now() + off + set);
        clock.set_wall(SignedDuration::ZERO);
        let app = Box::pin(open(&config, &clock, None)).await;
        Self { app, clock, folder, config }
    }

    /// Ends it cleanly. The clock is `set` by these, one after the other, and each time somebody looks at the queue with a command;
    /// then it is started again.
    pub(crate) async fn restart_after_commands(self, set: &[SignedDuration]) -> Self {
        let Self { app, clock, folder, config } = self;
        app.stop().await.unwrap();
        drop(app);
        for by in set {
            clock.set(clock.now() + *by);
            let store = Store::open(&config.data_dir, clock.now()).unwrap();
            queue::perform(&store, QueueRequest::Status, false, clock.now()).await;
            store.close().await.unwrap();
        }
        let app = open(&config, &clock, None).await;
        Self { app, clock, folder, config }
    }

    /// Ends it cleanly, and starts it again when `other` has been at its folder.
    pub(crate) async fn restart_after(self, other: impl AsyncFnOnce(&Config)) -> Self {
        let Self { app, clock, folder, config } = self;
        app.stop().await.unwrap();
        drop(app);
        other(&config).await;
        let app = open(&config, &clock, None).await;
        Self { app, clock, folder, config }
    }

    /// Starts another one on a copy of the data folder as it is now: what the next start finds after a sudden end.
    pub(crate) async fn after_a_crash(&self, servers: Vec<Arc<Server>>) -> Self {
        let folder = memory_folder();
        copy(self.folder.path(), folder.path());
        let clock = ManualClock::at(self.clock.now());
        let mut config = self.config.clone();
        config.data_dir = folder.path().into();
        config.sending.way = Way::Servers(servers);
        let app = open(&config, &clock, None).await;
        Self { app, clock, folder, config }
    }

    /// One message to each.
    pub(crate) async fn accept(&self, addresses: &[&str]) {
        let messages = addresses.iter().map(|to| message(&[to], self.clock.now())).collect();
        self.app.receiver.accept(messages).await.unwrap();
    }

    /// One message to each of `count` patrons.
    pub(crate) async fn accept_many(&self, count: usize) {
        let messages = (0..count).map(|n| message(&[&patron(n)], self.clock.now())).collect();
        self.app.receiver.accept(messages).await.unwrap();
    }

    /// Waits until nothing moves: what is due was attempted, alarms are on record, and all tasks sleep.
    pub(crate) async fn quiet(&self) {
        // A report that is written wakes the dispatcher once more.
        self.clock.wait_for_sleepers(SLEEPERS).await;
        self.app.worker.quiet().await.unwrap();
        self.app.alarms.carried_out().await;
        // An alarm goes by mail as well.
        self.app.worker.quiet().await.unwrap();
        self.clock.wait_for_sleepers(SLEEPERS).await;
    }

    /// Lets time pass, from one sleeper's hour to the next, until `length` is over.
    pub(crate) async fn pass(&self, length: Duration) {
        self.pass_in_steps(length, Duration::ZERO).await;
    }

    /// The same in steps of at least `step`: sleepers oversleep by up to that, and weeks pass quickly.
    pub(crate) async fn pass_in_steps(&self, length: Duration, step: Duration) {
        let end = self.clock.now() + length;
        self.quiet().await;
        while let Some(next) = self.clock.next_sleeper().filter(|next| *next <= end) {
            self.clock.set(next.max(self.clock.now() + step).min(end));
            self.quiet().await;
        }
        self.clock.set(end);
        self.quiet().await;
    }

    pub(crate) async fn counts(&self) -> Counts {
        self.app.store.counts().await.unwrap()
    }

    /// The newest recipient with this address.
    pub(crate) async fn row(&self, address: &str) -> Row {
        let filter = Filter { address: Some(address.parse().unwrap()), ..Filter::default() };
        self.app.store.list(filter, None, 1).await.unwrap().pop().expect(address)
    }

    /// What became of the newest recipient with this address, attempt by attempt.
    pub(crate) async fn attempts(&self, address: &str) -> Vec<Attempt> {
        let row = self.row(address).await;
        let shown = self.app.store.show(row.message).await.unwrap();
        shown.into_iter().find(|(one, _)| one.recipient == row.recipient).unwrap().1
    }

    /// The alarms that are open: kind, subject, text; oldest first.
    pub(crate) async fn open_alarms(&self) -> Vec<(AlarmKind, String, String)> {
        self.alarms(true).await
    }

    /// All alarms there ever were; oldest first.
    pub(crate) async fn alarms(&self, open_only: bool) -> Vec<(AlarmKind, String, String)> {
        self.app.alarms.carried_out().await;
        let mut alarms = self.app.store.alarms(open_only, 1000).await.unwrap();
        alarms.reverse();
        alarms.into_iter().map(|alarm| (alarm.kind, alarm.subject, alarm.text)).collect()
    }

    pub(crate) async fn alarm_kinds(&self) -> Vec<AlarmKind> {
        self.open_alarms().await.into_iter().map(|(kind, ..)| kind).collect()
    }
}

/// In memory where there is such a place: virtual time is to cost nothing, and a sync on a disk does.
fn memory_folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let found = tempfile::Builder::new().prefix("bookpost-way-").tempdir_in(memory);
    found.or_else(|_| tempfile::tempdir()).unwrap()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) async fn open(config: &Config, clock: &ManualClock, break_at: Option<(Step, u32)>) -> App {
    open_from(config, None, clock, break_at).await
}

async fn open_from(
    config: &Config,
    source: Option<Source>,
    clock: &ManualClock,
    break_at: Option<(Step, u32)>,
) -> App {
    let start = Start {
        clock: Arc::new(clock.clone()),
        seed: 7,
        boot_id: "test-boot".into(),
        practice_rules: Vec::new(),
        source,
        break_at,
    };
    App::start(config.clone(), start).await.unwrap()
}

pub(crate) fn patron(number: usize) -> String {
    format!("patron{number}@example.org")
}

/// An address where nobody listens. It is bound for as long as the test runs, so that nobody else is given it; who is to listen
/// there shares it.
pub(crate) fn nobody() -> SocketAddr {
    let port = tokio::net::TcpSocket::new_v4().unwrap();
    port.set_reuseaddr(true).unwrap();
    port.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = port.local_addr().unwrap();
    std::mem::forget(port);
    address
}

/// This program once more, as a process of its own that runs this test of it and is there to be killed: what it has to know is in the variable.
pub(crate) fn once_more(test: &str, variable: &str, task: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored"])
        .env(variable, task)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// A sink that does this out of the ordinary, and keeps what it takes.
pub(crate) async fn sink(rules: Vec<Rule>) -> Sink {
    Sink::start(Settings { rules, keep_bytes: true, ..Settings::default() }).await.unwrap()
}

/// A sink where nobody listened before.
pub(crate) async fn sink_at(address: SocketAddr) -> Sink {
    Sink::start(Settings { port: address.port(), keep_bytes: true, ..Settings::default() }).await.unwrap()
}

/// `reply` to everybody at `at`, each time.
pub(crate) fn always(at: At, reply: &str) -> Rule {
    Rule { at, address: None, does: Does::Reply(reply.into()), times: None }
}

/// `reply` about `address` at RCPT, each time.
pub(crate) fn refuses(address: &str, reply: &str) -> Rule {
    Rule { address: Some(address.into()), ..always(At::Rcpt, reply) }
}

/// One message with one text to all of these.
pub(crate) fn message(to: &[&str], now: Timestamp) -> NewMessage {
    let recipients: Vec<Recipient> = to.iter().map(|to| to.parse::<Address>().unwrap().into()).collect();
    let unique = format!("{}.{}", to[0].replace('@', "="), now.as_microsecond());
    let message_id = format!("<{unique}@bookpost.example.org>");
    let to = to.join(", ");
    let text = format!(
        "From: library@riverside.example.org\r\nTo: {to}\r\nMessage-ID: {message_id}\r\nSubject: Test\r\n\r\nHello\r\n"
    );
    let from: Address = "returns@riverside.example.org".parse().unwrap();
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "test".into(),
        site: Some("RIV".into()),
        run: None,
        envelope: Envelope::new(ReversePath::Address(from), recipients).unwrap(),
        message_id,
        subject: "Test".into(),
        tags: Vec::new(),
        patron: None,
        bytes: text.into(),
        first_due_at: now,
        expires_at: RetrySchedule::default().expires_at(now),
        lease: None,
    }
}
