//! What is sent by itself: by commands, with a service and without.

use std::{fs::File, path::Path, time::Duration};

use jiff::SignedDuration;
use store::{Actor, CameTo, ScheduleId};

use crate::bench::Place;

/// It was written an hour ago, and so much later.
fn stands_still(path: &Path, seconds: u64) {
    let file = File::options().write(true).open(path).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - Duration::from_secs(3_600 - seconds)).unwrap();
}

const ADD: [&str; 8] = ["notices", "schedule", "add", "Overdues", "--daily", "--at", "06:00", "--zone=UTC"];

#[tokio::test]
async fn without_a_service_commands_say_what_is_sent_and_send_it() {
    let place = Place::new("practice", None);
    let export = place.export(5);
    stands_still(&export, 0);
    let schedule = async |words: &[&str]| {
        let words: Vec<_> = ["notices", "schedule"].iter().chain(words).copied().collect();
        place.run(&words).await
    };
    assert!(schedule(&["list"]).await.out.starts_with("none; add one with"));
    let add: Vec<_> = ADD.iter().copied().chain(["--file", export.to_str().unwrap()]).collect();
    let said = place.run(&add).await;
    assert!(said.code == Some(0) && said.out.contains("daily 06:00 (UTC)"), "{said:?}");
    let twice = place.run(&add).await;
    assert!(twice.code == Some(64) && twice.err.contains("already a schedule with this name"), "{twice:?}");
    let own = place.data().join("queue.db");
    let own: Vec<_> = ADD.iter().copied().chain(["--file", own.to_str().unwrap()]).collect();
    let refused = place.run(&own).await;
    assert!(refused.code == Some(64) && refused.err.contains("a folder of Bookpost's own"), "{refused:?}");
    let ran = schedule(&["run", "Overdues", "--json"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = ran.json();
    assert_eq!(ran["schedules_ran"][0]["ending"]["came_to"], "run", "{ran}");
    let run = place.run(&["notices", "show", "1", "--json"]).await.json();
    assert_eq!(run["shown_run"]["run"]["begun_by"], "command_line", "{run}");
    assert!(run["shown_run"]["run"]["states"]["practiced"].as_u64() > Some(0), "{run}");
    let again = schedule(&["run", "Overdues"]).await;
    assert!(again.code == Some(65) && again.out.contains("the same as at the last run"), "{again:?}");
    let list = schedule(&["list"]).await;
    assert!(list.out.contains("Overdues: Nothing was sent. The export is the same"), "{list:?}");
    let skipped = schedule(&["skip", "Overdues", "--json"]).await.json();
    assert_eq!(
        skipped["schedule"]["schedule"]["skips"], skipped["schedule"]["schedule"]["next_due"],
        "{skipped}"
    );
    assert!(schedule(&["skip", "Overdues"]).await.out.contains("06:00 is skipped"));
    let changed =
        schedule(&["change", "Overdues", "--weekly", "mon", "--not-older-than", "48", "--json"]).await.json();
    let plan = &changed["schedule"]["schedule"]["plan"];
    assert_eq!((&plan["not_older_than"], &plan["zone"]), (&48.into(), &"UTC".into()), "{changed}");
    assert!(plan["rhythm"]["weekly"].is_array(), "{changed}");
    assert_eq!(schedule(&["change", "Nothing", "--daily"]).await.code, Some(64));
    let daily = schedule(&["change", "Overdues", "--daily", "--not-older-than", "usual"]).await;
    assert!(daily.code == Some(0) && daily.out.contains("daily 06:00 (UTC)"), "{daily:?}");
    schedule(&["skip", "Overdues"]).await;
    assert!(!schedule(&["skip", "Overdues", "--undo"]).await.out.contains("is skipped"));
    assert!(schedule(&["pause", "Overdues"]).await.out.contains("paused since"));
    assert!(!schedule(&["resume", "Overdues"]).await.out.contains("paused since"));
    assert_eq!(schedule(&["run", "--due"]).await.out, "nothing is due\n");
    let list = schedule(&["list", "--json"]).await.json();
    assert_eq!(list["schedules"][0]["schedule"]["plan"]["rhythm"], "daily", "{list}");
    assert_eq!(list["schedules"][0]["following"].as_array().unwrap().len(), 5, "{list}");
    let removed = schedule(&["remove", "Overdues"]).await;
    assert!(removed.out.contains("not sent by itself any more"), "{removed:?}");
    let none = schedule(&["run", "Overdues"]).await;
    assert!(none.code == Some(64) && none.err.contains("notices schedule list"), "{none:?}");
}

/// As if the computer had been off for so many days.
async fn as_if_it_was_due(place: &Place, days: i64) {
    let store = place.store();
    let schedule = store.schedule(ScheduleId(1)).await.unwrap();
    let next = schedule.next_due.unwrap();
    let due = next - SignedDuration::from_hours(24 * (days + 1));
    assert!(store.move_schedule(schedule.id, Some(next), Some(due)).await.unwrap());
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_due_is_sent_once_by_the_timer_or_by_the_service() {
    let place = Place::new("practice", None);
    let export = place.export(3);
    stands_still(&export, 0);
    let add: Vec<_> = ADD.iter().copied().chain(["--file", export.to_str().unwrap()]).collect();
    assert_eq!(place.run(&add).await.code, Some(0));
    as_if_it_was_due(&place, 2).await;
    let due = ["notices", "schedule", "run", "--due"];
    let said = place.run(&due).await;
    assert!(said.code == Some(0) && said.out.contains("Overdues: The notices were made."), "{said:?}");
    assert_eq!(place.run(&due).await.out, "nothing is due\n");
    let store = place.store();
    let turns = store.turns(ScheduleId(1), 9).await.unwrap();
    let [turn] = &turns[..] else { panic!("{turns:?}") };
    assert!(turn.missed >= 2 && turn.asked_by.is_none(), "{turn:?}");
    let run = store.runs(9).await.unwrap().pop().unwrap();
    assert_eq!((&run.begun_by, run.finished_at.is_some()), (&Some(Actor::Schedule), true));
    store.close().await.unwrap();
    // Now the service: what it finds at its start, and the timer finds nothing.
    let more = place.export(4);
    std::fs::rename(more, &export).unwrap();
    stands_still(&export, 60);
    as_if_it_was_due(&place, 1).await;
    let service = place.serve().await;
    let came_to = loop {
        let list = place.run(&["notices", "schedule", "list", "--json"]).await.json();
        let ended = &list["schedules"][0]["last"];
        if ended["due"].as_str() != Some(&turn.due.to_string()) && !ended["ending"].is_null() {
            break ended["ending"]["came_to"].clone();
        }
    };
    assert_eq!(serde_json::from_value::<CameTo>(came_to).unwrap(), CameTo::Run);
    assert_eq!(place.run(&due).await.out, "nothing is due\n");
    service.log().await;
}
