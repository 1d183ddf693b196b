//! `cargo xtask bench notices`: an overdue run from the export to a sink on loopback, raced against a Python script and Postfix.
//! `cargo xtask bench relay`: mail handed in over SMTP and passed on, raced against Postfix; urgent mail beside bulk mail; large requests
//! over HTTP.
//! `cargo xtask bench machines`: the same mail with one, two and four Bookposts on one PostgreSQL.
//! `cargo xtask bench pages`: the pages of a Bookpost with a million messages.
//! `cargo xtask bench export`: an export of 100,000 lines on the pages, from the upload to the first mail after the click.
//!
//! All sides send the same mails to the same sink, in interleaved rounds of one run, and every message is checked there.
//! How the figures are taken and what they were: docs/benchmarks.md.

mod batch;
mod bookpost;
mod database;
mod export;
mod machines;
mod mails;
mod pages;
mod person;
mod postfix;
mod process;
mod relay;
mod report;
mod rounds;
mod sink;
mod smtplib;
mod syncs;
mod urgent;
mod waiting;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, ensure};

/// What is measured, and how much of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// Rounds in which all sides take turns; the medians count.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Patrons in the export.
    #[arg(long, default_value_t = 10_000)]
    patrons: usize,
    /// Items in the export.
    #[arg(long, default_value_t = 25_000)]
    items: usize,
    /// How many of the mails go through Postfix in each round (about 70 a second); 0: none.
    #[arg(long, default_value_t = 1_000)]
    postfix: usize,
    /// Messages in the queue while pages are asked for.
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Leave out what needs 100,000 and 1,000,000 waiting messages.
    #[arg(long)]
    no_waiting: bool,
    /// Where the figures are written as JSON.
    #[arg(long, default_value = "target/bench/notices.json")]
    json: PathBuf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// An overdue run.
    Notices,
    /// Mail that applications hand in, over SMTP and HTTP.
    Relay,
    /// The same mail with one, two and four machines on one PostgreSQL.
    Machines,
    /// The pages, with a million messages in the queue and mail flowing.
    Pages,
    /// An export of 100,000 lines on the pages.
    Export,
}

/// Where everything is.
struct Bench {
    root: &'static Path,
    /// The built programs.
    release: PathBuf,
    /// A new folder on the disk that the project is on.
    folder: tempfile::TempDir,
    options: Options,
}

/// Measures, prints the table, writes the JSON.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let root = crate::root();
    let target = root.join("target/bench");
    std::fs::create_dir_all(&target)?;
    let folder = tempfile::tempdir_in(&target)?;
    let bench = Bench { root, release: root.join("target/release"), folder, options };
    build(root)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let What::Relay = bench.options.what {
        crate::say(&runtime.block_on(relay::measure(&bench))?);
        let took = runtime.block_on(urgent::measure(&bench))?;
        crate::say(&report::latencies("an urgent message beside 100,000 of bulk mail", &took));
        let batches = runtime.block_on(batch::measure(&bench))?;
        crate::say(&format!(
            "HTTP, 10,000 messages from one template in each request, nothing leaves: {:.0} accepted a second (the slowest request {:.0}); {:.1} MB (PSS) with 100,000 waiting",
            batches.rate, batches.slowest, batches.memory
        ));
        return Ok(ExitCode::SUCCESS);
    }
    if let What::Machines = bench.options.what {
        crate::say(&runtime.block_on(machines::measure(&bench))?);
        return Ok(ExitCode::SUCCESS);
    }
    if let What::Pages = bench.options.what {
        crate::say(&runtime.block_on(pages::measure(&bench))?);
        return Ok(ExitCode::SUCCESS);
    }
    if let What::Export = bench.options.what {
        crate::say(&runtime.block_on(export::measure(&bench))?);
        return Ok(ExitCode::SUCCESS);
    }
    let figures = runtime.block_on(rounds::measure(&bench))?;
    let json = root.join(&bench.options.json);
    std::fs::write(&json, serde_json::to_vec_pretty(&figures)?)?;
    crate::say(&report::table(&figures));
    crate::say(&format!("bench: the figures are in {}", json.display()));
    Ok(ExitCode::SUCCESS)
}

fn build(root: &Path) -> anyhow::Result<()> {
    crate::say("bench: building");
    for arguments in [
        &["--package", "bookpost", "--bin", "bookpost", "--example", "koha"][..],
        &["--package", "testkit", "--bin", "sink"],
        &["--package", "store", "--example", "waiting", "--example", "cost"],
    ] {
        let built = Command::new("cargo")
            .args(["build", "--release", "--locked", "--quiet"])
            .args(arguments)
            .current_dir(root)
            .status()
            .context("cargo does not start")?;
        ensure!(built.success(), "cargo build {} failed", arguments.join(" "));
    }
    Ok(())
}

impl Bench {
    /// A built program or example.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.release.join(name));
        command.stdin(Stdio::null());
        command
    }

    /// A path in the run's own folder.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// What a command printed; an error if it failed.
fn output(mut command: Command) -> anyhow::Result<String> {
    let done =
        command.output().with_context(|| format!("{} does not start", command.get_program().display()))?;
    ensure!(
        done.status.success(),
        "{} failed: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&done.stderr).trim()
    );
    Ok(String::from_utf8(done.stdout)?)
}
