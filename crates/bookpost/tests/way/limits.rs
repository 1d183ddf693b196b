//! Limits that people set for a server.

use std::{sync::Arc, time::Duration};

use bookpost::{
    config::{Limits, Server},
    queue::route::Upstream,
};
use mail::{Reason, clock::Clock};
use store::{AlarmKind, State};
use testkit::sink::At;

use crate::bench::{Bench, START, always, nobody, patron, refuses, server, sink, sink_at};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn limited(address: std::net::SocketAddr, per_minute: Option<u32>, per_day: Option<u32>) -> Arc<Server> {
    let mut server = Server::clone(&server("server1", address));
    server.limits = Limits { per_minute, per_day };
    Arc::new(server)
}

/// Over all connections, in each minute; what waits says why, and nobody is alarmed: it goes out within minutes.
#[tokio::test]
async fn no_minute_gets_more_than_is_allowed() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![limited(sink.address(), Some(30), None)]).await;
    bench.accept_many(100).await;
    bench.quiet().await;
    assert_eq!(sink.count(), 30);
    let pause = bench.app.worker.stands.borrow().iter().find_map(|one| one.pause);
    assert_eq!(pause.map(|pause| pause.reason), Some(Reason::LimitReached));
    let rows = bench.app.store.list(store::Filter::default(), None, 100).await.unwrap();
    let waiting: Vec<_> = rows.iter().filter(|row| row.state == State::Waiting).collect();
    assert_eq!(waiting.len(), 70);
    assert!(waiting.iter().any(|row| row.reason == Some(Reason::LimitReached)));
    let mut before = sink.count();
    while sink.count() < 100 {
        bench.pass_in_steps(Duration::from_secs(65), Duration::from_secs(5)).await;
        assert!(sink.count() <= before + 30 && sink.count() > before, "{before} {}", sink.count());
        before = sink.count();
    }
    assert!(bench.clock.now() >= START + MINUTE * 3);
    assert_eq!((bench.counts().await.delivered, bench.alarms(false).await.len()), (100, 0));
}

/// The rest of a day's mail waits for the next day, though Bookpost is started anew; it grows no older, and a person is told once.
#[tokio::test]
async fn no_day_gets_more_than_is_allowed_though_the_service_is_started_anew() {
    let sink = sink(Vec::new()).await;
    let address = sink.address();
    let server = || vec![limited(address, None, Some(40))];
    let bench = Bench::start(server()).await;
    bench.accept_many(100).await;
    bench.quiet().await;
    assert_eq!((sink.count(), bench.alarm_kinds().await), (40, vec![AlarmKind::Quota]));
    let (_, _, text) = bench.open_alarms().await.remove(0);
    assert!(text.contains("(40)") && text.contains("server1.per_day"), "{text}");
    bench.pass_in_steps(HOUR * 10, MINUTE * 10).await;
    let bench = bench.restart(server(), HOUR).await;
    bench.accept(&["fresh@example.org"]).await;
    bench.pass_in_steps(HOUR * 12, MINUTE * 10).await;
    assert_eq!((sink.count(), bench.counts().await.waiting), (40, 61), "the day is not over");
    let bench = bench.after_a_crash(server()).await;
    bench.quiet().await;
    assert_eq!(sink.count(), 40);
    bench.pass_in_steps(HOUR * 2, MINUTE * 10).await;
    assert_eq!(sink.count(), 80);
    bench.pass_in_steps(HOUR * 25, MINUTE * 10).await;
    assert_eq!((sink.count(), bench.counts().await.delivered), (101, 101));
    bench.pass_in_steps(HOUR * 25, MINUTE * 10).await;
    assert_eq!((bench.alarm_kinds().await, bench.alarms(false).await.len()), (vec![], 1));
}

/// Mail that waited for a limit for days is not given up when the server then is away for a moment.
#[tokio::test]
async fn time_that_mail_waits_for_the_next_day_makes_it_no_older() {
    let sink = sink(Vec::new()).await;
    let address = sink.address();
    let bench = Bench::start(vec![limited(address, None, Some(10))]).await;
    bench.accept_many(80).await;
    bench.pass_in_steps(HOUR * 121, MINUTE * 10).await;
    let sent = sink.count();
    assert!((50..=60).contains(&sent), "{sent}");
    drop(sink);
    bench.pass_in_steps(HOUR * 26, MINUTE * 10).await;
    let counts = bench.counts().await;
    assert_eq!((counts.returned, counts.waiting + counts.delivered), (0, 80));
    let _sink = sink_at(address).await;
    bench.pass_in_steps(HOUR * 48, MINUTE * 10).await;
    assert_eq!(bench.counts().await.returned, 0);
}

/// What a server did not take does not count; a server that is down is tried all the same.
#[tokio::test]
async fn what_was_not_taken_does_not_count() {
    let later = always(At::Rcpt, "451 4.7.1 later");
    let sink = sink(vec![later]).await;
    let bench = Bench::start(vec![limited(sink.address(), None, Some(20))]).await;
    bench.accept_many(15).await;
    bench.pass_in_steps(MINUTE * 30, MINUTE).await;
    sink.set_rules(vec![refuses(&patron(3), "550 5.1.1 no such user")]);
    bench.pass_in_steps(HOUR, MINUTE).await;
    let counts = bench.counts().await;
    assert_eq!((counts.returned, bench.alarm_kinds().await), (1, vec![]));
    assert!(counts.delivered >= 14, "{counts:?}");
    let address = nobody();
    let bench = Bench::start(vec![limited(address, Some(5), None)]).await;
    bench.accept_many(5).await;
    bench.pass_in_steps(HOUR, MINUTE).await;
    assert_eq!(bench.counts().await.waiting, 5);
    let sink = sink_at(address).await;
    bench.pass_in_steps(MINUTE * 10, MINUTE).await;
    assert_eq!(sink.count(), 5);
}

/// Another limit holds at once, and what the server took before counts.
#[tokio::test]
async fn a_limit_that_is_changed_counts_what_went_before() {
    let sink = sink(Vec::new()).await;
    let address = sink.address();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(10).await;
    bench.quiet().await;
    for (per_day, sent) in [(5, 10), (15, 15), (12, 15), (20, 20)] {
        let upstream = Upstream::new(limited(address, None, Some(per_day)), None);
        bench.app.worker.reroute(vec![upstream]).await;
        bench.accept_many(5).await;
        bench.quiet().await;
        assert_eq!(sink.count(), sent, "{per_day}");
    }
    bench.app.worker.reroute(vec![Upstream::new(server("server1", address), None)]).await;
    bench.quiet().await;
    assert_eq!(sink.count(), 30);
}
