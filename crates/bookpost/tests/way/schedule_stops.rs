//! What a person has stopped: it is on record as that, a schedule does not go on with it by itself, and nothing else is taken for it.

use std::{collections::BTreeSet, fs};

use bookpost::{
    cli::control::{Older, QueueRequest, Reply, Request},
    config::Site,
};
use futures_util::future::poll_immediate;
use mail::clock::Clock as _;
use store::{
    AuditFilter, CameTo, Deed, LeftOutWhy, MessageId, Move, RunId, RunStopped, Selection, State, Turn,
};
use tokio::sync::mpsc;

use crate::{
    bench::{Bench, message, nobody, server},
    scheduled::{CLI, HEADER, MINUTE, Scheduled, at, export},
};

impl Scheduled {
    async fn stop(&self, run: RunId) -> u64 {
        let app = &self.bench.app;
        match app.decisions.stop_run(&app.notices, run, BTreeSet::new(), CLI).await.unwrap() {
            Reply::Moved(moved) => moved.moved,
            other => panic!("{other:?}"),
        }
    }

    /// With an export of Ann's that stands still.
    async fn due(&self, title: &str) -> Turn {
        self.bench.clock.set(at("2027-01-15T06:00"));
        self.put("overdues.csv", &export(title), 2 * MINUTE);
        self.bench.app.schedules.look().await.unwrap().0.pop().unwrap()
    }
}

/// Stopped because it was wrong, it does not go half an hour later after all; and nobody thinks that it went.
#[tokio::test]
async fn what_a_person_stopped_by_hand_a_schedule_does_not_send_and_a_person_hears() {
    let scheduled = Scheduled::start().await;
    let id = scheduled.add(scheduled.plan()).await.id;
    scheduled.bench.clock.set(at("2027-01-15T05:00"));
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    let by_hand = scheduled.run_by_hand("overdues.csv", |_| ()).await;
    assert_eq!(scheduled.stop(by_hand).await, 1);
    scheduled.bench.clock.set(at("2027-01-15T06:00"));
    let ended = scheduled.look().await.pop().unwrap().1;
    assert_eq!((ended.came_to, ended.run), (CameTo::StoppedBefore, Some(by_hand)));
    let [told] = &scheduled.told().await[..] else { panic!("not told") };
    assert!(
        told.contains("A person stopped a run of this same export") && told.contains("It is run 1."),
        "{told}"
    );
    assert_eq!((scheduled.runs().await, scheduled.bench.counts().await.waiting), (1, 0));
    // Whoever wants it after all says so: then it goes to whoever was not written to.
    scheduled.bench.clock.advance(MINUTE);
    let now = scheduled.bench.clock.now();
    let asked = scheduled.bench.app.schedules.ask(id, now, CLI).await.unwrap().unwrap();
    assert_eq!(scheduled.carry_out(asked).await.came_to, CameTo::Run);
    assert_eq!((scheduled.bench.counts().await.waiting, scheduled.told().await.len()), (1, 0));
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Unchanged]);
    scheduled.bench.app.stop().await.unwrap();
}

/// Its own run: the same export waits for a person, the next one goes.
#[tokio::test]
async fn what_a_person_stopped_of_a_schedule_goes_with_another_export_only() {
    let scheduled = Scheduled::start().await;
    scheduled.add(scheduled.plan()).await;
    let turn = scheduled.due("Emma").await;
    let run = scheduled.carry_out(turn).await.run.unwrap();
    assert_eq!(scheduled.stop(run).await, 1);
    let stopped = scheduled.bench.app.store.run(run).await.unwrap().stopped;
    let (at_the_time, sites) = (at("2027-01-15T06:00"), BTreeSet::new());
    assert_eq!(stopped, Some(RunStopped { by: CLI, at: at_the_time, sites }));
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::StoppedBefore]);
    scheduled.bench.clock.set(at("2027-01-17T05:00"));
    scheduled.put("overdues.csv", &export("Persuasion"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-17T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.told().await, [""; 0]);
    scheduled.bench.app.stop().await.unwrap();
}

