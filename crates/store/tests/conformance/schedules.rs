//! Schedules, and that each of their moments is taken once.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::time};
use store::{
    Actor, AuditFilter, CameTo, ClosedDays, Deed, Ending, Error, ExportSeen, ExportSource, NewRun, PersonId,
    Reading, Rhythm, RunOfExport, RunStopped, SameExport, Schedule, SchedulePlan, Store, TURNS_KEPT,
};

use crate::fresh::{Fresh, minute, sound};

fn ann() -> Actor {
    Actor::Person { id: PersonId(1), name: "Ann".parse().unwrap() }
}

pub(crate) fn plan(name: &str) -> SchedulePlan {
    SchedulePlan {
        name: name.to_owned(),
        notice: "overdue-items".to_owned(),
        source: ExportSource::File("/srv/exports/overdues.csv".into()),
        rhythm: Rhythm::Weekly([1, 4].into()),
        time: time(6, 0, 0, 0),
        zone: "America/Chicago".to_owned(),
        closed: ClosedDays { weekdays: [7].into(), dates: ["2026-12-25".parse().unwrap()].into() },
        sites: BTreeSet::from(["MAIN".to_owned()]),
        reading: Reading { dates: "m/d/y".to_owned(), ..Reading::default() },
        practice: false,
        not_older_than: None,
    }
}

async fn added(store: &Store, fresh: &Fresh, next_due: Timestamp) -> Schedule {
    store.add_schedule(plan("Overdues"), Some(next_due), ann(), fresh.now()).await.unwrap()
}

fn came_to(came_to: CameTo) -> Ending {
    Ending { came_to, detail: None, run: None, export: None }
}

pub(crate) async fn a_schedule_is_kept_as_it_was_said(fresh: &Fresh) {
    let store = fresh.open().await;
    assert_eq!(store.schedules().await.unwrap(), []);
    let first = added(&store, fresh, minute(10)).await;
    let same = store.add_schedule(plan("Overdues"), None, ann(), fresh.now()).await;
    assert!(matches!(same, Err(Error::Exists(_))), "{same:?}");
    let command = ExportSource::Command(vec!["/usr/bin/export".to_owned(), "--all".to_owned()]);
    let another = SchedulePlan { source: command, rhythm: Rhythm::Yearly(2, 29), ..plan("Another") };
    let another = store.add_schedule(another, None, Actor::CommandLine, fresh.now()).await.unwrap();
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(store.schedules().await.unwrap(), [another.clone(), first.clone()]);
    assert_eq!((&first.plan, first.next_due, first.version), (&plan("Overdues"), Some(minute(10)), 1));
    let taken = store
        .change_schedule(another.id, another.version, plan("Overdues"), (None, None), ann(), fresh.now())
        .await;
    assert!(matches!(taken, Err(Error::Exists(_))), "{taken:?}");
    let other = SchedulePlan { rhythm: Rhythm::Daily, ..plan("Overdues") };
    let next = Some(minute(3));
    let changed = store
        .change_schedule(first.id, 1, other.clone(), (next, None), Actor::CommandLine, fresh.now())
        .await
        .unwrap();
    assert_eq!((&changed.plan, changed.version, changed.next_due), (&other, 2, next));
    let late = store.change_schedule(first.id, 1, plan("Overdues"), (None, None), ann(), fresh.now()).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    assert_eq!(store.remove_schedule(first.id, ann(), fresh.now()).await.unwrap(), changed);
    assert!(matches!(store.schedule(first.id).await, Err(Error::NotFound(_))));
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let deeds: Vec<_> = lines.iter().map(|line| (line.what, &*line.about)).collect();
    assert_eq!(
        deeds,
        [
            (Deed::ScheduleRemoved, "Overdues"),
            (Deed::ScheduleChanged, "Overdues"),
            (Deed::ScheduleAdded, "Another"),
            (Deed::ScheduleAdded, "Overdues"),
        ]
    );
    let (old, new) = (lines[1].old.as_deref().unwrap(), lines[1].new.as_deref().unwrap());
    assert!(old.contains("days: weekly 1, 4;") && new.contains("days: daily;"), "{old} {new}");
    sound(&store).await;
}

