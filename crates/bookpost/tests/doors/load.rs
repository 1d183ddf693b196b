//! Many programs at once.

use std::{collections::BTreeMap, net::SocketAddr};

use tokio::task::JoinSet;

use crate::bench::{Bench, Client, FROM, Wanted};

/// As many as one machine may have of the usual number of connections.
const SESSIONS: usize = 400;
const MESSAGES: usize = 25;

/// Nobody waits for anybody; then one program as on any other day, without a restart. Nothing that was accepted is lost or doubled,
/// and what was not accepted was refused for now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_sessions_at_once_lose_nothing_and_leave_nothing_behind() {
    let mut wanted = Wanted::trusting();
    wanted.sink.keep_bytes = false;
    let bench = Bench::start(wanted).await;
    let address = bench.addresses[0];
    let mut open = Vec::new();
    for _ in 0..SESSIONS {
        open.push(bench.client().await);
    }
    let turned_away = Client::silent(address).await.reply().await;
    assert!(turned_away.starts_with("421 4.3.2 "), "{turned_away}");
    let mut sessions = JoinSet::new();
    for (session, client) in open.into_iter().enumerate() {
        sessions.spawn(send(client, session));
    }
    let mut accepted: Vec<String> = sessions.join_all().await.concat();
    assert!(accepted.len() > SESSIONS * MESSAGES / 2, "{} accepted", accepted.len());

    // The last of them may still be leaving.
    accepted.extend(send(room(address).await, SESSIONS).await);
    let last = format!("<{SESSIONS}-{}@library.example>", MESSAGES - 1);
    assert_eq!(accepted.last(), Some(&last), "one program alone is never refused");
    bench.quiet().await;
    let counts = bench.app.store.counts().await.unwrap();
    assert_eq!((counts.delivered, counts.waiting), (accepted.len() as u64, 0), "{counts:?}");
    let mut arrived = BTreeMap::<String, usize>::new();
    for taken in bench.sink.taken() {
        *arrived.entry(taken.id).or_default() += 1;
    }
    let once: BTreeMap<_, _> = accepted.into_iter().map(|id| (id, 1)).collect();
    assert_eq!(arrived.len(), once.len());
    assert!(arrived == once, "each once, and no other");
    bench.stop().await;
}

/// A connection as soon as there is one.
async fn room(address: SocketAddr) -> Client {
    loop {
        let mut client = Client::silent(address).await;
        if client.reply().await.starts_with("220 ") {
            return client;
        }
    }
}

/// Sends without pause; the ids of what was accepted.
async fn send(mut client: Client, session: usize) -> Vec<String> {
    let mut accepted = Vec::new();
    client.go(&["EHLO desk"]).await;
    for number in 0..MESSAGES {
        let id = format!("<{session}-{number}@library.example>");
        let text = format!("From: <{FROM}>\r\nMessage-ID: {id}\r\nSubject: Test\r\n\r\nHello\r\n.\r\n");
        let commands = format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<p{session}@example.org>\r\nDATA\r\n{text}");
        client.send(commands.as_bytes()).await;
        for _ in 0..3 {
            let reply = client.reply().await;
            assert!(reply.starts_with(['2', '3']), "{reply}");
        }
        let reply = client.reply().await;
        match reply.as_bytes().first() {
            Some(b'2') => accepted.push(id),
            Some(b'4') => {}
            _ => panic!("{id}: {reply}"),
        }
    }
    assert!(client.say("QUIT").await.starts_with("221 "));
    accepted
}
