//! One attempt and what it comes to.

use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::bench::{Bench, server};

#[tokio::test]
async fn everything_arrives_once() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let addresses: Vec<String> = (0..500).map(|n| format!("patron{n}@example.org")).collect();
    bench.accept(&addresses.iter().map(String::as_str).collect::<Vec<_>>()).await;
    sink.wait_for(500).await;
    bench.quiet().await;
    let counts = bench.app.store.counts().await.unwrap();
    assert_eq!((counts.delivered, counts.waiting, counts.sending), (500, 0, 0));
    assert_eq!(sink.count(), 500);
    assert!(sink.connections() <= 20, "{} connections", sink.connections());
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn one_refusal_is_that_recipients_and_is_reported() {
    let refused = Rule {
        at: At::Rcpt,
        address: Some("gone@example.org".into()),
        does: Does::Reply("550 5.1.1 no such user".into()),
        times: None,
    };
    let sink = Sink::start(Settings { rules: vec![refused], keep_bytes: true, ..Settings::default() })
        .await
        .unwrap();
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["ann@example.org", "gone@example.org", "bob@example.org"]).await;
    sink.wait_for(2).await;
    bench.pass(std::time::Duration::from_secs(120)).await;
    let counts = bench.app.store.counts().await.unwrap();
    assert_eq!((counts.delivered, counts.returned, counts.reports_owed), (3, 1, 0));
    let report = sink.taken().pop().unwrap();
    assert_eq!((report.from.as_str(), report.to), ("", vec!["returns@riverside.example.org".to_owned()]));
    bench.app.stop().await.unwrap();
}
