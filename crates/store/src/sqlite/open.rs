//! Opening the folder: its lock, its file system, the connections and what they promise.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{backup, migrations, moving};
use crate::{Error, OpenError};

/// The database's file in the data folder.
pub(super) const DATABASE: &str = "queue.db";
pub(super) const LOCK: &str = "bookpost.lock";
/// Pages of log after which the writer carries them into the database: 16 MiB, so that a run of notices pays for few syncs
/// of the database, and the log stays small.
const CHECKPOINT_PAGES: i64 = 4_000;
/// A log that grew larger, because somebody read from it for long, is cut to this many bytes when it is begun anew.
const LARGEST_LOG: i64 = 32 << 20;
/// KiB of pages that the writer may keep: a full transaction and the inner pages of the trees.
const WRITER_CACHE_KIB: i64 = 6_000;
const READER_CACHE_KIB: i64 = 1_000;
/// A connection waits so long where somebody else holds the file, such as a person with SQLite's own program.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// The operations prepare some 60 statements; all stay prepared.
const STATEMENTS: usize = 128;

/// The folder's lock, and the writer's connection to the migrated database.
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) writer: Connection,
}

pub(super) fn open(folder: &Path) -> Result<Opened, OpenError> {
    open_on(folder, network_file_system)
}

/// `kind_of` names the network file system that a folder is on. Nothing is made on one.
fn open_on(
    folder: &Path,
    kind_of: impl Fn(&Path) -> std::io::Result<Option<&'static str>>,
) -> Result<Opened, OpenError> {
    let refused = |error: &std::io::Error| refused(folder, error);
    let lock = take_on(folder, kind_of)?;
    let path = folder.join(DATABASE);
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| refused(&error))?;
    // SQLite syncs its files, not always their names: a queue that a power cut takes the name of is lost.
    sync_folder(folder).map_err(|error| refused(&error))?;
    let mut writer = writing(&path)?;
    // Its first look also takes back what a power cut left of the making of the file, which who only reads cannot.
    if backup::is_marked(&writer)? {
        return Err(OpenError::IsBackup { folder: folder.to_owned() });
    }
    if let Some(mark) = moving::mark_of(&writer)? {
        return Err(mark.refusal(folder.display().to_string()));
    }
    prepare(&writer)?;
    migrations::run(&mut writer, folder)?;
    Ok(Opened { lock, writer })
}

/// The lock of a folder, which is made if it is not there.
pub(crate) fn take(folder: &Path) -> Result<File, OpenError> {
    take_on(folder, network_file_system)
}

fn take_on(
    folder: &Path,
    kind_of: impl Fn(&Path) -> std::io::Result<Option<&'static str>>,
) -> Result<File, OpenError> {
    let refused = |error: &std::io::Error| refused(folder, error);
    if let Some(owner) = foreign_owner(folder) {
        return Err(OpenError::ForeignOwner { folder: folder.to_owned(), owner });
    }
    let there = nearest(folder);
    if let Some(kind) = kind_of(or_here(there)).map_err(|error| refused(&error))? {
        return Err(OpenError::NetworkFileSystem { folder: folder.to_owned(), kind: kind.to_owned() });
    }
    make_folder(folder, there).map_err(|error| refused(&error))?;
    lock(folder)
}

fn refused(folder: &Path, error: &std::io::Error) -> OpenError {
    OpenError::Folder { folder: folder.to_owned(), why: error.to_string() }
}

/// Whom the folder belongs to, if that is somebody else and this process would be let in all the same.
pub(super) fn foreign_owner(folder: &Path) -> Option<u32> {
    let owner = fs::metadata(folder).ok()?.uid();
    (rustix::process::geteuid().is_root() && owner != 0).then_some(owner)
}

/// The folder itself, or the one above it in which it is to be made.
fn nearest(folder: &Path) -> &Path {
    folder.ancestors().find(|above| or_here(above).exists()).unwrap_or(folder)
}

/// A relative path ends above in the present folder, which has no name there.
pub(super) fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The folder, made with its parents up to what is `there`; their names are on disk on return.
fn make_folder(folder: &Path, there: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    folder.ancestors().skip(1).take_while(|above| above.starts_with(there)).try_for_each(sync_folder)
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(or_here(folder))?.sync_all()
}

