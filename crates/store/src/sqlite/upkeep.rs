//! Retention, and the check of the whole file.

mod lists;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite,
    codes::{STATES, micros, state},
    draft::read_meta,
    writer::Tx,
};
use crate::{Error, MessageId, RecipientId};

/// Messages with a body, and messages at all, in the order of acceptance.
const BODIES: &str =
    "SELECT m.id, m.accepted_at FROM body b CROSS JOIN message m ON m.id = b.message ORDER BY b.message";
const MESSAGES: &str = "SELECT id, accepted_at FROM message ORDER BY id";
/// A clock that was set may have left some out of that order.
const TOO_YOUNG: usize = 1_000;
/// Final for every recipient since before ?3, and no report is owed.
const KEPT: &str = "SELECT EXISTS (SELECT 1 FROM recipient r WHERE r.id BETWEEN ?1 AND ?2
    AND (r.state NOT IN (3, 4, 5, 7) OR r.settled_at >= ?3
         OR r.id IN (SELECT o.recipient FROM obligation o WHERE o.recipient BETWEEN ?1 AND ?2)))";

/// Row invariants that must find nothing.
const INVARIANTS: [(&str, &str); 4] = [
    (
        "recipients without their message",
        "SELECT count(*) FROM recipient r LEFT JOIN message m ON m.id = r.id / 65536 WHERE m.id IS NULL",
    ),
    (
        "unfinished recipients without a body",
        "SELECT count(*) FROM recipient r LEFT JOIN body b ON b.message = r.id / 65536
         WHERE r.state IN (0, 1, 2, 6) AND b.message IS NULL",
    ),
    (
        "owed reports on recipients that are neither returned nor relayed",
        "SELECT count(*) FROM obligation o LEFT JOIN recipient r ON r.id = o.recipient
         WHERE coalesce(r.state NOT IN (3, 5), 1)",
    ),
    (
        "bodies without their message",
        "SELECT count(*) FROM body b LEFT JOIN message m ON m.id = b.message WHERE m.id IS NULL",
    ),
];

/// Sites and states of which another number was counted than there are rows.
const WRONG_TALLIES: &str = "SELECT count(*) FROM (SELECT 1 FROM (
        SELECT site, state, sum(recipients) AS n FROM tally GROUP BY site, state
        UNION ALL SELECT coalesce(m.site, ''), r.state, -count(*)
        FROM recipient r JOIN message m ON m.id = r.id / 65536 GROUP BY 1, 2)
    GROUP BY site, state HAVING sum(n) <> 0)";
/// Quarters, sites and states in which more came to their end than were counted, as far back as it is counted; fewer are there once old
/// mail is purged.
const WRONG_ANSWERED: &str = "SELECT count(*) FROM (
        SELECT coalesce(r.settled_at, r.aside_at) / 900000000 AS quarter, coalesce(m.site, '') AS site, r.state AS state, count(*) AS n
        FROM recipient r JOIN message m ON m.id = r.id / 65536 WHERE r.state IN (2, 3, 4, 5, 7) GROUP BY 1, 2, 3) found
    LEFT JOIN answered a USING (quarter, site, state)
    WHERE quarter >= (SELECT min(quarter) FROM answered) AND n > coalesce(a.recipients, 0)
        OR EXISTS (SELECT 1 FROM answered WHERE recipients < 0)";

/// What a slice may erase.
struct Purgeable {
    bodies: Vec<MessageId>,
    rows: Vec<MessageId>,
    lists: usize,
}

impl Sqlite {
    pub(crate) async fn purge(
        &self,
        bodies_before: Timestamp,
        rows_before: Timestamp,
        limit: usize,
    ) -> Result<u64, Error> {
        let found = self
            .readers
            .read(move |sql| {
                Ok(Purgeable {
                    bodies: purgeable(sql, BODIES, bodies_before, limit)?,
                    rows: purgeable(sql, MESSAGES, rows_before, limit)?,
                    lists: lists::old(sql, rows_before, limit)?,
                })
            })
            .await?;
        let most = found.bodies.len().max(found.rows.len()).max(found.lists);
        let mut purged = 0;
        if most > 0 {
            let slice = move |tx: &mut Tx<'_>| purge_slice(tx, &found, bodies_before, rows_before, limit);
            purged = self.writer.write(slice).await?;
        }
        if most < limit || purged == 0 {
            self.writer.sweep().await?;
        }
        Ok(purged)
    }

    pub(crate) async fn check(&self) -> Result<Vec<String>, Error> {
        self.readers.read(|sql| check(&*sql.unchecked_transaction()?)).await
    }
}

