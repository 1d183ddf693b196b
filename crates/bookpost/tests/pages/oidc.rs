//! Signing in by an OpenID Connect provider.

use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::hmac;
use axum::{
    Json, Router,
    http::StatusCode,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jiff::Timestamp;
use serde_json::{Value, json};
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

/// A provider that says of itself what it must, and counts what it is asked.
struct Counted {
    issuer: String,
    /// What it answers to a code; it takes none unless this is set otherwise.
    answer: Arc<Mutex<(StatusCode, Value)>>,
    introductions: Arc<AtomicUsize>,
    codes: Arc<AtomicUsize>,
}

impl Counted {
    async fn start(answers: bool) -> Self {
        let listener = listener().await;
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let answer = (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}));
        let answer = Arc::new(Mutex::new(answer));
        let (introductions, codes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let said = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256"],
        });
        let (asked, shown) = (Arc::clone(&introductions), Arc::clone(&codes));
        let introduce = async move || {
            asked.fetch_add(1, Ordering::Relaxed);
            if answers { Ok(Json(said)) } else { Err(StatusCode::INTERNAL_SERVER_ERROR) }
        };
        let said_to_codes = Arc::clone(&answer);
        let exchange = async move || {
            shown.fetch_add(1, Ordering::Relaxed);
            let (status, said) = said_to_codes.lock().unwrap().clone();
            (status, Json(said))
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(introduce))
            .route("/keys", get(async || Json(json!({"keys": []}))))
            .route("/token", post(exchange));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { issuer, answer, introductions, codes }
    }

    fn answers(&self, status: StatusCode, said: Value) {
        *self.answer.lock().unwrap() = (status, said);
    }

    /// An ID token (OpenID Connect Core 1.0 section 2), signed with the secret of two.
    fn token(&self, nonce: &str, ends_at: Timestamp) -> Value {
        let claims = json!({
            "iss": self.issuer, "sub": "1", "aud": "bookpost", "iat": ends_at.as_second() - 600, "exp": ends_at.as_second(),
            "nonce": nonce, "email": "administrator@library.example", "email_verified": true,
        });
        let [header, claims] =
            [json!({"alg": "HS256"}), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret of two");
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        json!({"access_token": "a", "token_type": "Bearer", "id_token": format!("{signed}.{tag}")})
    }

    fn counts(&self) -> [usize; 2] {
        [&self.introductions, &self.codes].map(|count| count.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_not_asked_for_everybody_who_comes() {
    let provider = Counted::start(false).await;
    let (bench, _secret) = bench(&provider.issuer, listener().await).await;
    for _ in 0..5 {
        assert_eq!(bench.get("nobody", "/sign-in/oidc").await.status, 403);
    }
    assert_eq!(provider.counts(), [1, 0]);
    bench.pass(1);
    bench.get("nobody", "/sign-in/oidc").await;
    assert_eq!(provider.counts(), [2, 0], "it may be there again");
    bench.stop().await;
}

/// The others are answered at once.
#[tokio::test]
async fn no_more_than_a_few_wait_for_a_provider_that_hangs() {
    let hanging = listener().await;
    let (bench, _secret) =
        bench(&format!("http://{}", hanging.local_addr().unwrap()), listener().await).await;
    let all = (0..40).map(|_| bench.get("nobody", "/sign-in/oidc"));
    let mut asked = all.collect::<FuturesUnordered<_>>();
    for _ in 32..40 {
        let answer = asked.next().await.unwrap();
        assert!(answer.status == 503 && answer.text.contains("Too many people"), "{}", answer.text);
    }
    drop(asked);
    assert_eq!(bench.get("administrator", "/").await.status, 200);
    bench.stop().await;
}

#[tokio::test]
async fn codes_that_are_none_are_not_shown_to_the_provider_for_ever() {
    let provider = Counted::start(true).await;
    let (bench, _secret) = bench(&provider.issuer, listener().await).await;
    let going = begun(&bench).await;
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(back(&bench, &going).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 403, 429, 429, 429]);
    assert_eq!(provider.counts(), [1, 6], "and it is not asked for its keys each time");
    bench.stop().await;
}

/// Behind a school's one address all would wait.
#[tokio::test]
async fn for_what_the_provider_does_wrong_nobody_waits() {
    let provider = Counted::start(true).await;
    let (bench, _secret) = bench(&provider.issuer, listener().await).await;
    let going = begun(&bench).await;
    for (status, said) in [
        (StatusCode::INTERNAL_SERVER_ERROR, json!("out of order")),
        (StatusCode::UNAUTHORIZED, json!({"error": "invalid_client"})),
        (StatusCode::OK, json!({"access_token": "a", "token_type": "Bearer"})),
        (StatusCode::OK, provider.token("another", bench.now())),
    ] {
        provider.answers(status, said.clone());
        for _ in 0..7 {
            assert_eq!(back(&bench, &going).await.status, 403, "{said}");
        }
    }
    provider.answers(StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}));
    assert_eq!(back(&bench, &going).await.status, 403);
    bench.stop().await;
}

/// By the clock that all else goes by.
#[tokio::test]
async fn a_token_that_has_run_out_signs_nobody_in() {
    let provider = Counted::start(true).await;
    let (bench, _secret) = bench(&provider.issuer, listener().await).await;
    let going = begun(&bench).await;
    for (seconds, status) in [(-1, 403), (60, 303)] {
        let ends_at = bench.now() + jiff::SignedDuration::from_secs(seconds);
        provider.answers(StatusCode::OK, provider.token(&going.nonce, ends_at));
        let answer = back(&bench, &going).await;
        assert_eq!(answer.status, status, "{seconds}: {}", answer.text);
    }
    bench.stop().await;
}

/// Somebody who is on their way to the provider.
struct Going {
    cookie: String,
    state: String,
    nonce: String,
}

async fn begun(bench: &Bench) -> Going {
    let answer = bench.get("nobody", "/sign-in/oidc").await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let of = |name: &str| {
        let (_, value) = answer.header("location").split_once(&format!("{name}=")).unwrap();
        value.split('&').next().unwrap().to_owned()
    };
    Going { cookie, state: of("state"), nonce: of("nonce") }
}

/// They come back with a code.
async fn back(bench: &Bench, going: &Going) -> Answer {
    let path = format!("/sign-in/oidc/back?code=x&state={}", going.state);
    Answer::of(bench.client.get(format!("{}{path}", bench.origin)).header("cookie", &going.cookie)).await
}

/// Anybody can lead a browser to where people come back.
#[tokio::test]
async fn what_the_provider_refuses_is_told_to_whoever_has_asked_it() {
    let provider = Counted::start(true).await;
    let (bench, _secret) = bench(&provider.issuer, listener().await).await;
    let Going { cookie, state, .. } = begun(&bench).await;
    for (cookie, state, said) in [
        (&*cookie, &*state, "did not sign you in"),
        (&cookie, "other", "begun in another browser"),
        ("", &state, "begun in another browser"),
    ] {
        let path = format!("/sign-in/oidc/back?error=access_denied&state={state}");
        let request = bench.client.get(format!("{}{path}", bench.origin)).header("cookie", cookie);
        let answer = Answer::of(request).await;
        assert!(answer.status == 403 && answer.text.contains(said), "{}", answer.text);
    }
    bench.stop().await;
}
