//! What comes of a moment that goes wrong, and of what people do in between: nothing runs twice, nothing is forgotten, and a person hears.

use std::{
    fs::File,
    time::{Duration, SystemTime},
};

use futures_util::future::poll_immediate;
use mail::clock::Clock as _;
use store::{AuditFilter, CameTo, ClosedDays, Deed, Rhythm, SchedulePlan, Turn};

use crate::{
    bench::{SLEEPERS, nobody, server},
    scheduled::{CLI, MINUTE, Scheduled, at, export},
};

impl Scheduled {
    /// With an export that stands still; gives what is due then.
    async fn due_at(&self, local: &str, title: &str) -> Turn {
        self.bench.clock.set(at(local));
        self.put("overdues.csv", &export(title), 2 * MINUTE);
        self.bench.app.schedules.look().await.unwrap().0.pop().unwrap()
    }

    /// What the next start finds after a sudden end.
    async fn after_a_crash(self) -> Self {
        self.bench.quiet().await;
        let bench = self.bench.after_a_crash(vec![server("server1", nobody())]).await;
        self.bench.app.stop().await.unwrap();
        Self { bench, exports: self.exports }
    }
}

/// The program ends after the run and before its end is on record: the same export is no news the next day.
#[tokio::test]
async fn after_a_sudden_end_it_is_known_which_export_was_sent() {
    let scheduled = Scheduled::start().await;
    scheduled.add(scheduled.plan()).await;
    let turn = scheduled.due_at("2027-01-15T06:00", "Emma").await;
    let store = scheduled.bench.app.store.clone();
    let run = {
        let mut carried_out = Box::pin(scheduled.bench.app.schedules.carry_out(turn));
        loop {
            assert!(poll_immediate(&mut carried_out).await.is_none(), "over before it was begun");
            if let Some(run) = store.runs(9).await.unwrap().pop() {
                break run.id;
            }
        }
    };
    store.finish_run(run, scheduled.bench.clock.now()).await.unwrap();
    let scheduled = Box::pin(scheduled.after_a_crash()).await;
    let open = scheduled.bench.app.schedules.open().await.unwrap().pop().unwrap();
    let ending = scheduled.carry_out(open).await;
    assert_eq!((ending.came_to, ending.run), (CameTo::Run, Some(run)));
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Unchanged]);
    scheduled.bench.app.stop().await.unwrap();
}

