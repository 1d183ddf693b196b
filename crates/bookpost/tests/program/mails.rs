//! What pages do about single mails and runs, by commands: with a service and without.

use serde_json::Value;
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::bench::{Place, Said, Service};

/// A run of three notices, of which the first came back.
struct Sent {
    sink: Sink,
    place: Place,
    _service: Option<Service>,
    export: String,
    /// The one that came back.
    message: String,
}

impl Sent {
    async fn new(running: bool) -> Self {
        let does = Does::Reply("550 5.1.1 no such user".to_owned());
        let rules = vec![Rule { at: At::Rcpt, address: None, does, times: Some(1) }];
        let sink = Sink::start(Settings { rules, keep_bytes: true, ..Settings::default() }).await.unwrap();
        let place = Place::new("servers", Some(&sink));
        let service = if running { Some(place.serve().await) } else { None };
        let export = place.export(3);
        let said = place.notices(&["run"], &export).await;
        assert_eq!(
            said.json().pointer("/run/progress/returned").and_then(Value::as_u64),
            Some(1),
            "{said:?}"
        );
        let export = export.display().to_string();
        let mut sent = Self { sink, place, _service: service, export, message: String::new() };
        let rows = sent.json(&["queue", "list", "--state", "returned"]).await;
        sent.message = rows.pointer("/rows/0/message").unwrap().to_string();
        sent
    }

    async fn run(&self, words: &[&str]) -> Said {
        self.place.run(words).await
    }

    async fn json(&self, words: &[&str]) -> Value {
        let said = self.run(&[words, &["--json"]].concat()).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        said.json()
    }

    /// What the log says of this, the newest first: what was done, and what came of it.
    async fn log(&self, about: &str) -> Vec<(String, String)> {
        let log = self.json(&["log", "--about", about]).await;
        let text =
            |line: &Value, key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let lines = log.get("log").and_then(Value::as_array).unwrap();
        lines.iter().map(|line| (text(line, "what"), text(line, "new"))).collect()
    }
}

fn pair(what: &str, new: &str) -> (String, String) {
    (what.to_owned(), new.to_owned())
}

#[tokio::test]
async fn what_a_message_says_is_read_and_that_is_in_the_log() {
    for running in [false, true] {
        let sent = Sent::new(running).await;
        let text =
            async |words: &[&str]| sent.run(&[&["queue", "text", &sent.message], words].concat()).await;
        let plain = text(&[]).await;
        assert_eq!(plain.code, Some(0), "{plain:?}");
        assert!(!plain.out.contains("<p") && !plain.out.contains("Subject:"), "{plain:?}");
        assert!(text(&["--as", "html"]).await.out.contains("<p"), "{plain:?}");
        let source = text(&["--as", "source", "--json"]).await.json();
        assert!(source["text"]["text"].as_str().unwrap().contains("Subject: "), "{source}");
        let about = format!("message {}", sent.message);
        assert_eq!(sent.log(&about).await, vec![pair("text_opened", ""); 3]);
        let none = sent.run(&["queue", "text", "999"]).await;
        assert_eq!(none.code, Some(64), "{none:?}");
        assert_eq!(sent.log("message 999").await, []);
    }
}

#[tokio::test]
async fn one_notice_goes_again_to_a_corrected_address_and_to_nobody_else() {
    for running in [false, true] {
        let sent = Sent::new(running).await;
        let before = sent.sink.count();
        let again = ["notices", "send-again", &sent.message, "--to"];
        let of_other = sent.run(&[&again[..], &["ben@new.example", "--of", "x@y.example"]].concat()).await;
        assert_eq!(of_other.code, Some(64), "{of_other:?}");
        assert_eq!(sent.run(&["notices", "send-again", "999", "--to", "a@b.example"]).await.code, Some(64));
        assert_eq!(sent.run(&[&again[..], &["nobody"]].concat()).await.code, Some(65));
        assert_eq!(sent.sink.count(), before, "nothing was sent");
        let said = sent.json(&[&again[..], &["ben@new.example"]].concat()).await;
        assert_eq!(said["sent_again"]["goes"], "out", "{said}");
        let number = said["sent_again"]["message"].to_string();
        // A service sends it a moment later.
        while sent.json(&["queue", "show", &number]).await["message"][0]["row"]["state"] != "delivered" {}
        assert_eq!(sent.sink.count(), before + 1);
        assert_eq!(sent.sink.taken().last().unwrap().to, ["ben@new.example"]);
        let about = format!("message {}", sent.message);
        assert_eq!(sent.log(&about).await, [pair("sent_again", "ben@new.example")]);
    }
}

