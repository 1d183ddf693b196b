//! A folder with a configuration, and the program run in it.

use std::{
    fs,
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use bookpost::{
    app::{clock::SystemClock, steps::AbortAt},
    notices::sample,
};
use jiff::civil::date;
use mail::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use store::{NewRun, Store};
use testkit::sink::Sink;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Runs `command` to its end, with this as its standard input.
    pub(crate) async fn given(mut command: Command, input: &str) -> Self {
        let mut child = command.spawn().unwrap();
        // One that does not read it has refused before.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        child.wait_with_output().await.unwrap().into()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect(&self.err)
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A running service; it ends with the test.
pub(crate) struct Service {
    child: Child,
    /// Its log, from where it said that it works.
    log: JoinHandle<String>,
}

impl Service {
    /// Tells it to end, as systemd does.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.try_into().unwrap())).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Memory that is its own (proc(5), Pss_Anon): of its file it has the more to itself the fewer others run it at that moment.
    pub(crate) fn memory_kib(&self) -> u64 {
        let rollup = format!("/proc/{}/smaps_rollup", self.child.id().unwrap());
        let text = fs::read_to_string(rollup).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss_Anon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Ends it in good order; its log.
    pub(crate) async fn log(self) -> String {
        self.terminate();
        self.log.await.unwrap()
    }

    /// Its exit code, once it has ended.
    pub(crate) async fn code(mut self) -> Option<i32> {
        self.child.wait().await.unwrap().code()
    }
}

impl Place {
    /// A folder whose configuration sends by `way`; Server 1 is the sink, if there is one.
    pub(crate) fn new(way: &str, sink: Option<&Sink>) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.configure(way, sink);
        place
    }

    /// The same where nobody has said how to send.
    pub(crate) fn without_a_way() -> Self {
        let place = Self::new("none", None);
        place.change("way = \"none\"\n", "");
        place
    }

    pub(crate) fn configure(&self, way: &str, sink: Option<&Sink>) {
        let server = sink.map_or(String::new(), |sink| {
            format!(
                "[server1]\nhost = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\nallow_non_secure = true\n",
                sink.address().port()
            )
        });
        let sites = sample::BRANCHES.map(|(code, name)| {
            format!("[[sites]]\ncode = \"{code}\"\nname = \"{name}\"\nemail = \"desk@library.example\"\n")
        });
        let text = format!(
            "library = \"Riverside\"\ndata_dir = \"{}\"\nlisten = \"off\"\n[sending]\nway = \"{way}\"\n\
             ehlo_name = \"books.library.example\"\n{server}{}",
            self.data().display(),
            sites.concat()
        );
        fs::write(self.path("config"), text).unwrap();
    }

    /// Adds to the configuration.
    pub(crate) fn add(&self, text: &str) {
        let before = fs::read_to_string(self.path("config")).unwrap();
        fs::write(self.path("config"), before + text).unwrap();
    }

    /// Changes one setting.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let before = fs::read_to_string(self.path("config")).unwrap();
        fs::write(self.path("config"), before.replace(from, to)).unwrap();
    }

    /// Opens the door of the `sendmail` command, as [`sendmail`] finds it.
    pub(crate) fn open_sendmail(&self) {
        let maildrop = self.path("maildrop");
        fs::create_dir(&maildrop).unwrap();
        let (socket, maildrop) = (self.path("submit.sock"), maildrop.display().to_string());
        self.add(&format!("[sendmail]\nsocket = \"{}\"\nmaildrop = \"{maildrop}\"\n", socket.display()));
    }

    /// Says that a test could not be run here.
    #[expect(clippy::disallowed_methods, reason = "the list of what was not run is named there")]
    pub(crate) fn not_run(line: &str) {
        if let Some(list) = std::env::var_os("BOOKPOST_NOT_RUN") {
            let mut list = fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
            writeln!(list, "{line}").unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// An export of Koha for so many patrons.
    pub(crate) fn export(&self, patrons: usize) -> PathBuf {
        let path = self.path(&format!("export-{patrons}.csv"));
        fs::write(&path, sample::koha(patrons, patrons, date(2026, 11, 2))).unwrap();
        path
    }

    /// Runs the program to its end, with this configuration.
    pub(crate) async fn run(&self, words: &[&str]) -> Said {
        let mut command = bookpost(self.folder.path());
        command.arg("--config").arg(self.path("config")).args(words);
        command.output().await.unwrap().into()
    }

    /// The same, with this as its standard input.
    pub(crate) async fn given(&self, words: &[&str], input: &str) -> Said {
        let mut command = bookpost(self.folder.path());
        command.arg("--config").arg(self.path("config")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Said::given(command, input).await
    }

    /// Runs `notices WORDS... EXPORT --json`.
    pub(crate) async fn notices(&self, words: &[&str], export: &Path) -> Said {
        let words: Vec<&str> = ["notices"]
            .into_iter()
            .chain(words.iter().copied())
            .chain([export.to_str().unwrap(), "--json"])
            .collect();
        self.run(&words).await
    }

    /// Starts the service, and waits until it says that it works.
    pub(crate) async fn serve(&self) -> Service {
        self.serve_until(None).await
    }

    /// The same; pages and API are at this address.
    pub(crate) async fn serve_at(&self, listen: &str) -> Service {
        let mut command = self.service(None);
        command.args(["--listen", listen]);
        Self::works(command).await
    }

    /// The same, on a computer that has no certificates of authorities.
    pub(crate) async fn serve_without_authorities(&self) -> Service {
        let mut command = self.service(None);
        command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", self.path("none"));
        Self::works(command).await
    }

    /// The same; it kills itself at this step.
    pub(crate) async fn serve_until(&self, abort_at: Option<&str>) -> Service {
        Self::works(self.service(abort_at)).await
    }

    async fn works(mut command: Command) -> Service {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("the service ended before it worked");
            if line.contains("Bookpost works") {
                break;
            }
        }
        // Whoever writes to a closed pipe dies of it.
        let log = tokio::spawn(async move {
            let mut log = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                log = log + &line + "\n";
            }
            log
        });
        Service { child, log }
    }

    /// Starts the service, and waits until it has killed itself at this step.
    pub(crate) async fn serve_to_death(&self, at: AbortAt) {
        let status = self.service(Some(&at.to_string())).stderr(Stdio::null()).status().await.unwrap();
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{at}: {status}");
    }

    fn service(&self, abort_at: Option<&str>) -> Command {
        let mut command = bookpost(self.folder.path());
        command
            .envs(abort_at.map(|at| ("BOOKPOST_ABORT_AT", at)))
            .arg("--config")
            .arg(self.path("config"))
            .arg("serve")
            .kill_on_drop(true);
        command
    }

    /// What is in the queue, while no service has it.
    pub(crate) fn store(&self) -> Store {
        // At another time its instants would be moved.
        Store::open(&self.data(), SystemClock::start().now()).unwrap()
    }
}

pub(crate) fn bookpost(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookpost"));
    // Nothing of the environment of the tests is a setting.
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command
}

/// The command as programs call it, on a machine whose socket and maildrop are in `folder`.
pub(crate) fn sendmail(folder: &Path, words: &[&str]) -> Command {
    let mut command = bookpost(folder);
    command
        .env("BOOKPOST_SENDMAIL_SOCKET", folder.join("submit.sock"))
        .env("BOOKPOST_SENDMAIL_MAILDROP", folder.join("maildrop"))
        .arg("sendmail")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn a_run() -> NewRun {
    NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: jiff::Timestamp::UNIX_EPOCH,
    }
}
