//! What can go wrong, by what the caller can do about it.

use std::path::PathBuf;

/// An operation failed; nothing of it was stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The disk is full. Free space, then try again.
    #[error("the disk is full: {0}")]
    DiskFull(String),
    /// The disk or file system refuses to write or read.
    #[error("the disk does not work: {0}")]
    Disk(String),
    /// The database is away for a while: somebody else holds the file, the database's server cannot be reached. Try again later.
    #[error("the queue cannot be reached for the moment: {0}")]
    Away(String),
    /// The database file is damaged.
    #[error("the queue file is damaged: {0}")]
    Corrupt(String),
    /// A message is for more than [`MOST_RECIPIENTS`](crate::MOST_RECIPIENTS). Make several of it.
    #[error("a message can be for {} recipients at most, and one is for {found}", crate::MOST_RECIPIENTS)]
    TooManyRecipients {
        /// For so many.
        found: usize,
    },
    /// There is no such message, run, alarm, application, key, web address, person or link.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// There is such an application, key or person already.
    #[error("there is already {0}")]
    Exists(&'static str),
    /// Somebody else changed it since it was read. Read it again, then say what is to change.
    #[error("somebody else changed this in the meantime; look at it again")]
    Changed,
    /// Nobody could administer Bookpost afterwards. Make somebody else an administrator first.
    #[error("this is the last administrator who can sign in; make somebody else one first")]
    LastAdministrator,
    /// The store is being closed.
    #[error("the queue is closed")]
    Closed,
    /// A defect of the program.
    #[error("the queue refused the operation: {0}")]
    Internal(String),
}

/// The queue could not be opened; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another Bookpost works here.
    #[error("another Bookpost{} already works in {}", pid.map(|p| format!(" (process {p})")).unwrap_or_default(), folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The process that holds it, if it says so.
        pid: Option<u32>,
    },
    /// Locks and syncs cannot be trusted on a network file system.
    #[error("{} is on a network file system ({kind}); the queue must be on a local disk", folder.display())]
    NetworkFileSystem {
        /// The data folder.
        folder: PathBuf,
        /// The kind of file system.
        kind: String,
    },
    /// Made by a newer Bookpost.
    #[error("the queue in {} was made by a newer Bookpost (schema {found}, this one knows {known})", folder.display())]
    TooNew {
        /// The data folder.
        folder: PathBuf,
        /// The schema that was found.
        found: u32,
        /// The newest schema that this version knows.
        known: u32,
    },
    /// The folder cannot be written.
    #[error("{} cannot be used: {why}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        why: String,
    },
    /// It is a copy of a queue, and what was unfinished in it may have been sent since.
    #[error("the queue in {} is a backup, which must be restored before it is used: move it out of the folder, then run bookpost restore FILE", folder.display())]
    IsBackup {
        /// The data folder.
        folder: PathBuf,
    },
    /// The queue is at another place, or on its way there: whoever went on with what is left here would send all of it once more.
    #[error("the queue of {here} {} {to} at {}", if *has_arrived { "was moved to" } else { "was being moved, when the program ended, to" }, at.strftime("%Y-%m-%d %H:%M UTC"))]
    Moved {
        /// Where it was.
        here: String,
        /// Where it is.
        to: String,
        /// Since when.
        at: jiff::Timestamp,
        /// It is known to be there.
        has_arrived: bool,
    },
    /// Root may not make files here: the service that owns the folder could not open them.
    #[error("{} belongs to another user, whose service could not open the files that root would make in it", folder.display())]
    ForeignOwner {
        /// The data folder.
        folder: PathBuf,
        /// The user it belongs to.
        owner: u32,
    },
    /// What is said of the database server cannot be understood, or asks for what this Bookpost has not.
    #[error("the database server cannot be used: {0}")]
    Server(String),
    /// A replica only reads. Name the server that it follows.
    #[error("the database server is a replica, which cannot be written to; name the one that it follows")]
    Replica,
    /// Its version is no longer supported.
    #[error("the database server is PostgreSQL {found}; Bookpost needs {} or newer", crate::postgres::OLDEST)]
    OldServer {
        /// Its version, as it says it.
        found: String,
    },
    /// Behind it each transaction may be on another connection, and what belongs to a connection is lost.
    #[error(
        "the database is reached through a pooler in transaction mode; connect to the server itself, or to a pooler in session mode"
    )]
    Pooler,
    /// The tables were made by a newer Bookpost.
    #[error(
        "the queue on the database server was made by a newer Bookpost (schema {found}, this one knows {known})"
    )]
    TooNewServer {
        /// The schema that was found.
        found: u32,
        /// The newest schema that this version knows.
        known: u32,
    },
    /// Another machine works on this queue under the same name. Give one of them another name.
    #[error(
        "another machine named {name} works on this queue; machines that share a queue need names of their own"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// This computer's clock is not that of the database server: what is due here would not be due elsewhere. Put it right.
    #[error("this computer's clock is {} the clock of the database server by {:#}; put it right, as machines that share a queue must agree", if by.is_negative() { "behind" } else { "ahead of" }, by.abs())]
    Clock {
        /// By how much it is ahead.
        by: jiff::SignedDuration,
    },
    /// Anything of [`Error`].
    #[error(transparent)]
    Store(#[from] Error),
}