/// A connection that may write; it has changed nothing.
pub(super) fn writing(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Makes it the one connection that writes.
fn prepare(connection: &Connection) -> Result<(), Error> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // FULL: a commit is on disk when it returns. secure_delete: a purged body is overwritten, not only forgotten.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = OFF;
         PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{WRITER_CACHE_KIB};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = {LARGEST_LOG}; PRAGMA cell_size_check = ON;"
    ))?;
    Ok(())
}

/// A connection that reads, and writes into other files.
pub(super) fn copier(path: &Path) -> Result<Connection, Error> {
    let connection = reader(path)?;
    connection.execute_batch("PRAGMA query_only = OFF")?;
    Ok(connection)
}

/// The one connection to a file that nobody else knows of, and that is thrown away unless all goes well: the caller syncs it then.
pub(super) fn private(path: &Path) -> Result<Connection, Error> {
    let connection = writing(path)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{WRITER_CACHE_KIB}"
    ))?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(&format!(
        "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{READER_CACHE_KIB};"
    ))?;
    Ok(connection)
}

/// Fails where another process has the folder.
pub(crate) fn check_free(folder: &Path) -> Result<(), OpenError> {
    match File::open(folder.join(LOCK)) {
        Ok(mut file) if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) => {
            Err(in_use(folder, &mut file))
        }
        // What else may be wrong is said by who opens it.
        _ => Ok(()),
    }
}

fn in_use(folder: &Path, lock: &mut File) -> OpenError {
    let mut text = String::new();
    let pid = lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
    OpenError::InUse { folder: folder.to_owned(), pid }
}

/// Takes the folder for this process until the file is dropped; the pid in it is for people.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let refused = |error: &std::io::Error| refused(folder, error);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(folder.join(LOCK))
        .map_err(|error| refused(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(folder, &mut file)),
        Err(TryLockError::Error(error)) => return Err(refused(&error)),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        file.sync_all()
    };
    write(&mut file).map_err(|error| refused(&error))?;
    Ok(file)
}

/// The name of the network file system that `folder` is on, if it is on one.
fn network_file_system(folder: &Path) -> std::io::Result<Option<&'static str>> {
    let found = rustix::fs::statfs(folder)?;
    // The kernel's type differs in width and sign between machines; the magic numbers are 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the low 32 bits are the number"
    )]
    let magic = found.f_type as u32;
    Ok(network_kind(magic))
}

/// Magic numbers of statfs(2) and linux/magic.h.
fn network_kind(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B => "SMB",
        0xFF53_4D42 | 0xFE53_4D42 => "CIFS",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9p",
        0x00C3_6400 => "Ceph",
        0x5346_414F | 0x6B41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x564C => "NCP",
        0x0BD0_0BD0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x0116_1970 => "GFS2",
        0x7461_636F => "OCFS2",
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// How SQLite goes about a question, on the tables as they are.
    pub(in crate::sqlite) fn plan(question: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let sql = open(folder.path()).unwrap().writer;
        let mut statement = sql.prepare(&format!("EXPLAIN QUERY PLAN {question}")).unwrap();
        let mut found = statement.raw_query();
        let mut lines = Vec::new();
        while let Some(row) = found.next().unwrap() {
            lines.push(row.get::<_, String>("detail").unwrap());
        }
        lines.join("\n")
    }

    #[test]
    fn network_file_systems_are_known_by_their_number() {
        for (magic, kind) in [
            (0x6969, Some("NFS")),
            (0xFF53_4D42, Some("CIFS")),
            (0x6B41_4653, Some("AFS")),
            (0x7461_636F, Some("OCFS2")),
            (0xEF53, None),
            (0x5846_5342, None),
        ] {
            assert_eq!(network_kind(magic), kind);
        }
    }

    #[test]
    fn the_nearest_folder_that_is_there_is_found() {
        for (folder, there) in [("/proc/self", "/proc/self"), ("/proc/no/such", "/proc"), ("no/such", "")] {
            assert_eq!(nearest(Path::new(folder)), Path::new(there));
        }
        assert_eq!(or_here(Path::new("")), Path::new("."));
    }

    #[test]
    fn nothing_is_made_on_a_network_file_system() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new/queue");
        let refused = open_on(&folder, |there| {
            assert_eq!(there, place.path());
            Ok(Some("NFS"))
        });
        assert!(matches!(refused, Err(OpenError::NetworkFileSystem { .. })));
        assert!(!place.path().join("new").exists());
    }
}
