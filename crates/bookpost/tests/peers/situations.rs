//! What the first page says, and which next step it offers, in each situation that a library comes into: brought about on the program itself
//! by what its mail servers do, and seen in a browser that stays open. `tests/browser/situations.mjs` looks, and asks here for what happens.

use std::net::SocketAddr;

use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{
    bench::{Folder, LOGIN},
    peer::not_run,
    program::{Program, modules},
};

const NEW_PASSWORD: &str = "the new one";

/// The mail servers: Server 1, and Server 2 where there is one.
struct Servers {
    first: Option<Sink>,
    second: Sink,
    at: SocketAddr,
    /// What Server 1 wants to hear.
    password: &'static str,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_tells_the_truth_in_a_browser_wide_and_in_english() {
    drive("wide").await;
}

/// By keyboard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_tells_the_truth_in_a_browser_narrow_and_in_spanish() {
    drive("narrow-spanish").await;
}

async fn drive(setting: &str) {
    let Some(modules) = modules() else {
        return not_run("needs chromium and playwright-core: run tests/peers/install");
    };
    let program = Program::new(Folder::new());
    let mut servers = Servers::start().await;
    let (service, link) = program.serve().await;
    let told = [("SETTING", setting.to_owned()), ("LINK", link), ("PASSWORD_NEW", NEW_PASSWORD.to_owned())];
    let fulfil = async |wish: &str| servers.fulfil(&program, wish).await;
    let done = program.drive("situations.mjs", modules, &told, fulfil).await;
    assert!(done.is_ok(), "{}", done.unwrap_err());
    drop(service);
}

/// A server that knows some addresses, and takes mail from whoever has the password.
async fn server(port: u16, password: &str) -> Sink {
    let rule = |at, address: &str, does| Rule { at, address: Some(address.to_owned()), does, times: None };
    let gone = |n: u32| {
        let reply = Does::Reply("550 5.1.1 There is no such user".to_owned());
        rule(At::Rcpt, &format!("gone{n}@example.org"), reply)
    };
    let full = Does::Reply("452 4.2.2 The mailbox is full".to_owned());
    let mut rules: Vec<_> = (1..=3).map(gone).collect();
    rules.push(rule(At::Rcpt, "full@example.org", full));
    rules.push(Rule { times: Some(1), ..rule(At::Dot, "doubt@example.org", Does::HangUp) });
    let login = Some((LOGIN.0.to_owned(), password.to_owned()));
    Sink::start(Settings { port, rules, login, ..Settings::default() }).await.unwrap()
}

impl Servers {
    async fn start() -> Self {
        let (first, second) = (server(0, LOGIN.1).await, server(0, LOGIN.1).await);
        Self { at: first.address(), first: Some(first), second, password: LOGIN.1 }
    }

    async fn start_first(&mut self) {
        self.first = Some(server(self.at.port(), self.password).await);
    }

    async fn stop(&mut self) {
        self.first.take().unwrap().stop().await;
    }

    async fn fulfil(&mut self, program: &Program, wish: &str) {
        match wish {
            "practice" => program.set(&["sending.way=practice"]).await,
            "server 1" => {
                enter(program, 1, self.at).await;
                program.set(&["sending.way=servers"]).await;
            }
            "server 2" => enter(program, 2, self.second.address()).await,
            "server 1 to stop" => self.stop().await,
            "server 1 to start" => self.start_first().await,
            "another password" => {
                self.stop().await;
                self.password = NEW_PASSWORD;
                self.start_first().await;
            }
            wish => panic!("{wish}: nobody knows how"),
        }
    }
}

async fn enter(program: &Program, number: u8, at: SocketAddr) {
    let value = |name: &str, value: &str| format!("server{number}.{name}={value}");
    let values = [
        value("host", &at.ip().to_string()),
        value("port", &at.port().to_string()),
        value("encryption", "none"),
        value("allow_non_secure", "true"),
        value("send_password_unencrypted", "true"),
    ];
    program.set(&values.each_ref().map(String::as_str)).await;
    program.password(number, LOGIN.1).await;
}
