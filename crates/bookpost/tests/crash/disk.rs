//! The disk is full, or fails.
//!
//! A child works under the library that makes calls fail. Whatever it answers then, the next start on a disk that is well again
//! delivers all that was promised.

use std::{collections::BTreeSet, path::Path, time::Duration};

use testkit::{
    faults,
    sink::{Settings, Sink},
};

use crate::{
    account::account,
    child::Task,
    parent::{self, Manner, Said},
};

const MESSAGES: u64 = 200;
/// Long after everything has failed that can.
const ENOUGH: Duration = Duration::from_secs(4);

/// What the child said under one fault, and what it logged.
struct Under {
    said: Said,
    log: String,
}

/// Everything that the program writes.
const ALL: &str = "";
/// Only the outcome journal.
const JOURNAL: &str = "data/journal";

/// Runs a child under this fault of the files in `part`, then another without, and accounts for everything.
async fn through(fault: (&'static str, String), part: &str, dies_refusing: bool) -> Under {
    let place = tempfile::tempdir().unwrap();
    let (watched, ledger) = (place.path().join("watched"), place.path().join("ledger"));
    std::fs::create_dir(&watched).unwrap();
    let folder = watched.join("data");
    let sink = Sink::start(Settings { ledger: Some(ledger.clone()), ..Settings::default() }).await.unwrap();
    // Made on a disk that is well.
    let made = parent::run(&task(&folder, &sink, 0, 1), Manner::default()).await;
    assert!(made.done, "{}", parent::log(&folder));
    let told = format!("{fault:?}");
    let manner = Manner {
        environment: environment(place.path(), &watched.join(part), fault),
        kill_after: Some(ENOUGH),
        notes: None,
    };
    let said = parent::run(&Task { dies_refusing, ..task(&folder, &sink, 1, MESSAGES) }, manner).await;
    let log = parent::log(&folder);
    let after = parent::run(&task(&folder, &sink, 2, 0), Manner::default()).await;
    assert!(after.done, "{told}: {after:?} {}", parent::log(&folder));
    let promised: BTreeSet<u64> = made.accepted.iter().chain(&said.accepted).copied().collect();
    let found = account(&folder, &ledger, &promised).await;
    found.assert_sound(&told);
    assert_eq!(found.refused(&said.refused), Vec::<String>::new(), "{told}: refused and sent all the same");
    println!(
        "{told}: {} accepted, {} refused, {} in doubt",
        said.accepted.len(),
        said.refused.len(),
        found.in_doubt
    );
    Under { said, log }
}

fn environment(place: &Path, watched: &Path, fault: (&'static str, String)) -> Vec<(&'static str, String)> {
    vec![
        ("LD_PRELOAD", faults::build(place).unwrap().display().to_string()),
        ("FAULTS_FOLDER", watched.display().to_string()),
        ("FAULTS_LOG", place.join("record").display().to_string()),
        fault,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_mail_in_plain_words_and_loses_none() {
    let mut refused = 0;
    for bytes in [200_000, 1_100_000, 1_500_000, 2_000_000] {
        let under = through(("FAULTS_ENOSPC_AFTER", bytes.to_string()), ALL, false).await;
        refused += under.said.refused.len();
        for why in &under.said.why {
            assert!(why.contains("full"), "{why}");
        }
        if !under.said.refused.is_empty() {
            assert_eq!(under.log.matches("No mail is accepted").count(), 1, "one alarm: {}", under.log);
        }
    }
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_write_or_sync_loses_nothing() {
    for (what, times) in
        [("FAULTS_EIO_WRITE", [3, 20, 60, 150, 400, 700]), ("FAULTS_EIO_SYNC", [1, 4, 10, 20, 40, 80])]
    {
        for time in times {
            through((what, time.to_string()), ALL, false).await;
        }
    }
}

/// Nothing passes the point of no return without it: the program ends and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_fails_ends_the_program_and_loses_nothing() {
    let mut ended = 0;
    for (what, time) in [("FAULTS_EIO_WRITE", 20), ("FAULTS_EIO_SYNC", 4), ("FAULTS_EIO_SYNC", 10)] {
        let under = through((what, time.to_string()), JOURNAL, false).await;
        ended += usize::from(under.said.failed.is_some_and(|why| why.contains("journal")));
    }
    assert!(ended > 0, "no fault met the journal");
}

/// A commit whose sync failed is in the log all the same: it must not come to life at the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_does_not_come_back_to_life() {
    let mut refused = 0;
    for time in 4..16 {
        refused += through(("FAULTS_EIO_SYNC", time.to_string()), ALL, true).await.said.refused.len();
    }
    assert!(refused > 0, "no fault met mail that came in");
}

fn task(folder: &Path, sink: &Sink, round: u64, count: u64) -> Task {
    Task {
        folder: folder.to_owned(),
        server: sink.address(),
        boot_id: "one".into(),
        seed: round,
        first: round * 10_000,
        count,
        abort_at: None,
        dies_refusing: false,
    }
}
