//! The mail server at the other end, and what it took.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use rustix::time::{ClockId, clock_gettime};
use testkit::sink::Taken;
use tokio::time::Instant;

use super::{Bench, mails::Mail};

const LOOK_EVERY: Duration = Duration::from_millis(5);
/// More than the slowest side needs.
const PATIENCE: Duration = Duration::from_mins(10);
/// A relay adds a Received field and may wrap nothing; more than this is not the same mail.
const RELAY_ADDS: usize = 1_000;

/// A sink process with a ledger of its own; it ends with this value.
pub(super) struct Sink {
    process: Child,
    ledger: PathBuf,
    pub(super) address: SocketAddr,
}

/// A moment on the clock that file times are taken from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(Duration);

impl Moment {
    pub(super) fn now() -> Self {
        let now = clock_gettime(ClockId::Realtime);
        let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or(0);
        Self(Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), nanoseconds))
    }

    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Sink {
    /// A line for each message that it took.
    pub(super) fn ledger(&self) -> &std::path::Path {
        &self.ledger
    }

    pub(super) fn start(bench: &Bench, name: &str) -> anyhow::Result<Self> {
        let ledger = bench.path(&format!("{name}.ledger"));
        let _ = fs::remove_file(&ledger);
        let mut command = bench.program("sink");
        command.args(["--port", "0", "--ledger"]).arg(&ledger).stdout(Stdio::piped());
        let mut process = command.spawn().context("the sink does not start")?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the sink says nothing")?).read_line(&mut line)?;
        let address = line.trim().parse().context("the sink does not say where it listens")?;
        Ok(Self { process, ledger, address })
    }

    /// Waits until so many messages were taken; tells when the last one was.
    pub(super) async fn last_taken_at(&self, messages: usize) -> anyhow::Result<Moment> {
        let patience = Instant::now() + PATIENCE;
        let (mut seen, mut size) = (0, 0);
        loop {
            let file = fs::metadata(&self.ledger)?;
            if file.len() != size {
                size = file.len();
                seen = memchr::memchr_iter(b'\n', &fs::read(&self.ledger)?).count();
            }
            if seen >= messages {
                let nanoseconds = u32::try_from(file.mtime_nsec()).unwrap_or(0);
                return Ok(Moment(Duration::new(u64::try_from(file.mtime()).unwrap_or(0), nanoseconds)));
            }
            ensure!(Instant::now() < patience, "only {seen} of {messages} messages arrived");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the first message was taken; tells how long after `began_at` that was seen.
    pub(super) async fn first_taken(&self, began_at: Moment) -> anyhow::Result<Duration> {
        let patience = Instant::now() + PATIENCE;
        while fs::metadata(&self.ledger)?.len() == 0 {
            ensure!(Instant::now() < patience, "no message arrived");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Moment::now().since(began_at))
    }

    /// Ends the sink and compares what it took with what was to be sent: every message once, by id, length and last line.
    /// `relayed`: a relay's Received field stands before it.
    pub(super) fn check(mut self, sent: &[Mail], relayed: bool) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        let mut expected: HashMap<&str, &Mail> = sent.iter().map(|mail| (mail.id.as_str(), mail)).collect();
        for line in fs::read_to_string(&self.ledger)?.lines() {
            let taken: Taken = serde_json::from_str(line)?;
            let Some(mail) = expected.remove(taken.id.as_str()) else {
                bail!("{} was not sent, or arrived twice", taken.id);
            };
            let length = mail.bytes.len();
            let longest = if relayed { length + RELAY_ADDS } else { length };
            ensure!((length..=longest).contains(&taken.length), "{} arrived with another length", taken.id);
            ensure!(taken.last_line.as_bytes() == mail.last_line(), "{} arrived cut short", taken.id);
            ensure!(taken.to == [mail.to.as_str()], "{} arrived for {:?}", taken.id, taken.to);
        }
        ensure!(expected.is_empty(), "{} messages did not arrive", expected.len());
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
