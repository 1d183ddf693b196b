//! A library is taken off the list.

use askama::Template;
use axum::{
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::Error;

use super::{
    Asked, HERE, Which,
    change::{carry_out, standing},
    failed,
};
use crate::{
    preferences::{
        Refused,
        sites::{Need, SiteChange, SiteRefused, needs},
    },
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_here,
        visit::Visit,
        words::Words,
    },
};

#[derive(Template)]
#[template(path = "library_remove.html")]
struct Page {
    f: Frame,
    question: String,
    code: String,
    version: i64,
    /// What keeps it; then it cannot be removed.
    needs: Vec<String>,
}

#[derive(Deserialize)]
pub(in crate::web::pages) struct Agreed {
    code: String,
    version: i64,
}

/// Says what follows, and asks; or says what keeps it.
pub(in crate::web::pages) async fn ask(visit: Visit, Query(Asked { code }): Which) -> Response {
    question(&visit, code, StatusCode::OK).await
}

async fn question(visit: &Visit, code: String, status: StatusCode) -> Response {
    let standing = match standing(visit).await {
        Ok(standing) => standing,
        Err(response) => return response,
    };
    let config = &standing.loaded.config;
    let Some(site) = config.sites.iter().find(|site| site.code == code) else {
        return not_here::not_found(visit.words());
    };
    let found = needs(&visit.pages.sources.store, &config.notices.default_site, &code).await;
    let needs = match found {
        Ok(needs) => needs.iter().map(|need| need_in_words(need, visit.words())).collect(),
        Err(why) => return failed(&why, visit),
    };
    let question = visit.words().with("library-remove-title", &[("name", &site.name)]);
    match Frame::around(visit, Place::Libraries).await {
        Ok(f) => page_as(status, &Page { f, question, code, version: standing.stored.version, needs }),
        Err(error) => not_here::of(&error, visit),
    }
}

fn need_in_words(need: &Need, words: &Words) -> String {
    match need {
        Need::Exports => words.t("library-need-exports"),
        Need::Program(name) => words.with("library-need-program", &[("name", name)]),
        Need::Person(email) => words.with("library-need-person", &[("email", email)]),
    }
}

/// Does it.
pub(in crate::web::pages) async fn remove(Posted { visit, form }: Posted<Agreed>) -> Response {
    let standing = match standing(&visit).await {
        Ok(standing) => standing,
        Err(response) => return response,
    };
    let change = SiteChange::Remove { code: form.code.clone() };
    match carry_out(&visit, &standing, change, form.version).await {
        Ok(()) => Redirect::to(&flash::told(HERE, Done::LibraryRemoved, None)).into_response(),
        Err(SiteRefused::NotFound { .. }) => not_here::not_found(visit.words()),
        Err(SiteRefused::Preferences(Refused::Store(error))) if !matches!(error, Error::Changed) => {
            not_here::of(&error, &visit)
        }
        // It is asked again, with what stands now.
        Err(_) => question(&visit, form.code, StatusCode::CONFLICT).await,
    }
}
