//! What is sent by itself, in the test's own time: each moment once, whatever becomes of the clock, the program and the export.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    time::Duration,
};

use bookpost::app::schedules::NotScheduled;
use jiff::{SignedDuration, tz::TimeZone};
use mail::clock::Clock as _;
use store::{Actor, CameTo, ClosedDays, ExportSource, Reading, SchedulePlan, Turn};

use crate::{
    bench::{SLEEPERS, nobody, server},
    scheduled::{CLI, DAY, HEADER, MINUTE, Scheduled, ZONE, at, export},
};

/// Every minute somebody looks, over both clock changes: each day has its notices once, at the time that there is.
#[tokio::test]
async fn over_both_clock_changes_of_a_year_each_day_has_its_notices_once() {
    let scheduled = Scheduled::start().await;
    let half_past = |hour| SchedulePlan { time: format!("0{hour}:30").parse().unwrap(), ..scheduled.plan() };
    for (from, hour, expected) in [
        ("2027-03-13T00:00", 2, ["03-13 02:30 -06:00", "03-14 03:00 -05:00", "03-15 02:30 -05:00"]),
        ("2027-11-06T00:00", 1, ["11-06 01:30 -05:00", "11-07 01:30 -05:00", "11-08 01:30 -06:00"]),
    ] {
        scheduled.bench.clock.set(at(from));
        let schedule = scheduled.add(half_past(hour)).await;
        let (mut found, mut now, before) = (Vec::new(), at(from), scheduled.runs().await);
        while now < at(from) + DAY * 3 {
            scheduled.put("overdues.csv", &export(&now.to_string()), 2 * MINUTE);
            scheduled.bench.clock.set(now);
            for (_, ending) in scheduled.look().await {
                assert_eq!(ending.came_to, CameTo::Run);
                let local = now.to_zoned_datetime(TimeZone::get(ZONE).unwrap());
                found.push(local.strftime("%m-%d %H:%M %:z").to_string());
            }
            now += SignedDuration::from_mins(10);
        }
        assert_eq!(found, expected);
        assert_eq!(scheduled.runs().await, before + 3);
        scheduled.bench.app.schedules.remove(schedule.id, CLI).await.unwrap();
    }
    scheduled.bench.app.stop().await.unwrap();
}

/// The computer was off for three days.
#[tokio::test]
async fn what_was_missed_runs_once() {
    let scheduled = Scheduled::start().await;
    scheduled.bench.clock.set(at("2027-01-15T07:00"));
    let schedule = scheduled.add(scheduled.plan()).await;
    let Scheduled { bench, exports } = scheduled;
    let off = Duration::try_from(at("2027-01-18T13:00").duration_since(bench.clock.now())).unwrap();
    let scheduled = Scheduled { bench: bench.restart(vec![server("server1", nobody())], off).await, exports };
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    let ran = scheduled.look().await;
    let [(turn, ending)] = &ran[..] else { panic!("{ran:?}") };
    assert_eq!((turn.due, turn.missed, ending.came_to), (at("2027-01-16T06:00"), 2, CameTo::Run));
    assert!(scheduled.look().await.is_empty());
    assert_eq!(scheduled.runs().await, 1);
    let next = scheduled.bench.app.store.schedule(schedule.id).await.unwrap().next_due;
    assert_eq!(next, Some(at("2027-01-19T06:00")));
    scheduled.bench.app.stop().await.unwrap();
}

