//! The parts of a message where they stand (RFC 2046), one after the other and without recursion: the deepest nest costs a
//! list of the boundaries that are open, and a message of a million parts no list of them.

use std::ops::Range;

use memchr::memmem;

use super::{
    fields::{Fields, line_end},
    head::{Head, Kind},
    octets::slice,
};

/// Multiparts and attached messages inside each other. Nobody writes so many; each costs time at every line that may be
/// a boundary.
pub const MOST_DEPTH: usize = 100;

/// The parts are nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its parts are nested more than {MOST_DEPTH} deep")]
pub struct TooDeep;

/// A piece of a message. Between pieces stand empty lines and boundaries only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    /// A part that has no parts, or a multipart without its boundary.
    Leaf { head: Head, content: Range<usize> },
    /// A multipart or an attached message; its parts follow. The preamble is for nobody to read.
    Composite { head: Head, preamble: Range<usize> },
    /// What stands behind the last boundary of a multipart, for nobody to read.
    Epilogue(Range<usize>),
}

/// Walks through a message.
#[derive(Debug)]
pub(crate) struct Structure<'a> {
    message: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    next: Next,
}

#[derive(Debug)]
struct Level {
    /// None of an attached message, which ends where the part does that holds it.
    boundary: Option<Vec<u8>>,
    is_digest: bool,
    /// Here or further out is a `multipart/signed`.
    signed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Part { of_message: bool },
    Epilogue,
    Nothing,
}

/// A line that is one of the open boundaries.
struct Delimiter {
    level: usize,
    line: Range<usize>,
    closes: bool,
}

impl<'a> Structure<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { message, at: 0, levels: Vec::new(), next: Next::Part { of_message: true } }
    }

    /// Whether what comes next is covered by the signature of a `multipart/signed`.
    pub(crate) fn is_signed(&self) -> bool {
        self.levels.last().is_some_and(|level| level.signed)
    }

    fn part(&mut self, of_message: bool) -> Result<Element, TooDeep> {
        let in_digest = !of_message && self.levels.last().is_some_and(|level| level.is_digest);
        let head = self.head(of_message, in_digest);
        match head.kind {
            Kind::Message => {
                self.open(None, &head)?;
                self.at = head.body_at;
                self.next = Next::Part { of_message: true };
                let preamble = head.body_at..head.body_at;
                Ok(Element::Composite { head, preamble })
            }
            Kind::Multipart => self.multipart(head),
            _ => Ok(self.leaf(head)),
        }
    }

    fn multipart(&mut self, head: Head) -> Result<Element, TooDeep> {
        self.open(head.boundary.clone(), &head)?;
        let own = self.levels.len() - 1;
        match self.delimiter_from(head.body_at) {
            Some(first) if first.level == own => {
                let preamble = head.body_at..first.line.start;
                self.follow(Some(first));
                Ok(Element::Composite { head, preamble })
            }
            _ => {
                self.levels.pop();
                Ok(self.leaf(head))
            }
        }
    }

    fn leaf(&mut self, head: Head) -> Element {
        let content = self.up_to_delimiter(head.body_at);
        Element::Leaf { head, content }
    }

    fn open(&mut self, boundary: Option<Vec<u8>>, head: &Head) -> Result<(), TooDeep> {
        if self.levels.len() >= MOST_DEPTH {
            return Err(TooDeep);
        }
        let signed = self.is_signed() || head.is_type("multipart/signed");
        self.levels.push(Level { boundary, is_digest: head.is_type("multipart/digest"), signed });
        Ok(())
    }

    /// The head of the part that begins here. A boundary ends it, though it may look like a field.
    fn head(&self, of_message: bool, in_digest: bool) -> Head {
        let mut fields = Fields::new(self.message, self.at);
        let mut head = Head::new(self.at, of_message);
        loop {
            let at = fields.position();
            match fields.next() {
                Some(field) if self.delimits(at).is_none() => head.read(&field),
                Some(_) => {
                    head.end(at, at, in_digest);
                    return head;
                }
                None => {
                    head.end(at, fields.end().0, in_digest);
                    return head;
                }
            }
        }
    }

    /// What stands from `start` to the line end before the next boundary, which is then followed.
    fn up_to_delimiter(&mut self, start: usize) -> Range<usize> {
        let delimiter = self.delimiter_from(start);
        let end = delimiter.as_ref().map_or(self.message.len(), |found| {
            let before = slice(self.message, start..found.line.start);
            let before = before.strip_suffix(b"\n").unwrap_or(before);
            start + before.strip_suffix(b"\r").unwrap_or(before).len()
        });
        self.follow(delimiter);
        start..end
    }

    fn follow(&mut self, delimiter: Option<Delimiter>) {
        let Some(found) = delimiter else {
            self.next = Next::Nothing;
            return;
        };
        self.levels.truncate(found.level + usize::from(!found.closes));
        self.next = if found.closes { Next::Epilogue } else { Next::Part { of_message: false } };
        self.at = found.line.end;
    }

    /// The next boundary from the line on that begins at `start`.
    fn delimiter_from(&self, start: usize) -> Option<Delimiter> {
        if self.levels.is_empty() {
            return None;
        }
        let rest = slice(self.message, start..self.message.len());
        let later = memmem::find_iter(rest, b"\n--").map(|line_feed| start + line_feed + 1);
        std::iter::once(start).chain(later).find_map(|at| self.delimits(at))
    }

    /// Whether the line at `at` is a boundary. The outermost goes first: inside it nobody else may use its line.
    fn delimits(&self, at: usize) -> Option<Delimiter> {
        if !slice(self.message, at..self.message.len()).starts_with(b"--") {
            return None;
        }
        let line = at..line_end(self.message, at);
        let text = slice(self.message, line.start + 2..line.end).trim_ascii_end();
        self.levels.iter().enumerate().find_map(|(level, open)| {
            let closes = match text.strip_prefix(open.boundary.as_deref()?)? {
                b"" => false,
                b"--" => true,
                _ => return None,
            };
            Some(Delimiter { level, line: line.clone(), closes })
        })
    }
}

impl Iterator for Structure<'_> {
    type Item = Result<Element, TooDeep>;

    fn next(&mut self) -> Option<Result<Element, TooDeep>> {
        match self.next {
            Next::Part { of_message } => {
                let part = self.part(of_message);
                if part.is_err() {
                    self.next = Next::Nothing;
                }
                Some(part)
            }
            Next::Epilogue => Some(Ok(Element::Epilogue(self.up_to_delimiter(self.at)))),
            Next::Nothing => None,
        }
    }
}
