//! A queue in a file that goes to a server, or comes from one.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, ToSql, params_from_iter, types::ToSqlOutput};
use tokio::sync::mpsc;

use super::{
    Sqlite,
    backup::Part,
    codes::{STATES, count, instant, micros},
    draft::{FRESH_FLOOR, NEXT_EVENT, read_meta, write_meta},
    migrations, open,
};
use crate::{
    BackupError, Error, MessageId, MoveError, RecipientId,
    moving::{EVENTS, End, MESSAGES, Mark, NUMBERED, Seen, Slice, Table, Value},
};

/// Says that the queue is at another place. One that is worked on has no such table.
const MARK: &str = "CREATE TABLE IF NOT EXISTS moved (one INTEGER PRIMARY KEY CHECK (one = 1), moved_at INTEGER NOT NULL, epoch INTEGER NOT NULL,
    has_arrived INTEGER NOT NULL, target TEXT NOT NULL) STRICT";
const UNMARK: &str = "DROP TABLE IF EXISTS moved";
const IS_MARKED: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved')";
const THERE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta')";
/// A program that knows no such mark takes the file for one of a later version.
const OF_LATER: i64 = 1_000_000;

const IN_HAND: &str = "SELECT count(*) FROM recipient WHERE state = 1";
const NEXT_MESSAGE: &str = "next_message";
const LAST_ID: &str = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
const FORGET_ID: &str = "DELETE FROM sqlite_sequence WHERE name = ?1";
const SET_ID: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
/// How much is in which state, and ever was in doubt; the moment that a schedule leaves out, for programs that know no other.
const COUNT: &str = "INSERT INTO meta SELECT 'count_' || state, count(*) FROM recipient GROUP BY state;
    UPDATE schedule SET skips_next = skips IS NOT NULL";
const COUNT_DOUBTS: &str =
    "INSERT INTO meta SELECT ?1, count(*) FROM recipient WHERE in_doubt_at IS NOT NULL";

impl Sqlite {
    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        self.readers.path().parent().unwrap_or(Path::new(""))
    }

    /// All of it as it is now. Nobody writes meanwhile but whoever asked for this.
    pub(crate) async fn leaving(&self) -> Result<FileEnd, MoveError> {
        let end = FileEnd::of(open::reader(self.readers.path()).map_err(Error::from)?);
        let begun = end.with(|sql| {
            sql.execute_batch("BEGIN")?;
            Ok(count(sql.query_row(IN_HAND, [], |row| row.get(0))?))
        });
        match begun.await? {
            0 => Ok(end),
            some => Err(MoveError::InHand(some)),
        }
    }

    /// Notes where it goes, or is; it is on disk when this returns.
    pub(crate) async fn leave(&self, mark: Mark) -> Result<(), Error> {
        self.writer.write(move |tx| write_mark(tx.sql, Some(&mark))).await
    }
}

/// Whether a folder has a queue.
pub(crate) fn is_there(folder: &Path) -> bool {
    folder.join(open::DATABASE).exists()
}

/// What a file says of itself that nobody has opened.
pub(crate) fn look(folder: &Path) -> Result<Option<Seen>, Error> {
    if !is_there(folder) {
        return Ok(None);
    }
    let sql = open::writing(&folder.join(open::DATABASE))?;
    if !sql.query_row(THERE, [], |row| row.get(0))? {
        return Ok(None);
    }
    let (store_id, epoch) = (read_meta(&sql, "store_id")?, read_meta(&sql, "epoch")?);
    let mark = mark_of(&sql)?;
    Ok(store_id.zip(epoch).map(|(store_id, epoch)| Seen { store_id, epoch, mark }))
}

/// Marks it, or takes the mark away. The caller holds the folder's lock.
pub(crate) fn set_mark(folder: &Path, mark: Option<&Mark>) -> Result<(), Error> {
    let sql = open::writing(&folder.join(open::DATABASE))?;
    sql.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE")?;
    write_mark(&sql, mark)?;
    Ok(sql.execute_batch("COMMIT")?)
}

/// A copy of such a queue becomes one of its own.
pub(super) fn forget(sql: &Connection) -> Result<(), Error> {
    if mark_of(sql)?.is_some() { write_mark(sql, None) } else { Ok(()) }
}

/// Where a queue went that is here no more.
pub(super) fn mark_of(sql: &Connection) -> Result<Option<Mark>, Error> {
    if !sql.query_row(IS_MARKED, [], |row| row.get(0))? {
        return Ok(None);
    }
    let read = "SELECT target, moved_at, epoch, has_arrived FROM moved";
    let row =
        sql.query_row(read, [], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?)));
    Ok(row.optional()?.map(|(to, at, epoch, is_over)| Mark {
        to,
        at: instant(at).unwrap_or_default(),
        epoch,
        is_over,
    }))
}

