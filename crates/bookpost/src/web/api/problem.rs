//! What went wrong, as a value of its own (RFC 9457).

use std::borrow::Cow;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::place::Place;
use crate::{
    identity::{Denied, Field, Rate, Refusal},
    receive::NotTaken,
};

const PROBLEM_JSON: &str = "application/problem+json";
/// Where the queue cannot store: what is in its way takes a person or a moment.
const LATER: u64 = 30;
/// Characters of what a request had that are told again.
const LONGEST: usize = 300;

/// Every kind of problem. A kind's name never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    TooSlow,
    OtherRequest,
    NotMoved,
    Conflict,
    Changed,
    ConditionMissing,
    TooLarge,
    NotJson,
    TooFast,
    Unavailable,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::OtherRequest,
        Self::NotMoved,
        Self::Conflict,
        Self::Changed,
        Self::ConditionMissing,
        Self::TooLarge,
        Self::NotJson,
        Self::TooFast,
        Self::Unavailable,
    ];

    fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::Invalid => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request cannot be carried out as it is")
            }
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid key is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Whoever has this key may not do this"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The request did not come to its end"),
            Self::OtherRequest => {
                (StatusCode::CONFLICT, "other-request", "Another request was made under this Idempotency-Key")
            }
            Self::NotMoved => {
                (StatusCode::CONFLICT, "not-moved", "The message is in no state from which this can be done")
            }
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "This cannot be done as things stand"),
            Self::Changed => {
                (StatusCode::PRECONDITION_FAILED, "changed", "Somebody else has changed it meanwhile")
            }
            Self::ConditionMissing => {
                (StatusCode::PRECONDITION_REQUIRED, "condition-missing", "It must be said what was seen")
            }
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request or a message is too large")
            }
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body must be JSON"),
            Self::TooFast => (StatusCode::TOO_MANY_REQUESTS, "too-fast", "Too many requests"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Nothing can be accepted at the moment")
            }
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone)]
pub(in crate::web) struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    further_errors: usize,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is wrong with one part of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// A JSON pointer into the body of the request (RFC 6901), as a fragment.
    #[schema(example = "#/to/0")]
    pub(super) pointer: String,
    /// What is wrong there.
    pub(super) detail: String,
}

