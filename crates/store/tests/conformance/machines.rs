//! Several machines on one queue. Only a server has them: where none is named these are not run.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use store::{
    Claim, Doubt, Lease, NewMessage, OpenError, RecipientId, Restart, Restarted, Settled, Settlement, State,
    Store, Verdict,
};

use crate::{
    fresh::{Fresh, leased, minute, settlement, sound, waiting},
    server::{Schema, Server},
};

/// A queue that several machines share, and the folder of each.
pub(crate) struct Shared {
    pub(crate) schema: Schema,
    folders: [tempfile::TempDir; 2],
}

impl Shared {
    pub(crate) async fn new() -> Option<Self> {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        Some(Self { schema: Server::named()?.schema().await, folders })
    }

    async fn open(&self, folder: usize, name: &str) -> Result<Store, OpenError> {
        self.schema.open(self.folders[folder].path(), name, now()).await
    }

    pub(crate) async fn both(&self) -> [Store; 2] {
        [self.open(0, "north").await.unwrap(), self.open(1, "south").await.unwrap()]
    }

    /// The database hears nothing of north any more, and its lease is over.
    async fn north_falls_silent(&self) {
        let silent = "UPDATE worker SET lease_until = 0 WHERE machine = 'north'; DO $$ BEGIN EXECUTE format(
            'CREATE RULE silent AS ON UPDATE TO worker WHERE OLD.epoch = %s DO INSTEAD NOTHING',
            (SELECT epoch FROM worker WHERE machine = 'north')); END $$";
        self.schema.run(silent).await;
    }

    pub(crate) async fn forget(self, stores: impl IntoIterator<Item = Store>) {
        for store in stores {
            store.close().await.unwrap();
        }
        self.schema.drop().await;
    }
}

pub(crate) fn now() -> Timestamp {
    minute(0)
}

fn claim(lease: Lease, limit: usize) -> Claim {
    Claim { lease, now: now(), limit, bytes: usize::MAX, practice: false, recovery: None }
}

/// What north sends, and south later.
const NORTH: Lease = Lease(1);
const SOUTH: Lease = Lease(2);

async fn accept(store: &Store, message: NewMessage) -> RecipientId {
    RecipientId::of(store.accept(vec![message], now()).await.unwrap()[0].id, 0)
}

async fn settle(store: &Store, recipient: RecipientId, lease: Lease, verdict: Verdict) -> Settled {
    let settlement = Settlement { lease, ..settlement(&Fresh::new(), recipient, verdict) };
    store.settle(vec![settlement], now()).await.unwrap()[0]
}

async fn state(store: &Store, recipient: RecipientId) -> State {
    store.show(recipient.message()).await.unwrap()[0].0.state
}

#[tokio::test]
async fn two_machines_never_claim_the_same() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let two = |one: NewMessage| crate::fresh::to_many(one, 2);
    let accepted = north.accept(vec![two(waiting()); 150], now()).await.unwrap();
    let take = async |store: &Store, lease| {
        let mut taken = Vec::new();
        for one in store.claim(claim(lease, 7)).await.unwrap() {
            assert_eq!(one.recipients.len(), 2, "no message is cut in two");
            taken.extend(one.recipients.iter().map(|one| one.id));
        }
        taken
    };
    let (mut of_north, mut of_south) = (take(&north, NORTH).await, take(&south, SOUTH).await);
    while north.counts().await.unwrap().waiting > 0 {
        let (more, others) = tokio::join!(take(&north, NORTH), take(&south, SOUTH));
        of_north.extend(more);
        of_south.extend(others);
    }
    assert!(!of_north.is_empty() && !of_south.is_empty());
    let all: BTreeSet<_> = of_north.iter().chain(&of_south).collect();
    assert_eq!(all.len(), of_north.len() + of_south.len());
    assert_eq!(all.len(), accepted.len() * 2);
    sound(&south).await;
    shared.forget([north, south]).await;
}

