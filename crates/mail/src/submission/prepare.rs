//! One message on its way in.

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr_iter;

use super::{Refused, header::Header};
use crate::{
    Address,
    message::{
        Mailbox, Unconvertible,
        octets::{canonical, has_long_line, slice, survey},
        reencode, reencoding_needed,
        structure::Structure,
    },
};

/// What a message meets: all that is not in its octets.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Our `Received` field, whole, without its line end; it may be folded.
    pub received: &'a str,
    /// For a message that has none that can be used; with or without angle brackets.
    pub message_id: &'a str,
    /// `Date` for a message that has none (RFC 5322 section 3.3).
    pub date: &'a str,
    /// The name by which our own `Received` fields are known.
    pub instance: &'a str,
    /// Which line ends are taken.
    pub line_ends: LineEnds,
    /// What may be missing: nothing, from a program that speaks SMTP or HTTP.
    pub completion: Option<Completion<'a>>,
}

/// Which line ends are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    /// CRLF, as SMTP has it: others are how mail is smuggled (RFC 5321 section 2.3.8).
    Crlf,
    /// Any, made CRLF: a file or a pipe.
    Any,
}

/// What `sendmail` completes.
#[derive(Debug, Clone, Copy)]
pub struct Completion<'a> {
    /// For a message without `From`.
    pub from: &'a Mailbox,
    /// For addresses without one.
    pub domain: &'a str,
}

/// A message as it is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The whole.
    pub bytes: Bytes,
    /// With its angle brackets.
    pub message_id: String,
    /// Decoded; empty if there is none.
    pub subject: String,
    /// Who says to have written it; not empty.
    pub from: Vec<Address>,
    /// It has octets that are not ASCII: 8BITMIME, or re-encoding.
    pub needs_eight_bit: bool,
    /// Such octets are in its header: SMTPUTF8.
    pub needs_smtputf8: bool,
    /// A line is longer than 998 octets.
    pub has_long_lines: bool,
}

/// Checks `message` and completes it. Its body is read three times at the speed of memory and copied once; its header is read
/// line by line. A message that is prepared already gets a `Received` field and stays as it is otherwise.
pub fn prepare(message: &Bytes, circumstances: &Circumstances<'_>) -> Result<Prepared, Refused> {
    let seen = survey(message);
    if seen.nul {
        return Err(Refused::Nul { line: line_of(message, |octets| octets.contains(&0)) });
    }
    let message = match (seen.bare_line_end, circumstances.line_ends) {
        (false, _) => message.clone(),
        (true, LineEnds::Any) => canonical(message),
        (true, LineEnds::Crlf) => {
            return Err(Refused::BareLineEnd { line: line_of(message, has_bare_line_end) });
        }
    };
    let header = Header::read(&message, circumstances)?;
    check_parts(&message, &header)?;
    let bytes = assembled(&message, &header, circumstances);
    Ok(Prepared {
        has_long_lines: has_long_line(&bytes),
        needs_eight_bit: (seen.eight_bit || header.is_utf8) && !bytes.is_ascii(),
        bytes,
        message_id: header.message_id,
        subject: header.subject,
        from: header.from,
        needs_smtputf8: header.is_utf8,
    })
}

impl Prepared {
    /// The message with no line over 998 octets: re-encoded, if it has to be.
    pub fn with_short_lines(mut self) -> Result<Self, Unconvertible> {
        if let Some(target) = reencoding_needed(self.needs_eight_bit, self.has_long_lines, true) {
            self.bytes = reencode(&self.bytes, target)?;
            self.has_long_lines = false;
            self.needs_eight_bit = !self.bytes.is_ascii();
        }
        Ok(self)
    }
}

/// Walks through the parts, if there are any: they must not be nested too deep.
fn check_parts(message: &Bytes, header: &Header) -> Result<(), Refused> {
    if header.has_parts {
        let whole = slice(message, header.start..message.len());
        Structure::new(whole).try_for_each(|element| element.map(drop))?;
    }
    Ok(())
}

/// In one allocation: what is added, the header with its edits, the body.
fn assembled(message: &Bytes, header: &Header, circumstances: &Circumstances<'_>) -> Bytes {
    let received = circumstances.received.trim_end();
    let inserted: usize = header.edits.iter().map(|edit| edit.text.len()).sum();
    let most = received.len() + header.added.len() + inserted + message.len() + 4;
    let mut out = BytesMut::with_capacity(most);
    out.put_slice(received.as_bytes());
    out.put_slice(b"\r\n");
    out.put_slice(header.added.as_bytes());
    let mut copied = header.start;
    for edit in &header.edits {
        out.put_slice(slice(message, copied..edit.range.start));
        out.put_slice(edit.text.as_bytes());
        copied = edit.range.end.max(copied);
    }
    if header.lacks_empty_line {
        out.put_slice(slice(message, copied..header.body_at));
        out.put_slice(b"\r\n");
        copied = header.body_at;
    }
    out.put_slice(slice(message, copied..message.len()));
    out.freeze()
}

/// The number of the first line for which `is_it`, with its line end.
fn line_of(message: &[u8], is_it: impl Fn(&[u8]) -> bool) -> usize {
    let before = message.split_inclusive(|&octet| octet == b'\n').take_while(|line| !is_it(line));
    before.count() + 1
}

fn has_bare_line_end(line: &[u8]) -> bool {
    !line.ends_with(b"\r\n") || memchr_iter(b'\r', line).count() > 1
}