#[tokio::test]
async fn samples_of_an_export_go_to_one_address_and_to_no_patron() {
    for running in [false, true] {
        let sent = Sent::new(running).await;
        let before = sent.sink.taken().len();
        let samples = ["notices", "samples", &sent.export, "--to", "desk@library.example"];
        let none = sent.json(&samples).await;
        assert_eq!(none["samples"]["sent"], 0, "who was written to lately is in no run: {none}");
        let some = sent.run(&[&samples[..], &["--again"]].concat()).await;
        assert_eq!(some.out, "3 samples are on the way to desk@library.example.\n", "{some:?}");
        while sent.json(&["queue", "status"]).await["status"]["counts"]["delivered"] != 5 {}
        let taken = sent.sink.taken().split_off(before);
        assert_eq!(taken.len(), 3);
        for one in taken {
            let text = String::from_utf8_lossy(&one.bytes).into_owned();
            assert!(one.to == ["desk@library.example"] && text.contains("Subject: [Sample] "), "{text}");
        }
        assert_eq!(sent.json(&["notices", "runs"]).await["runs"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_run_is_stopped_by_command_as_by_its_page() {
    for running in [false, true] {
        let sent = Sent::new(running).await;
        sent.json(&["queue", "pause"]).await;
        let before = sent.sink.count();
        let run = sent.place.notices(&["run"], &sent.place.export(5)).await.json();
        let waiting = run["run"]["progress"]["waiting"].as_u64().unwrap();
        assert!(waiting > 1, "{run}");
        let asked = sent.run(&["notices", "stop", "2"]).await;
        assert_eq!(asked.code, Some(64), "nobody was asked: {asked:?}");
        let stopped = sent.run(&["notices", "stop", "2", "--yes"]).await;
        let said = format!("The run is stopped. {waiting} mails will not be sent.\n");
        assert_eq!((stopped.code, &*stopped.out), (Some(0), &*said), "{stopped:?}");
        let runs = sent.json(&["notices", "show", "2"]).await["shown_run"]["run"].clone();
        assert_eq!(runs["states"]["cancelled"], waiting, "{runs}");
        assert_eq!(runs["stopped"]["by"], "command_line", "{runs}");
        let log = sent.log("run 2").await;
        assert_eq!(log[0], pair("mail_decided", &format!("cancel: {waiting}")), "{log:?}");
        let again = sent.json(&["notices", "stop", "2", "--yes"]).await;
        assert_eq!(again["run_stopped"]["mail"]["moved"], 0, "{again}");
        assert_eq!(sent.run(&["notices", "stop", "99", "--yes"]).await.code, Some(64));
        sent.json(&["queue", "resume"]).await;
        assert_eq!(sent.sink.count(), before, "nothing of it has left");
    }
}

#[tokio::test]
async fn at_which_port_and_how_a_server_answers_is_looked_for() {
    let sent = Sent::new(false).await;
    let port = sent.sink.address().port();
    let found = sent.json(&["preferences", "ports"]).await;
    let theirs: Vec<_> =
        found["ports"].as_array().unwrap().iter().filter(|one| one["port"] == port).collect();
    assert_eq!(theirs.len(), 1, "{found}");
    assert_eq!(theirs[0]["speaks"], "plain", "{found}");
    let said = sent.run(&["preferences", "ports"]).await.out;
    let line = format!("  {port:>5}  Not encrypted, without a sign-in (encryption = \"none\")");
    assert!(said.contains(&line) && said.contains("The mail server answers."), "{said}");
    let log = sent.log("server1").await;
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log[0].1.starts_with(&format!("127.0.0.1:{port} none: looked at ports: 587 ")), "{log:?}");
    // Another host, before anything is set.
    let elsewhere = sent.json(&["preferences", "ports", "127.0.0.2"]).await;
    assert_eq!(elsewhere["ports"].as_array().unwrap().len(), 3, "{elsewhere}");
    assert!(sent.log("server1").await[0].1.starts_with("127.0.0.2: looked at ports: "));
}
