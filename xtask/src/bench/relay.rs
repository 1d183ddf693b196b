//! `cargo xtask bench relay`: Bookpost and Postfix side by side between smtp-source and smtp-sink (both of Postfix): accept over SMTP,
//! store durably, relay to one smarthost.
//!
//! smtp-sink ends by itself with the last message, so its end is when all has arrived.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::{Bench, postfix::Postfix, process, report::median};

/// A relay that has not passed everything on by then has no time.
const PATIENCE: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What a round hands in.
pub(super) struct Case {
    name: &'static str,
    pub(super) messages: usize,
    sessions: usize,
    bytes: usize,
    recipients: usize,
}

/// The case that counts most.
pub(super) const MAIN: Case =
    Case { name: "20 sessions, 3 kB", messages: 5_000, sessions: 20, bytes: 3_000, recipients: 1 };

/// Those of the table in docs/benchmarks.md.
const CASES: [Case; 4] = [
    MAIN,
    Case { name: "one session, 3 kB", messages: 2_000, sessions: 1, bytes: 3_000, recipients: 1 },
    Case { name: "20 sessions, 100 kB", messages: 1_000, sessions: 20, bytes: 100_000, recipients: 1 },
    Case { name: "20 sessions, 50 recipients", messages: 500, sessions: 20, bytes: 3_000, recipients: 50 },
];

/// One relay in one round.
pub(super) struct Passed {
    /// From the first command of smtp-source to the last message at smtp-sink.
    pub(super) all: Duration,
    /// Most memory (PSS) of one that was watched.
    pub(super) memory: Option<u64>,
}

/// All cases, all rounds; the table as Markdown.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let mut table =
        "| case | Bookpost, messages a second | Postfix | Bookpost over Postfix | Bookpost's memory (PSS), MB |\n|---|---|---|---|---|\n"
            .to_owned();
    for case in &CASES {
        let (mut ours, mut theirs, mut ratios, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 1..=bench.options.rounds {
            let bookpost = bookpost(bench, case).await?;
            let rate = |time: Duration| super::report::ratio(case.messages as u64, 1) / time.as_secs_f64();
            ours.push(rate(bookpost.all));
            memory.extend(bookpost.memory.map(|bytes| super::report::ratio(bytes, 1_000_000)));
            let postfix = postfix(bench, case).await?.map(|passed| rate(passed.all));
            theirs.extend(postfix);
            ratios.extend(postfix.map(|postfix| rate(bookpost.all) / postfix));
            crate::say(&format!(
                "bench: {}, round {round}: Bookpost {:.0}/s, Postfix {}",
                case.name,
                rate(bookpost.all),
                postfix.map_or("-".to_owned(), |rate| format!("{rate:.0}/s"))
            ));
        }
        let [ours, theirs, ratios, memory] = [ours, theirs, ratios, memory].map(|all| median(&all));
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {} | {ours:.0} | {theirs:.0} | {ratios:.1} | {memory:.1} |", case.name);
    }
    Ok(table)
}

pub(super) async fn bookpost(bench: &Bench, case: &Case) -> anyhow::Result<Passed> {
    let (door, sink) = (free_port()?, free_port()?);
    let service = Service::start(bench, "relay", door, sink, &Queue::Own, |_| Ok(()))?;
    pass(case, &[door], sink, &[service.id()]).await
}

pub(super) async fn postfix(bench: &Bench, case: &Case) -> anyhow::Result<Option<Passed>> {
    let sink = free_port()?;
    let Some(postfix) = Postfix::start(bench, sink)? else { return Ok(None) };
    pass(case, &[postfix.port], sink, &[]).await.map(Some)
}

pub(super) const FROM: &str = "desk@library.example.org";

