//! Copies of the queue: made while mail flows, looked into, and restored so that nothing is sent twice.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, Phase, Reason, ReversePath};
use rusqlite::Connection;
use store::{
    Actor, ApplicationSettings, Attempt, Backup, BackupError, CameTo, Claim, Class, ClosedDays, CopyTo,
    EventFilter, EventId, EventKind, ExportSeen, ExportSource, Filter, Kind, Lease, Logo, MessageId, Move,
    NewMessage, NewRun, NewWebhook, OpenError, PauseWhy, Reading, RecipientId, Restored, Rhythm,
    SchedulePlan, Selection, Settlement, State, Store, Verdict,
};

const LEASE: Lease = Lease(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn message() -> NewMessage {
    let from = ReversePath::Address(Address::parse("desk@library.example").unwrap());
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "Library".to_owned(),
        site: None,
        run: None,
        envelope: Envelope::to_one(from, Address::parse("p@example.org").unwrap()),
        message_id: "<1@library.example>".to_owned(),
        subject: "Overdue items".to_owned(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from(vec![b'a'; 20_000]),
        first_due_at: now(),
        expires_at: now() + SignedDuration::from_hours(100),
        lease: None,
    }
}

fn settlement(recipient: RecipientId, verdict: Verdict) -> Settlement {
    let reason = (verdict != Verdict::Delivered).then_some(Reason::AnswerUnknown);
    let attempt = Attempt {
        instead_of: None,
        started_at: now(),
        ended_at: now(),
        server: String::new(),
        phase: Phase::Dot,
        reason,
        answer: "so it was".to_owned(),
    };
    Settlement { recipient, lease: LEASE, attempt, verdict }
}

/// A queue, and a folder for its copies.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> Store {
        Store::open(&self.data(), now()).unwrap()
    }

    fn to(&self) -> CopyTo {
        CopyTo { file: self.path("copy"), replace: false, leave_free: 0 }
    }

    fn copy(&self) -> Backup {
        Store::copy(&self.data(), &self.to()).unwrap().finish("1.2.3", now()).unwrap()
    }

    fn restore(&self, at: Timestamp) -> Result<Restored, BackupError> {
        Store::restore(&self.path("copy"), &self.path("other"), at)
    }

    fn restored(&self, at: Timestamp) -> Store {
        Store::open(&self.path("other"), at).unwrap()
    }
}

async fn accept(store: &Store, message: NewMessage) -> RecipientId {
    RecipientId::of(store.accept(vec![message], now()).await.unwrap()[0].id, 0)
}

async fn settled(store: &Store, verdict: Verdict) -> RecipientId {
    let id = accept(store, NewMessage { lease: Some(LEASE), ..message() }).await;
    store.settle(vec![settlement(id, verdict)], now()).await.unwrap();
    id
}

async fn row(store: &Store, id: RecipientId) -> store::Row {
    store.show(id.message()).await.unwrap()[0].0.clone()
}

