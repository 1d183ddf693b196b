//! One transaction on its way: what of it is to be written next, and the state of each recipient.

use std::fmt;

use bytes::Bytes;
use memchr::memmem;

use super::{Failure, RecipientResult, TransactionResult};
use crate::{
    Phase, Recipient, Reply, ReversePath,
    envelope::Ret,
    message::{reencode, reencoding_needed},
    smtp::{
        capabilities::Capabilities,
        command::{MailParameters, Path, PathError},
    },
};

/// One message for some recipients.
#[derive(Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Names the transaction in wishes and results.
    pub token: u64,
    /// Where reports go.
    pub reverse_path: ReversePath,
    /// `RET=`, where DSN is offered.
    pub ret: Option<Ret>,
    /// `ENVID=` in xtext, where DSN is offered.
    pub envelope_id: Option<String>,
    /// Who it is for; not empty.
    pub recipients: Vec<Recipient>,
    /// The message with CRLF line ends, dots not stuffed. To a server without 8BITMIME it goes re-encoded, where it has to.
    pub message: Bytes,
}

impl fmt::Debug for Transaction {
    /// Without the message, which is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("token", &self.token)
            .field("recipients", &self.recipients.len())
            .field("octets", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// What of the transaction is to be written next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Mail,
    Rcpt(usize),
    Data,
    /// Nothing before the answer to DATA.
    GoAhead,
    Content,
    /// The final dot; its content is written.
    End(&'static [u8]),
    /// All is written; the answer to the dot is waited for.
    Nothing,
}

/// Where one recipient stands.
enum State {
    Open,
    Accepted,
    Settled(RecipientResult),
}

/// One transaction on its way.
pub(super) struct Transfer {
    pub(super) transaction: Transaction,
    pub(super) next: Next,
    /// What the next answer is about.
    pub(super) phase: Phase,
    /// The mark is durable.
    pub(super) released: bool,
    /// Given up by whoever began it.
    pub(super) abandoned: bool,
    /// The server said yes to a recipient, whatever we make of it.
    pub(super) server_has_recipient: bool,
    /// How far the connection is written when the last byte of the message is: the point of no return.
    pub(super) end_at: Option<u64>,
    states: Vec<State>,
    dsn: bool,
    eight_bit: bool,
    smtputf8: bool,
}

impl Transfer {
    /// Makes the message fit what the server offers, and settles at once what that rules out.
    pub(super) fn new(transaction: Transaction, offered: &Capabilities) -> Self {
        let eight_bit = !transaction.message.is_ascii();
        let mut transfer = Self {
            states: transaction.recipients.iter().map(|_| State::Open).collect(),
            transaction,
            next: Next::Mail,
            phase: Phase::Mail,
            released: false,
            abandoned: false,
            server_has_recipient: false,
            end_at: None,
            dsn: offered.dsn,
            eight_bit,
            smtputf8: false,
        };
        match transfer.fit_message(offered) {
            Err(failure) => transfer.fail(&failure),
            Ok(smtputf8) => transfer.smtputf8 = transfer.check_recipients(offered) || smtputf8,
        }
        transfer
    }

    /// Whether the message as such can go, re-encoded if it has to be (RFC 6152 section 3), and whether it needs SMTPUTF8.
    fn fit_message(&mut self, offered: &Capabilities) -> Result<bool, Failure> {
        let message = &self.transaction.message;
        let reverse_is_utf8 = Path::reverse(&self.transaction.reverse_path, offered.smtputf8)?.is_utf8;
        let header_is_utf8 = self.eight_bit && !header(message).is_ascii();
        if header_is_utf8 && !offered.smtputf8 {
            return Err(Failure::HeaderUtf8Unsupported);
        }
        // Lines that are too long were made shorter when the message was accepted.
        if let Some(target) = reencoding_needed(self.eight_bit, false, offered.eight_bit_mime) {
            self.transaction.message = reencode(message, target).map_err(Failure::EightBitUnsupported)?;
            self.eight_bit = false;
        }
        let octets = u64::try_from(self.transaction.message.len()).unwrap_or(u64::MAX);
        if let Some(limit) = offered.max_size.filter(|&limit| octets > limit) {
            return Err(Failure::TooLarge { limit });
        }
        Ok(reverse_is_utf8 || header_is_utf8)
    }

    /// Settles the recipients that cannot be named to this server; true if one of the others needs SMTPUTF8.
    fn check_recipients(&mut self, offered: &Capabilities) -> bool {
        let mut smtputf8 = false;
        for (state, recipient) in self.states.iter_mut().zip(&self.transaction.recipients) {
            match Path::new(&recipient.address, offered.smtputf8) {
                Ok(path) => smtputf8 |= path.is_utf8,
                Err(error) => {
                    *state =
                        State::Settled(RecipientResult::Failed { phase: Phase::Rcpt, failure: error.into() });
                }
            }
        }
        smtputf8
    }

    pub(super) fn mail_parameters(&self) -> MailParameters<'_> {
        MailParameters {
            size: self.transaction.message.len(),
            eight_bit: self.eight_bit,
            smtputf8: self.smtputf8,
            ret: self.transaction.ret,
            envelope_id: self.transaction.envelope_id.as_deref(),
        }
    }

    /// The first recipient from `index` on that is to be named to the server.
    pub(super) fn open_from(&self, index: usize) -> Option<(usize, &Recipient)> {
        let pairs = self.states.iter().zip(&self.transaction.recipients).enumerate().skip(index);
        pairs
            .filter(|(_, (state, _))| matches!(state, State::Open))
            .map(|(at, (_, recipient))| (at, recipient))
            .next()
    }

    /// Whether somebody may still get the message.
    pub(super) fn is_alive(&self) -> bool {
        self.states.iter().any(|state| !matches!(state, State::Settled(_)))
    }

    /// Whether somebody gets the message if the server takes it.
    pub(super) fn is_wanted(&self) -> bool {
        self.states.iter().any(|state| matches!(state, State::Accepted))
    }

    /// Whether the fate of somebody is known while the message may still be stopped: they will not get it.
    pub(super) fn is_partial(&self) -> bool {
        self.states.iter().any(|state| matches!(state, State::Settled(_)))
    }

    /// The answer to RCPT.
    pub(super) fn answered(&mut self, index: usize, reply: Reply) {
        self.server_has_recipient |= reply.is_positive();
        if let Some(state @ State::Open) = self.states.get_mut(index) {
            *state = if reply.is_positive() {
                State::Accepted
            } else {
                State::Settled(RecipientResult::Refused { phase: Phase::Rcpt, reply })
            };
        }
    }

    /// An answer that settles all who are not settled yet.
    pub(super) fn refuse(&mut self, phase: Phase, reply: &Reply) {
        self.settle(|| RecipientResult::Refused { phase, reply: reply.clone() });
    }

    /// The server has taken the message.
    pub(super) fn deliver(&mut self, reply: &Reply) {
        self.settle(|| RecipientResult::Delivered(reply.clone()));
    }

    /// Settles all who are not settled yet as certainly not sent.
    pub(super) fn fail(&mut self, failure: &Failure) {
        let phase = if self.phase == Phase::Dot { Phase::Data } else { self.phase };
        self.settle(|| RecipientResult::Failed { phase, failure: *failure });
    }

    /// The connection is over when it was written up to `written`: on which side of the point of no return?
    pub(super) fn lose(&mut self, failure: &Failure, written: u64) {
        if self.end_at.is_some_and(|end| end <= written) {
            self.settle(|| RecipientResult::Unknown { failure: *failure });
        } else {
            self.fail(failure);
        }
    }

    fn settle(&mut self, result: impl Fn() -> RecipientResult) {
        for state in &mut self.states {
            if !matches!(state, State::Settled(_)) {
                *state = State::Settled(result());
            }
        }
    }

    /// The result of a transaction that is over.
    pub(super) fn finish(mut self) -> TransactionResult {
        self.fail(&Failure::Abandoned); // nobody is left, by construction; if not, then it was not sent
        let settled = |state| match state {
            State::Settled(result) => Some(result),
            State::Open | State::Accepted => None,
        };
        TransactionResult {
            token: self.transaction.token,
            dsn: self.dsn,
            recipients: self.states.into_iter().filter_map(settled).collect(),
        }
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        match error {
            PathError::NeedsUtf8 => Self::Utf8Unsupported,
            PathError::Unsendable => Self::AddressUnsendable,
        }
    }
}

fn header(message: &[u8]) -> &[u8] {
    let end = memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    message.get(..end).unwrap_or(message)
}
