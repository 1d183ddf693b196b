//! The power fails.
//!
//! A child works under the library that records what is done to its files; the sink notes in the same record what it took, and
//! the parent what was promised, each before anybody goes on. From the record the disk is rebuilt as it may be after a power cut
//! at any point, and Bookpost is started on it, on another boot.

use std::{collections::BTreeSet, fs, path::Path};

use rand::RngExt;
use testkit::{
    faults::{self, Event, Log},
    sink::{Settings, Sink, Taken},
};

use crate::{
    account::account,
    child::Task,
    parent::{self, Manner},
};

/// Messages that flow while the record is made.
const MESSAGES: u64 = 400;
/// While the file of the queue is made the power fails after each of so many events.
const MAKING: usize = 40;
/// Points at which the power fails, of each record: those, and as many anywhere.
const CUTS: usize = 2 * MAKING;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_power_cut_nothing_is_lost_and_nothing_doubled_in_silence() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    let folder = place.join("watched/data");
    fs::create_dir(place.join("watched")).unwrap();
    let record = place.join("record");
    // One file for both: a line of the sink's ledger is an event of the record.
    let sink = Sink::start(Settings {
        ledger: Some(place.join("ledger")),
        notes: Some(record.clone()),
        ..Settings::default()
    })
    .await
    .unwrap();
    let task = task(&folder, &sink, 1, MESSAGES);
    let manner = Manner {
        environment: vec![
            ("LD_PRELOAD", faults::build(&place).unwrap().display().to_string()),
            ("FAULTS_FOLDER", place.join("watched").display().to_string()),
            ("FAULTS_LOG", record.display().to_string()),
        ],
        notes: Some(record.clone()),
        ..Manner::default()
    };
    let said = parent::run(&task, manner).await;
    assert!(said.done, "{said:?}: {}", parent::log(&folder));

    let log = Log::read(&record).unwrap();
    let mut dice = testkit::dice::seeded(3);
    let (mut doubts, mut doubled) = (0, 0);
    for cut in 0..CUTS {
        // The first is before everything, the last after it.
        let at = if cut < MAKING { cut } else { dice.random_range(0..=log.events().len()) };
        let rebuilt = tempfile::tempdir().unwrap();
        log.after_power_cut(at, &place.join("watched"), None, &mut dice, rebuilt.path()).unwrap();
        let told = format!("power cut {cut}, after event {at} of {}", log.events().len());
        let found = start_again(&log, at, rebuilt.path(), &told).await;
        doubts += found.0;
        doubled += found.1;
    }
    println!(
        "{CUTS} power cuts while {MESSAGES} messages flowed: 0 lost, 0 twice in silence, {doubled} twice, {doubts} in doubt"
    );
}

/// Starts Bookpost on what the power cut left and gives how many are in doubt and how many came twice.
async fn start_again(log: &Log, at: usize, place: &Path, told: &str) -> (usize, usize) {
    let ledger = place.join("ledger");
    let mut promised = BTreeSet::new();
    let mut lines = String::new();
    for event in log.events().iter().take(at) {
        let Event::Noted(note) = event else { continue };
        if let Some(id) = note.strip_prefix("taken ") {
            let taken = Taken { id: id.to_owned(), ..Taken::default() };
            lines += &serde_json::to_string(&taken).unwrap();
            lines.push('\n');
        } else if let Some((first, end)) =
            note.strip_prefix("accepted ").and_then(|numbers| numbers.split_once(' '))
        {
            promised.extend(first.parse::<u64>().unwrap()..end.parse().unwrap());
        }
    }
    fs::write(&ledger, lines).unwrap();
    let sink = Sink::start(Settings { ledger: Some(ledger.clone()), ..Settings::default() }).await.unwrap();
    let folder = place.join("data");
    let said = parent::run(&task(&folder, &sink, 2, 0), Manner::default()).await;
    assert!(said.done, "{told}: {said:?}: {}", parent::log(&folder));
    let found = account(&folder, &ledger, &promised).await;
    found.assert_sound(told);
    (found.in_doubt, found.doubled)
}

fn task(folder: &Path, sink: &Sink, boot: u64, count: u64) -> Task {
    Task {
        folder: folder.to_owned(),
        server: sink.address(),
        boot_id: format!("boot-{boot}"),
        seed: boot,
        first: 0,
        count,
        abort_at: None,
        dies_refusing: false,
    }
}
