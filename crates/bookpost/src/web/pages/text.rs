//! What a message says. Whoever opens it is in the log.

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use mailparse::MailHeaderMap as _;
use serde::Deserialize;
use store::{Error, Row};

use super::{
    frame::{Frame, Place, page},
    message::known,
    not_here,
    row::subject,
    visit::Visit,
};
use crate::{
    app::text::{self, As, Body, MOST, MOST_READ, Part, apart},
    identity::Permission,
};

/// Pictures of a message that are shown with it, and places in which each is.
const MOST_PICTURES: usize = 20;
const MOST_USES: usize = 10;
/// Pictures that are shown.
const PICTURES: [&str; 2] = ["image/png", "image/jpeg"];

/// A page of a stranger: it runs nothing, loads nothing and stands in our frame only.
pub(super) const STRANGER: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    r#as: As,
}

#[derive(Template)]
#[template(path = "text.html")]
struct Text {
    f: Frame,
    id: i64,
    subject: String,
    shown: As,
    /// `None`: it is deleted.
    body: Option<Body>,
}

/// The page around it.
pub(super) async fn show(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let asked: Asked = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    // The page around the frame says nothing of the message itself.
    match opened(&visit, &id, asked.r#as != As::Html).await {
        Ok(Some((row, bytes))) => match told(&visit, &row, asked.r#as, bytes).await {
            Ok(text) => page(&text),
            Err(error) => not_here::of(&error, &visit),
        },
        Ok(None) => not_here::not_allowed(visit.words()),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// What stands in the frame: the message as its writer made it.
pub(super) async fn framed(visit: Visit, Path(id): Path<String>) -> Response {
    let html = match opened(&visit, &id, true).await {
        Ok(Some((_, Some(bytes)))) => apart(move || with_pictures(&bytes)).await,
        Ok(Some((_, None))) => Ok(None),
        Ok(None) => return not_here::not_allowed(visit.words()),
        Err(error) => return not_here::of(&error, &visit),
    };
    let html = match html {
        Ok(Some(html)) => html,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return not_here::of(&error, &visit),
    };
    let headers =
        [(header::CONTENT_SECURITY_POLICY, STRANGER), (header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (headers, html).into_response()
}

/// The HTML with the pictures that came with it: its page loads nothing from anywhere.
fn with_pictures(message: &[u8]) -> Option<String> {
    let mut html = Body::of(message, As::Html).html?.text;
    let parsed = mailparse::parse_mail(message.get(..MOST_READ).unwrap_or(message)).ok()?;
    let mut room = MOST;
    let pictures = parsed.parts().filter(|part| PICTURES.contains(&part.ctype.mimetype.as_str()));
    for part in pictures.take(MOST_PICTURES) {
        let id = part.headers.get_first_value("Content-ID").unwrap_or_default();
        let id = id.trim().trim_start_matches('<').trim_end_matches('>');
        let quoted = format!("\"cid:{id}\"");
        if id.is_empty() || !html.contains(&quoted) {
            continue;
        }
        let Ok(bytes) = part.get_body_raw() else { continue };
        let Some(left) = room.checked_sub(bytes.len()) else { continue };
        room = left;
        let picture = format!("\"{}\"", data(&part.ctype.mimetype, &bytes));
        html = html.replacen(&quoted, &picture, MOST_USES);
    }
    Some(html)
}

/// A picture as an address that holds all of it.
pub(super) fn data(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", BASE64.encode(bytes))
}

/// The bytes of a message, for somebody who may read them; `None`: they may not. What is shown is in the log before.
async fn opened(visit: &Visit, id: &str, shown: bool) -> Result<Option<(Row, Option<Bytes>)>, Error> {
    let rows = known(visit, id).await?;
    let (row, _) = rows.into_iter().next().ok_or(Error::NotFound("message"))?;
    if !visit.may(Permission::OpenText(row.site.as_deref())) {
        return Ok(None);
    }
    let store = &visit.pages.sources.store;
    let bytes = if shown {
        text::opened(store, row.message, visit.actor(), visit.clockwork.now).await?
    } else {
        store.body(row.message).await?
    };
    Ok(Some((row, bytes)))
}

async fn told(visit: &Visit, row: &Row, shown: As, bytes: Option<Bytes>) -> Result<Text, Error> {
    let body = match bytes {
        Some(bytes) => Some(apart(move || Body::of(&bytes, shown)).await?),
        None => None,
    };
    let f = Frame::around(visit, Place::Queue).await?;
    Ok(Text { f, id: row.message.0, subject: subject(visit, &row.subject), shown, body })
}

/// The first part of this kind of a message of ours, as text.
pub(super) fn part(message: &[u8], kind: &str) -> Option<String> {
    Some(Part::of(&mailparse::parse_mail(message).ok()?, kind, false)?.text)
}

impl Text {
    fn title(&self) -> String {
        self.f.words.with("text-title", &[("id", &self.id.to_string())])
    }

    /// Each way to show it: its name in the address, in words, and whether it is this one.
    fn ways(&self) -> [(&'static str, String, bool); 3] {
        let way = |name, key: &str, way| (name, self.f.words.t(key), self.shown == way);
        [
            way("plain", "text-plain", As::Plain),
            way("html", "text-html", As::Html),
            way("source", "text-source", As::Source),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_came_with_it_is_shown_and_nothing_else_is_loaded() {
        let message = b"Content-Type: multipart/related; boundary=a\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n\
            <img src=\"cid:l@b\"><img src=\"cid:svg@b\"><img src=\"https://elsewhere.example/a.png\">\r\n\
            --a\r\nContent-Type: image/png\r\nContent-ID: <l@b>\r\nContent-Transfer-Encoding: base64\r\n\r\nAQID\r\n\
            --a\r\nContent-Type: image/svg+xml\r\nContent-ID: <svg@b>\r\n\r\n<svg/>\r\n--a--\r\n";
        let html = with_pictures(message).unwrap();
        assert_eq!(
            html.trim(),
            "<img src=\"data:image/png;base64,AQID\"><img src=\"cid:svg@b\"><img src=\"https://elsewhere.example/a.png\">"
        );
    }
}
