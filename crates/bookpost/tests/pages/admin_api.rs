//! The API for administrators: who may do what, that nothing is lost where two change at once, and that no secret is told twice.

use rand::{SeedableRng as _, rngs::StdRng};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use store::{Actor, Deed};

use bookpost::identity::Key;

use crate::bench::{Answer, Bench, email, notice, servers};

const ROLES: [&str; 3] = ["viewer", "manager", "administrator"];

/// Method, path beneath `/api/v1/admin`, body, and what an administrator is answered. Everybody else may not.
const CALLS: [(&str, &str, &str, u16); 33] = [
    ("GET", "/preferences", "", 200),
    ("PATCH", "/preferences", r#"{"library": "Riverside"}"#, 200),
    ("POST", "/preferences/undo", "", 200),
    ("POST", "/preferences/test", r#"{"server": 1}"#, 409),
    ("GET", "/preferences/history", "", 200),
    ("POST", "/preferences/import", "", 200),
    ("GET", "/preferences/suggest?address=x", "", 400),
    ("GET", "/status", "", 200),
    ("GET", "/today", "", 200),
    ("GET", "/queue?state=held&to=@example.org&limit=2", "", 200),
    ("GET", "/queue/counts?site=MAIN", "", 200),
    ("GET", "/queue/messages/1", "", 404),
    ("POST", "/queue/decide", r#"{"action": "hold", "matching": {"state": "waiting"}}"#, 200),
    ("GET", "/sites", "", 200),
    ("POST", "/sites", r#"{"code": "WEST", "name": "West", "email": "west@library.example"}"#, 200),
    ("PATCH", "/sites/WEST", r#"{"phone": "555"}"#, 200),
    ("PUT", "/sites/WEST/logo", r#"{"picture": "iVBORw0KGgoAAAANSUhEUgAAAHgAAAAoAAAAAElFTkSuQmCC"}"#, 204),
    ("GET", "/sites/WEST/logo", "", 200),
    ("DELETE", "/sites/WEST/logo", "", 204),
    ("DELETE", "/sites/WEST", "", 200),
    ("GET", "/programs", "", 200),
    ("POST", "/programs", r#"{"name": "Tracker"}"#, 200),
    ("GET", "/programs/Tracker", "", 200),
    ("PATCH", "/programs/Tracker", r#"{"per_minute": 7}"#, 200),
    ("POST", "/programs/Tracker/disable", "", 200),
    ("POST", "/programs/Tracker/enable", "", 200),
    ("POST", "/programs/Tracker/keys", "", 200),
    ("DELETE", "/programs/Tracker/keys/absent", "", 404),
    ("GET", "/people", "", 200),
    ("POST", "/people", r#"{"email": "new@library.example", "name": "New", "role": "viewer"}"#, 200),
    ("GET", "/log", "", 200),
    ("POST", "/sending/pause", "", 200),
    ("POST", "/sending/resume", "{}", 200),
];

/// A new key of this person's own.
pub(crate) async fn key(bench: &Bench, who: &str) -> String {
    let store = &bench.app.store;
    let person = store.person_of(&email(who).parse().unwrap()).await.unwrap();
    let key = Key::draw(&mut rand::make_rng::<StdRng>());
    store.add_person_key(person.id, key.stored(), Actor::CommandLine, bench.now()).await.unwrap();
    key.whole().to_string()
}

fn call(bench: &Bench, key: &str, method: &str, path: &str, body: &str) -> RequestBuilder {
    let url = format!("{}/api/v1/admin{path}", bench.origin);
    let request = bench.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
    let request = request.bearer_auth(key).header("if-match", "*");
    if body.is_empty() {
        return request;
    }
    request.header("content-type", "application/json").body(body.to_owned())
}

async fn ask(bench: &Bench, key: &str, method: &str, path: &str, body: &str) -> Answer {
    Answer::of(call(bench, key, method, path, body)).await
}

#[tokio::test]
async fn every_role_and_every_call() {
    let bench = Bench::of_file("").await;
    let mut dice = StdRng::seed_from_u64(7);
    let unknown = Key::draw(&mut dice).whole().to_string();
    let mut keys = Vec::new();
    for role in ROLES {
        keys.push(key(&bench, role).await);
    }
    for (method, path, body, administrator) in CALLS {
        for (role, key) in ROLES.iter().zip(&keys) {
            let answer = ask(&bench, key, method, path, body).await;
            let expected = if *role == "administrator" { administrator } else { 403 };
            assert_eq!(answer.status, expected, "{role}: {method} {path}: {}", answer.text);
        }
        let answer = ask(&bench, &unknown, method, path, body).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        let url = format!("{}/api/v1/admin{path}", bench.origin);
        let without = bench.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        assert_eq!(Answer::of(without).await.status, 401, "{method} {path}");
    }
    bench.stop().await;
}

/// A call that is not in the table above is not there.
#[tokio::test]
async fn every_call_of_the_document_has_a_row() {
    let bench = Bench::of_file("").await;
    let document: Value = serde_json::from_str(&bench.get("nobody", "/api/openapi.json").await.text).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut count = 0;
    for (path, calls) in paths.iter().filter(|(path, _)| path.starts_with("/api/v1/admin/")) {
        for (method, call) in calls.as_object().unwrap() {
            assert_eq!(call["security"], json!([{ "own_key": [] }]), "{method} {path}");
            count += 1;
        }
    }
    // Six about a person are asked for below.
    assert_eq!(count, CALLS.len() + 6);
    bench.stop().await;
}

#[tokio::test]
async fn a_person_is_changed_and_a_disabled_one_opens_nothing() {
    let bench = Bench::of_file("").await;
    let (own, managers) = (key(&bench, "administrator").await, key(&bench, "manager").await);
    let of = |what: &str| format!("/people/{}{what}", email("manager"));
    assert_eq!(ask(&bench, &managers, "PATCH", &of(""), r#"{"role": "administrator"}"#).await.status, 403);
    assert_eq!(ask(&bench, &managers, "POST", &of("/disable"), "").await.status, 403);
    assert_eq!(ask(&bench, &managers, "POST", &of("/enable"), "").await.status, 403);
    assert_eq!(
        ask(&bench, &own, "PATCH", &of(""), r#"{"role": "administrator", "sites": []}"#).await.status,
        200
    );
    assert_eq!(ask(&bench, &managers, "GET", "/log", "").await.status, 200, "at once");
    for (method, what) in [("GET", "/sessions"), ("POST", "/sign-out"), ("POST", "/reset-link")] {
        let viewers = key(&bench, "viewer").await;
        assert_eq!(ask(&bench, &viewers, method, &of(what), "").await.status, 403, "{what}");
        let answer = ask(&bench, &own, method, &of(what), "").await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        assert_eq!(answer.text.contains("/reset?code="), what == "/reset-link", "{}", answer.text);
    }
    let signed_in = bench.get("manager", "/").await;
    assert_eq!(signed_in.status, 303, "signed out everywhere");
    assert_eq!(ask(&bench, &own, "POST", &of("/disable"), "").await.status, 200);
    assert_eq!(ask(&bench, &managers, "GET", "/log", "").await.status, 401);
    assert_eq!(ask(&bench, &own, "POST", &of("/enable"), "").await.status, 200);
    assert_eq!(ask(&bench, &managers, "GET", "/log", "").await.status, 401, "its keys are revoked for good");
    assert_eq!(ask(&bench, &own, "PATCH", &of(""), r#"{"role": "viewer"}"#).await.status, 200);
    let last = format!("/people/{}/disable", email("administrator"));
    let refused = ask(&bench, &own, "POST", &last, "").await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(ask(&bench, &own, "POST", "/people/nobody@library.example/disable", "").await.status, 404);
    bench.stop().await;
}

#[tokio::test]
async fn who_has_not_seen_the_last_change_is_told() {
    let bench = Bench::of_file("").await;
    let own = key(&bench, "administrator").await;
    let seen = ask(&bench, &own, "GET", "/preferences", "").await;
    let tag = seen.header("etag").to_owned();
    assert_eq!(tag, "\"0\"");
    let body = |name: &str| json!({ "library": name }).to_string();
    let change = async |tag: Option<&str>, name: &str| {
        let url = format!("{}/api/v1/admin/preferences", bench.origin);
        let request = bench.client.patch(url).bearer_auth(&own).header("content-type", "application/json");
        let request = tag.iter().fold(request, |request, tag| request.header("if-match", *tag));
        Answer::of(request.body(body(name))).await
    };
    assert_eq!(change(None, "A").await.status, 428);
    let changed = change(Some(&tag), "Riverside").await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"1\""), "{}", changed.text);
    let late = change(Some(&tag), "Hill").await;
    assert_eq!(
        (late.status, late.header("content-type")),
        (412, "application/problem+json"),
        "{}",
        late.text
    );
    assert_eq!(bench.app.settings.now().library, "Riverside", "it holds at once, and nothing is lost");
    assert_eq!(change(Some("x"), "Hill").await.status, 400);
    let url = format!("{}/api/v1/admin/preferences/undo", bench.origin);
    let undo = bench.client.post(url).bearer_auth(&own).header("if-match", "\"0\"");
    assert_eq!(Answer::of(undo).await.status, 412);
    for (body, status) in [
        (r#"{"server1.port": 70000}"#, 422),
        (r#"{"server1.hst": "a"}"#, 422),
        (r#"{"data_dir": "/tmp"}"#, 422),
        ("[]", 422),
        ("{", 400),
    ] {
        let answer = ask(&bench, &own, "PATCH", "/preferences", body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_secret_is_told_once_or_never() {
    let bench = Bench::of_file("").await;
    let own = key(&bench, "administrator").await;
    let servers = json!({ "sending.way": "practice", "server1.host": "smtp.example", "server1.login": "l",
        "server1.password": "open sesame" });
    let changed = ask(&bench, &own, "PATCH", "/preferences", &servers.to_string()).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    ask(&bench, &own, "POST", "/programs", r#"{"name": "Tracker"}"#).await;
    let made: Value =
        serde_json::from_str(&ask(&bench, &own, "POST", "/programs/Tracker/keys", "").await.text).unwrap();
    let password = made["password"].as_str().unwrap();
    let of_own = own.rsplit('_').next().unwrap();
    for path in ["/preferences", "/programs", "/programs/Tracker", "/people", "/log"] {
        let text = ask(&bench, &own, "GET", path, "").await.text;
        for secret in ["open sesame", "sealed", password, of_own] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
    }
    assert!(!changed.text.contains("open sesame"), "{}", changed.text);
    let elsewhere = r#"{"server1.host": "evil.example"}"#;
    let elsewhere = ask(&bench, &own, "PATCH", "/preferences", elsewhere).await;
    let (status, said) = (elsewhere.status, elsewhere.text);
    assert!(
        status == 422 && said.contains("the password of Server 1 was entered for another server"),
        "{said}"
    );
    let log = bench.app.store.audit(store::AuditFilter::default(), None, 50).await.unwrap();
    let person = |who: &Actor| matches!(who, Actor::Person { name, .. } if name.as_str() == "administrator");
    for what in [Deed::PreferenceChanged, Deed::ProgramAdded, Deed::ProgramKeyMade] {
        assert!(log.iter().any(|line| line.what == what && person(&line.who)), "{what:?}: {log:?}");
    }
    bench.stop().await;
}

/// As on the pages, whatever comes of it.
#[tokio::test]
async fn who_tests_a_server_or_pauses_is_in_the_log() {
    let bench = Bench::staffed(servers()).await;
    let own = key(&bench, "administrator").await;
    for (path, body, status) in [
        ("/preferences/test", r#"{"server": 1}"#, 200),
        ("/sending/pause", "", 200),
        ("/sending/resume", r#"{"older": "cancel"}"#, 200),
        ("/sending/resume", r#"{"older": "send"}"#, 409),
    ] {
        let answer = ask(&bench, &own, "POST", path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
    let log = bench.app.store.audit(store::AuditFilter::default(), None, 3).await.unwrap();
    let of_own = |who: &Actor| matches!(who, Actor::Person { name, .. } if name.as_str() == "administrator");
    assert!(log.iter().all(|line| of_own(&line.who)), "{log:?}");
    let lines: Vec<_> = log.iter().rev().map(|line| (line.what, line.new.as_deref())).collect();
    let (tested, sending) = lines.split_first().unwrap();
    assert!(
        tested.0 == Deed::ServerTested && tested.1.unwrap().starts_with("127.0.0.1:9 none: "),
        "{tested:?}"
    );
    let cancelled = Some("what had waited for long: cancel");
    assert_eq!(sending, [(Deed::SendingPaused, None), (Deed::SendingResumed, cancelled)]);
    bench.stop().await;
}

/// An application's key administers nothing, and a person's own hands in no mail.
#[tokio::test]
async fn keys_of_programs_and_of_people_are_two_things() {
    let bench = Bench::of_file("").await;
    let own = key(&bench, "administrator").await;
    ask(&bench, &own, "POST", "/programs", r#"{"name": "Tracker"}"#).await;
    let made: Value =
        serde_json::from_str(&ask(&bench, &own, "POST", "/programs/Tracker/keys", "").await.text).unwrap();
    assert_eq!(ask(&bench, made["key"].as_str().unwrap(), "GET", "/programs", "").await.status, 401);
    let messages = format!("{}/api/v1/messages", bench.origin);
    assert_eq!(Answer::of(bench.client.get(messages).bearer_auth(&own)).await.status, 401);
    bench.stop().await;
}

/// Found as on the page, page by page, and decided about after it was said what follows.
#[tokio::test]
async fn the_queue_is_found_and_decided_about() {
    let bench = Bench::of_file("").await;
    let own = key(&bench, "administrator").await;
    let mut ids = Vec::new();
    for (to, subject) in
        [("p@example.org", "Overdue"), ("q@example.org", "Overdue"), ("r@other.example", "Hold")]
    {
        ids.push(bench.mail(notice(to, subject), None).await.0);
    }
    let get = async |path: &str| -> Value {
        let answer = ask(&bench, &own, "GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    };
    let decide = async |body: Value| {
        let answer = ask(&bench, &own, "POST", "/queue/decide", &body.to_string()).await;
        (answer.status, serde_json::from_str::<Value>(&answer.text).unwrap())
    };
    let first = get("/queue?to=@example.org&limit=1").await;
    assert_eq!(first["rows"][0]["message"], ids[1]);
    let next = first["next"].as_str().unwrap();
    let second = get(&format!("/queue?to=@example.org&limit=1&after={next}")).await;
    assert_eq!((&second["rows"][0]["message"], &second["rows"][0]["door"]), (&json!(ids[0]), &json!("smtp")));
    assert_eq!(get("/queue?subject=hold").await["rows"].as_array().unwrap().len(), 1);
    assert_eq!(get("/queue/counts?to=@example.org").await, json!({"states": {"waiting": 2}, "more": false}));
    assert_eq!(get(&format!("/queue/messages/{}", ids[0])).await[0]["row"]["subject"], "Overdue");
    let matching = json!({ "state": "waiting", "to": "@example.org" });
    let (status, told) = decide(json!({ "action": "hold", "matching": matching, "dry_run": true })).await;
    assert_eq!((status, &told["concerned"], &told["dry_run"]), (200, &json!(2), &json!(true)), "{told}");
    assert!(told["consequence"].as_str().unwrap().len() > 20 && told.get("done").is_none(), "{told}");
    assert_eq!(get("/status").await["counts"]["held"], 0, "nothing was done");
    let (_, told) = decide(json!({ "action": "hold", "matching": matching })).await;
    assert_eq!(told["done"]["moved"], 2, "{told}");
    let (_, told) = decide(json!({ "action": "release", "messages": [ids[0]] })).await;
    assert_eq!((&told["concerned"], &told["done"]["moved"]), (&json!(1), &json!(1)), "{told}");
    let counts = get("/status").await["counts"].clone();
    assert_eq!((&counts["held"], &counts["waiting"]), (&json!(1), &json!(2)), "{counts}");
    for (body, status) in [
        (json!({ "action": "hold" }), 422),
        (json!({ "action": "hold", "matching": {} }), 422),
        (json!({ "action": "hold", "matching": { "limit": 3, "state": "held" } }), 400),
        (json!({ "action": "hold", "matching": { "state": "held" }, "messages": [1] }), 422),
        (json!({ "action": "erase", "messages": [1] }), 422),
        (json!({ "action": "hold", "messages": [ids[0], 999] }), 404),
    ] {
        assert_eq!(decide(body.clone()).await.0, status, "{body}");
    }
    for path in ["/queue?state=no", "/queue?since=x", "/queue?limit=0", "/queue?x=1", "/queue/counts?limit=1"]
    {
        assert_eq!(ask(&bench, &own, "GET", path, "").await.status, 400, "{path}");
    }
    let log = bench.app.store.audit(store::AuditFilter::default(), None, 50).await.unwrap();
    let decided: Vec<_> = log.iter().filter(|line| line.what == Deed::MailDecided).collect();
    assert_eq!(decided.len(), 2, "{log:?}");
    assert!(decided[1].about.starts_with("all mail: state=waiting&to="), "{decided:?}");
    bench.stop().await;
}
