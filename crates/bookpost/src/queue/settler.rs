//! Outcomes on their way to the database, in batches.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use mail::clock::Clock;
use store::{Settled, Settlement, Store, Verdict};
use tokio::sync::mpsc;

use super::{journal::Journal, log};
use crate::app::steps::{Step, Steps};

/// Outcomes that may wait for the database before connections have to.
const WAITING: usize = 4096;
/// Outcomes per transaction.
const BATCH: usize = 500;
/// After the first outcome of a transaction, others are waited for so long, as long as all went well. They are safe in the journal
/// meanwhile, and each transaction is a sync: without this a run would pay for one every few messages. All else is wanted
/// at once: what was given back may be claimed again, what failed may be about a server.
const GATHER: Duration = Duration::from_millis(10);
/// The database is asked again after so long when it could not take an outcome.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Where outcomes go in.
#[derive(Debug, Clone)]
pub struct Settler {
    sender: mpsc::Sender<Vec<Settlement>>,
}

/// What the settler tells of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlerEvent<'a> {
    /// These are settled.
    Settled(&'a [Settlement]),
    /// These are not, and will not be before the next start: the database refuses them. They are kept in the journal.
    Refused(&'a [Settlement]),
    /// The database does not take outcomes; they wait in the journal.
    Stuck,
    /// It takes them again.
    Unstuck,
}

impl Settler {
    /// Hands outcomes over; waits while too many wait already.
    pub async fn settle(&self, outcomes: Vec<Settlement>) {
        // The receiver lives as long as any sender: `run` ends when the last one is gone.
        let _ = self.sender.send(outcomes).await;
    }
}

/// A settler and the task that works for it.
pub fn settler(
    store: Store,
    journal: Journal,
    clock: Arc<dyn Clock>,
    steps: Steps,
    tell: impl Fn(SettlerEvent<'_>) + Send + Sync + 'static,
) -> (Settler, impl Future<Output = ()> + Send) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Settler { sender }, run(store, journal, clock, steps, receiver, tell))
}

