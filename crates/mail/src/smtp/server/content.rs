//! The content of a message as it comes by DATA: where it ends, and that it has no line end but CRLF
//! (RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2).
//!
//! Servers that take LF.LF or CRLF.LF for the end let one message smuggle in another. Here only CRLF.CRLF is an end, and what
//! holds a bare CR, a bare LF or a NUL is read to that end and refused.

use bytes::{Buf, BytesMut};
use memchr::{memchr3, memmem};

use super::replies;

/// Why content is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    BareLineEnd,
    Nul,
}

impl Fault {
    pub(super) fn reply(self) -> &'static str {
        match self {
            Self::TooLarge => replies::TOO_LARGE,
            Self::BareLineEnd => replies::BARE_LINE_END,
            Self::Nul => replies::NUL,
        }
    }
}

/// The content under way. It stays in the input until it is whole, unless it will be refused.
#[derive(Debug)]
pub(super) struct Content {
    /// Most octets without the dots of the wire.
    limit: usize,
    /// So much of the input has been looked at.
    scanned: usize,
    /// A line begins at `scanned`, and how it begins has not been looked at.
    at_line_start: bool,
    /// Lines that begin with a dot.
    dots: usize,
    /// Octets that were thrown away, because all will be refused.
    dropped: usize,
    /// The first of its kind.
    fault: Option<Fault>,
}

impl Content {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, scanned: 0, at_line_start: true, dots: 0, dropped: 0, fault: None }
    }

    /// Takes the content off the front of `input`, with its end; `None` while that has not come. However the bytes were
    /// cut, the result is the same: too large comes before anything else that is wrong.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Option<Result<BytesMut, Fault>> {
        let end = self.find_end(input);
        if self.dropped + self.scanned - self.dots > self.limit {
            self.fault = Some(Fault::TooLarge);
        }
        match (end, self.fault) {
            (None, None) => None,
            (None, Some(_)) => {
                input.advance(self.scanned);
                self.dropped += std::mem::take(&mut self.scanned);
                None
            }
            (Some(end), fault) => {
                let content = fault.map_or_else(|| Ok(self.unstuffed(end, input)), Err);
                input.advance(if fault.is_some() { end + END.len() } else { END.len() });
                Some(content)
            }
        }
    }

    fn unstuffed(&self, end: usize, input: &mut BytesMut) -> BytesMut {
        let mut content = split(input, end);
        if self.dots > 0 {
            unstuff(&mut content);
        }
        content
    }

    /// Where the dot of the end stands. What comes before `scanned` is never looked at again.
    fn find_end(&mut self, input: &[u8]) -> Option<usize> {
        loop {
            let rest = input.get(self.scanned..).unwrap_or_default();
            if std::mem::take(&mut self.at_line_start) {
                if rest.starts_with(END) {
                    return Some(self.scanned);
                }
                if END.starts_with(rest) {
                    self.at_line_start = true;
                    return None;
                }
                self.dots += usize::from(rest.starts_with(b"."));
            }
            let (taken, found) = next_line_end(rest);
            self.scanned += taken;
            match found {
                Found::LineEnd => self.at_line_start = true,
                Found::Fault(fault) => self.fault = self.fault.or(Some(fault)),
                Found::Nothing => return None,
            }
        }
    }
}

/// What ends the content, at the beginning of a line.
const END: &[u8] = b".\r\n";

/// A buffer that grows is up to twice as large as what it holds, and has room for one more read.
const GOOD_PART: usize = 4;

enum Found {
    LineEnd,
    Fault(Fault),
    /// A CR that is last may still become a line end.
    Nothing,
}

/// The next thing of interest, and how many octets come up to and with it.
fn next_line_end(bytes: &[u8]) -> (usize, Found) {
    let Some(at) = memchr3(b'\r', b'\n', 0, bytes) else { return (bytes.len(), Found::Nothing) };
    match bytes.get(at..) {
        Some([b'\r', b'\n', ..]) => (at + 2, Found::LineEnd),
        Some([b'\r']) => (at, Found::Nothing),
        Some([0, ..]) => (at + 1, Found::Fault(Fault::Nul)),
        _ => (at + 1, Found::Fault(Fault::BareLineEnd)),
    }
}

/// The first fault in a whole message that came by BDAT.
pub(super) fn fault_in(mut content: &[u8]) -> Option<Fault> {
    loop {
        let (taken, found) = next_line_end(content);
        content = content.get(taken..).unwrap_or_default();
        match found {
            Found::LineEnd => {}
            Found::Fault(fault) => return Some(fault),
            Found::Nothing => return (!content.is_empty()).then_some(Fault::BareLineEnd),
        }
    }
}

/// Takes `octets` off the front. What fills a good part of the buffer goes with the buffer, so that a large message is never
/// copied; what does not is copied, so that a small one never keeps a large buffer alive.
pub(super) fn split(input: &mut BytesMut, octets: usize) -> BytesMut {
    let (taken, rest) = input.split_at_checked(octets).unwrap_or((input, &[]));
    if taken.len() < input.capacity() / GOOD_PART {
        let copy = BytesMut::from(taken);
        input.advance(octets.min(input.len()));
        return copy;
    }
    let rest = BytesMut::from(rest);
    input.truncate(octets);
    std::mem::replace(input, rest)
}

/// Takes the first dot off every line that begins with one, in place.
fn unstuff(content: &mut BytesMut) {
    let finder = memmem::Finder::new(b"\r\n.");
    let (mut read, mut written) = (0, 0);
    let mut dot = content.starts_with(b".").then_some(0);
    if dot.is_none() {
        dot = finder.find(content).map(|at| at + 2);
    }
    while let Some(at) = dot {
        content.copy_within(read..at, written);
        written += at - read;
        read = at + 1;
        dot = content.get(read..).and_then(|rest| finder.find(rest)).map(|found| read + found + 2);
    }
    content.copy_within(read.., written);
    content.truncate(written + content.len() - read);
}
