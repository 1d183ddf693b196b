//! A transaction, and how its statements are asked. There is none that lives longer than the operation that began it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::{IsolationLevel, Row, RowStream, types::ToSql};

use super::{Postgres, event_log, opened::Opened, rings};
use crate::{Error, Lease};

/// Values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One transaction. Dropped before its commit it changes nothing.
pub(super) struct Tx<'a> {
    sql: Transaction<'a>,
    /// Written last, as their ids are given under a lock.
    noted: Mutex<Vec<event_log::Line>>,
    /// Other machines are rung for with the commit.
    rings: AtomicBool,
    /// Under which something is stored.
    leases: Mutex<Vec<i64>>,
    opened: &'a Opened,
}

impl Opened {
    /// A connection, for one transaction.
    pub(crate) async fn connection(&self) -> Result<Object, Error> {
        Ok(self.pool.get().await?)
    }

    /// Begins a transaction that writes.
    pub(super) async fn write<'a>(&'a self, connection: &'a mut Object) -> Result<Tx<'a>, Error> {
        Ok(self.tx(connection.transaction().await?))
    }

    /// Begins one that reads what was committed when it asks first.
    pub(super) async fn read<'a>(&'a self, connection: &'a mut Object) -> Result<Tx<'a>, Error> {
        let reading = connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        Ok(self.tx(reading.read_only(true).start().await?))
    }

    fn tx<'a>(&'a self, sql: Transaction<'a>) -> Tx<'a> {
        Tx {
            sql,
            noted: Mutex::default(),
            rings: AtomicBool::default(),
            leases: Mutex::default(),
            opened: self,
        }
    }
}

/// What operations do: `let mut connection = self.connection().await?; let tx = self.write(&mut connection).await?; ...; tx.commit().await?`.
impl Postgres {
    pub(crate) async fn connection(&self) -> Result<Object, Error> {
        self.opened.connection().await
    }

    pub(super) async fn write<'a>(&'a self, connection: &'a mut Object) -> Result<Tx<'a>, Error> {
        self.opened.write(connection).await
    }

    pub(super) async fn read<'a>(&'a self, connection: &'a mut Object) -> Result<Tx<'a>, Error> {
        self.opened.read(connection).await
    }
}

impl Tx<'_> {
    /// All rows.
    pub(super) async fn all(&self, text: &str, values: Values<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.sql.prepare_cached(text).await?;
        Ok(self.sql.query(&statement, values).await?)
    }

    /// The only row, if there is one.
    pub(super) async fn first(&self, text: &str, values: Values<'_>) -> Result<Option<Row>, Error> {
        let statement = self.sql.prepare_cached(text).await?;
        Ok(self.sql.query_opt(&statement, values).await?)
    }

    /// The only row, which is always there.
    pub(super) async fn one(&self, text: &str, values: Values<'_>) -> Result<Row, Error> {
        let statement = self.sql.prepare_cached(text).await?;
        Ok(self.sql.query_one(&statement, values).await?)
    }

    /// How many rows were changed.
    pub(super) async fn run(&self, text: &str, values: Values<'_>) -> Result<u64, Error> {
        let statement = self.sql.prepare_cached(text).await?;
        Ok(self.sql.execute(&statement, values).await?)
    }

    /// All rows, one after the other as they come.
    pub(super) async fn stream(&self, text: &str) -> Result<RowStream, Error> {
        let statement = self.sql.prepare_cached(text).await?;
        Ok(self.sql.query_raw(&statement, Vec::<i64>::new()).await?)
    }

    /// Several statements without values.
    pub(super) async fn batch(&self, text: &str) -> Result<(), Error> {
        Ok(self.sql.batch_execute(text).await?)
    }

    /// To be written with this transaction.
    pub(super) fn note(&self, line: event_log::Line) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Mail waits with its commit that other machines may send.
    pub(super) fn ring(&self) {
        self.rings.store(true, Ordering::Relaxed);
    }

    /// With its commit something is under this lease.
    pub(super) fn leased(&self, lease: Lease) {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner).push(lease.0);
    }

    /// It is on disk when this returns.
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.commit_all(1).await
    }

    /// The same for so many operations together.
    pub(super) async fn commit_all(self, operations: usize) -> Result<(), Error> {
        let noted = std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner));
        if self.rings.load(Ordering::Relaxed) {
            rings::for_mail(&self, self.opened.epoch).await?;
        }
        let last = event_log::write(&self, &noted).await?;
        let leases = std::mem::take(&mut *self.leases.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(error) = self.sql.commit().await {
            self.opened.lose(leases);
            return Err(error.into());
        }
        self.opened.have(&leases);
        self.opened.counters.committed(operations);
        if let Some(last) = last {
            self.opened.tell(last);
        }
        Ok(())
    }
}
