//! What is done with a notice as a whole.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Error, NoticeSettings};

use super::{HERE, changeable, may_change_with, said::name, theirs};
use crate::{
    notices::saved::{Notice, slug_for},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        not_here,
        visit::Visit,
    },
};

/// The notice as it was seen.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    version: i64,
    on: bool,
}

fn led(visit: &Visit, to: &str, done: Result<Done, Error>) -> Response {
    match done {
        Ok(done) => Redirect::to(&flash::told(to, done, None)).into_response(),
        Err(Error::Changed) => {
            Redirect::to(&flash::told(to, Done::NoticeChangedMeanwhile, None)).into_response()
        }
        Err(error) => not_here::of(&error, visit),
    }
}

pub(super) async fn switch(
    Path(slug): Path<String>,
    Posted { visit, form: Wish { version, on } }: Posted<Wish>,
) -> Response {
    let Notice { settings, .. } = match changeable(&visit, &slug).await {
        Ok(notice) => notice,
        Err(response) => return response,
    };
    let (store, settings) = (&visit.pages.sources.store, NoticeSettings { on, ..settings });
    let saved = store.save_notice(&slug, settings, version, visit.actor(), visit.clockwork.now).await;
    let done = saved.map(|_| if on { Done::NoticeOn } else { Done::NoticeOff });
    led(&visit, HERE, done)
}

/// A further one with the same words, for this person's libraries, switched off until somebody has looked at it.
pub(super) async fn duplicate(Path(slug): Path<String>, Posted { visit, form: _ }: Posted<Wish>) -> Response {
    let notice = match theirs(&visit, &slug).await {
        Ok(notice) => notice,
        Err(response) => return response,
    };
    let copied = copied(&visit, notice).await;
    match copied {
        Ok(new) => led(&visit, &format!("{HERE}/{new}"), Ok(Done::NoticeDuplicated)),
        Err(error) => led(&visit, HERE, Err(error)),
    }
}

async fn copied(visit: &Visit, notice: Notice) -> Result<String, Error> {
    let store = &visit.pages.sources.store;
    let name = visit.words().with("notice-copy-of", &[("name", &name(visit.words(), &notice))]);
    let taken: Vec<_> = store.saved_notices().await?.into_iter().map(|one| one.slug).collect();
    let new = slug_for(&name, &taken);
    let limits = visit.sites();
    let sites = match notice.settings.sites.is_empty() {
        true => limits,
        false if limits.is_empty() => notice.settings.sites.clone(),
        false => notice.settings.sites.intersection(&limits).cloned().collect(),
    };
    let settings = NoticeSettings { name, on: false, favourite: false, sites, ..notice.settings };
    store.duplicate_notice(&notice.slug, &new, settings, visit.actor(), visit.clockwork.now).await?;
    Ok(new)
}

pub(super) async fn remove(
    Path(slug): Path<String>,
    Posted { visit, form: Wish { version, .. } }: Posted<Wish>,
) -> Response {
    let notice = match changeable(&visit, &slug).await {
        Ok(notice) => notice,
        Err(response) => return response,
    };
    // What is built in is switched off.
    if notice.is_built_in() {
        return not_here::not_found(visit.words());
    }
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    let removed = store.remove_notice(&slug, true, version, visit.actor(), now).await;
    led(&visit, HERE, removed.map(|_| Done::NoticeRemoved))
}

pub(super) async fn restore(
    Path(slug): Path<String>,
    Posted { visit, form: Wish { version, .. } }: Posted<Wish>,
) -> Response {
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    let saved = match store.saved_notices().await {
        Ok(saved) => saved,
        Err(error) => return not_here::of(&error, &visit),
    };
    match saved.into_iter().find(|one| one.slug == slug && one.removed_at.is_some()) {
        None if !super::may_run(&visit) => not_here::not_allowed(visit.words()),
        None => not_here::not_found(visit.words()),
        Some(one) if !may_change_with(&visit, &one.settings) => not_here::not_allowed(visit.words()),
        Some(_) => {
            let restored = store.remove_notice(&slug, false, version, visit.actor(), now).await;
            led(&visit, HERE, restored.map(|_| Done::NoticeRestored))
        }
    }
}