fn write_mark(sql: &Connection, mark: Option<&Mark>) -> Result<(), Error> {
    let found: i64 = sql.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let version = found % OF_LATER;
    let Some(mark) = mark else {
        sql.execute_batch(UNMARK)?;
        return Ok(sql.pragma_update(None, "user_version", version)?);
    };
    sql.execute_batch(MARK)?;
    let text = "INSERT INTO moved VALUES (1, ?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET has_arrived = excluded.has_arrived";
    sql.execute(text, (micros(mark.at), mark.epoch, mark.is_over, &mark.to))?;
    Ok(sql.pragma_update(None, "user_version", OF_LATER + version)?)
}

/// A file in which a queue arrives; it gets the name of a queue in the end.
pub(crate) struct Becoming {
    part: Part,
    name: PathBuf,
    end: FileEnd,
}

/// All is in it.
pub(crate) struct Written {
    part: Part,
    name: PathBuf,
}

impl Becoming {
    pub(crate) fn begin(folder: &Path) -> Result<Self, MoveError> {
        let name = folder.join(open::DATABASE);
        if let Some(found) = look(folder)?.map(|seen| in_words(folder, seen)).or_else(|| other_file(&name)) {
            return Err(MoveError::NotEmpty { place: folder.display().to_string(), found });
        }
        let part = Part::create(&name)?;
        let mut sql = open::private(&part.path)?;
        migrations::run(&mut sql, folder)?;
        sql.execute_batch("PRAGMA foreign_keys = OFF; BEGIN").map_err(Error::from)?;
        Ok(Self { part, name, end: FileEnd::of(sql) })
    }

    pub(crate) fn end(&self) -> &FileEnd {
        &self.end
    }

    /// Nothing more comes.
    pub(crate) async fn written(self) -> Result<Written, Error> {
        self.end.with(|sql| Ok(sql.execute_batch("COMMIT")?)).await?;
        drop(self.end);
        self.part.sync()?;
        Ok(Written { part: self.part, name: self.name })
    }
}

impl Written {
    /// It is the queue of its folder, and on disk when this returns.
    pub(crate) fn keep(self) -> Result<(), BackupError> {
        self.part.keep(&self.name, false)
    }
}

fn in_words(folder: &Path, seen: Seen) -> String {
    let file = folder.join(open::DATABASE);
    match seen.mark {
        Some(mark) => format!("{} is the queue that was moved to {}", file.display(), mark.to),
        None => format!("{} is a queue", file.display()),
    }
}

fn other_file(name: &Path) -> Option<String> {
    name.exists().then(|| format!("{} is there", name.display()))
}

/// A connection within a transaction. Asked by threads that may wait.
#[derive(Clone)]
pub(crate) struct FileEnd {
    sql: Arc<Mutex<Connection>>,
}

impl FileEnd {
    fn of(sql: Connection) -> Self {
        Self { sql: Arc::new(Mutex::new(sql)) }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let sql = Arc::clone(&self.sql);
        let working = move || work(&sql.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(working).await.map_err(|error| Error::Internal(error.to_string()))?
    }
}

impl End for FileEnd {
    async fn count(&self, table: &'static Table) -> Result<u64, Error> {
        let text = format!("SELECT count(*) FROM {}", rows_of(table));
        self.with(move |sql| Ok(count(sql.query_row(&text, [], |row| row.get(0))?))).await
    }

    async fn read(&self, table: &'static Table, slices: mpsc::Sender<Slice>) -> Result<(), Error> {
        let text = format!("SELECT {} FROM {} ORDER BY {}", names(table), rows_of(table), table.key);
        self.with(move |sql| {
            let mut statement = sql.prepare(&text)?;
            let mut found = statement.query([])?;
            let mut slice = Slice::default();
            while let Some(row) = found.next()? {
                slice.add(table, row)?;
                if slice.is_full() && slices.blocking_send(std::mem::take(&mut slice)).is_err() {
                    return Ok(());
                }
            }
            // Whoever hears no more has failed, and says so.
            drop(slices.blocking_send(slice));
            Ok(())
        })
        .await
    }

    async fn clear(&self, table: &'static Table) -> Result<(), Error> {
        let text = format!("DELETE FROM {}", table.name);
        self.with(move |sql| Ok(sql.execute_batch(&text)?)).await
    }

