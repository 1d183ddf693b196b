//! Signing in by an OpenID Connect provider.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, process::Stdio};

use store::{Actor, Role};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
};

use crate::{
    bench::{Answer, Bench, listener, servers},
    browser,
};

/// The folder holds the secret that Bookpost shares with the provider.
async fn bench(issuer: &str, listener: TcpListener) -> (Bench, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&secret)
        .unwrap()
        .write_all(b"a secret of two")
        .unwrap();
    let file = format!(
        "public_address = \"http://{}\"\n[oidc]\nname = \"Riverside Schools\"\nissuer = \"{issuer}\"\n\
         client_id = \"bookpost\"\nclient_secret_file = \"{}\"\n",
        listener.local_addr().unwrap(),
        secret.display()
    );
    let mut bench = Bench::at(listener, servers(), &file).await;
    bench.person("administrator", Role::Administrator, None).await;
    (bench, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_by_a_provider_in_a_browser() {
    let Some(modules) = browser::modules() else { return browser::not_run("oidc.mjs") };
    let listener = listener().await;
    let back = format!("http://{}/sign-in/oidc/back", listener.local_addr().unwrap());
    let mut provider = tokio::process::Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/openid.mjs"))
        .env("MODULES", modules)
        .env("REDIRECT", back)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(provider.stdout.take().unwrap()).lines();
    let issuer = lines.next_line().await.unwrap().unwrap();
    let (mut bench, _secret) = bench(&issuer, listener).await;
    let former = bench.person("former", Role::Manager, None).await;
    bench.app.store.disable_person(former, Actor::CommandLine, bench.now()).await.unwrap();
    browser::drive("oidc.mjs", &bench, &[]).await;
    bench.stop().await;
}

/// The provider is asked nothing: what comes back was not begun.
#[tokio::test]
async fn what_was_not_begun_here_signs_nobody_in() {
    let (bench, _secret) = bench("http://127.0.0.1:9", listener().await).await;
    for cookie in ["", "bookpost-oidc=", "bookpost-oidc=AAAA", "bookpost-oidc=%"] {
        let request = bench.client.get(format!("{}/sign-in/oidc/back?code=a&state=b", bench.origin));
        let answer = Answer::of(request.header("cookie", cookie)).await;
        assert_eq!(answer.status, 403, "{cookie}");
        assert!(answer.text.contains("begun in another browser"), "{}", answer.text);
        assert!(!answer.header("set-cookie").starts_with("bookpost="), "{cookie}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_and_passwords_work_on() {
    let (bench, _secret) = bench("http://127.0.0.1:9", listener().await).await;
    let answer = bench.get("nobody", "/sign-in/oidc?next=/queue").await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("Riverside Schools cannot be asked at the moment"), "{}", answer.text);
    assert!(bench.get("nobody", "/sign-in").await.text.contains("/sign-in/oidc?next="));
    assert_eq!(bench.get("administrator", "/").await.status, 200);
    bench.stop().await;
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_page() {
    let bench = Bench::start(servers()).await;
    assert!(!bench.get("nobody", "/sign-in").await.text.contains("oidc"));
    for path in ["/sign-in/oidc", "/sign-in/oidc/back?code=a&state=b"] {
        assert_eq!(bench.get("nobody", path).await.status, 404, "{path}");
    }
    bench.stop().await;
}
