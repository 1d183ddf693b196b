//! What the log says of the mail that passes.

use reqwest::{Client, StatusCode};
use serde_json::json;
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{bench::Place, promised::Port};

/// A service that takes requests, and the key of the application Library.
async fn place(log: &str, sink: &Sink) -> (Place, Port, String) {
    let (place, port) = (Place::new("servers", Some(sink)), Port::new());
    place.change("\"off\"", &format!("\"{}\"\nlog = \"{log}\"", port.address()));
    assert_eq!(
        place.run(&["applications", "add", "Library", "--from", "@library.example"]).await.code,
        Some(0)
    );
    let said = place.run(&["applications", "key", "add", "Library"]).await;
    let key = said.out.split_whitespace().find(|word| word.starts_with("bp_")).unwrap().to_owned();
    (place, port, key)
}

async fn post(port: &Port, key: &str, from: &str, to: &str) -> StatusCode {
    let body = json!({"from": from, "to": [to], "subject": "x", "text": "x"});
    let request = Client::new().post(format!("http://{}/api/v1/messages", port.address()));
    let request = request.bearer_auth(key).header("content-type", "application/json").body(body.to_string());
    request.send().await.unwrap().status()
}

/// The line that says this.
fn line<'a>(log: &'a str, what: &str) -> &'a str {
    log.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no \"{what}\" in {log}"))
}

fn says(log: &str, what: &str, words: &[&str]) {
    let line = line(log, what);
    assert!(words.iter().all(|word| line.contains(word)), "{line}");
}

#[tokio::test]
async fn at_debug_each_message_leaves_a_line_where_it_comes_and_where_it_goes() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let (place, port, key) = place("debug", &sink).await;
    let service = place.serve().await;
    assert_eq!(post(&port, &key, "desk@library.example", "ann@example.org").await, StatusCode::ACCEPTED);
    sink.wait_for(1).await;
    let log = service.log().await;
    let words =
        ["DEBUG", "message.id=1 ", "application=\"Library\"", "HTTP", "peer=127.0.0.1", "recipients=1"];
    says(&log, "a message was accepted", &words);
    says(&log, "delivered", &["DEBUG", "message.id=1 ", "server=\"127.0.0.1:"]);
    assert!(!log.contains("ann@"), "{log}");
}

#[tokio::test]
async fn what_is_refused_leaves_a_line_without_being_asked() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let reply = Does::Reply("550 5.1.1 <ann@example.org> nobody of this name".into());
    sink.set_rules(vec![Rule { at: At::Rcpt, address: None, does: reply, times: Some(1) }]);
    let (place, port, key) = place("info", &sink).await;
    let service = place.serve().await;
    let wrong = format!("{}x", &key[..key.len() - 1]);
    let to = "ann@example.org";
    for key in ["", &wrong] {
        assert_eq!(post(&port, key, "desk@library.example", to).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(post(&port, &key, "desk@bank.example", to).await, StatusCode::FORBIDDEN);
    assert_eq!(post(&port, &key, "desk@library.example", to).await, StatusCode::ACCEPTED);
    while !place.run(&["queue", "list", "--state", "returned"]).await.out.contains(to) {}
    let log = service.log().await;
    let id = format!("key=\"{}\"", &key[3..11]);
    says(&log, "a sign-in was refused", &["INFO", &id, "application=\"Library\"", "peer=127.0.0.1"]);
    says(&log, "a request without a key was refused", &["INFO", "peer=127.0.0.1"]);
    says(&log, "a message was not taken", &["INFO", "application=\"Library\"", "d***@bank.example"]);
    says(&log, "returned", &["INFO", "message.id=1 ", "reason=", "nobody of this name"]);
    assert!(!log.contains(&key[12..60]) && !log.contains("ann@") && !log.contains("accepted"), "{log}");
}
