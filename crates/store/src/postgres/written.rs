//! Whether somebody was written to about the same lately, and what became of that mail.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Postgres, tx::Tx};
use crate::{
    Error, LedgerKey, NamedItems, WrittenBefore,
    codes::{instant, micros},
    rows::Columns as _,
    written::Became,
};

const WRITTEN: &str =
    "SELECT item, written_at, message FROM ledger WHERE notice = $1 AND item = ANY($2) AND written_at > $3
    AND (message IS NULL OR message <> ALL($4))";
const RECIPIENTS: &str = "SELECT r.id, r.state, r.in_doubt_at IS NOT NULL, r.settled_at, a.address FROM recipient r JOIN addressee a ON a.id = r.id
    WHERE r.id BETWEEN $1::BIGINT * 65536 AND $1::BIGINT * 65536 + 65535 ORDER BY r.id";
const AGAIN: &str = "SELECT id FROM message WHERE tags[1] = 'sent again' AND tags[2] = ANY($1)";

impl Postgres {
    pub(crate) async fn written_before(
        &self,
        notice: String,
        people: Vec<NamedItems>,
        since: Timestamp,
    ) -> Result<Vec<Option<WrittenBefore>>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let none = BTreeSet::new();
        let mut all = Vec::with_capacity(people.len());
        for one in &people {
            all.push(before(&tx, &notice, one, micros(since), &none).await?);
        }
        Ok(all)
    }
}

/// Why nobody at these addresses is written to about these items: all were written about after `since`, by other messages than `but`, and none
/// of those messages came back from all its addresses while one of these is not among them.
pub(super) async fn before(
    tx: &Tx<'_>,
    notice: &str,
    person: &NamedItems,
    since: i64,
    but: &BTreeSet<i64>,
) -> Result<Option<WrittenBefore>, Error> {
    let known = written(tx, notice, &person.keys, since, but).await?;
    if person.keys.iter().any(|key| !known.contains_key(key)) {
        return Ok(None);
    }
    let Some(last_at) = known.values().filter_map(|(at, _)| instant(*at)).max() else { return Ok(None) };
    let messages: BTreeSet<i64> = known.values().filter_map(|(_, message)| *message).collect();
    let mut found = Some(WrittenBefore::at(last_at));
    for message in messages {
        let became = became(tx, message).await?;
        found = found.and_then(|found| found.with(message, &became, person));
    }
    Ok(found)
}

/// When each of these items was last written about, and by which message, if that was after `since` and by another than these.
pub(super) async fn written(
    tx: &Tx<'_>,
    notice: &str,
    keys: &[LedgerKey],
    since: i64,
    but: &BTreeSet<i64>,
) -> Result<BTreeMap<LedgerKey, (i64, Option<i64>)>, Error> {
    let (items, but): (Vec<_>, Vec<_>) =
        (keys.iter().map(|key| key.0.as_str()).collect(), but.iter().collect());
    let mut all = BTreeMap::new();
    for row in tx.all(WRITTEN, &[&notice, &items, &since, &but]).await? {
        all.insert(LedgerKey(row.text(0)?.unwrap_or_default()), (row.id(1)?, row.number(2)?));
    }
    Ok(all)
}

/// What became of a mail, and of all that was sent again in its place.
async fn became(tx: &Tx<'_>, message: i64) -> Result<Became, Error> {
    let mut became = Became::default();
    let mut open = vec![message];
    while let Some(message) = open.pop() {
        let rows = tx.all(RECIPIENTS, &[&message]).await?;
        if rows.is_empty() {
            became.nothing_is_known();
        }
        let mut ended = Vec::new();
        for row in &rows {
            ended.extend(became.see(message, row)?.map(|id| format!("sent again for {id}")));
        }
        if !ended.is_empty() {
            for row in tx.all(AGAIN, &[&ended]).await? {
                open.push(row.id(0)?);
            }
        }
    }
    Ok(became)
}
