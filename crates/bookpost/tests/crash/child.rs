//! The program under test, in a process that may die at any moment.

use std::{io::Write, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bookpost::{
    app::{App, Start, clock::SystemClock},
    config::{Config, Sending, Server, Site, Way},
};
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, ReversePath, clock::Clock, retry::RetrySchedule};
use serde::{Deserialize, Serialize};
use store::{Class, Kind, NewMessage};

/// The variable that makes this test program a child, with its [`Task`] as JSON.
pub(crate) const VARIABLE: &str = "BOOKPOST_CRASH_TASK";
/// Messages that are accepted together.
const BATCH: u64 = 8;
/// Connections at most.
pub(crate) const CONNECTIONS: usize = 20;

/// What a child is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// The server.
    pub(crate) server: SocketAddr,
    /// Names the boot: another one than before is a reboot.
    pub(crate) boot_id: String,
    /// Where randomness comes from.
    pub(crate) seed: u64,
    /// The first message's number.
    pub(crate) first: u64,
    /// How many messages.
    pub(crate) count: u64,
    /// `step:time` at which it kills itself.
    pub(crate) abort_at: Option<String>,
    /// It kills itself after it has refused mail.
    pub(crate) dies_refusing: bool,
}

/// Is run by every `cargo test`, and does something only as a child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the parent's order comes by the environment")]
async fn child_process() {
    let Ok(task) = std::env::var(VARIABLE) else { return };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let task: Task = serde_json::from_str(&task).unwrap();
    if let Err(error) = run(task).await {
        say(&format!("failed {error:#}"));
    }
}

/// One line for the parent; it is in the pipe when this returns.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // In one write, after a line end: the test runner writes here too.
    out.write_all(format!("\n> {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

async fn run(task: Task) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let start = Start {
        clock: Arc::new(clock),
        seed: task.seed,
        boot_id: task.boot_id.clone(),
        practice_rules: Vec::new(),
        source: None,
        break_at: None,
    };
    let app = App::start(config(&task), start).await?;
    say(&format!("doubts {}", app.store.counts().await?.ever_in_doubt));
    accept(&app, &task).await;
    say("accepted all");
    while let Some(next) = app.worker.quiet().await {
        let counts = app.store.counts().await?;
        if counts.waiting + counts.sending == 0 {
            break;
        }
        clock.sleep_until(next.min(clock.now() + SignedDuration::from_millis(50))).await;
    }
    app.stop().await?;
    say("done");
    Ok(())
}

async fn accept(app: &App, task: &Task) {
    let end = task.first + task.count;
    for first in (task.first..end).step_by(usize::try_from(BATCH).unwrap()) {
        let numbers = first..end.min(first + BATCH);
        let messages = numbers.clone().map(|number| message(number, app.clock.now())).collect();
        match app.receiver.accept(messages).await {
            Ok(_) => say(&format!("accepted {} {}", numbers.start, numbers.end)),
            Err(error) => {
                say(&format!("refused {} {} {error}", numbers.start, numbers.end));
                if task.dies_refusing {
                    std::process::abort();
                }
            }
        }
    }
}

fn message(number: u64, now: Timestamp) -> NewMessage {
    let to: Address = format!("patron{number}@example.org").parse().unwrap();
    let from: Address = "returns@riverside.example.org".parse().unwrap();
    let message_id = crate::account::message_id(number);
    let items = "The Wind in the Willows, due on Monday, to be brought back to the desk.\r\n".repeat(40);
    let text = format!(
        "From: library@riverside.example.org\r\nTo: {to}\r\nMessage-ID: {message_id}\r\nSubject: Overdue\r\n\r\n{items}"
    );
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "test".into(),
        site: Some("RIV".into()),
        run: None,
        envelope: Envelope::to_one(ReversePath::Address(from), to),
        message_id,
        subject: "Overdue".into(),
        tags: Vec::new(),
        patron: None,
        bytes: text.into(),
        first_due_at: now,
        expires_at: RetrySchedule::default().expires_at(now),
        lease: None,
    }
}

fn config(task: &Task) -> Config {
    let server = Server {
        connections: CONNECTIONS,
        messages_per_connection: 1000,
        ..Server::plain("server1", task.server)
    };
    let soon = (Duration::from_millis(20), Duration::from_millis(200));
    let usual = Config::usual(&task.folder, Way::Servers(vec![Arc::new(server)]));
    Config {
        library: "Riverside".into(),
        sending: Sending { ehlo_name: "bookpost.example.org".into(), ..usual.sending },
        schedule: RetrySchedule { short_wait: soon, ..usual.schedule },
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
        log: "warn".into(),
        abort_at: task.abort_at.as_ref().map(|at| at.parse().unwrap()),
        ..usual
    }
}
