//! Ends and starts: clean ones, sudden ones, and attempts that break.

use std::{sync::Arc, time::Duration};

use bookpost::{
    app::steps::Step,
    cli::control::{Progress, Reply, RunRequest},
    config::{Config, Server, Way},
};
use mail::{Reason, clock::Clock};
use store::{AlarmKind, NewRun, State, Store};
use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio::sync::mpsc;

use crate::{
    bench::{Bench, START, always, message, nobody, refuses, server, sink, sink_at},
    by_web_others::struck,
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// A sink without PIPELINING that keeps back its answers to whole messages.
async fn slow_sink() -> Sink {
    let rules = vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: None }];
    let extensions = vec!["8BITMIME".into(), "SIZE 52428800".into()];
    Sink::start(Settings { rules, extensions, keep_bytes: true, ..Settings::default() }).await.unwrap()
}

fn one_connection(sink: &Sink) -> Arc<Server> {
    let mut server = Server::clone(&server("server1", sink.address()));
    server.connections = 1;
    Arc::new(server)
}

#[tokio::test]
async fn a_clean_end_gives_back_what_was_not_sent_and_waits_for_the_answers() {
    let sink = slow_sink().await;
    let bench = Bench::start(vec![one_connection(&sink)]).await;
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    sink.wait_for(1).await;
    let answer = async {
        while bench.counts().await.waiting == 0 {
            tokio::task::yield_now().await;
        }
        sink.let_go();
    };
    let (stopped, ()) = tokio::join!(bench.app.stop(), answer);
    stopped.unwrap();
    let Bench { app, folder, .. } = bench;
    drop(app);
    let store = Store::open(folder.path(), START).unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.delivered, counts.waiting, counts.sending, counts.ever_in_doubt), (1, 1, 0, 0));
    assert_eq!(sink.taken()[0].to, ["ann@example.org"]);
}

#[tokio::test]
async fn after_a_sudden_end_only_what_may_have_arrived_is_in_doubt_and_all_is_sent() {
    let slow = slow_sink().await;
    let before = Bench::start(vec![one_connection(&slow)]).await;
    before.accept(&["ann@example.org", "bob@example.org", "cy@example.org"]).await;
    slow.wait_for(1).await;
    let sink = sink(Vec::new()).await;
    let after = before.after_a_crash(vec![server("server1", sink.address())]).await;
    after.quiet().await;
    assert_eq!((sink.count(), after.counts().await.ever_in_doubt), (2, 1));
    let row = after.row("ann@example.org").await;
    assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
    after.pass(MINUTE * 10).await;
    let counts = after.counts().await;
    assert_eq!((counts.delivered, counts.ever_in_doubt, sink.count()), (3, 1, 3));
    let again = sink.taken().pop().unwrap();
    let once = slow.taken().remove(0);
    assert_eq!((&once.id, &once.bytes), (&again.id, &again.bytes), "the same bytes");
    assert_eq!(after.app.store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_in_flight_waits_for_its_server_like_all_the_others() {
    let slow = slow_sink().await;
    let before = Bench::start(vec![one_connection(&slow)]).await;
    before.accept(&["ann@example.org", "bob@example.org"]).await;
    slow.wait_for(1).await;
    let address = nobody();
    let after = before.after_a_crash(vec![server("server1", address)]).await;
    after.pass(HOUR).await;
    assert_eq!(after.counts().await.waiting, 2);
    let sink = sink_at(address).await;
    after.pass(MINUTE * 15).await;
    assert_eq!((after.counts().await.delivered, sink.count()), (2, 2));
}

/// The notices that were not made are nobody's promise: a person is told to run the export again.
#[tokio::test]
async fn a_run_that_an_end_broke_off_is_told_until_its_export_was_run_again() {
    let sink = sink(Vec::new()).await;
    let servers = || vec![server("server1", sink.address())];
    let bench = Bench::start(servers()).await;
    let run = || NewRun {
        notice: "overdue".into(),
        source: "overdues.csv".into(),
        practice: false,
        started_at: START,
    };
    bench.app.store.begin_run(run()).await.unwrap();
    assert_eq!(bench.alarm_kinds().await, []);
    let bench = bench.restart(servers(), MINUTE).await;
    bench.pass(MINUTE * 2).await;
    let [(AlarmKind::RunInterrupted, subject, text)] = &bench.open_alarms().await[..] else { panic!() };
    assert_eq!(subject, "run 1");
    assert!(text.contains("overdues.csv") && text.contains("Run the export again"), "{text}");
    let again = bench.app.store.begin_run(run()).await.unwrap();
    bench.pass(MINUTE * 2).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::RunInterrupted], "not before it is done");
    bench.app.store.finish_run(again, bench.clock.now()).await.unwrap();
    bench.pass(MINUTE * 2).await;
    assert_eq!(bench.alarm_kinds().await, []);
    let bench = bench.restart(servers(), MINUTE).await;
    bench.pass(MINUTE * 2).await;
    assert_eq!(bench.alarms(false).await.len(), 1);
}

