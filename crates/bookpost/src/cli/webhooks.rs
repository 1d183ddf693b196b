//! The commands about web addresses that are told of events: read from the command line, and carried out on the queue, by the service
//! or by the command itself while it holds the lock.

use jiff::Timestamp;
use rand::CryptoRng;
use store::{Error, NewWebhook, Store, Webhook, WebhookId};

use super::{
    args::{Output, webhooks::Webhooks},
    control::{Failure, NewAddress, Reply, Secret, WebhooksRequest},
    queue,
};
use crate::{
    events::{self, Address, SigningSecret},
    secrets::{self, KeySource, SealingKey, Unopened},
};

/// Carries `request` out. The dice must be good enough for secrets.
pub async fn perform(
    store: &Store,
    request: WebhooksRequest,
    sealing_key: &KeySource,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Reply {
    let done = match request {
        WebhooksRequest::List => store.webhooks().await.map(Reply::Webhooks).map_err(Stop::from),
        WebhooksRequest::Add { application, url, kinds } => {
            let new = NewWebhook { url, kinds, secret: Vec::new() };
            add(store, &application, new, sealing_key, dice, now).await.map(Reply::NewWebhook)
        }
        WebhooksRequest::Remove(id) => {
            store.remove_webhook(id).await.map(Reply::WebhookRemoved).map_err(Stop::from)
        }
        WebhooksRequest::Test(id) => test(store, id, sealing_key, now).await.map(Reply::WebhookWorks),
    };
    done.unwrap_or_else(|Stop(failure, message)| Reply::Failed { failure, message })
}

/// Why it could not be done.
struct Stop(Failure, String);

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let where_to_look = match error {
            Error::NotFound("application") => "; all are shown by: bookpost programs list",
            Error::NotFound(_) => "; all are shown by: bookpost webhooks list",
            _ => "",
        };
        Self(queue::failure(&error), format!("{error}{where_to_look}"))
    }
}

async fn add(
    store: &Store,
    application: &str,
    new: NewWebhook,
    sealing_key: &KeySource,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Result<NewAddress, Stop> {
    let address: Address = new.url.parse().map_err(|error| Stop(Failure::Data, format!("{error}")))?;
    let (key, made) = key(sealing_key, dice)?;
    let secret = SigningSecret::draw(dice);
    let sealed = key.seal(secrets::OF_WEBHOOKS, secret.bytes(), dice);
    let new = NewWebhook { url: address.to_string(), secret: sealed, ..new };
    let webhook = store.add_webhook(application, new, now).await?;
    let key_made = match sealing_key {
        KeySource::File(file) if made => Some(file.clone()),
        _ => None,
    };
    Ok(NewAddress { webhook, secret: Secret(secret.shown().to_string()), key_made })
}

/// What waits for an address that works is tried again at once.
async fn test(
    store: &Store,
    id: WebhookId,
    sealing_key: &KeySource,
    now: Timestamp,
) -> Result<Webhook, Stop> {
    let all = store.webhooks().await?;
    let webhook = all.into_iter().find(|one| one.id == id).ok_or(Error::NotFound("web address"))?;
    let address: Address = webhook.url.parse().map_err(|error| Stop(Failure::Data, format!("{error}")))?;
    let sealed = store.webhook_secret(id).await?;
    let opened = sealing_key.open(secrets::OF_WEBHOOKS, &sealed);
    let secret = opened.map(SigningSecret::of_bytes).map_err(|error| {
        let message = match error {
            Unopened::Key(error) => error.to_string(),
            Unopened::Sealed(error) => format!(
                "the secret that signs cannot be read, as {error}; remove the web address and add it anew"
            ),
        };
        Stop(Failure::Config, message)
    })?;
    events::test(&address, webhook.application.as_str(), &secret, now)
        .await
        .map_err(|why| Stop(Failure::Refused, format!("{} does not take it: {why}", webhook.url)))?;
    store.retry_webhook(id, now).await?;
    Ok(webhook)
}

fn key(source: &KeySource, dice: &mut impl CryptoRng) -> Result<(SealingKey, bool), Stop> {
    SealingKey::get(source, dice).map_err(|error| Stop(Failure::Config, error.to_string()))
}

/// What a command line means.
pub(super) fn request(command: Webhooks) -> (WebhooksRequest, Output) {
    match command {
        Webhooks::Add { application, url, event, output } => {
            let kinds = event.into_iter().map(Into::into).collect();
            (WebhooksRequest::Add { application, url, kinds }, output)
        }
        Webhooks::List { output } => (WebhooksRequest::List, output),
        Webhooks::Remove { id, output } => (WebhooksRequest::Remove(WebhookId(id)), output),
        Webhooks::Test { id, output } => (WebhooksRequest::Test(WebhookId(id)), output),
    }
}

#[cfg(test)]
mod tests;
