//! What is special to the SQLite file: its folder, its lock, its damage.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{io::Write as _, path::Path, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, Phase, Reason, ReversePath};
use rusqlite::Connection;
use store::{
    ApplicationSettings, Attempt, Claim, Class, Error, EventFilter, EventId, EventKind, Filter, KeyHash,
    KeyId, Kind, Lease, LedgerKey, LeftOut, LeftOutWhy, Move, NewKey, NewMessage, NewNotice, NewRun,
    NoticeAccepted, OpenError, RecipientId, Selection, Settled, Settlement, State, Store, StoredApplications,
    UnreadableApplication, Verdict, WrittenBefore,
};

const LEASE: Lease = Lease(1);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn message(lease: Option<Lease>, bytes: &'static [u8]) -> NewMessage {
    let envelope = Envelope::to_one(ReversePath::Null, Address::parse("p@example.org").unwrap());
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "Library".to_owned(),
        site: None,
        run: None,
        envelope,
        message_id: "<1@library.example>".to_owned(),
        subject: "Overdue items".to_owned(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from_static(bytes),
        first_due_at: now(),
        expires_at: now() + SignedDuration::from_hours(100),
        lease,
    }
}

fn delivered(recipient: RecipientId) -> Settlement {
    let attempt = Attempt {
        instead_of: None,
        started_at: now(),
        ended_at: now(),
        server: String::new(),
        phase: Phase::Dot,
        reason: None,
        answer: String::new(),
    };
    Settlement { recipient, lease: LEASE, attempt, verdict: Verdict::Delivered }
}

fn run_at(now: Timestamp) -> NewRun {
    NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: now,
    }
}

fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join("queue.db")).unwrap()
}

/// What a killed process leaves.
fn killed(folder: &Path) -> tempfile::TempDir {
    let killed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), killed.path().join(file.file_name())).unwrap();
    }
    killed
}

/// Invariant 1: not a promise for later. The store is not closed.
#[tokio::test]
async fn accept_is_on_disk_when_it_returns() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let accepted = store.accept(vec![message(Some(LEASE), b"a\r\n")], now()).await.unwrap();
    let killed = killed(folder.path());
    let found = Store::open(killed.path(), now()).unwrap();
    assert_eq!(found.show(accepted[0].id).await.unwrap()[0].0.state, State::Sending);
    assert_eq!(found.body(accepted[0].id).await.unwrap().unwrap(), &b"a\r\n"[..]);
}

/// The power failed while the file was made, before it had a log: SQLite left a journal, by which half a transaction is to be taken back.
#[tokio::test]
async fn a_queue_whose_making_was_cut_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let sql = raw(folder.path());
    sql.execute_batch(
        "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (text);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO half SELECT hex(randomblob(500)) FROM n",
    )
    .unwrap();
    let cut = killed(folder.path());
    assert!(std::fs::metadata(cut.path().join("queue.db-journal")).unwrap().len() > 0);
    assert_eq!(Store::peek_preferences(cut.path()).unwrap(), store::Preferences::default());
    let store = Store::open(cut.path(), now()).unwrap();
    store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    let tables: i64 = raw(cut.path())
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'half'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 0);
}

#[test]
fn a_second_open_names_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let refused = Store::open(folder.path(), now()).unwrap_err();
    let OpenError::InUse { pid, .. } = refused else { panic!("{refused}") };
    assert_eq!(pid, Some(std::process::id()));
    drop(store);
    Store::open(folder.path(), now()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_used_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for unusable in [file.as_path(), Path::new("/proc/self"), Path::new("/proc/bookpost")] {
        let refused = Store::open(unusable, now()).unwrap_err();
        assert!(matches!(refused, OpenError::Folder { .. }), "{refused}");
    }
}