/// Invariant 4.
#[tokio::test]
async fn who_has_lost_the_lease_marks_and_settles_nothing() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let claimed = accept(&north, waiting()).await;
    assert_eq!(north.claim(claim(NORTH, 9)).await.unwrap().len(), 1);
    let fresh = accept(&north, NewMessage { lease: Some(NORTH), ..waiting() }).await;
    assert_eq!(south.take_over(now()).await.unwrap(), Restarted::default(), "it works");
    shared.north_falls_silent().await;
    assert!(!north.mark(&[(claimed, NORTH)]).await.unwrap(), "nobody has taken it over, and somebody might");
    let restarted = south.take_over(now()).await.unwrap();
    assert_eq!(restarted, Restarted { waiting: 2, ..Restarted::default() }, "nothing of it had begun");
    assert_eq!(south.claim(claim(SOUTH, 9)).await.unwrap().len(), 2);
    for recipient in [claimed, fresh] {
        assert!(!north.mark(&[(recipient, NORTH)]).await.unwrap());
        for verdict in [Verdict::Delivered, Verdict::Returned, Verdict::GivenBack] {
            assert_eq!(settle(&north, recipient, NORTH, verdict).await, Settled::TooLate);
        }
        assert_eq!(state(&south, recipient).await, State::Sending);
        assert!(south.mark(&[(recipient, SOUTH)]).await.unwrap());
        assert_eq!(settle(&south, recipient, SOUTH, Verdict::Delivered).await, Settled::Done);
    }
    accept(&south, waiting()).await;
    assert!(north.claim(claim(NORTH, 9)).await.unwrap().is_empty(), "it is not known to work");
    sound(&south).await;
    shared.forget([north, south]).await;
}

/// Invariant 3: who takes over knows what may have arrived, and waits until the answer could have come.
#[tokio::test]
async fn what_was_marked_may_have_arrived() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let (marked, unmarked) = (
        accept(&north, NewMessage { lease: Some(NORTH), ..waiting() }).await,
        accept(&north, NewMessage { lease: Some(NORTH), ..waiting() }).await,
    );
    assert!(north.mark(&[(marked, NORTH)]).await.unwrap());
    assert!(!north.mark(&[(unmarked, NORTH), (marked, SOUTH)]).await.unwrap(), "all of them or none");
    shared.north_falls_silent().await;
    let restarted = south.take_over(now()).await.unwrap();
    assert_eq!(restarted, Restarted { in_doubt: 1, waiting: 1, ..Restarted::default() });
    let (row, attempts) = south.show(marked.message()).await.unwrap().remove(0);
    assert_eq!((row.state, row.in_doubt_at, attempts.len()), (State::Waiting, Some(now()), 1));
    let wait = row.due_at.unwrap().duration_since(now());
    assert!(wait <= SignedDuration::from_mins(11) && wait > SignedDuration::from_mins(10), "{wait}");
    let row = &south.show(unmarked.message()).await.unwrap()[0].0;
    assert_eq!((row.state, row.due_at, row.in_doubt_at), (State::Waiting, Some(now()), None));
    // The answer that north had all the while ends the doubt.
    assert_eq!(settle(&north, marked, NORTH, Verdict::Delivered).await, Settled::TooLate);
    assert_eq!(state(&south, marked).await, State::Delivered);
    sound(&south).await;
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn of_two_who_would_send_a_message_one_may() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    for _ in 0..10 {
        let recipient = accept(&north, NewMessage { lease: Some(NORTH), ..waiting() }).await;
        let (of_north, of_south) =
            tokio::join!(async { north.mark(&[(recipient, NORTH)]).await.unwrap() }, async {
                south.mark(&[(recipient, SOUTH)]).await.unwrap()
            });
        assert_eq!((of_north, of_south), (true, false), "it is whose lease it is under");
        // The same lease, and another machine: what is drawn twice is not two machines'.
        assert!(!south.mark(&[(recipient, NORTH)]).await.unwrap());
        assert!(north.mark(&[(recipient, NORTH)]).await.unwrap(), "asked again it is answered again");
    }
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn a_name_is_one_machines_and_a_folder_one_process() {
    let Some(shared) = Shared::new().await else { return };
    let north = shared.open(0, "north").await.unwrap();
    assert!(matches!(shared.open(1, "north").await, Err(OpenError::NameTaken { name }) if name == "north"));
    assert!(matches!(shared.open(0, "north").await, Err(OpenError::InUse { .. })));
    let south = shared.open(1, "south").await.unwrap();
    assert_eq!(north.store_id(), south.store_id(), "it is one queue");
    // A computer that was replaced: its name is free once it has said nothing for a while.
    shared.north_falls_silent().await;
    south.close().await.unwrap();
    let replaced = shared.open(1, "north").await.unwrap();
    shared.forget([north, replaced]).await;
}

