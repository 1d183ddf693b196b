//! The HTTP API.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bookpost::web;
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use store::ApplicationSettings;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::bench::{Bench, FROM, Wanted};

/// A client with the key of an application.
pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) key: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// That this is a problem of this kind, with all that a problem has.
    pub(crate) fn is_problem(&self, status: u16, kind: &str) -> Value {
        let problem = self.json();
        assert_eq!((self.status, &problem["status"]), (status, &json!(status)), "{problem}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(problem["type"], format!("/api/problems/{kind}"), "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }
}

impl Api {
    /// Opens the door of `bench` and asks with a new key of this application.
    pub(crate) async fn of(bench: &Bench, application: &str) -> Self {
        let listener = web::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let base = format!("http://{}/api/v1/messages", listener.local_addr().unwrap());
        tokio::spawn(web::serve(listener, bench.app.sources(), std::future::pending()));
        let api = Self { client: Client::new(), base, key: String::new() };
        api.with_key(bench, application).await
    }

    pub(crate) async fn with_key(&self, bench: &Bench, application: &str) -> Self {
        let (user, password) = bench.key(application).await;
        let (client, base) = (self.client.clone(), self.base.clone());
        Self { client, base, key: format!("bp_{user}_{password}") }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        request.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) async fn send(&self, body: &Value) -> Answer {
        Answer::of(self.post("", body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key)).await
    }
}

pub(crate) fn mail(to: &str) -> Value {
    json!({"from": format!("Desk <{FROM}>"), "to": [to], "subject": "Grüße", "text": "Hello\n"})
}

pub(crate) fn in_an_hour(bench: &Bench) -> Timestamp {
    Timestamp::from_second(bench.app.clock.now().as_second() + 3_600).unwrap()
}

