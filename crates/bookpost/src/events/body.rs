//! An event as programs read it, the same in a webhook and in the feed.

use clap::ValueEnum;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Event, EventKind};
use utoipa::ToSchema;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventType)]
pub enum EventName {
    /// A message was taken.
    Accepted,
    /// An attempt failed; the next is at `next_attempt_at`.
    Deferred,
    /// It may have arrived: the answer of the mail server was lost. It is sent once more at `next_attempt_at`; without that a person
    /// decides.
    InDoubt,
    /// Accepted by the mail server.
    Delivered,
    /// Kept by the practice mailbox; nobody received it.
    Practiced,
    /// Sent back to its return address.
    Returned,
    /// Set aside until it is released.
    Held,
    /// To be sent after all, or at once.
    Released,
    /// Not sent, as decided.
    Cancelled,
}

/// One thing that happened to a message, or to one of its recipients.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// The same event always has the same id.
    id: String,
    #[serde(rename = "type")]
    kind: EventName,
    #[schema(value_type = String, format = DateTime)]
    happened_at: Timestamp,
    /// The message's id.
    message: String,
    /// `Message-ID` with its angle brackets.
    message_id: String,
    /// As the application gave them.
    tags: Vec<String>,
    /// The recipient's id; none where it happened to the message as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Why, as a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_text: Option<&'static str>,
    /// The mail server that was asked, as `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        let (recipient, address) = event.recipient.unzip();
        Self {
            id: event.id.0.to_string(),
            kind: event.kind.into(),
            happened_at: event.happened_at,
            message: event.message.0.to_string(),
            message_id: event.message_id,
            tags: event.tags,
            recipient: recipient.map(|recipient| recipient.0.to_string()),
            address: address.map(|address| address.to_string()),
            reason: event.reason.map(mail::Reason::as_str),
            reason_text: event.reason.map(|reason| reason.plain_words()),
            server: event.server,
            answer: event.answer,
            next_attempt_at: event.next_attempt_at,
        }
    }
}

/// The same words on either side.
macro_rules! same {
    ($($name:ident)+) => {
        impl From<EventKind> for EventName {
            fn from(kind: EventKind) -> Self {
                match kind { $(EventKind::$name => Self::$name,)+ }
            }
        }

        impl From<EventName> for EventKind {
            fn from(name: EventName) -> Self {
                match name { $(EventName::$name => Self::$name,)+ }
            }
        }
    };
}

same! { Accepted Deferred InDoubt Delivered Practiced Returned Held Released Cancelled }
