//! Copies of the queue: made beside whoever works on it, looked into, and put in place of one that is lost.
//!
//! A copy is what the queue was at one instant. What was unfinished then may have been sent since, so a copy is never simply opened
//! ([`OpenError::IsBackup`]): [`Store::restore`] makes a queue of it that sends nothing before a person says so.

use std::{io, path::PathBuf};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Counts, Error, OpenError, Row, Store, sqlite};

pub use sqlite::backup::{Copying, Stop};

/// Where a copy goes.
#[derive(Debug, Clone)]
pub struct CopyTo {
    /// Its file.
    pub file: PathBuf,
    /// In the place of a file that is there.
    pub replace: bool,
    /// Octets that stay free on that disk.
    pub leave_free: u64,
}

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The file.
    pub file: PathBuf,
    /// The instant whose queue it is.
    pub made_at: Timestamp,
    /// The Bookpost that made it.
    pub version: String,
    /// How many migrations its tables have seen.
    pub schema: u32,
    /// Octets.
    pub size: u64,
    /// How much mail was in which state.
    pub counts: Counts,
    /// What is wrong with the file and its rows; empty when nothing is.
    pub wrong: Vec<String>,
}

/// How a restore notes the instant of the backup beside mail that was unfinished in it, and how that is read again.
const NOTE: &str = "It was unfinished in the backup of %Y-%m-%d %H:%M UTC.";

/// What is noted beside mail that was unfinished in the backup of this instant.
pub(crate) fn noted(of: Timestamp) -> String {
    of.strftime(NOTE).to_string()
}

/// Of when the backup is in which this mail was unfinished, to the minute; `None` for mail that comes from no backup.
pub fn backup_of(row: &Row) -> Option<Timestamp> {
    let note = row.answer.as_deref().filter(|_| row.reason == Some(mail::Reason::FromBackup))?;
    TimeZone::UTC.to_timestamp(DateTime::strptime(NOTE, note).ok()?).ok()
}

/// What became of a copy that was put in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The folder of the queue.
    pub folder: PathBuf,
    /// The instant whose queue it is.
    pub of: Timestamp,
    /// Recipients that were unfinished, and wait for a person now.
    pub held: u64,
    /// Reports that were owed, and are not written: they may have been since.
    pub reports_closed: u64,
}

/// A copy could not be made, read or put in place; the queue and what was there before are as they were.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing is written over by accident.
    #[error("there is already a file {}", .0.display())]
    Exists(PathBuf),
    /// Another process makes the same one.
    #[error("another backup into {} is under way", .0.display())]
    UnderWay(PathBuf),
    /// The disk is too small.
    #[error("there is not enough room in {}: {} MB are needed and {} MB are free", folder.display(), needed.div_ceil(1_000_000), free / 1_000_000)]
    NoRoom {
        /// Where it would be.
        folder: PathBuf,
        /// Octets.
        needed: u64,
        /// Octets.
        free: u64,
    },
    /// There is nothing to copy.
    #[error("there is no queue in {}", .0.display())]
    NoQueue(PathBuf),
    /// The file is something else.
    #[error("{} is no backup of Bookpost: {why}", file.display())]
    NoBackup {
        /// The file.
        file: PathBuf,
        /// What it lacks.
        why: String,
    },
    /// The copy is damaged.
    #[error("{} is damaged: {}", file.display(), wrong.join("; "))]
    Damaged {
        /// The file.
        file: PathBuf,
        /// How.
        wrong: Vec<String>,
    },
    /// A copy is put into an empty folder only.
    #[error("{} is not empty: {} is in it", folder.display(), found.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// What is in the way.
        found: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It was told to stop.
    #[error("the backup was stopped; nothing of it is left")]
    Stopped,
    /// The folder of the queue cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The queue cannot be read, or the copy not be written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Copies. They need nobody who has the queue open, and wait for the disk: not for threads that must not.
impl Store {
    /// Begins a copy of the queue in `folder`, beside whoever works on it: it is read like a page is, and nobody waits for it. Until
    /// [`Copying::finish`] there is only its unfinished file, which goes when this is dropped.
    pub fn copy(folder: &std::path::Path, to: &CopyTo) -> Result<Copying, BackupError> {
        Copying::begin(folder, to)
    }

    /// What is in a copy. Reads all of it.
    pub fn look_into(file: &std::path::Path) -> Result<Backup, BackupError> {
        sqlite::backup::look_into(file)
    }

    /// Makes of a copy the queue in `folder`, which holds no queue yet; done wholly or not at all, whenever the process dies.
    ///
    /// It sends nothing twice: all mail that was unfinished is set aside with [`mail::Reason::FromBackup`], reports that were owed
    /// are owed no more, who is told of events is told of later ones only, and there is a [pause](crate::PauseWhy::Restored) until
    /// a person ends it. No number that was given since the copy is given again, and a journal that belongs to the queue of before
    /// says nothing to this one.
    pub fn restore(
        file: &std::path::Path,
        folder: &std::path::Path,
        now: Timestamp,
    ) -> Result<Restored, BackupError> {
        sqlite::restore::restore(file, folder, now)
    }
}
