//! Forms that change something.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Request},
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Pages, not_here, visit::Visit};

/// The largest form is a wording, with HTML of its own.
pub(super) const MOST: usize = 256 << 10;
/// A form that is not there by then is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A form that somebody sent who has signed in, from a page of that session.
pub(super) struct Posted<T> {
    pub(super) visit: Visit,
    pub(super) form: T,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    form_token: String,
}

impl<T: DeserializeOwned> FromRequest<Pages> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, pages: &Pages) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, pages).await?;
        let old = |visit: &Visit| not_here::form_too_old(visit.words());
        let Some(body) = whole(body).await else { return Err(old(&visit)) };
        let token = serde_html_form::from_bytes::<Token>(&body);
        if !token.is_ok_and(|token| visit.wrote(&token.form_token)) {
            return Err(old(&visit));
        }
        match serde_html_form::from_bytes(&body) {
            Ok(form) => Ok(Self { visit, form }),
            Err(_) => Err(old(&visit)),
        }
    }
}

/// A form that somebody sent who has not. There is no session to guard yet: that it came from a page of Bookpost is what
/// [`super::security::guard`] sees to.
pub(super) struct Open<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Open<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let words = super::words::Language::asked(request.headers()).words();
        let form = whole(request.into_body()).await.and_then(|body| serde_html_form::from_bytes(&body).ok());
        form.map(Self).ok_or_else(|| not_here::form_too_old(words))
    }
}

/// All of it, unless it is too much or too slow.
async fn whole(body: Body) -> Option<Bytes> {
    tokio::time::timeout(PATIENCE, to_bytes(body, MOST)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::pending};

    use http_body_util::StreamBody;
    use tokio::time::Instant;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Nothing {}

    #[tokio::test(start_paused = true)]
    async fn a_form_that_does_not_come_to_its_end_is_given_up() {
        let never = futures_util::stream::once(pending::<Result<hyper::body::Frame<Bytes>, Infallible>>());
        let began_at = Instant::now();
        let read = Open::<Nothing>::from_request(Request::new(Body::new(StreamBody::new(never))), &());
        let read = tokio::time::timeout(Duration::from_hours(1), read).await.unwrap();
        assert!(read.is_err());
        assert_eq!(began_at.elapsed(), PATIENCE);
    }
}
