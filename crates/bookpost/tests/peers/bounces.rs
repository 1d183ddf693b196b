//! What mail systems behind ours return is understood: the address, and why.

use mail::dsn;
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{
    bench::{Bench, Folder, RETURNS, Security, message, soon},
    peer::Peer,
};

#[tokio::test]
async fn postfix() {
    returns("postfix", ["5.1.1", "5.6.0"]).await;
}

#[tokio::test]
async fn exim() {
    returns("exim", ["5.1.1", "5.6.0"]).await;
}

#[tokio::test]
async fn opensmtpd() {
    // It says why in its words to people only.
    returns("opensmtpd", ["5.0.0", "5.0.0"]).await;
}

/// Two messages: of one, an address is refused beside a good one; the other is refused as a whole.
async fn returns(kind: &str, statuses: [&str; 2]) {
    let folder = Folder::new();
    let rule = |at, address: &str, reply: &str| Rule {
        at,
        address: Some(address.into()),
        does: Does::Reply(reply.into()),
        times: None,
    };
    let rules = vec![
        rule(At::Rcpt, "gone@example.org", "550 5.1.1 No such user"),
        rule(At::Dot, "unwanted@example.org", "554 5.6.0 Not this one"),
    ];
    let sink = Sink::start(Settings { rules, keep_bytes: true, ..Settings::default() }).await.unwrap();
    let Some(peer) = Peer::start(kind, folder.path(), Some(sink.address()), &[]) else { return };
    let bench = Bench::start(&folder, folder.server(peer.address, Security::Plain)).await;
    let mut messages = vec![
        message("first", &["ann@example.org", "gone@example.org"]),
        message("second", &["unwanted@example.org"]),
    ];
    for ((envelope, ..), id) in messages.iter_mut().zip(["run-7", "run-8"]) {
        envelope.envelope_id = Some(id.into());
    }
    bench.accept(messages).await;
    assert_eq!(bench.quiet().await.delivered, 3);
    soon("the message for Ann and two bounces", sink.wait_for(3)).await;

    let mut returned = Vec::new();
    for bounce in sink.taken().iter().filter(|taken| taken.from.is_empty()) {
        assert_eq!(bounce.to, [RETURNS]);
        let report = dsn::read(&bounce.bytes).unwrap();
        // Servers that offer DSN bring the envelope's id back.
        let id = report.envelope_id.as_deref();
        assert_eq!(id.is_some_and(|id| id.starts_with("run-")), kind == "postfix", "{kind}: {id:?}");
        returned.extend(
            report
                .failed()
                .map(|one| (one.final_recipient.as_str().to_owned(), one.precise_status().to_string())),
        );
    }
    returned.sort();
    let addresses = ["gone@example.org", "unwanted@example.org"].map(str::to_owned);
    let expected: Vec<_> = addresses.into_iter().zip(statuses.map(str::to_owned)).collect();
    assert_eq!(returned, expected, "{kind}");
    bench.stop().await;
}
