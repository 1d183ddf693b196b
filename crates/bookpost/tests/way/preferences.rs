//! Preferences change while mail flows.

use std::{net::SocketAddr, time::Duration};

use bookpost::{
    cli::control::{Older, PreferencesRequest, Reply, Request},
    preferences::{Change, InUse, Why, Wish},
};
use mail::clock::Clock as _;
use serde_json::{Value, json};
use store::{Actor, AlarmKind, AuditFilter, Deed, PauseWhy, State};
use testkit::sink::{At, Does, Rule};

use crate::bench::{Bench, nobody, sink};

const HOUR: Duration = Duration::from_hours(1);

async fn set(bench: &Bench, values: Value) {
    let Value::Object(values) = values else { panic!("{values}") };
    let wish = Wish { based_on: None, values: values.into_iter().collect(), by: Actor::CommandLine };
    bench.app.change_preferences(Change::Set(wish)).await.unwrap();
}

fn one_server(at: SocketAddr) -> Value {
    json!({ "sending.way": "servers", "server1.host": "127.0.0.1", "server1.port": at.port(),
        "server1.encryption": "none", "server1.allow_non_secure": true })
}

/// What is old news may be worse than no news: whoever lets mail go is asked about what has waited for more than 48 hours.
#[tokio::test]
async fn what_waited_for_long_while_nothing_was_to_be_sent_does_not_go_unasked() {
    let (bench, first) = (Bench::start_unset().await, sink(Vec::new()).await);
    set(&bench, json!({ "sending.way": "none" })).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass_in_steps(HOUR * 47, HOUR).await;
    bench.accept(&["bob@example.org"]).await;
    bench.pass(HOUR * 2).await;
    let Value::Object(values) = one_server(first.address()) else { unreachable!() };
    let wish = Wish { based_on: None, values: values.into_iter().collect(), by: Actor::CommandLine };
    let changed = bench.app.change_preferences(Change::Set(wish)).await.unwrap();
    bench.quiet().await;
    assert_eq!((changed.old, first.count(), bench.counts().await.waiting), (1, 0, 2));
    assert!(changed.loaded.warnings.iter().any(|warning| warning.contains("1 mail has waited")));
    let line = bench.app.store.audit(AuditFilter::default(), None, 1).await.unwrap().pop().unwrap();
    assert_eq!((line.what, line.who), (Deed::SendingPaused, Actor::CommandLine));
    let resumed = bench.app.decisions.resume(Some(Older::Cancel), Actor::CommandLine).await;
    assert!(matches!(resumed, Reply::Resumed { .. }), "{resumed:?}");
    bench.quiet().await;
    assert_eq!((bench.row("ann@example.org").await.state, first.count()), (State::Cancelled, 1));
    // Nothing is old now, so nobody is asked.
    set(&bench, json!({ "sending.way": "none" })).await;
    bench.accept(&["cem@example.org"]).await;
    set(&bench, json!({ "sending.way": "servers" })).await;
    bench.quiet().await;
    assert_eq!(first.count(), 2);
}

/// The same where it is the settings' file that lets mail go: nobody could be asked when it was changed.
#[tokio::test]
async fn what_waited_for_long_does_not_go_unasked_when_the_settings_file_lets_it() {
    let (bench, first) = (Bench::start_unset().await, sink(Vec::new()).await);
    bench.accept(&["ann@example.org"]).await;
    bench.pass_in_steps(HOUR * 47, HOUR).await;
    bench.accept(&["bob@example.org"]).await;
    bench.pass(HOUR * 2).await;
    let server = || vec![crate::bench::server("server1", first.address())];
    let bench = bench.restart(server(), HOUR).await;
    bench.quiet().await;
    assert_eq!((first.count(), bench.counts().await.waiting), (0, 2));
    let pause = bench.app.store.paused().await.unwrap().unwrap();
    assert_eq!(pause.why, PauseWhy::OldMail);
    let line = bench.app.store.audit(AuditFilter::default(), None, 1).await.unwrap().pop().unwrap();
    assert_eq!((line.what, line.who), (Deed::SendingPaused, Actor::Configuration));
    let unsaid = bench.app.decisions.resume(None, Actor::CommandLine).await;
    assert!(matches!(unsaid, Reply::Failed { .. }), "{unsaid:?}");
    bench.app.decisions.resume(Some(Older::Cancel), Actor::CommandLine).await;
    bench.quiet().await;
    assert_eq!((bench.row("ann@example.org").await.state, first.count()), (State::Cancelled, 1));
    // A server that was down for as long is no such case: nobody had meant mail to wait, and it goes.
    let bench = bench.restart(vec![crate::bench::server("server1", nobody())], HOUR).await;
    bench.accept(&["cem@example.org"]).await;
    bench.pass_in_steps(HOUR * 49, HOUR).await;
    let bench = bench.restart(server(), HOUR).await;
    bench.quiet().await;
    assert_eq!((bench.app.store.paused().await.unwrap(), first.count()), (None, 2));
}