#[tokio::test]
async fn a_message_is_sent_and_can_be_followed() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let body = json!({
        "from": format!("Main Library <{FROM}>"), "to": ["Jane <jane@example.org>"], "cc": ["copy@example.org"],
        "bcc": ["secret@example.org", "copy@example.org"], "reply_to": FROM, "subject": "Grüße", "text": "Hello\n",
        "html": "<p>Hello</p>", "headers": {"X-Run": "12\r\nBcc: x@example.org"}, "class": "normal",
        "attachments": [{"filename": "a.pdf", "content_type": "application/pdf", "content": "JVBERi0x\nLjQK"}],
    });
    let answer = api.send(&body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let sent = answer.json();
    let addresses: Vec<_> =
        sent["recipients"].as_array().unwrap().iter().map(|one| one["address"].clone()).collect();
    assert_eq!(addresses, ["jane@example.org", "copy@example.org", "secret@example.org"]);
    bench.quiet().await;
    let rows = bench.app.store.list(store::Filter::default(), None, 5).await.unwrap();
    assert!(rows.len() == 3 && rows.iter().all(|row| row.door == Some(store::Door::Http)), "{rows:?}");
    let taken = bench.sink.taken();
    let bytes = String::from_utf8(taken[0].bytes.clone()).unwrap();
    let fields = bytes.split("\r\n\r\n").next().unwrap();
    assert!(!fields.contains("secret@") && !fields.contains("\r\nBcc:"), "{fields}");
    for line in ["From: \"Main Library\" <desk@library.example>\r\n", "Cc: ", "Reply-To: ", "with HTTP id"] {
        assert!(fields.contains(line), "{line}: {fields}");
    }
    assert!(fields.contains(sent["message_id"].as_str().unwrap()), "{fields}");
    assert!(bytes.contains("JVBERi0xLjQK"));
    let status = api.get(&format!("/{}", sent["id"].as_str().unwrap())).await.json();
    for recipient in status["recipients"].as_array().unwrap() {
        assert_eq!(recipient["state"], "delivered", "{status}");
        assert_eq!(recipient["attempts"].as_array().unwrap().len(), 1, "{status}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn the_document_and_its_pages_are_served() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let root = api.base.replace("/v1/messages", "");
    let document = Answer::of(api.client.get(format!("{root}/openapi.json"))).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for page in ["/docs/", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"] {
        let answer = Answer::of(api.client.get(format!("{root}{page}"))).await;
        assert!(answer.status == 200 && !answer.text.contains("https://unpkg"), "{page}");
    }
    for path in ["/nothing", "/v2/messages", "/v1/message"] {
        Answer::of(api.client.get(format!("{root}{path}"))).await.is_problem(404, "not-found");
    }
    let kind = Answer::of(api.client.get(format!("{root}/problems/too-fast"))).await;
    assert!(kind.status == 200 && kind.text.contains("429"), "{kind:?}");
    let deleted = Answer::of(api.client.delete(format!("{}/1", api.base))).await;
    deleted.is_problem(405, "method-not-allowed");
    assert_eq!(deleted.headers["allow"], "GET,HEAD");
    bench.stop().await;
}

#[tokio::test]
async fn health_and_figures_are_answered_on_loopback_only() {
    web::bind("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let root = api.base.replace("/api/v1/messages", "");
    let ask = |path: &str| Answer::of(api.client.get(format!("{root}{path}")));
    assert_eq!(ask("/healthz").await.status, 200);
    assert!(ask("/metrics").await.text.contains("bookpost_breaker_open{server=\"server1\"} 0"));
    for path in ["/api", "/api/", "/health"] {
        ask(path).await.is_problem(404, "not-found");
    }
    let posted = Answer::of(api.client.post(format!("{root}/healthz"))).await;
    posted.is_problem(405, "method-not-allowed");
    bench.app.store.clone().close().await.unwrap();
    let answer = ask("/healthz").await;
    assert!(answer.status == 503 && answer.text.contains("the queue cannot be read"), "{answer:?}");
}

#[tokio::test]
async fn what_is_to_be_sent_later_waits_until_then() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let mut later = mail("p@example.org");
    later["send_at"] = json!(in_an_hour(&bench));
    for key in [None, Some("once")] {
        let request =
            key.into_iter().fold(api.post("", &later), |request, key| request.header("idempotency-key", key));
        let id = Answer::of(request).await.json()["id"].as_str().unwrap().to_owned();
        bench.quiet().await;
        let status = api.get(&format!("/{id}")).await.json();
        let recipient = &status["recipients"][0];
        assert_eq!(
            (&recipient["state"], &recipient["next_attempt_at"]),
            (&json!("waiting"), &later["send_at"])
        );
    }
    assert_eq!(bench.sink.taken().len(), 0);
    bench.stop().await;
}

#[tokio::test]
async fn a_whole_message_is_taken_as_it_is_or_in_base64() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let message = format!(
        "From: {FROM}\nTo: somebody@example.org\nSubject: raw\nMessage-ID: <own@library.example>\n\nText\n"
    );
    for raw in [message.clone(), STANDARD.encode(&message)] {
        let envelope = json!({"from": "", "to": ["p@example.org"]});
        let answer = api.send(&json!({"raw": raw, "envelope": envelope})).await;
        assert_eq!(
            (answer.status, &answer.json()["message_id"]),
            (202, &json!("<own@library.example>")),
            "{answer:?}"
        );
    }
    bench.quiet().await;
    let taken = bench.sink.taken();
    assert_eq!(taken.len(), 2);
    for one in taken {
        assert!(one.bytes.ends_with(b"Subject: raw\r\nMessage-ID: <own@library.example>\r\n\r\nText\r\n"));
    }
    bench.stop().await;
}

/// Each with the status, the kind and the places that it is told.
#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let with = |field: &str, value: Value| {
        let mut body = mail("p@example.org");
        body[field] = value;
        body
    };
    let file = |content_type: &str, content: &str| json!([{"filename": "a", "content_type": content_type, "content": content}]);
    for (body, status, kind, places) in [
        (json!([]), 422, "invalid", &["#"][..]),
        (json!({}), 422, "invalid", &["#/from", "#/to", "#/subject", "#/text"]),
        (with("to", json!(["p@example.org", "nobody", "@"])), 422, "invalid", &["#/to/1", "#/to/2"]),
        (with("to", json!("p@example.org")), 422, "invalid", &["#/to"]),
        (with("labels", json!(["a"])), 422, "invalid", &["#/labels"]),
        (with("class", json!("express")), 422, "invalid", &["#/class"]),
        (with("class", json!("urgent")), 403, "forbidden", &["#/class"]),
        (with("from", json!("boss@bank.example")), 403, "forbidden", &["#/from"]),
        (with("return_address", json!("boss@bank.example")), 403, "forbidden", &["#/return_address"]),
        (with("return_address", json!("boss")), 422, "invalid", &["#/return_address"]),
        (
            with("headers", json!({"resent-from": "boss@bank.example"})),
            403,
            "forbidden",
            &["#/headers/resent-from"],
        ),
        (with("headers", json!({"A\r\nBcc: p": "x"})), 422, "invalid", &["#/headers/A%0D%0ABcc:%20p"]),
        (with("headers", json!({"Bcc": "x@example.org"})), 422, "invalid", &["#/headers/Bcc"]),
        (with("headers", json!({"a/b:": "x"})), 422, "invalid", &["#/headers/a~1b:"]),
        (with("headers", json!({"X": 1})), 422, "invalid", &["#/headers/X"]),
        (with("attachments", file("multipart/mixed", "")), 422, "invalid", &["#/attachments/0/content_type"]),
        (with("attachments", file("text/plain", "%")), 422, "invalid", &["#/attachments/0/content"]),
        (with("send_at", json!("tomorrow")), 422, "invalid", &["#/send_at"]),
        (with("send_at", json!("9999-12-30T00:00:00Z")), 422, "invalid", &["#/send_at"]),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), 422, "invalid", &["#/expires_at"]),
        (with("envelope", json!({"from": "", "to": []})), 422, "invalid", &["#/envelope"]),
    ] {
        assert_told(&api, &body, status, kind, places).await;
    }
    assert_eq!(bench.app.store.counts().await.unwrap().waiting, 0, "nothing of it was stored");
    bench.stop().await;
}

