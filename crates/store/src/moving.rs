//! A whole queue goes from a file to a server, or back: with all that waits, all that was, and the numbers that go on from there.
//!
//! Nothing may be sent from both. So the place that is left says so before what arrived can be seen ([`OpenError::Moved`]); should the
//! program end between the two, that is found out at the next attempt ([`Store::broken_off`]), and until then neither sends.
//! Wherever it ends before, both places are as they were.

mod rows;
mod tables;

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use self::rows::Sum;
pub(crate) use self::{
    rows::{Slice, Value},
    tables::{EVENTS, Kind, MESSAGES, NUMBERED, TABLES, Table},
};
use crate::{BackupError, Db, Error, OpenError, Server, Store, postgres, sqlite};

/// Slices that are read ahead.
const AHEAD: usize = 2;

/// Where a queue is, or is to be.
#[derive(Debug, Clone)]
pub enum Home {
    /// A file in this data folder.
    Folder(PathBuf),
    /// The server that several machines share.
    Server(Server),
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moving {
    /// The table that is being copied, or compared.
    pub table: &'static str,
    /// Rows so far.
    pub done: u64,
    /// Rows in all: each is written, and read once more where it arrived.
    pub of: u64,
}

/// A queue is at another place now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueMoved {
    /// From where.
    pub from: String,
    /// To where.
    pub to: String,
    /// When it was read.
    pub at: Timestamp,
    /// What each table's rows add up to, at both places.
    pub tables: BTreeMap<String, Sum>,
}

/// The queue was not moved, and is where it was unless this says something else.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is something already where it was to go.
    #[error("{place} is not empty: {found}")]
    NotEmpty {
        /// Where.
        place: String,
        /// What is there.
        found: String,
    },
    /// There is nothing to move.
    #[error("there is no queue in {0}")]
    NoQueue(String),
    /// Mail is sent from there, or was until half a minute ago.
    #[error("the machine {0} works on the queue of the database server, or did so until half a minute ago")]
    AtWork(String),
    /// Somebody is being sent to.
    #[error("{0} mails are being sent by a machine that has ended suddenly")]
    InHand(u64),
    /// It is not marked as moved.
    #[error("the queue was not moved away from {0}")]
    NotMoved(String),
    /// What arrived is not what was there.
    #[error("what arrived of {table} is not what was read ({sent:?}, {arrived:?})")]
    Different {
        /// Of which table.
        table: String,
        /// What was read.
        sent: Sum,
        /// What arrived.
        arrived: Sum,
    },
    /// The last word of the place where it went did not come.
    #[error("it is not known whether the queue has arrived at {to} ({error})")]
    NotKnown {
        /// Where it went.
        to: String,
        /// What came instead.
        error: Box<MoveError>,
    },
    /// The file where it was to go.
    #[error(transparent)]
    File(#[from] BackupError),
    /// One of the two cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of the two cannot be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What a queue says that has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) to: String,
    pub(crate) at: Timestamp,
    /// The opening under which it was moved.
    pub(crate) epoch: i64,
    /// It has arrived.
    pub(crate) is_over: bool,
}

impl Mark {
    /// Nobody works on such a queue.
    pub(crate) fn refusal(self, here: String) -> OpenError {
        OpenError::Moved { here, to: self.to, at: self.at, has_arrived: self.is_over }
    }
}

/// What is known of a queue that nobody has opened.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) store_id: i64,
    pub(crate) epoch: i64,
    pub(crate) mark: Option<Mark>,
}

