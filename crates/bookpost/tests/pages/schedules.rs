//! What is sent by itself, on the pages.

use std::{collections::BTreeSet, fs::File, path::Path, time::SystemTime};

use jiff::SignedDuration;
use store::{
    Actor, AlarmKind, AuditFilter, CameTo, ClosedDays, Deed, Ending, ExportSource, NewRun, Reading, Rhythm,
    Schedule, SchedulePlan,
};

use crate::{
    bench::{Bench, servers},
    browser::drive,
};

/// The time of the test is 14:05 on a Saturday.
fn plan(name: &str, path: &Path) -> SchedulePlan {
    SchedulePlan {
        name: name.to_owned(),
        notice: "overdue-items".to_owned(),
        source: ExportSource::File(path.to_owned()),
        rhythm: Rhythm::Weekly([1, 4].into()),
        time: "06:00".parse().unwrap(),
        zone: "UTC".to_owned(),
        closed: ClosedDays::default(),
        sites: BTreeSet::from(["MAIN".to_owned()]),
        reading: Reading::default(),
        practice: false,
        not_older_than: None,
    }
}

/// One of MAIN whose export is never there.
pub(crate) async fn scheduled(bench: &Bench, name: &str) -> Schedule {
    let plan = plan(name, Path::new("/srv/exports/overdues.csv"));
    bench.app.schedules.add(plan, Actor::CommandLine).await.unwrap()
}

/// An export that stands still.
fn put(bench: &Bench, path: &Path) {
    let text = "Name,Barcode,Email,Title,Due date,Branch\nAnn,1,ann@example.org,Emma,2026-11-02,MAIN\n";
    std::fs::write(path, text).unwrap();
    let now = u64::try_from(bench.now().as_second()).unwrap();
    let before = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(now - 120);
    File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
}