/// Only root can be where it does not belong; for others there is nothing to show.
#[test]
fn root_makes_no_files_in_the_folder_of_another() {
    let folder = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(folder.path(), Some(65_534), None).is_err() {
        return not_run("root_makes_no_files_in_the_folder_of_another: needs root");
    }
    let refused = Store::open(folder.path(), now()).unwrap_err();
    assert!(matches!(refused, OpenError::ForeignOwner { owner: 65_534, .. }), "{refused}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[expect(clippy::disallowed_methods, reason = "the list of what was not run is named there")]
fn not_run(line: &str) {
    if let Some(list) = std::env::var_os("BOOKPOST_NOT_RUN") {
        let mut list = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(list, "{line}").unwrap();
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path(), now()).unwrap());
    raw(folder.path()).execute_batch("PRAGMA user_version = 999").unwrap();
    let refused = Store::open(folder.path(), now()).unwrap_err();
    assert!(matches!(refused, OpenError::TooNew { found: 999, .. }), "{refused}");
}

/// What cannot be decoded is set aside and shown, and the others go.
#[tokio::test]
async fn an_undecodable_row_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let accepted = store.accept(vec![message(None, b"a\r\n"), message(None, b"b\r\n")], now()).await.unwrap();
    raw(folder.path())
        .execute("UPDATE recipient SET address = 'nobody' WHERE id = ?1", [accepted[0].id.0 * 65_536])
        .unwrap();
    let claim =
        Claim { lease: LEASE, now: now(), limit: 9, bytes: usize::MAX, practice: false, recovery: None };
    let claimed = store.claim(claim).await.unwrap();
    assert_eq!(claimed.iter().map(|one| one.id).collect::<Vec<_>>(), [accepted[1].id]);
    let held = store.list(Filter { state: Some(State::Held), ..Filter::default() }, None, 9).await.unwrap();
    assert_eq!((held[0].message, held[0].reason), (accepted[0].id, Some(Reason::Broke)));
    assert_eq!(store.list(Filter::default(), None, 9).await.unwrap().len(), 2);
}

/// Nothing is accepted from it, and the others are heard.
#[tokio::test]
async fn an_undecodable_application_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    for name in ["cron", "Textbook Tracker"] {
        store
            .add_application(
                name.parse().unwrap(),
                ApplicationSettings::default(),
                store::Actor::CommandLine,
                now(),
            )
            .await
            .unwrap();
    }
    let key = NewKey { id: KeyId("k".to_owned()), hash: KeyHash([0; 32]) };
    let cron = store.add_key("cron", key, store::Actor::CommandLine, now()).await.unwrap();
    raw(folder.path()).execute("UPDATE application SET settings = '{' WHERE name = 'cron'", []).unwrap();
    let StoredApplications { readable, unreadable } = store.applications().await.unwrap();
    let names: Vec<_> = readable.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["Textbook Tracker".parse().unwrap()]);
    let left =
        UnreadableApplication { id: cron.id, name: Some(cron.name), keys: vec![KeyId("k".to_owned())] };
    assert_eq!(unreadable, [left], "it is not as if there were none");
    assert!(matches!(store.application("cron").await, Err(Error::Corrupt(_))));
}

/// The page of one message's text is overwritten in the middle of the file: that one is set aside, and the others go.
#[tokio::test]
async fn a_damaged_page_stops_only_its_message() {
    const LENGTH: usize = 3_000;
    const SPOILT: &[u8] = &[b's'; LENGTH];
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let texts: [&'static [u8]; 3] = [&[b'a'; LENGTH], SPOILT, &[b'z'; LENGTH]];
    let accepted = store.accept(texts.map(|text| message(None, text)).to_vec(), now()).await.unwrap();
    store.close().await.unwrap();
    let path = folder.path().join("queue.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(LENGTH).position(|window| window == SPOILT).unwrap() / 4_096 * 4_096;
    bytes[at..at + 4_096].fill(0xFF);
    std::fs::write(&path, bytes).unwrap();

    let store = Store::open(folder.path(), now()).unwrap();
    let claim =
        Claim { lease: LEASE, now: now(), limit: 9, bytes: usize::MAX, practice: false, recovery: None };
    let claimed = store.claim(claim).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|one| one.id).collect();
    assert_eq!(ids, [accepted[0].id, accepted[2].id]);
    let held = store.list(Filter { state: Some(State::Held), ..Filter::default() }, None, 9).await.unwrap();
    assert_eq!((held[0].message, held[0].reason), (accepted[1].id, Some(Reason::Broke)));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.held, counts.sending, counts.waiting), (1, 2, 0));
    assert_eq!(store.stats().unreadable, 1, "so that a person can be told");
    let kinds = [EventKind::Held].into();
    let filter = EventFilter { application: "Library".to_owned(), after: EventId(0), until: None, kinds };
    let events = store.events(filter, 9).await.unwrap().events;
    let [held] = &events[..] else { panic!("{events:?}") };
    assert_eq!((held.message, held.reason), (accepted[1].id, Some(Reason::Broke)), "its application too");
}