/// The practice mailbox lets no real mail go either.
#[tokio::test]
async fn what_waited_for_long_beside_the_practice_mailbox_does_not_go_unasked() {
    let (bench, first) = (Bench::start_unset().await, sink(Vec::new()).await);
    bench.accept(&["ann@example.org"]).await;
    set(&bench, json!({ "sending.way": "practice" })).await;
    bench.pass_in_steps(HOUR * 49, HOUR).await;
    set(&bench, one_server(first.address())).await;
    bench.quiet().await;
    assert_eq!(
        (first.count(), bench.app.store.paused().await.unwrap().map(|pause| pause.why)),
        (0, Some(PauseWhy::OldMail))
    );
    bench.app.decisions.resume(Some(Older::Send), Actor::CommandLine).await;
    bench.quiet().await;
    assert_eq!(first.count(), 1);
}

/// As pages, commands and the API tell it.
#[tokio::test]
async fn it_is_told_which_server_is_in_use_since_when_and_why() {
    let (bench, second) = (Bench::start_unset().await, sink(Vec::new()).await);
    let in_use = async || {
        let (progress, _) = tokio::sync::mpsc::unbounded_channel();
        match bench.app.answer(Request::Preferences(PreferencesRequest::Show), progress).await {
            Reply::Preferences(shown) => shown.in_use,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(in_use().await, None, "no way of sending is chosen");
    bench.pass(HOUR).await;
    set(&bench, one_server(nobody())).await;
    let set_at = Some(bench.clock.now());
    let first = InUse { server: "server1".to_owned(), since: set_at, why: Why::Set, fault: None };
    assert_eq!(in_use().await, Some(first));
    bench.accept(&["ann@example.org"]).await;
    bench.pass(HOUR).await;
    assert_eq!(in_use().await, None, "it takes no mail");
    let backup = json!({ "server2.host": "127.0.0.1", "server2.port": second.address().port(),
        "server2.encryption": "none", "server2.allow_non_secure": true });
    set(&bench, backup).await;
    bench.pass(HOUR).await;
    let backup = in_use().await.unwrap();
    assert_eq!(
        (&*backup.server, backup.why, backup.fault, second.count()),
        ("server2", Why::FirstFails, Some(AlarmKind::ServerDown), 1)
    );
    bench.app.decisions.pause(Actor::CommandLine).await;
    assert_eq!(in_use().await, None);
}

/// Before anybody has said how mail is sent it waits, and grows no older; then it goes at once.
#[tokio::test]
async fn mail_waits_for_a_way_of_sending_and_goes_when_there_is_one() {
    let (bench, first, second) = (Bench::start_unset().await, sink(Vec::new()).await, sink(Vec::new()).await);
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    bench.pass_in_steps(HOUR * 47, HOUR).await;
    assert_eq!((bench.counts().await.waiting, bench.counts().await.returned), (2, 0));
    set(&bench, one_server(first.address())).await;
    bench.quiet().await;
    assert_eq!((bench.counts().await.delivered, first.count()), (2, 2));
    set(&bench, json!({ "server1.port": second.address().port() })).await;
    bench.accept(&["cem@example.org"]).await;
    bench.quiet().await;
    assert_eq!((first.count(), second.count()), (2, 1));
    set(&bench, json!({ "sending.way": "none" })).await;
    bench.accept(&["dan@example.org"]).await;
    let before = bench.row("dan@example.org").await.expires_at;
    bench.pass_in_steps(HOUR * 120, HOUR).await;
    bench.app.change_preferences(Change::Undo { by: Actor::CommandLine }).await.unwrap();
    bench.app.decisions.resume(Some(Older::Send), Actor::CommandLine).await;
    bench.quiet().await;
    assert_eq!((first.count(), second.count()), (2, 2));
    let row = bench.row("dan@example.org").await;
    assert_eq!(
        (row.state, row.expires_at.duration_since(before)),
        (State::Delivered, (HOUR * 120).try_into().unwrap())
    );
}

/// A wrong server is put right: what waited goes at once, and the alarm is over. What the old one says afterwards is no news.
#[tokio::test]
async fn a_server_that_is_put_right_gets_what_waited() {
    let (bench, good) = (Bench::start_unset().await, sink(Vec::new()).await);
    set(&bench, one_server(nobody())).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(Duration::from_mins(30)).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    set(&bench, one_server(good.address())).await;
    bench.quiet().await;
    assert_eq!((good.count(), bench.alarm_kinds().await), (1, vec![]));
    set(&bench, json!({ "sending.way": "practice" })).await;
    bench.pass(HOUR).await;
    assert_eq!(bench.alarm_kinds().await, []);
}

/// What a server has got is not sent to the one that takes its place.
#[tokio::test]
async fn what_is_on_its_way_comes_to_its_end_at_the_old_server() {
    let waits = Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(1) };
    let (bench, old, new) = (Bench::start_unset().await, sink(vec![waits]).await, sink(Vec::new()).await);
    set(&bench, one_server(old.address())).await;
    bench.accept(&["slow@example.org"]).await;
    old.wait_for(1).await;
    set(&bench, one_server(new.address())).await;
    bench.accept(&["later@example.org"]).await;
    new.wait_for(1).await;
    old.let_go();
    bench.quiet().await;
    assert_eq!((bench.counts().await.delivered, old.count(), new.count()), (2, 1, 1));
    assert_eq!(bench.attempts("slow@example.org").await.len(), 1);
}

/// A server that stays as it was keeps what is known of it.
#[tokio::test]
async fn another_preference_tries_no_dead_server_again() {
    let bench = Bench::start_unset().await;
    set(&bench, one_server(nobody())).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(Duration::from_mins(30)).await;
    let next = bench.app.worker.quiet().await;
    set(
        &bench,
        json!({ "library": "Riverside", "sites": [{ "code": "A", "name": "A", "email": "a@b.example" }] }),
    )
    .await;
    assert_eq!(bench.app.worker.quiet().await, next, "no probe but those that were due");
    let kinds: Vec<_> = bench.alarms(false).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [AlarmKind::ServerDown], "told once");
}

