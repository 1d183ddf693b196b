//! Disks that cannot be written, files that are damaged, a second start: each says what is wrong, and nothing is lost.

use std::{collections::BTreeMap, fs, os::unix::fs::FileExt, path::Path, time::Duration};

use rusqlite::Connection;
use store::{AlarmKind, Filter, State, Store};
use testkit::{
    faults,
    sink::{Settings, Sink},
};

use crate::{
    account::{account, message_id, today},
    child::Task,
    parent::{self, Manner},
};

const MESSAGES: u64 = 40;

/// A folder in which mail waits for a server that is not there, and a server for later.
struct Place {
    place: tempfile::TempDir,
    sink: Sink,
}

impl Place {
    async fn with_waiting_mail() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("watched")).unwrap();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let ledger = Some(place.path().join("ledger"));
        let sink = Sink::start(Settings { ledger, ..Settings::default() }).await.unwrap();
        let this = Self { place, sink };
        let task = Task { server: nobody, count: MESSAGES, ..this.task() };
        let manner = Manner { kill_after: Some(Duration::from_secs(2)), ..Manner::default() };
        let said = parent::run(&task, manner).await;
        assert_eq!(said.accepted.len() as u64, MESSAGES);
        // Everything goes from the log into the file.
        Store::open(&this.folder(), today()).unwrap().close().await.unwrap();
        this
    }

    fn folder(&self) -> std::path::PathBuf {
        self.place.path().join("watched/data")
    }

    fn ledger(&self) -> std::path::PathBuf {
        self.place.path().join("ledger")
    }

    fn task(&self) -> Task {
        Task {
            folder: self.folder(),
            server: self.sink.address(),
            boot_id: "one".into(),
            seed: 1,
            first: 0,
            count: 0,
            abort_at: None,
            dies_refusing: false,
        }
    }

    /// What a start says that must fail, and that nothing was sent.
    async fn fails_to_start(&self, manner: Manner) -> String {
        let said = parent::run(&self.task(), manner).await;
        assert_eq!(self.sink.count(), 0);
        said.failed.unwrap()
    }

    /// All is delivered once, after what was wrong is mended.
    async fn delivers_everything(&self) {
        let said = parent::run(&self.task(), Manner::default()).await;
        assert!(said.done, "{}", parent::log(&self.folder()));
        let promised = (0..MESSAGES).collect();
        let found = account(&self.folder(), &self.ledger(), &promised).await;
        found.assert_sound("mended");
        assert_eq!(found.doubled, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_names_the_first() {
    let place = Place::with_waiting_mail().await;
    let first = Store::open(&place.folder(), today()).unwrap();
    let why = place.fails_to_start(Manner::default()).await;
    assert!(why.contains(&format!("another Bookpost (process {})", std::process::id())), "{why}");
    first.close().await.unwrap();
    place.delivers_everything().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_said() {
    let place = Place::with_waiting_mail().await;
    let environment = vec![
        ("LD_PRELOAD", faults::build(place.place.path()).unwrap().display().to_string()),
        ("FAULTS_FOLDER", place.place.path().join("watched").display().to_string()),
        ("FAULTS_LOG", place.place.path().join("record").display().to_string()),
        ("FAULTS_READ_ONLY", "1".to_owned()),
    ];
    let why = place.fails_to_start(Manner { environment, ..Manner::default() }).await;
    assert!(why.contains("Read-only file system") && why.contains("data"), "{why}");
    place.delivers_everything().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_said_and_left_as_it_is() {
    let place = Place::with_waiting_mail().await;
    let database = place.folder().join("queue.db");
    let whole = fs::read(&database).unwrap();
    // The first page, where every tree begins.
    let file = fs::OpenOptions::new().write(true).open(&database).unwrap();
    file.write_all_at(&[0x5A; 4096], 0).unwrap();
    drop(file);
    let why = place.fails_to_start(Manner::default()).await;
    assert!(why.contains("the queue file is damaged"), "{why}");
    fs::write(&database, whole).unwrap();
    place.delivers_everything().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_cannot_be_read_are_set_aside_and_the_others_go() {
    let place = Place::with_waiting_mail().await;
    spoil(&place.folder());
    let said = parent::run(&place.task(), Manner::default()).await;
    assert!(said.done, "{}", parent::log(&place.folder()));
    let store = Store::open(&place.folder(), today()).unwrap();
    let rows = store.list(Filter::default(), None, 1_000).await.unwrap();
    let alarms = store.alarms(false, 9).await.unwrap();
    assert!(alarms.iter().any(|alarm| alarm.kind == AlarmKind::BrokenMessage), "{alarms:?}");
    store.close().await.unwrap();
    let states: BTreeMap<String, State> = rows.into_iter().map(|row| (row.message_id, row.state)).collect();
    assert_eq!(states.len() as u64, MESSAGES);
    for number in 0..MESSAGES {
        let expected = if (5..8).contains(&number) { State::Held } else { State::Delivered };
        assert_eq!(states[&message_id(number)], expected, "{number}");
    }
    assert_eq!(place.sink.count(), MESSAGES - 3);
    let log = parent::log(&place.folder());
    assert_eq!(log.matches("cannot be read; it is set aside").count(), 3, "{log}");
}

/// An address that is none, a body that is gone, a return address of other bytes.
fn spoil(folder: &Path) {
    let sql = Connection::open(folder.join("queue.db")).unwrap();
    for (number, change) in [
        (5, "UPDATE recipient SET address = CAST(x'FF00FE' AS TEXT) WHERE id / 65536 = ?1"),
        (6, "DELETE FROM body WHERE message = ?1"),
        (7, "UPDATE message SET reverse_path = CAST(x'C328' AS TEXT) WHERE id = ?1"),
    ] {
        let id: i64 = sql
            .query_row("SELECT id FROM message WHERE message_id = ?1", [message_id(number)], |row| row.get(0))
            .unwrap();
        assert_eq!(sql.execute(change, [id]).unwrap(), 1);
    }
}
