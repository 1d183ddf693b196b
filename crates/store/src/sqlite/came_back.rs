//! What comes back of mail that was delivered: noted once, and returned with its obligation.

use jiff::Timestamp;
use mail::{Address, bounce::Happened};
use rusqlite::Connection;

use super::{
    Sqlite,
    codes::{self, micros, name, state},
    events, obligations, rows,
    writer::Tx,
};
use crate::{
    About, Bounce, CameBack, Error, EventKind, Kind, MessageId, Noted, RecipientId, RunId, Source, State,
    came_back::{decode, may_come_back, meant},
};

/// The recipients of a message; nobody needs more of them than two to know that the address must decide.
const OF_MESSAGE: &str = "SELECT r.id, r.address FROM recipient r
    WHERE r.id BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 AND r.practice = 0";
/// By the address, for which there is an index; the Message-ID has none.
const BY_MESSAGE_ID: &str = "SELECT r.id FROM recipient r INDEXED BY recipient_address
    JOIN message m ON m.id = r.id / 65536
    WHERE r.address = ?1 COLLATE NOCASE AND m.message_id = ?2 AND r.practice = 0 LIMIT 2";
const STANDING: &str =
    "SELECT r.state, r.source, m.kind, m.run FROM recipient r JOIN message m ON m.id = r.id / 65536
    WHERE r.id = ?1";
const NOTE: &str = "INSERT INTO came_back (recipient, failed, noted_at, reason, by, words, until)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
const RETURN: &str =
    "UPDATE recipient SET state = 5, settled_at = ?2, aside_at = NULL, reason = ?3, note = ?4
    WHERE id = ?1 AND state IN (2, 3)";
const SHOWN: &str = "SELECT recipient, failed, noted_at, reason, by, words, until FROM came_back
    WHERE recipient BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 ORDER BY recipient, noted_at, failed";

impl Sqlite {
    pub(crate) async fn came_back(&self, bounce: Bounce, now: Timestamp) -> Result<Noted, Error> {
        self.writer.write(move |tx| note(tx, &bounce, now)).await
    }

    pub(crate) async fn what_came_back(&self, message: MessageId) -> Result<Vec<CameBack>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(SHOWN)?;
                let mut found = statement.query([message.0])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(decode(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn return_path_key(&self) -> Result<Vec<u8>, Error> {
        let question = "SELECT key FROM return_path_key";
        self.readers.read(move |sql| Ok(sql.query_row(question, [], |row| row.get(0))?)).await
    }
}

fn note(tx: &mut Tx<'_>, bounce: &Bounce, now: Timestamp) -> Result<Noted, Error> {
    let Some(id) = recipient(tx.sql, bounce)? else { return Ok(Noted::Unknown) };
    let standing = tx.sql.prepare_cached(STANDING)?.query_row([id.0], |row| {
        Ok((row.get(0)?, Source(row.get(1)?), row.get(2)?, row.get::<_, Option<i64>>(3)?.map(RunId)))
    })?;
    let (from, source, kind, run) = standing;
    let (from, kind) = (state(from), codes::kind(kind).unwrap_or(Kind::Mail));
    match from {
        // The answer of the server may still be on its way to us, though the mail has come back already.
        Some(State::Waiting | State::Sending) => return Ok(Noted::NotYet(id)),
        Some(from) if may_come_back(from) => {}
        _ => return Ok(Noted::Known(id)),
    }
    let (failed, until) = match bounce.happened {
        Happened::Failed => (true, None),
        Happened::Delayed(until) => (false, until),
    };
    let reason = name(&bounce.reason)?;
    let line = (id.0, failed, micros(now), &reason, &bounce.by, &bounce.words, until.map(micros));
    if tx.sql.prepare_cached(NOTE)?.execute(line)? == 0 {
        return Ok(Noted::Known(id));
    }
    if let Some(from) = from.filter(|_| failed) {
        tx.sql.prepare_cached(RETURN)?.execute((id.0, micros(now), &reason, &bounce.words))?;
        tx.draft.moved(from, State::Returned);
        let event = events::Noted { reason: Some(&reason), ..events::Noted::new(EventKind::Returned, id) };
        events::note(tx, source, event, now)?;
        obligations::owe(tx, id, now)?;
    }
    tx.draft.seen(now);
    Ok(Noted::New { recipient: id, kind, run })
}

/// Whom a report is about. None: nobody, or it may be one of several.
fn recipient(sql: &Connection, bounce: &Bounce) -> Result<Option<RecipientId>, Error> {
    match &bounce.about {
        About::Message(message) => of_message(sql, *message, &bounce.addresses),
        About::MessageId(id) => {
            for address in &bounce.addresses {
                let mut statement = sql.prepare_cached(BY_MESSAGE_ID)?;
                let found = statement.query_map((address.as_str(), id), |row| row.get(0))?;
                let found: Vec<i64> = found.collect::<Result<_, _>>()?;
                if let [only] = found[..] {
                    return Ok(Some(RecipientId(only)));
                }
            }
            Ok(None)
        }
    }
}

fn of_message(
    sql: &Connection,
    message: MessageId,
    addresses: &[Address],
) -> Result<Option<RecipientId>, Error> {
    let mut statement = sql.prepare_cached(OF_MESSAGE)?;
    let mut found = statement.query([message.0])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push((RecipientId(row.get(0)?), rows::text(row, 1)?.unwrap_or_default()));
    }
    Ok(meant(&all, addresses))
}