async fn assert_told(api: &Api, body: &Value, status: u16, kind: &str, places: &[&str]) {
    let problem = api.send(body).await.is_problem(status, kind);
    let errors = problem["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(told, places, "{body}: {problem}");
}

#[tokio::test]
async fn what_is_wrong_with_a_whole_message_is_told_with_its_place() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let raw = |header: &str, from: &str| json!({"raw": format!("{header}\n\nx"), "envelope": {"from": from, "to": ["p@example.org"]}});
    let mut both = mail("p@example.org");
    both["raw"] = json!("QQ==");
    for (body, status, kind, places) in [
        (both, 422, "invalid", &["#/from", "#/to", "#/subject", "#/text", "#/envelope"][..]),
        (
            json!({"raw": "A: b\n\nx", "envelope": {"from": "x", "to": []}}),
            422,
            "invalid",
            &["#/envelope/from", "#/envelope/to"],
        ),
        (raw(&format!("From: {FROM}, cron@library.example"), ""), 422, "invalid", &["#/raw"]),
        (raw("A: b", ""), 422, "invalid", &["#/raw"]),
        (raw("no header", ""), 422, "invalid", &["#/raw"]),
        (raw("From: boss@bank.example", ""), 403, "forbidden", &["#/raw"]),
        (raw(&format!("From: {FROM}\nResent-From: boss@bank.example"), ""), 403, "forbidden", &["#/raw"]),
        (raw(&format!("From: {FROM}"), "boss@bank.example"), 403, "forbidden", &["#/envelope/from"]),
    ] {
        assert_told(&api, &body, status, kind, places).await;
    }
    let problem = api.send(&raw("no header", "")).await.is_problem(422, "invalid");
    assert!(problem["detail"].as_str().unwrap().contains("this is no message"), "{problem}");
    bench.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_said_to_be() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let to = |count: usize| {
        let mut body = mail("p@example.org");
        body["to"] = json!(vec![""; count]);
        body
    };
    let many = api.send(&to(1_000)).await.is_problem(422, "invalid");
    assert_eq!((many["errors"].as_array().unwrap().len(), &many["further_errors"]), (20, &json!(980)));
    let too_many = api.send(&to(65_537)).await.is_problem(422, "invalid");
    assert_eq!(too_many["errors"][0]["pointer"], "#/to");
    for (content_type, body, status, kind) in [
        ("application/json", "{\"to\": [", 400, "malformed"),
        ("application/json", "{} {}", 400, "malformed"),
        ("text/plain", "{}", 415, "not-json"),
        ("application/json", "", 400, "malformed"),
    ] {
        let request = api.client.post(&api.base).bearer_auth(&api.key).header("content-type", content_type);
        Answer::of(request.body(body)).await.is_problem(status, kind);
    }
    for query in [
        "?limit=0",
        "?limit=501",
        "?limit=x",
        "?after=x",
        "?state=sent",
        "?to=nobody",
        "?what=1",
        "?idempotency_key=x&state=held",
    ] {
        api.get(query).await.is_problem(400, "malformed");
    }
    bench.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let bench = Bench::start(Wanted { largest_message: 10_000, ..Wanted::default() }).await;
    let api = Api::of(&bench, "Library").await;
    let mut body = mail("p@example.org");
    body["text"] = json!("a".repeat(20_000));
    api.send(&body).await.is_problem(413, "too-large");
    let large = format!("\"{}\"", "a".repeat(2 << 20));
    let announced =
        api.client.post(&api.base).bearer_auth(&api.key).header("content-type", "application/json");
    Answer::of(announced.body(large.clone())).await.is_problem(413, "too-large");
    // Nor is it let in where its size is not told beforehand.
    let (host, path) = api.base.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        api.key,
        large.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut answer = [0; 12];
    let (_, answered) = tokio::join!(writing.write_all(large.as_bytes()), reading.read_exact(&mut answer));
    assert_eq!((answered.unwrap(), &answer), (12, b"HTTP/1.1 413"));
    let wrong = api.send(&json!("a".repeat(10_000))).await.is_problem(422, "invalid");
    assert!(wrong["detail"].as_str().unwrap().len() < 400, "{wrong}");
    bench.stop().await;
}

