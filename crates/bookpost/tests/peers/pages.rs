//! The pages in a browser, on the program itself, with two real mail servers: from the first start to a server that dies and comes back,
//! and each way in which a server can be wrong; with a mouse, without scripts on a telephone, and by keyboard. `tests/browser/servers.mjs` uses
//! the pages, and asks here for what happens to the servers.

use std::net::SocketAddr;

use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Folder, LOGIN, Security, soon},
    peer::{Peer, not_run},
    program::{Program, free, modules},
};

const ALARMS: &str = "it@library.example";

/// The servers of a library.
struct Servers {
    /// To where both hand on.
    sink: Sink,
    both: [Peer; 2],
    /// Whose certificate has run out, and is for another name.
    wrong: [Peer; 2],
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
    let program = Program::new(Folder::new());
    let Some(mut servers) = Servers::start(&program.folder).await else { return };
    let (service, link) = program.serve().await;
    let port = |peer: &Peer| peer.address.port().to_string();
    let told = [
        ("SETTING", setting.to_owned()),
        ("LINK", link),
        ("SERVER_1", port(&servers.both[0])),
        ("SERVER_2", port(&servers.both[1])),
        ("LOGIN", LOGIN.0.to_owned()),
        ("KEY", LOGIN.1.to_owned()),
        ("ALARMS", ALARMS.to_owned()),
    ];
    let fulfil = async |wish: &str| servers.fulfil(&program, wish).await;
    let done = program.drive("servers.mjs", modules, &told, fulfil).await;
    assert!(done.is_ok(), "{}\n{}", done.unwrap_err(), servers.both[0].log());
    drop(service);
}

impl Servers {
    /// None: real servers cannot be started here, which was told.
    async fn start(folder: &Folder) -> Option<Self> {
        folder.write("expired", &folder.authority().expired("127.0.0.1"));
        folder.write("other-name", &folder.authority().identity("mail.example.net"));
        let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
        let start = |name: &str, identity: &str| {
            let mut options = folder.tls(Security::StartTls, identity);
            options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
            let options: Vec<_> = options.iter().map(String::as_str).collect();
            Peer::start("postfix", &folder.path().join(name), Some(sink.address()), &options)
        };
        let both = [start("one", "good")?, start("two", "good")?];
        let wrong = [start("three", "expired")?, start("four", "other-name")?];
        Some(Self { sink, both, wrong })
    }

    async fn fulfil(&mut self, program: &Program, wish: &str) {
        match wish {
            "server 1 to stop" => self.both[0].kill(),
            "server 1 to start" => self.both[0].start_again(),
            "the alarm" => {
                let arrived = async {
                    while !self.sink.taken().iter().any(|taken| taken.to == [ALARMS]) {
                        self.sink.wait_for(self.sink.count() + 1).await;
                    }
                };
                soon("the alarm arrives", arrived).await;
            }
            "a wrong password" => program.password(2, "a guess").await,
            "an expired certificate" => use_as_second(program, self.wrong[0].address).await,
            "another name" => use_as_second(program, self.wrong[1].address).await,
            "a closed port" => use_as_second(program, free()).await,
            wish => panic!("{wish}: nobody knows how"),
        }
    }
}

async fn use_as_second(program: &Program, address: SocketAddr) {
    let (host, port) = (format!("server2.host={}", address.ip()), format!("server2.port={}", address.port()));
    program.set(&[&host, &port, "server2.encryption=starttls"]).await;
    program.password(2, LOGIN.1).await;
}
