//! The pages in a browser, on the program itself, with two real mail servers: from the first start to a server that dies and comes back,
//! and each way in which a server can be wrong; with a mouse, without scripts on a telephone, and by keyboard. `tests/browser/servers.mjs` uses
//! the pages, and asks here for what happens to the servers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
};

use testkit::sink::{Settings, Sink};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    bench::{Folder, LOGIN, Security, soon},
    peer::{Peer, not_run},
};

const ALARMS: &str = "it@library.example";

/// The program with its servers.
struct Library {
    folder: Folder,
    /// To where both servers hand on.
    sink: Sink,
    servers: [Peer; 2],
    /// Servers whose certificate has run out, and is for another name.
    wrong: [Peer; 2],
    origin: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_set_up_and_fail_in_a_browser_with_a_mouse() {
    drive("mouse").await;
}

/// On a telephone, in Spanish.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_set_up_and_fail_in_a_browser_without_scripts() {
    drive("no-script").await;
}

/// On a telephone, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_set_up_and_fail_in_a_browser_by_keyboard() {
    drive("keyboard").await;
}

/// All of it, by somebody who uses the pages so.
async fn drive(setting: &str) {
    let Some(modules) = modules() else {
        return not_run("needs chromium and playwright-core: run tests/peers/install");
    };
    let Some(mut library) = Library::new().await else { return };
    let (service, link) = library.serve().await;
    let mut browser = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/servers.mjs"))
        .env("SETTING", setting)
        .env("BASE", &library.origin)
        .env("LINK", link)
        .env("SERVER_1", library.servers[0].address.port().to_string())
        .env("SERVER_2", library.servers[1].address.port().to_string())
        .envs([("LOGIN", LOGIN.0), ("KEY", LOGIN.1), ("ALARMS", ALARMS)])
        .env("MODULES", modules)
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
            library.fulfil(wish).await;
            answers.write_all(b"done\n").await.unwrap();
        }
    }
    let mut said = String::new();
    browser.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert!(browser.wait().await.unwrap().success(), "{said}\n{}", library.servers[0].log());
    drop(service);
}

impl Library {
    /// None: real servers cannot be started here, which was told.
    async fn new() -> Option<Self> {
        let folder = Folder::new();
        folder.write("expired", &folder.authority().expired("127.0.0.1"));
        folder.write("other-name", &folder.authority().identity("mail.example.net"));
        let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
        let start = |name: &str, identity: &str| {
            let mut options = folder.tls(Security::StartTls, identity);
            options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
            let options: Vec<_> = options.iter().map(String::as_str).collect();
            Peer::start("postfix", &folder.path().join(name), Some(sink.address()), &options)
        };
        let servers = [start("one", "good")?, start("two", "good")?];
        let wrong = [start("three", "expired")?, start("four", "other-name")?];
        let origin = format!("http://{}", free());
        Some(Self { folder, sink, servers, wrong, origin })
    }

    fn bookpost(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bookpost"));
        // As where the authority of the library is one of those that the computer trusts.
        command.env_clear().env("SSL_CERT_FILE", self.folder.path().join("ca.pem"));
        command.arg("--config").arg(self.folder.path().join("bookpost.toml")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// The service, and its link for setting up.
    async fn serve(&self) -> (Child, String) {
        let data = self.folder.path().join("data");
        let listen = self.origin.trim_start_matches("http://");
        let text = format!(
            "data_dir = \"{}\"\nlisten = \"{listen}\"\n[sending]\nehlo_name = \"books.library.example\"\n",
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

    async fn fulfil(&mut self, wish: &str) {
        match wish {
            "server 1 to stop" => self.servers[0].kill(),
            "server 1 to start" => self.servers[0].start_again(),
            "the alarm" => {
                let arrived = async {
                    while !self.sink.taken().iter().any(|taken| taken.to == [ALARMS]) {
                        self.sink.wait_for(self.sink.count() + 1).await;
                    }
                };
                soon("the alarm arrives", arrived).await;
            }
            "a wrong password" => self.password(2, "a guess").await,
            "an expired certificate" => self.server(2, self.wrong[0].address).await,
            "another name" => self.server(2, self.wrong[1].address).await,
            "a closed port" => {
                let nobody = free();
                self.server(2, nobody).await;
            }
            wish => panic!("{wish}: nobody knows how"),
        }
    }

    async fn server(&self, number: u8, address: SocketAddr) {
        let host = format!("server{number}.host={}", address.ip());
        let port = format!("server{number}.port={}", address.port());
        self.set(&[&host, &port, &format!("server{number}.encryption=starttls")]).await;
        self.password(number, LOGIN.1).await;
    }

    async fn set(&self, values: &[&str]) {
        self.run(&[&["preferences", "set"], values].concat(), "").await;
    }

    async fn password(&self, number: u8, password: &str) {
        let number = number.to_string();
        self.run(&["preferences", "password", "--server", &number, "--login", LOGIN.0], password).await;
    }

    async fn run(&self, words: &[&str], input: &str) {
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
}

/// An address where nobody listens.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Where `tests/peers/install` puts playwright-core and axe-core.
#[expect(clippy::disallowed_methods, reason = "./test says in the environment where peers are")]
fn modules() -> Option<PathBuf> {
    let modules = PathBuf::from(std::env::var_os("BOOKPOST_TEST_PEERS")?).join("node");
    let there =
        modules.join("node_modules/playwright-core").is_dir() && Path::new("/usr/bin/chromium").exists();
    there.then_some(modules)
}