/// Cut short by a sudden end, with a mail that was cancelled as its book came back: that is nobody's stop, and it is made to its end.
#[tokio::test]
async fn a_cancelled_mail_is_no_stop_and_a_stop_needs_no_cancelled_mail() {
    for is_stopped in [false, true] {
        let scheduled = Scheduled::start().await;
        scheduled.add(scheduled.plan()).await;
        let turn = scheduled.due("Emma").await;
        let run = scheduled.begin_run_of(&turn).await;
        let (app, now) = (&scheduled.bench.app, scheduled.bench.clock.now());
        if is_stopped {
            app.store.stop_run(run, BTreeSet::new(), CLI, now).await.unwrap();
        } else {
            let mut cancelled = message(&["ben@example.org"], now);
            cancelled.run = Some(run);
            app.store.accept(vec![cancelled], now).await.unwrap();
            app.store.move_recipients(Selection::Run(run), Move::Cancel, now).await.unwrap();
        }
        let ended = scheduled.carry_out(turn).await;
        assert_eq!(ended.came_to, if is_stopped { CameTo::Stopped } else { CameTo::Run });
        assert_eq!(scheduled.runs().await, if is_stopped { 1 } else { 2 });
        scheduled.bench.app.stop().await.unwrap();
    }
}

/// The manager of one library stopped it there, then it was cut short: it goes on for the others, and not there.
#[tokio::test]
async fn what_was_stopped_for_one_library_goes_on_for_the_others() {
    let bench = Bench::start_with(vec![server("server1", nobody())], |config| {
        let oak = Site { code: "OAK".into(), ..config.sites[0].clone() };
        config.sites.push(oak);
    })
    .await;
    let scheduled = Scheduled { bench, exports: tempfile::tempdir().unwrap() };
    scheduled.add(scheduled.plan()).await;
    scheduled.bench.clock.set(at("2027-01-15T06:00"));
    let both = format!(
        "{HEADER}Ann,1,ann@example.org,Emma,2026-11-02,RIV\nBen,2,ben@example.org,Dune,2026-11-02,OAK\n"
    );
    scheduled.put("overdues.csv", &both, 2 * MINUTE);
    let turn = scheduled.bench.app.schedules.look().await.unwrap().0.pop().unwrap();
    let run = scheduled.begin_run_of(&turn).await;
    let (store, now) = (&scheduled.bench.app.store, scheduled.bench.clock.now());
    store.stop_run(run, ["RIV".to_owned()].into(), CLI, now).await.unwrap();
    let ended = scheduled.carry_out(turn).await;
    assert_eq!(ended.came_to, CameTo::Run);
    let found = store.run(ended.run.unwrap()).await.unwrap();
    assert_eq!(found.states.values().sum::<u64>(), 1, "{found:?}");
    assert_eq!(found.left_out.get(&LeftOutWhy::Stopped), Some(&1), "{found:?}");
    assert_eq!(found.stopped.unwrap().sites, ["RIV".to_owned()].into());
    scheduled.bench.app.stop().await.unwrap();
}

/// It was stopped while it was made: that is what it came to, and not that all were made.
#[tokio::test]
async fn a_run_that_was_stopped_while_it_was_made_is_told_as_stopped() {
    let scheduled = Scheduled::start().await;
    scheduled.add(scheduled.plan()).await;
    let turn = scheduled.due("Emma").await;
    let run = scheduled.begin_run_of(&turn).await;
    let (store, now) = (&scheduled.bench.app.store, scheduled.bench.clock.now());
    store.stop_run(run, BTreeSet::new(), CLI, now).await.unwrap();
    store.finish_run(run, now).await.unwrap();
    let ended = scheduled.carry_out(turn).await;
    assert_eq!((ended.came_to, ended.run), (CameTo::Stopped, Some(run)));
    assert_eq!(scheduled.told().await, [""; 0], "whoever stopped it knows");
    scheduled.bench.app.stop().await.unwrap();
}

