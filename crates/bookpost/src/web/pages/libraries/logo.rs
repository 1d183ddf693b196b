//! The logo of a library: shown, given, and taken away.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{
        DefaultBodyLimit, Multipart, Query,
        multipart::{Field, MultipartRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};
use serde::Deserialize;
use store::{Error, Logo};

use super::{Asked, HERE, Which, encoded};
use crate::{
    identity::Permission,
    preferences::logos::{self, HIGHEST, MOST_BYTES, NoLogo, WIDEST},
    web::pages::{
        Pages,
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_here,
        notices::{hear_out, text},
        visit::Visit,
        words::Words,
    },
};

/// A file that takes longer does not come.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Template)]
#[template(path = "library_logo.html")]
struct Page {
    f: Frame,
    title: String,
    code: String,
    encoded: String,
    name: String,
    /// There is one: how wide and how high it is.
    size: Option<(u32, u32)>,
    hint: String,
    problem: Option<String>,
}

/// Of a picture that is too large so much is listened to, so that a browser shows the answer: a photograph, not a film.
const HEARD_OUT: u64 = 32 * 1024 * 1024;

/// Why none was taken.
enum NotTaken {
    /// It is no form of this session.
    NotOurs,
    NotFound,
    Because(&'static str),
    NoLogo(NoLogo),
    Store(Error),
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The page, and what it sends: a file, which is counted as it comes in.
pub(in crate::web::pages) fn route() -> MethodRouter<Pages> {
    get(ask).post(set).layer(DefaultBodyLimit::disable())
}

async fn ask(visit: Visit, Query(Asked { code }): Which) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    shown(&visit, code, None).await
}

async fn shown(visit: &Visit, code: String, problem: Option<String>) -> Response {
    let words = visit.words();
    let Some(name) = name(visit, &code) else { return not_here::not_found(words) };
    let logo = visit.pages.sources.store.logo(&code).await;
    let (f, logo) = match (Frame::around(visit, Place::Libraries).await, logo) {
        (Ok(f), Ok(logo)) => (f, logo),
        (Err(error), _) | (_, Err(error)) => return not_here::of(&error, visit),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        f,
        title: words.with("logo-title", &[("name", &name)]),
        encoded: encoded(&code),
        size: logo.and_then(|logo| logos::size(&logo.bytes)),
        hint: limits(words, "logo-hint"),
        problem,
        name,
        code,
    };
    page_as(status, &page)
}

/// The picture itself.
pub(in crate::web::pages) async fn picture(visit: Visit, Query(Asked { code }): Which) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    match visit.pages.sources.store.logo(&code).await {
        Ok(Some(Logo { media_type, bytes })) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        Ok(None) => not_here::not_found(visit.words()),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// Takes one that is sent.
async fn set(
    visit: Visit,
    Query(Asked { code }): Which,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let Ok(form) = form else { return not_here::form_too_old(visit.words()) };
    let words = visit.words();
    let taken = tokio::time::timeout(PATIENCE, taken(&visit, &code, form)).await;
    let problem = match taken.unwrap_or(Err(NotTaken::Because("upload-broke-off"))) {
        Ok(()) => return Redirect::to(&flash::told(HERE, Done::LogoSet, None)).into_response(),
        Err(NotTaken::NotOurs) => return not_here::form_too_old(words),
        Err(NotTaken::NotFound) => return not_here::not_found(words),
        Err(NotTaken::Store(error)) => return not_here::of(&error, &visit),
        Err(NotTaken::Because(why)) => words.t(why),
        Err(NotTaken::NoLogo(why)) => in_words(words, why),
    };
    shown(&visit, code, Some(problem)).await
}

async fn taken(visit: &Visit, code: &str, mut form: Multipart) -> Result<(), NotTaken> {
    // Nothing of a form is kept before it is known to be of this session.
    let mut token = form.next_field().await.ok().flatten().ok_or(NotTaken::NotOurs)?;
    let said = text(&mut token).await;
    if token.name() != Some("form_token") || !said.is_some_and(|token| visit.wrote(&token)) {
        return Err(NotTaken::NotOurs);
    }
    drop(token);
    let broke_off = || NotTaken::Because("upload-broke-off");
    let mut file = form.next_field().await.map_err(|_| broke_off())?.ok_or_else(broke_off)?;
    name(visit, code).ok_or(NotTaken::NotFound)?;
    let bytes = bounded(&mut file).await?;
    if bytes.is_empty() {
        return Err(NotTaken::Because("logo-none-chosen"));
    }
    let logo = logos::read(bytes).map_err(NotTaken::NoLogo)?;
    Ok(visit.pages.sources.store.set_logo(code, Some(logo), visit.actor(), visit.clockwork.now).await?)
}

/// A little more than is taken, so that it is known for what it is; of the rest nothing is kept.
async fn bounded(file: &mut Field<'_>) -> Result<Vec<u8>, NotTaken> {
    let mut bytes = Vec::new();
    while let Some(chunk) = file.chunk().await.map_err(|_| NotTaken::Because("upload-broke-off"))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            hear_out(file, HEARD_OUT).await;
            return Ok(bytes);
        }
    }
    Ok(bytes)
}

#[derive(Deserialize)]
pub(in crate::web::pages) struct Removed {
    code: String,
}

/// Notices of this library have none from here on.
pub(in crate::web::pages) async fn remove(Posted { visit, form }: Posted<Removed>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    if name(&visit, &form.code).is_none() {
        return not_here::not_found(visit.words());
    }
    match visit.pages.sources.store.set_logo(&form.code, None, visit.actor(), visit.clockwork.now).await {
        Ok(()) => Redirect::to(&flash::told(HERE, Done::LogoRemoved, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// What the library is called; None: there is none of this code.
fn name(visit: &Visit, code: &str) -> Option<String> {
    let config = visit.pages.sources.config();
    config.sites.iter().find(|site| site.code == code).map(|site| site.name.clone())
}

fn limits(words: &Words, key: &str) -> String {
    let [kilobytes, width, height] =
        [MOST_BYTES as u64 / 1_000, WIDEST.into(), HIGHEST.into()].map(|number| words.number(number));
    words.with(key, &[("kilobytes", &kilobytes), ("width", &width), ("height", &height)])
}

fn in_words(words: &Words, why: NoLogo) -> String {
    match why {
        NoLogo::Kind => words.t("logo-kind"),
        NoLogo::TooLarge => limits(words, "logo-bytes"),
        NoLogo::Size { width, height } => {
            let is = words.with(
                "logo-is",
                &[("width", &words.number(width.into())), ("height", &words.number(height.into()))],
            );
            format!("{is} {}", limits(words, "logo-size"))
        }
        NoLogo::Damaged => words.t("logo-damaged"),
    }
}