/// RFC 5321 section 4.5.3.2.6: ten minutes for the answer to a whole message.
#[tokio::test]
async fn an_answer_is_waited_for_ten_minutes_and_no_longer() {
    for (waits, answers, delivered) in [
        (Duration::from_secs(61), true, 1),
        (MINUTE * 5, true, 1),
        (Duration::from_secs(590), true, 1),
        (Duration::from_secs(601), false, 0),
    ] {
        let sink = slow_sink().await;
        let other = self::sink(Vec::new()).await;
        let servers = vec![one_connection(&sink), server("server2", other.address())];
        let bench = Bench::start(servers).await;
        bench.accept(&["ann@example.org"]).await;
        sink.wait_for(1).await;
        // Only the connection's own patience is moved; nothing else waits.
        tokio::time::pause();
        tokio::time::advance(waits).await;
        tokio::time::resume();
        if answers {
            sink.let_go();
        }
        bench.quiet().await;
        let counts = bench.counts().await;
        let doubts = u64::from(!answers);
        assert_eq!((counts.delivered, counts.ever_in_doubt), (delivered, doubts), "{waits:?}");
        assert_eq!((sink.count(), other.count()), (1, 0), "{waits:?}: never to the other server");
    }
}

/// The writer has one transaction at a time: if one stood open while a server thinks, nothing more could be stored.
#[tokio::test]
async fn no_transaction_is_open_while_a_server_thinks() {
    let sink = slow_sink().await;
    let bench = Bench::start(vec![one_connection(&sink)]).await;
    bench.accept(&["ann@example.org"]).await;
    sink.wait_for(1).await;
    let before = bench.app.store.stats().commits;
    bench.accept(&["bob@example.org"]).await;
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.waiting + counts.sending), (0, 2), "the answer is still out");
    assert!(bench.app.store.stats().commits > before);
    while bench.counts().await.delivered < 2 {
        sink.let_go();
        tokio::task::yield_now().await;
    }
}

/// It ends by itself only when nothing moves for 20 minutes, not 20 minutes after it began.
#[tokio::test]
async fn a_run_without_a_service_goes_on_as_long_as_mail_flows() {
    let sink = slow_sink().await;
    let bench = Bench::start(vec![one_connection(&sink)]).await;
    let rows = ["ann", "bob", "cy"].map(|who| format!("{who},{who}@example.org,Emma,2026-11-02,RIV\n"));
    let export = format!("Name,Email,Title,Due date,Branch\n{}", rows.concat()).into_bytes();
    let request = RunRequest { source: "overdues.csv".into(), export, ..RunRequest::default() };
    let (progress, mut told) = mpsc::unbounded_channel();
    let drive = async {
        for done in 1..=3 {
            sink.wait_for(done).await;
            bench.clock.advance(MINUTE * 19);
            sink.let_go();
            while bench.counts().await.delivered < done {
                tokio::task::yield_now().await;
            }
            bench.clock.advance(Duration::from_secs(1));
            while told.recv().await.is_some_and(|told: Progress| told.delivered < done) {}
        }
    };
    let (reply, ()) = tokio::join!(bench.app.notices.run(request, false, progress), drive);
    let Reply::Run(run) = reply else { panic!("{reply:?}") };
    assert_eq!((run.progress.delivered, run.progress.waiting), (3, 0));
}

