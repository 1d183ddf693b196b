//! Lists of an application's own messages, in pages.
#![expect(unused_qualifications, reason = "the macro that describes the query writes one")]

use axum::{Json, extract::State};
use mail::Address;
use serde::{Deserialize, Serialize};
use store::{Filter, MessageId, RecipientId, Row};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    asked::{self, Asked},
    caller::Authorized,
    document::ReadProblems,
    once,
    problem::{Kind, Problem},
    status::{MessageStatus, RecipientStatus, StateName, message_id, status},
};
use crate::identity::Action;

const USUAL: usize = 100;
const MOST: usize = 500;

/// Which messages; all that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Recipients in this state.
    #[param(inline)]
    state: Option<StateName>,
    /// Recipients with this address.
    to: Option<String>,
    /// Messages with this among their tags.
    tag: Option<String>,
    /// Only the messages of the request that had this `Idempotency-Key`, in the order of its items. Nothing else may be asked for beside it.
    idempotency_key: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// Recipients on a page; 100 if nothing is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Messages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// Those with many recipients may go on on the next page.
    messages: Vec<MessageStatus>,
    /// What `after` must be for the next page; none on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists the application's messages.
#[utoipa::path(
    get,
    path = "/api/v1/messages",
    operation_id = "list_messages",
    tag = "messages",
    params(Wanted),
    responses((status = 200, description = "One page", body = Page), ReadProblems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    authorized: Authorized,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page>, Problem> {
    let limit = asked::page(wanted.limit, USUAL, MOST)?;
    let after = asked::after(wanted.after.as_deref())?;
    if let Some(key) = &wanted.idempotency_key {
        if wanted.state.is_some() || wanted.to.is_some() || wanted.tag.is_some() {
            let detail =
                "idempotency_key finds the messages of one request, and goes with no state, to or tag";
            return Err(Problem::new(Kind::Malformed, detail));
        }
        return api.of_request(&authorized, key, after.unwrap_or(0), limit).await.map(Json);
    }
    let address = wanted.to.as_deref().map(Address::parse).transpose();
    let filter = Filter {
        state: wanted.state.map(Into::into),
        address: address.map_err(|error| Problem::new(Kind::Malformed, format!("to: {error}")))?,
        application: Some(authorized.caller.name().to_owned()),
        tag: wanted.tag,
        ..Filter::default()
    };
    let rows = api.submitter.store().list(filter, after.map(RecipientId), limit).await;
    let mut rows = rows.map_err(|error| Problem::queue(&error))?;
    rows.retain(|row| authorized.caller.may(Action::Read(row)).is_ok());
    let next = (rows.len() == limit).then(|| rows.last().map(|row| row.recipient.0.to_string())).flatten();
    Ok(Json(Page { messages: by_message(rows), next }))
}

impl Api {
    /// The messages that one request made, in its order.
    async fn of_request(
        &self,
        authorized: &Authorized,
        key: &str,
        after: i64,
        limit: usize,
    ) -> Result<Page, Problem> {
        let key = once::name(key).ok_or_else(Problem::not_found)?;
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let made = self.made_by(authorized.caller.name(), &key).await?;
        let mut messages = Vec::new();
        for id in made.iter().skip(after).take(limit) {
            match self.own(&authorized.caller, *id).await {
                Ok(rows) => messages.extend(status(rows)),
                // It was erased meanwhile.
                Err(problem) if problem.is_not_found() => {}
                Err(problem) => return Err(problem),
            }
        }
        let passed = after.saturating_add(limit);
        Ok(Page { messages, next: (passed < made.len()).then(|| passed.to_string()) })
    }

    /// The ids that the answers to a request name, part by part.
    async fn made_by(&self, application: &str, key: &str) -> Result<Vec<MessageId>, Problem> {
        let mut ids = Vec::new();
        for nth in 0.. {
            let made = self.submitter.store().made(application, &once::part(key, nth)).await;
            match made.map_err(|error| Problem::queue(&error))? {
                Some(made) => ids.extend(named(&made.answer)),
                None if nth == 0 => return Err(Problem::not_found()),
                None => break,
            }
        }
        Ok(ids)
    }
}

/// What an answer names: it is one object, or several with commas between them.
fn named(answer: &[u8]) -> Vec<MessageId> {
    #[derive(Deserialize)]
    struct Named {
        id: Option<String>,
    }
    let list = [b"[", answer, b"]"].concat();
    let all: Vec<Named> = serde_json::from_slice(&list).unwrap_or_default();
    all.iter().filter_map(|one| message_id(one.id.as_deref()?)).collect()
}

/// Recipients of one message stand together.
fn by_message(rows: Vec<Row>) -> Vec<MessageStatus> {
    let mut messages: Vec<(MessageId, MessageStatus)> = Vec::new();
    for row in rows {
        if messages.last().is_none_or(|(id, _)| *id != row.message) {
            messages.push((row.message, MessageStatus::of(&row)));
        }
        if let Some((_, message)) = messages.last_mut() {
            message.recipients.push(RecipientStatus::from(row));
        }
    }
    messages.into_iter().map(|(_, message)| message).collect()
}