/// The program ends after a moment was taken and before, while or after its run is made: there is one run that comes to its end.
#[tokio::test]
async fn killed_at_any_moment_it_runs_once() {
    let begun = async |scheduled: &Scheduled, turn: &Turn, finished: bool| {
        let store = &scheduled.bench.app.store;
        let run = scheduled.begin_run_of(turn).await;
        if finished {
            store.finish_run(run, scheduled.bench.clock.now()).await.unwrap();
        }
    };
    for (told, run, runs) in
        [("before", None, 1), ("while it was made", Some(false), 2), ("after it was made", Some(true), 1)]
    {
        let scheduled = Scheduled::start().await;
        scheduled.add(scheduled.plan()).await;
        scheduled.bench.clock.set(at("2027-01-15T06:00"));
        scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
        let (turns, _) = scheduled.bench.app.schedules.look().await.unwrap();
        if let Some(finished) = run {
            begun(&scheduled, &turns[0], finished).await;
        }
        scheduled.bench.quiet().await;
        let bench = scheduled.bench.after_a_crash(vec![server("server1", nobody())]).await;
        let again = Scheduled { bench, exports: scheduled.exports };
        assert!(again.look().await.is_empty(), "{told}: it was taken");
        let open = again.bench.app.schedules.open().await.unwrap();
        assert_eq!(open, turns, "{told}");
        let ending = again.carry_out(open[0].clone()).await;
        assert_eq!(ending.came_to, CameTo::Run, "{told}");
        // Whoever comes to it a second time finds it seen to.
        assert!(again.bench.app.schedules.carry_out(open[0].clone()).await.is_none(), "{told}");
        let all = again.bench.app.store.runs(9).await.unwrap();
        let finished: Vec<_> = all.iter().filter(|run| run.finished_at.is_some()).map(|run| run.id).collect();
        assert_eq!((all.len(), finished), (runs, ending.run.into_iter().collect()), "{told}");
        assert!(again.bench.app.schedules.open().await.unwrap().is_empty(), "{told}");
        again.bench.app.stop().await.unwrap();
        scheduled.bench.app.stop().await.unwrap();
    }
}

/// Once skipped, then as before; while it rests not at all, and not for what passed meanwhile.
#[tokio::test]
async fn what_people_leave_out_is_left_out() {
    let scheduled = Scheduled::start().await;
    let id = scheduled.add(scheduled.plan()).await.id;
    let all = &scheduled.bench.app.schedules;
    let put = |title| scheduled.put("overdues.csv", &export(title), 2 * MINUTE);
    let skip = async || {
        let next = scheduled.bench.app.store.schedule(id).await.unwrap().next_due;
        all.skip(id, next, CLI).await.unwrap()
    };
    skip().await;
    put("A");
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, []);
    let last = scheduled.bench.app.store.turns(id, 1).await.unwrap().pop().unwrap();
    assert_eq!(last.ending.unwrap().came_to, CameTo::Skipped);
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Run], "only that one");
    all.pause(id, CLI).await.unwrap();
    put("B");
    assert_eq!(scheduled.look_at("2027-01-17T06:00").await, []);
    assert_eq!(scheduled.look_at("2027-01-18T07:00").await, []);
    all.resume(id, CLI).await.unwrap();
    assert_eq!(
        scheduled.look_at("2027-01-18T08:00").await,
        [],
        "what passed in the pause is not made up for"
    );
    put("C");
    assert_eq!(scheduled.look_at("2027-01-19T06:00").await, [CameTo::Run]);
    // The one that was to be left out, and one after it, passed while nobody looked.
    skip().await;
    scheduled.bench.clock.set(at("2027-01-21T07:00"));
    put("D");
    assert_eq!(scheduled.look_at("2027-01-21T07:00").await, [CameTo::Run]);
    assert_eq!(scheduled.runs().await, 3);
    scheduled.bench.app.stop().await.unwrap();
}

/// Taken, and not seen to its end, as where the program was ended in between.
#[tokio::test]
async fn what_was_taken_is_not_sent_once_a_person_wants_that_it_is_not() {
    for (told, rests) in [("it rests", true), ("its run was stopped", false)] {
        let scheduled = Scheduled::start().await;
        let id = scheduled.add(scheduled.plan()).await.id;
        scheduled.bench.clock.set(at("2027-01-15T06:00"));
        scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
        let turn = scheduled.bench.app.schedules.look().await.unwrap().0.pop().unwrap();
        let store = &scheduled.bench.app.store;
        if rests {
            scheduled.bench.app.schedules.pause(id, CLI).await.unwrap();
        } else {
            let run = scheduled.begin_run_of(&turn).await;
            store.stop_run(run, BTreeSet::new(), CLI, scheduled.bench.clock.now()).await.unwrap();
        }
        let ending = scheduled.carry_out(turn).await;
        let expected = if rests { CameTo::Skipped } else { CameTo::Stopped };
        assert_eq!(ending.came_to, expected, "{told}");
        assert_eq!(scheduled.bench.counts().await.waiting, 0, "{told}");
        scheduled.bench.app.stop().await.unwrap();
    }
}

