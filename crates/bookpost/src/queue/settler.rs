//! Outcomes on their way to the database, in batches.

use std::{sync::Arc, time::Duration};

use mail::clock::Clock;
use store::{Settlement, Store};
use tokio::sync::mpsc;

use super::journal::Journal;
use crate::app::steps::{Step, Steps};

/// Outcomes that may wait for the database before connections have to.
const WAITING: usize = 4096;
/// Outcomes per transaction.
const BATCH: usize = 500;
/// After the first outcome of a transaction, others are waited for so long. They are safe in the journal meanwhile, and each
/// transaction is a sync: without this a run would pay for one every few messages.
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
    tell: impl Fn(SettlerEvent<'_>) + Send + 'static,
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
    while let Some(room) = BATCH.checked_sub(batch.len()).filter(|room| *room > 0) {
        match tokio::time::timeout_at(until, receiver.recv_many(batch, room)).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    true
}

async fn run(
    store: Store,
    journal: Journal,
    clock: Arc<dyn Clock>,
    steps: Steps,
    mut receiver: mpsc::Receiver<Vec<Settlement>>,
    tell: impl Fn(SettlerEvent<'_>) + Send + 'static,
) {
    let mut batch = Vec::new();
    while gather(&mut receiver, &mut batch).await {
        let settlements: Vec<Settlement> = batch.drain(..).flatten().collect();
        let settled = settlements.len();
        let mut stuck = false;
        while let Err(error) = store.settle(settlements.clone(), clock.now()).await {
            if matches!(error, store::Error::Closed) {
                return;
            }
            tracing::error!(%error, outcomes = settled, "outcomes could not be stored; they are kept in the journal");
            // Once: while the disk is full nobody remembers that the alarm was given.
            if !std::mem::replace(&mut stuck, true) {
                tell(SettlerEvent::Stuck);
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        if stuck {
            tell(SettlerEvent::Unstuck);
        }
        steps.reached(Step::Settled);
        let keys = settlements.iter().map(|settlement| (settlement.recipient, settlement.lease));
        if let Err(error) = journal.committed(keys) {
            tracing::error!(%error, "the journal cannot be written; nothing more is sent");
        }
        tell(SettlerEvent::Settled(&settlements));
    }
}
