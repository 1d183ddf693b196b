//! What is to be written, gathered into few large pieces, and how far the connection has been written.

use bytes::{Bytes, BytesMut};

use super::transcript::Transcript;
use crate::{
    Reply,
    smtp::{command, data::write_content},
};

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
    transcript: Transcript,
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
        self.transcript.we_said(self.commands.get(before..).unwrap_or_default());
    }

    /// Writes a line of a sign-in.
    pub(super) fn sign_in(&mut self, line: &str) {
        let mut transcript = std::mem::take(&mut self.transcript);
        self.command(|out| command::plain(line, out));
        transcript.we_signed_in(line);
        self.transcript = transcript;
    }

    /// Adds the content of a message without its end; returns the end.
    pub(super) fn content(&mut self, message: &Bytes) -> &'static [u8] {
        self.close_piece();
        let before = self.pieces.len();
        let end = write_content(message, &mut self.pieces);
        self.transcript.we_sent(message.len());
        self.gathered += self.pieces.iter().skip(before).map(|piece| octets(piece.len())).sum::<u64>();
        end
    }

    /// A reply has come.
    pub(super) fn heard(&mut self, reply: &Reply) {
        self.transcript.heard(reply);
    }

    /// From here on it is kept what is said.
    pub(super) fn keep_transcript(&mut self) {
        self.transcript.want();
    }

    /// What was said since [`Self::keep_transcript`].
    pub(super) fn transcript(&self) -> &[String] {
        self.transcript.lines()
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