/// Not taken for one that came too late, which may be forgotten: nobody else knows yet that the message was delivered.
#[tokio::test]
async fn an_outcome_that_the_database_refuses_is_said_and_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let messages = vec![message(Some(LEASE), b"a\r\n"), message(Some(LEASE), b"b\r\n")];
    let accepted = store.accept(messages, now()).await.unwrap();
    let [refused, other] = [0, 1].map(|n| RecipientId::of(accepted[n].id, 0));
    let trigger = format!(
        "CREATE TRIGGER refuse BEFORE UPDATE ON recipient WHEN NEW.id = {} AND NEW.state = 3
         BEGIN SELECT raise(ABORT, 'not this one'); END",
        refused.0
    );
    raw(folder.path()).execute_batch(&trigger).unwrap();
    let settled = store.settle(vec![delivered(refused), delivered(other)], now()).await.unwrap();
    assert_eq!(settled, [Settled::Refused, Settled::Done]);
    let states = store.list(Filter::default(), None, 9).await.unwrap();
    assert_eq!(states.iter().map(|row| row.state).collect::<Vec<_>>(), [State::Delivered, State::Sending]);
}

/// Invariant 4: where the obligation cannot be stored, the outcome is not either.
#[tokio::test]
async fn without_its_obligation_nothing_is_returned() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let mut one = message(Some(LEASE), b"a\r\n");
    one.envelope.reverse_path = ReversePath::Address(Address::parse("desk@library.example").unwrap());
    let accepted = store.accept(vec![one], now()).await.unwrap();
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON obligation BEGIN SELECT raise(ABORT, 'none'); END";
    raw(folder.path()).execute_batch(trigger).unwrap();
    let mut returned = delivered(RecipientId::of(accepted[0].id, 0));
    (returned.verdict, returned.attempt.reason) = (Verdict::Returned, Some(Reason::AddressUnknown));
    assert_eq!(store.settle(vec![returned.clone()], now()).await.unwrap(), [Settled::Refused]);
    let state = async || store.list(Filter::default(), None, 9).await.unwrap()[0].state;
    assert_eq!(state().await, State::Sending);
    raw(folder.path()).execute_batch("DROP TRIGGER refuse").unwrap();
    assert_eq!(store.settle(vec![returned], now()).await.unwrap(), [Settled::Done]);
    assert_eq!((state().await, store.counts().await.unwrap().reports_owed), (State::Returned, 1));
}

/// Invariant 4: what only tells of an outcome can never change it.
#[tokio::test]
async fn an_event_that_cannot_be_noted_changes_no_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON event BEGIN SELECT raise(ABORT, 'none'); END";
    raw(folder.path()).execute_batch(trigger).unwrap();
    let messages = vec![message(Some(LEASE), b"a\r\n"), message(None, b"b\r\n")];
    let accepted = store.accept(messages, now()).await.unwrap();
    let settled = store.settle(vec![delivered(RecipientId::of(accepted[0].id, 0))], now()).await.unwrap();
    assert_eq!(settled, [Settled::Done]);
    let cancel = Selection::Messages(vec![accepted[1].id]);
    assert_eq!(store.move_recipients(cancel, Move::Cancel, now()).await.unwrap().moved, 1);
    let states = store.list(Filter::default(), None, 9).await.unwrap();
    assert_eq!(states.iter().map(|row| row.state).collect::<Vec<_>>(), [State::Cancelled, State::Delivered]);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// The same where the events' own pages are damaged: then a transaction can write nothing more, and the next one notes none.
