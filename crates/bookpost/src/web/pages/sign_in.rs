//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use askama::Template;
use axum::{
    extract::{ConnectInfo, FromRequestParts, RawQuery, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use super::{
    Pages,
    flash::{self, Done, Flash},
    form::{Open, Posted},
    frame::{Frame, page_as},
    not_here,
    security::local,
    visit::{cookie, is_secure},
    wanted::RESERVED,
    words::Language,
};
use crate::identity::{
    SignInError,
    people::{Browser, Device},
};

/// Whoever asks, before it is known who they are.
pub(super) struct Peer {
    pub(super) address: IpAddr,
    pub(super) browser: Option<Browser>,
    pub(super) secure: bool,
    pub(super) language: Language,
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical());
        let browser = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let browser = browser.and_then(Browser::of);
        Ok(Self { address, browser, secure: is_secure(parts), language: Language::asked(&parts.headers) })
    }
}

impl Peer {
    /// Where they sign in.
    pub(super) fn device(&self) -> Device {
        Device { peer: self.address, browser: self.browser }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    f: Frame,
    email: String,
    next: String,
    /// Who else signs people in.
    provider: Option<String>,
    /// Why it did not work.
    problem: Option<String>,
    /// Nobody can sign in as an administrator before the first one is made.
    new: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Shown {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Nothing but that it is wanted.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// The form.
pub(super) async fn ask(State(pages): State<Pages>, peer: Peer, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let Next { next } = serde_html_form::from_str(&query).unwrap_or_default();
    let words = peer.language.words();
    let mut f = Frame::bare(words, &pages.sources.config().library);
    f.flash = Flash::in_query(Some(&query)).text(words);
    let (email, next, provider) = (String::new(), local(&next).to_owned(), pages.provider());
    let new = is_new(&pages).await;
    page_as(StatusCode::OK, &SignIn { f, email, next, provider, problem: None, new })
}

/// Begins a session, under a token that nobody knew before.
pub(super) async fn sign_in(State(pages): State<Pages>, peer: Peer, Open(shown): Open<Shown>) -> Response {
    let (words, next) = (peer.language.words(), local(&shown.next).to_owned());
    let refused = match pages.sources.people.sign_in(&shown.email, &shown.password, peer.device()).await {
        Ok((token, _)) => return let_in(token.text(), peer.secure, &next),
        Err(refused) => refused,
    };
    let (status, problem) = match refused {
        SignInError::Unknown => (StatusCode::FORBIDDEN, words.t("sign-in-refused")),
        SignInError::Disabled => (StatusCode::FORBIDDEN, words.t("sign-in-disabled")),
        SignInError::HeldUp { retry_at } => {
            let wait = retry_at.duration_since(pages.sources.clock.now()).as_secs().max(1).unsigned_abs();
            let problem = format!("{} {}", words.count("sign-in-slow", wait), words.t("sign-in-kept-out"));
            (StatusCode::TOO_MANY_REQUESTS, problem)
        }
        SignInError::Busy => (StatusCode::SERVICE_UNAVAILABLE, words.t("sign-in-busy")),
        SignInError::Store(error) => return not_here::unavailable(&error, words),
    };
    let f = Frame::bare(words, &pages.sources.config().library);
    let (provider, new) = (pages.provider(), is_new(&pages).await);
    page_as(status, &SignIn { f, email: shown.email, next, provider, problem: Some(problem), new })
}

/// Whether there is no administrator who can sign in. The page tells of it, and of nobody else.
async fn is_new(pages: &Pages) -> bool {
    pages.sources.people.needs_set_up().await.unwrap_or(false)
}

impl SignIn {
    fn by(&self, provider: &str) -> String {
        self.f.words.with("oidc-button", &[("name", provider)])
    }

    fn there(&self) -> String {
        format!("/sign-in/oidc?next={}", utf8_percent_encode(&self.next, RESERVED))
    }
}

/// Ends the session.
pub(super) async fn sign_out(Posted { visit, form: Nothing {} }: Posted<Nothing>) -> Response {
    match visit.pages.sources.people.sign_out(&visit.visitor).await {
        Ok(()) => with_cookie(None, visit.secure, &flash::told("/sign-in", Done::SignedOut, None)),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// On, with a session.
pub(super) fn let_in(token: &str, secure: bool, next: &str) -> Response {
    with_cookie(Some(token), secure, next)
}

fn with_cookie(token: Option<&str>, secure: bool, next: &str) -> Response {
    ([(header::SET_COOKIE, cookie(token, secure))], Redirect::to(next)).into_response()
}
