//! Servers that are down for a while, or for too long.

use std::time::Duration;

use mail::{Reason, clock::Clock};
use store::{AlarmKind, Filter, State};

use testkit::sink::At;

use crate::bench::{Bench, START, always, nobody, patron, server, sink, sink_at};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_server_that_is_down_for_almost_100_hours_gets_everything_once() {
    let address = nobody();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(50).await;
    bench.pass_in_steps(HOUR * 99 + MINUTE * 50, MINUTE).await;
    assert_eq!(bench.counts().await.waiting, 50);
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    let sink = sink_at(address).await;
    bench.pass(MINUTE * 15).await;
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.returned, sink.count()), (50, 0, 50));
    assert_eq!(bench.alarm_kinds().await, []);
    assert_eq!(bench.alarms(false).await.len(), 1, "told once that it began, once that it ended");
}

#[tokio::test]
async fn a_server_that_is_down_for_longer_gives_everything_back_once_at_100_hours_in_one_summary() {
    let address = nobody();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(50).await;
    bench.pass_in_steps(HOUR * 99 + SECOND * 3599, MINUTE).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.returned), (50, 0));
    bench.pass(MINUTE * 2).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.returned, counts.reports_owed), (0, 50, 50));
    let row = bench.row(&patron(7)).await;
    assert_eq!(row.reason, Some(Reason::Expired));
    let (settled_at, expires_at) = (row.settled_at.unwrap(), START + HOUR * 100);
    assert!((expires_at..=expires_at + MINUTE * 2).contains(&settled_at), "{settled_at}");
    // More than twenty wait for the window of the summary, then are one message; a day later it is still one.
    bench.pass_in_steps(HOUR, MINUTE).await;
    let sink = sink_at(address).await;
    bench.pass_in_steps(HOUR * 24, MINUTE).await;
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.returned, counts.reports_owed, sink.count()), (1, 50, 0, 1));
    let summary = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
    assert!(summary.contains("text/csv"), "{summary}");
}

#[tokio::test]
async fn a_week_switched_off_returns_nothing_before_an_attempt_failed() {
    for works in [true, false] {
        let bench = Bench::start(vec![server("server1", nobody())]).await;
        bench.accept_many(30).await;
        bench.pass(MINUTE).await;
        let after = nobody();
        let sink = if works { Some(sink_at(after).await) } else { None };
        let bench = bench.restart(vec![server("server1", after)], HOUR * 24 * 7).await;
        let restarted_at = bench.clock.now();
        bench.pass(MINUTE * 10).await;
        let counts = bench.counts().await;
        let expected = if works { (30, 0, 0) } else { (0, 30, 0) };
        assert_eq!((counts.delivered, counts.returned, counts.waiting), expected, "{works}");
        assert_eq!(sink.map_or(0, |sink| sink.count()), expected.0);
        for row in bench.app.store.list(Filter::default(), None, 100).await.unwrap() {
            let first_probe = restarted_at + SECOND * 5;
            assert!(row.state != State::Returned || row.settled_at.unwrap() >= first_probe, "{row:?}");
        }
    }
}

