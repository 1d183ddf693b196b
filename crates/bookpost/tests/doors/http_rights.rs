//! The HTTP API: who may do what.

use reqwest::RequestBuilder;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    bench::{Bench, Wanted},
    http::{Answer, Api, in_an_hour, mail},
};

/// What each key is answered to each call: the message that is asked for is Library's, and waits.
const MAY: [(&str, [u16; 6]); 10] = [
    // own, another application's, disabled, revoked, wrong, none
    ("send", [202, 202, 403, 401, 401, 401]),
    ("batch", [202, 202, 403, 401, 401, 401]),
    ("template", [202, 202, 403, 401, 401, 401]),
    ("list", [200, 200, 403, 401, 401, 401]),
    ("events", [200, 200, 403, 401, 401, 401]),
    ("read", [200, 404, 403, 401, 401, 401]),
    ("hold", [200, 404, 403, 401, 401, 401]),
    ("release", [200, 404, 403, 401, 401, 401]),
    ("retry", [200, 404, 403, 401, 401, 401]),
    ("cancel", [200, 404, 403, 401, 401, 401]),
];

fn call(api: &Api, name: &str, id: &str) -> RequestBuilder {
    let template = json!({"from": crate::bench::FROM, "subject": "x", "text": "x", "recipients": [{"to": "p@example.org"}]});
    match name {
        "send" => api.post("", &mail("p@example.org")),
        "batch" => api.post("/batch", &json!({"messages": [mail("p@example.org")]})),
        "template" => api.post("/template", &template),
        "list" => api.client.get(&api.base).bearer_auth(&api.key),
        "events" => api.client.get(api.base.replace("/messages", "/events")).bearer_auth(&api.key),
        "read" => api.client.get(format!("{}/{id}", api.base)).bearer_auth(&api.key),
        decision => api.client.post(format!("{}/{id}/{decision}", api.base)).bearer_auth(&api.key),
    }
}

#[tokio::test]
async fn every_key_and_every_call() {
    let bench = Bench::start(Wanted::default()).await;
    let own = Api::of(&bench, "Library").await;
    let (other, disabled, revoked) = (
        own.with_key(&bench, "cron").await,
        own.with_key(&bench, "closed").await,
        own.with_key(&bench, "Library").await,
    );
    let mut wrong = own.with_key(&bench, "cron").await;
    wrong.key.replace_range(12..20, "00000000");
    let none = Api { key: String::new(), client: own.client.clone(), base: own.base.clone() };
    let store = &bench.app.store;
    store.disable_application("closed", store::Actor::CommandLine, bench.app.clock.now()).await.unwrap();
    bench.revoke("Library", &revoked.key).await;
    let mut later = mail("p@example.org");
    later["send_at"] = json!(in_an_hour(&bench));
    let mut id = String::new();
    for (name, answers) in MAY {
        own.send(&later).await.json()["id"].as_str().unwrap().clone_into(&mut id);
        if name == "release" {
            assert_eq!(Answer::of(call(&own, "hold", &id)).await.status, 200);
        }
        // Those who may not are first, so that the state is still what it was for who may.
        for (api, status) in [&own, &other, &disabled, &revoked, &wrong, &none].into_iter().zip(answers).rev()
        {
            let answer = Answer::of(call(api, name, &id)).await;
            assert_eq!(answer.status, status, "{name}: {answer:?}");
            if status == 401 {
                assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="));
            }
        }
    }
    Answer::of(call(&own, "cancel", &id)).await.is_problem(409, "not-moved");
    let listed = other.get("").await.json();
    assert!(listed["messages"].as_array().unwrap().iter().all(|one| one["id"] != id), "{listed}");
    for id in ["0", "-1", "x", "140737488355328", "9223372036854775807"] {
        own.get(&format!("/{id}")).await.is_problem(404, "not-found");
    }
    bench.stop().await;
}

