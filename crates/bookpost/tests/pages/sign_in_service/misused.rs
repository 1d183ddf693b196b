//! What somebody does with what is not theirs, or twice.

use std::{
    io,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::net::TcpListener;
use tracing::Level;

use bookpost::cli::control::{BrokerRequest, Reply};
use serde_json::{Value, json};
use testkit::provider::{CLIENT, Person};

use super::{GOOGLE, LIBRARY, PAGE, Places, VERIFIER, WHO, command, kept, on, places, something_else};
use crate::bench::{Answer, Bench, servers};

/// With one bit in its middle turned.
pub(super) fn turned(sealed: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(sealed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    URL_SAFE_NO_PAD.encode(bytes)
}

fn value(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1
}

/// Nothing that is sealed is taken where another thing belongs, nor with a bit turned.
#[tokio::test]
async fn what_is_sealed_for_one_step_opens_no_other() {
    let places = places().await;
    let (_, to) = places.begun().await;
    let ticket = to.split_once("?ticket=").unwrap().1.to_owned();
    let page = places.at_district(&to, "").await;
    let cookie = kept(&page);
    let name = cookie.split_once('=').unwrap().0.to_owned();
    let handoff = places.handoff().await;
    let district = &places.district.origin;
    for wrong in [&turned(&ticket), value(&cookie), &handoff] {
        let there = places.at_district(&format!("{district}/sign-in-service?ticket={wrong}"), "").await;
        assert_eq!(there.status, 410, "{}", there.text);
    }
    for wrong in [&turned(value(&cookie)), &ticket, &handoff] {
        let gone =
            places.at_district(&format!("{district}{}", on(&page.text)), &format!("{name}={wrong}")).await;
        assert_eq!((gone.status, gone.header("location")), (410, ""));
    }
    for wrong in [&turned(&handoff), &ticket, value(&cookie)] {
        assert_eq!(places.fetch(&places.key, wrong, VERIFIER).await, (422, "stale".to_owned()));
    }
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await.0, 200, "as it is it does");
    places.stop().await;
}

/// However often a browser comes back with one beginning, one handoff of it is fetched, and its age counts from the first.
#[tokio::test]
async fn one_beginning_is_fetched_once_and_in_time() {
    let places = places().await;
    let begin = async || {
        let (status, begun) = places.ask(&places.key, "begin", places.beginning()).await;
        assert_eq!(status, 200, "{begun}");
        begun["to"].as_str().unwrap().to_owned()
    };
    let handoff = |home: &str| {
        let query = home.split_once('?').unwrap().1.to_owned();
        let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).map(ToOwned::to_owned);
        code.unwrap()
    };
    let to = begin().await;
    let (one, there) = places.passed(&to).await;
    let first = handoff(&places.returned(&one, &there, &Person::new(LIBRARY)).await);
    places.pass(3);
    // The cookie was copied, and the link opened a second time.
    let again = handoff(&places.returned(&one, &there, &Person::new("eve@school.example")).await);
    let (two, there_again) = places.passed(&to).await;
    let second = handoff(&places.returned(&two, &there_again, &Person::new("eve@school.example")).await);
    places.pass(3);
    let too_late = (422, "stale".to_owned());
    for late in [&first, &again, &second] {
        assert_eq!(places.fetch(&places.key, late, VERIFIER).await, too_late, "older than the first return");
    }
    let to = begin().await;
    let (one, there) = places.passed(&to).await;
    let first = handoff(&places.returned(&one, &there, &Person::new(LIBRARY)).await);
    let again = handoff(&places.returned(&one, &there, &Person::new("eve@school.example")).await);
    assert_eq!(places.fetch(&places.key, &first, VERIFIER).await.0, 200);
    assert_eq!(places.fetch(&places.key, &again, VERIFIER).await, too_late);
    // Nor is anybody led back with it any more.
    let (code, state) = places.provider.agree(&there, &Person::new("eve@school.example")).unwrap();
    let gone = places.at_district(&places.back(&format!("code={code}&state={state}")), &one).await;
    assert_eq!((gone.status, gone.header("location")), (410, ""));
    places.stop().await;
}

/// Where a provider says that it names itself, nobody else leads anybody through (RFC 9207).
#[tokio::test]
async fn another_provider_leads_nobody_through() {
    let places = places().await;
    places.provider.introduces("authorization_response_iss_parameter_supported", json!(true));
    let (_, to) = places.begun().await;
    let (cookie, there) = places.passed(&to).await;
    let (code, state) = places.provider.agree(&there, &Person::new(LIBRARY)).unwrap();
    for iss in ["", "&iss=https%3A%2F%2Fevil.example"] {
        let gone =
            places.at_district(&places.back(&format!("code={code}&state={state}{iss}")), &cookie).await;
        assert_eq!((gone.status, gone.header("location")), (410, ""), "{iss}");
    }
    let back = places.back(&format!("code={code}&state={state}&iss={}", places.provider.issuer()));
    assert_eq!(places.at_district(&back, &cookie).await.status, 303);
    places.stop().await;
}