    async fn write(&self, table: &'static Table, slice: Slice) -> Result<(), Error> {
        let places: Vec<_> = (1..=table.columns().count()).map(|at| format!("?{at}")).collect();
        let text = format!("INSERT INTO {} ({}) VALUES ({})", table.name, names(table), places.join(", "));
        self.with(move |sql| {
            let mut statement = sql.prepare_cached(&text)?;
            for row in &slice.rows {
                statement.execute(params_from_iter(row))?;
            }
            Ok(())
        })
        .await
    }

    async fn numbers(&self) -> Result<BTreeMap<&'static str, i64>, Error> {
        self.with(|sql| {
            let mut numbers = BTreeMap::new();
            for (name, next) in [(MESSAGES, NEXT_MESSAGE), (EVENTS, NEXT_EVENT)] {
                numbers.insert(name, read_meta(sql, next)?.unwrap_or(1) - 1);
            }
            for name in NUMBERED {
                let last: Option<i64> = sql.query_row(LAST_ID, [name], |row| row.get(0)).optional()?;
                numbers.insert(name, last.unwrap_or(0));
            }
            Ok(numbers)
        })
        .await
    }

    async fn complete(&self, numbers: &BTreeMap<&'static str, i64>) -> Result<(), Error> {
        let numbers = numbers.clone();
        self.with(move |sql| {
            let last = |name| numbers.get(name).copied().unwrap_or(0);
            write_meta(sql, NEXT_MESSAGE, last(MESSAGES) + 1)?;
            write_meta(sql, NEXT_EVENT, last(EVENTS) + 1)?;
            // None is in its first attempt.
            write_meta(sql, FRESH_FLOOR, RecipientId::of(MessageId(last(MESSAGES) + 1), 0).0)?;
            for name in NUMBERED {
                sql.execute(FORGET_ID, [name])?;
                sql.execute(SET_ID, (name, last(name)))?;
            }
            sql.execute_batch(COUNT)?;
            sql.execute(COUNT_DOUBTS, [format!("count_{}", STATES.len())])?;
            Ok(())
        })
        .await
    }
}

fn rows_of(table: &Table) -> &'static str {
    table.rows.map_or(table.name, |[in_file, _]| in_file)
}

fn names(table: &Table) -> String {
    let names: Vec<_> = table.columns().map(|(name, _)| format!("\"{name}\"")).collect();
    names.join(", ")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Owned(rusqlite::types::Value::Null)),
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Octets(octets) => octets.to_sql(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{OpenError, moving::TABLES};

    /// A further table or column that nobody thought of here would be left behind.
    #[test]
    fn all_that_a_queue_has_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let sql = open::open(folder.path()).unwrap().writer;
        let text = "SELECT m.name || '.' || p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'";
        let mut statement = sql.prepare(text).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        let found: BTreeSet<String> = found.collect::<Result<_, _>>().unwrap();
        let moved: BTreeSet<String> = TABLES
            .iter()
            .flat_map(|table| table.columns().map(move |(name, _)| format!("{}.{name}", table.name)))
            .collect();
        let left: Vec<_> = found.difference(&moved).map(String::as_str).collect();
        // Nobody is being sent to; the rest is numbers, or made of another column.
        let of_the_file = [
            "migration.checksum",
            "migration.name",
            "migration.number",
            "recipient.claimed_in",
            "recipient.lease",
            "schedule.skips_next",
            "sqlite_sequence.name",
            "sqlite_sequence.seq",
        ];
        assert_eq!(left, of_the_file);
        assert_eq!(moved.difference(&found).count(), 0);
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        drop(open::open(folder.path()).unwrap());
        let mark = Mark { to: "there".to_owned(), at: instant(7).unwrap(), epoch: 3, is_over: false };
        set_mark(folder.path(), Some(&mark)).unwrap();
        let arrived = Mark { is_over: true, ..mark.clone() };
        for expected in [mark, arrived] {
            set_mark(folder.path(), Some(&expected)).unwrap();
            let sql = open::writing(&folder.path().join(open::DATABASE)).unwrap();
            assert_eq!(mark_of(&sql).unwrap(), Some(expected));
            let refused = open::open(folder.path()).err().unwrap();
            assert!(matches!(refused, OpenError::Moved { .. }), "{refused}");
            // What an earlier program sees.
            let version: i64 = sql.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
            assert!(version > OF_LATER);
        }
        set_mark(folder.path(), None).unwrap();
        open::open(folder.path()).unwrap();
    }
}
