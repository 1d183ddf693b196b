//! What can go wrong with the journal, by what the caller can do about it.

use std::path::PathBuf;

/// The journal did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The folder holds the journal of another queue. Nothing was read or changed.
    #[error("{} is the journal of another queue ({found:016x}, this one is {ours:016x})", file.display())]
    OtherStore {
        /// The file that says so.
        file: PathBuf,
        /// The id in it.
        found: u64,
        /// The id of our queue.
        ours: u64,
    },
    /// The journal is ahead of the queue, as after the queue was restored from an older copy without it.
    #[error(
        "{} was written by a later start ({found}) than this one ({ours}); was the queue restored from an older copy? \
         move the journal folder away to go on with what the queue knows",
        file.display()
    )]
    Later {
        /// The file that says so.
        file: PathBuf,
        /// The epoch in it.
        found: i64,
        /// Our epoch.
        ours: i64,
    },
    /// A file cannot be what we wrote. What it knew about mail in doubt is lost if it is moved away.
    #[error("the journal file {} is damaged: {why}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A write or sync failed, now or earlier. What is on the disk is unknown from then on, so the journal is not written
    /// again before the next start, and no message may pass the point of no return.
    #[error("the journal cannot be trusted any more: {0}")]
    Poisoned(String),
    /// No room for more; nothing was written and the journal stays in use. Try again when there is space.
    #[error("the journal cannot grow: {0}")]
    Disk(String),
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}
