//! Events: what happened to the mail of applications, in the order in which it happened, and who is told of it.
//!
//! An event is written in the transaction of the change that it tells of, and is never asked by anything that decides about mail: one
//! that cannot be written is missing, and the change stands.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use mail::{Address, Reason};
use serde::{Deserialize, Serialize};

use crate::{
    ApplicationName, Error, MessageId, RecipientId, Store, before,
    codes::{event_kind, event_kind_code, named, tags},
    rows::{Columns, at},
};

/// Events, of whomever, that one look passes over at most.
const PASSED: i64 = 100_000;

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

/// What is noted of a change to one recipient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Happening<'a> {
    pub(crate) kind: EventKind,
    pub(crate) recipient: RecipientId,
    /// The attempt that led there.
    pub(crate) attempt: Option<u32>,
    pub(crate) next_attempt_at: Option<Timestamp>,
    /// Where there was no attempt.
    pub(crate) reason: Option<&'a str>,
}

impl Happening<'_> {
    pub(crate) fn new(kind: EventKind, recipient: RecipientId) -> Self {
        Self { kind, recipient, attempt: None, next_attempt_at: None, reason: None }
    }
}

/// Events, and the web addresses that are told of them.
impl Store {
    /// The first `limit` events that the filter names. Looks through a part only where few are found: go on at
    /// [`read_to`](Events::read_to) as long as there are [`more`](Events::more).
    pub async fn events(&self, filter: EventFilter, limit: usize) -> Result<Events, Error> {
        ask!(self.db.events(filter, limit).await)
    }

    /// The last event that is on disk, as it rises: an alarm clock for whoever tells of events.
    pub fn events_noted(&self) -> tokio::sync::watch::Receiver<EventId> {
        ask!(self.db.events_noted())
    }

    /// Forgets events of longer ago than [`EVENTS_KEPT`], up to `limit`. Gives how many; 0 when none is left.
    pub async fn forget_events(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        ask!(self.db.forget_events(before(now, EVENTS_KEPT), limit).await)
    }

    /// Adds a web address to an application: it is told of what happens from now on.
    pub async fn add_webhook(
        &self,
        application: &str,
        webhook: NewWebhook,
        now: Timestamp,
    ) -> Result<Webhook, Error> {
        ask!(self.db.add_webhook(application.to_owned(), webhook, now).await)
    }

    /// It is told of nothing any more.
    pub async fn remove_webhook(&self, webhook: WebhookId) -> Result<Webhook, Error> {
        ask!(self.db.remove_webhook(webhook).await)
    }

    /// All web addresses, in the order in which they were added. One that cannot be decoded is left out and logged.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        ask!(self.db.webhooks().await)
    }

    /// The sealed secret of a web address; apart from [`Store::webhooks`], so that nobody prints it.
    pub async fn webhook_secret(&self, webhook: WebhookId) -> Result<Vec<u8>, Error> {
        ask!(self.db.webhook_secret(webhook).await)
    }

    /// What a web address could not be told is due now; nothing happens where it could.
    pub async fn retry_webhook(&self, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.retry_webhook(webhook, now).await)
    }

    /// Puts on record what came of telling a web address. Nothing happens where it was removed meanwhile.
    pub async fn webhook_told(
        &self,
        webhook: WebhookId,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        ask!(self.db.webhook_told(webhook, outcome, now).await)
    }
}

/// What one look passes over: events behind `after`, up to `reach`, of those up to `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) after: i64,
    pub(crate) reach: i64,
    end: i64,
}

impl EventFilter {
    /// What one look passes over, where `last` is the last event that is on disk.
    pub(crate) fn stretch(&self, last: EventId) -> Stretch {
        let after = self.after.0.clamp(0, last.0);
        let end = self.until.map_or(last.0, |until| until.0.min(last.0));
        Stretch { after, reach: after.saturating_add(PASSED).min(end), end }
    }
}

impl Stretch {
    /// What was read in it. `full`: the last one that was read, where there may be more within reach; `next`: the first one out of reach
    /// that may be the application's.
    pub(crate) fn read(self, events: Vec<Event>, full: Option<i64>, next: Option<i64>) -> Events {
        let read_to = match full {
            Some(last) => last,
            // Ids leap where a copy was restored: nobody asks a thousand times to get over that.
            None => next.map_or(self.end, |next| self.end.min(next - 1)).max(self.after),
        };
        Events { events, read_to: EventId(read_to), more: read_to < self.end }
    }
}

/// A further condition of a question for events.
pub(crate) fn among(kinds: &BTreeSet<EventKind>) -> String {
    let codes: Vec<_> = kinds.iter().map(|kind| event_kind_code(*kind).to_string()).collect();
    if codes.is_empty() { String::new() } else { format!(" AND e.kind IN ({})", codes.join(", ")) }
}

/// From `id, happened_at, kind, recipient, next_attempt_at, reason, address, message_id, tags, server, answer`; none if it cannot be decoded: of a later version, or damaged.
pub(crate) fn decode(row: &impl Columns) -> Result<Option<Event>, Error> {
    let (happened_at, kind) = (at(row, 1)?, event_kind(row.id(2)?));
    let (Some(happened_at), Some(kind)) = (happened_at, kind) else { return Ok(None) };
    let recipient = RecipientId(row.id(3)?);
    let address = row.text(6)?.and_then(|address| Address::parse(&address).ok());
    Ok(Some(Event {
        id: EventId(row.id(0)?),
        happened_at,
        kind,
        message: recipient.message(),
        message_id: row.text(7)?.unwrap_or_default(),
        tags: tags(row.text(8)?),
        recipient: address.filter(|_| kind != EventKind::Accepted).map(|address| (recipient, address)),
        reason: row.text(5)?.and_then(named),
        server: row.text(9)?.filter(|server| !server.is_empty()),
        answer: row.text(10)?.filter(|_| kind != EventKind::Accepted),
        next_attempt_at: at(row, 4)?,
    }))
}
