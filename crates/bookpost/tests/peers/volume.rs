//! Much, and large.

use std::collections::BTreeSet;

use bookpost::config::Server;
use testkit::sink::{Settings, Sink};

use crate::{
    arrived,
    bench::{Bench, Folder, LOGIN, Security, login, message, soon},
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
    let (peer, mut server) = start(kind, security, &folder, &sink)?;
    server.connections = CONNECTIONS;
    server.messages_per_connection = u32::try_from(PER_CONNECTION).unwrap();
    let bench = Bench::start(&folder, server).await;
    bench
        .accept((0..MESSAGES).map(|number| message(&number.to_string(), &["ann@example.org"])).collect())
        .await;
    let counts = bench.empty().await;
    assert_eq!((counts.delivered, counts.ever_in_doubt), (MESSAGES as u64, 0));
    soon("the relay hands everything on", sink.wait_for(MESSAGES as u64)).await;
    let ids: BTreeSet<_> = sink.taken().into_iter().map(|taken| taken.id).collect();
    assert_eq!((ids.len(), sink.count()), (MESSAGES, MESSAGES as u64));
    bench.stop().await;
    Some(peer.log())
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

#[tokio::test]
async fn five_megabytes_to_dovecot_submission() {
    five_megabytes("dovecot-submission", Security::Tls).await;
}

async fn five_megabytes(kind: &str, security: Security) {
    let folder = Folder::new();
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let Some((peer, server)) = start(kind, security, &folder, &sink) else { return };
    let bench = Bench::start(&folder, server).await;
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

fn start(kind: &str, security: Security, folder: &Folder, sink: &Sink) -> Option<(Peer, Server)> {
    let signs_in = kind == "dovecot-submission";
    let mut options = folder.tls(security, "good");
    if signs_in {
        options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let peer = Peer::start(kind, folder.path(), Some(sink.address()), &options)?;
    let mut server = folder.server(peer.address, security);
    server.login = signs_in.then(|| login(LOGIN.1));
    Some((peer, server))
}
