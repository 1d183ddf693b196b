//! The links that are used once: for the first administrator, for whoever was invited, and for a new password.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use mail::Address;
use serde::Deserialize;
use store::{Link, LinkPurpose, PersonName};

use super::{
    Pages,
    form::Open,
    frame::{Frame, page_as},
    not_here,
    sign_in::{Peer, let_in},
    words::Words,
};
use crate::identity::people::{LinkError, Unfit};

#[derive(Template)]
#[template(path = "link.html")]
struct Asking {
    f: Frame,
    purpose: LinkPurpose,
    code: String,
    email: String,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "link_dead.html")]
struct Dead {
    f: Frame,
    /// What makes a new one; none is made to set up what is.
    command: Option<&'static str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    code: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    password: String,
}

pub(super) async fn ask_set_up(pages: State<Pages>, peer: Peer, query: RawQuery) -> Response {
    ask(pages, peer, query, LinkPurpose::SetUp).await
}

pub(super) async fn ask_invitation(pages: State<Pages>, peer: Peer, query: RawQuery) -> Response {
    ask(pages, peer, query, LinkPurpose::Invitation).await
}

pub(super) async fn ask_reset(pages: State<Pages>, peer: Peer, query: RawQuery) -> Response {
    ask(pages, peer, query, LinkPurpose::Reset).await
}

/// The form, where the code opens something of this kind. Mail programs look at links: looking uses none up.
async fn ask(
    State(pages): State<Pages>,
    peer: Peer,
    RawQuery(query): RawQuery,
    purpose: LinkPurpose,
) -> Response {
    let words = peer.language.words();
    let Code { code } = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let link = match pages.sources.people.link(&code).await {
        Ok(link) => link.filter(|link| link.purpose == purpose),
        Err(error) => return not_here::unavailable(&error, words),
    };
    let Some(link) = link else { return dead(&pages, words, purpose).await };
    let f = Frame::bare(words, &pages.sources.config().library);
    let (email, name) = (email_of(&link), String::new());
    page_as(StatusCode::OK, &Asking { f, purpose, code, email, name, problem: None })
}

/// The first administrator.
pub(super) async fn set_up(State(pages): State<Pages>, peer: Peer, Open(chosen): Open<Chosen>) -> Response {
    let words = peer.language.words();
    let again = |problem: String| {
        let f = Frame::bare(words, &pages.sources.config().library);
        let Chosen { code, email, name, .. } = &chosen;
        let (code, email, name) = (code.clone(), email.clone(), name.clone());
        let problem = Some(problem);
        let asking = Asking { f, purpose: LinkPurpose::SetUp, code, email, name, problem };
        page_as(StatusCode::UNPROCESSABLE_ENTITY, &asking)
    };
    let Ok(email) = Address::parse(&chosen.email) else { return again(words.t("bad-address-own")) };
    let Ok(name) = chosen.name.parse::<PersonName>() else { return again(words.t("bad-name")) };
    match pages.sources.people.set_up(&chosen.code, email, name, &chosen.password, peer.device()).await {
        Ok((token, _)) => let_in(token.text(), peer.secure, "/start"),
        Err(LinkError::Gone) => dead(&pages, words, LinkPurpose::SetUp).await,
        Err(LinkError::Store(error)) => not_here::unavailable(&error, words),
        Err(error) => again(why(words, &error)),
    }
}

/// A password, by a link that was made for somebody.
pub(super) async fn take(State(pages): State<Pages>, peer: Peer, Open(chosen): Open<Chosen>) -> Response {
    let words = peer.language.words();
    let link = match pages.sources.people.link(&chosen.code).await {
        Ok(link) => link.filter(|link| link.person.is_some()),
        Err(error) => return not_here::unavailable(&error, words),
    };
    let Some(link) = link else { return dead(&pages, words, LinkPurpose::Reset).await };
    let error = match pages.sources.people.take_link(&chosen.code, &chosen.password, peer.device()).await {
        Ok((token, _)) => return let_in(token.text(), peer.secure, "/"),
        Err(LinkError::Gone) => return dead(&pages, words, link.purpose).await,
        Err(LinkError::Store(error)) => return not_here::unavailable(&error, words),
        Err(error) => error,
    };
    let f = Frame::bare(words, &pages.sources.config().library);
    let (email, problem) = (email_of(&link), Some(why(words, &error)));
    let asking = Asking { f, purpose: link.purpose, code: chosen.code, email, name: String::new(), problem };
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &asking)
}

fn email_of(link: &Link) -> String {
    link.person.as_ref().map(|person| person.email.to_string()).unwrap_or_default()
}

async fn dead(pages: &Pages, words: &'static Words, purpose: LinkPurpose) -> Response {
    let command = match purpose {
        LinkPurpose::SetUp => match pages.sources.people.needs_set_up().await {
            Ok(needs_set_up) => needs_set_up.then_some("bookpost people setup-link"),
            Err(error) => return not_here::unavailable(&error, words),
        },
        LinkPurpose::Invitation => Some("bookpost people invite-link EMAIL"),
        LinkPurpose::Reset => Some("bookpost people reset-link EMAIL"),
    };
    let f = Frame::bare(words, &pages.sources.config().library);
    page_as(StatusCode::GONE, &Dead { f, command })
}

/// Why this password cannot be taken.
pub(super) fn unfit(words: &Words, why: Unfit) -> String {
    words.t(match why {
        Unfit::TooShort => "password-too-short",
        Unfit::TooLong => "password-too-long",
        Unfit::Common => "password-common",
        Unfit::OwnAddress => "password-own-address",
    })
}

fn why(words: &Words, error: &LinkError) -> String {
    words.t(match error {
        LinkError::Unfit(why) => return unfit(words, *why),
        LinkError::Taken => "email-taken",
        LinkError::Busy => "sign-in-busy",
        LinkError::Gone | LinkError::Store(_) => "link-dead",
    })
}

impl Asking {
    fn title(&self) -> String {
        self.f.words.t(match self.purpose {
            LinkPurpose::SetUp => "set-up-title",
            LinkPurpose::Invitation => "invitation-title",
            LinkPurpose::Reset => "reset-title",
        })
    }

    fn intro(&self) -> String {
        self.f.words.t(match self.purpose {
            LinkPurpose::SetUp => "set-up-intro",
            LinkPurpose::Invitation => "invitation-intro",
            LinkPurpose::Reset => "reset-intro",
        })
    }

    fn action(&self) -> &'static str {
        match self.purpose {
            LinkPurpose::SetUp => "/set-up",
            LinkPurpose::Invitation => "/invitation",
            LinkPurpose::Reset => "/reset",
        }
    }

    fn button(&self) -> String {
        self.f.words.t(if self.purpose == LinkPurpose::SetUp { "set-up-button" } else { "password-button" })
    }

    fn is_set_up(&self) -> bool {
        self.purpose == LinkPurpose::SetUp
    }
}
