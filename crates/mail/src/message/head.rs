//! What the header of a part says of its content (RFC 2045), and where it says so.

use std::ops::Range;

use super::{fields::Field, octets::slice};

/// A longer Content-Type is cut before it is read.
const LONGEST_READ: usize = 32 * 1024;

/// The header of a message or of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its fields, without the empty line.
    pub(crate) fields: Range<usize>,
    /// Where the content begins.
    pub(crate) body_at: usize,
    /// It begins a message, and not a part of a multipart.
    pub(crate) of_message: bool,
    /// `MIME-Version` stands in it.
    pub(crate) has_version: bool,
    /// `DKIM-Signature` stands in it.
    pub(crate) is_dkim_signed: bool,
    /// `type/subtype` in lower case, where it is given.
    pub(crate) content_type: Option<String>,
    pub(crate) boundary: Option<Vec<u8>>,
    pub(crate) encoding: Encoding,
    /// Where the `Content-Transfer-Encoding` stands that counts, with its line end.
    pub(crate) encoding_at: Option<Range<usize>>,
    pub(crate) kind: Kind,
}

/// How the content is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines.
    Text,
    /// Octets.
    Octets,
    /// A multipart; whether its boundary is there is to be seen.
    Multipart,
    /// An attached message that is readable as it stands.
    Message,
    /// Other `message/*`, and a multipart that names no boundary: may be in 7 bits or 8, and in nothing else (RFC 2045 section 6.4).
    Plain,
}

/// `Content-Transfer-Encoding` (RFC 2045 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// 7bit, none given, or a word that means nothing: some programs write a charset there.
    Identity,
    /// 8bit or binary.
    EightBit,
    QuotedPrintable,
    Base64,
    /// Somebody's own: what the octets stand for is not known.
    Other,
}

impl Head {
    pub(super) fn new(at: usize, of_message: bool) -> Self {
        Self {
            fields: at..at,
            body_at: at,
            of_message,
            has_version: false,
            is_dkim_signed: false,
            content_type: None,
            boundary: None,
            encoding: Encoding::Identity,
            encoding_at: None,
            kind: Kind::Text,
        }
    }

    /// Takes one field in; of those that stand twice the first counts.
    pub(super) fn read(&mut self, field: &Field<'_>) {
        if field.is("Content-Type") && self.content_type.is_none() {
            let (content_type, boundary) = content_type(field.value());
            (self.content_type, self.boundary) = (Some(content_type), boundary);
        } else if field.is("Content-Transfer-Encoding") && self.encoding_at.is_none() {
            self.encoding = Encoding::read(field.value());
            self.encoding_at = Some(field.range());
        } else if field.is("MIME-Version") {
            self.has_version = true;
        } else if field.is("DKIM-Signature") {
            self.is_dkim_signed = true;
        }
    }

    /// All fields are read.
    pub(super) fn end(&mut self, at: usize, body_at: usize, in_digest: bool) {
        self.fields.end = at;
        self.body_at = body_at;
        self.kind = self.kind(in_digest);
    }

    pub(crate) fn is_type(&self, name: &str) -> bool {
        self.content_type.as_deref() == Some(name)
    }

    fn kind(&self, in_digest: bool) -> Kind {
        // RFC 2046 section 5.1.5.
        let default = if in_digest { "message/rfc822" } else { "text/plain" };
        let content_type = self.content_type.as_deref().unwrap_or(default);
        let encoded = matches!(self.encoding, Encoding::QuotedPrintable | Encoding::Base64);
        match content_type.split_once('/') {
            // RFC 2045 section 5.2: what cannot be read is plain text.
            Some(("text", _)) | None => Kind::Text,
            Some(("multipart", _)) if self.boundary.is_some() => Kind::Multipart,
            Some(("message", "rfc822")) if !encoded => Kind::Message,
            // RFC 6532 section 3.7 allows these to be encoded.
            Some(("message", "global" | "global-headers" | "global-delivery-status")) => Kind::Octets,
            Some(("multipart" | "message", _)) => Kind::Plain,
            Some(_) => Kind::Octets,
        }
    }
}

impl Encoding {
    fn read(value: &[u8]) -> Self {
        let word = String::from_utf8_lossy(first_word(value)).to_ascii_lowercase();
        match word.as_str() {
            "8bit" | "binary" => Self::EightBit,
            "quoted-printable" => Self::QuotedPrintable,
            "base64" => Self::Base64,
            own if own.starts_with("x-") || own.starts_with("uu") => Self::Other,
            _ => Self::Identity,
        }
    }
}

fn content_type(value: &[u8]) -> (String, Option<Vec<u8>>) {
    let value = slice(value, 0..value.len().min(LONGEST_READ));
    let text = String::from_utf8_lossy(value).replace(['\r', '\n'], "");
    let parsed = mailparse::parse_content_type(&text);
    let name = String::from_utf8_lossy(first_word(parsed.mimetype.as_bytes())).into_owned();
    let boundary = parsed.params.get("boundary").map(|boundary| boundary.trim_end().as_bytes().to_vec());
    (name, boundary.filter(|boundary| !boundary.is_empty()))
}

/// Up to a blank, a comment or a parameter.
fn first_word(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii_start();
    let end = value.iter().position(|octet| b" \t\r\n(;".contains(octet));
    slice(value, 0..end.unwrap_or(value.len()))
}
