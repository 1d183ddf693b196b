//! One mail as bytes (RFC 5322, RFC 2045 to 2047), the little of reading that reports need, and what others wrote made fit for
//! servers that take less ([`reencode()`]).
//!
//! What is written is 7-bit, has CRLF line ends only and no line over 998 octets, whatever is in titles and names: any server
//! takes it without 8BITMIME. The exception is an address whose local part is not ASCII ([`Address::needs_smtputf8`]); it
//! has no other spelling, and its headers are UTF-8 (RFC 6532).

mod attachment;
pub(crate) mod fields;
mod head;
mod header_text;
mod mailbox;
pub(crate) mod octets;
mod picture;
mod read;
mod reencode;
pub(crate) mod structure;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::{Timestamp, fmt::rfc2822, tz::Offset};
use mail_builder::{
    MessageBuilder,
    headers::{Header as _, HeaderType, address::Address as Mailboxes, content_type::ContentType, raw::Raw},
    mime::MimePart,
};

use crate::Address;

pub use attachment::Attachment;
pub use fields::{fields_within, with_fields};
pub use mailbox::Mailbox;
pub use picture::Picture;
pub(crate) use read::text_of_field;
pub use read::{header, header_block, plain_text};
pub use reencode::{Target, Unconvertible, needed as reencoding_needed, reencode};
pub use structure::{MOST_DEPTH, TooDeep};

/// Who or what made a mail without a person's hand on it (RFC 3834 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// `auto-generated`: a notice, a report.
    Generated,
    /// `auto-replied`: an answer to somebody's mail.
    Replied,
}

/// To which kind of mail this one belongs (RFC 2919), so that people can sort it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListId {
    /// For people: "Overdue items".
    pub name: Option<String>,
    /// For programs: `overdue.library.example.org`.
    pub id: String,
}

/// A mail to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// `From`
    pub from: Mailbox,
    /// `Reply-To`
    pub reply_to: Option<Mailbox>,
    /// `To`
    pub to: Vec<Mailbox>,
    /// `Cc`
    pub cc: Vec<Mailbox>,
    /// `Subject`, in any script and of any length.
    pub subject: String,
    /// The plain-text body; any line ends. There always is one.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// What the HTML shows, and is of no use without it.
    pub pictures: Vec<Picture>,
    /// Files that come with it.
    pub attachments: Vec<Attachment>,
    /// Further headers. Values are text; ASCII is written as it stands, so that structured values stay legible to programs.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// `Auto-Submitted`
    pub auto_submitted: Option<AutoSubmitted>,
    /// `List-Id`
    pub list_id: Option<ListId>,
    /// `Message-ID`, with or without angle brackets; see [`message_id`].
    pub message_id: String,
    /// `Date`
    pub date: Timestamp,
    /// The offset from UTC in which `Date` is written.
    pub offset: Offset,
}

/// Why a mail cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Not a header name, or one of those that the other fields write.
    #[error("{0:?} cannot be used as an additional header")]
    HeaderName(String),
    /// Not `something@somewhere` in visible ASCII.
    #[error("{0:?} is not a Message-ID")]
    MessageId(String),
    /// Not a dotted name in visible ASCII.
    #[error("{0:?} is not a List-Id")]
    ListId(String),
    /// Not the type of a file, as RFC 2045 section 5.1 writes it.
    #[error("{0:?} is not the media type of a file")]
    MediaType(String),
    /// A year that RFC 5322 cannot write.
    #[error("the date {0} cannot be written")]
    Date(Timestamp),
}

/// Names that the fields of [`NewMail`] write, in lower case; `content-` is refused as a whole.
const OWN_HEADERS: &[&str] = &[
    "from",
    "reply-to",
    "to",
    "subject",
    "auto-submitted",
    "list-id",
    "message-id",
    "date",
    "mime-version",
    "sender",
    "return-path",
    "received",
    "cc",
    "bcc",
];
/// With a longer name the first line could not be folded at 78.
const LONGEST_HEADER_NAME: usize = 60;

/// A Message-ID without angle brackets from 128 random bits: the same bits give the same id. A host that is no domain
/// is replaced by one that can belong to nobody.
pub fn message_id(random: u128, host: &str) -> String {
    match Address::parse(&format!("{random:032x}@{host}")) {
        Ok(id) => id.to_ascii_domain().as_str().to_owned(),
        Err(_) => format!("{random:032x}@bookpost.invalid"),
    }
}

/// Whether a Message-ID, with or without its angle brackets, looks as [`message_id`] draws them for this host: who knows it has seen the
/// message. Those that other programs make may be numbers that anybody can guess.
pub fn is_drawn_id(id: &str, host: &str) -> bool {
    let bare = id.trim_start_matches('<').trim_end_matches('>');
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    bare.split_once('@').is_some_and(|(drawn, of)| {
        drawn.len() == 32 && drawn.bytes().all(is_hex) && of.eq_ignore_ascii_case(host)
    })
}

/// An instant as `Date` has it (RFC 5322 section 3.3), in this offset from UTC.
pub fn date(at: Timestamp, offset: Offset) -> Result<String, BuildError> {
    let zoned = at.to_zoned_datetime(offset.to_time_zone());
    rfc2822::to_string(&zoned).map_err(|_| BuildError::Date(at))
}