/// Whoever guesses waits, is told so, and keeps nobody out.
#[tokio::test]
async fn whoever_guesses_at_keys_keeps_nobody_out() {
    let places = places().await;
    let about = async |key: &str| {
        let address = format!("{}/api/sign-in-service/about", places.district.origin);
        let answer = Answer::of(places.district.client.get(address).bearer_auth(key)).await;
        let said: Value = serde_json::from_str(&answer.text).unwrap();
        (answer.status, said["error"].clone())
    };
    let mut refused = Vec::new();
    for number in 0..8 {
        refused.push(about(&format!("bp_{number}")).await);
    }
    assert_eq!(refused[0], (401, json!("key")));
    assert_eq!(refused[7], (429, json!("too_often")));
    assert_eq!(about(&places.key).await, (200, Value::Null));
    places.stop().await;
}

/// A service that no browser finds serves nobody.
#[tokio::test]
async fn a_district_without_an_address_gives_out_no_keys() {
    let bench = Bench::start(servers()).await;
    let request = BrokerRequest::Add { name: "School".to_owned(), address: "https://a.example".to_owned() };
    let Reply::Failed { message, .. } = command(&bench, request).await else { panic!("it was added") };
    assert!(message.contains("public_address"), "{message}");
    assert!(bench.app.store.installations(bench.now()).await.unwrap().is_empty());
    bench.stop().await;
}

/// In one line, not too long, and in the direction in which it is written: of whoever runs the service by the service, and by whoever asks it.
#[tokio::test]
async fn what_a_service_says_of_itself_is_what_it_seems_to_be() {
    let Places { district, school, key, _folders, .. } = places().await;
    let name = format!("\u{202e}loohcS\u{202c}{}", "\u{e9}".repeat(1_000));
    let mut config = (*district.app.settings.now()).clone();
    config.library.clone_from(&name);
    district.app.settings.replace(config);
    let asked = district.client.get(format!("{}/api/sign-in-service/about", district.origin));
    let about: Value = serde_json::from_str(&Answer::of(asked.bearer_auth(&key)).await.text).unwrap();
    assert_eq!(about["name"], json!(format!("loohcS{}", "\u{e9}".repeat(94))));
    let address = district.origin.trim_start_matches("http://").to_owned();
    district.stop().await;
    let said = json!({ "name": name, "installation": name, "returns_to": name, "providers": ["google"] });
    let other = something_else(TcpListener::bind(&address).await.unwrap(), 200, said.to_string());
    let page = school.post(WHO, &format!("{PAGE}/service/test"), "").await.text;
    assert!(page.contains("loohcS"), "{page}");
    let long = "\u{e9}".repeat(101);
    assert!(!["\u{202e}", "\u{202c}", &long].into_iter().any(|part| page.contains(part)), "{page}");
    other.abort();
    school.stop().await;
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_tells_a_token_a_key_or_a_code() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let places = places().await;
    places.connected().await;
    let (cookie, _) = places.begun().await;
    let token = places.school.app.accounts.shown(GOOGLE).await.unwrap().token;
    for (status, error) in [(200, "none"), (503, "away"), (401, "invalid_client"), (400, "invalid_grant")] {
        places.pass(61);
        if status != 200 {
            places.provider.answers(status, json!({ "error": error }));
        }
        let _ = places.school.app.accounts.shown(GOOGLE).await;
    }
    let handoff = places.handoff().await;
    for key in [&*places.key, "bp_x", "bp_another-key-that-is-none"] {
        places.fetch(key, &handoff, "wrong").await;
        places
            .ask(key, "renew", json!({ "question": "q", "provider": "google", "token": "later-0001" }))
            .await;
    }
    places.school.app.accounts.disconnect(GOOGLE, store::Actor::CommandLine).await.unwrap();
    let said = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(said.contains("the mail provider gave no token"), "it listens: {said}");
    let secret = places.key.rsplit('_').next().unwrap();
    for secret in [
        "token-00",
        "later-00",
        "code-00",
        &**token,
        CLIENT.1,
        VERIFIER,
        secret,
        &handoff,
        value(&cookie),
        LIBRARY,
    ] {
        let told: Vec<_> = said.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{secret}: {told:?}");
    }
    places.stop().await;
}
