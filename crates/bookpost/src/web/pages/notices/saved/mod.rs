//! Saved notices: those that can be run, how each is set up, and what it says.

mod act;
mod fields;
mod one;
mod preview;
mod said;
mod wording;

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    Router,
    extract::Query,
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use store::{Error, NoticeSettings};

use self::said::about;
pub(in crate::web::pages) use self::said::name;
use super::may_run;
use crate::{
    app::notice_run::notices,
    identity::Permission,
    notices::saved::Notice,
    web::pages::{
        Pages,
        frame::{Frame, Place, page},
        not_here,
        row::site_name,
        visit::Visit,
    },
};

/// The list.
const HERE: &str = "/notices/saved";

pub(in crate::web::pages) fn routes() -> Router<Pages> {
    Router::new()
        .route("/notices/saved", get(show))
        .route("/notices/saved/{slug}", get(one::show).post(one::change))
        .route("/notices/saved/{slug}/switch", post(act::switch))
        .route("/notices/saved/{slug}/duplicate", post(act::duplicate))
        .route("/notices/saved/{slug}/remove", post(act::remove))
        .route("/notices/saved/{slug}/restore", post(act::restore))
        .route("/notices/saved/{slug}/wording", get(wording::show).post(wording::save))
        .route("/notices/saved/{slug}/html", get(preview::standing).post(preview::typed))
}

#[derive(Template)]
#[template(path = "notices_saved.html")]
struct Saved {
    f: Frame,
    all: Vec<Line>,
    /// Those that can be had back: the name, the slug and the version.
    removed: Vec<(String, String, i64)>,
    /// One of them was removed a moment ago.
    just_removed: bool,
}

/// A notice on the list.
struct Line {
    name: String,
    slug: String,
    about: String,
    version: i64,
    on: bool,
    favourite: bool,
    notes: String,
    /// Who made it, where a person did, and of which libraries it is.
    facts: Vec<(String, String)>,
    may_change: bool,
    built_in: bool,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    done: String,
}

/// The list.
async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    if !may_run(&visit) {
        return not_here::not_allowed(visit.words());
    }
    match saved(&visit, &asked).await {
        Ok(saved) => page(&saved),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn saved(visit: &Visit, asked: &Asked) -> Result<Saved, Error> {
    let store = &visit.pages.sources.store;
    let all = notices(store).await?.into_iter().filter(|notice| is_theirs(visit, notice));
    let removed = store.saved_notices().await?.into_iter().filter(|one| one.removed_at.is_some());
    let removed = removed.filter(|one| may_change_with(visit, &one.settings));
    Ok(Saved {
        f: Frame::around(visit, Place::SavedNotices).await?,
        all: all.map(|notice| line(visit, notice)).collect(),
        removed: removed.map(|one| (one.settings.name, one.slug, one.version)).collect(),
        just_removed: asked.done == "notice_removed",
    })
}

fn line(visit: &Visit, notice: Notice) -> Line {
    let words = visit.words();
    let settings = &notice.settings;
    let mut facts = Vec::new();
    if let Some(saved) = notice.saved.as_ref().filter(|_| !notice.is_built_in()) {
        facts.push((words.t("notice-made-by"), words.actor(&saved.made_by)));
    }
    let sites: Vec<_> = settings.sites.iter().map(|site| site_name(visit, site)).collect();
    let sites = if sites.is_empty() { words.t("notice-sites-all") } else { sites.join(", ") };
    facts.push((words.t("notice-sites"), sites));
    Line {
        name: name(words, &notice),
        about: about(words, settings.kind),
        version: notice.version,
        on: settings.on,
        favourite: settings.favourite,
        notes: settings.notes.clone(),
        facts,
        may_change: may_change(visit, &notice),
        built_in: notice.is_built_in(),
        slug: notice.slug,
    }
}

/// What the notice with this slug is called, whether or not it is there any more.
pub(super) async fn called(visit: &Visit, slug: &str) -> Result<String, Error> {
    let store = &visit.pages.sources.store;
    if let Some(notice) = notices(store).await?.iter().find(|notice| notice.slug == slug) {
        return Ok(name(visit.words(), notice));
    }
    let removed = store.saved_notices().await?.into_iter().find(|one| one.slug == slug);
    Ok(removed.map_or_else(|| slug.to_owned(), |one| one.settings.name))
}

/// The notice of this name, if it is there for this person; else the page that says so.
async fn theirs(visit: &Visit, slug: &str) -> Result<Notice, Response> {
    if !may_run(visit) {
        return Err(not_here::not_allowed(visit.words()));
    }
    let all = notices(&visit.pages.sources.store).await.map_err(|error| not_here::of(&error, visit))?;
    let found = all.into_iter().find(|notice| notice.slug == slug && is_theirs(visit, notice));
    found.ok_or_else(|| not_here::not_found(visit.words()))
}

/// The same, if they may change how it is set up.
async fn changeable(visit: &Visit, slug: &str) -> Result<Notice, Response> {
    let notice = theirs(visit, slug).await?;
    if may_change(visit, &notice) { Ok(notice) } else { Err(not_here::not_allowed(visit.words())) }
}

/// It is of all libraries, or of one of theirs.
pub(super) fn is_theirs(visit: &Visit, notice: &Notice) -> bool {
    let (own, limits) = (&notice.settings.sites, visit.sites());
    own.is_empty() || limits.is_empty() || !own.is_disjoint(&limits)
}

fn may_change(visit: &Visit, notice: &Notice) -> bool {
    may_change_with(visit, &notice.settings)
}

/// What is set up for all libraries is for those to change who are limited to none; what is for some of them, for whoever has all of these.
fn may_change_with(visit: &Visit, settings: &NoticeSettings) -> bool {
    if settings.sites.is_empty() {
        return visit.may(Permission::RunNotices(None));
    }
    settings.sites.iter().all(|site| visit.may(Permission::RunNotices(Some(site))))
}

/// Whether they may say what it says for this library, or for all of them.
fn may_word(visit: &Visit, notice: &Notice, site: Option<&str>) -> bool {
    match site {
        None => may_change(visit, notice),
        Some(site) => visit.may(Permission::RunNotices(Some(site))),
    }
}

/// Libraries that this notice can have words of their own for, as this person sees them: code and name.
fn libraries(visit: &Visit, notice: &Notice) -> Vec<(String, String)> {
    let (own, config): (&BTreeSet<String>, _) = (&notice.settings.sites, visit.pages.sources.config());
    let all = visit.libraries(&config).filter(|site| own.is_empty() || own.contains(&site.code));
    all.map(|site| (site.code.clone(), site.name.clone())).collect()
}

impl Saved {
    fn switch(&self, line: &Line) -> String {
        let key = if line.on { "notice-switch-off-one" } else { "notice-switch-on-one" };
        self.f.words.with(key, &[("name", &line.name)])
    }

    fn duplicate(&self, line: &Line) -> String {
        self.f.words.with("notice-duplicate-one", &[("name", &line.name)])
    }

    fn remove(&self, line: &Line) -> String {
        self.f.words.with("notice-remove-one", &[("name", &line.name)])
    }

    fn run(&self, line: &Line) -> String {
        self.f.words.with("notice-run-one", &[("name", &line.name)])
    }

    fn restore(&self, name: &str) -> String {
        self.f.words.with("notice-restore-one", &[("name", name)])
    }
}
