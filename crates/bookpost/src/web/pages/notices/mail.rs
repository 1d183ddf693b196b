//! Any person's mail, before it is sent.

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Error, LeftOut};

use super::{check::checked, detail::said, fields, path};
use crate::{
    app::notice_run::{Checked, Options, logo},
    notices::PlannedNotice,
    web::pages::{
        frame::{Frame, Place, page},
        not_here,
        text::{STRANGER, data},
        visit::Visit,
        wanted::RESERVED,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// Which mail, from 1.
    n: Option<usize>,
    /// Of the lists for teachers.
    list: String,
    r#as: String,
    find: String,
}

#[derive(Template)]
#[template(path = "notices_mail.html")]
struct Mail {
    f: Frame,
    above: String,
    name: String,
    title: String,
    who: String,
    head: Vec<(String, String)>,
    is_html: bool,
    text: String,
    html: String,
    /// Why it cannot be made.
    problem: Option<String>,
    ways: [(String, String, bool); 2],
    previous: Option<String>,
    next: Option<String>,
    action: String,
    kept: Vec<(&'static str, String)>,
    find: String,
    /// Whom a search found, each with the place of their mail.
    found: Option<Vec<(String, String)>>,
}

/// The page.
pub(in crate::web::pages) async fn show(
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let (options, asked) = (Options::in_query(query.as_deref()), asked(query.as_deref()));
    let checked = match checked(&visit, &id, &options).await {
        Ok(checked) => checked,
        Err(response) => return response,
    };
    let n = asked.n.unwrap_or(1).saturating_sub(1);
    if asked.of(&checked, n).is_none() {
        return not_here::not_found(visit.words());
    }
    match Frame::around(&visit, Place::Notices).await {
        Ok(f) => page(&mail(&visit, f, &checked, n, &asked)),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// What stands in the frame: the mail as its writer made it.
pub(in crate::web::pages) async fn framed(
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let (options, asked) = (Options::in_query(query.as_deref()), asked(query.as_deref()));
    let checked = match checked(&visit, &id, &options).await {
        Ok(checked) => checked,
        Err(response) => return response,
    };
    match asked.of(&checked, asked.n.unwrap_or(1).saturating_sub(1)) {
        Some(Ok(notice)) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, STRANGER),
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            ];
            match with_logo(&visit, &notice).await {
                Ok(html) => (headers, html).into_response(),
                Err(error) => not_here::of(&error, &visit),
            }
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// As it will be sent.
async fn with_logo(visit: &Visit, notice: &PlannedNotice<'_>) -> Result<String, Error> {
    let logo = visit.pages.sources.store.logo(&notice.site.code).await?;
    Ok(match logo {
        Some(logo) => {
            logo::shown(&notice.html, &data(&logo.media_type, &logo.bytes), &notice.site.name, &logo)
        }
        None => notice.html.clone(),
    })
}

impl Asked {
    fn is_list(&self) -> bool {
        !self.list.is_empty()
    }

    /// The mail with this number, counted from 0.
    fn of<'a>(&self, checked: &'a Checked, n: usize) -> Option<Result<PlannedNotice<'a>, LeftOut>> {
        if self.is_list() { checked.list(n).map(Ok) } else { checked.mail(n) }
    }

    fn count(&self, checked: &Checked) -> usize {
        if self.is_list() { checked.lists() } else { checked.people() }
    }
}

fn asked(query: Option<&str>) -> Asked {
    serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
}

fn mail(visit: &Visit, f: Frame, checked: &Checked, n: usize, asked: &Asked) -> Mail {
    let (words, id, is_html) = (visit.words(), checked.id.text(), asked.r#as == "html");
    let form = if is_html { "&as=html" } else { "" };
    let page = |page: &str, list: bool, n: usize, form: &str| {
        let list = if list { "list=yes&" } else { "" };
        path(id, page, &checked.options, &format!("{list}n={}{form}", n + 1))
    };
    let to = |n: usize, form: &str| page("/mail", asked.is_list(), n, form);
    let called = |n: usize| match checked.person(n).unwrap_or_default() {
        (name, "") => name.to_owned(),
        (name, number) => format!("{name} ({number})"),
    };
    let who = if asked.is_list() { words.t("mail-list") } else { called(n) };
    let title = if asked.is_list() { "mail-list-title" } else { "mail-title" };
    let of = asked.count(checked);
    let number = |n: usize| words.number(u64::try_from(n).unwrap_or(u64::MAX));
    let (head, text, problem) = match asked.of(checked, n) {
        Some(Ok(notice)) => {
            let to: Vec<_> = notice.to.iter().map(ToString::to_string).collect();
            let head = vec![
                (words.t("mail-from"), format!("{} <{}>", notice.site.name, notice.from)),
                (words.t("mail-to"), to.join(", ")),
                (words.t("mail-subject"), notice.subject),
            ];
            (head, notice.text, None)
        }
        Some(Err(left_out)) => (Vec::new(), String::new(), Some(said(words, &left_out.detail).text)),
        None => (Vec::new(), String::new(), Some(String::new())),
    };
    let find = asked.find.trim().to_owned();
    let again = format!("{form}&find={}", utf8_percent_encode(&find, RESERVED));
    let found = |find: &str| {
        let line = |n: usize| (called(n), page("/mail", false, n, &again));
        checked.find(find).into_iter().map(line).collect()
    };
    Mail {
        above: path(id, "", &checked.options, ""),
        name: checked.uploaded.name.clone(),
        title: words.with(title, &[("n", &number(n + 1)), ("of", &number(of))]),
        who,
        head,
        text,
        html: page("/html", asked.is_list(), n, ""),
        problem,
        ways: [
            (to(n, ""), words.t("text-plain"), !is_html),
            (to(n, "&as=html"), words.t("text-html"), is_html),
        ],
        is_html,
        previous: n.checked_sub(1).map(|n| to(n, form)),
        next: (n + 1 < of).then(|| to(n + 1, form)),
        action: format!("/notices/check/{id}/mail"),
        kept: fields(&checked.options),
        found: (!find.is_empty()).then(|| found(&find)),
        find,
        f,
    }
}

impl Mail {
    fn not_made(&self, why: &str) -> String {
        self.f.words.with("mail-not-made", &[("why", why)])
    }
}
