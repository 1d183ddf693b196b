//! A new password for whoever has forgotten theirs. What is answered never tells who has an account.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use mail::Address;
use serde::Deserialize;
use store::LinkPurpose;

use super::{
    Pages,
    field::{Field, Kind},
    flash::{self, Done},
    form::Open,
    frame::{Frame, page_as},
    hand_over::Post,
    not_here,
    sign_in::Peer,
    words::Language,
};

#[derive(Template)]
#[template(path = "forgotten.html")]
struct Forgotten {
    f: Frame,
    field: Field,
    /// Why Bookpost mails nothing now.
    obstacle: Option<String>,
    problem: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    email: String,
}

/// The form, or what to do where nothing can be mailed.
pub(super) async fn ask(State(pages): State<Pages>, peer: Peer) -> Response {
    show(&pages, &peer, StatusCode::OK, Asked::default(), Fault::None).await
}

enum Fault {
    None,
    /// With the address.
    Address,
    /// With all of it.
    Whole(String),
}

async fn show(pages: &Pages, peer: &Peer, status: StatusCode, asked: Asked, fault: Fault) -> Response {
    let words = peer.language.words();
    let obstacle = match Post::now(pages).await {
        Ok(post) => post.err().map(|obstacle| obstacle.words(words)),
        Err(error) => return not_here::unavailable(&error, words),
    };
    let (of_address, problem) = match fault {
        Fault::None => (None, None),
        Fault::Address => (Some(words.t("bad-address-own")), None),
        Fault::Whole(problem) => (None, Some(problem)),
    };
    let field = Field::new("email", words.t("sign-in-email"));
    let field = field.kind(Kind::Line("email")).value(asked.email).autocomplete("username").required();
    let field = field.problem(of_address);
    let f = Frame::bare(words, &pages.sources.config().library);
    page_as(status, &Forgotten { f, field, obstacle, problem })
}

/// Mails a link, if there is somebody to have it.
pub(super) async fn send(State(pages): State<Pages>, peer: Peer, Open(asked): Open<Asked>) -> Response {
    let words = peer.language.words();
    let Ok(email) = Address::parse(asked.email.trim()) else {
        return show(&pages, &peer, StatusCode::UNPROCESSABLE_ENTITY, asked, Fault::Address).await;
    };
    match Post::now(&pages).await {
        Ok(Ok(_)) => {}
        Ok(Err(_)) => return show(&pages, &peer, StatusCode::SERVICE_UNAVAILABLE, asked, Fault::None).await,
        Err(error) => return not_here::unavailable(&error, words),
    }
    if let Err(retry_at) = pages.sources.people.may_ask_for_link(&email, peer.address) {
        let wait = retry_at.duration_since(pages.sources.clock.now()).as_secs().max(1).unsigned_abs();
        let problem = Fault::Whole(words.count("forgot-slow", wait));
        return show(&pages, &peer, StatusCode::TOO_MANY_REQUESTS, asked, problem).await;
    }
    // Afterwards: how long an answer takes tells nothing either.
    tokio::spawn(mail(pages, email, peer.language));
    Redirect::to(&flash::told("/sign-in", Done::LinkAsked, None)).into_response()
}

async fn mail(pages: Pages, email: Address, language: Language) {
    let post = match Post::now(&pages).await {
        Ok(Ok(post)) => post,
        Ok(Err(_)) => return,
        Err(error) => return tracing::error!(%error, "a link for a new password could not be made"),
    };
    match pages.sources.people.forgotten(&email).await {
        Ok(Some((person, made))) => {
            // What could not be sent is in the log; whoever asked hears nothing of it.
            let _ = post.send(&pages, &person, LinkPurpose::Reset, &made, language).await;
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "a link for a new password could not be made"),
    }
}