/// However often, by whomever, and over a restart.
pub(crate) async fn a_moment_is_taken_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let (due, next) = (minute(10), Some(minute(20)));
    let schedule = added(&store, fresh, due).await;
    fresh.at(12);
    let take = async |store: &Store| store.take_turn(schedule.id, due, next, 2, fresh.now()).await.unwrap();
    let turn = take(&store).await.unwrap();
    assert_eq!((turn.due, turn.missed, turn.begun_at, &turn.ending), (due, 2, minute(12), &None));
    assert_eq!(take(&store).await, None);
    assert_eq!(store.schedule(schedule.id).await.unwrap().next_due, next);
    assert_eq!(store.open_turns().await.unwrap(), std::slice::from_ref(&turn));
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(
        store.open_turns().await.unwrap(),
        std::slice::from_ref(&turn),
        "whoever starts anew finds it"
    );
    // Though the clock was put back, and it is due again.
    assert!(store.move_schedule(schedule.id, next, Some(due)).await.unwrap());
    assert!(!store.move_schedule(schedule.id, next, Some(due)).await.unwrap());
    assert_eq!(take(&store).await, None);
    assert_eq!(store.schedule(schedule.id).await.unwrap().next_due, next, "it goes on all the same");
    sound(&store).await;
}

pub(crate) async fn what_a_moment_came_to_is_kept(fresh: &Fresh) {
    let store = fresh.open().await;
    let id = added(&store, fresh, minute(10)).await.id;
    assert!(store.last_turns().await.unwrap().is_empty());
    let take = async |due: i64| {
        let (due, next) = (minute(due), Some(minute(due + 10)));
        store.take_turn(id, due, next, 0, fresh.now()).await.unwrap().unwrap()
    };
    fresh.at(10);
    let first = take(10).await;
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "a.csv".to_owned(),
        practice: false,
        started_at: fresh.now(),
    };
    let run = store.begin_run(new).await.unwrap();
    let export = ExportSeen { digest: vec![7; 32], written: Some(minute(9)) };
    let ran = Ending { run: Some(run), export: Some(export.clone()), ..came_to(CameTo::Run) };
    store.end_turn(&first, ran.clone(), fresh.now()).await.unwrap();
    store.end_turn(&first, came_to(CameTo::NotNow), fresh.now()).await.unwrap();
    fresh.at(20);
    let second = take(20).await;
    let detail = Some("No such file".to_owned());
    let missing = Ending {
        detail,
        export: Some(ExportSeen { digest: vec![8; 32], written: None }),
        ..came_to(CameTo::Missing)
    };
    store.end_turn(&second, missing.clone(), fresh.now()).await.unwrap();
    let turns = store.turns(id, 9).await.unwrap();
    let endings: Vec<_> = turns.iter().map(|turn| (turn.due, turn.ending.clone().unwrap())).collect();
    assert_eq!(endings, [(minute(20), missing), (minute(10), ran)]);
    assert_eq!(store.last_turns().await.unwrap()[&id], turns[0]);
    let sent = store.last_sent(id, false).await.unwrap().and_then(|turn| turn.ending?.export);
    assert_eq!(sent, Some(export), "the one that was sent");
    assert_eq!(store.open_turns().await.unwrap(), []);
    assert_eq!(store.turns(id, 1).await.unwrap().len(), 1);
    for n in 3..=i64::try_from(TURNS_KEPT).unwrap() + 1 {
        fresh.at(n * 10);
        take(n * 10).await;
    }
    let kept = store.turns(id, TURNS_KEPT + 9).await.unwrap();
    assert_eq!((kept.len(), kept.last().unwrap().due), (TURNS_KEPT, minute(20)));
    sound(&store).await;
}

pub(crate) async fn a_moment_that_is_to_be_left_out_is(fresh: &Fresh) {
    let store = fresh.open().await;
    let id = added(&store, fresh, minute(10)).await.id;
    let (due, next) = (minute(10), Some(minute(20)));
    let skip = async |moment| store.skip_moment(id, moment, ann(), fresh.now()).await;
    let skips = async |moment| skip(moment).await.unwrap().skips;
    assert_eq!((skips(Some(due)).await, skips(None).await), (Some(due), None));
    assert_eq!((skips(Some(due)).await, skips(Some(due)).await), (Some(due), Some(due)));
    // Whoever saw another moment as the next meant that one.
    assert!(matches!(skip(next).await, Err(Error::Changed)));
    // The clock was put back: there is a moment before it now.
    assert!(store.move_schedule(id, Some(due), Some(minute(5))).await.unwrap());
    // Of two that are to be left out one would be forgotten.
    assert!(matches!(skip(Some(minute(5))).await, Err(Error::Exists(_))));
    fresh.at(5);
    let before = store.take_turn(id, minute(5), Some(due), 0, fresh.now()).await.unwrap().unwrap();
    assert_eq!(before.ending, None, "it was another that is to be left out");
    fresh.at(11);
    let turn = store.take_turn(id, due, next, 0, fresh.now()).await.unwrap().unwrap();
    let over = (turn.ended_at, turn.ending.map(|ending| ending.came_to));
    assert_eq!(over, (Some(minute(11)), Some(CameTo::Skipped)));
    assert_eq!(store.schedule(id).await.unwrap().skips, None, "it was that one only");
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let deeds: Vec<_> = lines.iter().map(|line| line.what).collect();
    let (skips, not) = (Deed::ScheduleSkips, Deed::ScheduleSkipsNot);
    assert_eq!(deeds, [skips, not, skips, Deed::ScheduleAdded]);
    let zone = jiff::tz::TimeZone::get("America/Chicago").unwrap();
    let said = zone.to_datetime(due).strftime("%Y-%m-%d %H:%M").to_string();
    assert!(lines[..3].iter().all(|line| line.new.as_ref() == Some(&said)), "{lines:?}");
    sound(&store).await;
}