impl NewMail {
    /// The whole mail, headers and body, with CRLF line ends and a line end at its end.
    pub fn build(&self) -> Result<Vec<u8>, BuildError> {
        let id = checked_message_id(&self.message_id)?;
        let mut mail = MessageBuilder::new()
            .header("Date", Raw::new(date(self.date, self.offset)?))
            .header("From", mailboxes(std::slice::from_ref(&self.from)));
        if let Some(reply_to) = &self.reply_to {
            mail = mail.header("Reply-To", mailboxes(std::slice::from_ref(reply_to)));
        }
        if !self.to.is_empty() {
            mail = mail.header("To", mailboxes(&self.to));
        }
        if !self.cc.is_empty() {
            mail = mail.header("Cc", mailboxes(&self.cc));
        }
        mail = mail
            .header("Subject", header_text::unstructured(&self.subject))
            .header("Message-ID", Raw::new(format!("<{id}>")));
        if let Some(made) = self.auto_submitted {
            mail = mail.header("Auto-Submitted", Raw::new(made.as_str()));
        }
        if let Some(list) = &self.list_id {
            mail = mail.header("List-Id", list.header()?);
        }
        for (name, value) in &self.headers {
            if !is_free_header_name(name) {
                return Err(BuildError::HeaderName(name.to_string()));
            }
            mail = mail.header(name.as_ref(), header_text::unstructured(value));
        }
        let mut written = Vec::new();
        mail.body(self.body(id)?).serialize(&mut written);
        if !written.ends_with(b"\r\n") {
            written.extend_from_slice(b"\r\n");
        }
        Ok(written)
    }

    fn body(&self, id: &str) -> Result<MimePart<'_>, BuildError> {
        let texts = self.texts(id)?;
        if self.attachments.is_empty() {
            return Ok(texts);
        }
        let files = self.attachments.iter().map(Attachment::part);
        let parts = std::iter::once(Ok(texts)).chain(files).collect::<Result<Vec<_>, _>>()?;
        let mixed = ContentType::new("multipart/mixed").attribute("boundary", boundary("=_m", id));
        Ok(MimePart::new(mixed, parts))
    }

    fn texts(&self, id: &str) -> Result<MimePart<'_>, BuildError> {
        let text = MimePart::new("text/plain", header_text::body(&self.text));
        let Some(html) = &self.html else { return Ok(text) };
        let html = self.with_pictures(MimePart::new("text/html", header_text::body(html)), id)?;
        let alternative = ContentType::new("multipart/alternative").attribute("boundary", boundary("=_", id));
        Ok(MimePart::new(alternative, vec![text, html]))
    }

    /// The HTML comes first, so that nothing has to say which part it is (RFC 2387 section 3.2).
    fn with_pictures<'a>(&'a self, html: MimePart<'a>, id: &str) -> Result<MimePart<'a>, BuildError> {
        if self.pictures.is_empty() {
            return Ok(html);
        }
        let pictures = self.pictures.iter().map(Picture::part);
        let parts = std::iter::once(Ok(html)).chain(pictures).collect::<Result<Vec<_>, _>>()?;
        let related = ContentType::new("multipart/related")
            .attribute("type", "text/html")
            .attribute("boundary", boundary("=_r", id));
        Ok(MimePart::new(related, parts))
    }
}

/// Made from the id, so that the same mail is the same bytes. Quoted-printable and base64 cannot contain `=_`, and in plain 7-bit
/// text nobody can have written the random part of the id before it was drawn.
fn boundary(prefix: &str, id: &str) -> String {
    let random = id.bytes().filter(u8::is_ascii_alphanumeric).take(32).map(char::from);
    prefix.chars().chain(random).collect()
}

impl AutoSubmitted {
    fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "auto-generated",
            Self::Replied => "auto-replied",
        }
    }
}

impl ListId {
    fn header(&self) -> Result<HeaderType<'_>, BuildError> {
        let is_id = self.id.contains('.')
            && self.id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if !is_id {
            return Err(BuildError::ListId(self.id.clone()));
        }
        Ok(Mailboxes::new_address(self.name.as_deref().and_then(header_text::name), self.id.as_str()).into())
    }
}

fn mailboxes(people: &[Mailbox]) -> HeaderType<'_> {
    let list = people
        .iter()
        .map(|person| {
            let name = person.name.as_deref().and_then(header_text::name);
            Mailboxes::new_address(name, person.address.to_ascii_domain().as_str().to_owned())
        })
        .collect();
    Mailboxes::new_list(list).into()
}

/// One header field that names `mailbox`, with its line end.
pub(crate) fn field_of_mailbox(name: &str, mailbox: &Mailbox) -> String {
    let mut written = format!("{name}: ").into_bytes();
    mailboxes(std::slice::from_ref(mailbox)).write_header(&mut written, name.len() + 2);
    String::from_utf8_lossy(&written).into_owned()
}

fn checked_message_id(id: &str) -> Result<&str, BuildError> {
    let bare = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
    let visible = bare.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>');
    let two_parts = bare.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    if visible && two_parts && bare.len() <= 900 {
        Ok(bare)
    } else {
        Err(BuildError::MessageId(id.to_owned()))
    }
}

fn is_free_header_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    (1..=LONGEST_HEADER_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
        && !lower.starts_with("content-")
        && !OWN_HEADERS.contains(&lower.as_str())
}
