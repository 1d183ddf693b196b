//! A message made fit for a server that takes less: re-encoded part by part, and decoded still the same (RFC 2045, RFC 6152).
//!
//! What is changed: text that does not fit becomes quoted-printable, other content base64, their headers say so, and header
//! lines that are too long are folded. All other octets stay as they are. The same message gives the same octets each time.
//!
//! What is signed is never changed. Headers that are not ASCII have no other spelling: they need SMTPUTF8.

mod base64;
mod quoted_printable;
#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::Bytes;

use super::{
    head::{Encoding, Head, Kind},
    octets::{MOST_LINE_OCTETS, has_long_line, slice},
    structure::{Element, Structure, TooDeep},
};

/// What the next server does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Lines of at most 998 octets; 8-bit content stays.
    ShortLines,
    /// Short lines, and nothing but ASCII: the server does not offer 8BITMIME.
    SevenBit,
}

/// Why a message stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unconvertible {
    /// A signature would no longer fit.
    #[error("it is signed, and a change would break the signature")]
    Signed,
    /// A header is not ASCII.
    #[error("its header has letters that are not ASCII, which only SMTPUTF8 can carry")]
    Header,
    /// A line cannot be broken, or a part must not be encoded.
    #[error("a part of it cannot be encoded in another way")]
    Part,
}

/// What has to be done to a message with these properties before the next server takes it; `None`: nothing.
pub fn needed(eight_bit: bool, long_lines: bool, offers_eight_bit_mime: bool) -> Option<Target> {
    match (eight_bit && !offers_eight_bit_mime, long_lines) {
        (true, _) => Some(Target::SevenBit),
        (false, true) => Some(Target::ShortLines),
        (false, false) => None,
    }
}

/// The message in a form that fits `target`; itself, if it does so already. Line ends are CRLF.
pub fn reencode(message: &Bytes, target: Target) -> Result<Bytes, Unconvertible> {
    if target.fits(message) {
        return Ok(message.clone());
    }
    let mut writer = Writer { message, target, out: Vec::with_capacity(message.len() * 3 / 2), copied: 0 };
    let mut structure = Structure::new(message);
    let mut is_first = true;
    loop {
        // Before the element: the head of a multipart/signed is not covered by its signature.
        let signed = structure.is_signed();
        let Some(element) = structure.next() else { break };
        match element? {
            Element::Leaf { head, .. } | Element::Composite { head, .. }
                if is_first && head.is_dkim_signed =>
            {
                return Err(Unconvertible::Signed);
            }
            Element::Leaf { head, content } => writer.leaf(&head, content, signed)?,
            Element::Composite { head, preamble } => writer.composite(&head, preamble, signed)?,
            Element::Epilogue(range) => writer.unread(range, signed)?,
        }
        is_first = false;
    }
    writer.finish()
}

impl Target {
    fn fits(self, octets: &[u8]) -> bool {
        (self == Self::ShortLines || octets.is_ascii()) && !has_long_line(octets)
    }
}

impl From<TooDeep> for Unconvertible {
    fn from(_: TooDeep) -> Self {
        Self::Part
    }
}

struct Writer<'a> {
    message: &'a [u8],
    target: Target,
    out: Vec<u8>,
    /// How far the message is written, changed or as it was.
    copied: usize,
}

