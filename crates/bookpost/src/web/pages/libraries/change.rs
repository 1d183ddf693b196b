//! A library is added or changed.

use askama::Template;
use axum::{
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use store::Error;

use super::{
    Asked, HERE, Which, elsewhere, encoded, failed,
    form::{Faults, LibraryForm},
    told,
};
use crate::{
    app::StandingPreferences,
    config::Site,
    identity::Permission,
    preferences::{
        Change, Refused,
        sites::{SiteChange, SiteRefused, wish},
    },
    web::pages::{
        field::Field,
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        meanwhile::{Entries, told as told_both},
        not_done::{self, NotDone},
        not_here,
        row::site_name,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "library.html")]
struct Page {
    f: Frame,
    title: String,
    action: String,
    fields: Vec<Field>,
    /// What is wrong with none of them.
    problems: Vec<NotDone>,
    /// Of the preferences as they are shown.
    version: i64,
    /// What the library was when the form was made.
    seen: String,
    /// The code, where it stands fast.
    code: Option<String>,
}

/// An empty form.
pub(in crate::web::pages) async fn ask_add(visit: Visit) -> Response {
    with_form(visit, None, |_, version| Some(LibraryForm { version, ..LibraryForm::default() })).await
}

/// The form as the library stands.
pub(in crate::web::pages) async fn ask_change(visit: Visit, Query(Asked { code }): Which) -> Response {
    let form = |sites: &[Site], version| {
        sites.iter().find(|site| site.code == code).map(|site| LibraryForm::of(site, version))
    };
    with_form(visit, Some(code.clone()), form).await
}

async fn with_form(
    visit: Visit,
    code: Option<String>,
    form: impl FnOnce(&[Site], i64) -> Option<LibraryForm>,
) -> Response {
    let standing = match standing(&visit).await {
        Ok(standing) => standing,
        Err(response) => return response,
    };
    let Some(form) = form(&standing.loaded.config.sites, standing.stored.version) else {
        return not_here::not_found(visit.words());
    };
    shown(&visit, &form, code, Faults::default(), Vec::new()).await
}

/// What can be changed, for whoever may; else the answer is another page.
pub(super) async fn standing(visit: &Visit) -> Result<StandingPreferences, Response> {
    if !visit.may(Permission::ChangePreferences) {
        return Err(not_here::not_allowed(visit.words()));
    }
    match visit.pages.sources.preferences.now().await {
        Ok(standing) if elsewhere(&standing, visit.words()).is_none() => Ok(standing),
        // The list says why.
        Ok(_) | Err(Refused::Unusable(_)) => Err(Redirect::to(HERE).into_response()),
        Err(why) => Err(failed(&why, visit)),
    }
}

pub(in crate::web::pages) async fn add(Posted { visit, form }: Posted<LibraryForm>) -> Response {
    save(visit, form, true).await
}

pub(in crate::web::pages) async fn change(Posted { visit, form }: Posted<LibraryForm>) -> Response {
    save(visit, form, false).await
}

async fn save(visit: Visit, form: LibraryForm, adds: bool) -> Response {
    let standing = match standing(&visit).await {
        Ok(standing) => standing,
        Err(response) => return response,
    };
    let code = (!adds).then(|| form.code.clone());
    let sites = &standing.loaded.config.sites;
    if !adds && sites.iter().all(|site| site.code != form.code) {
        return not_here::not_found(visit.words());
    }
    let others: Vec<_> = sites.iter().filter(|site| adds || site.code != form.code).collect();
    let values = match form.read(visit.words(), &others) {
        Ok(values) => values,
        Err(faults) => {
            return shown(&visit, &form, code, *faults, vec![visit.words().t("not-saved").into()]).await;
        }
    };
    let (change, done) = match code.clone() {
        None => (SiteChange::Add { code: form.code.trim().to_owned(), values }, Done::LibraryAdded),
        Some(code) => (SiteChange::Change { code, values }, Done::LibraryChanged),
    };
    match carry_out(&visit, &standing, change, form.version).await {
        Ok(()) => Redirect::to(&flash::told(HERE, done, None)).into_response(),
        Err(SiteRefused::Preferences(Refused::Store(Error::Changed))) => {
            again(&visit, form, code, &standing).await
        }
        Err(SiteRefused::Preferences(why @ (Refused::Store(_) | Refused::HalfHeard(_)))) => {
            failed(&why, &visit)
        }
        Err(why) => {
            let problems = match &why {
                SiteRefused::Preferences(why) => not_done::refused(visit.words(), why),
                why => vec![NotDone::said(visit.words().t("refused-change"), why)],
            };
            shown(&visit, &form, code, Faults::default(), problems).await
        }
    }
}

/// Stores it, if nobody else changed the preferences since this version.
pub(super) async fn carry_out(
    visit: &Visit,
    standing: &StandingPreferences,
    change: SiteChange,
    version: i64,
) -> Result<(), SiteRefused> {
    let sources = &visit.pages.sources;
    let wish =
        wish(&sources.store, &standing.loaded, change, version, (visit.actor(), visit.clockwork.now)).await?;
    sources.preferences.change(Change::Set(wish)).await?;
    Ok(())
}

/// Another was faster: what was filled in stays, and can be saved by whoever has seen that.
async fn again(
    visit: &Visit,
    form: LibraryForm,
    code: Option<String>,
    standing: &StandingPreferences,
) -> Response {
    let last = match visit.pages.sources.store.preference_changes(1).await {
        Ok(mut last) => last.pop(),
        Err(error) => return not_here::of(&error, visit),
    };
    let last = last.map(|last| told(&last, visit)).unwrap_or_default();
    let problem = visit.words().with("libraries-meanwhile", &[("last", &last)]);
    let version = standing.stored.version;
    let site = standing.loaded.config.sites.iter().find(|site| code.as_ref() == Some(&site.code));
    let (form, both, theirs) = match site {
        Some(site) => form.after(site, version),
        None => (LibraryForm { version, ..form }, Vec::new(), Entries::new()),
    };
    with_both(visit, &form, code, Faults::default(), (vec![problem.into()], &both, &theirs)).await
}

async fn shown(
    visit: &Visit,
    form: &LibraryForm,
    code: Option<String>,
    faults: Faults,
    problems: Vec<NotDone>,
) -> Response {
    with_both(visit, form, code, faults, (problems, &[], &Entries::new())).await
}

/// The same, with what somebody else changed too, and what they made of it.
async fn with_both(
    visit: &Visit,
    form: &LibraryForm,
    code: Option<String>,
    faults: Faults,
    (problems, both, theirs): (Vec<NotDone>, &[&str], &Entries),
) -> Response {
    let (words, f) = (visit.words(), Frame::around(visit, Place::Libraries).await);
    let f = match f {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, visit),
    };
    let (title, action) = match &code {
        None => (words.t("library-add"), format!("{HERE}/add")),
        Some(code) => (
            words.with("library-change-title", &[("name", &site_name(visit, code))]),
            format!("{HERE}/change?code={}", encoded(code)),
        ),
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let fields = told_both(form.fields(words, faults, code.is_some()), both, theirs, words);
    let (version, seen) = (form.version, form.seen.clone());
    page_as(status, &Page { f, title, action, fields, problems, version, seen, code })
}
