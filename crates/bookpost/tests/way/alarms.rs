//! A person is told: by mail through the server that still works, by a command, by a web address.

use std::{os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use store::AlarmKind;
use testkit::sink::Sink;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

use crate::bench::{Bench, START, nobody, server, sink, sink_at};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The subjects and texts of the alarms that a sink took about Server 1's fault.
fn letters(sink: &Sink) -> Vec<String> {
    let texts = sink.taken().into_iter().filter(|taken| taken.to == ["it@riverside.example.org"]);
    let texts = texts.map(|taken| String::from_utf8(taken.bytes).unwrap());
    texts.filter(|text| text.contains("(Server 1)")).collect()
}

#[tokio::test]
async fn the_other_server_carries_alarms_when_they_begin_while_they_last_and_when_they_end() {
    let first = nobody();
    let second = sink(Vec::new()).await;
    let bench =
        Bench::start_with(vec![server("server1", first), server("server2", second.address())], |config| {
            config.alarms.email = Some("it@riverside.example.org".parse().unwrap());
        })
        .await;
    bench.accept(&["ann@example.org"]).await;
    let mut told = Vec::new();
    for (passes, count) in [
        (SECOND, 1),
        (MINUTE * 14, 1),
        (MINUTE * 3, 2),
        (HOUR * 3, 2),
        (HOUR, 3),
        (HOUR * 20, 4),
        (HOUR * 30, 4),
    ] {
        bench.pass_in_steps(passes, MINUTE).await;
        told.push((letters(&second).len(), count));
    }
    assert!(told.iter().all(|(told, expected)| told == expected), "{told:?}");
    let first = sink_at(first).await;
    bench.pass(MINUTE * 5).await;
    let mut letters = letters(&second);
    letters.extend(self::letters(&first));
    let subjects: Vec<_> =
        letters.iter().map(|text| mail::message::header(text.as_bytes(), "Subject").unwrap()).collect();
    let [began, still, over] = ["", "still: ", "it is over: "]
        .map(|how| format!("Bookpost: {how}the mail server does not take mail (Riverside)"));
    assert_eq!(subjects, [&*began, &*still, &*still, &*still, &*over]);
    assert!(letters.last().unwrap().contains("It is over, and nothing is to be done."), "{letters:?}");
}

/// A command that writes down what it is told: what is printed for each alarm, in the language of the shell.
pub(crate) fn scribe(folder: &Path, prints: &str) -> std::path::PathBuf {
    let path = folder.join("scribe");
    let book = folder.join("book");
    let script = format!("#!/bin/sh\n{{ {prints}; }} >> {}\n", book.display());
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_command_is_told_and_an_alarm_that_was_stored_in_the_last_moment_is_told_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(Vec::new()).await;
    let bench = Bench::start_with(vec![server("server1", nobody())], |config| {
        config.alarms.command =
            Some(scribe(folder.path(), "echo \"$BOOKPOST_ALARM_STATE $BOOKPOST_ALARM_SUBJECT\"; cat"));
    })
    .await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(MINUTE).await;
    let book = || std::fs::read_to_string(folder.path().join("book")).unwrap();
    assert!(book().starts_with("started server1\nYour mail server (Server 1) (127.0.0.1):"), "{}", book());
    bench.app.store.raise(AlarmKind::Held, "run 9", "Set aside.", START).await.unwrap();
    assert!(!book().contains("run 9"), "nobody was told");
    let bench = bench.restart(vec![server("server1", sink.address())], SECOND).await;
    bench.quiet().await;
    bench.pass(MINUTE * 2).await;
    let book = book();
    let told: Vec<&str> = book.lines().filter(|line| line.contains("run 9")).collect();
    assert_eq!(told, ["started run 9", "over run 9"], "{book}");
    assert!(book.contains("over server1\n"), "{book}");
}

/// A web address that takes whatever is posted to it: where it is, and what came, one request after the other.
pub(crate) async fn web_address() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/alarms?token=secret", listener.local_addr().unwrap());
    let (posted, posts) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // The body is one JSON object: it ends with the brace that closes it.
            while !request.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
            posted.send(String::from_utf8(request).unwrap()).unwrap();
        }
    });
    (address, posts)
}

pub(crate) fn body(request: &str) -> serde_json::Value {
    serde_json::from_str(request.rsplit("\r\n\r\n").next().unwrap()).unwrap()
}

#[tokio::test]
async fn a_web_address_gets_each_alarm_as_json() {
    let (address, mut posts) = web_address().await;
    let bench = Bench::start_with(vec![server("server1", nobody())], |config| {
        config.alarms.webhook = Some(address);
    })
    .await;
    bench.accept(&["ann@example.org"]).await;
    bench.quiet().await;
    let request = posts.recv().await.unwrap();
    assert!(request.starts_with("POST /alarms?token=secret HTTP/1.1\r\n"), "{request}");
    let body = body(&request);
    assert_eq!((body["state"].as_str(), body["kind"].as_str()), (Some("started"), Some("server_down")));
    assert_eq!((body["subject"].as_str(), body["reason"].as_str()), (Some("server1"), Some("unreachable")));
}
