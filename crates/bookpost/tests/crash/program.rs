//! The program itself, as a cron job runs it: killed at each step of an overdue run, and run again.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio};

use bookpost::{
    app::steps::{AbortAt, Step},
    notices::sample,
};
use jiff::civil::date;
use store::{Filter, State, Store};
use testkit::sink::{Settings, Sink, Taken};
use tokio::process::Command;

use crate::account::today;

const PATRONS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overdue_run_that_dies_at_every_step_writes_to_each_patron_once() {
    let place = tempfile::tempdir().unwrap();
    let ledger = place.path().join("ledger");
    let sink = Sink::start(Settings { ledger: Some(ledger.clone()), ..Settings::default() }).await.unwrap();
    fs::write(place.path().join("export.csv"), sample::koha(PATRONS, PATRONS, date(2026, 11, 2))).unwrap();
    fs::write(place.path().join("config"), config(place.path(), &sink)).unwrap();
    let mut kills = 0;
    for step in Step::all() {
        kills += usize::from(!run(place.path(), Some(AbortAt { step, time: 1 })).await);
    }
    assert!(kills > 3, "{kills} kills");
    println!("an overdue run of the program itself, killed {kills} times");
    assert!(run(place.path(), None).await);

    let mut times = BTreeMap::<String, usize>::new();
    for line in fs::read_to_string(ledger).unwrap().lines() {
        *times.entry(serde_json::from_str::<Taken>(line).unwrap().id).or_default() += 1;
    }
    let store = Store::open(&place.path().join("data"), today()).unwrap();
    let rows = store.list(Filter::default(), None, 10 * PATRONS).await.unwrap();
    assert_eq!(rows.len(), PATRONS, "one notice for each patron");
    for row in rows {
        let came = times.remove(&row.message_id).unwrap_or(0);
        let in_doubt = row.in_doubt_at.is_some();
        let told = format!("{:?} {came} {in_doubt}", row.state);
        match row.state {
            State::Delivered => assert!(came == 1 || came > 1 && in_doubt, "{told}"),
            // It waits for its time by the resend schedule.
            State::Waiting => assert!(in_doubt, "{told}"),
            _ => panic!("{told}"),
        }
    }
    assert!(times.is_empty(), "{times:?}");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    store.close().await.unwrap();
}

/// One run; false when it was killed.
async fn run(place: &Path, abort_at: Option<AbortAt>) -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_bookpost"))
        .arg("--config")
        .arg(place.join("config"))
        .args(["notices", "run"])
        .arg(place.join("export.csv"))
        // Nothing of the environment of the tests is a setting.
        .env_clear()
        .envs(abort_at.map(|at| ("BOOKPOST_ABORT_AT", at.to_string())))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code().is_none_or(|code| code == 0), "{abort_at:?}: {told}");
    output.status.success()
}

fn config(place: &Path, sink: &Sink) -> String {
    let sites = sample::BRANCHES.map(|(code, name)| {
        format!("[[sites]]\ncode = \"{code}\"\nname = \"{name}\"\nemail = \"desk@library.example\"\n")
    });
    format!(
        "library = \"Riverside\"\ndata_dir = \"{}\"\nlisten = \"off\"\n[sending]\nway = \"servers\"\n\
         ehlo_name = \"books.library.example\"\n[server1]\nhost = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\n\
         allow_non_secure = true\n{}",
        place.join("data").display(),
        sink.address().port(),
        sites.concat()
    )
}