/// One of the two places: the whole queue as it is at one instant, or as it becomes.
pub(crate) trait End {
    /// How many rows a table has.
    async fn count(&self, table: &'static Table) -> Result<u64, Error>;
    /// All of them in the order of the key, until nobody hears.
    async fn read(&self, table: &'static Table, slices: mpsc::Sender<Slice>) -> Result<(), Error>;
    /// Takes away what fills itself.
    async fn clear(&self, table: &'static Table) -> Result<(), Error>;
    /// Adds rows.
    async fn write(&self, table: &'static Table, slice: Slice) -> Result<(), Error>;
    /// The last ids that were given.
    async fn numbers(&self) -> Result<BTreeMap<&'static str, i64>, Error>;
    /// Ids go on from these; and whatever else belongs to the rows.
    async fn complete(&self, numbers: &BTreeMap<&'static str, i64>) -> Result<(), Error>;
}

impl Home {
    /// In words: without a password.
    pub fn words(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Server(server) => server.words(),
        }
    }

    /// Opens the queue that is there. None is made.
    pub async fn open(&self, now: Timestamp) -> Result<Store, MoveError> {
        match self {
            Self::Folder(folder) if !sqlite::moving::is_there(folder) => {
                Err(MoveError::NoQueue(self.words()))
            }
            Self::Folder(folder) => Ok(Store::open(folder, now)?),
            Self::Server(server) if postgres::moving::look(server).await?.is_none() => {
                Err(MoveError::NoQueue(self.words()))
            }
            Self::Server(server) => Ok(Store::connect(server, now).await?),
        }
    }

    async fn look(&self) -> Result<Option<Seen>, MoveError> {
        match self {
            Self::Folder(folder) => Ok(sqlite::moving::look(folder)?),
            Self::Server(server) => postgres::moving::look(server).await,
        }
    }

    async fn set_mark(&self, mark: Option<Mark>) -> Result<(), MoveError> {
        match self {
            Self::Folder(folder) => Ok(sqlite::moving::set_mark(folder, mark.as_ref())?),
            Self::Server(server) => postgres::moving::set_mark(server, mark.as_ref()).await,
        }
    }

    /// The data folder of this machine.
    fn folder(&self) -> &std::path::Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Server(server) => &server.folder,
        }
    }
}

/// Moves. Nobody else works on either queue meanwhile: this holds the folder's lock, and no machine enters.
impl Store {
    /// Takes the whole queue to `to`, where there is none yet, and closes it. Ids, instants, counts and history are the same there; all was read again there and compared. What is
    /// sealed stays sealed with the key of before. The queue that is left says where it went, and is not opened any more.
    ///
    /// To be called when outcomes of the last end are settled and [`Store::restart`] has sorted out what was being sent.
    pub async fn move_to(
        self,
        to: &Home,
        told: impl Fn(Moving),
        now: Timestamp,
    ) -> Result<QueueMoved, MoveError> {
        let moved = match (&self.db, to) {
            (Db::Sqlite(from), Home::Server(server)) => file_to_server(from, server, told, now).await,
            (Db::Postgres(from), Home::Folder(folder)) => server_to_file(from, folder, told, now).await,
            _ => Err(MoveError::NotEmpty { place: to.words(), found: "the queue itself".to_owned() }),
        };
        self.close().await?;
        moved
    }

    /// What became of a move that ended suddenly: when it was, if the queue has arrived, which is put on record then. Else the queue is at
    /// home again, as if it had not begun.
    pub async fn broken_off(from: &Home, to: &Home) -> Result<Option<Timestamp>, MoveError> {
        let _lock = sqlite::open::take(from.folder())?;
        let Some(left) = from.look().await? else { return Ok(None) };
        let Some(mark) = left.mark else { return Ok(None) };
        if mark.is_over || mark.to != to.words() {
            return Err(mark.refusal(from.words()).into());
        }
        let arrived = to.look().await?;
        if arrived.is_some_and(|found| found.store_id == left.store_id && found.epoch >= mark.epoch) {
            let at = mark.at;
            from.set_mark(Some(Mark { is_over: true, ..mark })).await?;
            return Ok(Some(at));
        }
        from.set_mark(None).await?;
        Ok(None)
    }

    /// The queue that was moved away from here is opened again. What has been sent since at the other place is sent once more: only a
    /// person can know that nothing was.
    pub async fn take_back(from: &Home) -> Result<(), MoveError> {
        let _lock = sqlite::open::take(from.folder())?;
        match from.look().await? {
            None => Err(MoveError::NoQueue(from.words())),
            Some(Seen { mark: None, .. }) => Err(MoveError::NotMoved(from.words())),
            Some(_) => from.set_mark(None).await,
        }
    }
}

async fn file_to_server(
    from: &sqlite::Sqlite,
    server: &Server,
    told: impl Fn(Moving),
    now: Timestamp,
) -> Result<QueueMoved, MoveError> {
    let (here, there) = (from.folder().display().to_string(), server.words());
    let reading = from.leaving().await?;
    let target = postgres::moving::target(server).await?;
    let mut connection = target.connection().await?;
    let writing = postgres::moving::begin(&target, &mut connection, server).await?;
    let tables = copy(&reading, &writing, told).await?;
    drop(reading);
    let mark = Mark { to: there, at: now, epoch: from.epoch(), is_over: false };
    from.leave(mark.clone()).await?;
    let moved = QueueMoved { from: here, to: mark.to.clone(), at: now, tables };
    writing.commit().await.map_err(|error| not_known(&mark, error))?;
    from.leave(Mark { is_over: true, ..mark }).await?;
    Ok(moved)
}

async fn server_to_file(
    from: &postgres::Postgres,
    folder: &std::path::Path,
    told: impl Fn(Moving),
    now: Timestamp,
) -> Result<QueueMoved, MoveError> {
    let there = folder.display().to_string();
    let writing = sqlite::moving::Becoming::begin(folder)?;
    let mut alone = from.connection().await?;
    let alone = from.alone(&mut alone).await?;
    let mut connection = from.connection().await?;
    let reading = from.leaving(&mut connection).await?;
    let tables = copy(&reading, writing.end(), told).await?;
    drop(reading);
    let file = writing.written().await?;
    let mark = Mark { to: there, at: now, epoch: from.epoch(), is_over: false };
    alone.leave(&mark).await?;
    let moved = QueueMoved { from: from.words().to_owned(), to: mark.to.clone(), at: now, tables };
    file.keep().map_err(|error| not_known(&mark, error))?;
    from.has_arrived().await?;
    Ok(moved)
}

fn not_known(mark: &Mark, error: impl Into<MoveError>) -> MoveError {
    MoveError::NotKnown { to: mark.to.clone(), error: Box::new(error.into()) }
}

/// Copies all tables, and compares what arrived.
async fn copy(
    from: &impl End,
    to: &impl End,
    told: impl Fn(Moving),
) -> Result<BTreeMap<String, Sum>, MoveError> {
    let (mut all, mut done) = (0, 0);
    for table in &TABLES {
        all += from.count(table).await?;
    }
    let mut tell = |table: &Table, rows: usize| {
        done += rows as u64;
        told(Moving { table: table.name, done, of: all * 2 });
    };
    let mut sent = BTreeMap::new();
    for table in &TABLES {
        if table.fills_itself {
            to.clear(table).await?;
        }
        let sum = each_slice(from, table, async |slice| {
            tell(table, slice.rows.len());
            to.write(table, slice).await
        });
        sent.insert(table.name, sum.await?);
    }
    let numbers = from.numbers().await?;
    to.complete(&numbers).await?;
    for table in &TABLES {
        let arrived = each_slice(to, table, async |slice| {
            tell(table, slice.rows.len());
            Ok(())
        });
        let (sent, arrived) = (sent.get(table.name).copied().unwrap_or_default(), arrived.await?);
        if arrived != sent {
            return Err(MoveError::Different { table: table.name.to_owned(), sent, arrived });
        }
    }
    if to.numbers().await? != numbers {
        let (table, none) = ("numbers".to_owned(), Sum::default());
        return Err(MoveError::Different { table, sent: none, arrived: none });
    }
    Ok(sent.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect())
}

/// Reads a table while something is done with what was read before; gives what it adds up to.
async fn each_slice(
    from: &impl End,
    table: &'static Table,
    mut work: impl AsyncFnMut(Slice) -> Result<(), Error>,
) -> Result<Sum, Error> {
    let (sender, mut slices) = mpsc::channel(AHEAD);
    let working = async move {
        let mut sum = Sum::default();
        while let Some(slice) = slices.recv().await {
            sum = sum.with(&slice);
            work(slice).await?;
        }
        Ok::<_, Error>(sum)
    };
    let ((), sum) = tokio::try_join!(from.read(table, sender), working)?;
    Ok(sum)
}
