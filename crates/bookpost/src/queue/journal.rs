//! The outcome journal: what must survive a crash between the last byte of a message and the database's next commit.
//!
//! A small append-only file on the local disk. Before the last byte of a message may leave, a *mark* of its recipients is
//! made durable here ([`Journal::mark`]; all who wait share one sync). Just before it leaves, "released" is written without a
//! sync ([`Marked::release`]). The answer is written the moment it is read ([`Journal::outcome`]) and synced with the next
//! group; the database gets outcomes in batches and says so ([`Journal::committed`]). After a crash [`Journal::open`] tells
//! what was answered and what is in doubt; all else was certainly not sent.
//!
//! | found at start | same boot | after a reboot |
//! |---|---|---|
//! | outcome | settled by it | settled by it |
//! | mark, released | in doubt | in doubt |
//! | mark alone | not sent | in doubt |
//!
//! The difference is what a process's death leaves in the system's cache and a power cut does not.
//!
//! After one failed write or sync nothing is written any more before the next start: what a disk holds after a failed sync is
//! unknown, and asking again gets a false yes.
//!
//! This part knows nothing of SMTP, of the database or of time.

mod disk;
mod error;
mod group;
mod outcome;
mod record;
mod replay;
mod segment;
mod tail;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use store::{Lease, RecipientId, Settlement};

use self::{
    disk::{Disk, RealDisk},
    group::{Shared, Thread},
    record::{Key, Seal},
    replay::Chapter,
    segment::{Found, Header, Segment},
    tail::Tail,
};
pub use self::{error::JournalError, replay::Replay};

/// The journal of this start. Cheap to clone; all clones are the same journal, and the last one to go closes it.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    _thread: Arc<Thread>,
}

/// Leave to send the last byte of a message: its mark is durable. Dropped without [`Marked::release`] it says that nothing was
/// sent, and the mark is void.
#[must_use = "dropping it withdraws the mark"]
pub struct Marked {
    shared: Arc<Shared>,
    keys: Vec<Key>,
}

/// What the journal has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Times the disk was made to keep what was written.
    pub syncs: u64,
    /// Records written.
    pub records: u64,
}

impl Journal {
    /// Opens the journal in `folder`, which is made if it is not there, and reads what earlier starts left.
    ///
    /// The caller holds the lock of the data folder, so that nobody else works here. `epoch` rises with every start;
    /// `boot_id` is the system's (`/proc/sys/kernel/random/boot_id`).
    pub fn open(
        folder: &Path,
        store_id: u64,
        epoch: i64,
        boot_id: &str,
    ) -> Result<(Self, Replay), JournalError> {
        Self::open_on(Arc::new(RealDisk), folder, store_id, epoch, boot_id)
    }

    fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        store_id: u64,
        epoch: i64,
        boot_id: &str,
    ) -> Result<(Self, Replay), JournalError> {
        make_folder(folder).map_err(|error| in_words(folder, &error))?;
        let listed = segment::list(folder).map_err(|error| in_words(folder, &error))?;
        let last_number = listed.last().map_or(0, |(number, _)| *number);
        let (mut used, mut free) = (Vec::new(), Vec::new());
        for (_, path) in listed {
            let (segment, found) = Segment::open(path, store_id)?;
            match found {
                Found::Free => free.push(segment),
                Found::Used(header, _) if header.epoch > epoch => {
                    return Err(JournalError::Later { file: segment.path, found: header.epoch, ours: epoch });
                }
                Found::Used(header, records) => used.push((header, records, segment)),
            }
        }
        used.sort_by_key(|(header, ..)| header.seal.generation);
        let generation = used.last().map_or(0, |(header, ..)| header.seal.generation);
        let (mut replayed, mut chapters) = (Vec::new(), Vec::new());
        for (header, records, segment) in used {
            chapters.push(Chapter { same_boot: header.boot_id == boot_id, records });
            replayed.push((header.seal, segment));
        }
        let header = Header { seal: Seal { store_id, generation }, epoch, boot_id: boot_id.to_owned() };
        let tail = Tail::new(disk, folder.to_owned(), header, last_number, replayed, free);
        let shared = Shared::new(tail);
        shared.make_spare();
        let thread = Thread::start(shared.clone()).map_err(|error| JournalError::Disk(error.to_string()))?;
        Ok((Self { shared, _thread: Arc::new(thread) }, replay::replay(chapters)))
    }

    /// Makes a mark of these recipients durable, together with all others that wait; at once when none does.
    ///
    /// If the future is dropped, the mark is void.
    pub async fn mark(&self, keys: Vec<(RecipientId, Lease)>) -> Result<Marked, JournalError> {
        self.shared.enqueue(keys).await.unwrap_or(Err(JournalError::Closed))
    }

    /// Makes everything that was written so far durable.
    pub async fn synced(&self) -> Result<(), JournalError> {
        self.mark(Vec::new()).await.map(drop)
    }

    /// Writes what came of attempts; durable with the next group. Fast, and callable from any thread.
    ///
    /// After an error the outcomes are only with the caller: settle them in the database at once.
    pub fn outcome(&self, settlements: &[Settlement]) -> Result<(), JournalError> {
        let outcomes: Vec<(Key, Vec<u8>)> = settlements
            .iter()
            .map(|settlement| ((settlement.recipient, settlement.lease), record::outcome_body(settlement)))
            .collect();
        self.shared.tail().outcomes(&outcomes)
    }

    /// Of these nothing was left with the server, though their message was released: it refused them by name, and they are to
    /// be tried again under the same claim. Without this the next start would take them for in doubt.
    pub fn withdrawn(
        &self,
        keys: impl IntoIterator<Item = (RecipientId, Lease)>,
    ) -> Result<(), JournalError> {
        let keys: Vec<Key> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.shared.tail().withdrawn(&keys)
    }

    /// The database has settled these: the journal needs to keep them no longer.
    pub fn committed(
        &self,
        keys: impl IntoIterator<Item = (RecipientId, Lease)>,
    ) -> Result<(), JournalError> {
        self.shared.tail().committed(keys.into_iter())
    }

    /// The database has settled everything of the [`Replay`].
    pub fn replay_settled(&self) -> Result<(), JournalError> {
        self.shared.tail().replay_settled()
    }

    /// Whether the point of no return may be passed; the error says why not.
    pub fn usable(&self) -> Result<(), JournalError> {
        self.shared.tail().usable()
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        Stats { syncs: self.shared.syncs.load(Ordering::Relaxed), records: self.shared.tail().records() }
    }
}

impl Marked {
    fn new(shared: Arc<Shared>, keys: Vec<Key>) -> Self {
        Self { shared, keys }
    }

    /// Writes that the last byte leaves now; after an error it must not. From here on only an outcome ends the matter.
    pub fn release(mut self) -> Result<(), JournalError> {
        let keys = std::mem::take(&mut self.keys);
        self.shared.tail().released(&keys)
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        if !self.keys.is_empty() {
            // A failure poisons the journal, which all who go on with it are told.
            let _ = self.shared.tail().withdrawn(&self.keys);
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Journal").field(&self.stats()).finish()
    }
}

impl std::fmt::Debug for Marked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Marked").field(&self.keys).finish()
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if fs::exists(folder)? {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    folder.parent().map_or(Ok(()), segment::sync_folder)
}

fn in_words(folder: &Path, error: &io::Error) -> JournalError {
    JournalError::Disk(format!("{}: {error}", folder.display()))
}
