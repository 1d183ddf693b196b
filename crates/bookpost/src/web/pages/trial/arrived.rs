//! "Did it arrive?": what to do when it did not, and that it did is remembered, for this server as it is set. A form that was away for the
//! test goes along, until somebody goes back to it.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Audit, AuditFilter, AuditId, Deed, Error, NewAudit};

use super::wanted::Form;
use crate::{
    identity::Permission,
    preferences::tested::{ACCEPTED, ARRIVED},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        visit::Visit,
    },
};

/// What somebody found in the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Yes,
    NotYet,
    InSpam,
}

#[derive(Deserialize)]
struct Answer {
    /// The line of the log.
    test: i64,
    is: Found,
}

#[derive(Template)]
#[template(path = "trial_arrived.html")]
struct Advice {
    f: Frame,
    found: Found,
    test: i64,
    /// The form that the test was begun from.
    back: Option<Vec<(String, String)>>,
}

/// Remembers that it arrived, or says what to do.
pub(in crate::web::pages) async fn answer(Posted { visit, form }: Posted<Vec<(String, String)>>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let form = Form::new(form, &visit);
    let Some(Answer { test, is }) = form.answer() else {
        return not_here::form_too_old(visit.words());
    };
    if is == Found::Yes
        && let Err(response) = remember(&visit, test).await
    {
        return response;
    }
    match (form.back(&visit), is) {
        (Some(back), found) => said(&visit, found, test, Some(back)).await,
        (None, Found::Yes) => {
            Redirect::to(&flash::told("/preferences/test", Done::Arrived, None)).into_response()
        }
        (None, Found::NotYet) => advice(test, "not_yet"),
        (None, Found::InSpam) => advice(test, "in_spam"),
    }
}

fn advice(test: i64, is: &str) -> Response {
    Redirect::to(&format!("/preferences/test/arrived?test={test}&is={is}")).into_response()
}

/// What to do when it did not arrive where it should.
pub(in crate::web::pages) async fn advise(visit: Visit, RawQuery(query): RawQuery) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    match serde_html_form::from_str(query.as_deref().unwrap_or_default()) {
        Ok(Answer { test, is: found @ (Found::NotYet | Found::InSpam) }) => {
            said(&visit, found, test, None).await
        }
        _ => Redirect::to("/preferences/test").into_response(),
    }
}

async fn said(visit: &Visit, found: Found, test: i64, back: Option<Vec<(String, String)>>) -> Response {
    match Frame::around(visit, Place::Email).await {
        Ok(f) => page(&Advice { f, found, test, back }),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn remember(visit: &Visit, test: i64) -> Result<(), Response> {
    let noted = match line(visit, test).await {
        Ok(Some(Audit { about, new: Some(new), .. })) => {
            let new = new.strip_suffix(ACCEPTED).map(|named| format!("{named}{ARRIVED}"));
            let line = NewAudit { who: visit.actor(), what: Deed::ServerTested, about, old: None, new };
            visit.pages.sources.store.note_audit(line, visit.clockwork.now).await
        }
        Ok(_) => return Err(not_here::not_found(visit.words())),
        Err(error) => Err(error),
    };
    noted.map(|_| ()).map_err(|error| not_here::of(&error, visit))
}

/// Their own test of this number, if its message was accepted.
async fn line(visit: &Visit, test: i64) -> Result<Option<Audit>, Error> {
    let own = AuditFilter { who: Some(visit.person().id), ..AuditFilter::default() };
    let found = visit.pages.sources.store.audit(own, Some(AuditId(test.saturating_add(1))), 1).await?;
    let accepted = |line: &Audit| {
        let was = line.new.as_deref().is_some_and(|new| new.ends_with(&format!(": {ACCEPTED}")));
        line.id.0 == test && line.what == Deed::ServerTested && was
    };
    Ok(found.into_iter().find(accepted))
}

impl Form {
    /// What it says of a test; None: nothing that can be read.
    fn answer(&self) -> Option<Answer> {
        let is = match self.get("is")? {
            "yes" => Found::Yes,
            "not_yet" => Found::NotYet,
            "in_spam" => Found::InSpam,
            _ => return None,
        };
        Some(Answer { test: self.get("test")?.parse().ok()?, is })
    }
}

impl Advice {
    fn title(&self) -> String {
        self.f.words.t(match self.found {
            Found::Yes => "trial-yes-title",
            Found::NotYet => "trial-not-yet-title",
            Found::InSpam => "trial-spam-title",
        })
    }
}