impl Writer<'_> {
    fn leaf(&mut self, head: &Head, content: Range<usize>, signed: bool) -> Result<(), Unconvertible> {
        let octets = slice(self.message, content.clone());
        if self.target.fits(octets) {
            return self.head(head, None, signed);
        }
        let quoted_printable = match (head.encoding, head.kind) {
            (Encoding::QuotedPrintable, _) => true,
            (Encoding::Base64, _) => false,
            (Encoding::Other, _) | (_, Kind::Plain | Kind::Multipart | Kind::Message) => {
                return Err(Unconvertible::Part);
            }
            (Encoding::Identity | Encoding::EightBit, kind) => kind == Kind::Text,
        };
        let encoding = if quoted_printable { "quoted-printable" } else { "base64" };
        self.head(head, Some(Change { encoding, content: octets }), signed)?;
        self.keep_to(content.start);
        match (head.encoding, quoted_printable) {
            (Encoding::QuotedPrintable, _) => quoted_printable::rewrap(octets, &mut self.out),
            (Encoding::Base64, _) => base64::rewrap(octets, &mut self.out),
            (_, true) => quoted_printable::encode(octets, &mut self.out),
            (_, false) => base64::encode(octets, &mut self.out),
        }
        self.copied = content.end;
        if !quoted_printable && content.end == self.message.len() {
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn composite(&mut self, head: &Head, preamble: Range<usize>, signed: bool) -> Result<(), Unconvertible> {
        let has_content = head.body_at < self.message.len();
        let is_label_wrong = self.target == Target::SevenBit && head.encoding == Encoding::EightBit;
        let change =
            (is_label_wrong && has_content && !signed).then_some(Change { encoding: "7bit", content: b"" });
        self.head(head, change, signed)?;
        self.unread(preamble, signed)
    }

    /// What nobody reads is left out where it does not fit.
    fn unread(&mut self, range: Range<usize>, signed: bool) -> Result<(), Unconvertible> {
        if !self.target.fits(slice(self.message, range.clone())) {
            if signed {
                return Err(Unconvertible::Signed);
            }
            self.keep_to(range.start);
            self.copied = range.end;
        }
        Ok(())
    }

    /// Writes the fields with the new encoding in the place of the old one, or behind all others.
    fn head(&mut self, head: &Head, change: Option<Change<'_>>, signed: bool) -> Result<(), Unconvertible> {
        let fits = self.target.fits(slice(self.message, head.fields.clone()));
        if fits && change.is_none() {
            return Ok(());
        }
        if signed {
            return Err(Unconvertible::Signed);
        }
        self.keep_to(head.fields.start);
        let Some(change) = change else {
            self.fold_to(head.fields.end);
            return Ok(());
        };
        let encoding = format!("Content-Transfer-Encoding: {}\r\n", change.encoding);
        if let Some(old) = &head.encoding_at {
            self.fold_to(old.start);
            self.out.extend_from_slice(encoding.as_bytes());
            self.copied = old.end;
        }
        self.fold_to(head.fields.end);
        if head.of_message && !head.has_version {
            self.out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        }
        if head.of_message && head.content_type.is_none() {
            let content_type = format!("Content-Type: text/plain; charset={}\r\n", change.charset());
            self.out.extend_from_slice(content_type.as_bytes());
        }
        if head.encoding_at.is_none() {
            self.out.extend_from_slice(encoding.as_bytes());
        }
        if head.body_at == head.fields.end {
            self.out.extend_from_slice(b"\r\n"); // the header ended at a line that is no field
        }
        Ok(())
    }

    fn keep_to(&mut self, at: usize) {
        self.out.extend_from_slice(slice(self.message, self.copied..at));
        self.copied = self.copied.max(at);
    }

    /// Like `keep_to`, for header fields: what is too long is folded.
    fn fold_to(&mut self, at: usize) {
        let fields = slice(self.message, self.copied..at);
        for line in fields.split_inclusive(|&octet| octet == b'\n') {
            push_folded(line, &mut self.out);
        }
        self.copied = self.copied.max(at);
    }

    /// The whole, if it has become what it should: a name too long to fold, or a header that is not ASCII, stays.
    fn finish(mut self) -> Result<Bytes, Unconvertible> {
        self.keep_to(self.message.len());
        match self.target {
            _ if has_long_line(&self.out) => Err(Unconvertible::Part),
            Target::SevenBit if !self.out.is_ascii() => Err(Unconvertible::Header),
            _ => Ok(self.out.into()),
        }
    }
}

/// How a part is encoded from now on.
struct Change<'a> {
    encoding: &'static str,
    /// What it has to carry.
    content: &'a [u8],
}

impl Change<'_> {
    /// The charset of text that names none: RFC 1428 has a word for what cannot be known.
    fn charset(&self) -> &'static str {
        match std::str::from_utf8(self.content) {
            Ok(text) if text.is_ascii() => "us-ascii",
            Ok(_) => "utf-8",
            Err(_) => "unknown-8bit",
        }
    }
}

/// Folds a line of a header at its last blanks that make it short enough, where there are any.
fn push_folded(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while has_long_line(rest) {
        let window = slice(rest, 0..MOST_LINE_OCTETS + 1);
        let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t');
        let Some(blank) = window.iter().rposition(is_blank) else { break };
        let (before, after) = (slice(rest, 0..blank), slice(rest, blank..rest.len()));
        if before.trim_ascii().is_empty() || after.trim_ascii().is_empty() {
            break;
        }
        out.extend_from_slice(before);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    out.extend_from_slice(rest);
}
