//! What comes back of mail that was delivered: noted once, and returned with its obligation.

use jiff::Timestamp;
use mail::bounce::Happened;

use super::{
    Postgres,
    ends::{End, Marks},
    event_log, obligations,
    tx::Tx,
};
use crate::{
    About, Bounce, CameBack, Error, EventKind, Kind, MessageId, Noted, RecipientId, RunId, Source, State,
    came_back::{decode, may_come_back, meant},
    codes::{self, micros, name, plain, state},
    events::Happening,
    rows::Columns as _,
};

/// The recipients of a message.
const OF_MESSAGE: &str = "SELECT r.id, a.address FROM recipient r JOIN addressee a ON a.id = r.id
    WHERE r.id BETWEEN $1::BIGINT * 65536 AND $1::BIGINT * 65536 + 65535 AND NOT r.practice";
/// By the address, for which there is an index; the Message-ID has none.
const BY_MESSAGE_ID: &str = "SELECT a.id FROM addressee a JOIN message m ON m.id = a.id / 65536
    WHERE lower(a.address) = $1 AND m.message_id = $2 AND NOT m.practice LIMIT 2";
const LIVE: &str = "SELECT r.state, r.source, m.kind, m.run FROM live r JOIN message m ON m.id = r.id / 65536 WHERE r.id = $1 FOR UPDATE OF r";
const DONE: &str = "SELECT r.state, r.source, m.kind, m.run FROM done r JOIN message m ON m.id = r.id / 65536 WHERE r.id = $1 FOR UPDATE OF r";
const NOTE: &str = "INSERT INTO came_back (recipient, failed, noted_at, reason, by, words, until)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
const RETURN: &str =
    "UPDATE done SET state = 5, settled_at = $2, reason = $3, note = $4 WHERE id = $1 AND state = 3";
const SHOWN: &str = "SELECT recipient, failed, noted_at, reason, by, words, until FROM came_back
    WHERE recipient BETWEEN $1::BIGINT * 65536 AND $1::BIGINT * 65536 + 65535 ORDER BY recipient, noted_at, failed";
const KEY: &str = "SELECT key FROM return_path_key";

impl Postgres {
    pub(crate) async fn came_back(&self, bounce: Bounce, now: Timestamp) -> Result<Noted, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let noted = note(&tx, &bounce, now).await?;
        tx.commit().await?;
        Ok(noted)
    }

    pub(crate) async fn what_came_back(&self, message: MessageId) -> Result<Vec<CameBack>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(SHOWN, &[&message.0]).await?.iter().map(decode).collect()
    }

    pub(crate) async fn return_path_key(&self) -> Result<Vec<u8>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(tx.one(KEY, &[]).await?.bytes(0)?.unwrap_or_default())
    }
}

async fn note(tx: &Tx<'_>, bounce: &Bounce, now: Timestamp) -> Result<Noted, Error> {
    let Some(id) = recipient(tx, bounce).await? else { return Ok(Noted::Unknown) };
    // It goes from the one to the other and never back: whoever is in neither has just gone.
    let standing = match tx.first(LIVE, &[&id.0]).await? {
        Some(row) => Some(row),
        None => tx.first(DONE, &[&id.0]).await?,
    };
    let Some(standing) = standing else { return Ok(Noted::Unknown) };
    let (from, source) = (state(standing.id(0)?), Source(standing.id(1)?));
    let (kind, run) = (codes::kind(standing.id(2)?).unwrap_or(Kind::Mail), standing.number(3)?.map(RunId));
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
    let (reason, words) = (name(&bounce.reason)?, plain(&bounce.words));
    let by = bounce.by.as_deref().map(plain);
    let line: super::tx::Values<'_> =
        &[&id.0, &failed, &micros(now), &reason, &by, &words, &until.map(micros)];
    if tx.run(NOTE, line).await? == 0 {
        return Ok(Noted::Known(id));
    }
    if failed {
        if from == Some(State::Delivered) {
            tx.run(RETURN, &[&id.0, &micros(now), &reason, &words]).await?;
        } else {
            let end = End { to: State::Returned, reason: &reason, note: Some(&words), marks: Marks::Stay };
            end.of(tx, &[id.0], now).await?;
        }
        let event = Happening { reason: Some(&reason), ..Happening::new(EventKind::Returned, id) };
        event_log::note(tx, source, event, now);
        obligations::owe(tx, &[(id, now)]).await?;
    }
    Ok(Noted::New { recipient: id, kind, run })
}

/// Whom a report is about. None: nobody, or it may be one of several.
async fn recipient(tx: &Tx<'_>, bounce: &Bounce) -> Result<Option<RecipientId>, Error> {
    match &bounce.about {
        About::Message(message) => {
            let mut all = Vec::new();
            for row in tx.all(OF_MESSAGE, &[&message.0]).await? {
                all.push((RecipientId(row.id(0)?), row.text(1)?.unwrap_or_default()));
            }
            Ok(meant(&all, &bounce.addresses))
        }
        About::MessageId(id) => {
            for address in &bounce.addresses {
                let address = address.as_str().to_ascii_lowercase();
                let found = tx.all(BY_MESSAGE_ID, &[&address, id]).await?;
                if let [only] = &found[..] {
                    return Ok(Some(RecipientId(only.id(0)?)));
                }
            }
            Ok(None)
        }
    }
}
