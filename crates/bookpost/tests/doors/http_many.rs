//! The HTTP API: many messages in one request.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use store::Filter;
use testkit::clock::ManualClock;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    bench::{Bench, FROM, Wanted},
    http::{Answer, Api, mail},
};

fn template(recipients: usize) -> Value {
    let recipient = |n: usize| json!({"to": format!("p{n}@example.org"), "variables": {"name": format!("Reader {n}"), "n": n}});
    json!({
        "from": FROM, "subject": "For {{ name }}", "text": "Dear {{ name }},\nnumber {{ n }} is here.\n",
        "html": "<p>Dear {{ name }},</p><p>number {{ n }} is here.</p>\n", "class": "bulk",
        "recipients": (0..recipients).map(recipient).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn each_item_is_accepted_or_refused_for_itself() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let messages: Vec<_> = ["a@example.org", "nobody", "b@example.org"].map(mail).to_vec();
    let answer = Answer::of(api.post("/batch", &json!({"messages": messages}))).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let results = answer.json()["results"].clone();
    let statuses: Vec<_> =
        (0..3).map(|n| (results[n]["index"].clone(), results[n]["status"].clone())).collect();
    assert_eq!(
        statuses,
        [(json!(0), json!("accepted")), (json!(1), json!("refused")), (json!(2), json!("accepted"))]
    );
    assert_eq!(results[1]["problem"]["errors"][0]["pointer"], "#/messages/1/to/0");
    for n in [0, 2] {
        let status = api.get(&format!("/{}", results[n]["id"].as_str().unwrap())).await.json();
        assert_eq!(status["message_id"], results[n]["message_id"]);
    }
    let strange = json!({"messages": [mail("a@example.org"), {"what": 1}]});
    let problem = Answer::of(api.post("/batch", &strange)).await.is_problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "#/messages/1/what");
    for count in [0, 10_001] {
        let many = json!({"messages": vec![json!({}); count]});
        let problem = Answer::of(api.post("/batch", &many)).await.is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "#/messages", "{problem}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_text_goes_to_each_with_their_own_variables() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let mut body = template(2);
    body["recipients"][1]["variables"] = json!({"name": "<Reader & Co>", "n": 1});
    let more = json!([{"to": "p2@example.org"}, {"to": "p3", "variables": {"name": "x", "n": 1}}, {"to": "p4@example.org", "variables": 1}]);
    body["recipients"].as_array_mut().unwrap().extend(more.as_array().unwrap().clone());
    let answer = Answer::of(api.post("/template", &body)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let results = answer.json()["results"].clone();
    let pointer = |n: usize| results[n]["problem"]["errors"][0]["pointer"].clone();
    assert_eq!(
        [pointer(2), pointer(3), pointer(4)],
        ["#/recipients/2/variables", "#/recipients/3/to", "#/recipients/4/variables"]
    );
    let detail = results[3]["problem"]["detail"].as_str().unwrap();
    assert!(detail.starts_with("#/recipients/3/to: "), "{detail}");
    bench.quiet().await;
    let taken = bench.sink.taken();
    assert_eq!(taken.len(), 2);
    let second = taken.iter().find(|one| one.to[0].contains("p1@")).unwrap();
    let text = String::from_utf8(second.bytes.clone()).unwrap();
    assert!(text.contains("Dear <Reader & Co>,") && text.contains("&lt;Reader &amp; Co&gt;"), "{text}");
    for (field, wrong) in [
        ("text", "{{ name"),
        ("text", "{{ name|shout }}"),
        ("html", "{% for %}"),
        ("from", "nobody"),
        ("send_at", "9999-01-01T00:00:00Z"),
    ] {
        let mut body = template(1);
        body[field] = json!(wrong);
        let problem = Answer::of(api.post("/template", &body)).await.is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], format!("#/{field}"), "{problem}");
    }
    for (field, wrong) in [
        ("from", json!("boss@bank.example")),
        ("class", json!("urgent")),
        ("return_address", json!("boss@bank.example")),
        ("headers", json!({"Resent-Sender": "boss@bank.example"})),
    ] {
        let mut body = template(1);
        body[field] = wrong;
        let problem = Answer::of(api.post("/template", &body)).await.is_problem(403, "forbidden");
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with(&format!("#/{field}")), "{problem}");
    }
    let mut body = template(2);
    body["recipients"][1]["variables"]["unused"] = json!("x".repeat(300_000));
    let answer = Answer::of(api.post("/template", &body)).await.json();
    assert_eq!(answer["results"][0]["status"], "accepted");
    assert_eq!(answer["results"][1]["problem"]["errors"][0]["pointer"], "#/recipients/1/variables");
    bench.stop().await;
}

