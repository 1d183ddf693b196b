//! Copies of the database in one file.
//!
//! `VACUUM INTO` reads one instant of the database and writes what is in use there into a new file. The online backup API would begin
//! anew at each commit of the writer, who is another connection, and would copy what was erased as well.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, OptionalExtension as _};
use rustix::fs::{CWD, RenameFlags};

use super::{
    codes::{count, instant, micros},
    counts, open, upkeep,
};
use crate::{Backup, BackupError, CopyTo, Error, OpenError};

/// Says that a database is a copy, and of which instant. A queue that is worked on has no such table.
const MARK: &str = "CREATE TABLE backup (one INTEGER PRIMARY KEY CHECK (one = 1), made_at INTEGER NOT NULL, version TEXT NOT NULL) STRICT";
const IS_MARKED: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'backup')";

/// A copy that is being made.
#[derive(Debug)]
pub struct Copying {
    source: Connection,
    part: Part,
    to: CopyTo,
    expected: u64,
    is_stopped: Arc<AtomicBool>,
}

/// Ends a copy early, from another thread.
pub struct Stop {
    interrupt: InterruptHandle,
    is_stopped: Arc<AtomicBool>,
}

impl Stop {
    /// [`Copying::finish`] fails, and leaves nothing.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.interrupt.interrupt();
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

impl Copying {
    pub(crate) fn begin(folder: &Path, to: &CopyTo) -> Result<Self, BackupError> {
        let database = folder.join(open::DATABASE);
        if let Some(owner) = open::foreign_owner(folder) {
            return Err(OpenError::ForeignOwner { folder: folder.to_owned(), owner }.into());
        }
        if !fs::exists(&database).map_err(|error| failed(&database, error))? {
            return Err(BackupError::NoQueue(folder.to_owned()));
        }
        if !to.replace && fs::symlink_metadata(&to.file).is_ok() {
            return Err(BackupError::Exists(to.file.clone()));
        }
        let source = open::copier(&database)?;
        let expected = size_in_use(&source)?;
        check_room(parent(&to.file), expected.saturating_add(to.leave_free))?;
        Ok(Self {
            source,
            part: Part::create(&to.file)?,
            to: to.clone(),
            expected,
            is_stopped: Arc::default(),
        })
    }

    /// Octets that it will be long, about.
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// The unfinished file: how far it is shows in its length.
    pub fn part(&self) -> &Path {
        &self.part.path
    }

    /// What ends it early.
    pub fn stopper(&self) -> Stop {
        Stop { interrupt: self.source.get_interrupt_handle(), is_stopped: Arc::clone(&self.is_stopped) }
    }

