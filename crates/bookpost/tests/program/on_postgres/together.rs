//! Several machines behave as one: what one is told holds at all, and what is to be done once is done once.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use testkit::sink::{Settings, Sink};

use super::{Database, all_left, arrivals, count};
use crate::bench::Place;

/// Waits until a file says this.
async fn until_said(file: &Path, said: &str) {
    while !fs::read_to_string(file).is_ok_and(|text| text.contains(said)) {
        tokio::task::yield_now().await;
    }
}

/// Preferences, a pause and its end, set by a command at a third machine on which no service runs.
#[tokio::test]
async fn what_is_changed_at_one_machine_holds_at_the_others() {
    let Some(database) = Database::named("changed_elsewhere").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let [one, two, desk] = ["one", "two", "desk"].map(|name| {
        let place = database.machine(name, "none", &sink);
        place.change("way = \"none\"\n", "");
        place
    });
    let (of_one, of_two) = (one.serve().await, two.serve().await);
    assert_eq!(desk.run(&["queue", "pause"]).await.code, Some(0));
    assert_eq!(desk.run(&["preferences", "set", "sending.way=servers"]).await.code, Some(0));
    // The second of them has ten more patrons.
    for (place, patrons) in [(&one, 20), (&two, 30)] {
        let said = place.notices(&["run"], &place.export(patrons)).await;
        assert_eq!(said.code, Some(1), "{said:?}");
    }
    assert!(sink.taken().is_empty(), "sending is paused at both");
    assert_eq!(count(&desk, "waiting").await, Some(30));
    assert_eq!(desk.run(&["queue", "resume"]).await.code, Some(0));
    all_left(&desk).await;
    let arrivals = arrivals(&sink);
    assert_eq!((arrivals.len(), arrivals.values().max()), (30, Some(&1)));
    for service in [of_one, of_two] {
        let log = service.log().await;
        assert!(log.contains("preferences that were changed at another machine hold here"), "{log}");
    }
}

/// What a machine stores that does not send itself leaves by another one, though nobody hears it ring.
#[tokio::test]
async fn mail_leaves_though_no_ring_is_heard() {
    let Some(database) = Database::named("unheard").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let (one, two) = (database.machine("one", "none", &sink), database.machine("two", "servers", &sink));
    let service = two.serve().await;
    database
        .run(
            "CREATE OR REPLACE FUNCTION ring(what TEXT) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT true';
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'bookpost listens' AND query = 'LISTEN \"' || bell() || '\"'",
        )
        .await;
    // The connection is made again, and hears nothing.
    assert_eq!(one.notices(&["run"], &one.export(20)).await.code, Some(1));
    all_left(&two).await;
    let arrivals = arrivals(&sink);
    assert_eq!((arrivals.len(), arrivals.values().max()), (20, Some(&1)));
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

/// A command that writes down of what it was told, and then takes its time.
fn slow_command(place: &Place, told: &Path, go: &Path) {
    let script = place.path("tell");
    let text = format!(
        "#!/bin/sh\necho \"$BOOKPOST_ALARM_KIND\" >>{}\nwhile [ ! -e {} ]; do sleep 0.05; done\n",
        told.display(),
        go.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    place.add(&format!("[alarms]\ncommand = \"{}\"\n", script.display()));
}

/// While one machine tells people of an alarm, another one starts, and looks what is to be told.
#[tokio::test]
async fn one_machine_tells_people_of_an_alarm() {
    let Some(database) = Database::named("one_tells").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let (one, two) = (database.machine("one", "none", &sink), database.machine("two", "none", &sink));
    let (told, go) = (one.path("told"), one.path("go"));
    for place in [&one, &two] {
        slow_command(place, &told, &go);
    }
    // A run that was not finished.
    assert_eq!(count(&one, "waiting").await, Some(0));
    database.run("INSERT INTO run (notice, source, practice, started_at) VALUES ('overdue-items', 'x.csv', false, 1)").await;
    let of_one = one.serve().await;
    until_said(&told, "run_interrupted").await;
    let of_two = two.serve().await;
    of_two.terminate();
    // At its end it has told what there was to tell.
    assert_eq!(of_two.code().await, Some(0));
    assert_eq!(fs::read_to_string(&told).unwrap().lines().count(), 1);
    fs::write(go, "").unwrap();
    of_one.terminate();
    assert_eq!(of_one.code().await, Some(0));
}
