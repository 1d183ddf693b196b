//! One mail server of `tests/peers`, started for a test and gone with it.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use tokio::net::TcpSocket;

/// What `tests/peers/start` ends with where a server is not installed, and where only root may start it.
const NOT_INSTALLED: i32 = 69;
const ROOT_ONLY: i32 = 77;

/// A server. Dropping it ends it, and all that it started, before this returns.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    arguments: Vec<String>,
    running: Option<Running>,
    /// Bound and never listening: nobody else is given the port while the server is away.
    _port: TcpSocket,
}

struct Running {
    process: Child,
    /// Closed when the server is to end.
    leash: Option<ChildStdin>,
}

impl Peer {
    /// Starts `kind` with its files below `folder` and these options of `tests/peers/start`; a relay hands on to `next`.
    /// None: that cannot be done here, and was told.
    pub(crate) fn start(
        kind: &str,
        folder: &Path,
        next: Option<SocketAddr>,
        options: &[&str],
    ) -> Option<Self> {
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = port.local_addr().unwrap();
        let folder = folder.join(kind);
        let mut arguments = vec![kind.to_owned(), folder.to_str().unwrap().to_owned()];
        arguments.push(address.port().to_string());
        arguments.push(next.map_or(0, |next| next.port()).to_string());
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        std::fs::create_dir_all(&folder).unwrap();
        let running = run(&arguments, &folder)?;
        Some(Self { address, folder, arguments, running: Some(running), _port: port })
    }

    /// Where a server that keeps mail keeps it.
    pub(crate) fn mail(&self) -> PathBuf {
        self.folder.join("mail")
    }

    /// What the server wrote about its work.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("mail.log")).unwrap_or_default()
    }

    /// Ends it as a power cut would: nothing in it runs on.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again on the same port with the same files.
    pub(crate) fn start_again(&mut self) {
        self.running = run(&self.arguments, &self.folder);
        assert!(self.running.is_some(), "{} did not start again", self.arguments[0]);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.process.wait();
    }
}

fn run(arguments: &[String], folder: &Path) -> Option<Running> {
    let complaints = folder.join("start.log");
    let start = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/start");
    let mut process = Command::new(start)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&complaints).unwrap())
        .spawn()
        .expect("tests/peers/start can be run");
    let leash = process.stdin.take();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.trim_end() == "ready" {
        return Some(Running { process, leash });
    }
    match process.wait().unwrap().code() {
        Some(ROOT_ONLY) => not_run(&format!("needs root to start {}", arguments[0])),
        Some(NOT_INSTALLED) => not_installed(&arguments[0]),
        code => {
            let complaints = std::fs::read_to_string(complaints).unwrap();
            panic!("tests/peers/start {} ended with {code:?}: {complaints}", arguments.join(" "))
        }
    }
    None
}

/// What a plain user cannot install is told; root is to install it.
pub(crate) fn not_installed(what: &str) {
    assert!(!rustix::process::geteuid().is_root(), "{what} is not installed: run tests/peers/install");
    not_run(&format!("needs {what}: run tests/peers/install as root"));
}

/// Tells that the present test was not run: to `./test`, which lists it, or else past the capture of test output.
#[expect(clippy::disallowed_methods, reason = "./test names its list in the environment")]
pub(crate) fn not_run(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test with mail servers").to_owned();
    let line = format!("{test}: {why}\n");
    match std::env::var_os("BOOKPOST_NOT_RUN") {
        Some(list) => {
            OpenOptions::new().append(true).create(true).open(list).unwrap().write_all(line.as_bytes())
        }
        None => std::io::stderr().write_all(format!("not run: {line}").as_bytes()),
    }
    .unwrap();
}