/// It was refused by name; only the others of its message were let go.
#[tokio::test]
async fn what_is_split_off_to_be_tried_again_is_not_in_doubt_after_a_crash() {
    let full = Rule { times: Some(1), ..refuses("bob@example.org", "452 4.5.3 too many recipients") };
    let waits = Rule { at: At::Rcpt, address: Some("bob@example.org".into()), does: Does::Wait, times: None };
    let first = sink(vec![full, waits]).await;
    let before = Bench::start(vec![server("server1", first.address())]).await;
    let pair = message(&["ann@example.org", "bob@example.org"], START);
    before.app.receiver.accept(vec![pair]).await.unwrap();
    while before.row("ann@example.org").await.state != State::Delivered {
        tokio::task::yield_now().await;
    }
    let second = sink(Vec::new()).await;
    let after = before.after_a_crash(vec![server("server1", second.address())]).await;
    after.quiet().await;
    let counts = after.counts().await;
    assert_eq!((counts.delivered, counts.ever_in_doubt, second.count()), (2, 0, 1));
}

const FOUR: [&str; 4] = ["ann@example.org", "bob@example.org", "cy@example.org", "dee@example.org"];

/// With `ann` among them, all are too many.
fn too_many() -> Vec<Rule> {
    let too_many = always(At::Dot, "452 4.5.3 too many recipients");
    vec![Rule { address: Some("ann@example.org".into()), ..too_many }]
}

/// After a sudden end it is attempted alone, in smaller groups too, and the others leave as well.
#[tokio::test]
async fn what_is_attempted_alone_and_has_too_many_recipients_comes_to_an_end() {
    let sink = sink(too_many()).await;
    let servers = || vec![server("server1", sink.address())];
    let bench = Bench::start(servers()).await;
    bench.app.worker.pause(true).await;
    bench.app.receiver.accept(vec![message(&FOUR, START)]).await.unwrap();
    let other = async |config: &Config| struck(Store::open(&config.data_dir, START).unwrap(), START).await;
    let bench = Box::pin(bench.restart_after(other)).await;
    tokio::time::timeout(MINUTE, bench.quiet()).await.expect("it does not go round without end");
    bench.accept(&["eve@example.org"]).await;
    bench.quiet().await;
    assert_eq!(bench.counts().await.delivered, 4);
    let ann = bench.row("ann@example.org").await;
    assert_eq!((ann.state, ann.reason), (State::Waiting, Some(Reason::TooManyRecipients)));
}

/// The server is there again and takes the message of its probe in smaller groups only.
#[tokio::test]
async fn a_probe_whose_message_has_too_many_recipients_says_that_the_server_is_there() {
    let sink = sink(vec![always(At::Rcpt, "554 5.7.1 Relay access denied")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.app.receiver.accept(vec![message(&FOUR, START)]).await.unwrap();
    bench.pass(MINUTE).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::SignIn]);
    sink.set_rules(too_many());
    bench.pass(MINUTE * 20).await;
    assert_eq!((bench.counts().await.delivered, bench.alarm_kinds().await), (3, vec![]));
}

#[tokio::test]
async fn a_message_that_breaks_its_attempts_is_set_aside_at_the_third_strike() {
    let sink = sink(Vec::new()).await;
    let breaks = Some((Step::TransmissionBegun, 3));
    let bench = Bench::start_broken(vec![one_connection(&sink)], |_| {}, breaks).await;
    bench.accept(&["bad@example.org", "ann@example.org", "bob@example.org", "cy@example.org"]).await;
    bench.pass(MINUTE).await;
    let bad = bench.row("bad@example.org").await;
    assert_eq!((bad.state, bad.strikes, bad.reason), (State::Held, 3, Some(Reason::Broke)));
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.held, counts.ever_in_doubt, sink.count()), (3, 1, 0, 3));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::BrokenMessage]);
}

