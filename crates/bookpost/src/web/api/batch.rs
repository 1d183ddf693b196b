//! Many messages in one request, stored slice by slice.
//!
//! Each slice is one transaction. With an `Idempotency-Key` the slice's part of the answer is stored in it, so that a request which was
//! cut off in the middle goes on there when it is sent again, and makes no message twice.

use std::{ops::Range, sync::Arc};

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use store::{Accepted, Once};
use tokio::task::JoinHandle;
use utoipa::ToSchema;

use super::{
    Api, body,
    caller::Authorized,
    document::SendProblems,
    message::MessageRequest,
    once,
    problem::{Kind, Problem, ProblemBody},
    send::accepted,
};
use crate::receive::{NotTaken, Ready, Submission};

/// Items of one request.
pub(super) const MOST: usize = 10_000;
/// Messages of one transaction.
const SLICE: usize = 200;

/// Many messages, each for itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Batch {
    #[schema(min_items = 1, max_items = 10_000)]
    messages: Vec<MessageRequest>,
}

/// What became of each item, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    results: Vec<ItemResult<'static>>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
struct ItemResult<'a> {
    /// From 0.
    index: usize,
    status: ItemStatus,
    /// Of the message, if it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// `Message-ID` with its angle brackets, if it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody<'a>>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ItemStatus {
    /// It is on disk.
    Accepted,
    /// There is no message of it.
    Refused,
}

/// Hands in up to 10,000 messages.
///
/// Each item is accepted or refused for itself; a request that cannot be read, or has an unknown field in any item, is refused as a whole. With
/// an `Idempotency-Key` a request that was cut off, or answered with 503, can be sent again: it goes on where it was.
#[utoipa::path(
    post,
    path = "/api/v1/messages/batch",
    operation_id = "send_batch",
    tag = "messages",
    params(("Idempotency-Key" = Option<String>, Header, description = "A name for this request, of the application's choice")),
    request_body(content = Batch, content_type = "application/json"),
    responses((status = 202, description = "What became of each item", body = Results), SendProblems)
)]
pub(super) async fn send(
    State(api): State<Api>,
    authorized: Authorized,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, _room) = api.read_many(&headers, body).await?;
    let once = once::Request::of(&headers, &authorized.caller, "/api/v1/messages/batch", &bytes).await?;
    let Batch { messages } = body::parse(bytes).await?;
    let count = counted(messages.len(), "/messages")?;
    let (maker, authorized) = (api.clone(), Arc::new(authorized));
    let asked = Arc::clone(&authorized);
    let make = move |at: usize| {
        let request = messages.get(at).ok_or_else(Problem::not_found)?;
        maker.submission(&asked, request, &format!("/messages/{at}"))
    };
    api.take(Items { authorized, once, count, place: "/messages", make: Arc::new(make) }).await
}

/// How many items there are; there is one at least, and not more than [`MOST`].
pub(super) fn counted(count: usize, place: &str) -> Result<usize, Problem> {
    if (1..=MOST).contains(&count) {
        return Ok(count);
    }
    Err(Problem::new(Kind::Invalid, format!("1 to {MOST} items go in one request, and here are {count}"))
        .at(place))
}

/// Items that are made messages as their slice comes.
pub(super) struct Items {
    pub(super) authorized: Arc<Authorized>,
    pub(super) once: Option<once::Request>,
    pub(super) count: usize,
    /// Where in the body they stand.
    pub(super) place: &'static str,
    /// The message of one item. It may take its time: it is called where that stops nobody.
    pub(super) make: Arc<dyn Fn(usize) -> Result<Submission, Problem> + Send + Sync>,
}

impl Items {
    fn slice(&self, nth: usize) -> Range<usize> {
        let begin = nth.saturating_mul(SLICE).min(self.count);
        begin..begin.saturating_add(SLICE).min(self.count)
    }

    fn make(&self, nth: usize) -> JoinHandle<Vec<Result<Submission, Problem>>> {
        let (range, make) = (self.slice(nth), Arc::clone(&self.make));
        tokio::task::spawn_blocking(move || range.map(|at| make(at)).collect())
    }
}

