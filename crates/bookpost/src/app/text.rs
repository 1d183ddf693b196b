//! What a message says, for people: its text, its HTML or its source. Whoever opens it is in the log.

use bytes::Bytes;
use clap::ValueEnum;
use jiff::Timestamp;
use mailparse::ParsedMail;
use serde::{Deserialize, Serialize};
use store::{Actor, Deed, Error, MessageId, NewAudit, Store};

/// Bytes of a text that are shown.
pub const MOST: usize = 200 << 10;
/// Bytes of a message that is taken apart; of a longer one the source is shown.
pub const MOST_READ: usize = 8 << 20;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum As {
    /// Its text
    #[default]
    Plain,
    /// What stands formatted in it, as HTML
    Html,
    /// The message itself, as it is sent
    Source,
}

/// What is shown of a message.
pub struct Body {
    pub text: Option<Part>,
    pub html: Option<Part>,
}

/// One part of a message, or its source.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    /// It goes on, and that is not shown.
    pub cut: bool,
}

/// The bytes of a message that somebody is about to read; `None`: they are deleted. That they are read is in the log before.
pub async fn opened(
    store: &Store,
    message: MessageId,
    who: Actor,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    let bytes = store.body(message).await?;
    if bytes.is_some() {
        let about = format!("message {}", message.0);
        let line = NewAudit { who, what: Deed::TextOpened, about, old: None, new: None };
        store.note_audit(line, now).await?;
    }
    Ok(bytes)
}

/// Taking a large message apart takes its time: others are answered meanwhile.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
}

impl Body {
    /// Of a message of ours.
    pub fn of(message: &[u8], shown: As) -> Self {
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
    pub fn is_cut(&self, shown: As) -> bool {
        self.part(shown).is_some_and(|part| part.cut)
    }

    /// What is shown so.
    pub fn part(&self, shown: As) -> Option<&Part> {
        if shown == As::Html { self.html.as_ref() } else { self.text.as_ref() }
    }
}

impl Part {
    /// The first one of this kind. `cut`: the message was not read to its end.
    pub fn of(message: &ParsedMail<'_>, kind: &str, cut: bool) -> Option<Self> {
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
