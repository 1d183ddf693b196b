//! Web addresses as they stand in rows, of whatever database.

use crate::{
    Error, EventId, Webhook, WebhookId, WebhookTrouble,
    codes::{count, of_json},
    rows::{Columns, at},
};

/// What [`decode`] reads.
pub(crate) const ALL: &str =
    "SELECT w.id, a.name, w.url, w.kinds, w.made_at, w.told, w.told_at, w.failing_since, w.retried_until,
        w.next_attempt_at, w.trouble, w.given_up
    FROM webhook w JOIN application a ON a.id = w.application";

/// The same; one that cannot be decoded is logged.
pub(crate) fn listed(row: &impl Columns) -> Result<Option<Webhook>, Error> {
    let decoded = decode(row)?;
    if decoded.is_none() {
        tracing::error!(
            webhook.id = row.id(0)?,
            "a stored web address cannot be read; it is told of nothing"
        );
    }
    Ok(decoded)
}

/// From [`ALL`]; none if it cannot be decoded.
pub(crate) fn decode(row: &impl Columns) -> Result<Option<Webhook>, Error> {
    let application = row.text(1)?.and_then(|name| name.parse().ok());
    let kinds = of_json(row.text(3)?);
    let (Some(application), Some(kinds), Some(made_at)) = (application, kinds, at(row, 4)?) else {
        return Ok(None);
    };
    Ok(Some(Webhook {
        id: WebhookId(row.id(0)?),
        application,
        url: row.text(2)?.unwrap_or_default(),
        kinds,
        made_at,
        told: EventId(row.id(5)?),
        told_at: at(row, 6)?,
        trouble: trouble(row)?,
        given_up: count(row.id(11)?),
    }))
}

/// What stands in the place of one that cannot be decoded.
pub(crate) fn unreadable(webhook: WebhookId) -> Error {
    Error::Corrupt(format!("the web address {} cannot be read", webhook.0))
}

fn trouble(row: &impl Columns) -> Result<Option<WebhookTrouble>, Error> {
    let (Some(failing_since), Some(next_attempt_at)) = (at(row, 7)?, at(row, 9)?) else { return Ok(None) };
    Ok(Some(WebhookTrouble {
        failing_since,
        retried_until: row.number(8)?.map(EventId),
        next_attempt_at,
        answer: row.text(10)?.unwrap_or_default(),
    }))
}
