//! Preferences > Setup > Email > Installations that sign in here: who they are, how much they make of it, a key for one more, and their end.

use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use store::{Error, Installation, InstallationInUse, KeyId};

use super::{
    Pages,
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page, page_as},
    not_here,
    visit::Visit,
    when::At,
    words::Words,
};
use crate::{
    app::secret_dice,
    cli::broker::{Unfit, new},
    config::Provider,
    identity::Permission,
    preferences::mail_accounts::redirect,
};

const HERE: &str = "/preferences/installations";

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/preferences/installations", get(show).post(add))
        .route("/preferences/installations/{key}/end", get(ask_end).post(end))
}

#[derive(Template)]
#[template(path = "installations.html")]
struct Page {
    f: Frame,
    /// Those that are served, and those that are no more.
    served: Vec<Line>,
    ended: Vec<Line>,
    /// Why nobody can sign in here yet.
    missing: Vec<String>,
    /// It has an address, so that keys can be given out.
    has_address: bool,
    /// The address that is entered at the provider.
    back: String,
    typed: Typed,
    problem: Option<Problem>,
}

struct Line {
    name: String,
    address: String,
    since: At,
    served: Option<At>,
    today: String,
    ended: Option<At>,
    ends: String,
    end_of: String,
}

/// What is wrong, and with which field.
struct Problem {
    of_name: bool,
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    name: String,
    address: String,
}

async fn show(visit: Visit) -> Response {
    if !visit.may(Permission::ManagePrograms) {
        return not_here::not_allowed(visit.words());
    }
    match made(&visit, Typed::default(), None).await {
        Ok(made) => page(&made),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn made(visit: &Visit, typed: Typed, problem: Option<Problem>) -> Result<Page, Error> {
    let (sources, words) = (&visit.pages.sources, visit.words());
    let all = sources.store.installations(visit.clockwork.now).await?;
    let (ended, served) = all.into_iter().map(|one| line(one, visit)).partition(|line| line.ended.is_some());
    let config = sources.config();
    let has_address = config.public_address.is_some();
    let knows_us = config.providers.iter().any(|one| one.service.is_none());
    let missing = [(has_address, "installations-no-address"), (knows_us, "installations-no-client")];
    Ok(Page {
        f: Frame::around(visit, Place::Email).await?,
        served,
        ended,
        missing: missing.into_iter().filter(|(has, _)| !has).map(|(_, key)| words.t(key)).collect(),
        has_address,
        back: redirect::of_service(&config, redirect::SERVICE_BACK),
        typed,
        problem,
    })
}

fn line(used: InstallationInUse, visit: &Visit) -> Line {
    let InstallationInUse { installation, served_at, given_in_24_hours } = used;
    let Installation { key, name, returns_to, made_at, revoked_at, .. } = installation;
    Line {
        end_of: visit.words().with("installation-end-of", &[("name", &name)]),
        ends: format!("{HERE}/{}/end", key.0),
        name,
        address: returns_to,
        since: visit.clockwork.at(made_at),
        served: served_at.map(|at| visit.clockwork.at(at)),
        today: visit.words().number(given_in_24_hours.into()),
        ended: revoked_at.map(|at| visit.clockwork.at(at)),
    }
}

#[derive(Template)]
#[template(path = "installation_key.html")]
struct Key {
    f: Frame,
    title: String,
    lead: String,
    parts: [(String, String); 2],
}

impl Key {
    fn copy(&self, what: &str) -> String {
        self.f.words.with("key-copy", &[("what", what)])
    }
}

/// Adds one. The page with its key is stored nowhere (`no-store`).
async fn add(Posted { visit, form }: Posted<Typed>) -> Response {
    if !visit.may(Permission::ManagePrograms) {
        return not_here::not_allowed(visit.words());
    }
    // Whoever changes the language on what is answered comes to the page itself.
    let visit = visit.at(HERE);
    match added(&visit, form).await {
        Ok(response) => response,
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn added(visit: &Visit, form: Typed) -> Result<Response, Error> {
    let (words, config) = (visit.words(), visit.pages.sources.config());
    let again = async |form, problem| {
        let made = made(visit, form, problem).await?;
        Ok(page_as(StatusCode::UNPROCESSABLE_ENTITY, &made))
    };
    let Some(here) = config.public_address.clone() else { return again(form, None).await };
    let (new, key) = match new(&form.name, &form.address, &mut secret_dice()) {
        Ok(made) => made,
        Err(unfit) => {
            let problem = problem(&unfit, words);
            return again(form, Some(problem)).await;
        }
    };
    let store = &visit.pages.sources.store;
    let installation = match store.add_installation(new, visit.actor(), visit.clockwork.now).await {
        Ok(installation) => installation,
        Err(Error::Exists(_)) => {
            let problem = Problem { of_name: true, text: words.t("installation-exists") };
            return again(form, Some(problem)).await;
        }
        Err(error) => return Err(error),
    };
    let names = [("name", &*installation.name), ("address", &*installation.returns_to)];
    Ok(page(&Key {
        f: Frame::around(visit, Place::Email).await?,
        title: words.with("installation-key-title", &names),
        lead: words.with("installation-key-lead", &names),
        parts: [(words.t("service-address"), here), (words.t("service-key"), key.whole().to_string())],
    }))
}

fn problem(unfit: &Unfit, words: &Words) -> Problem {
    match unfit {
        Unfit::Name => Problem { of_name: true, text: words.t("installation-name-unfit") },
        Unfit::Address(_) => Problem { of_name: false, text: words.t("installation-address-unfit") },
    }
}

#[derive(Template)]
#[template(path = "installation_end.html")]
struct Ending {
    f: Frame,
    question: String,
    consequence: String,
    action: String,
}

/// Whether nothing is to be done for it any more.
async fn ask_end(visit: Visit, Path(key): Path<String>) -> Response {
    let installation = match found(&visit, key).await {
        Ok(installation) => installation,
        Err(response) => return response,
    };
    if installation.revoked_at.is_some() {
        return Redirect::to(HERE).into_response();
    }
    let f = match Frame::around(&visit, Place::Email).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, &visit),
    };
    let titles: Vec<_> = Provider::ALL.iter().map(|one| one.title()).collect();
    let names = [("name", &*installation.name), ("providers", &*titles.join(" / "))];
    page(&Ending {
        f,
        question: visit.words().with("installation-end-title", &names),
        consequence: visit.words().with("installation-end-consequence", &names),
        action: format!("{HERE}/{}/end", installation.key.0),
    })
}

#[derive(Deserialize)]
struct Nothing {}

/// Does it.
async fn end(Path(key): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    let installation = match found(&visit, key).await {
        Ok(installation) => installation,
        Err(response) => return response,
    };
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    match store.revoke_installation(&installation.key, visit.actor(), now).await {
        Ok(_) => Redirect::to(&flash::told(HERE, Done::InstallationEnded, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// The one that is meant, for whoever may see to it.
async fn found(visit: &Visit, key: String) -> Result<Installation, Response> {
    if !visit.may(Permission::ManagePrograms) {
        return Err(not_here::not_allowed(visit.words()));
    }
    match visit.pages.sources.store.installation(&KeyId(key)).await {
        Ok(Some(known)) => Ok(known.installation),
        Ok(None) => Err(not_here::not_found(visit.words())),
        Err(error) => Err(not_here::of(&error, visit)),
    }
}
