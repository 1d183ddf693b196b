//! Many messages in one request, stored slice by slice.
//!
//! Each slice is one transaction. With an `Idempotency-Key` the slice's part of the answer is stored in it, so that a request which was
//! cut off in the middle, or had to stop there for the moment, goes on there when it is sent again, and makes no message twice.

use std::{ops::Range, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::HeaderMap,
    response::Response,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use store::{Accepted, Once, OnceKey};
use tokio::task::JoinHandle;
use utoipa::ToSchema;

use super::{
    Api, body,
    caller::Authorized,
    document::SendProblems,
    limited,
    message::MessageRequest,
    once,
    place::{Place, fragment},
    problem::{Kind, Problem, ProblemBody},
};
use crate::receive::{NotTaken, Ready, Submission};

/// Items of one request.
pub(super) const MOST: usize = 10_000;
/// Items of one transaction, and bytes of their messages after which it ends: others who hand in mail wait no longer for it.
const SLICE: usize = 200;
const SLICE_BYTES: usize = 2 << 20;

/// Many messages, each for itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Batch {
    #[serde(deserialize_with = "limited::list::<_, _, MOST>")]
    #[schema(value_type = Vec<MessageRequest>, min_items = 1, max_items = 10_000)]
    messages: Vec<Box<RawValue>>,
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
/// an `Idempotency-Key` a request that was cut off, or answered with 429 or 503, can be sent again: it goes on where it was.
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
    let caller = api.still(&authorized)?;
    let once = once::Request::of(&headers, &caller, "/api/v1/messages/batch", &bytes).await?;
    let items = items(&api, authorized, bytes).await?;
    api.take(items, once).await
}

/// What is in such a body.
pub(super) async fn items(api: &Api, authorized: Authorized, body: Bytes) -> Result<Items, Problem> {
    let Batch { messages } =
        body::parse_many::<_, MessageRequest>(body, |batch: &Batch| &batch.messages, PLACE).await?;
    let count = counted(messages.len(), PLACE)?;
    let (maker, authorized) = (api.clone(), Arc::new(authorized));
    let asked = Arc::clone(&authorized);
    let make = move |at: usize| {
        let (written, pointer) = (messages.get(at).ok_or_else(Problem::not_found)?, format!("{PLACE}/{at}"));
        let request: MessageRequest = body::parsed_item(written, &pointer)?;
        maker.submission(&asked, &request, Place::of_message(pointer))
    };
    Ok(Items { authorized, count, make: Arc::new(make) })
}

/// Of the messages.
const PLACE: &str = "/messages";

/// How many items there are; there is one at least, and not more than [`MOST`].
pub(super) fn counted(count: usize, place: &str) -> Result<usize, Problem> {
    if (1..=MOST).contains(&count) {
        return Ok(count);
    }
    Err(Problem::new(Kind::Invalid, format!("1 to {MOST} items go in one request, and here are {count}"))
        .at(fragment(&[place])))
}

/// A message, and where it stands.
type Made = Result<(Submission, Place), Problem>;

/// Items that are made messages as their slice comes.
pub(super) struct Items {
    pub(super) authorized: Arc<Authorized>,
    pub(super) count: usize,
    /// The message of one item. It may take its time: it is called where that stops nobody.
    pub(super) make: Arc<dyn Fn(usize) -> Made + Send + Sync>,
}

impl Items {
    /// The slice that begins here.
    fn make(&self, begin: usize) -> JoinHandle<Vec<Made>> {
        let (range, make) = (begin..self.count.min(begin.saturating_add(SLICE)), Arc::clone(&self.make));
        tokio::task::spawn_blocking(move || slice(range.map(|at| make(at))))
    }
}

fn slice(items: impl Iterator<Item = Made>) -> Vec<Made> {
    let (mut slice, mut bytes) = (Vec::new(), 0);
    for item in items {
        bytes += item.as_ref().map_or(0, |(submission, _)| submission.content.len());
        slice.push(item);
        if bytes >= SLICE_BYTES {
            break;
        }
    }
    slice
}

impl Api {
    /// Takes all items, slice by slice; while one is stored the next is made.
    pub(super) async fn take(&self, items: Items, once: Option<once::Request>) -> Result<Response, Problem> {
        let once = once.as_ref();
        let (mut parts, mut begin) = self.answered_before(&items, once).await?;
        let mut made = items.make(begin);
        while begin < items.count {
            let slice = made.await.map_err(|error| Problem::unavailable(error.to_string()))?;
            let end = begin + slice.len();
            made = items.make(end);
            match self.take_slice(&items, once.map(|once| once.part(parts.len())), begin, slice).await {
                Ok(part) => {
                    begin += items_of(&part);
                    parts.push(part);
                }
                // Whoever sends it again goes on here; without a key, what is stored already would be made twice.
                Err(problem) if parts.is_empty() || once.is_some() => return Err(problem),
                Err(problem) => {
                    parts.push(all_refused(begin..items.count, &problem));
                    break;
                }
            }
            if begin != end {
                // The same request, made at the same time, was stored in other slices.
                made = items.make(begin);
            }
        }
        let answer = [b"{\"results\":[", parts.join(&b","[..]).as_slice(), b"]}"].concat();
        Ok(self.accepted(&items.authorized.caller, answer))
    }

