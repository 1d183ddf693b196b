//! What a message says. Whoever opens it is in the log.

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use mailparse::ParsedMail;
use serde::Deserialize;
use store::{Deed, Error, NewAudit, Row};

use super::{
    frame::{Frame, Place, page},
    message::known,
    not_here,
    row::subject,
    visit::Visit,
};
use crate::identity::Permission;

/// Bytes of a text that are shown.
const MOST: usize = 200 << 10;
/// Bytes of a message that is taken apart; of a longer one the source is shown.
const MOST_READ: usize = 8 << 20;

/// A page of a stranger: it runs nothing, loads nothing and stands in our frame only.
const STRANGER: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum As {
    #[default]
    Plain,
    Html,
    Source,
}

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

struct Body {
    text: Option<String>,
    cut: bool,
    /// There is one for the frame.
    html: bool,
}

/// The page around it.
pub(super) async fn show(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let asked: Asked = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    // The page around the frame says nothing of the message itself.
    match opened(&visit, &id, asked.r#as != As::Html).await {
        Ok(Some((row, bytes))) => match text(&visit, &row, asked.r#as, bytes).await {
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
        Ok(Some((_, bytes))) => bytes.and_then(|bytes| part(&bytes, "text/html")),
        Ok(None) => return not_here::not_allowed(visit.words()),
        Err(error) => return not_here::of(&error, &visit),
    };
    let Some(html) = html else { return StatusCode::NOT_FOUND.into_response() };
    let headers =
        [(header::CONTENT_SECURITY_POLICY, STRANGER), (header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (headers, html).into_response()
}

/// The bytes of a message, for somebody who may read them; `None`: they may not. What is shown is in the log before.
async fn opened(visit: &Visit, id: &str, shown: bool) -> Result<Option<(Row, Option<Bytes>)>, Error> {
    let rows = known(visit, id).await?;
    let (row, _) = rows.into_iter().next().ok_or(Error::NotFound("message"))?;
    if !visit.may(Permission::OpenText(row.site.as_deref())) {
        return Ok(None);
    }
    let bytes = visit.pages.sources.store.body(row.message).await?;
    if shown && bytes.is_some() {
        let (who, about) = (visit.actor(), format!("message {}", row.message.0));
        let line = NewAudit { who, what: Deed::TextOpened, about, old: None, new: None };
        visit.pages.sources.store.note_audit(line, visit.clockwork.now).await?;
    }
    Ok(Some((row, bytes)))
}

async fn text(visit: &Visit, row: &Row, shown: As, bytes: Option<Bytes>) -> Result<Text, Error> {
    let body = bytes.map(|bytes| {
        let text = match shown {
            As::Plain => part(&bytes, "text/plain"),
            As::Html => None,
            As::Source => Some(String::from_utf8_lossy(beginning(&bytes)).into_owned()),
        };
        let cut = text.as_ref().is_some_and(|text| text.len() >= MOST);
        Body { text, cut, html: part(&bytes, "text/html").is_some() }
    });
    let f = Frame::around(visit, Place::Queue).await?;
    Ok(Text { f, id: row.message.0, subject: subject(visit, row), shown, body })
}

/// The first part of this kind, as text.
pub(super) fn part(message: &[u8], kind: &str) -> Option<String> {
    let message = message.get(..message.len().min(MOST_READ))?;
    let parsed = mailparse::parse_mail(message).ok()?;
    let is_shown = |part: &&ParsedMail<'_>| {
        part.ctype.mimetype == kind
            && part.get_content_disposition().disposition != mailparse::DispositionType::Attachment
    };
    let mut text = parsed.parts().find(is_shown)?.get_body().ok()?;
    text.truncate(text.floor_char_boundary(MOST));
    Some(text)
}

fn beginning(bytes: &[u8]) -> &[u8] {
    bytes.get(..MOST).unwrap_or(bytes)
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
    fn the_parts_that_people_read_are_found() {
        let message = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\
            Content-Disposition: attachment; filename=x.txt\r\n\r\nattached\r\n--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n\
            --b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b--\r\n--a--\r\n";
        assert_eq!(part(message, "text/plain").as_deref().map(str::trim), Some("Grüße"));
        assert_eq!(part(message, "text/html").as_deref().map(str::trim), Some("<p>Hello</p>"));
        assert_eq!(part(b"Subject: x\r\n\r\nHello", "text/html"), None);
        let long =
            format!("Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}", "ü".repeat(MOST));
        assert_eq!(part(long.as_bytes(), "text/plain").map(|text| text.len()), Some(MOST));
    }
}
