//! Lines of an export that name no library, while there are several: it is asked plainly whose they are, and can be remembered for all exports.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use serde_json::json;

use super::{fields, path, theirs};
use crate::{
    app::notice_run::{Checked, Options},
    config::Origin,
    identity::Permission,
    preferences::{Change, Refused, Wish},
    web::pages::{
        Pages,
        field::Choice,
        flash::{self, Done},
        form::Posted,
        not_here,
        visit::Visit,
    },
};

/// The preference by which it is remembered.
const REMEMBERED: &str = "notices.default_site";

/// People whose lines name no library.
pub(super) struct Nameless {
    pub(super) text: String,
    /// What was settled about the file, which stays.
    pub(super) kept: Vec<(&'static str, String)>,
    pub(super) libraries: Vec<Choice>,
    /// They may have it remembered for all exports.
    pub(super) may_remember: bool,
}

/// What is answered here.
pub(in crate::web::pages) fn routes() -> Router<Pages> {
    Router::new().route("/notices/check/{id}/library", post(choose))
}

/// Whoever gets no mail for that. None: it was said, or nobody's lines are so.
pub(super) async fn read(visit: &Visit, checked: &Checked) -> Option<Nameless> {
    let count = u64::try_from(checked.nameless()).ok().filter(|count| *count > 0)?;
    let (words, config) = (visit.words(), visit.pages.sources.config());
    let choice = |value: &str, text: String| Choice { value: value.to_owned(), text, chosen: false };
    let first = choice("", words.t("nameless-choose"));
    let libraries = visit.libraries(&config).map(|site| choice(&site.code, site.name.clone()));
    Some(Nameless {
        text: words.count("nameless", count),
        kept: fields(&checked.options).into_iter().filter(|(name, _)| *name != "site").collect(),
        libraries: std::iter::once(first).chain(libraries).collect(),
        may_remember: may_remember(visit).await,
    })
}

/// Not where it stands in the settings' file.
async fn may_remember(visit: &Visit) -> bool {
    let standing = visit.pages.sources.preferences.now().await;
    let is_free = standing.is_ok_and(|standing| {
        let known = standing.loaded.preferences.iter().find(|known| known.name == REMEMBERED);
        known.is_some_and(|known| known.origin == Origin::Usual)
    });
    is_free && visit.may(Permission::ChangePreferences)
}

/// They are of this library: in this file, or from now on in all.
async fn choose(Path(id): Path<String>, Posted { visit, form }: Posted<Vec<(String, String)>>) -> Response {
    let (id, _) = match theirs(&visit, &id).await {
        Ok(theirs) => theirs,
        Err(response) => return response,
    };
    let (settled, config) = (Options::of_pairs(&form), visit.pages.sources.config());
    let here = |options: &Options| path(id.text(), "", options, "");
    if !visit.libraries(&config).any(|site| site.code == settled.site) {
        return Redirect::to(&here(&Options { site: String::new(), ..settled })).into_response();
    }
    if !form.iter().any(|(name, _)| name == "remember") {
        return Redirect::to(&here(&settled)).into_response();
    }
    if !may_remember(&visit).await {
        return not_here::not_allowed(visit.words());
    }
    let values = BTreeMap::from([(REMEMBERED.to_owned(), json!(settled.site))]);
    let wish = Wish { based_on: None, values, by: visit.actor() };
    match visit.pages.sources.preferences.change(Change::Set(wish)).await {
        Ok(_) => {
            let options = Options { site: String::new(), ..settled };
            Redirect::to(&flash::told(&here(&options), Done::LibraryOfLines, None)).into_response()
        }
        Err(Refused::Store(error)) => not_here::of(&error, &visit),
        // It holds for this file at least, and the box is still to be ticked for the next.
        Err(_) => Redirect::to(&here(&settled)).into_response(),
    }
}
