//! What the server remembers between two lines.

use bytes::BytesMut;

use super::{Limits, chunk::Chunk, content::Content, sign_in::Exchange, wish::Mail};
use crate::Recipient;

/// What the input is read as.
#[derive(Debug)]
pub(super) enum Stage {
    Commands,
    SignIn(Exchange),
    Content(Content),
    Chunk(Chunk),
    /// Nothing is read until the handshake is done.
    Handshake,
    Closed,
}

/// How the client has greeted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// What it calls itself: ASCII without blanks or control characters, and nothing else is known of it.
    pub name: String,
    /// It said EHLO and not HELO.
    pub extended: bool,
}

/// What the client hears of the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announced {
    pub(super) message: usize,
    pub(super) recipients: usize,
}

impl Announced {
    pub(super) fn of(limits: &Limits) -> Self {
        Self { message: limits.message, recipients: limits.recipients }
    }
}

/// The mail transaction.
#[derive(Debug)]
pub(super) enum Progress {
    /// None is under way.
    None,
    /// Its MAIL or DATA was refused. What was sent behind that without waiting is no error of the client.
    Refused,
    Open(Open),
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) mail: Mail,
    pub(super) recipients: Vec<Recipient>,
    /// What has come by BDAT, once it has begun.
    pub(super) chunks: Option<BytesMut>,
}

/// What the driver was asked and has not answered.
#[derive(Debug)]
pub(super) enum Question {
    SignIn,
    Mail(Mail),
    Recipient(Recipient),
    /// Behind DATA.
    Content,
    /// Behind the first BDAT.
    Chunk {
        octets: u64,
        last: bool,
    },
    Message,
}

/// What the client has done since its last message.
#[derive(Debug, Default)]
pub(super) struct Patience {
    pub(super) errors: usize,
    pub(super) idle_commands: usize,
}
