//! How many recipients each server took.

use std::{collections::BTreeMap, sync::PoisonError};

use jiff::Timestamp;

use super::{Postgres, opened::Opened, tx::Tx};
use crate::{
    Error, Sent, Settled, Settlement,
    codes::{count, instant, micros},
    rows::Columns as _,
    sent::{kept_from, stretch_from, taken},
};

/// A line is added to the stretch that runs, and no line is changed: settlements of one server wait for nobody.
const ADD: &str = "INSERT INTO sent (server, sent_at, count)
    SELECT $1, coalesce((SELECT max(sent_at) FROM sent WHERE server = $1 AND sent_at > $3 AND sent_at <= $2), $2), $4
    RETURNING sent_at = $2";
const FORGET: &str = "DELETE FROM sent WHERE server = $1 AND sent_at <= $2";
const SINCE: &str = "SELECT sent_at, sum(count)::BIGINT FROM sent WHERE server = $1 AND sent_at > $2 GROUP BY sent_at ORDER BY sent_at";

impl Postgres {
    pub(crate) fn count_as(&self, server: &str, account: &str) {
        let mut counted_as = self.opened.counted_as.lock().unwrap_or_else(PoisonError::into_inner);
        if counted_as.get(server).is_none_or(|known| known != account) {
            counted_as.insert(server.to_owned(), account.to_owned());
        }
    }

    pub(crate) async fn sent(&self, server: String, now: Timestamp) -> Result<Vec<Sent>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        for row in tx.all(SINCE, &[&server, &kept_from(now)]).await? {
            let count = count(row.id(1)?);
            all.extend(instant(row.id(0)?).map(|began_at| Sent { began_at, count }));
        }
        Ok(all)
    }
}

/// Counts what was settled.
pub(super) async fn count_taken(
    opened: &Opened,
    tx: &Tx<'_>,
    settled: &[(&Settlement, Settled)],
    now: Timestamp,
) -> Result<(), Error> {
    let counted_as = opened.counted_as.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let taken: BTreeMap<&str, i64> = taken(settled.iter().copied(), &counted_as);
    let (at, since) = (micros(now), stretch_from(now));
    for (server, count) in &taken {
        // With each stretch that begins, what nobody asks for any more is forgotten.
        if tx.one(ADD, &[server, &at, &since, count]).await?.is(0)? {
            tx.run(FORGET, &[server, &kept_from(now)]).await?;
        }
    }
    Ok(())
}
