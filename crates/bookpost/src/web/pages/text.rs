//! What a message says. Whoever opens it is in the log.

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use mailparse::{MailHeaderMap as _, ParsedMail};
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
/// Pictures of a message that are shown with it, and places in which each is.
const MOST_PICTURES: usize = 20;
const MOST_USES: usize = 10;
/// Bytes of a message that is taken apart; of a longer one the source is shown.
const MOST_READ: usize = 8 << 20;

/// Pictures that are shown.
const PICTURES: [&str; 2] = ["image/png", "image/jpeg"];

/// A page of a stranger: it runs nothing, loads nothing and stands in our frame only.
pub(super) const STRANGER: &str =
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

/// What is shown of a message.
struct Body {
    text: Option<Part>,
    /// There is one for the frame.
    html: Option<Part>,
}

/// One part of a message, or its source.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    text: String,
    /// It goes on, and that is not shown.
    cut: bool,
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
    let bytes = visit.pages.sources.store.body(row.message).await?;
    if shown && bytes.is_some() {
        let (who, about) = (visit.actor(), format!("message {}", row.message.0));
        let line = NewAudit { who, what: Deed::TextOpened, about, old: None, new: None };
        visit.pages.sources.store.note_audit(line, visit.clockwork.now).await?;
    }
    Ok(Some((row, bytes)))
}

async fn text(visit: &Visit, row: &Row, shown: As, bytes: Option<Bytes>) -> Result<Text, Error> {
    let body = match bytes {
        Some(bytes) => Some(apart(move || Body::of(&bytes, shown)).await?),
        None => None,
    };
    let f = Frame::around(visit, Place::Queue).await?;
    Ok(Text { f, id: row.message.0, subject: subject(visit, &row.subject), shown, body })
}

/// Taking a large message apart takes its time: others are answered meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
}

/// The first part of this kind of a message of ours, as text.
pub(super) fn part(message: &[u8], kind: &str) -> Option<String> {
    Some(Part::of(&mailparse::parse_mail(message).ok()?, kind, false)?.text)
}

impl Body {
    fn of(message: &[u8], shown: As) -> Self {
        let read = message.get(..MOST_READ).unwrap_or(message);
        let parsed = mailparse::parse_mail(read).ok();
        let part = |kind| Part::of(parsed.as_ref()?, kind, read.len() < message.len());
        let text = match shown {
            As::Plain => part("text/plain"),
            As::Html => None,
            As::Source => {
                let beginning = message.get(..MOST).unwrap_or(message);
                let text = String::from_utf8_lossy(beginning).into_owned();
                Some(Part { text, cut: beginning.len() < message.len() })
            }
        };
        Self { text, html: part("text/html") }
    }

    /// Not all of what is looked at is shown.
    fn is_cut(&self, shown: As) -> bool {
        let part = if shown == As::Html { &self.html } else { &self.text };
        part.as_ref().is_some_and(|part| part.cut)
    }
}

impl Part {
    /// The first one of this kind. `cut`: the message was not read to its end.
    fn of(message: &ParsedMail<'_>, kind: &str, cut: bool) -> Option<Self> {
        let is_shown = |part: &&ParsedMail<'_>| {
            part.ctype.mimetype == kind
                && part.get_content_disposition().disposition != mailparse::DispositionType::Attachment
        };
        let mut text = message.parts().find(is_shown)?.get_body().ok()?;
        let end = text.floor_char_boundary(MOST);
        let cut = cut || end < text.len();
        text.truncate(end);
        Some(Self { text, cut })
    }
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
        let part = |message: &[u8], shown| Body::of(message, shown).text;
        let plain = part(message, As::Plain).unwrap();
        assert_eq!((plain.text.trim(), plain.cut), ("Grüße", false));
        assert_eq!(Body::of(message, As::Html).html.unwrap().text.trim(), "<p>Hello</p>");
        assert_eq!(Body::of(b"Subject: x\r\n\r\nHello", As::Html).html, None);
        assert!(part(message, As::Source).unwrap().text.starts_with("Content-Type: multipart/mixed"));
    }

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

    /// Where the border falls into a letter too.
    #[test]
    fn what_is_cut_is_said_to_be() {
        for (letters, shown, cut) in [
            ("ü".repeat(MOST / 2), MOST, false),
            (format!("{}a", "ü".repeat(MOST / 2)), MOST, true),
            (format!("a{}", "ü".repeat(MOST / 2)), MOST - 1, true),
        ] {
            for kind in ["plain", "html"] {
                let head = format!("Subject: x\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n");
                let message = format!("{head}{letters}");
                let way = if kind == "html" { As::Html } else { As::Plain };
                let body = Body::of(message.as_bytes(), way);
                let part = if way == As::Html { &body.html } else { &body.text };
                assert_eq!(part.as_ref().map(|part| part.text.len()), Some(shown), "{kind}");
                assert_eq!(body.is_cut(way), cut, "{kind}");
            }
        }
        let long = format!("Subject: x\r\n\r\n{}", "a".repeat(MOST_READ));
        assert!(Body::of(long.as_bytes(), As::Plain).is_cut(As::Plain));
        assert!(Body::of(long.as_bytes(), As::Source).is_cut(As::Source));
        assert!(!Body::of(b"Subject: x\r\n\r\n", As::Source).is_cut(As::Source));
    }
}
