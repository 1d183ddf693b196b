//! A new key of a program, which is shown once.

use askama::Template;
use axum::response::Response;

use super::{
    Id, address,
    door::{Door, Way},
    failed, find,
};
use crate::{
    cli::control::{ApplicationsRequest, Reply},
    web::pages::{
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
    },
};

#[derive(Template)]
#[template(path = "program_key.html")]
struct Page {
    f: Frame,
    title: String,
    back: String,
    login: String,
    password: String,
    key: String,
    door: Door,
}

impl Page {
    fn parts(&self) -> [(String, &str); 3] {
        let t = |key| self.f.t(key);
        [(t("key-login"), &self.login), (t("key-password"), &self.password), (t("key-http"), &self.key)]
    }

    fn copy(&self, what: &str) -> String {
        self.f.words.with("key-copy", &[("what", what)])
    }
}

#[derive(serde::Deserialize)]
pub(in crate::web::pages) struct Nothing {}

/// Makes it. The page is stored nowhere (`no-store`), and whoever loads it again makes another.
pub(in crate::web::pages) async fn make(
    Id(id): Id,
    Posted { visit, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let application = match find(&visit, id).await {
        Ok(application) => application,
        Err(response) => return response,
    };
    let request = ApplicationsRequest::AddKey { name: application.name.to_string() };
    let made = match visit.pages.sources.programs.carry_out(request, visit.actor()).await {
        Reply::NewKey(made) => made,
        Reply::Failed { failure, message } => return failed(failure, message, &visit),
        _ => return not_here::not_found(visit.words()),
    };
    let f = match Frame::around(&visit, Place::Programs).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, &visit),
    };
    let (words, config) = (visit.words(), visit.pages.sources.config());
    let way = Way::New { login: made.id.0.clone(), password: made.password.0.clone() };
    page(&Page {
        f,
        title: words.with("key-title", &[("name", application.name.as_str())]),
        back: address(application.id),
        door: Door::of(&config, application.name.as_str(), &way, words),
        login: made.id.0,
        password: made.password.0,
        key: made.key.0,
    })
}