#[tokio::test]
async fn damaged_events_stop_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    store.close().await.unwrap();
    let path = folder.path().join("queue.db");
    let (page, size): (u32, u32) = raw(folder.path())
        .query_row("SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'event'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(u64::from((page - 1) * size))).unwrap();
    file.write_all(&vec![0xFF; usize::try_from(size).unwrap()]).unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let met = store.accept(vec![message(None, b"b\r\n")], now()).await;
    assert!(matches!(met, Err(Error::Corrupt(_))), "{met:?}");
    for _ in 0..2 {
        store.accept(vec![message(Some(LEASE), b"c\r\n")], now()).await.unwrap();
    }
    let sent =
        store.list(Filter { state: Some(State::Sending), ..Filter::default() }, None, 9).await.unwrap();
    assert_eq!(sent.len(), 2);
    assert_eq!(store.settle(vec![delivered(sent[0].recipient)], now()).await.unwrap(), [Settled::Done]);
}

/// One that cannot be decoded is passed over, and no other.
#[tokio::test]
async fn an_unreadable_event_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    for _ in 0..4 {
        store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    }
    raw(folder.path()).execute("UPDATE event SET kind = 99 WHERE id = 2", []).unwrap();
    let application = store.list(Filter::default(), None, 1).await.unwrap().remove(0).application;
    let (mut after, mut seen) = (EventId(0), Vec::new());
    loop {
        let kinds = std::collections::BTreeSet::new();
        let filter = EventFilter { application: application.clone(), after, until: None, kinds };
        let found = store.events(filter, 2).await.unwrap();
        seen.extend(found.events.iter().map(|event| event.id.0));
        after = found.read_to;
        if !found.more {
            break;
        }
    }
    assert_eq!(seen, [1, 3, 4]);
}

#[tokio::test]
async fn a_damaged_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    store.close().await.unwrap();
    let path = folder.path().join("queue.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..].fill(0xFF);
    std::fs::write(&path, bytes).unwrap();
    let refused = Store::open(folder.path(), now()).unwrap_err();
    assert!(matches!(refused, OpenError::Store(Error::Corrupt(_))), "{refused}");
}

/// What is counted and what is there are compared, so that no case can leave them apart.
#[tokio::test]
async fn a_count_that_is_wrong_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    for (wrong, words) in [
        ("UPDATE recipient SET in_doubt_at = 1", "1 recipients were ever in doubt, but 0 were counted"),
        ("UPDATE meta SET value = 7 WHERE name = 'count_0'", "1 recipients in state 0, but 7 were counted"),
    ] {
        raw(folder.path()).execute_batch(wrong).unwrap();
        let found = store.check().await.unwrap();
        assert!(found.iter().any(|line| line == words), "{found:?}");
    }
}