/// Its end could not be put on record, as on a full disk: that is done at the next look, and the run is not made again.
#[tokio::test]
async fn what_came_to_no_end_is_taken_up_at_the_next_look() {
    let scheduled = Scheduled::start().await;
    let id = scheduled.add(scheduled.plan()).await.id;
    scheduled.bench.clock.set(at("2027-01-15T05:00"));
    scheduled.bench.quiet().await;
    let (store, clock) = (&scheduled.bench.app.store, &scheduled.bench.clock);
    let watch = tokio::spawn(scheduled.bench.app.schedules.clone().watch());
    for (title, is_made) in [("Emma", false), ("Persuasion", true)] {
        clock.wait_for_sleepers(SLEEPERS + 1).await;
        scheduled.put("overdues.csv", &export(title), 2 * MINUTE);
        let turn = scheduled.bench.app.schedules.ask(id, clock.now(), CLI).await.unwrap().unwrap();
        let mut made = None;
        if is_made {
            let run = scheduled.begin_run_of(&turn).await;
            store.finish_run(run, clock.now()).await.unwrap();
            made = Some(run);
        }
        clock.advance(MINUTE);
        let ending = loop {
            let open = store.turns(id, 1).await.unwrap().pop().unwrap();
            if let Some(ending) = open.ending {
                break ending;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(ending.came_to, CameTo::Run);
        assert!(made.is_none() || ending.run == made);
    }
    assert_eq!(scheduled.runs().await, 2);
    watch.abort();
    scheduled.bench.app.stop().await.unwrap();
}

/// What had been taken before the sudden end, and what passed while the computer was off, is one, unless the first had its run.
#[tokio::test]
async fn what_was_taken_before_and_what_was_missed_since_runs_once() {
    for (told, run, taken, finished) in
        [("not begun", None, 0, 1), ("cut short", Some(false), 0, 1), ("made", Some(true), 1, 2)]
    {
        let scheduled = Scheduled::start().await;
        let id = scheduled.add(scheduled.plan()).await.id;
        let turn = scheduled.due_at("2027-01-15T06:00", "Emma").await;
        if let Some(is_made) = run {
            let run = scheduled.begin_run_of(&turn).await;
            if is_made {
                scheduled.bench.app.store.finish_run(run, scheduled.bench.clock.now()).await.unwrap();
            }
        }
        let scheduled = Box::pin(scheduled.after_a_crash()).await;
        scheduled.bench.clock.set(at("2027-01-18T13:00"));
        scheduled.put("overdues.csv", &export("Persuasion"), 2 * MINUTE);
        let look = scheduled.bench.app.schedules.look().await.unwrap().0;
        assert_eq!(look.len(), taken, "{told}");
        let open = scheduled.bench.app.schedules.open().await.unwrap();
        let missed: u64 = open.iter().map(|turn| turn.missed).sum();
        assert_eq!((open.len(), missed), (taken + 1, if taken == 0 { 3 } else { 2 }), "{told}");
        for turn in open {
            assert_eq!(scheduled.carry_out(turn).await.came_to, CameTo::Run, "{told}");
        }
        let runs = scheduled.bench.app.store.runs(9).await.unwrap();
        assert_eq!(runs.iter().filter(|run| run.finished_at.is_some()).count(), finished, "{told}");
        assert!(scheduled.look().await.is_empty(), "{told}");
        let next = scheduled.bench.app.store.schedule(id).await.unwrap().next_due;
        assert_eq!(next, Some(at("2027-01-19T06:00")), "{told}");
        scheduled.bench.app.stop().await.unwrap();
    }
}

/// Moved to another time of that day, it is still left out; where there is none on that day any more, the log says so.
#[tokio::test]
async fn a_change_of_the_plan_keeps_what_is_to_be_left_out_or_says_so() {
    let scheduled = Scheduled::start().await;
    let added = scheduled.add(scheduled.plan()).await;
    let all = &scheduled.bench.app.schedules;
    all.skip(added.id, added.next_due, CLI).await.unwrap();
    let later = SchedulePlan { time: "07:00".parse().unwrap(), ..scheduled.plan() };
    let changed = all.change(added.id, added.version, later, CLI).await.unwrap();
    assert_eq!(changed.skips, Some(at("2027-01-15T07:00")));
    let mondays = SchedulePlan { rhythm: Rhythm::Weekly([1].into()), ..scheduled.plan() };
    let changed = all.change(added.id, changed.version, mondays, CLI).await.unwrap();
    assert_eq!((changed.skips, changed.next_due), (None, Some(at("2027-01-18T06:00"))));
    let lines = scheduled.bench.app.store.audit(AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!((lines[0].what, lines[0].new.as_deref()), (Deed::ScheduleSkipsNot, Some("2027-01-15 07:00")));
    scheduled.bench.app.stop().await.unwrap();
}

/// Nobody is there to be asked whether it is to be sent all the same.
#[tokio::test]
async fn an_export_that_is_too_old_is_not_sent_and_a_person_hears() {
    let hours = |hours: u64| Duration::from_hours(hours);
    for (rhythm, most, age, expected) in [
        (Rhythm::Daily, None, hours(35), CameTo::Run),
        (Rhythm::Daily, None, hours(37), CameTo::TooOld),
        (Rhythm::Daily, Some(48), hours(37), CameTo::Run),
        (Rhythm::Daily, Some(12), hours(13), CameTo::TooOld),
        (Rhythm::Weekly([5].into()), None, hours(7 * 24 + 11), CameTo::Run),
        (Rhythm::Weekly([5].into()), None, hours(7 * 24 + 13), CameTo::TooOld),
    ] {
        let scheduled = Scheduled::start().await;
        let plan = SchedulePlan { rhythm: rhythm.clone(), not_older_than: most, ..scheduled.plan() };
        scheduled.add(plan).await;
        scheduled.bench.clock.set(at("2027-01-15T06:00"));
        scheduled.put("overdues.csv", &export("Emma"), age);
        assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [expected], "{rhythm:?} {most:?} {age:?}");
        let told = scheduled.told().await;
        assert_eq!(
            told.iter().any(|text| text.contains("The export is too old. Look")),
            expected == CameTo::TooOld
        );
        scheduled.bench.app.stop().await.unwrap();
    }
}

/// The clock of the computer that writes it is two hours ahead.
#[tokio::test]
async fn an_export_that_is_stamped_ahead_is_sent_once_it_stands_still() {
    let scheduled = Scheduled::start().await;
    scheduled.add(scheduled.plan()).await;
    scheduled.bench.quiet().await;
    let turn = scheduled.due_at("2027-01-15T06:00", "Emma").await;
    scheduled.bench.quiet().await;
    // Nobody else wakes a minute from now.
    scheduled.bench.clock.advance(Duration::from_secs(7));
    let now = scheduled.bench.clock.now();
    let ahead = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_second().cast_unsigned() + 7_200);
    let file = File::options().write(true).open(scheduled.path("overdues.csv")).unwrap();
    file.set_modified(ahead).unwrap();
    let passes = async {
        scheduled.bench.clock.wait_for_sleepers_at(now + MINUTE, 1).await;
        scheduled.bench.clock.advance(MINUTE);
    };
    let (ending, ()) = tokio::join!(scheduled.carry_out(turn), passes);
    assert_eq!(ending.came_to, CameTo::Run);
    let detail = ending.detail.unwrap();
    assert!(
        detail.contains("overdues.csv: it is stamped 2027-01-15 14:00 UTC, which is yet to come"),
        "{detail}"
    );
    // It is of now: else every right one after it would be older.
    let earlier = scheduled.bench.app.store.earlier_notices("overdue-items", None).await.unwrap();
    assert_eq!(earlier.newest.values().copied().collect::<Vec<_>>(), [scheduled.bench.clock.now()]);
    scheduled.bench.app.stop().await.unwrap();
}

/// Once that is in order; after that the export is no news.
#[tokio::test]
async fn what_a_person_has_run_by_hand_is_not_sent_again() {
    let scheduled = Scheduled::start().await;
    scheduled.add(scheduled.plan()).await;
    scheduled.bench.clock.set(at("2027-01-15T05:00"));
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    scheduled.run_by_hand("overdues.csv", |request| request.practice = true).await;
    let run = scheduled.run_by_hand("overdues.csv", |_| ()).await;
    scheduled.bench.clock.set(at("2027-01-15T06:00"));
    let ended = scheduled.look().await.pop().unwrap().1;
    assert_eq!((ended.came_to, ended.run), (CameTo::SentAlready, Some(run)));
    assert_eq!(scheduled.told().await, [""; 0]);
    assert_eq!(scheduled.look_at("2027-01-16T06:00").await, [CameTo::Unchanged]);
    assert_eq!(scheduled.told().await.len(), 1);
    // What was sent to nobody, or before its own last run, does not count.
    scheduled.put("overdues.csv", &export("Persuasion"), 2 * MINUTE);
    scheduled.run_by_hand("overdues.csv", |request| request.practice = true).await;
    assert_eq!(scheduled.look_at("2027-01-17T06:00").await, [CameTo::Run]);
    scheduled.bench.clock.set(at("2027-01-18T06:00"));
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-18T06:00").await, [CameTo::Run]);
    scheduled.bench.app.stop().await.unwrap();
}

/// Its time zone is gone from the computer, or all its days are closed by now.
#[tokio::test]
async fn a_schedule_without_a_time_is_told() {
    let scheduled = Scheduled::start().await;
    let added = scheduled.add(scheduled.plan()).await;
    let (app, mut version) = (&scheduled.bench.app, added.version);
    let closed = ClosedDays { weekdays: (1..=7).collect(), ..ClosedDays::default() };
    for (plan, next, said) in [
        (
            SchedulePlan { zone: "Mars/Olympus".to_owned(), ..scheduled.plan() },
            added.next_due,
            "the time zone Mars/Olympus is not known on this computer",
        ),
        (SchedulePlan { closed, ..scheduled.plan() }, None, "all its days have passed or are closed"),
    ] {
        let now = scheduled.bench.clock.now();
        let changed =
            app.store.change_schedule(added.id, version, plan, (next, None), CLI, now).await.unwrap();
        for _ in 0..2 {
            assert!(scheduled.look().await.is_empty());
        }
        let [told] = &scheduled.told().await[..] else { panic!("{said}") };
        assert!(
            told.starts_with("The schedule Overdues has no time any more") && told.contains(said),
            "{told}"
        );
        let mended = app.schedules.change(added.id, changed.version, scheduled.plan(), CLI).await.unwrap();
        assert!(scheduled.look().await.is_empty());
        assert_eq!(scheduled.told().await, [""; 0]);
        version = mended.version;
    }
    // One that was for once and is over has none either, and is in order.
    let once = SchedulePlan { rhythm: Rhythm::Once("2027-01-15".parse().unwrap()), ..scheduled.plan() };
    app.schedules.change(added.id, version, once, CLI).await.unwrap();
    scheduled.put("overdues.csv", &export("Emma"), 2 * MINUTE);
    assert_eq!(scheduled.look_at("2027-01-15T06:00").await, [CameTo::Run]);
    assert!(scheduled.look_at("2027-01-15T07:00").await.is_empty());
    assert_eq!(scheduled.told().await, [""; 0]);
    app.stop().await.unwrap();
}
