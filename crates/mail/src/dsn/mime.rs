//! The MIME frame that all return mails share: `multipart/report` (RFC 6522).

use jiff::Timestamp;
use mail_builder::{
    MessageBuilder,
    headers::{HeaderType, content_type::ContentType, raw::Raw, text::Text},
    mime::MimePart,
};

use super::{Mailbox, Original, Report, fields::one_line};
use crate::Address;

/// RFC 2046 section 5.1.1 allows 70 characters; the frame around the id takes the rest.
const BOUNDARY_ID: usize = 50;

/// What stands above the parts.
pub(super) struct Head<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a Address,
    pub(super) subject: String,
    pub(super) date: Timestamp,
    pub(super) message_id: &'a str,
    /// The message that this is about, so that mail programs show them together.
    pub(super) references: Option<&'a str>,
}

/// The whole mail. `words` comes first, then the status, then what is attached of the message that came back, if it is one.
pub(super) fn write(
    head: &Head<'_>,
    words: MimePart<'_>,
    status: &Report,
    original: Option<&Original>,
) -> Vec<u8> {
    let mut parts = vec![
        words,
        MimePart::new("message/delivery-status", status.write().into_bytes()).transfer_encoding("7bit"),
    ];
    match original {
        Some(Original::Headers(headers)) => {
            parts.push(MimePart::new("text/rfc822-headers", headers.as_slice()));
        }
        Some(Original::Whole(message)) => {
            // RFC 2046 section 5.2.1: a message may not be encoded.
            let encoding = if message.is_ascii() { "7bit" } else { "8bit" };
            let part = MimePart::new("message/rfc822", message.as_slice());
            parts.push(part.transfer_encoding(encoding));
        }
        None => {}
    }
    let kind = ContentType::new("multipart/report")
        .attribute("report-type", "delivery-status")
        .attribute("boundary", boundary(head.message_id, "report"));
    let name = one_line(&head.from.name);
    let mut builder = MessageBuilder::new()
        // In ASCII, where that is possible: not every server takes a header that is not.
        .from((name, head.from.address.to_ascii_domain().as_str().to_owned()))
        .to(head.to.to_ascii_domain().as_str().to_owned())
        .subject(one_line(&head.subject))
        .date(head.date.as_second())
        .message_id(bare(head.message_id))
        // RFC 3834 section 3.1.7: nobody's program answers an answer.
        .header("Auto-Submitted", HeaderType::Raw(Raw::new("auto-replied")));
    // A message that was never taken may have none, or what is none.
    let references = head.references.filter(|id| id.is_ascii()).map(bare);
    if let Some(id) = references.filter(|id| !id.is_empty() && !id.contains(' ')) {
        builder = builder.references(id);
    }
    let mut out = Vec::new();
    builder.body(MimePart::new(kind, parts)).serialize(&mut out);
    out
}

/// Words and a file beside them.
pub(super) fn with_file<'a>(message_id: &str, words: &str, file: Vec<u8>, name: &'a str) -> MimePart<'a> {
    let kind = ContentType::new("multipart/mixed").attribute("boundary", boundary(message_id, "words"));
    let csv = ContentType::new("text/csv").attribute("charset", "utf-8").attribute("header", "present");
    MimePart::new(kind, vec![plain(words), MimePart::new(csv, file).attachment(name)])
}

/// Plain words.
pub(super) fn plain(words: &str) -> MimePart<'static> {
    MimePart::new("text/plain", words.replace('\n', "\r\n"))
        .header("Content-Description", HeaderType::Text(Text::new("What came back, and what to do")))
}

/// Made from the report's own id, not drawn: the same value is written the same way each time. `=_` is in no encoded text.
fn boundary(message_id: &str, level: &str) -> String {
    let id: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(BOUNDARY_ID).collect();
    format!("=_{level}_{id}")
}

fn bare(message_id: &str) -> String {
    one_line(message_id.trim().trim_start_matches('<').trim_end_matches('>'))
}
