//! Whether somebody was written to about the same lately, and what became of that mail.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Address;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{instant, micros, state},
    notices::unreadable,
    rows::{at, text},
};
use crate::{Error, LedgerKey, MessageId, NamedItems, Stands, State, WrittenBefore};

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
                let one = |NamedItems { keys, to }: &NamedItems| {
                    before(sql, &notice, (keys, to), micros(since), &none)
                };
                people.iter().map(one).collect()
            })
            .await
    }
}

/// Why nobody at these addresses is written to about these items: all were written about after `since`, by other messages than `but`, and none
/// of those messages came back from all its addresses while one of these is not among them.
pub(super) fn before(
    sql: &Connection,
    notice: &str,
    (keys, to): (&[LedgerKey], &[Address]),
    since: i64,
    but: &BTreeSet<i64>,
) -> Result<Option<WrittenBefore>, Error> {
    let (mut last_at, mut messages) = (None, BTreeSet::new());
    for key in keys {
        let Some((written_at, message)) = written(sql, notice, key, since, but)? else { return Ok(None) };
        last_at = last_at.max(instant(written_at));
        messages.extend(message);
    }
    let Some(last_at) = last_at else { return Ok(None) };
    let mut found = WrittenBefore { last_at, message: None, stands: Stands::Written };
    for message in messages {
        let became = Became::of(sql, message)?;
        let (message, stands) = became.stands(message);
        let is_back = matches!(stands, Stands::CameBack { .. });
        if is_back && to.iter().any(|address| !became.addresses.contains(&plain(address.as_str()))) {
            return Ok(None);
        }
        if stands.weight() > found.stands.weight() {
            found = WrittenBefore { last_at, message: Some(MessageId(message)), stands };
        }
    }
    Ok(Some(found))
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
#[derive(Default)]
struct Became {
    /// Somebody has it, or nothing is known of it any more.
    arrived: bool,
    waits: Option<i64>,
    in_doubt: Option<i64>,
    came_back: Option<(Timestamp, i64)>,
    /// Where it was to go.
    addresses: BTreeSet<String>,
}

impl Became {
    fn of(sql: &Connection, message: i64) -> Result<Self, Error> {
        let mut became = Self::default();
        let mut open = vec![message];
        while let Some(message) = open.pop() {
            for recipient in became.add(sql, message)? {
                let mut statement = sql.prepare_cached(AGAIN)?;
                let again = statement.query_map([recipient], |row| row.get(0))?;
                open.extend(again.collect::<Result<Vec<i64>, _>>()?);
            }
        }
        Ok(became)
    }

    /// The recipients of a message; those for whom it may have been sent again are given.
    fn add(&mut self, sql: &Connection, message: i64) -> Result<Vec<i64>, Error> {
        let mut statement = sql.prepare_cached(RECIPIENTS)?;
        let mut found = statement.query([message])?;
        let (mut ended, mut nobody) = (Vec::new(), true);
        while let Some(row) = found.next()? {
            nobody = false;
            self.addresses.insert(plain(&text(row, 4)?.unwrap_or_default()));
            let (doubt, settled_at): (bool, _) = (row.get(2)?, at(row, 3)?);
            match state(row.get(1)?).ok_or_else(|| unreadable("recipient.state"))? {
                State::Delivered | State::Practiced => self.arrived = true,
                State::Returned => {
                    ended.push(row.get(0)?);
                    self.came_back = self.came_back.max(settled_at.map(|at| (at, message)));
                }
                State::InDoubt => self.in_doubt = Some(message),
                State::Cancelled if doubt => {
                    ended.push(row.get(0)?);
                    self.in_doubt = Some(message);
                }
                _ if doubt => self.in_doubt = Some(message),
                State::Waiting | State::Sending | State::Held => self.waits = Some(message),
                State::Cancelled => {}
            }
        }
        // Old mail is deleted, and what is known of it with it.
        self.arrived |= nobody;
        Ok(ended)
    }

    /// And which of the mails says so.
    fn stands(&self, message: i64) -> (i64, Stands) {
        match (self.arrived, self.in_doubt, self.waits, self.came_back) {
            (true, ..) | (false, None, None, None) => (message, Stands::Written),
            (_, Some(message), ..) => (message, Stands::MayHaveArrived),
            (_, _, Some(message), _) => (message, Stands::Waits),
            (.., Some((at, message))) => (message, Stands::CameBack { at }),
        }
    }
}

impl Stands {
    /// What is to be said first where several mails were written.
    fn weight(self) -> u8 {
        match self {
            Self::Written => 0,
            Self::Waits => 1,
            Self::MayHaveArrived => 2,
            Self::CameBack { .. } => 3,
        }
    }
}

/// As two spellings of one address are the same.
fn plain(address: &str) -> String {
    address.to_lowercase()
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
