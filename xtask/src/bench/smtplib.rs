//! Side (a): a Python script on one kept connection, with ready-made mails and no queue.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use super::{
    Bench,
    mails::Mail,
    sink::{Moment, Sink},
};

/// Sends the listed mails; the time from the word to begin to the last mail at the sink.
pub(super) async fn send(bench: &Bench, mails: &[Mail], list: &Path) -> anyhow::Result<Duration> {
    let sink = Sink::start(bench, "smtplib")?;
    let mut script = Command::new("python3")
        .arg(bench.root.join("xtask/src/bench/smtplib_loop.py"))
        .args([sink.address.ip().to_string(), sink.address.port().to_string()])
        .arg(list)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("python3 does not start")?;
    let mut line = String::new();
    BufReader::new(script.stdout.take().context("no output")?).read_line(&mut line)?;
    ensure!(line.trim() == "ready", "the script did not get ready");
    let began_at = Moment::now();
    script.stdin.take().context("no input")?.write_all(b"go\n")?;
    let ended_at = sink.last_taken_at(mails.len()).await?;
    ensure!(script.wait()?.success(), "the script failed");
    sink.check(mails, false)?;
    Ok(ended_at.since(began_at))
}
