//! A message as it stands.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Attempt, Class, MessageId, Row, State as Stored};
use utoipa::ToSchema;

use super::{Api, caller::Authorized, document::ReadProblems, problem::Problem};
use crate::identity::{Action, Caller};

/// A recipient's id is made of its message's, which must leave room for it.
const LARGEST_ID: i64 = i64::MAX >> 16;

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Class)]
pub(super) enum ClassName {
    /// A person waits for it.
    Urgent,
    /// The usual.
    Normal,
    /// Large mailings.
    Bulk,
}

/// The state of one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = State)]
pub(super) enum StateName {
    /// To be sent at `next_attempt_at`.
    Waiting,
    /// Being sent.
    Sending,
    /// May have arrived: the answer of the mail server was lost, and a person decides.
    InDoubt,
    /// Accepted by the mail server.
    Delivered,
    /// Kept by the practice mailbox; nobody received it.
    Practiced,
    /// Sent back to its return address.
    Returned,
    /// Set aside until it is released.
    Held,
    /// Not sent, as decided.
    Cancelled,
}

/// A message and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageStatus)]
pub(super) struct MessageStatus {
    id: String,
    /// `Message-ID` with its angle brackets.
    message_id: String,
    subject: String,
    class: ClassName,
    /// As the application gave them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// Where it is returned to; none: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_address: Option<String>,
    /// Bytes of the whole message.
    size: u64,
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// From here its age counts.
    #[schema(value_type = String, format = DateTime)]
    first_due_at: Timestamp,
    pub(super) recipients: Vec<RecipientStatus>,
}

/// A recipient and what became of the message to them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecipientStatus)]
pub(super) struct RecipientStatus {
    id: String,
    address: String,
    state: StateName,
    /// Why it is in this state, as a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_text: Option<&'static str>,
    /// The last answer of a mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// While it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// When it is sent back if it was not delivered by then.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it came to its final state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Timestamp>,
    /// When an answer was first lost: from then on it may have arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    in_doubt_at: Option<Timestamp>,
    /// How often it was tried.
    attempts_made: u32,
    /// Each attempt, the oldest first; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptStatus>>,
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptStatus {
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ended_at: Timestamp,
    /// `host:port`; empty when none was reached.
    server: String,
    /// None after a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The server's own answer, or what the error says.
    answer: String,
}

/// Tells how a message stands.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}",
    operation_id = "show_message",
    tag = "messages",
    params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The message with its recipients and each attempt", body = MessageStatus), ReadProblems)
)]
pub(super) async fn show(
    State(api): State<Api>,
    authorized: Authorized,
    Id(id): Id,
) -> Result<Json<MessageStatus>, Problem> {
    let rows = api.own(&authorized.caller, id).await?;
    status(rows).map(Json).ok_or_else(Problem::not_found)
}

impl Api {
    /// A message of the caller's, with its recipients; another's is not found.
    pub(super) async fn own(
        &self,
        caller: &Caller,
        id: MessageId,
    ) -> Result<Vec<(Row, Vec<Attempt>)>, Problem> {
        let rows = self.submitter.store().show(id).await.map_err(|error| Problem::queue(&error))?;
        let may = rows.iter().all(|(row, _)| caller.may(Action::Read(row)).is_ok());
        if may { Ok(rows) } else { Err(Problem::not_found()) }
    }
}

/// The message that a request is about.
pub(super) struct Id(pub(super) MessageId);

impl FromRequestParts<Api> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, api).await;
        let id = id.ok().and_then(|Path(id)| message_id(&id));
        id.map(Self).ok_or_else(Problem::not_found)
    }
}

/// An id as it was given out.
pub(super) fn message_id(text: &str) -> Option<MessageId> {
    let id = text.parse().ok().filter(|id| (1..=LARGEST_ID).contains(id))?;
    Some(MessageId(id))
}

/// A message from its recipients.
pub(super) fn status(rows: Vec<(Row, Vec<Attempt>)>) -> Option<MessageStatus> {
    let mut rows = rows.into_iter().peekable();
    let first = &rows.peek()?.0;
    let mut message = MessageStatus::of(first);
    let recipient = |(row, attempts): (Row, Vec<Attempt>)| {
        let attempts = attempts.into_iter().map(AttemptStatus::from).collect();
        RecipientStatus { attempts: Some(attempts), ..RecipientStatus::from(row) }
    };
    message.recipients = rows.map(recipient).collect();
    Some(message)
}

impl MessageStatus {
    /// Without recipients.
    pub(super) fn of(row: &Row) -> Self {
        Self {
            id: row.message.0.to_string(),
            message_id: row.message_id.clone(),
            subject: row.subject.clone(),
            class: row.class.into(),
            tags: row.tags.clone(),
            return_address: row.reverse_path.address().map(ToString::to_string),
            size: row.size,
            accepted_at: row.accepted_at,
            first_due_at: row.first_due_at,
            recipients: Vec::new(),
        }
    }
}

impl From<Row> for RecipientStatus {
    fn from(row: Row) -> Self {
        Self {
            id: row.recipient.0.to_string(),
            address: row.to.address.to_string(),
            state: row.state.into(),
            reason: row.reason.map(mail::Reason::as_str),
            reason_text: row.reason.map(|reason| reason.plain_words()),
            answer: row.answer,
            next_attempt_at: row.due_at.filter(|_| row.state == Stored::Waiting),
            expires_at: row.expires_at,
            settled_at: row.settled_at,
            in_doubt_at: row.in_doubt_at,
            attempts_made: row.attempts,
            attempts: None,
        }
    }
}

impl From<Attempt> for AttemptStatus {
    fn from(attempt: Attempt) -> Self {
        Self {
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            server: attempt.server,
            reason: attempt.reason.map(mail::Reason::as_str),
            answer: attempt.answer,
        }
    }
}

/// The same words on either side.
macro_rules! same {
    ($here:ident $there:ident: $($name:ident)+) => {
        impl From<$there> for $here {
            fn from(value: $there) -> Self {
                match value { $($there::$name => Self::$name,)+ }
            }
        }

        impl From<$here> for $there {
            fn from(value: $here) -> Self {
                match value { $($here::$name => Self::$name,)+ }
            }
        }
    };
}

same! { ClassName Class: Urgent Normal Bulk }
same! { StateName Stored: Waiting Sending InDoubt Delivered Practiced Returned Held Cancelled }