    /// Copies the queue as it is now, checks the copy, and gives it its name; it is on disk when this returns. `version` names the
    /// program.
    pub fn finish(self, version: &str, now: Timestamp) -> Result<Backup, BackupError> {
        let Self { source, part, to, is_stopped, .. } = self;
        let path = part.path.to_str().ok_or_else(|| {
            failed(&part.path, io::Error::new(io::ErrorKind::InvalidInput, "the name must be plain text"))
        })?;
        source.execute("VACUUM INTO ?1", [path]).map_err(stopped_or)?;
        drop(source);
        mark(&part.path, version, now)?;
        let backup = look_into(&part.path)?;
        // Told so when no statement ran that could be interrupted.
        if is_stopped.load(Ordering::Acquire) {
            return Err(BackupError::Stopped);
        }
        part.keep(&to.file, to.replace)?;
        Ok(Backup { file: to.file, ..backup })
    }
}

pub(crate) fn look_into(file: &Path) -> Result<Backup, BackupError> {
    let size = fs::metadata(file).map_err(|error| failed(file, error))?.len();
    let no_backup = |why: &str| BackupError::NoBackup { file: file.to_owned(), why: why.to_owned() };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sql = Connection::open_with_flags(file, flags).map_err(Error::from)?;
    let read = made(&sql).and_then(|made| {
        let schema = sql.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        Ok(made.map(|(made_at, version)| (made_at, version, schema)))
    });
    let (made_at, version, schema) = match read {
        Ok(Some(made)) => made,
        Ok(None) => return Err(no_backup("it does not say when it was made")),
        Err(Error::Corrupt(why)) if is_database(file) => {
            return Err(BackupError::Damaged { file: file.to_owned(), wrong: vec![why] });
        }
        Err(Error::Corrupt(why)) => return Err(no_backup(&why)),
        Err(other) => return Err(other.into()),
    };
    let wrong = upkeep::check(&sql).unwrap_or_else(|error| vec![error.to_string()]);
    let counts = counts::read(&sql).unwrap_or_default();
    Ok(Backup { file: file.to_owned(), made_at, version, schema, size, counts, wrong })
}

/// It begins as every SQLite database does (<https://www.sqlite.org/fileformat.html>, section 1.3.1).
fn is_database(file: &Path) -> bool {
    let mut head = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == *b"SQLite format 3\0"
}

/// When a copy was made, and by which version; None: it is a queue that was worked on.
fn made(sql: &Connection) -> Result<Option<(Timestamp, String)>, Error> {
    if !is_marked(sql)? {
        return Ok(None);
    }
    let row: Option<(i64, String)> = sql
        .query_row("SELECT made_at, version FROM backup", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.and_then(|(made_at, version)| Some((instant(made_at)?, version))))
}

/// Whether a database is a copy, which nobody is to work on.
pub(super) fn is_marked(sql: &Connection) -> Result<bool, Error> {
    Ok(sql.query_row(IS_MARKED, [], |row| row.get(0))?)
}

/// What it was to a queue that is worked on it is no longer.
pub(super) fn unmark(sql: &Connection) -> Result<(), Error> {
    Ok(sql.execute_batch("DROP TABLE backup")?)
}

fn mark(file: &Path, version: &str, now: Timestamp) -> Result<(), Error> {
    let sql = open::private(file)?;
    sql.execute_batch(MARK)?;
    sql.execute("INSERT INTO backup VALUES (1, ?1, ?2)", (micros(now), version))?;
    Ok(())
}

fn size_in_use(sql: &Connection) -> Result<u64, Error> {
    let pragma = |name: &str| sql.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    Ok(count((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?))
}

fn stopped_or(error: rusqlite::Error) -> BackupError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => BackupError::Stopped,
        _ => Error::from(error).into(),
    }
}

/// A file under a name for what is unfinished. It goes when this is dropped, unless it was kept.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// Held, so that nobody takes it for one that a dead process left.
    file: File,
    is_kept: bool,
}

impl Part {
    /// `FILE.part`, for its owner only, in the place of one that a dead process left.
    pub(super) fn create(file: &Path) -> Result<Self, BackupError> {
        let path = part_of(file);
        let failed = |error| failed(&path, error);
        let create = || OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let created = match create() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                take(&File::open(&path).map_err(failed)?, file)?;
                fs::remove_file(&path).map_err(failed)?;
                create()
            }
            other => other,
        }
        .map_err(failed)?;
        take(&created, file)?;
        Ok(Self { path, file: created, is_kept: false })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// All of it is on disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(|error| Error::Disk(error.to_string()))
    }

    /// Under its name, once all of it is on disk.
    pub(super) fn keep(mut self, name: &Path, replace: bool) -> Result<(), BackupError> {
        let failed = |error| failed(name, error);
        self.file.sync_all().map_err(failed)?;
        let named = if replace { fs::rename(&self.path, name) } else { rename_beside(&self.path, name) };
        match named {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(name.to_owned()));
            }
            other => other.map_err(failed)?,
        }
        self.is_kept = true;
        File::open(parent(name)).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(file = %self.path.display(), %error, "an unfinished file is left");
        }
    }
}

pub(super) fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn take(part: &File, file: &Path) -> Result<(), BackupError> {
    match part.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(BackupError::UnderWay(file.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(file, error)),
    }
}

/// Writes over nothing. Where a file system cannot promise that, it is looked at before.
fn rename_beside(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        other => Ok(other?),
    }
}

/// Fails where fewer octets than these are free.
pub(super) fn check_room(folder: &Path, needed: u64) -> Result<(), BackupError> {
    let found = rustix::fs::statvfs(folder).map_err(|error| failed(folder, error.into()))?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free < needed {
        return Err(BackupError::NoRoom { folder: folder.to_owned(), needed, free });
    }
    Ok(())
}

pub(super) fn parent(file: &Path) -> &Path {
    open::or_here(file.parent().unwrap_or(file))
}

pub(super) fn failed(file: &Path, error: io::Error) -> BackupError {
    BackupError::File { file: file.to_owned(), error }
}