/// A pause and a change of the plan do not make people forget it.
pub(crate) async fn what_is_to_be_left_out_stays_so_over_a_pause(fresh: &Fresh) {
    let store = fresh.open().await;
    let (due, next) = (minute(10), minute(20));
    let id = added(&store, fresh, due).await.id;
    store.skip_moment(id, Some(due), ann(), fresh.now()).await.unwrap();
    let pause = async || store.pause_schedule(id, ann(), fresh.now()).await.unwrap();
    assert_eq!(pause().await.skips, Some(due));
    let resume = async |next| store.resume_schedule(id, Some(next), ann(), fresh.now()).await.unwrap().skips;
    assert_eq!(resume(due).await, Some(due));
    let change = async |name: &str, skips| {
        let version = store.schedule(id).await.unwrap().version;
        let moments = (Some(due), skips);
        store.change_schedule(id, version, plan(name), moments, ann(), fresh.now()).await.unwrap().skips
    };
    assert_eq!(change("Kept", Some(next)).await, Some(next));
    assert_eq!(change("Forgotten", None).await, None);
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    assert_eq!((lines[0].what, &*lines[0].about), (Deed::ScheduleSkipsNot, "Forgotten"), "nor in silence");
    store.skip_moment(id, Some(due), ann(), fresh.now()).await.unwrap();
    pause().await;
    assert_eq!(resume(next).await, None, "it passed in the pause, and nothing was sent");
    sound(&store).await;
}

/// However the program ends afterwards.
pub(crate) async fn of_which_export_a_moment_is_made_is_known_before(fresh: &Fresh) {
    let store = fresh.open().await;
    let (due, next) = (minute(10), Some(minute(20)));
    let id = added(&store, fresh, due).await.id;
    fresh.at(10);
    let turn = store.take_turn(id, due, next, 0, fresh.now()).await.unwrap().unwrap();
    let seen = |digest, written| ExportSeen { digest: vec![digest; 32], written };
    store.note_turn_export(&turn, seen(1, None)).await.unwrap();
    store.note_turn_export(&turn, seen(2, Some(minute(9)))).await.unwrap();
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(store.last_sent(id, false).await.unwrap(), None, "it is not sent yet");
    store.end_turn(&turn, came_to(CameTo::Run), fresh.now()).await.unwrap();
    store.note_turn_export(&turn, seen(3, None)).await.unwrap();
    let sent = store.last_sent(id, false).await.unwrap().and_then(|turn| turn.ending?.export);
    assert_eq!(sent, Some(seen(2, Some(minute(9)))));
    sound(&store).await;
}

/// What passed while nothing ran is one, with what was taken before that and came to no end.
pub(crate) async fn a_moment_joins_one_that_is_not_over(fresh: &Fresh) {
    let store = fresh.open().await;
    let (due, next) = (minute(10), Some(minute(20)));
    let id = added(&store, fresh, due).await.id;
    fresh.at(10);
    let turn = store.take_turn(id, due, next, 1, fresh.now()).await.unwrap().unwrap();
    fresh.at(45);
    let join = async || store.join_turn(&turn, minute(20), Some(minute(50)), 2).await.unwrap();
    store.pause_schedule(id, ann(), fresh.now()).await.unwrap();
    assert!(!join().await, "it rests");
    store.resume_schedule(id, next, ann(), fresh.now()).await.unwrap();
    assert_eq!((join().await, join().await), (true, false), "once");
    let open = store.open_turns().await.unwrap();
    let [open] = &open[..] else { panic!("{open:?}") };
    assert_eq!((open.due, open.missed), (due, 4));
    assert_eq!(store.schedule(id).await.unwrap().next_due, Some(minute(50)));
    store.end_turn(&turn, came_to(CameTo::Run), fresh.now()).await.unwrap();
    fresh.at(50);
    assert!(!store.join_turn(&turn, minute(50), Some(minute(60)), 0).await.unwrap(), "it is over");
    assert_eq!(store.schedule(id).await.unwrap().next_due, Some(minute(50)));
    sound(&store).await;
}