/// As after a crash in the middle: some slices are stored, and the answer was never heard.
#[tokio::test]
async fn ten_thousand_that_were_cut_off_go_on_where_they_were_and_are_made_once() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let body = template(10_000);
    let request = || api.post("/template", &body).header("idempotency-key", "large");
    let begun = tokio::spawn(request().send());
    while bench.app.store.made("Library", "large 3").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    begun.abort();
    let answer = Answer::of(request()).await;
    assert_eq!(answer.status, 202);
    let results = answer.json()["results"].clone();
    let results = results.as_array().unwrap();
    assert!(results.iter().all(|one| one["status"] == "accepted"));
    assert_eq!(
        results.iter().map(|one| one["index"].as_u64().unwrap()).collect::<Vec<_>>(),
        (0..10_000).collect::<Vec<_>>()
    );
    let again = Answer::of(request()).await;
    assert_eq!(again.text, answer.text);
    let stored = bench.app.store.list(Filter::default(), None, 20_000).await.unwrap();
    assert_eq!(stored.len(), 10_000);
    let page = api.get("?idempotency_key=large&limit=2&after=4999").await.json();
    assert_eq!((&page["messages"][0]["id"], &page["next"]), (&results[4_999]["id"], &json!("5001")));
    bench.stop().await;
}

/// Whoever says half a header and no more keeps nobody from being answered.
#[tokio::test]
async fn eleven_hundred_silent_connections_keep_nobody_out() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let root = api.base.replace("/api/v1/messages", "");
    let address = root.strip_prefix("http://").unwrap();
    let asked = async {
        let mut silent = Vec::new();
        for _ in 0..1_100 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n").await.unwrap();
            silent.push(stream);
        }
        (silent, Answer::of(api.client.get(format!("{root}/healthz"))).await)
    };
    // Sooner than the first of them would have to leave by itself.
    let (silent, health) = tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap();
    assert_eq!(health.status, 200, "{health:?}");
    let open = silent.iter().filter(|stream| stream.try_read(&mut [0]).is_err()).count();
    assert!(open <= bench.app.settings.now().listen_connections, "{open} are open");
    bench.stop().await;
}

/// What can only be taken later is not refused for ever.
#[tokio::test]
async fn with_a_key_it_stops_where_it_is_too_fast_and_goes_on_there() {
    let clock = ManualClock::at(Timestamp::constant(1_800_000_000, 0));
    let mut wanted = Wanted { clock: Some(clock.clone()), ..Wanted::default() };
    wanted.application.per_minute = Some(3);
    let bench = Bench::start(wanted).await;
    let api = Api::of(&bench, "Library").await;
    let to = ["a@example.org", "b@example.org", "nobody", "c@example.org", "d@example.org", "e@example.org"];
    let body = json!({"messages": to.map(mail)});
    let send = || Answer::of(api.post("/batch", &body).header("idempotency-key", "fast"));
    for _ in 0..2 {
        let stopped = send().await;
        let problem = stopped.is_problem(429, "too-fast");
        assert!(problem["detail"].as_str().unwrap().contains("the first 4 items are done"), "{problem}");
        assert_eq!(stopped.headers["retry-after"], "20");
    }
    assert_eq!(bench.app.store.list(Filter::default(), None, 100).await.unwrap().len(), 3);
    clock.advance(Duration::from_secs(62));
    let answer = send().await;
    assert_eq!((answer.status, &answer.headers["ratelimit-remaining"]), (202, &"1".parse().unwrap()));
    let results = answer.json()["results"].clone();
    let statuses: Vec<_> = (0..6).map(|n| results[n]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["accepted", "accepted", "refused", "accepted", "accepted", "accepted"]);
    assert!((0..6).all(|n| results[n]["index"] == n), "{results}");
    let again = send().await;
    assert_eq!((&again.text, &again.headers["ratelimit-limit"]), (&answer.text, &"3".parse().unwrap()));
    assert_eq!(bench.app.store.list(Filter::default(), None, 100).await.unwrap().len(), 5);
    // Without a key nothing of it could be sent again: each is told for itself.
    let loose = Answer::of(api.post("/batch", &body)).await.json();
    assert_eq!(loose["results"][5]["problem"]["status"], 429, "{loose}");
    bench.stop().await;
}

/// Each slice is asked for anew.
#[tokio::test]
async fn a_key_that_is_revoked_in_the_middle_sends_no_more() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let body = template(10_000);
    let asked = tokio::spawn(Answer::of(api.post("/template", &body).header("idempotency-key", "large")));
    while bench.app.store.made("Library", "large 3").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    bench.revoke("Library", &api.key).await;
    asked.await.unwrap().is_problem(401, "unauthenticated");
    assert!(bench.app.store.made("Library", "large 49").await.unwrap().is_none());
    bench.stop().await;
}
