//! Requests that are made once, however often they are sent: the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use aws_lc_rs::digest;
use axum::{body::Bytes, http::HeaderMap};
use store::OnceKey;

use super::problem::{Kind, Problem};
use crate::{identity::Caller, receive::apart};

const LONGEST: usize = 200;

/// By what a request is known.
#[derive(Debug, Clone)]
pub(super) struct Request {
    application: String,
    key: String,
    fingerprint: [u8; 32],
}

impl Request {
    /// `None` without the header: then each time is another request.
    pub(super) async fn of(
        headers: &HeaderMap,
        caller: &Caller,
        path: &'static str,
        body: &Bytes,
    ) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let key = value.to_str().ok().and_then(name).ok_or_else(|| {
            Problem::new(
                Kind::Malformed,
                format!(
                    "the Idempotency-Key must have 1 to {LONGEST} visible ASCII characters, and no blanks"
                ),
            )
        })?;
        let bytes = body.clone();
        let fingerprint = apart(body.len(), move || fingerprint(path, &bytes)).await;
        let fingerprint = fingerprint.map_err(|error| Problem::unavailable(error.to_string()))?;
        Ok(Some(Self { application: caller.name().to_owned(), key, fingerprint }))
    }

    /// The name of its `nth` part. A large request is stored part by part, so that one which was cut off goes on where it was.
    pub(super) fn part(&self, nth: usize) -> OnceKey {
        OnceKey {
            application: self.application.clone(),
            key: part(&self.key, nth),
            fingerprint: self.fingerprint,
        }
    }

    /// Whether this is what was asked under the same name before.
    pub(super) fn is(&self, made: &store::Made) -> Result<(), Problem> {
        if made.fingerprint == self.fingerprint { Ok(()) } else { Err(other()) }
    }
}

/// The name under which the `nth` part of a request is known. An application's own names have no blanks.
pub(super) fn part(key: &str, nth: usize) -> String {
    if nth == 0 { key.to_owned() } else { format!("{key} {nth}") }
}

pub(super) fn other() -> Problem {
    Problem::new(
        Kind::OtherRequest,
        "a request with this Idempotency-Key and another body was made within 7 days; use a new key for a new request",
    )
}

/// With or without the quotation marks that the draft has around it.
pub(super) fn name(value: &str) -> Option<String> {
    let value = value.trim();
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let sound = (1..=LONGEST).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_graphic());
    sound.then(|| bare.to_owned())
}

fn fingerprint(path: &str, body: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(path.as_bytes());
    context.update(&[0]);
    context.update(body);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}
