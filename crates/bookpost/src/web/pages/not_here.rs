//! Pages that say why there is none.

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use store::Error;

use super::{
    frame::{Frame, page_as},
    not_done::{NotDone, refused},
    security,
    visit::{self, Visit},
    words::{Language, Words},
};
use crate::{
    cli::control::{Failure, Reply},
    identity::people::People,
    preferences::Refused,
};

#[derive(Template)]
#[template(path = "not_here.html")]
struct NotHere {
    f: Frame,
    title: String,
    why: Vec<NotDone>,
    /// The first page is there, by the name that was asked.
    leads_back: bool,
}

fn bare(status: StatusCode, words: &'static Words, title: &str, why: &str) -> Response {
    let (title, why) = (words.t(title), vec![words.t(why).into()]);
    page_as(status, &NotHere { f: Frame::bare(words, ""), title, why, leads_back: true })
}

/// It was asked by a name that is not its own.
pub(super) fn unknown_name(language: Language) -> Response {
    let words = language.words();
    let (title, why) = (words.t("refused-title"), vec![words.t("refused-host").into()]);
    let not_here = NotHere { f: Frame::bare(words, ""), title, why, leads_back: false };
    page_as(StatusCode::MISDIRECTED_REQUEST, &not_here)
}

/// A page elsewhere had a browser send something.
pub(super) fn asked_from_elsewhere(language: Language) -> Response {
    bare(StatusCode::FORBIDDEN, language.words(), "refused-title", "refused-origin")
}

/// The form was not of this session, or not a form of ours.
pub(super) fn form_too_old(words: &'static Words) -> Response {
    bare(StatusCode::BAD_REQUEST, words, "refused-title", "refused-form")
}

/// More was named one by one than can be.
pub(super) fn too_many(words: &'static Words) -> Response {
    bare(StatusCode::BAD_REQUEST, words, "refused-title", "refused-many")
}

pub(super) fn not_found(words: &'static Words) -> Response {
    bare(StatusCode::NOT_FOUND, words, "not-found-title", "not-found-why")
}

pub(super) fn not_allowed(words: &'static Words) -> Response {
    bare(StatusCode::FORBIDDEN, words, "not-allowed-title", "not-allowed-why")
}

pub(super) fn unavailable(error: &Error, words: &'static Words) -> Response {
    tracing::error!(%error, "a page could not be shown");
    bare(StatusCode::SERVICE_UNAVAILABLE, words, "unavailable-title", "unavailable-why")
}

/// The preferences cannot be had: a person must be told why.
pub(super) fn no_preferences(why: &Refused, words: &'static Words) -> Response {
    let f = Frame::bare(words, "");
    let not_here =
        NotHere { f, title: words.t("no-preferences"), why: refused(words, why), leads_back: true };
    page_as(StatusCode::SERVICE_UNAVAILABLE, &not_here)
}

/// What an error of the queue means to whoever wanted a page.
pub(super) fn of(error: &Error, visit: &Visit) -> Response {
    match error {
        Error::NotFound(_) => not_found(visit.words()),
        _ => unavailable(error, visit.words()),
    }
}

/// What a decision came to that could not be carried out: there is no such mail, or something is wrong with Bookpost itself, which stands
/// in its log.
pub(super) fn undone(reply: &Reply, words: &'static Words) -> Response {
    if let Reply::Failed { failure: Failure::Usage, .. } = reply {
        return not_found(words);
    }
    tracing::error!(?reply, "what a person decided could not be carried out");
    bare(StatusCode::SERVICE_UNAVAILABLE, words, "undone-title", "undone-why")
}

/// Nothing at this address, for a browser; `None`: a program asks.
pub(in crate::web) async fn nothing_at(people: &People, path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_browser = accepts.contains("text/html") && !path.starts_with("/api/");
    if !is_browser {
        return None;
    }
    let mut response = not_found(visit::language(people, headers).await.words());
    security::protect(&mut response);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_does_not_work() {
        for (failure, status) in [
            (Failure::Usage, StatusCode::NOT_FOUND),
            (Failure::Temporary, StatusCode::SERVICE_UNAVAILABLE),
            (Failure::Config, StatusCode::SERVICE_UNAVAILABLE),
        ] {
            let reply = Reply::Failed { failure, message: "the disk is full".to_owned() };
            assert_eq!(undone(&reply, Language::English.words()).status(), status, "{failure:?}");
        }
    }
}
