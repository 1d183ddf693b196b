//! Programs that send through Bookpost: what each may do, its keys, and what is entered in it.

mod act;
mod change;
mod door;
mod form;
mod key;
mod one;

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
    response::Response,
};
use store::{Application, ApplicationId, Error};

use super::{
    Pages,
    frame::{Frame, Place, page},
    not_here,
    visit::Visit,
};
use crate::{cli::control::Failure, identity::Permission};

pub(super) use act::{ask_revoke, ask_switch, revoke, switch};
pub(super) use change::{add, ask_add, ask_change, change};
pub(super) use key::make as make_key;
pub(super) use one::{megabytes, show as show_one};

pub(super) const HERE: &str = "/preferences/programs";
/// Messages of a day are counted so far: each costs a look at its row.
const MOST_COUNTED: u64 = 10_000;

#[derive(Template)]
#[template(path = "programs.html")]
struct Programs {
    f: Frame,
    all: Vec<Program>,
    /// Names of those of which it cannot be read what they may do.
    unreadable: Vec<String>,
}

/// One of them.
struct Program {
    href: String,
    name: String,
    off: bool,
    /// What is said of it, each with its name.
    facts: Vec<(String, String)>,
}

/// The list.
pub(super) async fn show(visit: Visit) -> Response {
    if !visit.may(Permission::ManagePrograms) {
        return not_here::not_allowed(visit.words());
    }
    match programs(&visit).await {
        Ok(programs) => page(&programs),
        Err(error) => not_here::of(&error, &visit),
    }
}

impl Programs {
    fn path(&self) -> String {
        self.f.words.with("setup-path", &[("page", &self.f.t("nav-programs"))])
    }

    fn unreadable(&self, name: &str) -> String {
        self.f.words.with("program-unreadable", &[("name", name)])
    }
}

async fn programs(visit: &Visit) -> Result<Programs, Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    let stored = store.applications().await?;
    let mut programs = Vec::new();
    for application in stored.readable {
        let used_at = application.keys.iter().filter_map(|key| key.used_at).max();
        let live = application.keys.iter().filter(|key| key.revoked_at.is_none()).count();
        let used = used_at.map_or_else(|| words.t("program-never"), |at| visit.clockwork.text(at));
        programs.push(Program {
            href: address(application.id),
            off: application.disabled_at.is_some(),
            facts: vec![
                (words.t("program-today"), today(visit, application.name.as_str()).await?),
                (words.t("program-keys"), words.number(u64::try_from(live).unwrap_or(u64::MAX))),
                (words.t("program-used"), used),
                (words.t("program-from"), one::from(&application, words)),
            ],
            name: application.name.into(),
        });
    }
    let nameless = || words.t("program-nameless");
    let unreadable = stored.unreadable.into_iter();
    let unreadable = unreadable.map(|one| one.name.map_or_else(nameless, String::from)).collect();
    Ok(Programs { f: Frame::around(visit, Place::Programs).await?, all: programs, unreadable })
}

/// How many messages it has handed in today.
async fn today(visit: &Visit, name: &str) -> Result<String, Error> {
    let (words, since) = (visit.words(), visit.clockwork.day_began_at());
    let count = visit.pages.sources.store.accepted_of(name, since, MOST_COUNTED).await?;
    let number = words.number(count);
    Ok(if count < MOST_COUNTED { number } else { words.with("program-at-least", &[("n", &number)]) })
}

fn address(id: ApplicationId) -> String {
    format!("{HERE}/{}", id.0)
}

/// The program that a page is about, for whoever may manage programs.
pub(super) struct About {
    visit: Visit,
    application: Application,
}

impl FromRequestParts<Pages> for About {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, pages).await?;
        let Ok(Id(id)) = Id::from_request_parts(parts, pages).await;
        let application = find(&visit, id).await?;
        Ok(Self { visit, application })
    }
}

/// The program that a form is about, as its address says.
pub(super) struct Id(Option<ApplicationId>);

impl FromRequestParts<Pages> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Infallible> {
        let id = Path::<String>::from_request_parts(parts, pages).await.ok();
        Ok(Self(id.and_then(|Path(id)| id.parse().ok()).map(ApplicationId)))
    }
}

async fn find(visit: &Visit, id: Option<ApplicationId>) -> Result<Application, Response> {
    if !visit.may(Permission::ManagePrograms) {
        return Err(not_here::not_allowed(visit.words()));
    }
    let all = visit.pages.sources.store.applications().await;
    let all = all.map_err(|error| not_here::of(&error, visit))?.readable;
    let found = all.into_iter().find(|application| Some(application.id) == id);
    found.ok_or_else(|| not_here::not_found(visit.words()))
}

/// What a person reads where it could not be done for a reason that no form can help.
fn failed(failure: Failure, message: String, visit: &Visit) -> Response {
    match failure {
        Failure::Usage | Failure::Data => not_here::not_found(visit.words()),
        _ => not_here::unavailable(&Error::Internal(message), visit.words()),
    }
}
