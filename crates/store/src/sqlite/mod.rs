//! The SQLite back end: one file, one thread that writes, a few connections that read.

mod accept;
mod ageing;
mod alarms;
mod applications;
mod audit;
pub(crate) mod backup;
mod brokered;
mod came_back;
mod claim;
mod clock;
mod columns;
mod counts;
mod draft;
mod duties;
mod errors;
mod events;
mod expire;
mod links;
mod list;
mod logos;
mod looks;
mod mail_accounts;
mod migrations;
mod moves;
pub(crate) mod moving;
mod notices;
mod obligations;
mod once;
pub(crate) mod open;
mod pause;
mod people;
mod person_keys;
mod preferences;
mod readers;
mod restart;
pub(crate) mod restore;
mod returned;
mod rows;
mod runs;
mod saved_notices;
mod schedule_turns;
mod schedules;
mod sealed;
mod sent;
mod sessions;
mod settle;
mod sweep;
mod tally;
mod turns;
mod unreachable;
mod unsettled;
mod upkeep;
mod webhooks;
mod writer;
mod written;

pub(crate) use preferences::peek_preferences;

use std::{
    future::{Ready, ready},
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Transaction, TransactionBehavior};

use self::{readers::Readers, writer::Writer};
use crate::{Error, Lease, OpenError, RecipientId, Restarted, Stats, codes};

/// An open database.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Readers,
    store_id: u64,
    epoch: i64,
    /// The first message id of this epoch: what is in flight below it is from an earlier one.
    first_message: i64,
    /// By how much the machine's clock was set before this opening and those before, if nobody has heard of it.
    clock_set: Option<SignedDuration>,
    counted_as: sent::CountedAs,
}

impl Sqlite {
    pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let open::Opened { lock, writer: connection } = open::open(folder)?;
        let begun = begin_epoch(&connection, now)?;
        let writer = Writer::start(connection, lock)?;
        let readers = Readers::new(folder.join(open::DATABASE));
        let Begun { store_id, epoch, first_message, clock_set } = begun;
        let counted_as = sent::CountedAs::default();
        Ok(Self { writer, readers, store_id, epoch, first_message, clock_set, counted_as })
    }

    pub(crate) fn store_id(&self) -> u64 {
        self.store_id
    }

    pub(crate) fn epoch(&self) -> i64 {
        self.epoch
    }

    pub(crate) fn stats(&self) -> Stats {
        self.writer.stats()
    }

    /// Nobody else claims or takes over while the writer holds the folder's lock.
    pub(crate) fn mark(&self, _recipients: &[(RecipientId, Lease)]) -> Ready<Result<bool, Error>> {
        ready(if self.writer.holds_lock() { Ok(true) } else { Err(Error::Closed) })
    }

    /// There is no other machine.
    pub(crate) fn take_over(&self, _now: Timestamp) -> Ready<Result<Restarted, Error>> {
        ready(if self.writer.holds_lock() { Ok(Restarted::default()) } else { Err(Error::Closed) })
    }

    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.readers.close().await;
        self.writer.close().await
    }
}

/// One opening.
struct Begun {
    store_id: u64,
    epoch: i64,
    first_message: i64,
    clock_set: Option<SignedDuration>,
}

fn begin_epoch(connection: &rusqlite::Connection, now: Timestamp) -> Result<Begun, Error> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let sql = &*transaction;
    sql.execute_batch(
        "INSERT OR IGNORE INTO meta VALUES ('store_id', abs(random() / 2));
         INSERT INTO meta VALUES ('epoch', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
    )?;
    sql.execute("INSERT OR IGNORE INTO meta VALUES ('created_at', ?1)", [codes::micros(now)])?;
    let store_id = draft::read_meta(sql, "store_id")?.unwrap_or(0);
    let epoch = draft::read_meta(sql, "epoch")?.unwrap_or(1);
    let first_message = draft::read_meta(sql, "next_message")?.unwrap_or(1);
    let clock_set = clock::open(sql, first_message, now)?;
    transaction.commit()?;
    Ok(Begun { store_id: codes::count(store_id), epoch, first_message, clock_set })
}