fn purge_slice(
    tx: &mut Tx<'_>,
    found: &Purgeable,
    bodies_before: Timestamp,
    rows_before: Timestamp,
    limit: usize,
) -> Result<u64, Error> {
    tx.erased = true;
    let mut purged = lists::purge(tx.sql, rows_before, limit)?;
    for id in &found.bodies {
        // Asked again: a person may have moved it since.
        if !kept(tx.sql, *id, bodies_before)? {
            let mut statement = tx.sql.prepare_cached("DELETE FROM body WHERE message = ?1")?;
            purged += statement.execute([id.0])? as u64;
        }
    }
    for id in &found.rows {
        if !kept(tx.sql, *id, rows_before)? {
            purge_rows(tx, *id)?;
            purged += 1;
        }
    }
    Ok(purged)
}

/// The first `limit` messages that may go. Acceptance and ids rise together, and nothing is final before it is accepted: the
/// search ends when many in a row were accepted too late.
fn purgeable(sql: &Connection, from: &str, before: Timestamp, limit: usize) -> Result<Vec<MessageId>, Error> {
    let mut statement = sql.prepare_cached(from)?;
    let mut found = statement.query([])?;
    let (mut ids, mut too_young) = (Vec::new(), 0);
    while ids.len() < limit
        && too_young < TOO_YOUNG
        && let Some(row) = found.next()?
    {
        let (id, accepted_at): (i64, i64) = (row.get(0)?, row.get(1)?);
        too_young = if accepted_at >= micros(before) { too_young + 1 } else { 0 };
        if too_young == 0 && !kept(sql, MessageId(id), before)? {
            ids.push(MessageId(id));
        }
    }
    Ok(ids)
}

fn kept(sql: &Connection, id: MessageId, before: Timestamp) -> Result<bool, Error> {
    let (first, last) = range(id);
    Ok(sql.prepare_cached(KEPT)?.query_row((first, last, micros(before)), |row| row.get(0))?)
}

fn purge_rows(tx: &mut Tx<'_>, id: MessageId) -> Result<(), Error> {
    let (first, last) = range(id);
    let mut statement = tx
        .sql
        .prepare_cached("SELECT state, in_doubt_at IS NOT NULL FROM recipient WHERE id BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((first, last))?;
    while let Some(row) = found.next()? {
        if let Some(state) = state(row.get(0)?) {
            tx.draft.left(state, 1);
        }
        tx.draft.ever_in_doubt(-i64::from(row.get::<_, bool>(1)?));
    }
    drop(found);
    for sql in [
        "DELETE FROM attempt WHERE recipient BETWEEN ?1 AND ?2",
        "DELETE FROM came_back WHERE recipient BETWEEN ?1 AND ?2",
        "DELETE FROM recipient WHERE id BETWEEN ?1 AND ?2",
    ] {
        tx.sql.prepare_cached(sql)?.execute((first, last))?;
    }
    for sql in ["DELETE FROM body WHERE message = ?1", "DELETE FROM message WHERE id = ?1"] {
        tx.sql.prepare_cached(sql)?.execute([id.0])?;
    }
    Ok(())
}

fn range(id: MessageId) -> (i64, i64) {
    (RecipientId::of(id, 0).0, RecipientId::of(id, u16::MAX).0)
}

/// What is wrong with a database and its rows; empty when nothing is.
pub(super) fn check(sql: &Connection) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut statement = sql.prepare("PRAGMA integrity_check")?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        found.push(line?);
    }
    found.retain(|line| line != "ok");
    for (what, question) in INVARIANTS {
        let count: i64 = sql.query_row(question, [], |row| row.get(0))?;
        if count != 0 {
            found.push(format!("{count} {what}"));
        }
    }
    for code in 0..STATES.len() {
        let code = super::codes::whole(code);
        let rows: i64 =
            sql.query_row("SELECT count(*) FROM recipient WHERE state = ?1", [code], |row| row.get(0))?;
        let counted = read_meta(sql, &format!("count_{code}"))?.unwrap_or(0);
        if rows != counted {
            found.push(format!("{rows} recipients in state {code}, but {counted} were counted"));
        }
    }
    found.extend(tally_is_wrong(sql)?);
    let rows: i64 =
        sql.query_row("SELECT count(*) FROM recipient WHERE in_doubt_at IS NOT NULL", [], |row| row.get(0))?;
    let counted = read_meta(sql, &format!("count_{}", STATES.len()))?.unwrap_or(0);
    if rows != counted {
        found.push(format!("{rows} recipients were ever in doubt, but {counted} were counted"));
    }
    Ok(found)
}

/// The counts by library and time against the rows.
fn tally_is_wrong(sql: &Connection) -> Result<Option<String>, Error> {
    let wrong: i64 = sql.query_row(WRONG_TALLIES, [], |row| row.get(0))?;
    if wrong != 0 {
        return Ok(Some(format!("{wrong} states of libraries whose recipients were counted wrongly")));
    }
    let wrong: i64 = sql.query_row(WRONG_ANSWERED, [], |row| row.get(0))?;
    Ok((wrong != 0).then(|| format!("{wrong} quarters of an hour whose answers were counted wrongly")))
}
