//! Every server, over every kind of connection and sign-in that it offers, carries every kind of mail unharmed.

use testkit::sink::{Settings, Sink};

use crate::{
    arrived::{self, Arrived},
    bench::{Bench, Folder, LOGIN, Security, login, soon},
    meant::{self, Meant},
    peer::Peer,
};

/// One server and how it is to be used.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: &'static str,
    security: Security,
    /// The one mechanism it offers; None: no sign-in.
    mechanism: Option<&'static str>,
    /// It takes addresses that are not ASCII, and hands them on.
    international: bool,
}

/// One test for each server and kind of connection: they run side by side.
macro_rules! ways {
    ($($test:ident: $kind:literal, $security:ident, $mechanisms:expr, international: $international:literal;)+) => {
        $(#[tokio::test]
        async fn $test() {
            for mechanism in $mechanisms {
                carries(Case {
                    kind: $kind,
                    security: Security::$security,
                    mechanism,
                    international: $international,
                })
                .await;
            }
        })+
    };
}

const NONE: [Option<&str>; 1] = [None];
const EITHER: [Option<&str>; 2] = [Some("plain"), Some("login")];
const ALL: [Option<&str>; 3] = [None, Some("plain"), Some("login")];

ways! {
    postfix_plain: "postfix", Plain, ALL, international: true;
    postfix_starttls: "postfix", StartTls, ALL, international: true;
    postfix_tls: "postfix", Tls, ALL, international: true;
    exim_plain: "exim", Plain, ALL, international: true;
    exim_starttls: "exim", StartTls, ALL, international: true;
    exim_tls: "exim", Tls, ALL, international: true;
    // Version 6 has no TLS that works (see tests/peers/README.md), and signs nobody in without it.
    opensmtpd_plain: "opensmtpd", Plain, NONE, international: false;
    // It always wants a sign-in.
    dovecot_submission_plain: "dovecot-submission", Plain, EITHER, international: false;
    dovecot_submission_starttls: "dovecot-submission", StartTls, EITHER, international: false;
    dovecot_submission_tls: "dovecot-submission", Tls, EITHER, international: false;
    aiosmtpd_plain: "aiosmtpd", Plain, ALL, international: true;
    aiosmtpd_starttls: "aiosmtpd", StartTls, ALL, international: true;
    aiosmtpd_tls: "aiosmtpd", Tls, ALL, international: true;
}

async fn carries(case: Case) {
    let folder = Folder::new();
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let relay = case.kind != "aiosmtpd";
    let Some(peer) = start(case, &folder, relay.then_some(&sink)) else { return };
    let mut server = folder.server(peer.address, case.security);
    server.login = case.mechanism.map(|_| login(LOGIN.1));
    let bench = Bench::start(&folder, server).await;

    let mut all = meant::samples();
    let international = meant::international();
    bench.accept(all.iter().chain([&international]).map(Meant::message).collect()).await;
    let counts = bench.quiet().await;
    let rows = bench.rows().await;
    let recipients: u64 = all.iter().map(|one| one.to.len() as u64).sum();
    let outcomes: Vec<_> = rows.iter().map(|row| (row.state, row.reason, &row.answer)).collect();
    let expected = if case.international { (recipients + 1, 0) } else { (recipients, 1) };
    assert_eq!((counts.delivered, counts.returned), expected, "{case:?}: {outcomes:?}\n{}", peer.log());
    if case.international {
        all.push(international);
    }
    let arrived = if relay { wait_for_all(&sink, &all).await } else { arrived::kept_by(&peer) };
    meant::check(&all, &arrived, folder.path(), &format!("{case:?}"));
    bench.stop().await;
}

fn start(case: Case, folder: &Folder, sink: Option<&Sink>) -> Option<Peer> {
    let mut options = folder.tls(case.security, "good");
    if let Some(mechanism) = case.mechanism {
        let words = ["--login", LOGIN.0, "--password", LOGIN.1, "--mechanism", mechanism];
        options.extend(words.map(str::to_owned));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Peer::start(case.kind, folder.path(), sink.map(Sink::address), &options)
}

/// A relay may hand on a message to many in several pieces.
async fn wait_for_all(sink: &Sink, all: &[Meant]) -> Vec<Arrived> {
    let recipients: usize = all.iter().map(|meant| meant.to.len()).sum();
    let complete = async {
        loop {
            let arrived = arrived::at(sink);
            if arrived.iter().map(|message| message.to.len()).sum::<usize>() >= recipients {
                return arrived;
            }
            sink.wait_for(arrived.len() as u64 + 1).await;
        }
    };
    soon("the relay hands everything on", complete).await
}
