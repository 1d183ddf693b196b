//! What all parts of an open queue share.

use std::{
    collections::BTreeMap,
    fs::File,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use deadpool_postgres::Pool;
use tokio::sync::watch;

use crate::{Elsewhere, EventId, RecipientId, Stats, claiming::Walk};

/// Connections, counters, and who this is.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) pool: Pool,
    /// This opening.
    pub(super) epoch: i64,
    /// This machine's name, and its folder's id.
    pub(super) machine: (String, String),
    pub(super) events: watch::Sender<EventId>,
    pub(super) elsewhere: watch::Sender<Elsewhere>,
    pub(super) counters: Counters,
    /// Servers, and the account as whose is counted what each takes.
    pub(super) counted_as: Mutex<BTreeMap<String, String>>,
    /// Held while anybody may write.
    pub(super) lock: Mutex<Option<File>>,
    /// How far the walks after a route's recovery have come: that of real mail, that of practice mail. Each machine walks by itself.
    pub(super) walks: Mutex<[Option<Walk>; 2]>,
    /// Leases of what nobody knows whether it was stored under them.
    pub(super) lost: Mutex<Vec<i64>>,
    /// Claims so far: says whose turn it is among the classes. One claim at a time.
    pub(super) claims: tokio::sync::Mutex<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    commits: AtomicU64,
    operations: AtomicU64,
    unreadable: AtomicU64,
}

impl Counters {
    /// A transaction with so many operations.
    pub(super) fn committed(&self, operations: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(operations as u64, Ordering::Relaxed);
    }

    pub(super) fn unreadable(&self, recipients: usize) {
        self.unreadable.fetch_add(recipients as u64, Ordering::Relaxed);
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            commits: self.commits(),
            operations: self.operations.load(Ordering::Relaxed),
            unreadable: self.unreadable.load(Ordering::Relaxed),
        }
    }
}

impl Opened {
    /// Before it has entered among those who work on the queue.
    pub(super) fn new(pool: Pool) -> Self {
        Self {
            pool,
            epoch: 0,
            machine: (String::new(), String::new()),
            events: watch::Sender::new(EventId(0)),
            elsewhere: watch::Sender::default(),
            counters: Counters::default(),
            counted_as: Mutex::default(),
            lock: Mutex::default(),
            walks: Mutex::default(),
            lost: Mutex::default(),
            claims: tokio::sync::Mutex::default(),
        }
    }

    /// Events up to this one are on disk.
    pub(super) fn tell(&self, last: EventId) {
        self.events.send_if_modified(|told| std::mem::replace(told, last.max(*told)) < last);
    }

    /// Mail may be due that another machine has stored.
    pub(super) fn ring(&self) {
        self.elsewhere.send_modify(|known| known.rings = known.rings.wrapping_add(1));
    }

    /// Looks at the walk of practice mail, or of real mail, or changes it.
    pub(super) fn with_walk<T>(&self, practice: bool, look: impl FnOnce(&mut Option<Walk>) -> T) -> T {
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        let [real, rehearsed] = &mut *walks;
        look(if practice { rehearsed } else { real })
    }

    /// A recipient behind a walk waits again.
    pub(super) fn given_back(&self, practice: bool, class: i64, id: RecipientId, due_at: i64) {
        self.with_walk(practice, |walk| {
            if let Some(walk) = walk {
                walk.given_back(class, id.0, due_at);
            }
        });
    }

    /// Nothing is written any more.
    pub(super) fn unlock(&self) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
