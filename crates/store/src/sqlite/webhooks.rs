//! The web addresses that are told of events.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{as_json, micros, whole},
    writer::Tx,
};
use crate::{
    Error, EventId, NewWebhook, Webhook, WebhookId, WebhookOutcome, WebhookTrouble,
    webhooks::{ALL, decode, listed, unreadable},
};

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
        let kinds = as_json(&webhook.kinds)?;
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
                    all.extend(listed(row)?);
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
    decode(row)?.ok_or_else(|| unreadable(webhook))
}