pub(crate) async fn a_run_is_known_by_its_export(fresh: &Fresh) {
    let store = fresh.open().await;
    let sites = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>();
    let run = async |notice: &str, practice, only: &[&str], finished| {
        let (notice, source, started_at) = (notice.to_owned(), "a.csv".to_owned(), fresh.now());
        let run = store.begin_run(NewRun { notice, source, practice, started_at }).await.unwrap();
        store.note_run_export(run, vec![7; 32], sites(only)).await.unwrap();
        if finished {
            store.finish_run(run, fresh.now()).await.unwrap();
        }
        run
    };
    let wanted = |only: &[&str], practice| RunOfExport {
        notice: "overdue-items".to_owned(),
        digest: vec![7; 32],
        sites: sites(only),
        practice,
        since: None,
    };
    let found = async |wanted| store.run_of_export(wanted).await.unwrap();
    fresh.at(3);
    run("overdue-items", false, &[], false).await;
    run("fines", false, &[], true).await;
    let practice = run("overdue-items", true, &[], true).await;
    assert_eq!(found(wanted(&[], false)).await, None, "cut short, another notice, or to nobody");
    assert_eq!(found(wanted(&[], true)).await, Some(SameExport::Sent(practice)));
    let main = run("overdue-items", false, &["MAIN", "EAST"], true).await;
    for (only, expected) in
        [(&["MAIN"][..], Some(SameExport::Sent(main))), (&["MAIN", "WEST"], None), (&[], None)]
    {
        assert_eq!(found(wanted(only, false)).await, expected, "{only:?}");
    }
    fresh.at(5);
    let all = run("overdue-items", false, &[], true).await;
    assert_eq!(found(wanted(&[], false)).await, Some(SameExport::Sent(all)));
    assert_eq!(found(RunOfExport { since: Some(fresh.now()), ..wanted(&[], false) }).await, None);
    assert_eq!(found(RunOfExport { digest: vec![8; 32], ..wanted(&[], false) }).await, None);
    sound(&store).await;
}

