//! A queue goes from a file to a server and back, and is the same. Only with a server: where none is named these are not run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use store::{
    Attempt, Counts, EventFilter, EventId, Filter, Home, MessageId, MoveError, OpenError, RecipientId,
    Restart, Row, State, Store, Sum,
};

use crate::{
    fresh::{Fresh, accept, claim_of, leased, minute, settle, sound, to_many, waiting},
    machines::now,
    server::{Schema, Server},
};

/// More than any case stores.
const ALL: usize = 5_000;

/// What people, programs and the worker see of a queue.
#[derive(Debug, PartialEq)]
struct Seen {
    store_id: u64,
    counts: Counts,
    rows: Vec<(Row, Vec<Attempt>)>,
    due: Option<(Timestamp, RecipientId)>,
    events: Vec<store::Event>,
    preferences: BTreeMap<String, String>,
    people: usize,
    runs: usize,
    by_site: BTreeMap<Option<String>, store::States>,
}

async fn seen(store: &Store) -> Seen {
    let listed = store.list(Filter::default(), None, ALL).await.unwrap();
    let messages: BTreeSet<_> = listed.iter().map(|row| row.message).collect();
    let mut rows = Vec::new();
    for message in messages {
        rows.extend(store.show(message).await.unwrap());
    }
    let filter =
        EventFilter { application: "Library".to_owned(), after: EventId(0), until: None, kinds: [].into() };
    Seen {
        store_id: store.store_id(),
        counts: store.counts().await.unwrap(),
        rows,
        due: store.next_due(false).await.unwrap(),
        events: store.events(filter, ALL).await.unwrap().events,
        preferences: store.preferences().await.unwrap().values,
        people: store.people().await.unwrap().len(),
        runs: store.runs(ALL).await.unwrap().len(),
        by_site: store.by_site(None).await.unwrap(),
    }
}

/// But that each opening is counted, which moves nothing.
fn but_openings(mut tables: BTreeMap<String, Sum>) -> BTreeMap<String, Sum> {
    tables.remove("meta").unwrap();
    tables
}

async fn next_id(store: &Store, fresh: &Fresh) -> MessageId {
    let id = accept(fresh, store, waiting()).await.message();
    let waits =
        store.list(Filter { state: Some(State::Waiting), ..Filter::default() }, None, 1).await.unwrap();
    assert_eq!(waits[0].message, id);
    id
}

/// Whatever a case left behind goes to a server and comes back.
pub(crate) async fn there_and_back(fresh: Fresh, schema: Schema) {
    let now = fresh.now();
    let server = Home::Server(schema.machine(fresh.path(), "one", now));
    let store = Store::open(fresh.path(), now).unwrap();
    store.restart(Restart::default(), now).await.unwrap();
    let before = seen(&store).await;
    let newest = before.rows.iter().map(|(row, _)| row.message).max();
    let there = store.move_to(&server, |_| (), now).await.unwrap();
    let refused = Store::open(fresh.path(), now).unwrap_err();
    assert!(matches!(refused, OpenError::Moved { has_arrived: true, .. }), "{refused}");

    let store = server.open(now).await.unwrap();
    assert_eq!(seen(&store).await, before);
    sound(&store).await;
    let place = tempfile::tempdir().unwrap();
    let back_home = Home::Folder(place.path().to_owned());
    let back = store.move_to(&back_home, |_| (), now).await.unwrap();
    assert_eq!(but_openings(back.tables), but_openings(there.tables));
    let refused = server.open(now).await.unwrap_err();
    assert!(matches!(refused, MoveError::Open(OpenError::Moved { has_arrived: true, .. })), "{refused}");

    let store = back_home.open(now).await.unwrap();
    assert_eq!(seen(&store).await, before);
    sound(&store).await;
    let id = next_id(&store, &fresh).await;
    assert!(newest.is_none_or(|newest| id > newest), "{id:?} is used twice");
    sound(&store).await;
    store.close().await.unwrap();
    schema.drop().await;
}

/// A queue in a file, and an empty schema of a server.
struct Both {
    fresh: Fresh,
    schema: Schema,
}

impl Both {
    async fn new() -> Option<Self> {
        Some(Self { schema: Server::named()?.schema().await, fresh: Fresh::new() })
    }

    fn file(&self) -> Home {
        Home::Folder(self.fresh.path().to_owned())
    }

    fn server(&self) -> Home {
        Home::Server(self.schema.machine(self.fresh.path(), "one", now()))
    }

    /// Somebody waits, somebody may have it, somebody has it.
    async fn filled(&self) -> Store {
        let store = Store::open(self.fresh.path(), now()).unwrap();
        accept(&self.fresh, &store, to_many(waiting(), 3)).await;
        let delivered = accept(&self.fresh, &store, leased()).await;
        settle(&self.fresh, &store, delivered, store::Verdict::Delivered).await;
        store
    }
}