impl Api {
    /// Takes all items, slice by slice; while one is stored the next is made.
    pub(super) async fn take(&self, items: Items) -> Result<Response, Problem> {
        let slices = items.count.div_ceil(SLICE);
        let mut parts = self.answered_before(&items, slices).await?;
        let mut made = items.make(parts.len());
        for nth in parts.len()..slices {
            let next = items.make(nth + 1);
            let submissions = std::mem::replace(&mut made, next).await;
            let submissions = submissions.map_err(|error| Problem::unavailable(error.to_string()))?;
            match self.take_slice(&items, nth, submissions).await {
                Ok(part) => parts.push(part),
                // Whoever sends it again goes on here; without a key, what is stored already would be made twice.
                Err(problem) if nth == 0 || items.once.is_some() => return Err(problem),
                Err(problem) => {
                    parts.push(all_refused(nth * SLICE..items.count, &problem));
                    break;
                }
            }
        }
        let answer = [b"{\"results\":[", parts.join(&b","[..]).as_slice(), b"]}"].concat();
        Ok(accepted(answer, None, self.submitter.clock.now()))
    }

    /// The parts of the answer that were given when this request was made before.
    async fn answered_before(&self, items: &Items, slices: usize) -> Result<Vec<Vec<u8>>, Problem> {
        let mut parts = Vec::new();
        let Some(once) = &items.once else { return Ok(parts) };
        while parts.len() < slices
            && let Some(part) = self.answered(once, parts.len()).await?
        {
            parts.push(part);
        }
        Ok(parts)
    }

    async fn take_slice(
        &self,
        items: &Items,
        nth: usize,
        submissions: Vec<Result<Submission, Problem>>,
    ) -> Result<Vec<u8>, Problem> {
        let now = self.submitter.clock.now();
        let (mut ready, mut slice) = (Vec::new(), Slice::new(items.slice(nth).start));
        for (at, submission) in items.slice(nth).zip(submissions) {
            let checked = match submission {
                Ok(submission) => {
                    self.submitter.check(&items.authorized.caller, submission).await.map_err(|why| {
                        let problem = Problem::not_taken(&why, &format!("{}/{at}", items.place), now);
                        (problem, matches!(why, NotTaken::Store(_)))
                    })
                }
                Err(problem) => Err((problem, false)),
            };
            match checked {
                Ok(one) => {
                    slice.accept(&one);
                    ready.push(one);
                }
                Err((problem, true)) => return Err(problem),
                Err((problem, false)) => slice.items.push(Err(problem)),
            }
        }
        let not_taken = |why: NotTaken| Problem::not_taken(&why, items.place, now);
        let Some(once) = &items.once else {
            let stored = self.submitter.submit_all(ready).await.map_err(not_taken)?;
            return Ok(slice.answer(&stored));
        };
        let stored =
            self.submitter.submit_once(once.part(nth), ready, move |stored| slice.answer(stored)).await;
        match stored.map_err(not_taken)? {
            Once::Stored { answer, .. } | Once::Before(answer) => Ok(answer),
            Once::Another => Err(once::other()),
        }
    }
}

/// What is to be answered for one slice, but for the ids.
struct Slice {
    first: usize,
    /// Message-IDs of what is accepted.
    items: Vec<Result<String, Problem>>,
}

impl Slice {
    fn new(first: usize) -> Self {
        Self { first, items: Vec::new() }
    }

    fn accept(&mut self, ready: &Ready) {
        self.items.push(Ok(ready.message_id().to_owned()));
    }

    /// The results with commas between them; `stored` are those that were accepted, in their order.
    fn answer(&self, stored: &[Accepted]) -> Vec<u8> {
        let mut stored = stored.iter();
        let results = (self.first..).zip(&self.items).map(|(index, item)| match item {
            Ok(message_id) => ItemResult {
                index,
                status: ItemStatus::Accepted,
                id: stored.next().map(|accepted| accepted.id.0.to_string()),
                message_id: Some(message_id),
                problem: None,
            },
            Err(problem) => refused(index, problem),
        });
        joined(results)
    }
}

fn refused(index: usize, problem: &Problem) -> ItemResult<'_> {
    let problem = Some(problem.body());
    ItemResult { index, status: ItemStatus::Refused, id: None, message_id: None, problem }
}

fn all_refused(range: Range<usize>, problem: &Problem) -> Vec<u8> {
    joined(range.map(|index| refused(index, problem)))
}

fn joined<'a>(results: impl Iterator<Item = ItemResult<'a>>) -> Vec<u8> {
    let written: Vec<_> = results.map(|result| serde_json::to_vec(&result).unwrap_or_default()).collect();
    written.join(&b","[..])
}
