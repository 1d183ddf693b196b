//! What passes over the control socket about single mails and runs that a person has an eye on.

use mail::Address;
use serde::{Deserialize, Serialize};
use store::{MessageId, Moved, RunId};

use crate::app::{notice_run::Goes, text::As};

/// A notice goes out once more, to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendAgain {
    pub message: MessageId,
    /// To whom it went first, where it went to several.
    pub of: Option<Address>,
    pub to: Address,
    /// It goes, whatever a newer export says.
    pub still_right: bool,
}

/// It was sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAgain {
    /// The new one.
    pub message: MessageId,
    pub to: Address,
    pub goes: Goes,
}

/// A few notices of an export went to somebody of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentSamples {
    pub sent: usize,
    pub to: Address,
    /// To the practice mailbox: nobody receives them.
    pub practice: bool,
}

/// A run ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedRun {
    pub run: RunId,
    /// What became of its mail: what could be moved is not sent.
    pub mail: Moved,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownText {
    pub message: MessageId,
    pub shown: As,
    pub text: String,
    /// It goes on, and that is not shown.
    pub cut: bool,
}
