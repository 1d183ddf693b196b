//! How much of what a provider takes a day was sent.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Sent, Store};

use crate::config::{MailProvider, Provider};

/// Recipients within the last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    pub count: u64,
    /// As many as are sent: what somebody set, else what the provider takes.
    pub limit: Option<u32>,
}

/// As whose is counted what servers of a provider take of this account.
pub fn counted_as(provider: Provider, user: &str) -> String {
    format!("{} {}", provider.name(), user.to_lowercase())
}

/// What the account took of whoever has signed in, by whatever server, and, of the time before accounts were counted, what this server took.
pub async fn sent(
    store: &Store,
    provider: Provider,
    server: &str,
    now: Timestamp,
) -> Result<Vec<Sent>, store::Error> {
    let mut all = store.sent(server, now).await?;
    if let Some(account) = store.mail_account(provider.name()).await? {
        all.extend(store.sent(&counted_as(provider, &account.account), now).await?);
    }
    all.sort_by_key(|stretch| stretch.began_at);
    Ok(all)
}

/// By what is noted of each server as its outcomes are: with those that it may have taken.
pub async fn used(store: &Store, provider: &MailProvider, now: Timestamp) -> Result<Used, store::Error> {
    let sent = sent(store, provider.provider, &provider.server.peer(), now).await?;
    let since = now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let count = sent.iter().filter(|stretch| stretch.began_at > since).map(|stretch| stretch.count).sum();
    Ok(Used { count, limit: provider.server.limits.per_day })
}
