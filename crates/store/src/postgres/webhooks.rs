//! The web addresses that are told of events.

use jiff::Timestamp;

use super::{Postgres, event_log, tx::Tx};
use crate::{
    Error, EventId, NewWebhook, Webhook, WebhookId, WebhookOutcome, WebhookTrouble,
    codes::{as_json, micros, plain, whole},
    rows::Columns as _,
    webhooks::{ALL, decode, listed, unreadable},
};

const ADD: &str = "INSERT INTO webhook (application, url, kinds, secret, made_at, told)
    SELECT id, $2, $3, $4, $5, $6 FROM application WHERE lower(name) = lower($1 COLLATE \"C\") RETURNING id";
const REMOVE: &str = "DELETE FROM webhook WHERE id = $1";
const SECRET: &str = "SELECT secret FROM webhook WHERE id = $1";
/// A machine that says so late takes back nothing that another said.
const TOLD: &str =
    "UPDATE webhook SET told = greatest(told, $2), told_at = greatest(told_at, $3), failing_since = NULL,
        retried_until = NULL, next_attempt_at = NULL, trouble = NULL
    WHERE id = $1";
const PASSED: &str = "UPDATE webhook SET told = greatest(told, $2) WHERE id = $1";
const RETRY: &str = "UPDATE webhook SET next_attempt_at = $2 WHERE id = $1 AND failing_since IS NOT NULL";
const FAILED: &str =
    "UPDATE webhook SET failing_since = $2, retried_until = $3, next_attempt_at = $4, trouble = $5,
        told = greatest($6, told), given_up = given_up + $7
    WHERE id = $1";

impl Postgres {
    pub(crate) async fn add_webhook(
        &self,
        application: String,
        webhook: NewWebhook,
        now: Timestamp,
    ) -> Result<Webhook, Error> {
        let kinds = as_json(&webhook.kinds)?;
        let told = self.last_event().await?.0;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let added = tx
            .first(ADD, &[&application, &webhook.url, &kinds, &webhook.secret, &micros(now), &told])
            .await?;
        let added = one(&tx, WebhookId(added.ok_or(Error::NotFound("application"))?.id(0)?)).await?;
        tx.commit().await?;
        Ok(added)
    }

    pub(crate) async fn remove_webhook(&self, webhook: WebhookId) -> Result<Webhook, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let removed = one(&tx, webhook).await?;
        if tx.run(REMOVE, &[&webhook.0]).await? == 0 {
            return Err(Error::NotFound("web address"));
        }
        tx.commit().await?;
        Ok(removed)
    }

    pub(crate) async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        for row in tx.all(&format!("{ALL} ORDER BY w.id"), &[]).await? {
            all.extend(listed(&row)?);
        }
        Ok(all)
    }

    pub(crate) async fn webhook_secret(&self, webhook: WebhookId) -> Result<Vec<u8>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let row = tx.first(SECRET, &[&webhook.0]).await?.ok_or(Error::NotFound("web address"))?;
        Ok(row.bytes(0)?.unwrap_or_default())
    }

    pub(crate) async fn webhook_told(
        &self,
        webhook: WebhookId,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        match outcome {
            WebhookOutcome::Told(until) => {
                tx.run(TOLD, &[&webhook.0, &until.0, &micros(now)]).await?;
            }
            WebhookOutcome::Passed(until) => {
                tx.run(PASSED, &[&webhook.0, &until.0]).await?;
            }
            WebhookOutcome::Failed(trouble) => failed(&tx, webhook, &trouble, None, 0).await?,
            WebhookOutcome::GivenUp { until, events, trouble } => {
                failed(&tx, webhook, &trouble, Some(until), events).await?;
            }
        }
        tx.commit().await
    }

    pub(crate) async fn retry_webhook(&self, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(RETRY, &[&webhook.0, &micros(now)]).await?;
        tx.commit().await
    }

    /// The last event that is on disk: whatever is asked afterwards sees all events up to it.
    pub(super) async fn last_event(&self) -> Result<EventId, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        // It ends without a commit, as it changes nothing.
        event_log::last(&tx).await
    }
}

async fn failed(
    tx: &Tx<'_>,
    webhook: WebhookId,
    trouble: &WebhookTrouble,
    given_up_until: Option<EventId>,
    given_up: u64,
) -> Result<(), Error> {
    tx.run(
        FAILED,
        &[
            &webhook.0,
            &micros(trouble.failing_since),
            &trouble.retried_until.map(|until| until.0),
            &micros(trouble.next_attempt_at),
            &plain(&trouble.answer),
            &given_up_until.map(|until| until.0),
            &whole(given_up),
        ],
    )
    .await
    .map(drop)
}

async fn one(tx: &Tx<'_>, webhook: WebhookId) -> Result<Webhook, Error> {
    let row = tx.first(&format!("{ALL} WHERE w.id = $1"), &[&webhook.0]).await?;
    decode(&row.ok_or(Error::NotFound("web address"))?)?.ok_or_else(|| unreadable(webhook))
}