/// Nothing that another server says ends the alarm of the one that mail goes to: it is asked itself.
#[tokio::test]
async fn a_server_is_proven_by_its_own_answers() {
    let waits = |at, times| Rule { at, address: None, does: Does::Wait, times };
    let bench = Bench::start_unset().await;
    let (old, new) = (sink(vec![waits(At::Dot, Some(1))]).await, sink(vec![waits(At::Ehlo, None)]).await);
    set(&bench, one_server(old.address())).await;
    bench.accept(&["ann@example.org"]).await;
    old.wait_for(1).await;
    set(&bench, one_server(nobody())).await;
    bench.accept(&["bob@example.org"]).await;
    while bench.alarm_kinds().await.is_empty() {
        tokio::task::yield_now().await;
    }
    set(&bench, one_server(new.address())).await;
    old.let_go();
    while bench.counts().await.delivered == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    new.set_rules(Vec::new());
    new.let_go();
    bench.quiet().await;
    assert_eq!((new.count(), bench.alarm_kinds().await, bench.alarms(false).await.len()), (1, vec![], 1));
}

/// While it runs, and at the next start.
#[tokio::test]
async fn a_server_that_is_gone_has_no_alarm() {
    let bench = Bench::start_unset().await;
    set(&bench, one_server(nobody())).await;
    let good = sink(Vec::new()).await;
    let second = json!({ "server2.host": "127.0.0.1", "server2.port": good.address().port(),
        "server2.encryption": "none", "server2.allow_non_secure": true });
    set(&bench, second).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(Duration::from_mins(2)).await;
    let kinds = bench.alarm_kinds().await;
    assert!(kinds.contains(&AlarmKind::BackupInUse) && kinds.contains(&AlarmKind::ServerDown), "{kinds:?}");
    let gone = json!({ "server2.host": null, "server2.port": null, "server2.encryption": null,
        "server2.allow_non_secure": null });
    set(&bench, gone).await;
    bench.quiet().await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown], "there is no backup to send");
    // Without the preferences there is no server at all.
    let bench = bench.restart(Vec::new(), Duration::from_mins(1)).await;
    bench.quiet().await;
    assert_eq!(bench.alarm_kinds().await, []);
}
