//! What passes over the control socket about web addresses that are told of events.

use std::{collections::BTreeSet, path::PathBuf};

use serde::{Deserialize, Serialize};
use store::{EventKind, Webhook, WebhookId};

use super::Secret;

/// What needs the queue and the key that seals secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhooksRequest {
    /// All of them.
    List,
    /// A new one, told of these kinds; empty: of all.
    Add { application: String, url: String, kinds: BTreeSet<EventKind> },
    /// It is told nothing any more.
    Remove(WebhookId),
    /// A post without events, now.
    Test(WebhookId),
}

/// A web address that was just added. The secret that signs is shown here and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAddress {
    pub webhook: Webhook,
    pub secret: Secret,
    /// The key that seals it, if it was made just now.
    pub key_made: Option<PathBuf>,
}
