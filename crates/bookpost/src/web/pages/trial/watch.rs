//! A trial as it goes: the page, which is whole at every moment, and what an open page is told.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use tokio::sync::watch::Receiver;

use super::{
    called,
    running::{Course, End},
    shown,
};
use crate::{
    deliver::trial::State,
    identity::Permission,
    web::pages::{
        frame::{Frame, Place, page, page_as},
        not_here,
        steps::{self, Step},
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "trial_page.html")]
struct Page {
    f: Frame,
    id: String,
    title: String,
    place: String,
    running: bool,
    course: String,
}

/// The part that changes.
#[derive(Template)]
#[template(path = "trial_course.html")]
struct Part {
    f: Frame,
    steps: Vec<Step>,
    verdict: String,
    tone: &'static str,
    to: String,
    /// The line of the log, where it can be asked whether the message arrived.
    test: Option<i64>,
    running: bool,
    /// The form that it was begun from.
    back: Option<Vec<(String, String)>>,
}

#[derive(Template)]
#[template(path = "trial_forgotten.html")]
struct Forgotten {
    f: Frame,
}

/// The page.
pub(in crate::web::pages) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let f = match Frame::around(&visit, Place::Email).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, &visit),
    };
    let Some(course) = visit.pages.trials.of(&visit.visitor, &id, visit.clockwork.now) else {
        return page_as(StatusCode::NOT_FOUND, &Forgotten { f });
    };
    let (words, running) = (visit.words(), !Course::is_over(&course));
    let course = course.borrow().clone();
    let name = called(words, &course.server.name);
    let port = course.server.port.to_string();
    let place = words.with("trial-place", &[("host", &course.server.host), ("port", &port)]);
    let title = words.with("trial-of", &[("server", &name)]);
    page(&Page { f, id, title, place, running, course: part(&visit, &course, running) })
}

/// What an open page is told: the part of it that changes, each time it does.
pub(in crate::web::pages) async fn steps(visit: Visit, Path(id): Path<String>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let now = visit.clockwork.now;
    let Some(mut course) = visit.pages.trials.of(&visit.visitor, &id, now) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    course.mark_changed();
    let told = stream::unfold(Some((visit, course)), |rest| async move { next(rest?).await });
    Sse::new(told).keep_alive(KeepAlive::default()).into_response()
}

type Rest = (Visit, Receiver<Course>);

/// What is told next; with the end it is told that nothing follows.
async fn next((visit, mut course): Rest) -> Option<(Result<Event, Infallible>, Option<Rest>)> {
    let running = course.changed().await.is_ok() && course.borrow().end.is_none();
    let html = part(&visit, &course.borrow_and_update().clone(), running);
    let event = Event::default().data(html);
    if running { Some((Ok(event), Some((visit, course)))) } else { Some((Ok(event.event("end")), None)) }
}

fn part(visit: &Visit, course: &Course, running: bool) -> String {
    let (words, to) = (visit.words(), shown(course.to.as_ref()));
    let (verdict, tone) = match course.end {
        _ if running => (words.t("trial-running"), "calm"),
        Some(End::Passed(_)) if course.to.is_some() => (words.with("trial-passed", &[("to", &to)]), "well"),
        Some(End::Passed(_)) => (words.t("trial-passed-bare"), "well"),
        Some(End::Failed) if may_have_arrived(course) => (words.t("trial-doubt"), "stop"),
        Some(End::Failed) => (words.t("trial-failed"), "stop"),
        Some(End::Broken) | None => (words.t("trial-broken"), "stop"),
    };
    let test = match course.end {
        Some(End::Passed(id)) if course.to.is_some() => Some(id.0),
        _ => None,
    };
    let f = Frame { signed_in: Some(visit.signed_in()), ..Frame::bare(words, "") };
    let steps = steps::of(&visit.clockwork, &course.server, course.to.is_some(), &course.told);
    let back = course.back.clone();
    let part = Part { f, steps, verdict, tone, to, test, running, back };
    part.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the steps of a test could not be written");
        String::new()
    })
}

fn may_have_arrived(course: &Course) -> bool {
    let fault = course.told.iter().find_map(|event| match &event.state {
        State::Failed(fault) => Some(fault),
        _ => None,
    });
    fault.is_some_and(|fault| fault.reason == mail::Reason::AnswerUnknown)
}

impl Part {
    fn look_into(&self) -> String {
        self.f.words.with("trial-arrived-lead", &[("to", &self.to)])
    }
}