/// A problem as it is written (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// The kind of problem; never changes.
    #[serde(rename = "type")]
    #[schema(example = "/api/problems/invalid")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong this time, for whoever runs the application.
    detail: &'a str,
    /// Which parts of the body are wrong, the first twenty of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// How many more are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    further_errors: Option<usize>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), further_errors: 0, headers: Vec::new() }
    }

    /// Parts of the body that are wrong, at least one of them, and how many more are.
    pub(super) fn invalid(errors: Vec<FieldError>, further: usize) -> Self {
        let first = errors.first().map(|first| format!("{}: {}", first.pointer, first.detail));
        let first = first.unwrap_or_default();
        let detail = match errors.len().saturating_sub(1) + further {
            0 => first,
            more => format!("{first} (and {more} more)"),
        };
        Self { errors, further_errors: further, ..Self::new(Kind::Invalid, detail) }
    }

    pub(super) fn not_found() -> Self {
        Self::new(Kind::NotFound, "there is no such message")
    }

    /// Which part of the body it is about, as a fragment.
    pub(super) fn at(mut self, pointer: String) -> Self {
        self.errors = vec![FieldError { pointer, detail: self.detail.clone().into_owned() }];
        self
    }

    /// What was to come did not.
    pub(super) fn too_slow(detail: &'static str) -> Self {
        Self::new(Kind::TooSlow, detail).after(LATER)
    }

    /// The items before this one are done.
    pub(super) fn going_on_at(mut self, item: usize) -> Self {
        if item > 0 {
            let detail = self.detail.into_owned();
            self.detail = format!(
                "{detail}; the first {item} items are done, and the same request with the same Idempotency-Key goes on after them"
            )
            .into();
        }
        self
    }

    pub(super) fn unavailable(detail: String) -> Self {
        Self::new(Kind::Unavailable, detail).after(LATER)
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.kind == Kind::NotFound
    }

    /// A key that opens nothing.
    pub(super) fn refused(refusal: Refusal, now: Timestamp) -> Self {
        match refusal {
            Refusal::HeldUp { retry_at } => {
                Self::new(Kind::TooFast, refusal.to_string()).after(seconds(now, retry_at))
            }
            Refusal::Unreadable => Self::unavailable(refusal.to_string()),
            Refusal::Disabled => Self::new(Kind::Forbidden, refusal.to_string()),
            Refusal::Mistyped(_) | Refusal::Unknown | Refusal::Revoked => {
                // RFC 6750 section 3.1.
                Self::new(Kind::Unauthenticated, refusal.to_string())
                    .with(header::WWW_AUTHENTICATE, "Bearer realm=\"Bookpost\", error=\"invalid_token\"")
            }
        }
    }

    pub(super) fn without_key() -> Self {
        Self::new(Kind::Unauthenticated, "send the application's key as \"Authorization: Bearer bp_...\"")
            .with(header::WWW_AUTHENTICATE, "Bearer realm=\"Bookpost\"")
    }

    pub(super) fn without_own_key() -> Self {
        let detail = "send a key of your own (bookpost people key) as \"Authorization: Bearer bp_...\"";
        Self::new(Kind::Unauthenticated, detail).with(header::WWW_AUTHENTICATE, "Bearer realm=\"Bookpost\"")
    }

    /// A message that is not taken.
    pub(super) fn not_taken(why: &NotTaken, place: &Place, now: Timestamp) -> Self {
        let text = why.to_string();
        match why {
            NotTaken::Unfit(_) | NotTaken::NeedsSmtpUtf8 => {
                Self::new(Kind::Invalid, text).at(place.content())
            }
            NotTaken::Denied(denied) => Self::denied(denied, place),
            NotTaken::TooFast(rate) => {
                let mut problem = Self::new(Kind::TooFast, text).after(seconds(now, rate.next_at));
                problem.headers.extend(rate_headers(rate, now));
                problem
            }
            NotTaken::Store(store::Error::TooManyRecipients { .. }) => {
                Self::new(Kind::Invalid, text).at(place.recipients())
            }
            NotTaken::Full(_) | NotTaken::NoRoom(_) | NotTaken::Store(_) => Self::unavailable(text),
        }
    }

    fn denied(denied: &Denied, place: &Place) -> Self {
        let forbidden = |pointer| Self::new(Kind::Forbidden, denied.to_string()).at(pointer);
        match denied {
            Denied::NotFound => Self::not_found(),
            Denied::TooLarge { .. } => Self::new(Kind::TooLarge, denied.to_string()),
            Denied::TooManyRecipients { .. } => {
                Self::new(Kind::Invalid, denied.to_string()).at(place.recipients())
            }
            Denied::Class { .. } => forbidden(place.pointer("/class")),
            Denied::Site { .. } => forbidden(place.field(Field::From)),
            Denied::From { field, .. } => forbidden(place.field(*field)),
        }
    }

    /// The queue did not answer.
    pub(super) fn queue(error: &store::Error) -> Self {
        match error {
            store::Error::NotFound(_) => Self::not_found(),
            _ => Self::unavailable(error.to_string()),
        }
    }

    /// To be tried again, but no sooner.
    fn after(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, &seconds.max(1).to_string())
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    pub(super) fn body(&self) -> ProblemBody<'_> {
        let (status, name, title) = self.kind.facts();
        ProblemBody {
            kind: format!("/api/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
            further_errors: Some(self.further_errors).filter(|further| *further > 0),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let text = serde_json::to_vec(&self.body()).unwrap_or_default();
        let status = self.kind.facts().0;
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], text).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

/// What a kind of problem is, at the address that stands in `type`.
pub(super) async fn explain(uri: Uri) -> Result<String, Problem> {
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let mut all = Kind::ALL.into_iter().map(Kind::facts);
    let (status, _, title) = all.find(|(_, known, _)| *known == name).ok_or_else(|| nothing_at(&uri))?;
    Ok(format!("{title}. It is answered with {status}; `detail` says what went wrong, and `errors` where.\n"))
}

pub(in crate::web) fn nothing_at(uri: &Uri) -> Problem {
    Problem::new(Kind::NotFound, format!("there is nothing at {}; /api/docs tells what there is", uri.path()))
}

pub(in crate::web) fn another_method() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "another method is needed here")
}

/// How an application stands with its messages per minute, in the three fields of draft-ietf-httpapi-ratelimit-headers-06, which is
/// the form that programs know.
pub(super) fn rate_headers(rate: &Rate, now: Timestamp) -> [(HeaderName, HeaderValue); 3] {
    [
        (HeaderName::from_static("ratelimit-limit"), rate.limit.into()),
        (HeaderName::from_static("ratelimit-remaining"), rate.remaining.into()),
        (HeaderName::from_static("ratelimit-reset"), seconds(now, rate.resets_at).into()),
    ]
}

/// So much of what a request had as is told again.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Whole seconds until then, rounded up.
fn seconds(now: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(until.duration_since(now).as_millis().max(0)).unwrap_or(0).div_ceil(1_000)
}
