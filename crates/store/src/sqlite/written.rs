//! Whether somebody was written to about the same lately, and what became of that mail.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{instant, micros},
};
use crate::{Error, LedgerKey, NamedItems, WrittenBefore, written::Became};

const WRITTEN: &str = "SELECT written_at, message FROM ledger WHERE notice = ?1 AND item = ?2";
const RECIPIENTS: &str = "SELECT id, state, in_doubt_at IS NOT NULL, settled_at, address FROM recipient
    WHERE id BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535";
const AGAIN: &str = "SELECT id FROM message INDEXED BY message_sent_again
    WHERE json_extract(tags, '$[0]') = 'sent again' AND json_extract(tags, '$[1]') = 'sent again for ' || ?1";

impl Sqlite {
    pub(crate) async fn written_before(
        &self,
        notice: String,
        people: Vec<NamedItems>,
        since: Timestamp,
    ) -> Result<Vec<Option<WrittenBefore>>, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let none = BTreeSet::new();
                people.iter().map(|one| before(sql, &notice, one, micros(since), &none)).collect()
            })
            .await
    }
}

/// Why nobody at these addresses is written to about these items: all were written about after `since`, by other messages than `but`, and none
/// of those messages came back from all its addresses while one of these is not among them.
pub(super) fn before(
    sql: &Connection,
    notice: &str,
    person: &NamedItems,
    since: i64,
    but: &BTreeSet<i64>,
) -> Result<Option<WrittenBefore>, Error> {
    let (mut last_at, mut messages) = (None, BTreeSet::new());
    for key in &person.keys {
        let Some((written_at, message)) = written(sql, notice, key, since, but)? else { return Ok(None) };
        last_at = last_at.max(instant(written_at));
        messages.extend(message);
    }
    let Some(last_at) = last_at else { return Ok(None) };
    let mut found = Some(WrittenBefore::at(last_at));
    for message in messages {
        let became = became(sql, message)?;
        found = found.and_then(|found| found.with(message, &became, person));
    }
    Ok(found)
}

/// When this item was last written about, and by which message, if that was after `since` and by another than these.
pub(super) fn written(
    sql: &Connection,
    notice: &str,
    key: &LedgerKey,
    since: i64,
    but: &BTreeSet<i64>,
) -> Result<Option<(i64, Option<i64>)>, Error> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?));
    let found = sql.prepare_cached(WRITTEN)?.query_row((notice, &key.0), read).optional()?;
    Ok(found.filter(|(at, message)| *at > since && message.is_none_or(|message| !but.contains(&message))))
}

/// What became of a mail, and of all that was sent again in its place.
fn became(sql: &Connection, message: i64) -> Result<Became, Error> {
    let mut became = Became::default();
    let mut open = vec![message];
    while let Some(message) = open.pop() {
        let mut statement = sql.prepare_cached(RECIPIENTS)?;
        let mut found = statement.query([message])?;
        let (mut ended, mut nobody) = (Vec::new(), true);
        while let Some(row) = found.next()? {
            nobody = false;
            ended.extend(became.see(message, row)?);
        }
        if nobody {
            became.nothing_is_known();
        }
        for recipient in ended {
            let mut statement = sql.prepare_cached(AGAIN)?;
            let again = statement.query_map([recipient], |row| row.get(0))?;
            open.extend(again.collect::<Result<Vec<i64>, _>>()?);
        }
    }
    Ok(became)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn what_was_sent_again_is_found_by_its_index() {
        let plan = open::tests::plan(AGAIN);
        assert!(plan.contains("message_sent_again (<expr>=?"), "{plan}");
    }
}