/// A run that a person had end is none that was sent, for those libraries; whether it came to its end or not.
pub(crate) async fn what_somebody_stopped_is_on_record_and_was_not_sent(fresh: &Fresh) {
    let store = fresh.open().await;
    let sites = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>();
    let begun = async |finished| {
        let (notice, source) = ("overdue-items".to_owned(), "a.csv".to_owned());
        let new = NewRun { notice, source, practice: false, started_at: fresh.now() };
        let run = store.begin_run(new).await.unwrap();
        store.note_run_export(run, vec![7; 32], sites(&[])).await.unwrap();
        if finished {
            store.finish_run(run, fresh.now()).await.unwrap();
        }
        run
    };
    let found = async |only: &[&str]| {
        let (notice, digest) = ("overdue-items".to_owned(), vec![7; 32]);
        let wanted = RunOfExport { notice, digest, sites: sites(only), practice: false, since: None };
        store.run_of_export(wanted).await.unwrap()
    };
    let run = begun(true).await;
    assert_eq!(
        (store.run(run).await.unwrap().stopped, found(&[]).await),
        (None, Some(SameExport::Sent(run)))
    );
    fresh.at(3);
    store.stop_run(run, sites(&["MAIN"]), ann(), fresh.now()).await.unwrap();
    let stopped = |by, at, only: &[&str]| Some(RunStopped { by, at: minute(at), sites: sites(only) });
    assert_eq!(store.run(run).await.unwrap().stopped, stopped(ann(), 3, &["MAIN"]));
    for (only, expected) in [
        (&[][..], SameExport::Stopped(run)),
        (&["MAIN", "EAST"], SameExport::Stopped(run)),
        (&["EAST"], SameExport::Sent(run)),
    ] {
        assert_eq!(found(only).await, Some(expected), "{only:?}");
    }
    fresh.at(4);
    store.stop_run(run, sites(&["EAST"]), Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!(store.run(run).await.unwrap().stopped, stopped(Actor::CommandLine, 4, &["EAST", "MAIN"]));
    assert_eq!(found(&["EAST"]).await, Some(SameExport::Stopped(run)));
    store.stop_run(run, sites(&[]), ann(), fresh.now()).await.unwrap();
    assert_eq!(store.run(run).await.unwrap().stopped, stopped(ann(), 4, &[]));
    // One that goes on with it, and is cut short as well.
    let next = begun(false).await;
    store.stays_stopped(next, store.run(run).await.unwrap().stopped.unwrap()).await.unwrap();
    assert_eq!(found(&["WEST"]).await, Some(SameExport::Stopped(next)));
    // Whoever has run it again since wanted it after all.
    let again = begun(true).await;
    assert_eq!(found(&[]).await, Some(SameExport::Sent(again)));
    sound(&store).await;
}

/// What a schedule has sent is not what somebody had end.
pub(crate) async fn what_was_stopped_is_not_what_was_sent_last(fresh: &Fresh) {
    let store = fresh.open().await;
    let (due, next) = (minute(10), Some(minute(20)));
    let id = added(&store, fresh, due).await.id;
    fresh.at(10);
    let turn = store.take_turn(id, due, next, 0, fresh.now()).await.unwrap().unwrap();
    let (notice, source) = ("overdue-items".to_owned(), "a.csv".to_owned());
    let new = NewRun { notice, source, practice: false, started_at: fresh.now() };
    let run = store.begin_run(new).await.unwrap();
    let export = Some(ExportSeen { digest: vec![7; 32], written: None });
    let ending = Ending { run: Some(run), export, ..came_to(CameTo::Run) };
    store.end_turn(&turn, ending, fresh.now()).await.unwrap();
    assert!(store.last_sent(id, false).await.unwrap().is_some());
    store.stop_run(run, BTreeSet::new(), ann(), fresh.now()).await.unwrap();
    assert_eq!(store.last_sent(id, false).await.unwrap(), None);
    sound(&store).await;
}

pub(crate) async fn a_schedule_that_rests_takes_no_moment(fresh: &Fresh) {
    let store = fresh.open().await;
    let (due, next) = (minute(10), Some(minute(20)));
    let id = added(&store, fresh, due).await.id;
    fresh.at(1);
    assert_eq!(store.pause_schedule(id, ann(), fresh.now()).await.unwrap().paused_at, Some(minute(1)));
    fresh.at(11);
    assert_eq!(store.pause_schedule(id, ann(), fresh.now()).await.unwrap().paused_at, Some(minute(1)));
    assert_eq!(store.take_turn(id, due, next, 0, fresh.now()).await.unwrap(), None);
    let resumed = store.resume_schedule(id, next, ann(), fresh.now()).await.unwrap();
    assert_eq!((resumed.paused_at, resumed.next_due), (None, next));
    // It goes on already, and is not moved again.
    let again = store.resume_schedule(id, None, ann(), fresh.now()).await.unwrap();
    assert_eq!(again.next_due, next);
    let deeds: Vec<_> =
        store.audit(AuditFilter::default(), None, 9).await.unwrap().iter().map(|line| line.what).collect();
    assert_eq!(deeds, [Deed::ScheduleResumed, Deed::SchedulePaused, Deed::ScheduleAdded]);
    sound(&store).await;
}

/// Though it rests: a person wants it. A second click asks for the same moment.
pub(crate) async fn what_is_asked_for_now_is_asked_for_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let id = added(&store, fresh, minute(10)).await.id;
    fresh.at(3);
    let (asked, ask) = (minute(2), async |at| store.ask_turn(id, at, ann(), fresh.now()).await.unwrap());
    let turn = ask(asked).await.unwrap();
    assert_eq!((turn.due, &turn.asked_by, turn.missed), (asked, &Some(ann()), 0));
    assert_eq!(ask(asked).await, None);
    assert_eq!(store.schedule(id).await.unwrap().next_due, Some(minute(10)), "its own moments stay");
    store.remove_schedule(id, ann(), fresh.now()).await.unwrap();
    assert_eq!(store.open_turns().await.unwrap(), []);
    // What it comes to afterwards is nobody's any more.
    store.end_turn(&turn, came_to(CameTo::Missing), fresh.now()).await.unwrap();
    assert!(store.ask_turn(id, asked, ann(), fresh.now()).await.is_err());
    sound(&store).await;
}