/// Until it is over.
async fn came_to(bench: &Bench, schedule: &Schedule) -> CameTo {
    loop {
        let last = bench.app.store.turns(schedule.id, 1).await.unwrap().pop();
        if let Some(ending) = last.and_then(|turn| turn.ending) {
            return ending.came_to;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_scheduled_is_listed_with_what_came_of_it() {
    let bench = Bench::staffed(servers()).await;
    let empty = bench.get("administrator", "/notices/schedules").await.text;
    assert!(empty.contains("Nothing is scheduled") && empty.contains("Schedule notices"), "{empty}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overdues.csv");
    let there = plan("Weekly", &path);
    let schedule = bench.app.schedules.add(there, Actor::CommandLine).await.unwrap();
    put(&bench, &path);
    let page = bench.get("manager", "/notices/schedules").await.text;
    for said in [
        "Monday, 30 Nov 2026, 06:00",
        "Every week on Monday, Thursday, at 06:00 (UTC)",
        "not yet",
        "overdues.csv",
        "aria-label=\"Run now: Weekly\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(&path.display().to_string()), "where it lies is for administrators");
    assert!(!page.contains("value=\"run\""), "nothing is sent without a question: {page}");
    let question = format!("/notices/schedules/{}/run", schedule.id.0);
    let question = bench.get("manager", &question).await.text;
    for said in
        ["Run “Weekly” now?", "Patrons are written to at once", "Overdue Items, gentle", "overdues.csv"]
    {
        assert!(question.contains(said), "{said}: {question}");
    }
    assert!(bench.app.store.runs(9).await.unwrap().is_empty(), "a question sends nothing");
    let at = bench.now().as_microsecond();
    assert!(question.contains(&format!("name=\"at\" value=\"{at}\"")), "{question}");
    let act = format!("/notices/schedules/{}/act", schedule.id.0);
    for _ in 0..2 {
        let answer = bench.post("manager", &act, &format!("do=run&at={at}")).await;
        assert_eq!(answer.header("location"), "/notices/schedules?done=schedule_runs");
    }
    assert_eq!(came_to(&bench, &schedule).await, CameTo::Run);
    assert_eq!(bench.app.store.runs(9).await.unwrap().len(), 1, "two clicks are one wish");
    let page = bench.get("manager", "/notices/schedules").await.text;
    assert!(
        page.contains("The notices were made.") && page.contains("<a href=\"/notices/runs/1\">Run 1</a>"),
        "{page}"
    );
    let run = bench.get("manager", "/notices/runs/1").await.text;
    assert!(run.contains("begun by manager"), "{run}");
    // Once more, without another export.
    bench.clock.advance(std::time::Duration::from_mins(5));
    let at = bench.now().as_microsecond();
    bench.post("manager", &act, &format!("do=run&at={at}")).await;
    assert_eq!(came_to(&bench, &schedule).await, CameTo::Unchanged);
    bench.app.alarms.carried_out().await;
    for (who, told) in [("manager", true), ("administrator", true), ("viewer", true), ("elsewhere", false)] {
        let today = bench.get(who, "/").await.text;
        assert!(!today.contains("No notices were sent by"), "{who}: whoever asked knows: {today}");
        let list = bench.get(who, "/notices/schedules").await.text;
        assert_eq!(list.contains("the export is the same as at the last run"), told, "{who}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn who_stopped_a_run_of_a_schedule_is_told_with_it() {
    let bench = Bench::staffed(servers()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overdues.csv");
    let daily =
        SchedulePlan { rhythm: Rhythm::Daily, time: "14:10".parse().unwrap(), ..plan("Daily", &path) };
    let schedule = bench.app.schedules.add(daily, Actor::CommandLine).await.unwrap();
    put(&bench, &path);
    let act = format!("/notices/schedules/{}/act", schedule.id.0);
    bench.post("manager", &act, &format!("do=run&at={}", bench.now().as_microsecond())).await;
    assert_eq!(came_to(&bench, &schedule).await, CameTo::Run);
    let stopped = bench.post("manager", "/notices/runs/1/stop", "").await;
    assert_eq!(stopped.header("location"), "/notices/runs/1?done=run_stopped&n=1");
    for (who, path, said) in [
        ("viewer", "/notices/schedules", "manager stopped it ("),
        ("viewer", "/notices/runs/1", "manager stopped this run for "),
        ("manager", "/", "a run that manager stopped. Until then"),
    ] {
        let page = bench.get(who, path).await.text;
        assert!(page.contains(said), "{said}: {page}");
    }
    // At its time, nobody asks: it is not sent by itself, and Today says what to do.
    bench.clock.set(schedule.next_due.unwrap());
    put(&bench, &path);
    for turn in bench.app.schedules.look().await.unwrap().0 {
        assert_eq!(bench.app.schedules.carry_out(turn).await.unwrap().came_to, CameTo::StoppedBefore);
    }
    bench.app.alarms.carried_out().await;
    let today = bench.get("administrator", "/").await.text;
    assert!(
        today.contains("somebody stopped a run of this same export") && today.contains("press Run now"),
        "{today}"
    );
    bench.stop().await;
}

#[tokio::test]
async fn a_second_time_is_not_skipped_while_another_is() {
    let bench = Bench::staffed(servers()).await;
    let schedule = scheduled(&bench, "Weekly").await;
    let due = schedule.next_due.unwrap();
    bench.app.schedules.skip(schedule.id, Some(due), Actor::CommandLine).await.unwrap();
    let earlier = due - SignedDuration::from_hours(24);
    assert!(bench.app.store.move_schedule(schedule.id, Some(due), Some(earlier)).await.unwrap());
    let act = format!("/notices/schedules/{}/act", schedule.id.0);
    let answer = bench.post("manager", &act, &format!("do=skip&due={}", earlier.as_microsecond())).await;
    assert_eq!(answer.header("location"), "/notices/schedules?done=schedule_skips_another");
    let page = bench.get("manager", answer.header("location")).await.text;
    assert!(page.contains("Another time is skipped already, as the list says."), "{page}");
    assert_eq!(bench.app.store.schedule(schedule.id).await.unwrap().skips, Some(due));
    bench.stop().await;
}

const FORM: &str = "rhythm=weekly&weekdays=1&time=06:30&zone=America/Chicago&place=folder&closed_weekdays=6&closed_weekdays=7&closed_dates=2026-12-25%0A2027-01-01&day=1";

#[tokio::test]
async fn a_schedule_is_added_looked_at_changed_and_removed() {
    let bench = Bench::staffed(servers()).await;
    let add = "/notices/schedules/add";
    let form = bench.get("administrator", add).await.text;
    assert!(form.contains("value=\"06:00\"") && form.contains("America/Chicago"), "{form}");
    let look =
        bench.post("administrator", add, &format!("{FORM}&name=Daily&path=/srv/exports&preview=yes")).await;
    assert_eq!(look.status, 200);
    for moment in
        ["Monday, 30 Nov 2026, 06:30", "Monday, 28 Dec 2026, 06:30", "not on 25 Dec 2026, 1 Jan 2027"]
    {
        assert!(look.text.contains(moment), "{moment}: {}", look.text);
    }
    assert!(bench.app.store.schedules().await.unwrap().is_empty(), "a look keeps nothing");
    for (fields, said) in [
        ("name=&path=/srv/exports", "Give it a name."),
        ("name=A&path=exports", "Enter the whole path"),
        ("name=A&path=/etc/bookpost", "This folder belongs to Bookpost or to the system."),
        ("name=A&path=/srv/exports&site=NONE", "There is no such library any more."),
    ] {
        let refused = bench.post("administrator", add, &format!("{FORM}&{fields}")).await;
        assert!(refused.status == 422 && refused.text.contains(said), "{said}: {}", refused.text);
    }
    let added = bench.post("administrator", add, &format!("{FORM}&name=Daily&path=/srv/exports")).await;
    assert_eq!(added.header("location"), "/notices/schedules?done=schedule_not_there_yet", "{}", added.text);
    let told = bench.get("administrator", "/notices/schedules?done=schedule_not_there_yet").await.text;
    assert!(told.contains("The export is not at that place yet"), "{told}");
    let taken = bench.post("administrator", add, &format!("{FORM}&name=Daily&path=/srv/exports")).await;
    assert!(taken.text.contains("Another schedule has this name."), "{}", taken.text);
    let kept = bench.app.store.schedules().await.unwrap().pop().unwrap();
    assert_eq!(kept.plan.source, ExportSource::Folder("/srv/exports".into()));
    assert_eq!((kept.plan.closed.weekdays.len(), kept.plan.closed.dates.len()), (2, 2));
    let change = format!("/notices/schedules/{}/change", kept.id.0);
    let form = bench.get("administrator", &change).await.text;
    assert!(form.contains("value=\"/srv/exports\"") && form.contains("2026-12-25"), "{form}");
    let late = bench
        .post("administrator", &change, &format!("{FORM}&name=Weekly&path=/srv/exports&version=9"))
        .await;
    assert!(late.status == 422 && late.text.contains("Somebody else changed this schedule"), "{}", late.text);
    bench.post("administrator", &change, &format!("{FORM}&name=Weekly&path=/srv/exports&version=1")).await;
    let remove = format!("/notices/schedules/{}/remove", kept.id.0);
    assert!(bench.get("administrator", &remove).await.text.contains("Remove “Weekly”?"));
    bench.post("administrator", &remove, "").await;
    assert!(bench.app.store.schedules().await.unwrap().is_empty());
    let lines = bench.app.store.audit(AuditFilter::default(), None, 3).await.unwrap();
    let deeds: Vec<_> = lines.iter().map(|line| line.what).collect();
    assert_eq!(deeds, [Deed::ScheduleRemoved, Deed::ScheduleChanged, Deed::ScheduleAdded]);
    let log = bench.get("administrator", "/preferences/log").await.text;
    assert!(log.contains("scheduled notices") && log.contains("every week: Monday"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn the_next_time_is_skipped_and_not_skipped_after_all() {
    let bench = Bench::staffed(servers()).await;
    let schedule = scheduled(&bench, "Overdues").await;
    let act = format!("/notices/schedules/{}/act", schedule.id.0);
    let page = bench.get("manager", "/notices/schedules").await.text;
    assert!(page.contains("Skip next (Monday, 30 Nov 2026, 06:00)"), "{page}");
    let another = format!("do=skip&due={}", bench.now().as_microsecond());
    let refused = bench.post("manager", &act, &another).await;
    assert_eq!(refused.header("location"), "/notices/schedules?done=schedule_next_is_another");
    assert_eq!(bench.app.store.schedule(schedule.id).await.unwrap().skips, None);
    bench
        .post("manager", &act, &format!("do=skip&due={}", schedule.next_due.unwrap().as_microsecond()))
        .await;
    let log = bench.get("administrator", "/preferences/log").await.text;
    assert!(log.contains("2026-11-30 06:00"), "{log}");
    let page = bench.get("manager", "/notices/schedules").await.text;
    let said = "not on Monday, 30 Nov 2026, 06:00, as it is skipped; then Thursday, 3 Dec 2026, 06:00";
    assert!(page.contains(said), "{page}");
    bench.post("manager", &act, "do=unskip").await;
    let page = bench.get("manager", "/notices/schedules").await.text;
    assert!(!page.contains("as it is skipped") && page.contains("Skip next"), "{page}");
    bench.post("manager", &act, "do=skip").await;
    bench.post("administrator", &act, "do=pause").await;
    let page = bench.get("viewer", "/notices/schedules").await.text;
    assert!(page.contains("; not on Monday, 30 Nov 2026, 06:00, as it is skipped"), "{page}");
    let page = bench.get("viewer", "/notices/schedules").await.text;
    assert!(page.contains("none, as it has been paused since 14:05") && !page.contains("Run now"), "{page}");
    // Two of its moments pass.
    bench.clock.set(bench.now() + SignedDuration::from_hours(24 * 6));
    let resumed = bench.app.schedules.resume(schedule.id, Actor::CommandLine).await.unwrap();
    assert_eq!(resumed.next_due, Some("2026-12-07T06:00:00Z".parse().unwrap()));
    bench.stop().await;
}

/// What a program makes is set on the computer, and stays whatever a page says.
#[tokio::test]
async fn a_command_is_neither_shown_nor_changed_on_a_page() {
    let bench = Bench::staffed(servers()).await;
    let source = ExportSource::Command(vec!["/usr/bin/export".to_owned(), "--password=elf".to_owned()]);
    let made = SchedulePlan { source: source.clone(), ..plan("Made", Path::new("")) };
    let id = bench.app.schedules.add(made, Actor::CommandLine).await.unwrap().id;
    let change = format!("/notices/schedules/{}/change", id.0);
    for path in ["/notices/schedules", &change] {
        let page = bench.get("administrator", path).await.text;
        assert!(!page.contains("--password=elf") && page.contains("program on this computer"), "{page}");
    }
    bench.post("administrator", &change, &format!("{FORM}&name=Made&version=1&path=")).await;
    let kept = bench.app.store.schedule(id).await.unwrap();
    assert_eq!((kept.plan.source, kept.version), (source, 2));
    let log = bench.get("administrator", "/preferences/log").await.text;
    assert!(!log.contains("--password=elf"), "nor in the log: {log}");
    bench.stop().await;
}

/// It says which notice it is, and leads to where that is switched on.
#[tokio::test]
async fn a_schedule_of_a_notice_that_is_switched_off_says_so() {
    let bench = Bench::staffed(servers()).await;
    let one = scheduled(&bench, "Final").await;
    let off = SchedulePlan { notice: "overdue-items-final".to_owned(), ..one.plan };
    let next = (one.next_due, None);
    bench.app.store.change_schedule(one.id, 1, off, next, Actor::CommandLine, bench.now()).await.unwrap();
    scheduled(&bench, "Usual").await;
    let page = bench.get("manager", "/notices/schedules").await.text;
    assert_eq!(page.matches("is switched off, so nothing is sent. Switch it on").count(), 1, "{page}");
    assert!(page.contains("<a href=\"/notices/saved/overdue-items-final\">"), "{page}");
    bench.stop().await;
}

/// A run that broke off, and a schedule that has no time any more, are told as they are.
#[tokio::test]
async fn what_needs_a_person_says_what_is_true() {
    let bench = Bench::staffed(servers()).await;
    let (store, alarms) = (&bench.app.store, &bench.app.alarms);
    let broken = scheduled(&bench, "Broken").await;
    let now = bench.now();
    let turn = store.ask_turn(broken.id, now, Actor::Schedule, now).await.unwrap().unwrap();
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "a.csv".to_owned(),
        practice: false,
        started_at: now,
    };
    let run = store.begin_run(new).await.unwrap();
    let ending = Ending { came_to: CameTo::Broken, detail: None, run: Some(run), export: None };
    store.end_turn(&turn, ending, now).await.unwrap();
    alarms.raise(AlarmKind::Schedule, "schedule 1", "noted");
    let timeless = scheduled(&bench, "Timeless").await;
    let mars = SchedulePlan { zone: "Mars/Olympus".to_owned(), ..timeless.plan };
    store
        .change_schedule(timeless.id, 1, mars, (timeless.next_due, None), Actor::CommandLine, now)
        .await
        .unwrap();
    bench.app.schedules.look().await.unwrap();
    alarms.carried_out().await;
    let today = bench.get("manager", "/").await.text;
    for said in [
        "Not all notices were sent by “Broken”",
        "The run broke off half-way: some notices may have gone. Look at the run.",
        "href=\"/notices/runs/1\"",
        "“Timeless” has no time any more at which it would be sent",
        "the time zone Mars/Olympus is not known on this computer any more",
    ] {
        assert!(today.contains(said), "{said}: {today}");
    }
    let elsewhere = bench.get("elsewhere", "/").await.text;
    assert!(!elsewhere.contains("Timeless") && !elsewhere.contains("“Broken”"), "{elsewhere}");
    let list = bench.get("manager", "/notices/schedules").await.text;
    assert!(!list.contains("Nothing was sent") && list.contains("some notices may have gone"), "{list}");
    assert!(list.contains("none: the time zone Mars/Olympus is not known"), "{list}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_work_in_a_browser() {
    let bench = Bench::staffed(servers()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overdues.csv");
    put(&bench, &path);
    drive("schedules.mjs", &bench, &[("EXPORT", &path.display().to_string())]).await;
    bench.stop().await;
}

/// Times of a schedule are of its own zone, which is said where the page's other times are of another.
#[tokio::test]
async fn times_of_another_zone_say_so() {
    let bench = Bench::staffed(servers()).await;
    let missing = Path::new("/srv/exports/overdues.csv");
    let there = SchedulePlan { zone: "Pacific/Honolulu".to_owned(), ..plan("Island", missing) };
    let island = bench.app.schedules.add(there, Actor::CommandLine).await.unwrap();
    let here = scheduled(&bench, "Here").await;
    for schedule in [&island, &here] {
        let at = bench.now().as_microsecond();
        let act = format!("/notices/schedules/{}/act", schedule.id.0);
        bench.post("administrator", &act, &format!("do=run&at={at}")).await;
        assert_eq!(came_to(&bench, schedule).await, CameTo::Missing);
    }
    bench.app.alarms.carried_out().await;
    let list = bench.get("administrator", "/notices/schedules").await.text;
    for said in ["06:00 Pacific/Honolulu", "04:05 Pacific/Honolulu", ">14:05</time>"] {
        assert!(list.contains(said), "{said}: {list}");
    }
    let today = bench.get("administrator", "/").await.text;
    for said in ["(today 04:05 Pacific/Honolulu)", "(today 14:05)"] {
        assert!(today.contains(said), "{said}: {today}");
    }
    bench.stop().await;
}
