//! Signing in by an OpenID Connect provider: there, and back.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;

use super::{
    Pages,
    away::Away,
    frame::{Frame, page_as},
    not_here,
    security::local,
    sign_in::{Peer, let_in},
};
use crate::{
    app::secret_dice,
    identity::{
        SignInError,
        oidc::{BACK, LASTS, OidcError, OpenId},
    },
};

/// What the browser keeps until it comes back.
const AWAY: Away = Away::new("__Host-bookpost-oidc", "bookpost-oidc", LASTS);

pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/sign-in/oidc", get(begin)).route(BACK, get(end))
}

/// The provider, if one is set.
pub(super) fn provider(sources: &crate::web::Sources) -> Option<Arc<OpenId>> {
    let config = sources.config();
    let (provider, public) = config.oidc.clone().zip(config.public_address.as_deref())?;
    match OpenId::new(provider, public, config.sealing_key.clone()) {
        Ok(provider) => Some(Arc::new(provider)),
        Err(error) => {
            tracing::error!(%error, "people cannot sign in by the OpenID Connect provider");
            None
        }
    }
}

#[derive(Template)]
#[template(path = "oidc.html")]
struct NotSignedIn {
    f: Frame,
    why: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    next: String,
    code: String,
    state: String,
    error: String,
    error_description: String,
}

impl Query {
    fn of(query: Option<&str>) -> Self {
        serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
    }
}

async fn begin(State(pages): State<Pages>, peer: Peer, RawQuery(query): RawQuery) -> Response {
    let Some(provider) = &pages.openid else { return not_here::not_found(peer.language.words()) };
    let next = local(&Query::of(query.as_deref()).next).to_owned();
    match provider.begin(&next, secret_dice(), pages.sources.clock.now()).await {
        Ok(begun) => (AWAY.keep(&begun.kept, peer.secure), Redirect::to(&begun.to)).into_response(),
        Err(error) => refuse(&pages, &peer, provider, &error),
    }
}

async fn end(
    State(pages): State<Pages>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = &pages.openid else { return not_here::not_found(peer.language.words()) };
    let (query, now) = (Query::of(query.as_deref()), pages.sources.clock.now());
    let kept = AWAY.found(peer.secure, &headers);
    if !query.error.is_empty() {
        // Anybody can lead a browser here.
        if !provider.is_begun(&kept, &query.state, now) {
            return refuse(&pages, &peer, provider, &OidcError::Stale);
        }
        let said = format!("{} {}", query.error, query.error_description);
        let said = said.chars().filter(|c| !c.is_control()).take(200).collect();
        return refuse(&pages, &peer, provider, &OidcError::Refused(said));
    }
    let proven = match provider.end(&kept, (&query.code, &query.state), peer.address, now).await {
        Ok(proven) => proven,
        Err(error) => return refuse(&pages, &peer, provider, &error),
    };
    let words = peer.language.words();
    let email = proven.email.to_string();
    let name = provider.name();
    match pages.sources.people.sign_in_proven(&proven.email, peer.device()).await {
        Ok((token, _)) => {
            let mut response = let_in(token.text(), peer.secure, local(&proven.next));
            let [(set_cookie, forgotten)] = AWAY.forget(peer.secure);
            if let Ok(forgotten) = forgotten.parse() {
                response.headers_mut().append(set_cookie, forgotten);
            }
            response
        }
        Err(SignInError::Disabled) => say(&pages, &peer, words.t("sign-in-disabled")),
        Err(SignInError::Store(error)) => not_here::unavailable(&error, words),
        Err(_) => say(&pages, &peer, words.with("oidc-unknown", &[("name", name), ("email", &email)])),
    }
}

fn refuse(pages: &Pages, peer: &Peer, provider: &OpenId, error: &OidcError) -> Response {
    tracing::warn!(peer = %peer.address, %error, "a person was not signed in by the OpenID Connect provider");
    let (words, name) = (peer.language.words(), [("name", provider.name())]);
    let status = match error {
        OidcError::HeldUp { .. } => StatusCode::TOO_MANY_REQUESTS,
        OidcError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let why = match error {
        OidcError::Stale => words.t("oidc-stale"),
        OidcError::Refused(_) => words.with("oidc-refused", &name),
        OidcError::HeldUp { retry_at } => {
            let wait = retry_at.duration_since(pages.sources.clock.now()).as_secs().max(1).unsigned_abs();
            words.count("oidc-slow", wait)
        }
        OidcError::Busy => words.t("sign-in-busy"),
        OidcError::Provider(_) | OidcError::NoCode(_) | OidcError::OtherKey | OidcError::Key(_) => {
            words.with("oidc-provider", &name)
        }
        OidcError::NotVerified(_) => words.with("oidc-not-verified", &name),
        OidcError::NoAddress => words.with("oidc-no-address", &name),
    };
    say_as(status, pages, peer, why)
}

fn say(pages: &Pages, peer: &Peer, why: String) -> Response {
    say_as(StatusCode::FORBIDDEN, pages, peer, why)
}

fn say_as(status: StatusCode, pages: &Pages, peer: &Peer, why: String) -> Response {
    let f = Frame::bare(peer.language.words(), &pages.sources.config().library);
    let page = page_as(status, &NotSignedIn { f, why });
    (AWAY.forget(peer.secure), page).into_response()
}
