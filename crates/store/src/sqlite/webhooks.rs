//! The web addresses that are told of events.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow};

use super::{
    Sqlite,
    codes::{count, micros, whole},
    rows::{at, text},
    writer::Tx,
};
use crate::{Error, EventId, NewWebhook, Webhook, WebhookId, WebhookOutcome, WebhookTrouble};

const ALL: &str =
    "SELECT w.id, a.name, w.url, w.kinds, w.made_at, w.told, w.told_at, w.failing_since, w.retried_until,
        w.next_attempt_at, w.trouble, w.given_up
    FROM webhook w JOIN application a ON a.id = w.application";
const ADD: &str = "INSERT INTO webhook (application, url, kinds, secret, made_at, told)
    SELECT id, ?2, ?3, ?4, ?5, ?6 FROM application WHERE name = ?1";
const REMOVE: &str = "DELETE FROM webhook WHERE id = ?1";
const SECRET: &str = "SELECT secret FROM webhook WHERE id = ?1";
const TOLD: &str = "UPDATE webhook SET told = ?2, told_at = ?3, failing_since = NULL, retried_until = NULL,
        next_attempt_at = NULL, trouble = NULL
    WHERE id = ?1";
const PASSED: &str = "UPDATE webhook SET told = ?2 WHERE id = ?1";
const RETRY: &str = "UPDATE webhook SET next_attempt_at = ?2 WHERE id = ?1 AND failing_since IS NOT NULL";
const FAILED: &str =
    "UPDATE webhook SET failing_since = ?2, retried_until = ?3, next_attempt_at = ?4, trouble = ?5,
        told = coalesce(?6, told), given_up = given_up + ?7
    WHERE id = ?1";

impl Sqlite {
    pub(crate) async fn add_webhook(
        &self,
        application: String,
        webhook: NewWebhook,
        now: Timestamp,
    ) -> Result<Webhook, Error> {
        let kinds =
            serde_json::to_string(&webhook.kinds).map_err(|error| Error::Internal(error.to_string()))?;
        self.writer
            .write(move |tx| {
                let told = tx.draft.last_event().0;
                let row = (&application, &webhook.url, &kinds, &webhook.secret, micros(now), told);
                match tx.sql.prepare_cached(ADD)?.execute(row)? {
                    0 => Err(Error::NotFound("application")),
                    _ => one(tx.sql, WebhookId(tx.sql.last_insert_rowid())),
                }
            })
            .await
    }

    pub(crate) async fn remove_webhook(&self, webhook: WebhookId) -> Result<Webhook, Error> {
        self.writer
            .write(move |tx| {
                let removed = one(tx.sql, webhook)?;
                tx.erased = true;
                tx.sql.prepare_cached(REMOVE)?.execute([webhook.0])?;
                Ok(removed)
            })
            .await
    }

    pub(crate) async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.readers
            .read(|sql| {
                let mut statement = sql.prepare_cached(&format!("{ALL} ORDER BY w.id"))?;
                let mut found = statement.query([])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    let decoded = decode(row)?;
                    if decoded.is_none() {
                        let id: i64 = row.get(0)?;
                        tracing::error!(
                            webhook.id = id,
                            "a stored web address cannot be read; it is told of nothing"
                        );
                    }
                    all.extend(decoded);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn webhook_secret(&self, webhook: WebhookId) -> Result<Vec<u8>, Error> {
        self.readers
            .read(move |sql| {
                let secret =
                    sql.prepare_cached(SECRET)?.query_row([webhook.0], |row| row.get(0)).optional()?;
                secret.ok_or(Error::NotFound("web address"))
            })
            .await
    }

    pub(crate) async fn webhook_told(
        &self,
        webhook: WebhookId,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                match outcome {
                    WebhookOutcome::Told(until) => {
                        tx.sql.prepare_cached(TOLD)?.execute((webhook.0, until.0, micros(now)))?;
                    }
                    WebhookOutcome::Passed(until) => {
                        tx.sql.prepare_cached(PASSED)?.execute((webhook.0, until.0))?;
                    }
                    WebhookOutcome::Failed(trouble) => failed(tx, webhook, &trouble, None, 0)?,
                    WebhookOutcome::GivenUp { until, events, trouble } => {
                        failed(tx, webhook, &trouble, Some(until), events)?;
                    }
                }
                Ok(())
            })
            .await
    }
}

impl Sqlite {
    pub(crate) async fn retry_webhook(&self, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(RETRY)?.execute((webhook.0, micros(now)))?;
                Ok(())
            })
            .await
    }
}

fn failed(
    tx: &Tx<'_>,
    webhook: WebhookId,
    trouble: &WebhookTrouble,
    given_up_until: Option<EventId>,
    given_up: u64,
) -> Result<(), Error> {
    tx.sql.prepare_cached(FAILED)?.execute((
        webhook.0,
        micros(trouble.failing_since),
        trouble.retried_until.map(|until| until.0),
        micros(trouble.next_attempt_at),
        &trouble.answer,
        given_up_until.map(|until| until.0),
        whole(given_up),
    ))?;
    Ok(())
}

fn one(sql: &Connection, webhook: WebhookId) -> Result<Webhook, Error> {
    let mut statement = sql.prepare_cached(&format!("{ALL} WHERE w.id = ?1"))?;
    let mut found = statement.query([webhook.0])?;
    let row = found.next()?.ok_or(Error::NotFound("web address"))?;
    decode(row)?.ok_or_else(|| Error::Corrupt(format!("the web address {} cannot be read", webhook.0)))
}

/// None if it cannot be decoded.
fn decode(row: &SqlRow<'_>) -> Result<Option<Webhook>, Error> {
    let application = text(row, 1)?.and_then(|name| name.parse().ok());
    let kinds = text(row, 3)?.and_then(|kinds| serde_json::from_str(&kinds).ok());
    let (Some(application), Some(kinds), Some(made_at)) = (application, kinds, at(row, 4)?) else {
        return Ok(None);
    };
    Ok(Some(Webhook {
        id: WebhookId(row.get(0)?),
        application,
        url: text(row, 2)?.unwrap_or_default(),
        kinds,
        made_at,
        told: EventId(row.get(5)?),
        told_at: at(row, 6)?,
        trouble: trouble(row)?,
        given_up: count(row.get(11)?),
    }))
}

fn trouble(row: &SqlRow<'_>) -> Result<Option<WebhookTrouble>, Error> {
    let (Some(failing_since), Some(next_attempt_at)) = (at(row, 7)?, at(row, 9)?) else { return Ok(None) };
    Ok(Some(WebhookTrouble {
        failing_since,
        retried_until: row.get::<_, Option<i64>>(8)?.map(EventId),
        next_attempt_at,
        answer: text(row, 10)?.unwrap_or_default(),
    }))
}
