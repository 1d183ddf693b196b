//! Events are posted to programs that check them with the library of Standard Webhooks.

use std::{path::Path, process::Stdio};

use bookpost::cli::control::{Reply, Request, WebhooksRequest};
use serde_json::Value;
use store::{ApplicationSettings, WebhookId};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::mpsc,
};

use crate::bench::{Bench, Folder, Security, message};

/// A program that takes webhooks.
struct Receiver {
    program: Child,
    port: String,
    taken: Lines<BufReader<ChildStdout>>,
}

impl Receiver {
    async fn start(arguments: &[std::path::PathBuf]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/webhook.py");
        let mut program = Command::new("python3")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut taken = BufReader::new(program.stdout.take().unwrap()).lines();
        let port =
            taken.next_line().await.unwrap().expect("standardwebhooks is installed by tests/peers/install");
        Self { program, port, taken }
    }

    /// From here on it knows this address's secret.
    async fn is_told(&mut self, secret: &str) {
        let mut stdin = self.program.stdin.take().unwrap();
        stdin.write_all(format!("{secret}\n").as_bytes()).await.unwrap();
    }
}

async fn ask(bench: &Bench, request: WebhooksRequest) -> Reply {
    bench.app.answer(Request::Webhooks(request), mpsc::unbounded_channel().0).await
}

async fn add(bench: &Bench, url: String) -> String {
    let settings = ApplicationSettings::default();
    bench
        .app
        .store
        .add_application("test".parse().unwrap(), settings, store::Actor::CommandLine, bench.app.clock.now())
        .await
        .unwrap();
    let added = ask(bench, WebhooksRequest::Add { application: "test".into(), url, kinds: [].into() }).await;
    let Reply::NewWebhook(new) = added else { panic!("{added:?}") };
    new.secret.0
}

#[tokio::test]
async fn what_is_posted_is_signed_as_the_standard_has_it() {
    let folder = Folder::new();
    let bench = Bench::start(&folder, folder.server("127.0.0.1:1".parse().unwrap(), Security::Plain)).await;
    let mut receiver = Receiver::start(&[]).await;
    let secret = add(&bench, format!("http://127.0.0.1:{}/", receiver.port)).await;
    receiver.is_told(&secret).await;
    bench.accept(vec![message("1", &["ann@example.org"])]).await;
    let taken = receiver.taken.next_line().await.unwrap().unwrap();
    let taken: Value = serde_json::from_str(&taken).unwrap();
    assert_eq!((&taken["type"], &taken["events"][0]["type"]), (&"events".into(), &"accepted".into()));
    bench.app.stop().await.unwrap();
}

/// Whose proof of identity nobody vouches for hears nothing.
#[tokio::test]
async fn nothing_is_posted_to_who_cannot_prove_to_be_it() {
    let folder = Folder::new();
    let bench = Bench::start(&folder, folder.server("127.0.0.1:1".parse().unwrap(), Security::Plain)).await;
    let mut receiver = Receiver::start(&[folder.file("good", "cert"), folder.file("good", "key")]).await;
    let secret = add(&bench, format!("https://127.0.0.1:{}/", receiver.port)).await;
    receiver.is_told(&secret).await;
    let tested = ask(&bench, WebhooksRequest::Test(WebhookId(1))).await;
    let Reply::Failed { message, .. } = &tested else { panic!("{tested:?}") };
    assert!(message.contains("certificate"), "{message}");
    receiver.program.start_kill().unwrap();
    assert_eq!(receiver.taken.next_line().await.unwrap(), None);
    bench.app.stop().await.unwrap();
}
