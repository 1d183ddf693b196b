//! Command lines out of a stream that is cut anywhere.

use bytes::{Buf, BytesMut};
use memchr::memchr;

/// Where the search for the end of a line stands.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// There is no LF before this place of the input.
    scanned: usize,
    /// The line under way is too long, and its beginning was thrown away.
    skipping: bool,
}

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line with its LF.
    Whole(BytesMut),
    /// The end of one that was longer than it may be.
    TooLong,
    /// No end of a line yet.
    Unfinished,
}

impl Lines {
    /// Takes one line of at most `limit` octets, its end counted, off the front of `input`.
    pub(super) fn take(&mut self, input: &mut BytesMut, limit: usize) -> Line {
        let from = std::mem::take(&mut self.scanned);
        let Some(at) = input.get(from..).and_then(|rest| memchr(b'\n', rest)) else {
            self.skipping |= input.len() > limit;
            if self.skipping {
                input.clear();
            }
            self.scanned = input.len();
            return Line::Unfinished;
        };
        let length = from + at + 1;
        if std::mem::take(&mut self.skipping) || length > limit {
            input.advance(length);
            return Line::TooLong;
        }
        Line::Whole(input.split_to(length))
    }
}
