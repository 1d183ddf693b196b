//! How many recipients each server took.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Sqlite, codes::micros, rows::at, writer::Tx};
use crate::{Error, SENT_KEPT, SENT_STRETCH, Sent, Settled, Settlement, Verdict};

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
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    for (settlement, settled) in settlements.iter().zip(settled) {
        let server = settlement.attempt.server.as_str();
        if *settled == Settled::Done && !server.is_empty() && was_taken(&settlement.verdict) {
            *taken.entry(counted_as.get(server).map_or(server, String::as_str)).or_default() += 1;
        }
    }
    for (server, count) in taken {
        if let Err(error) = add(tx, server, count, micros(now)) {
            tracing::error!(%error, "it could not be counted what a mail server took");
        }
    }
}

/// Did the server take it, or may it have?
fn was_taken(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Delivered | Verdict::Relayed | Verdict::InDoubt | Verdict::Deferred { in_doubt: true, .. }
    )
}

fn add(tx: &mut Tx<'_>, server: &str, count: i64, now: i64) -> Result<(), Error> {
    let stretch = i64::try_from(SENT_STRETCH.as_micros()).unwrap_or(i64::MAX);
    if tx.sql.prepare_cached(ADD)?.execute((server, now - stretch, count, now))? == 0 {
        let kept = i64::try_from(SENT_KEPT.as_micros()).unwrap_or(i64::MAX);
        tx.sql.prepare_cached(FORGET)?.execute([now - kept - stretch])?;
        tx.sql.prepare_cached(BEGIN)?.execute((server, now, count))?;
    }
    Ok(())
}

/// A stretch is left out when its last is too old.
fn kept_from(now: Timestamp) -> i64 {
    let kept = i64::try_from((SENT_KEPT + SENT_STRETCH).as_micros()).unwrap_or(i64::MAX);
    micros(now).saturating_sub(kept)
}