/// However the machine's clock is set, what waits waits as long as before, and is as old as before.
#[tokio::test]
async fn a_clock_that_was_set_changes_no_wait_and_no_age() {
    const DAY: Duration = Duration::from_hours(24);
    let hours = SignedDuration::from_hours;
    let folder = tempfile::tempdir().unwrap();
    let (mut now, mut store) = (now(), Store::open(folder.path(), now()).unwrap());
    // By how many hours it is set while the queue is open, and while it is closed.
    for (time, (open, closed)) in
        (1..).zip([(0, 0), (-168, 0), (168, 0), (-500_000, 0), (500_000, 0), (0, -24)])
    {
        let waits = NewMessage { first_due_at: now, expires_at: now + hours(100), ..message(None, b"a\r\n") };
        let accepted = store.accept(vec![waits], now).await.unwrap();
        let run = store.begin_run(run_at(now)).await.unwrap();
        let keys = vec![LedgerKey(format!("item {time}"))];
        let message = NewMessage { run: Some(run), ..message(None, b"b\r\n") };
        let written = NewNotice { message, keys, elsewhere: [].into(), replaces: Vec::new() };
        store.accept_notices(run, vec![written.clone()], None, now).await.unwrap();
        store.note_clock(hours(open), now).await.unwrap();
        store.close().await.unwrap();
        now += hours(open + closed);
        store = Store::open(folder.path(), now).unwrap();
        let told = format!("{open} hours while open, {closed} while closed");
        assert_eq!(store.clock_set().unwrap_or_default(), hours(open + closed), "{told}");
        let row = store.show(accepted[0].id).await.unwrap().remove(0).0;
        assert_eq!((row.accepted_at, row.first_due_at, row.due_at), (now, now, Some(now)), "{told}");
        assert_eq!(row.expires_at, now + hours(100), "{told}");
        let again = store.accept_notices(run, vec![written], Some(DAY), now + hours(23)).await.unwrap();
        let is_known = |before: &WrittenBefore| before.last_at == now;
        assert!(matches!(&again[..], [NoticeAccepted::WrittenLately(before)] if is_known(before)), "{told}");
        store.clock_set_heard().await.unwrap();
        store.close().await.unwrap();
        store = Store::open(folder.path(), now).unwrap();
        assert_eq!(store.clock_set(), None, "once only");
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// A command may open the queue before the service does, and has nobody to tell and no journal to move.
#[tokio::test]
async fn that_the_clock_was_set_is_said_until_somebody_heard() {
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let accepted = store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    store.close().await.unwrap();
    for (opened_at, set, heard) in
        [(-24, -24, false), (-24, -24, false), (-36, -36, true), (-36, 0, false), (-48, -12, true)]
    {
        let at = now() + hours(opened_at);
        let store = Store::open(folder.path(), at).unwrap();
        assert_eq!(store.clock_set().unwrap_or_default(), hours(set), "{opened_at}");
        let row = store.show(accepted[0].id).await.unwrap().remove(0).0;
        assert_eq!(row.due_at, Some(at), "moved once for each time it was set");
        if heard {
            store.clock_set_heard().await.unwrap();
        }
        store.close().await.unwrap();
    }
}

/// A command that opens the queue has the machine's clock, which may have been set back since what is held was held.
#[tokio::test]
async fn time_held_is_never_less_than_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let accepted = store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    let released_at = now() - SignedDuration::from_mins(5);
    store.move_recipients(Selection::All, Move::Hold, now()).await.unwrap();
    store.move_recipients(Selection::All, Move::Release, released_at).await.unwrap();
    let row = store.show(accepted[0].id).await.unwrap().remove(0).0;
    let expires_at = now() + SignedDuration::from_hours(100);
    assert_eq!((row.due_at, row.expires_at), (Some(now()), expires_at));
}

/// A start with a clock that is a week ahead looks like a week switched off. Once it is corrected, what was there before that start
/// has the right time already.
#[tokio::test]
async fn what_is_older_than_a_wrong_start_keeps_its_time() {
    let week = SignedDuration::from_hours(7 * 24);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    store.move_recipients(Selection::All, Move::Hold, now()).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(folder.path(), now() + week).unwrap();
    let later = NewMessage { expires_at: now() + week, ..message(None, b"b\r\n") };
    store.accept(vec![later], now() + week).await.unwrap();
    store.note_clock(-week, now() + week).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    assert_eq!(store.clock_set(), Some(-week));
    let rows = store.list(Filter::default(), None, 9).await.unwrap();
    let instants: Vec<_> = rows.iter().map(|row| (row.accepted_at, row.expires_at, row.aside_at)).collect();
    let hours = SignedDuration::from_hours(100);
    assert_eq!(instants, [(now(), now(), None), (now(), now() + hours, Some(now()))]);
}

/// Rows that are in no order, as after a clock that was set, keep none of the others from being purged.
#[tokio::test]
async fn what_is_too_young_to_be_purged_keeps_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = delivered_messages(folder.path(), 4).await;
    raw(folder.path()).execute("UPDATE message SET accepted_at = ?1 WHERE id <= 2", [i64::MAX]).unwrap();
    assert_eq!(purge(&store, 9).await, 2);
}