/// Waits for outcomes, and for those that follow at once; false at the end.
async fn gather(receiver: &mut mpsc::Receiver<Vec<Settlement>>, batch: &mut Vec<Vec<Settlement>>) -> bool {
    if receiver.recv_many(batch, BATCH).await == 0 {
        return false;
    }
    let until = tokio::time::Instant::now() + GATHER;
    while batch.iter().flatten().all(went_well)
        && let Some(room) = BATCH.checked_sub(batch.len()).filter(|room| *room > 0)
    {
        match tokio::time::timeout_at(until, receiver.recv_many(batch, room)).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    true
}

fn went_well(settlement: &Settlement) -> bool {
    matches!(settlement.verdict, Verdict::Delivered | Verdict::Relayed | Verdict::Practiced)
}

async fn run(
    store: Store,
    journal: Journal,
    clock: Arc<dyn Clock>,
    steps: Steps,
    mut receiver: mpsc::Receiver<Vec<Settlement>>,
    tell: impl Fn(SettlerEvent<'_>) + Send + Sync + 'static,
) {
    let mut batch = Vec::new();
    while gather(&mut receiver, &mut batch).await {
        let outcomes: Vec<Settlement> = batch.drain(..).flatten().collect();
        let Some(results) = store_all(&store, &*clock, &outcomes, &tell).await else { return };
        let (mut settled, mut refused) = (Vec::with_capacity(outcomes.len()), Vec::new());
        for (outcome, result) in outcomes.into_iter().zip(results) {
            log::outcome(&outcome, result);
            if result == Settled::Refused { &mut refused } else { &mut settled }.push(outcome);
        }
        steps.reached(Step::Settled);
        // Only these: the journal is the one place that knows of the others, and the next start finds them there.
        let keys = settled.iter().map(|settlement| (settlement.recipient, settlement.lease));
        if let Err(error) = journal.committed(keys) {
            tracing::error!(%error, "the journal cannot be written; nothing more is sent");
        }
        if !refused.is_empty() {
            tell(SettlerEvent::Refused(&refused));
        }
        if !settled.is_empty() {
            tell(SettlerEvent::Settled(&settled));
        }
    }
}

/// Stores outcomes, however long the disk makes them wait; None when the store is closed.
async fn store_all(
    store: &Store,
    clock: &dyn Clock,
    outcomes: &[Settlement],
    tell: &(impl Fn(SettlerEvent<'_>) + Sync),
) -> Option<Vec<Settled>> {
    let mut stuck = false;
    let results = loop {
        match settle_each(store, outcomes, clock.now()).await {
            Ok(results) => break results,
            Err(store::Error::Closed) => return None,
            Err(error) => {
                tracing::error!(%error, outcomes = outcomes.len(), "outcomes could not be stored; they are kept in the journal");
            }
        }
        // Once: while the disk is full nobody remembers that the alarm was given.
        if !std::mem::replace(&mut stuck, true) {
            tell(SettlerEvent::Stuck);
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    };
    if stuck {
        tell(SettlerEvent::Unstuck);
    }
    Some(results)
}

/// Settles them in one transaction; one by one when that fails through one of them, which then is refused alone. An error is
/// about all of them: the disk, or a closed store. They may be settled again after it.
pub async fn settle_each(
    store: &Store,
    outcomes: &[Settlement],
    now: Timestamp,
) -> Result<Vec<Settled>, store::Error> {
    match store.settle(outcomes.to_vec(), now).await {
        Err(error) if is_about_one(&error) => {}
        done => return done,
    }
    let mut results = Vec::with_capacity(outcomes.len());
    for one in outcomes {
        let result = match store.settle(vec![one.clone()], now).await {
            Err(error) if is_about_one(&error) => {
                tracing::error!(%error, recipient.id = one.recipient.0, "an outcome was refused; it is kept in the journal");
                Settled::Refused
            }
            done => done?.pop().unwrap_or(Settled::Refused),
        };
        results.push(result);
    }
    Ok(results)
}

fn is_about_one(error: &store::Error) -> bool {
    use store::Error;
    !matches!(error, Error::DiskFull(_) | Error::Disk(_) | Error::Away(_) | Error::Closed)
}

#[cfg(test)]
pub(super) mod tests {
    use std::{path::Path, sync::Mutex};

    use bytes::Bytes;
    use jiff::SignedDuration;
    use mail::{Envelope, ReversePath};
    use store::{Attempt, Class, Kind, Lease, NewMessage, RecipientId, State, Verdict};
    use testkit::clock::ManualClock;

    use super::*;
    use crate::queue::journal::Replay;

    pub(in crate::queue) const START: Timestamp = Timestamp::constant(1_800_000_000, 0);
    pub(in crate::queue) const LEASE: Lease = Lease(7);

    pub(in crate::queue) fn fresh() -> NewMessage {
        NewMessage {
            kind: Kind::Mail,
            door: store::Door::Smtp,
            class: Class::Normal,
            practice: false,
            application: "test".into(),
            site: None,
            run: None,
            envelope: Envelope::to_one(ReversePath::Null, "ann@example.org".parse().unwrap()),
            message_id: "<1@example.org>".into(),
            subject: "Test".into(),
            tags: Vec::new(),
            patron: None,
            bytes: Bytes::from_static(b"Hello\r\n"),
            first_due_at: START,
            expires_at: START + SignedDuration::from_hours(100),
            lease: Some(LEASE),
        }
    }

    pub(in crate::queue) fn delivered(recipient: RecipientId) -> Settlement {
        let attempt = Attempt {
            instead_of: None,
            started_at: START,
            ended_at: START,
            server: String::new(),
            phase: mail::Phase::Dot,
            reason: None,
            answer: String::new(),
        };
        Settlement { recipient, lease: LEASE, attempt, verdict: Verdict::Delivered }
    }

    pub(in crate::queue) fn opened(folder: &Path, store: &Store) -> (Journal, Replay) {
        Journal::open(&folder.join("journal"), store.store_id(), store.epoch(), "boot").unwrap()
    }

    /// From now on the database does not take it that this recipient was delivered.
    pub(in crate::queue) fn refuse(folder: &Path, recipient: RecipientId, how: &str) {
        let sql = rusqlite::Connection::open(folder.join("queue.db")).unwrap();
        let trigger = format!(
            "CREATE TRIGGER refuse BEFORE UPDATE ON recipient WHEN NEW.id = {} AND NEW.state = 3
             BEGIN SELECT raise({how}, 'not this one'); END",
            recipient.0
        );
        sql.execute_batch(&trigger).unwrap();
    }

    /// Were it forgotten, the next start would take the message for one that was never sent, and send it again.
    #[tokio::test]
    async fn what_the_database_refuses_stays_in_the_journal_and_stops_no_other() {
        // Refused alone; or with the whole transaction, as a defect or a damaged row does.
        for how in ["ABORT", "ROLLBACK"] {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), START).unwrap();
            let accepted = store.accept(vec![fresh(), fresh(), fresh()], START).await.unwrap();
            let ids: Vec<_> = accepted.iter().map(|one| RecipientId::of(one.id, 0)).collect();
            refuse(folder.path(), ids[1], how);
            let (journal, _) = opened(folder.path(), &store);
            let outcomes: Vec<_> = ids.iter().copied().map(delivered).collect();
            let keys = ids.iter().map(|id| (*id, LEASE)).collect();
            journal.mark(keys).await.unwrap().release().unwrap();
            journal.outcome(&outcomes).unwrap();

            let told = Arc::new(Mutex::new(Vec::new()));
            let hears = Arc::clone(&told);
            let tell = move |event: SettlerEvent<'_>| hears.lock().unwrap().push(format!("{event:?}"));
            let clock = Arc::new(ManualClock::at(START));
            let (settler, works) = settler(store.clone(), journal.clone(), clock, Steps::default(), tell);
            settler.settle(outcomes.clone()).await;
            drop(settler);
            works.await;
            let mut states = Vec::new();
            for id in &ids {
                states.push(store.show(id.message()).await.unwrap()[0].0.state);
            }
            assert_eq!(states, [State::Delivered, State::Sending, State::Delivered], "{how}");
            let refused = format!("{:?}", SettlerEvent::Refused(&outcomes[1..2]));
            let settled = format!("{:?}", SettlerEvent::Settled(&[outcomes[0].clone(), outcomes[2].clone()]));
            assert_eq!(*told.lock().unwrap(), [refused, settled], "{how}");
            drop(journal);
            let (_, replay) = opened(folder.path(), &store);
            assert!(replay.outcomes.contains(&outcomes[1]), "{how}");
        }
    }
}
