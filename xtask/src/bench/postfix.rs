//! Side (b): Postfix's sendmail command once for each mail, and its queue behind it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use super::{
    Bench,
    mails::Mail,
    sink::{Moment, Sink},
};

/// A Postfix that relays to a sink; it ends when its standard input is closed.
pub(super) struct Postfix {
    process: Child,
    /// Where it takes mail.
    pub(super) port: u16,
    /// The configuration for whoever hands mail in: the same queue, by the path that it has outside the server's namespace.
    submission: PathBuf,
}

/// Sends the mails of `list` that `mails` are; the time from the first command to the last mail at the sink. `None`: there is no
/// Postfix here.
pub(super) async fn send(bench: &Bench, mails: &[Mail], list: &Path) -> anyhow::Result<Option<Duration>> {
    if mails.is_empty() {
        return Ok(None);
    }
    let sink = Sink::start(bench, "postfix")?;
    let Some(postfix) = Postfix::start(bench, sink.address.port())? else { return Ok(None) };
    let list = fs::read_to_string(list)?;
    let began_at = Moment::now();
    for line in list.lines().take(mails.len()) {
        postfix.hand_in(line)?;
    }
    let ended_at = sink.last_taken_at(mails.len()).await?;
    drop(postfix);
    sink.check(mails, true)?;
    Ok(Some(ended_at.since(began_at)))
}

impl Postfix {
    pub(super) fn start(bench: &Bench, sink: u16) -> anyhow::Result<Option<Self>> {
        let folder = bench.path("postfix");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut process = Command::new(bench.root.join("tests/peers/start"))
            .env("BOOKPOST_TEST_PEERS", bench.root.join("target/peers"))
            .args(["postfix".as_ref(), folder.as_os_str()])
            .args([port.to_string(), sink.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("tests/peers/start does not start")?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        if line.trim() != "ready" {
            let status = process.wait()?;
            crate::say(&format!("bench: without Postfix (tests/peers/start ended with {status})"));
            return Ok(None);
        }
        let submission = folder.join("submission");
        fs::create_dir_all(&submission)?;
        let settings = fs::read_to_string(folder.join("etc/main.cf"))?;
        let outside = format!("queue_directory = {}", folder.join("queue").display());
        let settings: Vec<&str> = settings
            .lines()
            .map(|line| if line.starts_with("queue_directory") { outside.as_str() } else { line })
            .collect();
        fs::write(submission.join("main.cf"), settings.join("\n") + "\n")?;
        Ok(Some(Self { process, port, submission }))
    }

    fn hand_in(&self, line: &str) -> anyhow::Result<()> {
        let [from, to, file] = line.split('\t').collect::<Vec<_>>()[..] else { anyhow::bail!("{line:?}") };
        let status = Command::new("/usr/sbin/sendmail")
            .arg("-C")
            .arg(&self.submission)
            .args(["-i", "-f", from, "--", to])
            .stdin(fs::File::open(file)?)
            .status()
            .context("sendmail does not start")?;
        ensure!(status.success(), "sendmail ended with {status}");
        Ok(())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
