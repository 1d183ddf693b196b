//! Our side: the built program with a configuration for the sink, everything else as it comes.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use tokio::time::Instant;

use super::{
    Bench,
    mails::{self, Mail},
    process::{self, Used},
    sink::{Moment, Sink},
    syncs,
};

/// A Bookpost of its own: a data folder and a configuration.
pub(super) struct Bookpost {
    data: PathBuf,
    config: PathBuf,
}

/// What one run of the command came to.
pub(super) struct Run {
    /// From the start of the command to the last mail at the sink.
    pub(super) delivered: Duration,
    pub(super) used: Used,
    /// Flushes that the disks were asked for meanwhile, by everybody on the machine.
    pub(super) flushes: u64,
    /// What it sent, as its queue has it.
    pub(super) mails: Vec<Mail>,
}

impl Bookpost {
    /// A new one that sends to `server`.
    pub(super) fn new(bench: &Bench, name: &str, server: SocketAddr) -> anyhow::Result<Self> {
        let (data, config) = (bench.path(name), bench.path(&format!("{name}.toml")));
        let _ = fs::remove_dir_all(&data);
        fs::write(&config, settings(&data, server))?;
        Ok(Self { data, config })
    }

    /// The same with mail that nobody receives: who was written to lately is not asked then.
    pub(super) fn practising(self) -> anyhow::Result<Self> {
        let settings = fs::read_to_string(&self.config)?;
        fs::write(&self.config, settings.replace("way = \"servers\"", "way = \"practice\""))?;
        Ok(self)
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// One of its commands.
    pub(super) fn command(&self, bench: &Bench) -> Command {
        let mut command = bench.program("bookpost");
        command.arg("--config").arg(&self.config).stdout(Stdio::null());
        command
    }
}

/// One overdue run, start to end; every message is checked.
pub(super) async fn run(bench: &Bench, export: &Path) -> anyhow::Result<Run> {
    let sink = Sink::start(bench, "bookpost")?;
    let bookpost = Bookpost::new(bench, "run", sink.address)?;
    let flushes = syncs::flushes()?;
    let (began_at, started_at) = (Moment::now(), Instant::now());
    let child = notices_run(&bookpost, bench, export).spawn().context("bookpost does not start")?;
    let used = process::watch(child, started_at).await?;
    let flushes = syncs::flushes()? - flushes;
    let ended_at = sink.last_taken_at(bench.options.patrons).await?;
    let mails = mails::read(bookpost.data()).await?;
    sink.check(&mails, false)?;
    Ok(Run { delivered: ended_at.since(began_at), used, flushes, mails })
}

/// The same under strace, not timed: system calls that make the disk keep something, for each message.
pub(super) async fn syncs(bench: &Bench, export: &Path) -> anyhow::Result<f64> {
    let sink = Sink::start(bench, "strace")?;
    let bookpost = Bookpost::new(bench, "strace", sink.address)?;
    let count = syncs::count(&notices_run(&bookpost, bench, export), &bench.path("strace.txt"))?;
    sink.last_taken_at(bench.options.patrons).await?;
    sink.check(&mails::read(bookpost.data()).await?, false)?;
    Ok(super::report::ratio(count, bench.options.patrons))
}

fn notices_run(bookpost: &Bookpost, bench: &Bench, export: &Path) -> Command {
    let mut command = bookpost.command(bench);
    command.args(["notices", "run"]).arg(export);
    command
}

fn settings(data: &Path, server: SocketAddr) -> String {
    let sites = [("MAIN", "Main Library"), ("WEST", "Westside Library"), ("HARB", "Harbour Library")]
        .map(|(code, name)| {
            format!(
                "[[sites]]\ncode = \"{code}\"\nname = \"{name}\"\nemail = \"{code}@library.example.org\"\n"
            )
        })
        .concat();
    format!(
        "library = \"Riverside Public Library\"\ndata_dir = \"{}\"\nlisten = \"off\"\nlog = \"error\"\n\
         [sending]\nway = \"servers\"\nehlo_name = \"bookpost.example.org\"\n\
         [server1]\nhost = \"{}\"\nport = {}\nencryption = \"none\"\nallow_non_secure = true\n{sites}",
        data.display(),
        server.ip(),
        server.port()
    )
}
