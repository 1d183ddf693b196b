//! "Did it arrive?": what to do when it did not, and that it did is remembered, for this server as it is set.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Actor, Audit, AuditFilter, AuditId, Deed, Error, NewAudit, Store};

use super::noted::{ACCEPTED, ARRIVED, named};
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
            Actor::CommandLine | Actor::Configuration | Actor::NotSignedIn => String::new(),
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
pub(in crate::web::pages) struct Answer {
    /// The line of the log.
    test: i64,
    is: Found,
}

#[derive(Template)]
#[template(path = "trial_arrived.html")]
struct Advice {
    f: Frame,
    in_spam: bool,
    test: i64,
}

/// Remembers that it arrived, or leads to what to do.
pub(in crate::web::pages) async fn answer(Posted { visit, form }: Posted<Answer>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let is = match form.is {
        Found::Yes => return remember(&visit, form.test).await,
        Found::NotYet => "not_yet",
        Found::InSpam => "in_spam",
    };
    Redirect::to(&format!("/preferences/test/arrived?test={}&is={is}", form.test)).into_response()
}

/// What to do when it did not arrive where it should.
pub(in crate::web::pages) async fn advise(visit: Visit, RawQuery(query): RawQuery) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let Ok(Answer { test, is }) = serde_html_form::from_str(query.as_deref().unwrap_or_default()) else {
        return Redirect::to("/preferences/test").into_response();
    };
    match Frame::around(&visit, Place::Email).await {
        Ok(f) => page(&Advice { f, in_spam: is == Found::InSpam, test }),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn remember(visit: &Visit, test: i64) -> Response {
    let noted = match line(visit, test).await {
        Ok(Some(Audit { about, new: Some(new), .. })) => {
            let new = new.strip_suffix(ACCEPTED).map(|named| format!("{named}{ARRIVED}"));
            let line = NewAudit { who: visit.actor(), what: Deed::ServerTested, about, old: None, new };
            visit.pages.sources.store.note_audit(line, visit.clockwork.now).await
        }
        Ok(_) => return not_here::not_found(visit.words()),
        Err(error) => Err(error),
    };
    match noted {
        Ok(_) => Redirect::to(&flash::told("/preferences/test", Done::Arrived, None)).into_response(),
        Err(error) => not_here::of(&error, visit),
    }
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

impl Advice {
    fn title(&self) -> String {
        self.f.words.t(if self.in_spam { "trial-spam-title" } else { "trial-not-yet-title" })
    }
}