/// Hands the mail in, at each of the doors its share, and waits for its end.
pub(super) async fn pass(case: &Case, doors: &[u16], sink: u16, watched: &[u32]) -> anyhow::Result<Passed> {
    let mut smtp_sink = Running(
        Command::new("smtp-sink")
            .args(as_root())
            .args(["-M", &case.messages.to_string(), &format!("127.0.0.1:{sink}"), "1000"])
            .stdout(Stdio::null())
            .spawn()
            .context("smtp-sink does not start; it is part of Postfix")?,
    );
    for &port in [&sink].into_iter().chain(doors) {
        listens(port).await?;
    }
    let began_at = Instant::now();
    let mut sources = Vec::new();
    for door in doors {
        sources.push(Running(
            Command::new("smtp-source")
                .args(["-d", "-s", &(case.sessions / doors.len()).to_string()])
                .args(["-m", &(case.messages / doors.len()).to_string()])
                .args(["-l", &case.bytes.to_string(), "-r", &case.recipients.to_string()])
                .args(["-f", FROM, "-t", "patron@example.org", &format!("127.0.0.1:{door}")])
                .spawn()
                .context("smtp-source does not start; it is part of Postfix")?,
        ));
    }
    let mut memory = None;
    while smtp_sink.0.try_wait()?.is_none() {
        for source in &mut sources {
            if let Some(status) = source.0.try_wait()? {
                ensure!(status.success(), "smtp-source ended with {status}");
            }
        }
        ensure!(began_at.elapsed() < PATIENCE, "not everything was passed on within five minutes");
        memory = watched.iter().filter_map(|id| process::pss(*id)).chain(memory).max();
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(Passed { all: began_at.elapsed(), memory })
}

/// smtp-sink wants to be told whom to become when it is started by root.
fn as_root() -> &'static [&'static str] {
    if rustix::process::geteuid().is_root() { &["-u", "nobody"] } else { &[] }
}

/// What a Bookpost has its queue on.
pub(super) enum Queue<'a> {
    /// A file.
    Own,
    /// A server; who is first makes what all need.
    Shared { url: &'a str, key: &'a Path, machine: &'a str, is_first: bool },
}

impl Queue<'_> {
    fn settings(&self) -> String {
        let Self::Shared { url, key, machine, .. } = self else { return String::new() };
        format!(
            "[database]\nurl = \"{url}\"\nmachine = \"{machine}\"\n[secrets]\nkey_file = \"{}\"\n",
            key.display()
        )
    }
}

/// A Bookpost with an open door.
pub(super) struct Service {
    process: Running,
}

impl Service {
    /// A new one between these ports; `before` may fill its data folder.
    pub(super) fn start(
        bench: &Bench,
        name: &str,
        door: u16,
        sink: u16,
        queue: &Queue<'_>,
        before: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let (data, config) = (bench.path(name), bench.path(&format!("{name}.toml")));
        let _ = fs::remove_dir_all(&data);
        fs::write(&config, settings(&data, door, sink) + &queue.settings())?;
        let command = || {
            let mut command = bench.program("bookpost");
            command.arg("--config").arg(&config).stdout(Stdio::null());
            command
        };
        if !matches!(queue, Queue::Shared { is_first: false, .. }) {
            let mut add = command();
            add.args(["applications", "add", "smtp-source", "--waiting", "10000000", "--class", "normal"]);
            add.args(["--class", "urgent"]);
            super::output(add)?;
        }
        before(&data)?;
        let process = Running(command().arg("serve").spawn().context("bookpost does not start")?);
        Ok(Self { process })
    }

    pub(super) fn id(&self) -> u32 {
        self.process.0.id()
    }
}

fn settings(data: &Path, door: u16, sink: u16) -> String {
    format!(
        "library = \"Relay\"\ndata_dir = \"{}\"\nlisten = \"off\"\nlog = \"error\"\n\
         [sending]\nway = \"servers\"\nehlo_name = \"bookpost.example.org\"\n\
         [server1]\nhost = \"127.0.0.1\"\nport = {sink}\nencryption = \"none\"\nallow_non_secure = true\n\
         [smtp]\nlisten = \"127.0.0.1:{door}\"\n\
         [[smtp.trusted]]\nnetwork = \"127.0.0.1\"\napplication = \"smtp-source\"\n\
         [[sites]]\ncode = \"MAIN\"\nname = \"Main Library\"\nemail = \"{FROM}\"\n",
        data.display()
    )
}

/// A program that is told to end with the round.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(id) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub(super) async fn listens(port: u16) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
        ensure!(Instant::now() < until, "nobody listens on port {port}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
