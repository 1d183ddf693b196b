//! The content of a message as it comes by BDAT (RFC 3030): octets that are counted, in one chunk or more.

use bytes::{Buf, BytesMut};

use super::content::split;

/// One chunk under way. Its octets are taken off the input whatever becomes of them: else they would be read as commands.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Octets that have not come yet.
    left: u64,
    pub(super) fate: Fate,
}

/// What becomes of a chunk when it is whole.
#[derive(Debug)]
pub(super) enum Fate {
    /// It belongs to the message.
    Kept {
        /// It ends the message.
        last: bool,
    },
    /// It is answered with these lines.
    Refused(Vec<u8>),
}

impl Chunk {
    pub(super) fn new(octets: u64, fate: Fate) -> Self {
        Self { left: octets, fate }
    }

    /// Takes the chunk off the front of `input`; `None` while it is not whole. Of one that is not kept nothing is left.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Option<BytesMut> {
        let there = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
        let is_whole = u64::try_from(there) == Ok(self.left);
        match self.fate {
            Fate::Kept { .. } => is_whole.then(|| split(input, there)),
            Fate::Refused(_) => {
                input.advance(there);
                self.left = self.left.saturating_sub(u64::try_from(there).unwrap_or(u64::MAX));
                is_whole.then(BytesMut::new)
            }
        }
    }
}