/// A body may take its time: who may no longer send when it is there does not.
#[tokio::test]
async fn a_key_is_looked_at_again_when_the_body_is_there() {
    let bench = Bench::start(Wanted::default()).await;
    let own = Api::of(&bench, "Library").await;
    let (host, path) = own.base.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let template = json!({"from": crate::bench::FROM, "subject": "x", "text": "x", "recipients": [{"to": "p@example.org"}]});
    for (address, body) in [
        ("", mail("p@example.org")),
        ("/batch", json!({"messages": [mail("p@example.org")]})),
        ("/template", template),
    ] {
        let (api, body) = (own.with_key(&bench, "Library").await, body.to_string());
        let head = format!(
            "POST /{path}{address} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            api.key,
            body.len()
        );
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 "), "the key was good");
        bench.revoke("Library", &api.key).await;
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 401", "{address}");
    }
    assert_eq!(bench.app.store.counts().await.unwrap().waiting, 0);
    bench.stop().await;
}

/// What an application of another site is answered over each door.
#[tokio::test]
async fn nobody_writes_as_a_site_that_is_not_its_own() {
    for (sites, may) in [(vec![], true), (vec!["MAIN"], true), (vec!["EAST"], false)] {
        let mut wanted = Wanted::trusting();
        wanted.application.sites = sites.iter().map(|site| (*site).to_owned()).collect();
        let bench = Bench::start(wanted).await;
        let api = Api::of(&bench, "Library").await;
        let mut as_nobody = mail("p@example.org");
        as_nobody["from"] = json!("other@library.example");
        assert_eq!(api.send(&as_nobody).await.status, 202, "that is no site's");
        let answer = api.send(&mail("p@example.org")).await;
        let mut client = bench.client().await;
        client.go(&["EHLO desk"]).await;
        let reply = client.mail("p@example.org", &crate::bench::message("Hello")).await;
        if may {
            assert_eq!((answer.status, &reply[..4]), (202, "250 "), "{sites:?}: {reply}");
        } else {
            assert_eq!(answer.is_problem(403, "forbidden")["errors"][0]["pointer"], "#/from");
            assert!(reply.starts_with("550 5.7.1 ") && reply.contains("for the site MAIN"), "{reply}");
        }
        bench.stop().await;
    }
}

#[tokio::test]
async fn who_guesses_is_held_up() {
    let bench = Bench::start(Wanted::default()).await;
    let own = Api::of(&bench, "Library").await;
    let mut guesser = own.with_key(&bench, "cron").await;
    let mut held_up = None;
    for n in 0..200 {
        guesser.key = format!("bp_{n:08}_{}", "0".repeat(59));
        let answer = guesser.get("").await;
        if answer.status == 429 {
            held_up = Some(answer);
            break;
        }
        assert_eq!(answer.status, 401);
    }
    let held_up = held_up.unwrap();
    held_up.is_problem(429, "too-fast");
    assert!(held_up.headers.contains_key("retry-after"));
    bench.stop().await;
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    for n in 0..5 {
        api.send(&mail(&format!("p{n}@example.org"))).await;
    }
    api.with_key(&bench, "cron").await.send(&mail("p0@example.org")).await;
    bench.quiet().await;
    let (mut seen, mut query) = (Vec::new(), "?limit=2&state=delivered".to_owned());
    loop {
        let page = api.get(&query).await.json();
        let addresses =
            page["messages"].as_array().unwrap().iter().map(|one| one["recipients"][0]["address"].clone());
        seen.extend(addresses);
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&state=delivered&after={next}");
    }
    assert_eq!(
        seen,
        ["p4@example.org", "p3@example.org", "p2@example.org", "p1@example.org", "p0@example.org"]
    );
    let found = api.get("?to=P0@example.org").await.json();
    assert_eq!(found["messages"].as_array().unwrap().len(), 1);
    assert_eq!(api.get("?state=held").await.json()["messages"], json!([]));
    bench.stop().await;
}
