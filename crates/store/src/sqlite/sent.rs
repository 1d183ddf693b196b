//! How many recipients each server took.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Sqlite, codes::micros, rows::at, writer::Tx};
use crate::{
    Error, Sent, Settled, Settlement,
    sent::{kept_from, stretch_from, taken},
};

const ADD: &str = "UPDATE sent SET count = count + ?3 WHERE server = ?1 AND sent_at > ?2 AND sent_at <= ?4";
const BEGIN: &str = "INSERT INTO sent (server, sent_at, count) VALUES (?1, ?2, ?3)";
const FORGET: &str = "DELETE FROM sent WHERE sent_at <= ?1";
const SINCE: &str = "SELECT sent_at, count FROM sent WHERE server = ?1 AND sent_at > ?2 ORDER BY sent_at";

/// Servers, and the account as whose is counted what each takes.
pub(super) type CountedAs = Arc<Mutex<BTreeMap<String, String>>>;

impl Sqlite {
    pub(crate) fn count_as(&self, server: &str, account: &str) {
        let mut counted_as = self.counted_as.lock().unwrap_or_else(PoisonError::into_inner);
        if counted_as.get(server).is_none_or(|known| known != account) {
            counted_as.insert(server.to_owned(), account.to_owned());
        }
    }

    pub(crate) async fn sent(&self, server: String, now: Timestamp) -> Result<Vec<Sent>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(SINCE)?;
                let mut found = statement.query((server, kept_from(now)))?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
                    all.extend(at(row, 0)?.map(|began_at| Sent { began_at, count }));
                }
                Ok(all)
            })
            .await
    }
}

/// Counts what was settled. That it cannot be counted keeps no outcome from being stored.
pub(super) fn count(
    tx: &mut Tx<'_>,
    settlements: &[Settlement],
    settled: &[Settled],
    now: Timestamp,
    counted_as: &CountedAs,
) {
    let counted_as = counted_as.lock().unwrap_or_else(PoisonError::into_inner);
    for (server, count) in taken(settlements.iter().zip(settled.iter().copied()), &counted_as) {
        if let Err(error) = add(tx, server, count, now) {
            tracing::error!(%error, "it could not be counted what a mail server took");
        }
    }
}

fn add(tx: &mut Tx<'_>, server: &str, count: i64, now: Timestamp) -> Result<(), Error> {
    if tx.sql.prepare_cached(ADD)?.execute((server, stretch_from(now), count, micros(now)))? == 0 {
        tx.sql.prepare_cached(FORGET)?.execute([kept_from(now)])?;
        tx.sql.prepare_cached(BEGIN)?.execute((server, micros(now), count))?;
    }
    Ok(())
}