/// Invariant 11: what is due on one machine is due on all.
#[tokio::test]
async fn a_machine_with_a_wrong_clock_is_refused() {
    let Some(shared) = Shared::new().await else { return };
    let open = async |seconds: i64| {
        let clock = now() + SignedDuration::from_secs(seconds);
        shared.schema.open_at(shared.folders[0].path(), "north", now(), clock).await
    };
    for (seconds, said) in [(61, "behind"), (-3_600, "ahead of")] {
        let refused = open(seconds).await.unwrap_err();
        assert!(matches!(refused, OpenError::Clock { .. }), "{refused}");
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let north = open(59).await.unwrap();
    shared.forget([north]).await;
}

/// The same folder, and its lock was free: whatever its lease says, that process is dead.
#[tokio::test]
async fn a_machine_that_starts_again_waits_for_no_lease() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let (begun, doubtful) = (
        accept(&north, NewMessage { lease: Some(NORTH), ..waiting() }).await,
        accept(&north, NewMessage { lease: Some(NORTH), ..waiting() }).await,
    );
    let of_south = accept(&south, NewMessage { lease: Some(SOUTH), ..waiting() }).await;
    assert!(north.mark(&[(begun, NORTH)]).await.unwrap());
    north.close().await.unwrap();
    let north = shared.open(0, "north").await.unwrap();
    let in_doubt = vec![Doubt { recipient: doubtful, lease: NORTH, due_at: None }];
    let restarted = north.restart(Restart { begun: Vec::new(), in_doubt }, now()).await.unwrap();
    assert_eq!(restarted, Restarted { in_doubt: 2, ..Restarted::default() });
    assert_eq!(state(&south, doubtful).await, State::InDoubt, "as the journal has it");
    assert_eq!(state(&south, of_south).await, State::Sending, "another's is left alone");
    sound(&south).await;
    shared.forget([north, south]).await;
}

/// Waits for the heartbeat itself.
#[tokio::test]
async fn a_machine_that_works_renews_its_lease() {
    let Some(shared) = Shared::new().await else { return };
    let north = shared.open(0, "north").await.unwrap();
    shared.schema.run("UPDATE worker SET lease_until = 0").await;
    accept(&north, leased()).await;
    accept(&north, waiting()).await;
    assert!(north.claim(claim(NORTH, 9)).await.unwrap().is_empty());
    let renewed = async { while north.claim(claim(NORTH, 9)).await.unwrap().is_empty() {} };
    tokio::time::timeout(Duration::from_mins(1), renewed).await.unwrap();
    shared.forget([north]).await;
}

/// Whoever opened the queue while it was away had nothing of it to take over.
#[tokio::test]
async fn a_machine_that_was_forgotten_is_there_again() {
    let Some(shared) = Shared::new().await else { return };
    let north = shared.open(0, "north").await.unwrap();
    accept(&north, waiting()).await;
    shared.schema.run("DELETE FROM worker").await;
    assert!(north.claim(claim(NORTH, 9)).await.unwrap().is_empty());
    let again = async { while north.claim(claim(NORTH, 9)).await.unwrap().is_empty() {} };
    tokio::time::timeout(Duration::from_mins(1), again).await.unwrap();
    shared.forget([north]).await;
}

/// Events of all machines are seen in one order, and none is passed over.
#[tokio::test]
async fn events_of_several_machines_are_read_each_once() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let write = async |store: &Store| {
        for _ in 0..40 {
            accept(store, waiting()).await;
        }
    };
    let read = async {
        let (mut seen, mut after) = (Vec::new(), store::EventId(0));
        while seen.len() < 80 {
            let filter = store::EventFilter {
                application: "Library".to_owned(),
                after,
                until: None,
                kinds: BTreeSet::new(),
            };
            let found = south.events(filter, 9).await.unwrap();
            seen.extend(found.events.iter().map(|event| event.message));
            after = found.read_to;
        }
        seen
    };
    let reading = tokio::time::timeout(Duration::from_mins(1), read);
    let ((), (), seen) = tokio::join!(write(&north), write(&south), reading);
    let seen = seen.unwrap();
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 80);
    shared.forget([north, south]).await;
}

/// Who has it is asked by each machine before each round.
#[tokio::test]
async fn one_machine_at_a_time_has_a_duty() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let both = async |duty: &'static str| {
        let (of_north, of_south) = tokio::join!(north.take_duty(duty), south.take_duty(duty));
        (of_north.unwrap(), of_south.unwrap())
    };
    for duty in ["one", "two", "three", "four", "five"] {
        let first = both(duty).await;
        assert!(first.0 != first.1, "one of them: {first:?}");
        assert_eq!(both(duty).await, first, "and then the same");
    }
    assert!(north.take_duty("reports").await.unwrap() && north.take_duty("alarms").await.unwrap());
    assert!(!south.take_duty("reports").await.unwrap());
    accept(&south, leased()).await;
    assert_eq!((north.sending_here().await.unwrap(), south.sending_here().await.unwrap()), (0, 1));
    shared.north_falls_silent().await;
    // It does not know yet that it is over: whoever lost the lease has lost the duty.
    assert!(!north.take_duty("alarms").await.unwrap());
    assert_eq!(both("reports").await, (false, true));
    assert!(!north.take_duty("reports").await.unwrap());
    shared.forget([north, south]).await;
}

