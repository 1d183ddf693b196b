//! What became of an application's mail, as it hears of it: the feed, and a web address.

use axum::{Router, body::Bytes, routing::post};
use bookpost::cli::control::{Reply, Request, WebhooksRequest};
use serde_json::{Value, json};
use testkit::sink::{At, Does, Rule, Settings};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    bench::{Bench, Wanted},
    http::{Answer, Api, mail},
};

/// One recipient of the next server is refused.
fn wanted() -> Wanted {
    let refused = Rule {
        at: At::Rcpt,
        address: Some("gone@example.org".into()),
        does: Does::Reply("550 5.1.1 no such user".into()),
        times: None,
    };
    let sink = Settings { rules: vec![refused], keep_bytes: true, ..Settings::default() };
    Wanted { sink, ..Wanted::trusting() }
}

async fn feed(api: &Api, query: &str) -> Answer {
    let url = format!("{}{query}", api.base.replace("/messages", "/events"));
    Answer::of(api.client.get(url).bearer_auth(&api.key)).await
}

#[tokio::test]
async fn an_application_follows_its_own_mail() {
    let bench = Bench::start(wanted()).await;
    let (api, url, mut posted) = (Api::of(&bench, "Library").await, "127.0.0.1:0", mpsc::unbounded_channel());
    let listener = TcpListener::bind(url).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let take = post(async move |body: Bytes| drop(posted.0.send(body)));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", take)).await });
    let add = WebhooksRequest::Add { application: "Library".into(), url, kinds: [].into() };
    let added = bench.app.answer(Request::Webhooks(add), mpsc::unbounded_channel().0).await;
    assert!(matches!(added, Reply::NewWebhook(_)), "{added:?}");

    let mut body = mail("p@example.org");
    body["cc"] = json!(["gone@example.org"]);
    body["tags"] = json!(["overdue", "term 2"]);
    let sent = api.send(&body).await.json();
    bench.quiet().await;
    let mut client = bench.client().await;
    client.go(&["EHLO a.example"]).await;
    client.mail("q@example.org", &crate::bench::message("by SMTP\r\n")).await;
    api.with_key(&bench, "cron").await.send(&mail("r@example.org")).await;
    bench.quiet().await;

    let page = feed(&api, "").await.json();
    let events = page["events"].as_array().unwrap();
    let seen: Vec<_> = events.iter().map(|one| (one["type"].as_str().unwrap(), &one["address"])).collect();
    let (nobody, p, gone, q) =
        (Value::Null, json!("p@example.org"), json!("gone@example.org"), json!("q@example.org"));
    let mut of_first = seen[..3].to_vec();
    of_first.sort_by_key(|(kind, _)| *kind);
    assert_eq!(of_first, [("accepted", &nobody), ("delivered", &p), ("returned", &gone)]);
    assert_eq!(seen[3..], [("accepted", &nobody), ("delivered", &q)], "{page}");
    for event in &events[..3] {
        assert_eq!((&event["message"], &event["message_id"]), (&sent["id"], &sent["message_id"]));
        assert_eq!(event["tags"], json!(["overdue", "term 2"]));
    }
    let returned = events.iter().find(|event| event["type"] == "returned").unwrap();
    assert_eq!(returned["reason"], "address_unknown");
    assert!(returned["answer"].as_str().unwrap().contains("550 5.1.1"), "{returned}");
    assert_eq!(page["more"], false);

    let mut told = Vec::new();
    while told.len() < events.len() {
        let body: Value = serde_json::from_slice(&posted.1.recv().await.unwrap()).unwrap();
        assert_eq!((&body["type"], &body["application"]), (&json!("events"), &json!("Library")));
        told.extend(body["events"].as_array().unwrap().clone());
    }
    assert_eq!(&told, events, "the same as in the feed");

    let status = api.get(&format!("/{}", sent["id"].as_str().unwrap())).await.json();
    assert_eq!(status["tags"], json!(["overdue", "term 2"]));
    let tagged = api.get("?tag=term%202").await.json();
    assert_eq!(tagged["messages"].as_array().unwrap().len(), 1, "{tagged}");
    bench.stop().await;
}

#[tokio::test]
async fn the_feed_is_read_page_by_page() {
    let bench = Bench::start(wanted()).await;
    let api = Api::of(&bench, "Library").await;
    for n in 0..3 {
        api.send(&mail(&format!("p{n}@example.org"))).await;
        bench.quiet().await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = feed(&api, &format!("?limit=2{after}")).await.json();
        seen.extend(page["events"].as_array().unwrap().iter().map(|event| event["id"].clone()));
        after = format!("&after={}", page["next"].as_str().unwrap());
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
    let nothing = feed(&api, &format!("?limit=2{after}")).await.json();
    assert_eq!((&nothing["events"], &nothing["more"]), (&json!([]), &json!(false)));
    api.send(&mail("p@example.org")).await;
    bench.quiet().await;
    let later =
        feed(&api, &format!("?type=delivered&after={}", nothing["next"].as_str().unwrap())).await.json();
    assert_eq!(later["events"].as_array().unwrap().len(), 1, "{later}");
    for (query, detail) in [
        ("?after=x", "after must be"),
        ("?limit=0", "between 1 and 1000"),
        ("?limit=1001", "between 1 and 1000"),
        ("?type=lost", "lost"),
        ("?page=2", "page"),
    ] {
        let problem = feed(&api, query).await.is_problem(400, "malformed");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{query}: {problem}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn tags_are_words_and_not_many() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    for (tags, pointer) in [
        (json!([""]), "#/tags/0"),
        (json!(["fine", "x".repeat(65)]), "#/tags/1"),
        (json!(["a\nb"]), "#/tags/0"),
        (json!(vec!["x"; 11]), "#/tags"),
    ] {
        let mut body = mail("p@example.org");
        body["tags"] = tags;
        let problem = api.send(&body).await.is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let mut body = mail("p@example.org");
    body["tags"] = json!(vec!["é".repeat(64); 10]);
    assert_eq!(api.send(&body).await.status, 202);
    bench.stop().await;
}
