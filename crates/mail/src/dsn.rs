//! Delivery status notifications: what became of a message, as a value (RFC 3464, RFC 6522, RFC 6533).
//!
//! [`Report`] is what the `message/delivery-status` part says. [`Report::write`] makes that part, [`read()`] finds and reads it
//! in a whole bounce. [`ReturnReport`] and [`Digest`] are the mails in which Bookpost tells a library what came back.
//!
//! This part decides nothing: whether a report is owed, to whom, and with which envelope (the null reverse-path) is the
//! caller's.

mod csv;
mod digest;
mod fields;
mod letter;
mod mime;
mod read;
mod relayed;
mod write;

use jiff::Timestamp;

pub use digest::{Digest, DigestEntry};
pub use letter::{Mailbox, Original, ReturnReport, Returned, ReturnedMessage};
pub use read::{NotAReport, original_from_parameter, read, read_status};
pub use relayed::{RelayReport, Relayed};

use crate::{Address, EnhancedStatusCode};

/// What one mail system reports of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The host that tried to deliver. Required by RFC 3464 section 2.2.2, and yet not in every bounce.
    pub reporting_mta: Option<String>,
    /// When that host got the message.
    pub arrival_date: Option<Timestamp>,
    /// The envelope id that the sender gave (`ENVID`).
    pub envelope_id: Option<String>,
    /// At least one, if it was [`read()`].
    pub recipients: Vec<RecipientReport>,
}

/// What became of one recipient (RFC 3464 section 2.3). Instants are kept to the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReport {
    /// The address as the reporting host had it in the end.
    pub final_recipient: Address,
    /// The address as the sender wrote it, where that is known.
    pub original_recipient: Option<Address>,
    /// What happened.
    pub action: Action,
    /// Why, as a code.
    pub status: EnhancedStatusCode,
    /// The host that gave the answer, as the report names it.
    pub remote_mta: Option<String>,
    /// The answer's words, on one line.
    pub diagnostic: Option<String>,
    /// When it was last tried.
    pub last_attempt: Option<Timestamp>,
    /// Until when it will be tried (of a delay).
    pub will_retry_until: Option<Timestamp>,
}

/// What happened to a recipient (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Given up.
    Failed,
    /// Still being tried: no bounce.
    Delayed,
    /// In the mailbox.
    Delivered,
    /// Handed to a system that will not report.
    Relayed,
    /// Handed to several addresses.
    Expanded,
}

impl Action {
    /// The word of RFC 3464.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

impl Report {
    /// The recipients that were given up. A delay is none: whoever takes it for a bounce writes off a good address.
    pub fn failed(&self) -> impl Iterator<Item = &RecipientReport> {
        self.recipients.iter().filter(|recipient| recipient.gave_up())
    }
}

impl RecipientReport {
    /// Whether it will not be tried again. OpenSMTPD (seen in 6.8) calls a message that it drops for its age `delayed`, with
    /// the code of expiry; systems that use that code of a real delay say until when they will try.
    pub fn gave_up(&self) -> bool {
        let expired =
            matches!(self.status, EnhancedStatusCode(4 | 5, 4, 7)) && self.will_retry_until.is_none();
        self.action == Action::Failed || (self.action == Action::Delayed && expired)
    }

    /// The status, or what the answer's words say if the status says nothing: Exim writes `5.0.0` whatever the reason was.
    pub fn precise_status(&self) -> EnhancedStatusCode {
        let told = self.diagnostic.as_deref().and_then(read::code_in_words);
        match (self.status, told) {
            (EnhancedStatusCode(class, 0, 0), Some(precise)) if precise.0 == class => precise,
            (status, _) => status,
        }
    }
}

#[cfg(test)]
mod tests;