/// The answer was read and is nowhere else when the attempt breaks: whether it arrived is not known, and that is on record.
#[tokio::test]
async fn an_attempt_that_breaks_at_the_answer_leaves_its_message_in_doubt() {
    let sink = sink(Vec::new()).await;
    let breaks = Some((Step::Answered, 1));
    let bench = Bench::start_broken(vec![one_connection(&sink)], |_| {}, breaks).await;
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    bench.pass(MINUTE).await;
    let ann = bench.row("ann@example.org").await;
    assert_eq!((ann.state, ann.reason), (State::InDoubt, Some(Reason::AnswerUnknown)));
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.ever_in_doubt, sink.count()), (1, 1, 2));
}

/// The probe's own message breaks the attempt: the next probe is made all the same.
#[tokio::test]
async fn a_probe_that_breaks_is_followed_by_another() {
    let address = nobody();
    let breaks = Some((Step::TransmissionBegun, 1));
    let bench = Bench::start_broken(vec![server("server1", address)], |_| {}, breaks).await;
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    bench.pass(MINUTE).await;
    let sink = sink_at(address).await;
    bench.pass(MINUTE * 10).await;
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, sink.count(), bench.alarm_kinds().await), (2, 2, vec![]));
}

#[tokio::test]
async fn practice_mail_is_never_sent_and_never_counts_as_delivered() {
    let sink = sink(Vec::new()).await;
    for real in [true, false] {
        let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
            if !real {
                config.sending.way = Way::Practice;
            }
        })
        .await;
        let mut rehearsal = message(&["ann@example.org"], START);
        rehearsal.practice = true;
        bench.app.receiver.accept(vec![rehearsal]).await.unwrap();
        bench.quiet().await;
        let counts = bench.counts().await;
        assert_eq!((counts.practiced, counts.delivered, sink.connections()), (1, 0, 0), "{real}");
        assert_eq!(bench.row("ann@example.org").await.state, State::Practiced);
    }
}

#[tokio::test]
async fn real_mail_waits_while_only_practice_is_chosen() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start_with(Vec::new(), |config| config.sending.way = Way::Practice).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(HOUR).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.practiced, counts.delivered), (1, 0, 0));
    let bench = bench.restart(vec![server("server1", sink.address())], MINUTE).await;
    bench.quiet().await;
    assert_eq!((bench.counts().await.delivered, sink.count()), (1, 1));
}

#[tokio::test]
async fn what_the_disk_does_not_take_is_not_accepted() {
    let program = std::env::current_exe().unwrap();
    let script = "trap '' XFSZ; ulimit -f 20000; exec \"$0\" --exact life::with_a_small_disk --ignored";
    let mut child = tokio::process::Command::new("sh");
    let done = child.arg("-c").arg(script).arg(program).output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"), "it was run");
}

#[tokio::test]
#[ignore = "run by what_the_disk_does_not_take_is_not_accepted, where no file grows over 10 MB"]
async fn with_a_small_disk() {
    let bench = Bench::start_with(Vec::new(), |config| config.sending.way = Way::None).await;
    let mut accepted = 0;
    let mut refused = None;
    for _ in 0..100 {
        let mut pair = [message(&["ann@example.org"], START), message(&["bob@example.org"], START)];
        for one in &mut pair {
            one.bytes =
                [one.bytes.as_ref(), &b"A long line of a long text.\r\n".repeat(20_000)[..]].concat().into();
        }
        match bench.app.receiver.accept(pair.to_vec()).await {
            Ok(stored) => accepted += stored.len() as u64,
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    assert!(matches!(refused, Some(store::Error::DiskFull(_) | store::Error::Disk(_))), "{refused:?}");
    assert!(accepted > 0);
    assert_eq!(bench.counts().await.waiting, accepted, "all that was promised, and nothing else");
    assert_eq!(bench.app.store.check().await.unwrap(), Vec::<String>::new());
}