/// One of each state, in the order of this list.
async fn one_of_each(store: &Store) -> [RecipientId; 7] {
    let held = accept(store, message()).await;
    let selection = Selection::Messages(vec![held.message()]);
    store.move_recipients(selection, Move::Hold, now()).await.unwrap();
    [
        accept(store, message()).await,
        accept(store, NewMessage { lease: Some(LEASE), ..message() }).await,
        settled(store, Verdict::InDoubt).await,
        held,
        settled(store, Verdict::Delivered).await,
        settled(store, Verdict::Returned).await,
        settled(store, Verdict::Deferred { due_at: now(), in_doubt: true }).await,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_one_instant_of_the_queue_and_nobody_waits_for_it() {
    let place = Place::new();
    let store = place.open();
    for _ in 0..100 {
        store.accept(vec![message(); 10], now()).await.unwrap();
    }
    let copying = Store::copy(&place.data(), &place.to()).unwrap();
    let expected = copying.expected();
    let copy = tokio::task::spawn_blocking(move || copying.finish("1.2.3", now()));
    let mut meanwhile = 0;
    while !copy.is_finished() {
        settled(&store, Verdict::Delivered).await;
        accept(&store, message()).await;
        meanwhile += 1;
    }
    let backup = copy.await.unwrap().unwrap();
    assert!(meanwhile > 0);
    assert_eq!((backup.made_at, backup.version.as_str()), (now(), "1.2.3"));
    assert_eq!(backup.wrong, Vec::<String>::new());
    assert!(backup.counts.waiting >= 1_000 && backup.counts.delivered <= meanwhile, "{:?}", backup.counts);
    assert!(expected > 20_000_000 && backup.size > 20_000_000, "{expected} {}", backup.size);
    let mode = fs::metadata(&backup.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(Store::look_into(&backup.file).unwrap(), backup);
    assert!(!place.path("copy.part").exists());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_restored_queue_sends_nothing_by_itself() {
    let place = Place::new();
    let store = place.open();
    let [waiting, sending, in_doubt, held, delivered, returned, again] = one_of_each(&store).await;
    let (store_id, before) = (store.store_id(), store.counts().await.unwrap());
    assert_eq!(before.reports_owed, 1);
    assert_eq!(place.copy().counts, before);
    let later = now() + 3 * DAY;
    let restored = place.restore(later).unwrap();
    assert_eq!((restored.of, restored.held, restored.reports_closed), (now(), 5, 1));

    let other = place.restored(later);
    for id in [waiting, sending, in_doubt, held, again] {
        let row = row(&other, id).await;
        assert_eq!((row.state, row.reason), (State::Held, Some(Reason::FromBackup)));
        assert_eq!(row.answer.as_deref(), Some("It was unfinished in the backup of 2027-01-15 08:00 UTC."));
        assert_eq!(store::backup_of(&row), Some(now()));
    }
    assert_eq!(store::backup_of(&row(&other, delivered).await), None);
    assert_eq!(row(&other, delivered).await.state, State::Delivered);
    assert_eq!(row(&other, returned).await.state, State::Returned);
    let counts = other.counts().await.unwrap();
    assert_eq!((counts.held, counts.waiting, counts.sending, counts.in_doubt), (5, 0, 0, 0));
    assert_eq!((counts.ever_in_doubt, counts.reports_owed), (before.ever_in_doubt, 0));
    let pause = other.paused().await.unwrap().unwrap();
    assert_eq!((pause.began_at, pause.why), (later, PauseWhy::Restored { of: now() }));
    let claim =
        Claim { lease: LEASE, now: later, limit: 10, bytes: usize::MAX, practice: false, recovery: None };
    assert!(other.claim(claim).await.unwrap().is_empty());
    assert_ne!(other.store_id(), store_id, "an old journal says nothing to it");
    assert_eq!(other.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_numbered_since_the_copy_is_not_numbered_again() {
    let place = Place::new();
    let store = place.open();
    accept(&store, message()).await;
    place.copy();
    let run = NewRun {
        notice: "overdue-items".to_owned(),
        source: "a.csv".to_owned(),
        practice: false,
        started_at: now(),
    };
    let since = accept(&store, message()).await;
    let run_since = store.begin_run(run.clone()).await.unwrap();
    let event_since = *store.events_noted().borrow();
    place.restore(now()).unwrap();
    let other = place.restored(now());
    assert!(accept(&other, message()).await.message().0 > since.message().0 + 900_000_000);
    assert!(other.begin_run(run).await.unwrap().0 > run_since.0 + 900_000);
    assert!(other.events_noted().borrow().0 > event_since.0 + 900_000_000);
}

/// It asks for what came after the last one that it knows, from before the copy or after it.
#[tokio::test]
async fn an_application_hears_of_what_is_set_aside_at_once_and_a_web_address_does_not() {
    let place = Place::new();
    let store = place.open();
    store
        .add_application(
            "Library".parse().unwrap(),
            ApplicationSettings::default(),
            Actor::CommandLine,
            now(),
        )
        .await
        .unwrap();
    let webhook = NewWebhook { url: "https://x.example/".to_owned(), kinds: [].into(), secret: vec![1] };
    store.add_webhook("Library", webhook, now()).await.unwrap();
    let waiting = accept(&store, message()).await;
    place.copy();
    place.restore(now()).unwrap();
    let other = place.restored(now());
    let mut after = EventId(0);
    for kind in [EventKind::Accepted, EventKind::Held] {
        let filter =
            EventFilter { application: "Library".to_owned(), after, until: None, kinds: [kind].into() };
        let mut found = other.events(filter.clone(), 10).await.unwrap();
        if found.events.is_empty() {
            found = other.events(EventFilter { after: found.read_to, ..filter }, 10).await.unwrap();
        }
        assert_eq!(found.events[0].message, waiting.message(), "{kind:?}");
        after = found.events[0].id;
    }
    let webhook = &other.webhooks().await.unwrap()[0];
    assert_eq!(webhook.told, after, "there is nothing to tell it");
}

/// Neither while the copy lay there, nor in the pause, nor set aside.
#[tokio::test]
async fn mail_grows_no_older_between_the_copy_and_its_release() {
    let place = Place::new();
    let store = place.open();
    let id = accept(&store, message()).await;
    place.copy();
    let later = |days: i32| now() + days * DAY;
    place.restore(later(10)).unwrap();
    let other = place.restored(later(10));
    other.end_pause().await.unwrap();
    other.resume_ageing(false, later(11)).await.unwrap();
    let selection = Selection::State(State::Held);
    assert_eq!(other.move_recipients(selection, Move::Release, later(12)).await.unwrap().moved, 1);
    let row = row(&other, id).await;
    assert_eq!((row.state, row.expires_at), (State::Waiting, message().expires_at + 12 * DAY));
}

#[tokio::test]
async fn whoever_was_signed_in_is_so_no_longer() {
    let place = Place::new();
    place.open().close().await.unwrap();
    place.copy();
    let sql = Connection::open(place.path("copy")).unwrap();
    let rows = "INSERT INTO person VALUES (1, 'a@b.example', 'a@b.example', 'Ann', 'viewer', '[]', NULL, 0, NULL, NULL, NULL, NULL, NULL);
        INSERT INTO session VALUES (1, zeroblob(32), 1, '', 0, 0, NULL);
        INSERT INTO link VALUES (zeroblob(32), 'set_up', NULL, 0)";
    sql.execute_batch(rows).unwrap();
    drop(sql);
    place.restore(now()).unwrap();
    let sql = Connection::open(place.path("other/queue.db")).unwrap();
    for table in ["session", "link"] {
        let left: i64 =
            sql.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn a_copy_is_no_queue_before_it_is_restored() {
    let place = Place::new();
    place.open().close().await.unwrap();
    place.copy();
    fs::create_dir(place.path("other")).unwrap();
    fs::copy(place.path("copy"), place.path("other/queue.db")).unwrap();
    let refused = Store::open(&place.path("other"), now()).unwrap_err();
    assert!(matches!(refused, OpenError::IsBackup { .. }), "{refused}");
    assert_eq!(fs::read(place.path("copy")).unwrap(), fs::read(place.path("other/queue.db")).unwrap());
}

#[tokio::test]
async fn nothing_is_written_over_and_nothing_is_left_half_done() {
    let place = Place::new();
    let missing = Store::copy(&place.data(), &place.to()).unwrap_err();
    assert!(matches!(missing, BackupError::NoQueue(_)), "{missing}");
    let store = place.open();
    accept(&store, message()).await;
    fs::write(place.path("copy"), "mine").unwrap();
    let refused = Store::copy(&place.data(), &place.to()).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    let full = CopyTo { leave_free: u64::MAX, replace: true, ..place.to() };
    let refused = Store::copy(&place.data(), &full).unwrap_err();
    assert!(matches!(refused, BackupError::NoRoom { .. }), "{refused}");
    let replacing = CopyTo { replace: true, ..place.to() };
    let first = Store::copy(&place.data(), &replacing).unwrap();
    let refused = Store::copy(&place.data(), &replacing).unwrap_err();
    assert!(matches!(refused, BackupError::UnderWay(_)), "{refused}");
    drop(first);
    assert_eq!(fs::read(place.path("copy")).unwrap(), b"mine");
    // What a dead process left.
    fs::write(place.path("copy.part"), "half").unwrap();
    Store::copy(&place.data(), &replacing).unwrap().finish("1", now()).unwrap();
    assert!(Store::look_into(&place.path("copy")).unwrap().wrong.is_empty());
    // It came while the copy was made.
    let late = Store::copy(&place.data(), &CopyTo { file: place.path("late"), ..place.to() }).unwrap();
    fs::write(place.path("late"), "mine").unwrap();
    let refused = late.finish("1", now()).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    let mut left: Vec<_> =
        fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["copy", "data", "late"]);
}

#[tokio::test]
async fn a_copy_that_is_stopped_leaves_nothing() {
    let place = Place::new();
    let store = place.open();
    for _ in 0..50 {
        store.accept(vec![message(); 10], now()).await.unwrap();
    }
    let copying = Store::copy(&place.data(), &place.to()).unwrap();
    let stop = copying.stopper();
    let copy = std::thread::spawn(move || copying.finish("1", now()));
    while !copy.is_finished() {
        stop.stop();
    }
    let stopped = copy.join().unwrap().unwrap_err();
    assert!(matches!(stopped, BackupError::Stopped), "{stopped}");
    assert!(!place.path("copy").exists() && !place.path("copy.part").exists());
}

#[tokio::test]
async fn a_copy_is_restored_into_an_empty_folder_only() {
    let place = Place::new();
    let store = place.open();
    place.copy();
    let used = Store::restore(&place.path("copy"), &place.data(), now()).unwrap_err();
    assert!(matches!(used, BackupError::Open(OpenError::InUse { .. })), "{used}");
    store.close().await.unwrap();
    let used = Store::restore(&place.path("copy"), &place.data(), now()).unwrap_err();
    assert!(matches!(used, BackupError::NotEmpty { .. }), "{used}");
    let other = place.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("notes.txt"), "mine").unwrap();
    let used = place.restore(now()).unwrap_err();
    assert!(matches!(used, BackupError::NotEmpty { .. }), "{used}");
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1, "nothing was made in a folder of somebody else");
    fs::remove_file(other.join("notes.txt")).unwrap();
    fs::write(other.join("secret.key"), "key").unwrap();
    fs::create_dir(other.join("notices.d")).unwrap();
    // What a restore that was killed left.
    fs::write(other.join("queue.db.part"), "half").unwrap();
    place.restore(now()).unwrap();
    assert!(!other.join("queue.db.part").exists());
    let again = place.restore(now()).unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty { .. }), "{again}");
}

#[tokio::test]
async fn what_is_no_whole_backup_is_not_restored() {
    let place = Place::new();
    let store = place.open();
    // So much that the middle of the file is mail, and not what says where everything is.
    for _ in 0..400 {
        accept(&store, message()).await;
    }
    store.close().await.unwrap();
    let refused = |place: &Place| {
        let looked = Store::look_into(&place.path("copy"));
        let refused = place.restore(now()).unwrap_err();
        assert!(!place.path("other/queue.db").exists() && !place.path("other/queue.db.part").exists());
        (looked, refused)
    };
    fs::copy(place.data().join("queue.db"), place.path("copy")).unwrap();
    let (looked, error) = refused(&place);
    assert!(matches!(error, BackupError::NoBackup { .. }), "{error}");
    assert!(matches!(looked, Err(BackupError::NoBackup { .. })), "{looked:?}");
    fs::write(place.path("copy"), "no database at all").unwrap();
    let (looked, error) = refused(&place);
    assert!(matches!(error, BackupError::NoBackup { .. }), "{error}");
    assert!(matches!(looked, Err(BackupError::NoBackup { .. })), "{looked:?}");
    fs::remove_file(place.path("copy")).unwrap();
    place.copy();
    Connection::open(place.path("copy")).unwrap().pragma_update(None, "user_version", 9_999).unwrap();
    let (_, error) = refused(&place);
    assert!(matches!(error, BackupError::Open(OpenError::TooNew { .. })), "{error}");
    fs::remove_file(place.path("copy")).unwrap();
    place.copy();
    damage(&place.path("copy"));
    let (looked, error) = refused(&place);
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    assert!(!looked.unwrap().wrong.is_empty());
}

/// Some pages in the middle of a copy hold rubbish.
fn damage(file: &Path) {
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    let middle = file.metadata().unwrap().len() / 8_192 * 4_096;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[0xFF; 8_192]).unwrap();
}

/// A copy of a queue whose texts were deleted holds none of them.
#[tokio::test]
async fn what_was_erased_is_not_copied() {
    let place = Place::new();
    let store = place.open();
    let bytes = Bytes::from_static(b"only in this message");
    let id = accept(&store, NewMessage { bytes, lease: Some(LEASE), ..message() }).await;
    store.settle(vec![settlement(id, Verdict::Delivered)], now()).await.unwrap();
    let list = Filter { state: Some(State::Delivered), ..Filter::default() };
    assert_eq!(store.list(list, None, 10).await.unwrap()[0].message, MessageId(1));
    let purged = store.purge(Duration::ZERO, Duration::from_hours(24), 10, now() + DAY).await.unwrap();
    assert_eq!(purged, 1);
    place.copy();
    let copy = fs::read(place.path("copy")).unwrap();
    assert!(!copy.windows(20).any(|part| part == b"only in this message"));
}

#[tokio::test]
async fn a_logo_is_in_the_copy_and_comes_back() {
    let place = Place::new();
    let store = place.open();
    let logo = Logo { media_type: "image/png".to_owned(), bytes: vec![7; 3] };
    store.set_logo("MAIN", Some(logo.clone()), Actor::CommandLine, now()).await.unwrap();
    place.copy();
    place.restore(now()).unwrap();
    let restored = place.restored(now());
    assert_eq!(restored.logos().await.unwrap(), [("MAIN".to_owned(), logo)].into());
    for store in [store, restored] {
        store.close().await.unwrap();
    }
}

/// Who was written to since the copy is not known to it.
#[tokio::test]
async fn schedules_of_a_restored_queue_rest() {
    let place = Place::new();
    let store = place.open();
    let plan = SchedulePlan {
        name: "Overdues".to_owned(),
        notice: "overdue-items".to_owned(),
        source: ExportSource::File("/srv/overdues.csv".into()),
        rhythm: Rhythm::Daily,
        time: jiff::civil::time(6, 0, 0, 0),
        zone: "UTC".to_owned(),
        closed: ClosedDays::default(),
        sites: [].into(),
        reading: Reading::default(),
        practice: false,
        not_older_than: None,
    };
    let id = store.add_schedule(plan, Some(now()), Actor::CommandLine, now()).await.unwrap().id;
    store
        .take_turn(id, now(), Some(now() + SignedDuration::from_hours(24)), 0, now())
        .await
        .unwrap()
        .unwrap();
    let begun = now() + SignedDuration::from_hours(24);
    let second = store.take_turn(id, begun, None, 0, now()).await.unwrap().unwrap();
    store.note_turn_export(&second, ExportSeen { digest: vec![7; 32], written: None }).await.unwrap();
    place.copy();
    place.restore(now()).unwrap();
    let restored = place.restored(now());
    let came_to: Vec<_> = restored
        .turns(id, 9)
        .await
        .unwrap()
        .iter()
        .map(|turn| turn.ending.as_ref().unwrap().came_to)
        .collect();
    assert_eq!(came_to, [CameTo::Broken, CameTo::NotNow], "of the later one some may have gone");
    assert_eq!(restored.schedule(id).await.unwrap().paused_at, Some(now()));
    assert_eq!(restored.open_turns().await.unwrap(), []);
    assert_eq!(store.open_turns().await.unwrap().len(), 2);
    for store in [store, restored] {
        store.close().await.unwrap();
    }
}
