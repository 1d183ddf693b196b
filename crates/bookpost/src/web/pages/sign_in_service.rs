//! The pages that people pass who sign in at a mail provider for another installation: whom they do it for, there, and back to where they came
//! from. Nobody of them has an account here.

use askama::Template;
use axum::{
    Router,
    extract::{Query, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;

use super::{
    Pages,
    away::Away,
    frame::{Frame, page_as},
    sign_in::Peer,
};
use crate::preferences::mail_accounts::{
    AccountError, Back, LASTS,
    redirect::ON,
    service::{Going, Ticket},
};

/// What the browser keeps until it comes back.
const AWAY: Away = Away::new("__Host-bookpost-service", "bookpost-service", LASTS);

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/sign-in-service", get(here))
        .route("/sign-in-service/on", get(there))
        .route("/sign-in-service/back", get(back))
}

#[derive(Template)]
#[template(path = "sign_in_service.html")]
struct Page {
    f: Frame,
    title: String,
    /// For whom it is, and what they may do then.
    lead: String,
    /// What else they agree to.
    covers: Option<String>,
    /// Where they come back to.
    returns: String,
    on: String,
    button: String,
}

#[derive(Template)]
#[template(path = "sign_in_service_stale.html")]
struct Stale {
    f: Frame,
    why: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sent {
    ticket: String,
}

/// An installation has sent somebody.
async fn here(State(pages): State<Pages>, peer: Peer, Query(sent): Query<Sent>) -> Response {
    match pages.sources.accounts.broker().here(&sent.ticket).await {
        Ok(Some(Going { ticket, seen, kept })) => {
            let page = page_as(StatusCode::OK, &named(&pages, &peer, &ticket, &seen));
            (AWAY.keep(&kept, peer.secure), page).into_response()
        }
        Ok(None) => stale(&pages, &peer, None),
        Err(error) => stale(&pages, &peer, Some(&error)),
    }
}

fn named(pages: &Pages, peer: &Peer, ticket: &Ticket, seen: &str) -> Page {
    let (words, config) = (peer.language.words(), pages.sources.config());
    let names = [
        ("installation", &*ticket.name),
        ("name", ticket.provider.title()),
        ("address", &*ticket.returns_to),
        ("service", &*config.library),
    ];
    let with = |key: &str| words.with(key, &names);
    Page {
        f: Frame::bare(words, &config.library),
        title: with("service-page-title"),
        lead: with("service-page-lead"),
        covers: ticket.covers_all_mail().then(|| with("service-page-all-mail")),
        returns: with("service-page-returns"),
        on: format!("{ON}?seen={seen}"),
        button: with("service-page-on"),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Seen {
    seen: String,
}

/// They go on to the provider.
async fn there(State(pages): State<Pages>, peer: Peer, headers: HeaderMap, seen: Query<Seen>) -> Response {
    let kept = AWAY.found(peer.secure, &headers);
    match pages.sources.accounts.broker().there(&kept, &seen.seen).await {
        Ok(Some(to)) => Redirect::to(&to).into_response(),
        Ok(None) => stale(&pages, &peer, None),
        Err(error) => stale(&pages, &peer, Some(&error)),
    }
}

/// They are back from the provider, and go on to the installation.
async fn back(State(pages): State<Pages>, peer: Peer, headers: HeaderMap, query: RawQuery) -> Response {
    let kept = AWAY.found(peer.secure, &headers);
    let back: Back = serde_html_form::from_str(&query.0.unwrap_or_default()).unwrap_or_default();
    let response = match pages.sources.accounts.broker().back(&kept, &back).await {
        Ok(Some(to)) => Redirect::to(&to).into_response(),
        Ok(None) => return stale(&pages, &peer, None),
        Err(error) => return stale(&pages, &peer, Some(&error)),
    };
    (AWAY.forget(peer.secure), response).into_response()
}

fn stale(pages: &Pages, peer: &Peer, error: Option<&AccountError>) -> Response {
    if let Some(error) = error {
        tracing::warn!(%error, "nobody was sent on for an installation");
    }
    let words = peer.language.words();
    let (status, key) = match error {
        None => (StatusCode::GONE, "service-page-stale"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "service-page-not-now"),
    };
    let f = Frame::bare(words, &pages.sources.config().library);
    page_as(status, &Stale { f, why: words.t(key) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::mail_accounts::redirect::{GO, SERVICE_BACK};

    /// The routes are written out, as those of all pages are.
    #[test]
    fn the_addresses_are_those_that_browsers_are_sent_to() {
        assert_eq!(
            [GO, ON, SERVICE_BACK],
            ["/sign-in-service", "/sign-in-service/on", "/sign-in-service/back"]
        );
    }
}
