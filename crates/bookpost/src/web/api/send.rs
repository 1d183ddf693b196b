//! One message.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use store::{Accepted, Once, RecipientId};
use utoipa::ToSchema;

use super::{
    Api, body,
    caller::Authorized,
    document::SendProblems,
    message::{Circumstances, MessageRequest},
    once,
    place::Place,
    problem::{Kind, Problem, rate_headers},
    status::StateName,
};
use crate::{
    identity::Caller,
    receive::{NotTaken, Ready, Submission, apart},
};

/// A message that Bookpost answers for from here on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sent {
    /// By this it is asked for.
    #[schema(example = "4711")]
    id: String,
    /// `Message-ID` with its angle brackets.
    message_id: String,
    recipients: Vec<SentTo>,
}

/// One recipient of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentTo {
    #[schema(example = "308822016")]
    id: String,
    #[schema(example = "reader@example.org")]
    address: String,
    /// As it was when the message was accepted.
    state: StateName,
}

/// Hands in one message.
///
/// The answer comes once the message is on disk. With an `Idempotency-Key` a request can be sent again when its answer was not heard: it
/// gets the answer that it got before, and no second message is made. A key is known for 7 days.
#[utoipa::path(
    post,
    path = "/api/v1/messages",
    operation_id = "send_message",
    tag = "messages",
    params(("Idempotency-Key" = Option<String>, Header, description = "A name for this request, of the application's choice")),
    request_body(content = MessageRequest, content_type = "application/json"),
    responses((status = 202, description = "The message is on disk", body = Sent), SendProblems)
)]
pub(super) async fn send(
    State(api): State<Api>,
    authorized: Authorized,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (bytes, _room) = api.read_one(&headers, body).await?;
    let (size, caller) = (bytes.len(), api.still(&authorized)?);
    let once = once::Request::of(&headers, &caller, "/api/v1/messages", &bytes).await?;
    if let Some(once) = &once
        && let Some(answer) = api.answered(once, 0).await?
    {
        return Ok(api.accepted(&caller, answer));
    }
    let request: MessageRequest = body::parse(bytes).await?;
    let maker = api.clone();
    let made = apart(size, move || maker.submission(&authorized, &request, Place::default())).await;
    let now = api.submitter.clock.now();
    let nowhere = |why: NotTaken| Problem::not_taken(&why, &Place::default(), now);
    let (submission, place) = made.map_err(nowhere)??;
    let not_taken = |why: NotTaken| Problem::not_taken(&why, &place, now);
    let ready = api.check(&caller, submission).await.map_err(not_taken)?;
    let sketch = Sketch::of(&ready);
    let answer = match once {
        None => {
            let stored = api.submitter.submit_all(vec![ready]).await.map_err(not_taken)?;
            sketch.answer(&stored)
        }
        Some(once) => {
            let stored =
                api.submitter.submit_once(once.part(0), vec![ready], move |stored| sketch.answer(stored));
            match stored.await.map_err(not_taken)? {
                Once::Stored { answer, .. } | Once::Before(answer) => answer,
                Once::Another => return Err(once::other()),
            }
        }
    };
    Ok(api.accepted(&caller, answer))
}

impl Api {
    /// What the `nth` part of this request was answered when it was made before.
    pub(super) async fn answered(
        &self,
        once: &once::Request,
        nth: usize,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let key = once.part(nth);
        let made = self.submitter.store().made(&key.application, &key.key).await;
        let Some(made) = made.map_err(|error| Problem::queue(&error))? else { return Ok(None) };
        once.is(&made)?;
        Ok(Some(made.answer))
    }

    /// The message that stands at `place`, which is told more of it.
    pub(super) fn submission(
        &self,
        authorized: &Authorized,
        request: &MessageRequest,
        place: Place,
    ) -> Result<(Submission, Place), Problem> {
        let circumstances = Circumstances {
            caller: &authorized.caller,
            origin: authorized.origin(),
            message_id: self.submitter.draw_message_id(),
            now: self.submitter.clock.now(),
            place: &place,
        };
        let submission = request.submission(circumstances)?;
        let (bytes, most) = (submission.content.len(), self.submitter.settings.now().doors.largest_message);
        if bytes > most {
            let detail = format!("the message has {bytes} bytes, and {most} are the most that is taken here");
            return Err(Problem::new(Kind::TooLarge, detail));
        }
        Ok((submission, place.with(request.parts())))
    }

    /// The answer, which is JSON already.
    pub(super) fn accepted(&self, caller: &Caller, answer: Vec<u8>) -> Response {
        let mut response =
            (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], answer).into_response();
        let now = self.submitter.clock.now();
        let rate = self.submitter.applications.rate(caller, now);
        response.headers_mut().extend(rate.iter().flat_map(|rate| rate_headers(rate, now)));
        response
    }
}

/// What the answer will say, but for the ids.
struct Sketch {
    message_id: String,
    addresses: Vec<String>,
}

impl Sketch {
    fn of(ready: &Ready) -> Self {
        let address = |one: &mail::Recipient| one.address.as_str().to_owned();
        Self {
            message_id: ready.message_id().to_owned(),
            addresses: ready.recipients().iter().map(address).collect(),
        }
    }

    fn answer(self, stored: &[Accepted]) -> Vec<u8> {
        let sent = stored.first().map(|accepted| self.sent(accepted));
        serde_json::to_vec(&sent).unwrap_or_default()
    }

    fn sent(self, accepted: &Accepted) -> Sent {
        let recipient = |(ordinal, address): (u16, String)| SentTo {
            id: RecipientId::of(accepted.id, ordinal).0.to_string(),
            address,
            state: StateName::Waiting,
        };
        Sent {
            id: accepted.id.0.to_string(),
            message_id: self.message_id,
            recipients: (0..).zip(self.addresses).map(recipient).collect(),
        }
    }
}
