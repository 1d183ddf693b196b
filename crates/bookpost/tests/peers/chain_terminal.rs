//! Somebody signs in at a mail provider (`chain.rs`) from a terminal, on a server without a browser: the browser is elsewhere.
//! `tests/browser/chain_terminal.mjs` uses it.

use std::process::Output;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStderr},
};

use crate::{
    bench::{Folder, soon},
    chain::{Provider, client},
    peer::not_run,
    program::{Program, modules},
};

/// A command that has begun.
struct Terminal {
    command: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Terminal {
    fn open(program: &Program, words: &[&str]) -> Self {
        let mut command = program.bookpost(words).spawn().unwrap();
        let said = BufReader::new(command.stderr.take().unwrap()).lines();
        Self { command, said }
    }

    /// The next line that begins so.
    async fn says(&mut self, beginning: &str) -> String {
        let line = async {
            loop {
                let line = self.said.next_line().await.unwrap().unwrap();
                if line.trim_start().starts_with(beginning) {
                    return line.trim().to_owned();
                }
            }
        };
        soon(beginning, line).await
    }

    async fn next(&mut self) -> String {
        soon("a line", self.said.next_line()).await.unwrap().unwrap()
    }

    /// What it came to.
    async fn ends(self) -> Output {
        let Self { command, said } = self;
        let mut done = soon("the command ends", command.wait_with_output()).await.unwrap();
        let mut rest = String::new();
        said.into_inner().read_to_string(&mut rest).await.unwrap();
        done.stderr = rest.into_bytes();
        done
    }
}

/// The program with both providers, in whose place the same one stands.
async fn begun() -> Option<(Program, Provider, Child)> {
    let modules = modules()?;
    let program = Program::new(Folder::new());
    let provider = Provider::start(&modules, &format!("{}/preferences/sign-in/back", program.origin)).await;
    let both = ["google", "microsoft"].map(|name| client(&program, name, &provider));
    let settings = format!("public_address = \"{}\"\n{}", program.origin, both.concat());
    let (service, _) = program.serve_with(&settings).await;
    Some((program, provider, service))
}

fn needs() {
    not_run("needs chromium, playwright-core and oidc-provider: run tests/peers/install");
}

async fn browse(program: &Program, told: &[(&str, String)], carried: impl AsyncFnMut(&str)) {
    let done = program.drive("chain_terminal.mjs", modules().unwrap(), told, carried).await;
    assert!(done.is_ok(), "{}", done.unwrap_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_carried_from_a_browser_to_the_terminal() {
    let Some((program, provider, service)) = begun().await else { return needs() };
    let mut terminal = Terminal::open(&program, &["preferences", "connect", "google"]);
    let address = terminal.says(&provider.issuer).await;
    let port = program.origin.rsplit(':').next().unwrap();
    assert_eq!(terminal.says("ssh ").await, format!("ssh -L {port}:127.0.0.1:{port} LOGIN@COMPUTER"));
    let told = [("ADDRESS", address), ("CODE", String::new()), ("ANSWER", "yes".to_owned())];
    let mut input = terminal.command.stdin.take().unwrap();
    browse(&program, &told, async |address| {
        input.write_all(format!("{address}\n").as_bytes()).await.unwrap();
    })
    .await;
    let done = terminal.ends().await;
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.starts_with("Google: connected as library@school.example since "), "{said}");
    assert!(
        said.contains("renewed next: ") && said.contains("\n3 of 3 boxes ticked: openid email"),
        "{said}"
    );
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_typed_in_a_browser_and_the_terminal_knows() {
    let Some((program, _provider, service)) = begun().await else { return needs() };
    let connect = ["preferences", "connect", "microsoft", "--device-code"];
    for (answer, status, expected) in [("no", 65, "access_denied"), ("yes", 0, "connected as")] {
        let mut terminal = Terminal::open(&program, &connect);
        let address = terminal.says("http").await;
        let code = terminal.next().await;
        let told = [("ADDRESS", address), ("CODE", code), ("ANSWER", answer.to_owned())];
        browse(&program, &told, async |_| {}).await;
        let done = terminal.ends().await;
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        assert!(done.status.code() == Some(status) && said.contains(expected), "{said}");
    }
    drop(service);
}
