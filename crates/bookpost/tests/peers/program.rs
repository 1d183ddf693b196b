//! The program itself with its pages, as a library has it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

use crate::bench::{Folder, LOGIN, soon};

/// The program, its files, and where its pages are.
pub(crate) struct Program {
    pub(crate) folder: Folder,
    pub(crate) origin: String,
}

impl Program {
    pub(crate) fn new(folder: Folder) -> Self {
        Self { folder, origin: format!("http://{}", free()) }
    }

    pub(crate) fn bookpost(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bookpost"));
        // As where the authority of the library is one of those that the computer trusts.
        command.env_clear().env("SSL_CERT_FILE", self.folder.path().join("ca.pem"));
        command.arg("--config").arg(self.folder.path().join("bookpost.toml")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// The service, and its link for setting up.
    pub(crate) async fn serve(&self) -> (Child, String) {
        self.serve_with("").await
    }

    /// With these settings too.
    pub(crate) async fn serve_with(&self, settings: &str) -> (Child, String) {
        let data = self.folder.path().join("data");
        let listen = self.origin.trim_start_matches("http://");
        let text = format!(
            "data_dir = \"{}\"\nlisten = \"{listen}\"\n{settings}\n[sending]\nehlo_name = \"books.library.example\"\n",
            data.display()
        );
        std::fs::write(self.folder.path().join("bookpost.toml"), text).unwrap();
        let mut service = self.bookpost(&["serve"]).spawn().unwrap();
        let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
        let set_up = async {
            let mut said = Vec::new();
            loop {
                let Some(line) = lines.next_line().await.unwrap() else { panic!("{}", said.join("\n")) };
                said.push(line.clone());
                if let Some((_, link)) = line.split_once("make yourself the administrator: ") {
                    return link.trim().to_owned();
                }
            }
        };
        let link = soon("the link for setting up", set_up).await;
        // What it says is not to stop it.
        tokio::spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });
        (service, link)
    }

    pub(crate) async fn set(&self, values: &[&str]) {
        self.run(&[&["preferences", "set"], values].concat(), "").await;
    }

    pub(crate) async fn password(&self, number: u8, password: &str) {
        let number = number.to_string();
        self.run(&["preferences", "password", "--server", &number, "--login", LOGIN.0], password).await;
    }

    pub(crate) async fn run(&self, words: &[&str], input: &str) {
        let mut command = self.bookpost(words).spawn().unwrap();
        let mut stdin = command.stdin.take().unwrap();
        // A command that asks for nothing may have ended by now.
        if !input.is_empty() {
            stdin.write_all(format!("{input}\n").as_bytes()).await.unwrap();
        }
        drop(stdin);
        let done = soon("a command ends", command.wait_with_output()).await.unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Has `tests/browser/SCRIPT` use the pages with what it must know; each thing that it wants is done by `fulfil`, one after the other.
    /// What it complains of; none where all went well.
    pub(crate) async fn drive(
        &self,
        script: &str,
        modules: PathBuf,
        told: &[(&str, String)],
        mut fulfil: impl AsyncFnMut(&str),
    ) -> Result<(), String> {
        let mut browser = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser").join(script))
            .env("BASE", &self.origin)
            .env("MODULES", modules)
            .envs(told.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut answers = browser.stdin.take().unwrap();
        let mut lines = BufReader::new(browser.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(wish) = line.strip_prefix("wants ") {
                fulfil(wish).await;
                answers.write_all(b"done\n").await.unwrap();
            }
        }
        let mut said = String::new();
        browser.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        if browser.wait().await.unwrap().success() { Ok(()) } else { Err(said) }
    }
}

/// An address where nobody listens.
pub(crate) fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Where `tests/peers/install` puts playwright-core and axe-core.
#[expect(clippy::disallowed_methods, reason = "./test says in the environment where peers are")]
pub(crate) fn modules() -> Option<PathBuf> {
    let modules = PathBuf::from(std::env::var_os("BOOKPOST_TEST_PEERS")?).join("node");
    let there =
        modules.join("node_modules/playwright-core").is_dir() && Path::new("/usr/bin/chromium").exists();
    there.then_some(modules)
}
