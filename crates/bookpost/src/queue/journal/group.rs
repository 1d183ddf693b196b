//! The thread that makes marks durable: all that wait share one write and one sync.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::{Marked, error::JournalError, record::Key, segment::Segment, tail::Tail};

/// Syncs begin no closer together than this. Who comes after a pause is served at once; under load those who come within it share
/// one sync, which costs each of them less time than the disk would.
const PACE: Duration = Duration::from_millis(2);

/// What the journal's handles and its thread share.
pub(super) struct Shared {
    tail: Mutex<Tail>,
    queue: Mutex<Queue>,
    wake: Condvar,
    pub(super) syncs: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    closing: bool,
}

/// Somebody who wants a mark to be durable.
struct Waiting {
    keys: Vec<Key>,
    answer: oneshot::Sender<Result<Marked, JournalError>>,
}

/// Ends the thread when the last handle is gone, after it has answered all who wait.
pub(super) struct Thread {
    shared: Arc<Shared>,
    handle: Option<thread::JoinHandle<()>>,
}

impl Shared {
    pub(super) fn new(tail: Tail) -> Arc<Self> {
        Arc::new(Self {
            tail: Mutex::new(tail),
            queue: Mutex::default(),
            wake: Condvar::new(),
            syncs: AtomicU64::new(0),
        })
    }

    /// The end of the journal. A panic while somebody had it counts as a failed write.
    pub(super) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(|poisoned| {
            let mut tail = poisoned.into_inner();
            tail.poison("a defect interrupted a write");
            tail
        })
    }

    /// Queues a mark of `keys` (none: a sync of what was written so far).
    pub(super) fn enqueue(&self, keys: Vec<Key>) -> oneshot::Receiver<Result<Marked, JournalError>> {
        let (answer, receiver) = oneshot::channel();
        let mut queue = self.queue();
        if queue.closing {
            let _ = answer.send(Err(JournalError::Closed));
        } else {
            queue.waiting.push(Waiting { keys, answer });
            self.wake.notify_one();
        }
        receiver
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All who still wait, not before `earliest`; `None` when the journal is closed. A mark that nobody waits for any more is not
    /// written: it would void, when it is withdrawn, a newer mark of the same recipients beside it.
    fn next_group(&self, earliest: Instant) -> Option<Vec<Waiting>> {
        let queue = self
            .wake
            .wait_while(self.queue(), |queue| queue.waiting.is_empty() && !queue.closing)
            .unwrap_or_else(PoisonError::into_inner);
        let pause = earliest.saturating_duration_since(Instant::now());
        let (mut queue, _) = self
            .wake
            .wait_timeout_while(queue, pause, |queue| !queue.closing)
            .unwrap_or_else(PoisonError::into_inner);
        let mut group = std::mem::take(&mut queue.waiting);
        let any = !group.is_empty();
        group.retain(|waiting| !waiting.answer.is_closed());
        any.then_some(group)
    }

    fn make_durable(&self, group: &[Waiting]) -> Result<(), JournalError> {
        let (disk, dirty) = {
            let mut tail = self.tail();
            tail.mark(group.iter().map(|waiting| waiting.keys.as_slice()))?;
            (tail.disk.clone(), tail.take_dirty())
        };
        for segment in dirty {
            if let Err(error) = disk.sync(&segment.file) {
                let why = format_args!("{} could not be synced: {error}", segment.path.display()).to_string();
                return Err(self.tail().poison(why));
            }
            self.syncs.fetch_add(1, Ordering::Relaxed);
        }
        // Somebody else's failure meanwhile counts for this group too.
        self.tail().usable()
    }

    pub(super) fn make_spare(&self) {
        let (folder, number) = {
            let mut tail = self.tail();
            let Some(number) = tail.spare_wanted() else { return };
            (tail.folder.clone(), number)
        };
        // Without room the next attempt is made when the segment is needed, and that one's failure is reported.
        if let Ok(segment) = Segment::create(&folder, number) {
            self.tail().add_spare(segment);
        }
    }

    fn run(self: &Arc<Self>) {
        let mut earliest = Instant::now();
        while let Some(group) = self.next_group(earliest) {
            earliest = Instant::now() + PACE;
            let result = self.make_durable(&group);
            for Waiting { keys, answer } in group {
                // One who no longer waits drops the ticket, which withdraws the mark.
                let _ = answer.send(result.clone().map(|()| Marked::new(self.clone(), keys)));
            }
            self.make_spare();
        }
    }
}

impl Thread {
    pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let ours = shared.clone();
        let handle = thread::Builder::new().name("journal".into()).spawn(move || ours.run())?;
        Ok(Self { shared, handle: Some(handle) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.shared.queue().closing = true;
        self.shared.wake.notify_one();
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}
