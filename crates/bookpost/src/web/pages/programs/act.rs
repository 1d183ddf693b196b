//! A program is switched off or on, a key is revoked: asked first, then done.

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::KeyId;

use super::{About, Id, address, change::to, failed, find};
use crate::{
    cli::control::{ApplicationsRequest, Reply},
    web::pages::{
        flash::Done,
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "program_act.html")]
struct Page {
    f: Frame,
    question: String,
    consequence: String,
    button: String,
    final_: bool,
    action: String,
    back: String,
    /// What is sent with it.
    hidden: (&'static str, String),
}

#[derive(Deserialize)]
pub(in crate::web::pages) struct Key {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
pub(in crate::web::pages) struct Switch {
    on: bool,
}

/// Whether it is to be switched off; or on, where it is off.
pub(in crate::web::pages) async fn ask_switch(About { visit, application }: About) -> Response {
    let (words, name) = (visit.words(), application.name.as_str());
    let on = application.disabled_at.is_some();
    let [question, consequence, button] = if on {
        ["program-on-title", "program-on-consequence", "program-on"]
    } else {
        ["program-off-title", "program-off-consequence", "program-off"]
    };
    let asked = Asked {
        question: words.with(question, &[("name", name)]),
        consequence: words.t(consequence),
        button: words.t(button),
        final_: !on,
        path: "switch",
        hidden: ("on", on.to_string()),
    };
    asked.shown(&visit, address(application.id)).await
}

/// Does it.
pub(in crate::web::pages) async fn switch(Id(id): Id, Posted { visit, form }: Posted<Switch>) -> Response {
    let application = match find(&visit, id).await {
        Ok(application) => application,
        Err(response) => return response,
    };
    let name = application.name.to_string();
    let (request, done) = if form.on {
        (ApplicationsRequest::Enable { name }, Done::ProgramOn)
    } else {
        (ApplicationsRequest::Disable { name }, Done::ProgramOff)
    };
    match visit.pages.sources.programs.carry_out(request, visit.actor()).await {
        Reply::Failed { failure, message } => failed(failure, message, &visit),
        _ => to(&application, done),
    }
}

/// Whether a key is to open nothing any more.
pub(in crate::web::pages) async fn ask_revoke(
    About { visit, application }: About,
    Query(Key { key }): Query<Key>,
) -> Response {
    let (words, name) = (visit.words(), application.name.as_str());
    let Some(known) = application.keys.iter().find(|one| one.id.0 == key) else {
        return not_here::not_found(words);
    };
    if known.revoked_at.is_some() {
        return Redirect::to(&address(application.id)).into_response();
    }
    let used = match known.used_at {
        Some(at) => words.with("key-used", &[("when", &visit.clockwork.text(at))]),
        None => words.t("key-unused"),
    };
    let asked = Asked {
        question: words.with("key-revoke-title", &[("key", &key), ("name", name)]),
        consequence: format!("{used} {}", words.t("key-revoke-consequence")),
        button: words.t("key-revoke"),
        final_: true,
        path: "revoke",
        hidden: ("key", key),
    };
    asked.shown(&visit, address(application.id)).await
}

/// Does it.
pub(in crate::web::pages) async fn revoke(Id(id): Id, Posted { visit, form }: Posted<Key>) -> Response {
    let application = match find(&visit, id).await {
        Ok(application) => application,
        Err(response) => return response,
    };
    let request = ApplicationsRequest::RevokeKey { name: application.name.to_string(), key: KeyId(form.key) };
    match visit.pages.sources.programs.carry_out(request, visit.actor()).await {
        Reply::Failed { failure, message } => failed(failure, message, &visit),
        _ => to(&application, Done::KeyRevoked),
    }
}

/// What is asked.
struct Asked {
    question: String,
    consequence: String,
    button: String,
    /// It cannot be undone, or mail is turned away.
    final_: bool,
    path: &'static str,
    hidden: (&'static str, String),
}

impl Asked {
    async fn shown(self, visit: &Visit, back: String) -> Response {
        let Self { question, consequence, button, final_, path, hidden } = self;
        let action = format!("{back}/{path}");
        match Frame::around(visit, Place::Programs).await {
            Ok(f) => page(&Page { f, question, consequence, button, final_, action, back, hidden }),
            Err(error) => not_here::of(&error, visit),
        }
    }
}
