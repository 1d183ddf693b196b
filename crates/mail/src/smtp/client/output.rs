//! What is to be written, gathered into few large pieces, and how far the connection has been written.

use bytes::{Bytes, BytesMut};

use crate::smtp::data::write_content;

/// Room for the commands of a usual group; the buffer is used again as soon as the connection has written its last piece.
const COMMANDS: usize = 1024;

/// Gathers one group of commands and content.
#[derive(Debug, Default)]
pub(super) struct Output {
    commands: BytesMut,
    pieces: Vec<Bytes>,
    /// Octets handed out since the connection began.
    handed_out: u64,
    /// Octets gathered and not handed out.
    gathered: u64,
}

impl Output {
    /// Writes commands.
    pub(super) fn command(&mut self, write: impl FnOnce(&mut BytesMut)) {
        if self.commands.capacity() == self.commands.len() {
            self.commands.reserve(COMMANDS);
        }
        let before = self.commands.len();
        write(&mut self.commands);
        self.gathered += octets(self.commands.len().saturating_sub(before));
    }

    /// Adds the content of a message without its end; returns the end.
    pub(super) fn content(&mut self, message: &Bytes) -> &'static [u8] {
        self.close_piece();
        let before = self.pieces.len();
        let end = write_content(message, &mut self.pieces);
        self.gathered += self.pieces.iter().skip(before).map(|piece| octets(piece.len())).sum::<u64>();
        end
    }

    /// How many octets will have gone out when all that is gathered has.
    pub(super) fn position(&self) -> u64 {
        self.handed_out + self.gathered
    }

    /// Octets that have been handed out to be written.
    pub(super) fn handed_out(&self) -> u64 {
        self.handed_out
    }

    /// The whole group, if there is anything in it.
    pub(super) fn take(&mut self) -> Option<Vec<Bytes>> {
        if self.gathered == 0 {
            return None;
        }
        self.close_piece();
        self.handed_out += self.gathered;
        self.gathered = 0;
        Some(std::mem::take(&mut self.pieces))
    }

    /// Forgets what has not been handed out.
    pub(super) fn discard(&mut self) {
        self.commands.clear();
        self.pieces.clear();
        self.gathered = 0;
    }

    fn close_piece(&mut self) {
        if !self.commands.is_empty() {
            self.pieces.push(self.commands.split().freeze());
        }
    }
}

fn octets(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
