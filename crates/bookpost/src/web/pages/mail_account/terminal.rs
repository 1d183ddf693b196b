//! Where a browser comes back with what was begun in a terminal: whoever sits at both carries it over. Nobody need be signed in here for that, and
//! nothing is done with it.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use crate::{
    preferences::mail_accounts::{Back, redirect},
    web::pages::{
        Pages,
        frame::{Frame, page_as},
        sign_in::Peer,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "mail_account_terminal.html")]
struct Page {
    f: Frame,
    address: String,
}

/// A browser is back, whoever uses it.
pub(super) async fn back(
    State(pages): State<Pages>,
    peer: Peer,
    visit: Result<Visit, Response>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    let said = query.0.as_deref().unwrap_or_default();
    let is_for_a_terminal = serde_html_form::from_str(said).is_ok_and(|back: Back| back.is_for_a_terminal());
    match visit {
        _ if is_for_a_terminal => page(&pages, &peer, said),
        Ok(visit) => super::back(visit, query, headers).await,
        Err(to_sign_in) => to_sign_in,
    }
}

fn page(pages: &Pages, peer: &Peer, said: &str) -> Response {
    let config = pages.sources.config();
    let f = Frame::bare(peer.language.words(), &config.library);
    let address = format!("{}?{said}", redirect::back(&config));
    page_as(StatusCode::OK, &Page { f, address })
}