/// Nothing of either is changed.
#[tokio::test]
async fn a_place_that_is_not_empty_or_not_left_alone_is_refused() {
    let Some(both) = Both::new().await else { return };
    let place = tempfile::tempdir().unwrap();
    // A machine works there, on an empty queue.
    let machine = both.schema.open(place.path(), "other", now()).await.unwrap();
    let refused = both.filled().await.move_to(&both.server(), |_| (), now()).await.unwrap_err();
    assert!(matches!(&refused, MoveError::AtWork(name) if name == "other"), "{refused}");
    machine.close().await.unwrap();
    both.schema.run("UPDATE worker SET lease_until = 0").await;
    // It has nothing but its tables, and then somebody's mail.
    let machine = both.schema.open(place.path(), "other", now()).await.unwrap();
    accept(&both.fresh, &machine, waiting()).await;
    machine.close().await.unwrap();
    both.schema.run("UPDATE worker SET lease_until = 0").await;
    let store = both.file().open(now()).await.unwrap();
    let refused = store.move_to(&both.server(), |_| (), now()).await.unwrap_err();
    assert!(matches!(refused, MoveError::NotEmpty { .. }), "{refused}");
    // The other way: there is the queue of before.
    let store = both.server().open(now()).await.unwrap();
    let refused = store.move_to(&both.file(), |_| (), now()).await.unwrap_err();
    assert!(matches!(refused, MoveError::NotEmpty { .. }), "{refused}");
    assert!(matches!(Store::take_back(&both.file()).await, Err(MoveError::NotMoved(_))));
    let store = both.file().open(now()).await.unwrap();
    assert_eq!(store.counts().await.unwrap().by_state()[0], (State::Waiting, 3));
    store.close().await.unwrap();
    both.schema.drop().await;
}

/// From a queue on which another machine works nothing is moved, and none of what is being sent.
#[tokio::test]
async fn a_queue_on_which_a_machine_works_stays() {
    let Some(both) = Both::new().await else { return };
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let to = Home::Folder(places[1].path().to_owned());
    let other = both.schema.open(places[0].path(), "other", now()).await.unwrap();
    accept(&both.fresh, &other, waiting()).await;
    let store = both.server().open(now()).await.unwrap();
    let refused = store.move_to(&to, |_| (), now()).await.unwrap_err();
    assert!(matches!(&refused, MoveError::AtWork(name) if name == "other"), "{refused}");
    other.close().await.unwrap();
    both.schema.run("UPDATE worker SET lease_until = 0").await;
    let store = both.server().open(now()).await.unwrap();
    assert_eq!(store.claim(claim_of(&both.fresh, 9)).await.unwrap().len(), 1);
    let refused = store.move_to(&to, |_| (), now()).await.unwrap_err();
    assert!(matches!(refused, MoveError::InHand(1)), "{refused}");
    assert!(matches!(to.open(now()).await, Err(MoveError::NoQueue(_))), "nothing is left of it");
    both.schema.drop().await;
}

/// The program ends after the queue has said that it leaves, and before what arrived can be seen; or after.
#[tokio::test]
async fn a_move_that_broke_off_is_found_out_and_neither_sends_until_then() {
    for arrives in [false, true] {
        let Some(both) = Both::new().await else { return };
        let hold = "SELECT pg_advisory_xact_lock(4711)";
        let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON return_path_key DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()";
        // Tables are there; the commit waits for whoever holds the lock.
        both.schema.open(both.fresh.path(), "one", now()).await.unwrap().close().await.unwrap();
        both.schema.run(&format!("UPDATE worker SET lease_until = 0; {slow}")).await;
        let (from, to) = (both.file(), both.server());
        let store = both.filled().await;
        let moving = store.clone().move_to(&to, |_| (), now());
        let ends = async {
            // What holds up the commit goes with whoever makes it.
            while !both.is_marked() {
                tokio::task::yield_now().await;
            }
            if !arrives {
                both.schema.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted").await;
            }
        };
        let (moved, ()) = Box::pin(both.schema.while_held(hold, (moving, ends))).await;
        drop(store);
        if arrives {
            moved.unwrap();
            both.unfinished();
        } else {
            assert!(matches!(moved, Err(MoveError::NotKnown { .. })), "{moved:?}");
        }
        let refused = from.open(now()).await.unwrap_err();
        assert!(matches!(refused, MoveError::Open(OpenError::Moved { has_arrived: false, .. })), "{refused}");
        let elsewhere = Home::Folder("/nonexistent".into());
        assert!(Store::broken_off(&from, &elsewhere).await.is_err(), "it went to another place");
        let found = Store::broken_off(&from, &to).await.unwrap();
        assert_eq!(found.is_some(), arrives);
        if arrives {
            let refused = Store::broken_off(&from, &to).await.unwrap_err();
            assert!(
                matches!(refused, MoveError::Open(OpenError::Moved { has_arrived: true, .. })),
                "{refused}"
            );
            Store::take_back(&from).await.unwrap();
        }
        let store = from.open(now()).await.unwrap();
        assert_eq!(store.counts().await.unwrap().by_state()[0], (State::Waiting, 3));
        store.close().await.unwrap();
        both.schema.drop().await;
    }
}

impl Both {
    fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.fresh.path().join("queue.db")).unwrap()
    }

    /// The queue in the file says that it leaves.
    fn is_marked(&self) -> bool {
        let text = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'moved')";
        self.sql().query_row(text, [], |row| row.get(0)).unwrap()
    }

    /// As the program leaves it that ends before it has heard of the commit.
    fn unfinished(&self) {
        self.sql().execute("UPDATE moved SET has_arrived = 0", []).unwrap();
    }
}

/// A restored backup of a queue that was moved is a queue, with all set aside that was unfinished.
#[tokio::test]
async fn a_backup_of_a_queue_that_was_moved_can_be_restored() {
    let Some(both) = Both::new().await else { return };
    both.filled().await.move_to(&both.server(), |_| (), now()).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("copy");
    let to = store::CopyTo { file: file.clone(), replace: false, leave_free: 0 };
    Store::copy(both.fresh.path(), &to).unwrap().finish("1", minute(1)).unwrap();
    let restored = Store::restore(&file, &place.path().join("data"), minute(2)).unwrap();
    assert_eq!(restored.held, 3);
    Store::open(&place.path().join("data"), minute(2)).unwrap().close().await.unwrap();
    both.schema.drop().await;
}