#[tokio::test]
async fn an_application_keeps_to_its_limits() {
    let limited = |application: ApplicationSettings| {
        let from = vec!["@library.example".parse().unwrap()];
        Wanted { application: ApplicationSettings { from, ..application }, ..Wanted::default() }
    };
    let bench =
        Bench::start(limited(ApplicationSettings { per_minute: Some(2), ..ApplicationSettings::default() }))
            .await;
    let api = Api::of(&bench, "Library").await;
    let first = api.send(&mail("p@example.org")).await;
    let field = |name: &str| first.headers[name].to_str().unwrap().parse::<u64>().unwrap();
    assert_eq!((first.status, field("ratelimit-limit"), field("ratelimit-remaining")), (202, 2, 1));
    assert!((1..=30).contains(&field("ratelimit-reset")), "{first:?}");
    api.send(&mail("p@example.org")).await;
    let refused = api.send(&mail("p@example.org")).await;
    refused.is_problem(429, "too-fast");
    assert!(refused.headers.contains_key("retry-after") && refused.headers["ratelimit-remaining"] == "0");
    bench.stop().await;
    let bench = Bench::start(limited(ApplicationSettings {
        waiting: 2,
        recipients: 3,
        ..ApplicationSettings::default()
    }))
    .await;
    let api = Api::of(&bench, "Library").await;
    let to = |count: usize| {
        let mut body = mail("p@example.org");
        body["to"] = (0..count).map(|n| format!("p{n}@example.org")).collect();
        body
    };
    let mut later = to(2);
    later["send_at"] = json!(in_an_hour(&bench));
    assert_eq!(api.send(&later).await.status, 202);
    let full = api.send(&to(1)).await;
    full.is_problem(503, "unavailable");
    assert!(full.headers.contains_key("retry-after"));
    // It would have to come again for ever.
    let raw = json!({"raw": format!("From: {FROM}\n\nx"), "envelope": {"from": "", "to": to(3)["to"]}});
    let mut copies = to(3);
    copies["cc"] = copies["to"].take();
    copies["to"] = json!([]);
    for (body, pointer) in [(to(3), "#/to"), (copies, "#/cc"), (raw, "#/envelope/to")] {
        let problem = api.send(&body).await.is_problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_queue_that_cannot_store_says_so_and_accepts_nothing() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    bench.app.store.clone().close().await.unwrap();
    for (path, body) in
        [("", mail("p@example.org")), ("/batch", json!({"messages": [mail("p@example.org")]}))]
    {
        let answer = api.post(path, &body);
        let answer = Answer::of(answer).await;
        answer.is_problem(503, "unavailable");
        assert!(answer.headers.contains_key("retry-after"));
    }
    api.get("/1").await.is_problem(503, "unavailable");
}

#[tokio::test]
async fn a_request_with_a_key_is_made_once() {
    let bench = Bench::start(Wanted::default()).await;
    let api = Api::of(&bench, "Library").await;
    let with_key = |body: Value, key: &str| api.post("", &body).header("idempotency-key", key);
    let first = Answer::of(with_key(mail("p@example.org"), "run-1")).await;
    bench.quiet().await;
    for key in ["run-1", "\"run-1\""] {
        let again = Answer::of(with_key(mail("p@example.org"), key)).await;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
    }
    Answer::of(with_key(mail("q@example.org"), "run-1")).await.is_problem(409, "other-request");
    let batch = api.post("/batch", &json!({"messages": [mail("p@example.org")]}));
    Answer::of(batch.header("idempotency-key", "run-1")).await.is_problem(409, "other-request");
    for key in ["", "a b", &"x".repeat(201)] {
        Answer::of(with_key(mail("p@example.org"), key)).await.is_problem(400, "malformed");
    }
    // What was not made is not remembered.
    Answer::of(with_key(mail("nobody"), "run-2")).await.is_problem(422, "invalid");
    assert_eq!(Answer::of(with_key(mail("p@example.org"), "run-2")).await.status, 202);
    let found = api.get("?idempotency_key=run-1").await.json();
    assert_eq!(found["messages"][0]["id"], first.json()["id"]);
    let other = api.with_key(&bench, "cron").await;
    other.get("?idempotency_key=run-1").await.is_problem(404, "not-found");
    let own = Answer::of(other.post("", &mail("p@example.org")).header("idempotency-key", "run-1")).await;
    assert_eq!(own.status, 202, "keys are each application's own");
    bench.quiet().await;
    assert_eq!(bench.sink.taken().len(), 3);
    bench.stop().await;
}
