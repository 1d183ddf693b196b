//! A person pauses all sending, and lets it go on.

use std::time::Duration;

use bookpost::cli::control::{Older, QueueRequest, Reply, Request};
use store::{AlarmKind, Move, State};
use testkit::sink::{At, Does, Rule};
use tokio::sync::mpsc;

use crate::bench::{Bench, nobody, server, sink};

const HOUR: Duration = Duration::from_hours(1);

async fn ask(bench: &Bench, request: QueueRequest) -> Reply {
    bench.app.answer(Request::Queue(request), mpsc::unbounded_channel().0).await
}

async fn pause(bench: &Bench) {
    let reply = ask(bench, QueueRequest::Pause).await;
    assert!(matches!(reply, Reply::Paused(_)), "{reply:?}");
}

/// What comes in a pause waits, over a restart too, and is as young afterwards as it was before.
#[tokio::test]
async fn in_a_pause_nothing_is_sent_and_nothing_grows_older() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    pause(&bench).await;
    bench.accept(&["a@example.org", "b@example.org"]).await;
    let due = bench.row("a@example.org").await.expires_at;
    bench.pass_in_steps(HOUR * 60, HOUR).await;
    let bench = bench.restart(vec![server("server1", sink.address())], HOUR).await;
    bench.pass_in_steps(HOUR * 60, HOUR).await;
    assert_eq!((bench.counts().await.waiting, sink.taken().len()), (2, 0));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::Held], "a person is asked after 100 hours");
    let refused = ask(&bench, QueueRequest::Resume { older: None }).await;
    assert!(
        matches!(&refused, Reply::Failed { message, .. } if message.contains("2 mails have")),
        "{refused:?}"
    );
    bench.quiet().await;
    assert_eq!(sink.taken().len(), 0, "not before it is said what becomes of them");
    let resumed = ask(&bench, QueueRequest::Resume { older: Some(Older::Send) }).await;
    assert!(matches!(resumed, Reply::Resumed { .. }), "{resumed:?}");
    bench.quiet().await;
    assert_eq!((bench.counts().await.delivered, sink.taken().len()), (2, 2));
    let aged = bench.row("a@example.org").await.expires_at.duration_since(due);
    assert_eq!(aged, (HOUR * 121).try_into().unwrap());
    bench.pass(Duration::from_mins(2)).await;
    assert_eq!(bench.alarm_kinds().await, []);
    let again = ask(&bench, QueueRequest::Resume { older: None }).await;
    assert!(
        matches!(&again, Reply::Failed { message, .. } if message == "sending is not paused"),
        "{again:?}"
    );
}

/// Old news may be worse than none.
#[tokio::test]
async fn what_waited_long_becomes_what_a_person_says() {
    for (older, state, reports) in [
        (Older::Send, State::Delivered, 0),
        (Older::Cancel, State::Cancelled, 0),
        (Older::Return, State::Returned, 1),
    ] {
        let sink = sink(Vec::new()).await;
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        pause(&bench).await;
        bench.accept(&["old@example.org"]).await;
        bench.pass_in_steps(HOUR * 49, HOUR).await;
        bench.accept(&["young@example.org"]).await;
        ask(&bench, QueueRequest::Resume { older: Some(older) }).await;
        bench.pass(Duration::from_mins(5)).await;
        assert_eq!(bench.row("old@example.org").await.state, state);
        assert_eq!(bench.row("young@example.org").await.state, State::Delivered);
        let own = sink.taken().iter().filter(|mail| !mail.to[0].ends_with("@example.org")).count();
        assert_eq!(own, reports, "{older:?}");
    }
}

/// What has begun comes to its end; nothing else begins, not even a probe.
#[tokio::test]
async fn what_has_begun_comes_to_its_end_in_a_pause() {
    let waits = Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(1) };
    let sink = sink(vec![waits]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["slow@example.org"]).await;
    sink.wait_for(1).await;
    pause(&bench).await;
    bench.accept(&["later@example.org"]).await;
    sink.let_go();
    bench.quiet().await;
    assert_eq!(bench.row("slow@example.org").await.state, State::Delivered);
    assert_eq!(bench.row("later@example.org").await.state, State::Waiting);
    let retried =
        ask(&bench, QueueRequest::Move { selection: store::Selection::All, action: Move::Retry }).await;
    assert!(matches!(retried, Reply::Moved(_)), "{retried:?}");
    bench.quiet().await;
    assert_eq!(bench.row("later@example.org").await.state, State::Waiting);
}

#[tokio::test]
async fn no_server_is_probed_in_a_pause_and_nothing_is_given_up() {
    let bench = Bench::start(vec![server("server1", nobody())]).await;
    bench.accept(&["p@example.org"]).await;
    bench.quiet().await;
    let before = bench.attempts("p@example.org").await.len();
    pause(&bench).await;
    bench.pass_in_steps(HOUR * 200, HOUR).await;
    let row = bench.row("p@example.org").await;
    assert_eq!((row.state, bench.attempts("p@example.org").await.len()), (State::Waiting, before));
}

/// The first attempt after it is made by mail that has the time of the pause to its credit already.
#[tokio::test]
async fn a_failure_after_a_long_pause_returns_nobody() {
    let later =
        Rule { at: At::Dot, address: None, does: Does::Reply("451 4.3.0 not now".to_owned()), times: None };
    let sink = sink(vec![later]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    pause(&bench).await;
    bench.accept(&["a@example.org"]).await;
    bench.pass_in_steps(HOUR * 120, HOUR).await;
    let resumed = ask(&bench, QueueRequest::Resume { older: Some(Older::Send) }).await;
    assert!(matches!(resumed, Reply::Resumed { .. }), "{resumed:?}");
    bench.quiet().await;
    let row = bench.row("a@example.org").await;
    assert_eq!((row.state, row.attempts), (State::Waiting, 1));
}
