//! Forms that change something.

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request},
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Pages, not_here, visit::Visit};

/// The largest form is one page of the queue, ticked.
pub(super) const MOST: usize = 64 << 10;

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
        let Ok(body) = to_bytes(body, MOST).await else { return Err(old(&visit)) };
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

impl<T: DeserializeOwned> FromRequest<Pages> for Open<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _: &Pages) -> Result<Self, Response> {
        let words = super::words::Language::asked(request.headers()).words();
        let body = to_bytes(request.into_body(), MOST).await.ok();
        let form = body.and_then(|body| serde_html_form::from_bytes(&body).ok());
        form.map(Self).ok_or_else(|| not_here::form_too_old(words))
    }
}
