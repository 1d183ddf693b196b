//! A server that dies in the middle and comes back: everything arrives, and what arrived twice is on the in-doubt list.

use std::collections::{BTreeMap, BTreeSet};

use bookpost::app::Start;
use store::Filter;
use testkit::sink::{Settings, Sink};

use crate::{
    arrived,
    bench::{Bench, Folder, LOGIN, Security, login, message, soon},
    peer::Peer,
};

/// Messages that are there when it begins.
const FIRST: usize = 200;
/// The server dies after so many answers to messages...
const ANSWERS: u64 = 60;
/// ...and right before its end so many more come: however quick it was, it dies with mail under way.
const LAST: usize = 100;
const MESSAGES: usize = FIRST + LAST;

#[tokio::test]
async fn killed_and_started_again() {
    for (kind, security) in [
        ("aiosmtpd", Security::Plain),
        ("aiosmtpd", Security::Tls),
        ("dovecot-submission", Security::StartTls),
        ("postfix", Security::StartTls),
    ] {
        dies_and_returns(kind, security).await;
    }
}

async fn dies_and_returns(kind: &str, security: Security) {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    let mut options = folder.tls(security, "good");
    let signs_in = kind == "dovecot-submission";
    if signs_in {
        options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
    }
    if kind == "postfix" {
        options.extend(["--retry-every", "1"].map(str::to_owned));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let Some(mut peer) = Peer::start(kind, folder.path(), Some(sink.address()), &options) else { return };
    let mut server = folder.server(peer.address, security);
    server.login = signs_in.then(|| login(LOGIN.1));
    let bench = Bench::start_as(&folder, server, Start::of_this_machine().unwrap()).await;

    let mail = |numbers: std::ops::Range<usize>| {
        numbers.map(|number| message(&number.to_string(), &["ann@example.org"])).collect()
    };
    bench.accept(mail(0..FIRST)).await;
    let answers = async {
        while bench.app.store.counts().await.unwrap().delivered < ANSWERS {
            tokio::task::yield_now().await;
        }
    };
    soon("some answers", answers).await;
    bench.accept(mail(FIRST..MESSAGES)).await;
    peer.kill();
    let counts = bench.quiet().await;
    assert!(counts.waiting > 0, "{kind}: it died without mail under way: {counts:?}");
    peer.start_again();
    let counts = bench.empty().await;
    assert_eq!(counts.delivered, MESSAGES as u64, "{kind}: {counts:?}");

    let got = match kind {
        "aiosmtpd" => ids_kept(&peer),
        "postfix" => wait_for_every_id(&sink).await,
        _ => count_ids(sink.taken().into_iter().map(|taken| taken.id)),
    };
    assert_eq!(got.len(), MESSAGES, "{kind}");
    // Postfix itself hands on twice what it was handing on when it died.
    if kind != "postfix" {
        let doubled: BTreeSet<_> =
            got.into_iter().filter(|(_, times)| *times > 1).map(|(id, _)| id).collect();
        let filter = Filter { ever_in_doubt: true, ..Filter::default() };
        let rows = bench.app.store.list(filter, None, MESSAGES).await.unwrap();
        let in_doubt: BTreeSet<_> = rows.into_iter().map(|row| row.message_id).collect();
        assert!(doubled.is_subset(&in_doubt), "{kind}: {doubled:?} arrived twice, in doubt are {in_doubt:?}");
    }
    bench.stop().await;
}

fn count_ids(ids: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    ids.for_each(|id| *counts.entry(id).or_default() += 1);
    counts
}

fn ids_kept(peer: &Peer) -> BTreeMap<String, usize> {
    let kept = arrived::kept_by(peer);
    count_ids(kept.iter().map(|one| mail::message::header(&one.bytes, "Message-ID").unwrap()))
}

async fn wait_for_every_id(sink: &Sink) -> BTreeMap<String, usize> {
    let every = async {
        loop {
            let count = sink.count();
            let ids = count_ids(sink.taken().into_iter().map(|taken| taken.id));
            if ids.len() == MESSAGES {
                return ids;
            }
            sink.wait_for(count + 1).await;
        }
    };
    soon("Postfix hands everything on", every).await
}
