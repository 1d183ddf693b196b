//! Requests that are made once: each is on record with its answer, in the transaction that stored its messages.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Postgres,
    accept::{fits, store_all, tell},
    opened::Opened,
    spawned,
    tx::Tx,
};
use crate::{
    Accepted, Error, Made, NewMessage, Once, OnceKey,
    codes::{micros, whole},
    rows::Columns as _,
};

const KNOWN: &str = "SELECT fingerprint, answer FROM once WHERE application = $1 AND key = $2";
/// Whoever makes the same request at the same time waits here.
const MAKE: &str = "INSERT INTO once (application, key, fingerprint, answer, made_at) VALUES ($1, $2, $3, '', $4) ON CONFLICT DO NOTHING";
const ANSWER: &str = "UPDATE once SET answer = $3 WHERE application = $1 AND key = $2";
const REMEMBER: &str = "UPDATE once SET made_at = $3 WHERE application = $1 AND key = $2";
const FORGET: &str = "DELETE FROM once WHERE (application, key) IN
    (SELECT application, key FROM once WHERE made_at < $1 ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

impl Postgres {
    pub(crate) async fn accept_once(
        &self,
        key: OnceKey,
        messages: Vec<NewMessage>,
        answer: impl FnOnce(&[Accepted]) -> Vec<u8> + Send + 'static,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Once, Error> {
        fits(messages.iter())?;
        let opened = Arc::clone(&self.opened);
        spawned(async move {
            let once = accept_once(&opened, &key, &messages, answer, now).await?;
            if let Once::Stored { accepted, .. } = &once {
                tell(stored, accepted);
            }
            Ok(once)
        })
        .await
    }

    pub(crate) async fn made(&self, application: String, key: String) -> Result<Option<Made>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        known(&tx, &application, &key).await
    }

    pub(crate) async fn remember_request(
        &self,
        application: String,
        key: String,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(REMEMBER, &[&application, &key, &micros(now)]).await?;
        tx.commit().await
    }

    pub(crate) async fn forget_requests(&self, made_before: Timestamp, limit: usize) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let forgotten = tx.run(FORGET, &[&micros(made_before), &whole(limit)]).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

async fn accept_once(
    opened: &Opened,
    key: &OnceKey,
    messages: &[NewMessage],
    answer: impl FnOnce(&[Accepted]) -> Vec<u8>,
    now: Timestamp,
) -> Result<Once, Error> {
    let mut connection = opened.connection().await?;
    let tx = opened.write(&mut connection).await?;
    let made = tx.run(MAKE, &[&key.application, &key.key, &&key.fingerprint[..], &micros(now)]).await?;
    if made == 0 {
        // What was there a moment ago may have been forgotten since: then it is made when it is sent again.
        let made = known(&tx, &key.application, &key.key).await?;
        let made = made.ok_or_else(|| Error::Away("the request is being forgotten".to_owned()))?;
        let same = made.fingerprint == key.fingerprint;
        return Ok(if same { Once::Before(made.answer) } else { Once::Another });
    }
    let all: Vec<_> = messages.iter().map(|message| (message, now)).collect();
    let accepted = store_all(opened, &tx, &all).await?;
    let answer = answer(&accepted);
    tx.run(ANSWER, &[&key.application, &key.key, &answer]).await?;
    tx.commit().await?;
    Ok(Once::Stored { accepted, answer })
}

async fn known(tx: &Tx<'_>, application: &str, key: &str) -> Result<Option<Made>, Error> {
    let Some(row) = tx.first(KNOWN, &[&application, &key]).await? else { return Ok(None) };
    let fingerprint = row.bytes(0)?.and_then(|bytes| bytes.try_into().ok());
    let fingerprint =
        fingerprint.ok_or_else(|| Error::Corrupt("once.fingerprint cannot be read".to_owned()))?;
    Ok(Some(Made { fingerprint, answer: row.bytes(1)?.unwrap_or_default() }))
}
