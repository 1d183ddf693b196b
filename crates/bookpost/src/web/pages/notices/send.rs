//! What is done with an upload: samples of it, the run, or nothing.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{check::checked, done, on_disk, path, theirs};
use crate::{
    app::notice_run::{Checked, NoSamples, Options},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        not_here,
    },
};

/// What was settled about the file, how often its run was cut short before, and what the page said of it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web::pages) struct Wish {
    #[serde(flatten)]
    options: Options,
    attempt: String,
    people: String,
    practice: String,
    /// This is the right file, though there is reason to look at it once more.
    sure: String,
}

impl Wish {
    /// To as many people as the page said, and patrons receive something or not as it said.
    fn is_for(&self, checked: &Checked) -> bool {
        self.people.parse() == Ok(checked.people()) && self.practice.parse() == Ok(checked.is_practice())
    }
}

/// Some of its mails go to whoever asks.
pub(in crate::web::pages) async fn samples(
    Path(id): Path<String>,
    Posted { visit, form }: Posted<Wish>,
) -> Response {
    let checked = match checked(&visit, &id, &form.options).await {
        Ok(checked) => checked,
        Err(response) => return response,
    };
    let (words, person) = (visit.words(), visit.person());
    let mark = words.t("sample-mark");
    let notices = &visit.pages.sources.notices;
    let sent = notices.send_samples(&checked, &person.email, person.name.as_str(), &mark).await;
    let back = path(&id, "", &form.options, "");
    match sent {
        Ok(n) => {
            let n = u64::try_from(n).unwrap_or(u64::MAX);
            let done = if checked.is_practice() { Done::SamplesPractised } else { Done::SamplesSent };
            Redirect::to(&flash::told(&back, done, Some((n, 0)))).into_response()
        }
        Err(NoSamples::NotNow(_) | NoSamples::NotMade) => {
            Redirect::to(&flash::told(&back, Done::NotNow, None)).into_response()
        }
        Err(NoSamples::Store(error)) => not_here::of(&error, &visit),
    }
}

/// The run begins; asked for again, it is the same.
pub(in crate::web::pages) async fn send(
    Path(id): Path<String>,
    Posted { visit, form }: Posted<Wish>,
) -> Response {
    let notices = &visit.pages.sources.notices;
    // Once it is run the upload is gone, and there is nothing to look through any more.
    match done::run_of(&visit, &id).await {
        Ok(Some(run)) => return Redirect::to(&format!("/notices/runs/{}", run.0)).into_response(),
        Ok(None) => {}
        Err(error) => return not_here::of(&error, &visit),
    }
    let checked = match checked(&visit, &id, &form.options).await {
        Ok(checked) => checked,
        Err(response) => return response,
    };
    if checked.people() == 0 && checked.not_sent() == 0 {
        return Redirect::to(&path(&id, "", &form.options, "")).into_response();
    }
    if !form.is_for(&checked) {
        let again = path(&id, "", &form.options, "");
        return Redirect::to(&flash::told(&again, Done::NotSent, None)).into_response();
    }
    if checked.is_doubtful() && form.sure.is_empty() {
        let again = path(&id, "", &form.options, "");
        return Redirect::to(&flash::told(&again, Done::NotSure, None)).into_response();
    }
    let attempt = form.attempt.parse().unwrap_or_default();
    match notices.begin(checked, attempt, visit.actor()).await {
        Ok(run) => Redirect::to(&format!("/notices/runs/{}", run.0)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// It is deleted.
pub(in crate::web::pages) async fn forget(
    Path(id): Path<String>,
    Posted { visit, form: _ }: Posted<Wish>,
) -> Response {
    let (id, _) = match theirs(&visit, &id).await {
        Ok(theirs) => theirs,
        Err(response) => return response,
    };
    let notices = visit.pages.sources.notices.clone();
    match on_disk(move || notices.forget(&id)).await {
        Ok(()) => Redirect::to(&flash::told("/notices", Done::ExportForgotten, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}
