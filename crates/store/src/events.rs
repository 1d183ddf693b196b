//! Events: what happened to the mail of applications, in the order in which it happened, and who is told of it.
//!
//! An event is written in the transaction of the change that it tells of, and is never asked by anything that decides about mail: one
//! that cannot be written is missing, and the change stands.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use mail::{Address, Reason};
use serde::{Deserialize, Serialize};

use crate::{ApplicationName, Error, MessageId, RecipientId, Store, before};

/// Events are kept for so long: longer than anybody is tried to be told of them.
pub const EVENTS_KEPT: Duration = Duration::from_hours(7 * 24);

/// An event. Rises as things happen, over all applications; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct EventId(pub i64);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A message was taken, with all its recipients.
    Accepted,
    /// An attempt failed, and another one is made.
    Deferred,
    /// The answer to the whole message was never read: it may have arrived.
    InDoubt,
    /// The server has it.
    Delivered,
    /// The practice mailbox has it.
    Practiced,
    /// Given up.
    Returned,
    /// Set aside until a person decides.
    Held,
    /// A person had it sent after all, or sooner.
    Released,
    /// A person decided that it is not sent.
    Cancelled,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub happened_at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// To which message.
    pub message: MessageId,
    /// That message's Message-ID with its angle brackets.
    pub message_id: String,
    /// The application's own words for it.
    pub tags: Vec<String>,
    /// For which of its recipients; `None`: it is about the message.
    pub recipient: Option<(RecipientId, Address)>,
    /// Why, unless all is well.
    pub reason: Option<Reason>,
    /// The server that was asked, as `host:port`.
    pub server: Option<String>,
    /// What the server answered, or what stands for it.
    pub answer: Option<String>,
    /// When it is attempted next.
    pub next_attempt_at: Option<Timestamp>,
}

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this application's mail.
    pub application: String,
    /// Those after this one.
    pub after: EventId,
    /// None after this one.
    pub until: Option<EventId>,
    /// Of these kinds; empty: all.
    pub kinds: BTreeSet<EventKind>,
}

/// A part of the events that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// In the order in which they happened.
    pub events: Vec<Event>,
    /// Up to here there are no others: where to go on.
    pub read_to: EventId,
    /// There may be more after it.
    pub more: bool,
}

/// A web address that is told of events. Rises as they are added; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WebhookId(pub i64);

/// A web address that is told of the events of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose events.
    pub application: ApplicationName,
    /// Where they are posted.
    pub url: String,
    /// Of these kinds; empty: all.
    pub kinds: BTreeSet<EventKind>,
    /// When it was added; it is told of what happened afterwards.
    pub made_at: Timestamp,
    /// The last event that it was told of, or that does not concern it.
    pub told: EventId,
    /// When it was told last.
    pub told_at: Option<Timestamp>,
    /// What keeps it from being told.
    pub trouble: Option<WebhookTrouble>,
    /// Events of which it was not told, because that failed for too long.
    pub given_up: u64,
}

/// Why a web address is not told, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTrouble {
    /// When it failed first since it worked.
    pub failing_since: Timestamp,
    /// The last event of the request that failed, which is made again as it was; `None`: its events were given up.
    pub retried_until: Option<EventId>,
    /// When that is made again.
    pub next_attempt_at: Timestamp,
    /// What was answered, or what the error says.
    pub answer: String,
}

/// A web address to store.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where events are posted.
    pub url: String,
    /// Of these kinds; empty: all.
    pub kinds: BTreeSet<EventKind>,
    /// The secret that signs them, sealed by whoever has the key.
    pub secret: Vec<u8>,
}

/// What came of telling a web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// It knows of all events up to this one.
    Told(EventId),
    /// None up to this one concerns it.
    Passed(EventId),
    /// It could not be told.
    Failed(WebhookTrouble),
    /// It could not be told for too long: of the events up to this one, so many in number, it never is.
    GivenUp {
        /// The last of them.
        until: EventId,
        /// How many.
        events: u64,
        /// What follows for the others.
        trouble: WebhookTrouble,
    },
}

/// Events, and the web addresses that are told of them.
impl Store {
    /// The first `limit` events that the filter names. Looks through a part only where few are found: go on at
    /// [`read_to`](Events::read_to) as long as there are [`more`](Events::more).
    pub async fn events(&self, filter: EventFilter, limit: usize) -> Result<Events, Error> {
        self.db.events(filter, limit).await
    }

    /// The last event that is on disk, as it rises: an alarm clock for whoever tells of events.
    pub fn events_noted(&self) -> tokio::sync::watch::Receiver<EventId> {
        self.db.events_noted()
    }

    /// Forgets events of longer ago than [`EVENTS_KEPT`], up to `limit`. Gives how many; 0 when none is left.
    pub async fn forget_events(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        self.db.forget_events(before(now, EVENTS_KEPT), limit).await
    }

    /// Adds a web address to an application: it is told of what happens from now on.
    pub async fn add_webhook(
        &self,
        application: &str,
        webhook: NewWebhook,
        now: Timestamp,
    ) -> Result<Webhook, Error> {
        self.db.add_webhook(application.to_owned(), webhook, now).await
    }

    /// It is told of nothing any more.
    pub async fn remove_webhook(&self, webhook: WebhookId) -> Result<Webhook, Error> {
        self.db.remove_webhook(webhook).await
    }

    /// All web addresses, in the order in which they were added. One that cannot be decoded is left out and logged.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.db.webhooks().await
    }

    /// The sealed secret of a web address; apart from [`Store::webhooks`], so that nobody prints it.
    pub async fn webhook_secret(&self, webhook: WebhookId) -> Result<Vec<u8>, Error> {
        self.db.webhook_secret(webhook).await
    }

    /// What a web address could not be told is due now; nothing happens where it could.
    pub async fn retry_webhook(&self, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
        self.db.retry_webhook(webhook, now).await
    }

    /// Puts on record what came of telling a web address. Nothing happens where it was removed meanwhile.
    pub async fn webhook_told(
        &self,
        webhook: WebhookId,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.db.webhook_told(webhook, outcome, now).await
    }
}