/// However many come to it at once.
#[tokio::test]
async fn a_moment_is_seen_to_by_one() {
    let scheduled = Scheduled::start().await;
    scheduled.add(scheduled.plan()).await;
    scheduled.bench.clock.set(at("2027-01-15T06:00"));
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    let turn = scheduled.bench.app.schedules.look().await.unwrap().0.pop().unwrap();
    let app = &scheduled.bench.app;
    let (one, other) = tokio::join!(app.schedules.carry_out(turn.clone()), app.schedules.carry_out(turn));
    assert_eq!((one.is_some(), other.is_some()), (true, false));
    assert_eq!(scheduled.runs().await, 1);
    scheduled.bench.app.stop().await.unwrap();
}

/// Nobody received what went to the practice mailbox: the same export may go to patrons then.
#[tokio::test]
async fn practice_is_no_last_run() {
    let scheduled = Scheduled::start().await;
    let practice = SchedulePlan { practice: true, ..scheduled.plan() };
    let added = scheduled.add(practice).await;
    scheduled.bench.clock.set(at("2027-01-15T05:00"));
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Unchanged], "to practice again");
    let real = scheduled.plan();
    scheduled.bench.app.schedules.change(added.id, added.version, real, CLI).await.unwrap();
    scheduled.bench.clock.set(at("2027-01-17T05:00"));
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-17T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.look_at("2027-01-18T06:00").await, [CameTo::Unchanged]);
    scheduled.bench.app.stop().await.unwrap();
}

/// 18 January 2027 is a Monday.
#[tokio::test]
async fn on_closed_days_nothing_is_sent() {
    let scheduled = Scheduled::start().await;
    let closed = ClosedDays { weekdays: [6, 7].into(), dates: ["2027-01-18".parse().unwrap()].into() };
    scheduled.add(SchedulePlan { closed, ..scheduled.plan() }).await;
    let mut ran = Vec::new();
    for day in 15..=20 {
        scheduled.bench.clock.set(at(&format!("2027-01-{day}T06:00")));
        scheduled.put("overdues.csv", &export(&day.to_string()), 2 * MINUTE);
        let came_to = scheduled.look().await;
        ran.extend((!came_to.is_empty()).then_some(day));
    }
    assert_eq!(ran, [15, 19, 20]);
    scheduled.bench.app.stop().await.unwrap();
}