const SECRET: &[u8] = b"a title that nobody may know";

/// A queue with so many delivered messages whose bodies may go a second later.
async fn delivered_messages(folder: &Path, count: usize) -> Store {
    let store = Store::open(folder, now()).unwrap();
    let accepted = store.accept(vec![message(Some(LEASE), SECRET); count], now()).await.unwrap();
    let settlements = accepted.iter().map(|one| delivered(RecipientId::of(one.id, 0))).collect();
    store.settle(settlements, now()).await.unwrap();
    assert!(holds(folder, SECRET));
    store
}

async fn purge(store: &Store, limit: usize) -> u64 {
    const DAY: Duration = Duration::from_hours(24);
    store.purge(Duration::ZERO, DAY, limit, now() + SignedDuration::from_secs(1)).await.unwrap()
}

/// A purged body is in no file any more, not only out of reach; the last slice may be full.
#[tokio::test]
async fn purged_bytes_are_erased() {
    for (limit, slices) in [(9, vec![4]), (4, vec![4, 0]), (2, vec![2, 2, 0]), (3, vec![3, 1])] {
        let folder = tempfile::tempdir().unwrap();
        let store = delivered_messages(folder.path(), 4).await;
        for purged in slices {
            assert_eq!(purge(&store, limit).await, purged, "limit {limit}");
        }
        assert!(!holds(folder.path(), SECRET), "limit {limit}");
        let before = store.stats();
        assert_eq!(purge(&store, limit).await, 0);
        assert_eq!(store.stats(), before, "where nothing is to be done nothing is written");
    }
}

/// The log cannot be cut while somebody reads from it: it is cut at a later purge, and so is what a process that died left.
#[tokio::test]
async fn purged_bytes_are_erased_once_nobody_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = delivered_messages(folder.path(), 2).await;
    let reader = raw(folder.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM body").unwrap();
    assert_eq!(purge(&store, 9).await, 2);
    assert!(holds(folder.path(), SECRET), "the reader still sees it");
    let killed = killed(folder.path());
    drop(reader);
    let next = Store::open(killed.path(), now()).unwrap();
    for (folder, store) in [(&folder, store), (&killed, next)] {
        assert_eq!(purge(&store, 9).await, 0);
        assert!(!holds(folder.path(), SECRET));
    }
}

/// Who reads for long makes the log long; its bytes are given back once that is over.
#[tokio::test]
async fn a_log_that_grew_is_cut() {
    static LARGE: [u8; 4 << 20] = [b'x'; 4 << 20];
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let log = || std::fs::metadata(folder.path().join("queue.db-wal")).unwrap().len();
    let reader = raw(folder.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM body").unwrap();
    for _ in 0..12 {
        store.accept(vec![message(None, &LARGE)], now()).await.unwrap();
    }
    assert!(log() > 48 << 20);
    drop(reader);
    for _ in 0..2 {
        store.accept(vec![message(None, b"a\r\n")], now()).await.unwrap();
    }
    assert!(log() <= 32 << 20, "{}", log());
}

/// Names of those who were left out of a run go in slices too, and count.
#[tokio::test]
async fn lists_of_old_runs_are_erased() {
    const NAME: &str = "a name that nobody may know";
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let run = store.begin_run(run_at(now())).await.unwrap();
    let one = LeftOut {
        why: LeftOutWhy::NoAddress,
        line: None,
        who: NAME.to_owned(),
        detail: String::new().into(),
        site: None,
    };
    store.left_out(run, vec![one; 5]).await.unwrap();
    let later = now() + SignedDuration::from_secs(1);
    for purged in [2, 2, 1] {
        assert_eq!(store.purge(Duration::ZERO, Duration::ZERO, 2, later).await.unwrap(), purged);
    }
    assert!(!holds(folder.path(), NAME.as_bytes()));
    assert_eq!(store.left_out_of(run).await.unwrap(), []);
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