    /// The parts of the answer that were given when this request was made before, and the item after them.
    async fn answered_before(
        &self,
        items: &Items,
        once: Option<&once::Request>,
    ) -> Result<(Vec<Vec<u8>>, usize), Problem> {
        let (mut parts, mut begin) = (Vec::new(), 0);
        let Some(once) = once else { return Ok((parts, begin)) };
        while begin < items.count
            && let Some(part) = self.answered(once, parts.len()).await?
        {
            begin += items_of(&part);
            parts.push(part);
        }
        Ok((parts, begin))
    }

    /// Takes a slice, or with a key what of it stands before the first item that is refused for now: that ends the request, and is where
    /// it goes on when it is sent again.
    async fn take_slice(
        &self,
        items: &Items,
        key: Option<OnceKey>,
        begin: usize,
        submissions: Vec<Made>,
    ) -> Result<Vec<u8>, Problem> {
        let (caller, now) = (self.still(&items.authorized)?, self.submitter.clock.now());
        let (mut ready, mut slice, mut later) = (Vec::new(), Slice::new(begin), None);
        for submission in submissions {
            let (submission, place) = match submission {
                Ok(made) => made,
                Err(problem) => {
                    slice.items.push(Err(problem));
                    continue;
                }
            };
            match self.check(&caller, submission).await {
                Ok(one) => {
                    slice.accept(&one);
                    ready.push(one);
                }
                Err(why) => {
                    let problem = Problem::not_taken(&why, &place, now);
                    if why.is_for_now() && key.is_some() {
                        later = Some(problem.going_on_at(begin + slice.items.len()));
                        break;
                    }
                    if matches!(why, NotTaken::Store(_)) {
                        return Err(problem);
                    }
                    slice.items.push(Err(problem));
                }
            }
        }
        if let Some(later) = later {
            if !slice.items.is_empty() {
                self.store(key, ready, slice).await?;
            }
            return Err(later);
        }
        self.store(key, ready, slice).await
    }

    async fn store(&self, key: Option<OnceKey>, ready: Vec<Ready>, slice: Slice) -> Result<Vec<u8>, Problem> {
        let now = self.submitter.clock.now();
        let not_taken = |why: NotTaken| Problem::not_taken(&why, &Place::default(), now);
        let Some(key) = key else {
            let stored = self.submitter.submit_all(ready).await.map_err(not_taken)?;
            return Ok(slice.answer(&stored));
        };
        let stored = self.submitter.submit_once(key, ready, move |stored| slice.answer(stored)).await;
        match stored.map_err(not_taken)? {
            Once::Stored { answer, .. } | Once::Before(answer) => Ok(answer),
            Once::Another => Err(once::other()),
        }
    }
}

/// How many items this part of an answer is about.
fn items_of(part: &[u8]) -> usize {
    let list = [b"[", part, b"]"].concat();
    serde_json::from_slice::<Vec<IgnoredAny>>(&list).map_or(0, |items| items.len())
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

#[cfg(test)]
mod tests {
    use mail::{Address, Envelope, ReversePath};

    use super::*;
    use crate::receive::{Leniency, Origin};

    fn made(bytes: usize) -> (Submission, Place) {
        let to = Address::parse("p@example.org").unwrap();
        let submission = Submission {
            envelope: Envelope::to_one(ReversePath::Null, to),
            content: vec![b'x'; bytes].into(),
            smtputf8: true,
            class: None,
            from: Origin { door: store::Door::Http, name: String::new(), peer: None, protocol: "HTTP" },
            leniency: Leniency::default(),
            send_at: None,
            expires_at: None,
            tags: Vec::new(),
        };
        (submission, Place::default())
    }

    /// Whoever else hands in mail does not wait for hundreds of megabytes.
    #[test]
    fn a_slice_ends_after_so_many_bytes() {
        for (sizes, slice) in [
            (vec![100; 200], 200),
            (vec![SLICE_BYTES; 3], 1),
            (vec![SLICE_BYTES - 1, 1, 1], 2),
            (vec![SLICE_BYTES / 4; 200], 4),
        ] {
            assert_eq!(super::slice(sizes.iter().map(|bytes| Ok(made(*bytes)))).len(), slice, "{sizes:?}");
        }
    }
}