#[tokio::test]
async fn an_alarm_of_the_last_run_ends_when_the_server_works() {
    let bench = Bench::start(vec![server("server1", nobody())]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(MINUTE).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    let sink = sink(Vec::new()).await;
    let bench = bench.restart(vec![server("server1", sink.address())], MINUTE).await;
    bench.pass(MINUTE).await;
    assert_eq!((sink.count(), bench.alarm_kinds().await), (1, vec![]));
}

/// Mail may not go to the backup for years: it is asked at the start, and not taken for whole before it answers.
#[tokio::test]
async fn an_alarm_of_the_last_run_about_the_backup_ends_when_that_works() {
    let down = || vec![server("server1", nobody()), server("server2", nobody())];
    let bench = Bench::start(down()).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(MINUTE).await;
    let open = bench.alarms(true).await;
    assert_eq!(open.iter().filter(|(kind, ..)| *kind == AlarmKind::ServerDown).count(), 2, "{open:?}");
    let bench = bench.restart(down(), MINUTE).await;
    bench.pass(MINUTE).await;
    assert_eq!((bench.alarms(true).await, bench.alarms(false).await), (open.clone(), open));
    let (first, second) = (sink(Vec::new()).await, sink(Vec::new()).await);
    let works = vec![server("server1", first.address()), server("server2", second.address())];
    let bench = bench.restart(works, MINUTE).await;
    bench.pass(MINUTE).await;
    assert_eq!((first.count(), second.count(), bench.alarm_kinds().await), (1, 0, vec![]));
}

#[tokio::test]
async fn the_backup_sends_until_server_1_is_back() {
    let first = nobody();
    let second = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", first), server("server2", second.address())]).await;
    bench.accept_many(20).await;
    bench.quiet().await;
    assert_eq!((second.count(), bench.counts().await.delivered), (20, 20));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown, AlarmKind::BackupInUse]);
    let rows = bench.app.store.list(Filter::default(), None, 20).await.unwrap();
    for row in &rows {
        let attempts = bench.app.store.show(row.message).await.unwrap().pop().unwrap().1;
        let instead = attempts.last().unwrap().instead_of.map(|instead| (instead.since, instead.reason));
        assert_eq!(instead, Some((START, Reason::Unreachable)), "{attempts:?}");
    }
    let first = sink_at(first).await;
    bench.pass(SECOND * 12).await;
    bench.accept(&["early@example.org"]).await;
    bench.quiet().await;
    assert_eq!((first.count(), second.count()), (0, 21), "two good probes are not enough");
    bench.pass(SECOND * 5).await;
    assert_eq!(bench.alarm_kinds().await, []);
    bench.accept(&["late@example.org"]).await;
    bench.quiet().await;
    assert_eq!((first.count(), second.count()), (1, 21));
    let last = bench.app.store.list(Filter::default(), None, 1).await.unwrap().pop().unwrap().message;
    assert_eq!(bench.app.store.show(last).await.unwrap()[0].1[0].instead_of, None, "Server 1 took it");
}

/// Server 1 refused mail only when it had it before it: only a message shows that it is mended, and there is one although the
/// backup takes everything at once.
#[tokio::test]
async fn server_1_is_back_after_a_fault_that_only_a_message_shows() {
    let relay = always(At::Rcpt, "554 5.7.1 <x@example.org>: Relay access denied");
    let (first, second) = (sink(vec![relay]).await, sink(Vec::new()).await);
    let servers = vec![server("server1", first.address()), server("server2", second.address())];
    let bench = Bench::start(servers).await;
    bench.accept_many(5).await;
    bench.pass(MINUTE * 20).await;
    assert_eq!((second.count(), bench.counts().await.delivered), (5, 5));
    first.set_rules(Vec::new());
    for hour in 0..3 {
        bench.accept(&[&format!("hour{hour}@example.org")]).await;
        bench.pass(HOUR).await;
    }
    assert_eq!(bench.counts().await.delivered, 8);
    assert!(first.count() >= 1, "it was tried with a message, and took it");
    assert_eq!(bench.alarm_kinds().await, []);
}

#[tokio::test]
async fn with_both_servers_down_mail_waits_for_the_first_that_works() {
    let (first, second) = (nobody(), nobody());
    let bench = Bench::start(vec![server("server1", first), server("server2", second)]).await;
    bench.accept_many(20).await;
    bench.pass(HOUR).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.returned), (20, 0));
    let down = bench.open_alarms().await;
    let down = down.iter().filter(|(kind, ..)| *kind == AlarmKind::ServerDown);
    assert_eq!(down.map(|(_, subject, _)| subject.as_str()).collect::<Vec<_>>(), ["server1", "server2"]);
    let second = sink_at(second).await;
    bench.pass(MINUTE * 15).await;
    assert_eq!((second.count(), bench.counts().await.delivered), (20, 20));
}

#[tokio::test]
async fn after_an_outage_mail_comes_back_over_a_window() {
    let address = nobody();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(500).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!(bench.counts().await.waiting, 500);
    let sink = sink_at(address).await;
    // The next probe closes the breaker; count from there.
    while sink.count() == 0 {
        bench.clock.advance_to_next_sleeper().unwrap();
        bench.quiet().await;
    }
    let mut arrived = vec![sink.count()];
    for _ in 0..5 {
        bench.pass(MINUTE).await;
        arrived.push(sink.count());
    }
    assert!(arrived[0] <= 20, "not all at once: {arrived:?}");
    assert!((50..=150).contains(&(arrived[1] - arrived[0])), "evenly: {arrived:?}");
    bench.pass(MINUTE).await;
    assert_eq!(sink.count(), 500, "{arrived:?}");
}