/// Whoever asked for the stop goes away in the middle of it: what was made does not leave all the same.
#[tokio::test]
async fn a_stop_comes_to_its_end_whoever_goes_away() {
    let scheduled = Scheduled::start().await;
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    let run = scheduled.run_by_hand("overdues.csv", |_| ()).await;
    let app = &scheduled.bench.app;
    // While whoever sends waits for another decision, this one cannot be carried out.
    let elsewhere = ["NONE".to_owned()].into();
    let other = app.notices.stop(run, elsewhere, CLI).await.unwrap();
    let mut stopping = Box::pin(app.decisions.stop_run(&app.notices, run, BTreeSet::new(), CLI));
    let is_for_all = |stopped: RunStopped| stopped.sites.is_empty();
    while !app.store.run(run).await.unwrap().stopped.is_some_and(is_for_all) {
        assert!(poll_immediate(&mut stopping).await.is_none());
    }
    assert!(poll_immediate(&mut stopping).await.is_none());
    drop(stopping);
    drop(other);
    scheduled.bench.quiet().await;
    while app.store.audit(AuditFilter::default(), None, 1).await.unwrap()[0].what != Deed::MailDecided {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.store.run(run).await.unwrap().states, [(State::Cancelled, 1)].into());
    scheduled.bench.app.stop().await.unwrap();
}

/// What is decided by commands stands in the log like what is decided on the pages.
#[tokio::test]
async fn what_commands_decide_about_mail_stands_in_the_log() {
    let bench = Bench::start(vec![server("server1", nobody())]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.quiet().await;
    let ask = async |request| bench.app.answer(Request::Queue(request), mpsc::unbounded_channel().0).await;
    let one = || Selection::Messages(vec![MessageId(1)]);
    for (request, said) in [
        (QueueRequest::Status, None),
        (
            QueueRequest::Move { selection: one(), action: Move::Hold },
            Some((Deed::MailDecided, "message 1", Some("hold: 1"))),
        ),
        (
            QueueRequest::Move { selection: Selection::State(State::Held), action: Move::Release },
            Some((Deed::MailDecided, "all mail: state=held", Some("release: 1"))),
        ),
        (
            QueueRequest::Move { selection: one(), action: Move::Retry },
            Some((Deed::MailDecided, "message 1", Some("retry: 1"))),
        ),
        (QueueRequest::Pause, Some((Deed::SendingPaused, "sending", None))),
        (
            QueueRequest::Resume { older: Some(Older::Send) },
            Some((Deed::SendingResumed, "sending", Some("what had waited for long: send"))),
        ),
        (
            QueueRequest::Move { selection: Selection::All, action: Move::Cancel },
            Some((Deed::MailDecided, "all mail: ", Some("cancel: 1"))),
        ),
    ] {
        let before = bench.app.store.audit(AuditFilter::default(), None, 99).await.unwrap();
        let asked = format!("{request:?}");
        let reply = ask(request).await;
        let lines = bench.app.store.audit(AuditFilter::default(), None, 99).await.unwrap();
        let added = &lines[..lines.len() - before.len()];
        let found = added.iter().map(|line| (line.what, &*line.about, line.new.as_deref()));
        assert_eq!(found.collect::<Vec<_>>(), Vec::from_iter(said), "{asked}: {reply:?}");
        assert!(added.iter().all(|line| line.who == CLI));
    }
    bench.app.stop().await.unwrap();
}

/// Of two that are to be skipped one would be sent after all, and nobody would hear.
#[tokio::test]
async fn a_second_time_is_not_skipped_in_place_of_the_first() {
    let scheduled = Scheduled::start().await;
    let added = scheduled.add(scheduled.plan()).await;
    let all = &scheduled.bench.app.schedules;
    all.skip(added.id, added.next_due, CLI).await.unwrap();
    // The clock is put back by a day.
    scheduled.bench.clock.set(at("2027-01-14T05:00"));
    scheduled.look().await;
    let next = scheduled.bench.app.store.schedule(added.id).await.unwrap().next_due;
    assert_eq!(next, Some(at("2027-01-14T06:00")));
    let refused = all.skip(added.id, next, CLI).await.unwrap_err().to_string();
    assert!(refused.starts_with("Fri 2027-01-15 06:00 is skipped already"), "{refused}");
    assert_eq!(scheduled.bench.app.store.schedule(added.id).await.unwrap().skips, added.next_due);
    assert!(fs::read_dir(scheduled.exports.path()).unwrap().next().is_none());
    scheduled.bench.app.stop().await.unwrap();
}
