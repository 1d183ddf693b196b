//! Requests that are made once: each is on record with its answer, in the transaction that stored its messages.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite, accept,
    codes::{micros, whole},
    writer::Tx,
};
use crate::{Accepted, Error, Made, NewMessage, Once, OnceKey};

const KNOWN: &str = "SELECT fingerprint, answer FROM once WHERE application = ?1 AND key = ?2";
const INSERT: &str =
    "INSERT INTO once (application, key, fingerprint, answer, made_at) VALUES (?1, ?2, ?3, ?4, ?5)";
const REMEMBER: &str = "UPDATE once SET made_at = ?3 WHERE application = ?1 AND key = ?2";
const FORGET: &str = "DELETE FROM once WHERE (application, key) IN
    (SELECT application, key FROM once INDEXED BY once_made WHERE made_at < ?1 ORDER BY made_at LIMIT ?2)";
const OLD: &str = "SELECT EXISTS (SELECT 1 FROM once INDEXED BY once_made WHERE made_at < ?1)";

impl Sqlite {
    pub(crate) async fn accept_once(
        &self,
        key: OnceKey,
        messages: Vec<NewMessage>,
        answer: impl FnOnce(&[Accepted]) -> Vec<u8> + Send + 'static,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Once, Error> {
        let done = |once: &Once| {
            if let Once::Stored { accepted, .. } = once {
                stored(accepted);
            }
        };
        self.writer.write_if_heard(move |tx| accept_once(tx, &key, &messages, answer, now), done).await
    }

    pub(crate) async fn made(&self, application: String, key: String) -> Result<Option<Made>, Error> {
        self.readers.read(move |sql| known(sql, &application, &key)).await
    }

    pub(crate) async fn remember_request(
        &self,
        application: String,
        key: String,
        now: Timestamp,
    ) -> Result<(), Error> {
        let remember = move |tx: &mut Tx<'_>| {
            tx.sql.prepare_cached(REMEMBER)?.execute((&application, &key, micros(now)))?;
            Ok(())
        };
        self.writer.write(remember).await
    }

    pub(crate) async fn forget_requests(&self, made_before: Timestamp, limit: usize) -> Result<u64, Error> {
        let before = micros(made_before);
        let any: bool =
            self.readers.read(move |sql| Ok(sql.query_row(OLD, [before], |row| row.get(0))?)).await?;
        if !any {
            return Ok(0);
        }
        let forget = move |tx: &mut Tx<'_>| {
            tx.erased = true;
            Ok(tx.sql.prepare_cached(FORGET)?.execute((before, whole(limit)))? as u64)
        };
        self.writer.write(forget).await
    }
}

fn accept_once(
    tx: &mut Tx<'_>,
    key: &OnceKey,
    messages: &[NewMessage],
    answer: impl FnOnce(&[Accepted]) -> Vec<u8>,
    now: Timestamp,
) -> Result<Once, Error> {
    if let Some(made) = known(tx.sql, &key.application, &key.key)? {
        let same = made.fingerprint == key.fingerprint;
        return Ok(if same { Once::Before(made.answer) } else { Once::Another });
    }
    let accepted =
        messages.iter().map(|message| accept::store(tx, message, now)).collect::<Result<Vec<_>, _>>()?;
    let answer = answer(&accepted);
    tx.bytes += answer.len();
    let row = (&key.application, &key.key, &key.fingerprint[..], &answer, micros(now));
    tx.sql.prepare_cached(INSERT)?.execute(row)?;
    Ok(Once::Stored { accepted, answer })
}

fn known(sql: &Connection, application: &str, key: &str) -> Result<Option<Made>, Error> {
    let mut statement = sql.prepare_cached(KNOWN)?;
    let made = statement
        .query_row((application, key), |row| Ok(Made { fingerprint: row.get(0)?, answer: row.get(1)? }));
    Ok(made.optional()?)
}
