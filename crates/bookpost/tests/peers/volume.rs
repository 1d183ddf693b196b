//! Much, and large.

use std::collections::BTreeSet;

use testkit::sink::{Settings, Sink};

use crate::{
    arrived,
    bench::{Bench, Folder, LOGIN, Security, envelope, login, soon},
    meant,
    peer::Peer,
};

const MESSAGES: usize = 1000;
/// Connections at most, and messages on each before it is closed.
const CONNECTIONS: usize = 5;
const PER_CONNECTION: usize = 100;

#[tokio::test]
async fn a_thousand_to_postfix() {
    let Some(log) = a_thousand("postfix", Security::StartTls).await else { return };
    // One of them was the look of `start` whether the server greets.
    let connections = log.matches(": connect from ").count() - 1;
    let most = MESSAGES / PER_CONNECTION + 2 * CONNECTIONS;
    assert!((MESSAGES / PER_CONNECTION..=most).contains(&connections), "{connections} connections");
}

#[tokio::test]
async fn a_thousand_to_dovecot_submission() {
    let Some(log) = a_thousand("dovecot-submission", Security::Tls).await else { return };
    let connections = log.matches(": Login: ").count();
    let most = MESSAGES / PER_CONNECTION + 2 * CONNECTIONS;
    assert!((MESSAGES / PER_CONNECTION..=most).contains(&connections), "{connections} connections");
}

/// Each arrives, and none twice. Gives the server's log.
async fn a_thousand(kind: &str, security: Security) -> Option<String> {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    let mut options = folder.tls(security, "good");
    let mut server_login = None;
    if kind == "dovecot-submission" {
        options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
        server_login = login(LOGIN.1);
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let peer = Peer::start(kind, folder.path(), Some(sink.address()), &options)?;
    let mut server = folder.server(peer.address, security);
    server.login = server_login;
    server.connections = CONNECTIONS;
    server.messages_per_connection = u32::try_from(PER_CONNECTION).unwrap();
    let bench = Bench::start(&folder, server).await;
    bench.accept((0..MESSAGES).map(small).collect()).await;
    let counts = bench.empty().await;
    assert_eq!((counts.delivered, counts.ever_in_doubt), (MESSAGES as u64, 0));
    soon("the relay hands everything on", sink.wait_for(MESSAGES as u64)).await;
    let ids: BTreeSet<_> = sink.taken().into_iter().map(|taken| taken.id).collect();
    assert_eq!((ids.len(), sink.count()), (MESSAGES, MESSAGES as u64));
    bench.stop().await;
    Some(peer.log())
}

fn small(number: usize) -> (mail::Envelope, String, Vec<u8>) {
    let id = format!("<{number}@bookpost.example.org>");
    let text = format!(
        "From: library@riverside.example.org\r\nMessage-ID: {id}\r\nSubject: {number}\r\n\r\nHello\r\n"
    );
    (envelope(&[&format!("patron{number}@example.org")]), id, text.into_bytes())
}

#[tokio::test]
async fn five_megabytes_to_postfix() {
    five_megabytes("postfix", Security::StartTls).await;
}

#[tokio::test]
async fn five_megabytes_to_exim() {
    five_megabytes("exim", Security::Tls).await;
}

#[tokio::test]
async fn five_megabytes_to_opensmtpd() {
    five_megabytes("opensmtpd", Security::Plain).await;
}

#[tokio::test]
async fn five_megabytes_to_aiosmtpd() {
    five_megabytes("aiosmtpd", Security::StartTls).await;
}

async fn five_megabytes(kind: &str, security: Security) {
    let folder = Folder::new();
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let options = folder.tls(security, "good");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let Some(peer) = Peer::start(kind, folder.path(), Some(sink.address()), &options) else { return };
    let bench = Bench::start(&folder, folder.server(peer.address, security)).await;
    let large = meant::large(5 << 20);
    bench.accept(vec![large.message()]).await;
    assert_eq!(bench.quiet().await.delivered, 1, "{kind}: {:?}", bench.rows().await);
    let arrived = if kind == "aiosmtpd" {
        arrived::kept_by(&peer)
    } else {
        soon("the relay hands it on", sink.wait_for(1)).await;
        arrived::at(&sink)
    };
    meant::check(&[large], &arrived, folder.path(), kind);
    bench.stop().await;
}
