//! "Did it arrive?": what to do when it did not, and that it did is remembered, for this server as it is set. A form that was away for the
//! test goes along, until somebody goes back to it.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Actor, Audit, AuditFilter, AuditId, Deed, Error, NewAudit, Store};

use super::{
    noted::{ACCEPTED, ARRIVED, named},
    wanted::Form,
};
use crate::{
    config::Server,
    identity::Permission,
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        visit::Visit,
    },
};

/// So many tests of a server are looked through.
const LOOKED_THROUGH: usize = 50;

/// A server that has taken a test message, as it is set now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web::pages) struct Tested {
    pub(in crate::web::pages) at: Timestamp,
    pub(in crate::web::pages) by: String,
    /// Somebody has found it in a mailbox.
    pub(in crate::web::pages) arrived: bool,
}

/// The last test that went well, of the server as it is set now; one that arrived before one that was accepted only.
pub(in crate::web::pages) async fn tested(store: &Store, server: &Server) -> Result<Option<Tested>, Error> {
    let about = AuditFilter { about: Some(server.name.clone()), ..AuditFilter::default() };
    let lines = store.audit(about, None, LOOKED_THROUGH).await?;
    let of = |result: &str| {
        let said = format!("{}: {result}", named(server));
        lines.iter().find(|line| line.what == Deed::ServerTested && line.new.as_deref() == Some(&said))
    };
    let arrived = of(ARRIVED);
    Ok(arrived.or_else(|| of(ACCEPTED)).map(|line| Tested {
        at: line.happened_at,
        by: match &line.who {
            Actor::Person { name, .. } => name.to_string(),
            _ => String::new(),
        },
        arrived: arrived.is_some(),
    }))
}

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