/// The clock was a week ahead when the schedule was made, and is put right: the moments of that week are not lost.
#[tokio::test]
async fn a_clock_that_is_put_back_loses_no_moment_and_runs_none_twice() {
    let scheduled = Scheduled::start().await;
    scheduled.bench.clock.set(at("2027-01-22T05:00"));
    scheduled.add(scheduled.plan()).await;
    scheduled.put("overdues.csv", &export("A"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-22T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.look_at("2027-01-21T05:00").await, []);
    // The clock that people see counts: it is an hour ahead of the program's.
    scheduled.bench.clock.set_wall(SignedDuration::from_hours(1));
    scheduled.put("overdues.csv", &export("B"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-21T05:00").await, [CameTo::Run]);
    scheduled.bench.clock.set_wall(SignedDuration::ZERO);
    scheduled.put("overdues.csv", &export("C"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-22T06:00").await, [], "that moment was taken");
    scheduled.bench.clock.set(at("2027-01-23T06:00"));
    scheduled.put("overdues.csv", &export("D"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-23T06:00").await, [CameTo::Run]);
    scheduled.bench.app.stop().await.unwrap();
}

/// The same, an older one, and none: nothing is sent, a person hears once, and again when it is over.
#[tokio::test]
async fn an_export_that_is_no_news_is_not_sent_and_a_person_hears() {
    let scheduled = Scheduled::start().await;
    let id = scheduled.add(scheduled.plan()).await.id;
    let put = |title, age| scheduled.put("overdues.csv", &export(title), age);
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [CameTo::Missing]);
    let [text] = &scheduled.told().await[..] else { panic!() };
    assert!(
        text.starts_with("No notices (Overdue Items, gentle) were sent by the schedule Overdues of Friday, 15 January, 06:00 (America/Chicago): There is no export. Look"),
        "{text}"
    );
    put("A", 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.told().await, [""; 0]);
    for day in ["2027-01-17T06:00", "2027-01-18T06:00"] {
        assert_eq!(scheduled.look_at(day).await, [CameTo::Unchanged]);
    }
    assert_eq!((scheduled.told().await.len(), scheduled.alarms().await), (1, 2), "once for both days");
    // Written anew, and the same all the same.
    put("A", 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-19T06:00").await, [CameTo::Unchanged]);
    put("B", Duration::from_hours(24 * 9));
    assert_eq!(scheduled.look_at("2027-01-20T06:00").await, [CameTo::Older]);
    let [text] = &scheduled.told().await[..] else { panic!() };
    assert!(text.contains("older than the one of the last run"), "{text}");
    put("B", 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-21T06:00").await, [CameTo::Run]);
    assert_eq!((scheduled.told().await.len(), scheduled.runs().await), (0, 2));
    // One that rests is at no fault.
    assert_eq!(scheduled.look_at("2027-01-22T06:00").await, [CameTo::Unchanged]);
    scheduled.bench.app.schedules.pause(id, CLI).await.unwrap();
    assert_eq!(scheduled.told().await, [""; 0]);
    scheduled.bench.app.stop().await.unwrap();
}

/// Nobody is there to be asked: it is said what to do.
#[tokio::test]
async fn an_export_that_leaves_something_open_is_not_sent() {
    let scheduled = Scheduled::start().await;
    let id = scheduled.add(scheduled.plan()).await.id;
    let two_ways = format!("{HEADER}Ann,1,ann@example.org,Emma,03/04/2026,RIV\n");
    let not_due = format!(
        "{HEADER}Ann,1,ann@example.org,Emma,2027-09-01,RIV\nBen,2,ben@example.org,Emma,2027-09-01,RIV\n"
    );
    for (day, text, expected) in [
        (15, two_ways.as_str(), CameTo::UnclearDates),
        (16, &not_due, CameTo::UnclearDates),
        (17, "wer,was,wann\nAnn,Emma,2026-11-02\n", CameTo::UnknownColumns),
        (18, "%PDF-1.7 and so on", CameTo::NotUsable),
    ] {
        scheduled.put("overdues.csv", text, 2 * MINUTE);
        assert_eq!(scheduled.look_at(&format!("2027-01-{day}T06:00")).await, [expected], "{text}");
        assert_eq!(scheduled.told().await.len(), 1, "{text}");
    }
    // What is not sent is not taken for sent.
    scheduled.bench.clock.set(at("2027-01-20T05:00"));
    scheduled.put("overdues.csv", &two_ways, 2 * MINUTE);
    let plan = scheduled.bench.app.store.schedule(id).await.unwrap();
    let reading = Reading { dates: "d/m/y".to_owned(), ..Reading::default() };
    let settled = SchedulePlan { reading, ..plan.plan };
    scheduled.bench.app.schedules.change(id, plan.version, settled, CLI).await.unwrap();
    assert_eq!(scheduled.look_at("2027-01-20T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.told().await, [""; 0]);
    scheduled.bench.app.stop().await.unwrap();
}

/// The newest file of a folder; one that is being written is waited for.
#[tokio::test]
async fn the_newest_export_of_a_folder_is_sent_when_it_stands_still() {
    let scheduled = Scheduled::start().await;
    let source = ExportSource::Folder(scheduled.exports.path().to_owned());
    scheduled.add(SchedulePlan { source, ..scheduled.plan() }).await;
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [CameTo::Missing]);
    scheduled.bench.quiet().await;
    scheduled.bench.clock.set(at("2027-01-16T06:00"));
    scheduled.bench.quiet().await;
    // Nobody else wakes a minute from now.
    scheduled.bench.clock.advance(Duration::from_secs(7));
    scheduled.put("a.csv", &export("A"), 20 * MINUTE);
    scheduled.put("b.csv", &export("B"), Duration::ZERO);
    scheduled.put("c.csv.part", &export("C"), Duration::ZERO);
    let (turns, _) = scheduled.bench.app.schedules.look().await.unwrap();
    let waits = async {
        scheduled.bench.clock.wait_for_sleepers_at(scheduled.bench.clock.now() + MINUTE, 1).await;
        scheduled.bench.clock.advance(MINUTE);
    };
    let (ending, ()) = tokio::join!(scheduled.carry_out(turns[0].clone()), waits);
    assert_eq!(ending.came_to, CameTo::Run);
    let run = scheduled.bench.app.store.run(ending.run.unwrap()).await.unwrap();
    assert_eq!((&*run.source, &run.begun_by), ("b.csv", &Some(Actor::Schedule)));
    scheduled.bench.app.stop().await.unwrap();
}

/// Whoever may write into the folder could else have Bookpost read what they may not.
#[tokio::test]
async fn a_link_is_not_followed_and_own_folders_hold_no_exports() {
    let scheduled = Scheduled::start().await;
    scheduled.put("real.csv", &export("A"), 2 * MINUTE);
    std::os::unix::fs::symlink(scheduled.path("real.csv"), scheduled.path("overdues.csv")).unwrap();
    scheduled.add(scheduled.plan()).await;
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [CameTo::Unreadable]);
    let data_dir = scheduled.bench.app.settings.now().data_dir.clone();
    std::os::unix::fs::symlink(&data_dir, scheduled.path("way")).unwrap();
    for path in [data_dir.join("secret.key"), "/etc/passwd".into(), scheduled.path("way/secret.key")] {
        let plan =
            SchedulePlan { source: ExportSource::File(path), name: "Another".to_owned(), ..scheduled.plan() };
        let refused = scheduled.bench.app.schedules.add(plan, CLI).await;
        assert!(matches!(refused, Err(NotScheduled::NotThere(_))), "{refused:?}");
    }
    let folder = scheduled.bench.app.settings.now().notices.drop_folder.clone();
    let up = scheduled.path("../overdues.csv");
    for (source, told) in [
        (ExportSource::File("overdues.csv".into()), "whole path"),
        (ExportSource::File(up), "whole path"),
        (ExportSource::Command(vec!["export".to_owned()]), "whole path"),
        (ExportSource::Folder(folder), "of Bookpost's own"),
    ] {
        let plan = SchedulePlan { source, name: "Another".to_owned(), ..scheduled.plan() };
        let refused = scheduled.bench.app.schedules.add(plan, CLI).await.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    scheduled.bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn what_a_command_writes_is_sent_and_it_knows_nothing_of_bookpost() {
    let scheduled = Scheduled::start().await;
    scheduled.put("words.csv", &export("A"), 2 * MINUTE);
    let told = scheduled.path("told");
    let line = format!("env > {}; cat {} 2>&1", told.display(), scheduled.path("words.csv").display());
    scheduled.add(SchedulePlan { source: ExportSource::Shell(line), ..scheduled.plan() }).await;
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [CameTo::Run]);
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Unchanged]);
    let runs = scheduled.bench.app.store.runs(9).await.unwrap();
    let sources: Vec<_> = runs.iter().map(|run| &*run.source).collect();
    assert_eq!(sources, [scheduled.plan().name], "it is not called by its shell");
    let told = fs::read_to_string(told).unwrap();
    let names: BTreeSet<_> = told.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(names.is_subset(&["PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"].into()), "{told}");
    // Without a shell a word is a word.
    let words = ["/bin/echo", "a; rm -rf $HOME", "`id`"].map(ToOwned::to_owned);
    let plan = SchedulePlan {
        source: ExportSource::Command(words.into()),
        name: "Words".to_owned(),
        ..scheduled.plan()
    };
    let id = scheduled.add(plan).await.id;
    let turn =
        scheduled.bench.app.schedules.ask(id, scheduled.bench.clock.now(), CLI).await.unwrap().unwrap();
    assert_eq!(scheduled.carry_out(turn).await.came_to, CameTo::UnknownColumns);
    scheduled.bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn a_command_that_fails_or_floods_sends_nothing() {
    let scheduled = Scheduled::start().await;
    for (name, source, expected, said) in [
        (
            "Fails",
            ExportSource::Shell("echo half; echo no access >&2; exit 3".to_owned()),
            CameTo::CommandFailed,
            "no access",
        ),
        (
            "None",
            ExportSource::Command(vec!["/nowhere/export".to_owned()]),
            CameTo::CommandFailed,
            "/nowhere/export",
        ),
        ("Killed", ExportSource::Shell("kill -9 $$".to_owned()), CameTo::CommandFailed, "signal"),
        ("Floods", ExportSource::Command(vec!["/usr/bin/yes".to_owned()]), CameTo::CommandTooMuch, ""),
        (
            "Complains",
            ExportSource::Shell("yes | head -c 9000000 >&2; exit 1".to_owned()),
            CameTo::CommandFailed,
            "y\ny",
        ),
    ] {
        let id = scheduled.add(SchedulePlan { source, name: name.to_owned(), ..scheduled.plan() }).await.id;
        let turn =
            scheduled.bench.app.schedules.ask(id, scheduled.bench.clock.now(), CLI).await.unwrap().unwrap();
        let ending = scheduled.carry_out(turn).await;
        assert_eq!(ending.came_to, expected, "{name}");
        let detail = ending.detail.unwrap_or_default();
        assert!(detail.contains(said) && detail.len() < 2_000, "{name}: {detail}");
    }
    assert_eq!(scheduled.runs().await, 0);
    scheduled.bench.app.stop().await.unwrap();
}

/// With all that it has started.
#[tokio::test]
async fn a_command_that_hangs_is_ended_after_ten_minutes() {
    let scheduled = Scheduled::start().await;
    // Held by whatever runs.
    let lock = scheduled.path("lock");
    let line = format!("exec 9>{}; flock 9; (sleep 3000) & sleep 3000", lock.display());
    let id = scheduled.add(SchedulePlan { source: ExportSource::Shell(line), ..scheduled.plan() }).await.id;
    scheduled.bench.quiet().await;
    let now = scheduled.bench.clock.now();
    let turn = scheduled.bench.app.schedules.ask(id, now, CLI).await.unwrap().unwrap();
    let passes = async {
        scheduled.bench.clock.wait_for_sleepers(SLEEPERS + 1).await;
        scheduled.bench.clock.advance(Duration::from_mins(10));
    };
    let (ending, ()) = tokio::join!(scheduled.carry_out(turn), passes);
    assert_eq!(ending.came_to, CameTo::CommandTooSlow);
    // Waits until the last of them has gone.
    let held = File::create(lock).unwrap();
    tokio::task::spawn_blocking(move || held.lock()).await.unwrap().unwrap();
    scheduled.bench.app.stop().await.unwrap();
}

/// The task that the service runs: it wakes by itself, and sooner when somebody changes something.
#[tokio::test]
async fn the_service_looks_by_itself() {
    let scheduled = Scheduled::start().await;
    scheduled.bench.quiet().await;
    let watch = tokio::spawn(scheduled.bench.app.schedules.clone().watch());
    scheduled.bench.clock.wait_for_sleepers(SLEEPERS + 1).await;
    scheduled.put("overdues.csv", &export("A"), 2 * MINUTE);
    let id = scheduled.add(scheduled.plan()).await.id;
    let due = at("2027-01-15T06:00");
    // It never sleeps for longer than a minute, so that a clock that is set is seen.
    while scheduled.bench.clock.now() < due {
        scheduled.bench.clock.wait_for_sleepers(SLEEPERS + 1).await;
        let next = scheduled.bench.clock.next_sleeper().unwrap();
        assert!(next <= scheduled.bench.clock.now() + MINUTE);
        scheduled.bench.clock.set(next.min(due));
    }
    let last =
        async || scheduled.bench.app.store.turns(id, 1).await.unwrap().pop().and_then(|turn| turn.ending);
    while last().await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(last().await.unwrap().came_to, CameTo::Run);
    watch.abort();
    scheduled.bench.app.stop().await.unwrap();
}