/// Who ends in good order leaves what it had to the others, at once.
#[tokio::test]
async fn a_machine_that_ends_keeps_no_duty() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    assert!(north.take_duty("reports").await.unwrap());
    north.close().await.unwrap();
    assert!(south.take_duty("reports").await.unwrap());
    shared.forget([south]).await;
}

/// Until this machine has seen it, by whatever way.
async fn seen(store: &Store, what: impl FnMut(&store::Elsewhere) -> bool) -> store::Elsewhere {
    let mut elsewhere = store.elsewhere();
    let seen = tokio::time::timeout(Duration::from_mins(1), elsewhere.wait_for(what)).await;
    // It is seen within a minute.
    *seen.unwrap().unwrap()
}

/// Nothing but a ring counts the rings.
#[tokio::test]
async fn a_machine_rings_when_it_has_mail_wait() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let listens = seen(&south, |seen| seen.rings > 0).await.rings;
    seen(&north, |seen| seen.rings > 0).await;
    for _ in 0..3 {
        accept(&north, leased()).await;
    }
    let waits = accept(&north, waiting()).await;
    assert_eq!(
        seen(&south, |seen| seen.rings > listens).await.rings,
        listens + 1,
        "what is leased rings for nobody"
    );
    assert_eq!(north.claim(claim(NORTH, 9)).await.unwrap().len(), 1);
    settle(&north, waits, NORTH, Verdict::GivenBack).await;
    seen(&south, |seen| seen.rings > listens + 1).await;
    north.move_recipients(store::Selection::All, store::Move::Hold, now()).await.unwrap();
    north.move_recipients(store::Selection::All, store::Move::Release, now()).await.unwrap();
    assert_eq!(seen(&south, |seen| seen.rings > listens + 2).await.rings, listens + 3);
    assert_eq!(north.elsewhere().borrow().rings, 1, "its own it does not hear");
    shared.forget([north, south]).await;
}

/// The connection that listens is cut: it is made again, and what was rung for meanwhile is looked at.
#[tokio::test]
async fn who_heard_nothing_for_a_while_looks() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let listens = seen(&south, |seen| seen.rings > 0).await.rings;
    let cut =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bookpost listens'
        AND query = 'LISTEN \"' || bell() || '\"'";
    shared.schema.run(cut).await;
    seen(&south, |seen| seen.rings > listens).await;
    shared.forget([north, south]).await;
}

/// Whether or not a ring is heard.
#[tokio::test]
async fn what_is_changed_at_one_machine_is_seen_at_the_others() {
    for is_heard in [true, false] {
        let Some(shared) = Shared::new().await else { return };
        let [north, south] = shared.both().await;
        seen(&south, |seen| seen.rings > 0).await;
        let before = *south.elsewhere().borrow();
        if !is_heard {
            shared.schema.run("CREATE OR REPLACE FUNCTION ring(what TEXT) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT true'").await;
        }
        let values = [("library".to_owned(), Some("\"Riverside\"".to_owned()))].into();
        north.change_preferences(0, values, store::Actor::CommandLine, now()).await.unwrap();
        north.pause(store::PauseWhy::ByPerson, now()).await.unwrap();
        let name = "Library".parse().unwrap();
        let settings = store::ApplicationSettings::default();
        north.add_application(name, settings, store::Actor::CommandLine, now()).await.unwrap();
        north.raise(store::AlarmKind::Disk, "queue", "The disk is full.", now()).await.unwrap();
        let plan = crate::schedules::plan("daily");
        north.add_schedule(plan, None, store::Actor::CommandLine, now()).await.unwrap();
        let all = |seen: &store::Elsewhere| {
            seen.preferences != before.preferences
                && seen.pause != before.pause
                && seen.applications != before.applications
                && seen.alarms != before.alarms
                && seen.schedules != before.schedules
        };
        let changed = seen(&south, all).await;
        assert_eq!(changed.preferences, 1);
        let key = store::NewKey { id: store::KeyId("k".to_owned()), hash: store::KeyHash([7; 32]) };
        north.add_key("library", key, store::Actor::CommandLine, now()).await.unwrap();
        let added = seen(&south, |seen| seen.applications != changed.applications).await;
        north.end_pause().await.unwrap();
        let resumed = seen(&south, |seen| seen.pause == before.pause).await;
        assert_eq!(resumed.applications, added.applications);
        shared.forget([north, south]).await;
    }
}
