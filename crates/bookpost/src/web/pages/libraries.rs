//! The libraries: what patrons see of each, where answers and undeliverable mail go, and what exports call it.

mod change;
mod form;
mod logo;
mod remove;

use askama::Template;
use axum::{
    extract::Query,
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Error, PreferenceChange};

use super::{
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page},
    not_here,
    visit::Visit,
    wanted::RESERVED,
    words::Words,
};
use crate::{
    app::StandingPreferences,
    config::Site,
    identity::Permission,
    preferences::{Change, Refused, logos::size, sites::SITES},
};

pub(super) use change::{add, ask_add, ask_change, change};
pub(super) use logo::{picture, remove as remove_logo, route as logo};
pub(super) use remove::{ask as ask_remove, remove};

const HERE: &str = "/preferences/libraries";

#[derive(Template)]
#[template(path = "libraries.html")]
struct Libraries {
    f: Frame,
    all: Vec<Library>,
    /// Why none of them can be changed here.
    elsewhere: Option<String>,
    /// The last change, where it was one of libraries: what is said of it, and its version.
    last: Option<(String, i64)>,
}

/// One of them.
struct Library {
    name: String,
    code: String,
    /// What is said of it, each with its name.
    facts: Vec<(String, String)>,
    /// It has no address, and cannot send.
    mute: bool,
    /// How wide and high its logo is.
    logo: Option<(u32, u32)>,
    /// As it stands in addresses.
    encoded: String,
}

/// The list.
pub(super) async fn show(visit: Visit) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    match libraries(&visit).await {
        Ok(libraries) => page(&libraries),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn libraries(visit: &Visit) -> Result<Libraries, Error> {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let elsewhere = match sources.preferences.now().await {
        Ok(standing) => elsewhere(&standing, words),
        Err(Refused::Store(error)) => return Err(error),
        Err(_) => Some(words.t("libraries-fixed")),
    };
    let logos = sources.store.logos().await?;
    let logo = |site: &Site| logos.get(&site.code).and_then(|logo| size(&logo.bytes));
    let last = sources.store.preference_changes(1).await?.pop();
    let last = last.filter(|last| elsewhere.is_none() && last.values.contains_key(SITES));
    Ok(Libraries {
        f: Frame::around(visit, Place::Libraries).await?,
        all: sources.config().sites.iter().map(|site| library(site, logo(site), words)).collect(),
        last: last.map(|last| (told(&last, visit), last.version)),
        elsewhere,
    })
}

fn library(site: &Site, logo: Option<(u32, u32)>, words: &Words) -> Library {
    let optional = [
        ("library-phone", site.phone.clone()),
        ("library-branches", Some(site.branches.join(", ")).filter(|all| !all.is_empty())),
        ("library-zone", zone(site)),
        ("library-language", site.language.as_ref().map(|tag| language(words, tag))),
    ];
    let sent = [
        ("library-email", site.email.as_ref()),
        ("library-answers", site.reply_to.as_ref().or(site.email.as_ref())),
        ("library-returns", site.reports_to()),
    ];
    let sent = sent.map(|(key, address)| (key, address.map(ToString::to_string)));
    let facts = sent.into_iter().chain(optional);
    Library {
        name: site.name.clone(),
        code: site.code.clone(),
        mute: site.email.is_none(),
        logo,
        facts: facts.filter_map(|(key, value)| Some((words.t(key), value?))).collect(),
        encoded: encoded(&site.code),
    }
}

/// A language that notices are written in.
pub(super) fn language(words: &Words, tag: &str) -> String {
    words.t(if tag == "es" { "notice-language-es" } else { "notice-language-en" })
}

fn encoded(code: &str) -> String {
    utf8_percent_encode(code, RESERVED).to_string()
}

fn zone(site: &Site) -> Option<String> {
    site.time_zone.as_ref()?.iana_name().map(ToOwned::to_owned)
}

/// Why the libraries cannot be changed here.
fn elsewhere(standing: &StandingPreferences, words: &Words) -> Option<String> {
    let set = standing.loaded.preferences.iter().find(|one| one.name == SITES)?;
    Some(words.with("set-elsewhere", &[("place", &words.place(&set.origin)?)]))
}

/// Who changed the preferences last, and when.
fn told(last: &PreferenceChange, visit: &Visit) -> String {
    let words = visit.words();
    let who = words.actor(&last.changed_by);
    words.with("libraries-last", &[("who", &who), ("when", &visit.clockwork.text(last.changed_at))])
}

#[derive(Deserialize)]
pub(super) struct Undone {
    version: i64,
}

/// The last change is undone, if it is the one that was seen.
pub(super) async fn undo(Posted { visit, form }: Posted<Undone>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let undo = Change::UndoOf { version: form.version, by: visit.actor() };
    match visit.pages.sources.preferences.change(undo).await {
        Ok(_) => Redirect::to(&flash::told(HERE, Done::Undone, None)).into_response(),
        Err(Refused::Store(Error::Changed) | Refused::NothingToUndo) => {
            Redirect::to(&flash::told(HERE, Done::NotUndone, None)).into_response()
        }
        Err(why) => failed(&why, &visit),
    }
}

/// What cannot be said in the form.
fn failed(why: &Refused, visit: &Visit) -> Response {
    match why {
        Refused::Store(error) => not_here::of(error, visit),
        other => not_here::unavailable(&Error::Internal(other.to_string()), visit.words()),
    }
}

impl Libraries {
    fn path(&self) -> String {
        self.f.words.with("setup-path", &[("page", &self.f.t("nav-libraries"))])
    }

    fn change(&self, name: &str) -> String {
        self.f.words.with("library-change-of", &[("name", name)])
    }

    fn logo(&self, name: &str) -> String {
        self.f.words.with("logo-of", &[("name", name)])
    }

    fn remove(&self, name: &str) -> String {
        self.f.words.with("library-remove-of", &[("name", name)])
    }
}

/// Which library a page is about.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    code: String,
}

type Which = Query<Asked>;
