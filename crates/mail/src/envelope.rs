//! The envelope of a message (RFC 5321 section 2.3.1) with its DSN parameters (RFC 3461).

use serde::{Deserialize, Serialize};

use crate::Address;

/// Where reports about a message go: an address, or nowhere (`<>`), which is a case of its own so that nobody forgets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversePath {
    /// `<>`: the message is itself a report; a failure of it is reported to nobody.
    Null,
    /// Reports go here.
    Address(Address),
}

impl ReversePath {
    /// The address, if there is one.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }
}

/// When the sender wants to hear of a recipient (RFC 3461 section 4.1). No `Notify` at all means failure and delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Notify {
    /// `NOTIFY=NEVER`.
    Never,
    /// Any of SUCCESS, FAILURE, DELAY; at least one is set.
    On {
        /// `SUCCESS`
        success: bool,
        /// `FAILURE`
        failure: bool,
        /// `DELAY`
        delay: bool,
    },
}

/// How much of the message a report brings back (RFC 3461 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ret {
    /// `RET=FULL`
    Full,
    /// `RET=HDRS`
    Headers,
}

/// One recipient with its DSN parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// Forward path.
    pub address: Address,
    /// `NOTIFY=`
    pub notify: Option<Notify>,
    /// `ORCPT=`, as xtext with its type (`rfc822;...`), exactly as it was handed in.
    pub original: Option<String>,
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self { address, notify: None, original: None }
    }
}

/// Who a message is from and for. It has at least one recipient, by construction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Where reports go.
    pub reverse_path: ReversePath,
    recipients: Vec<Recipient>,
    /// `RET=`
    pub ret: Option<Ret>,
    /// `ENVID=`, as xtext.
    pub envelope_id: Option<String>,
}

/// An envelope needs a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message needs at least one recipient")]
pub struct NoRecipient;

impl Envelope {
    /// An envelope for `recipients`, of which there is at least one.
    pub fn new(reverse_path: ReversePath, recipients: Vec<Recipient>) -> Result<Self, NoRecipient> {
        if recipients.is_empty() {
            return Err(NoRecipient);
        }
        Ok(Self { reverse_path, recipients, ret: None, envelope_id: None })
    }

    /// An envelope for one address.
    pub fn to_one(reverse_path: ReversePath, address: Address) -> Self {
        Self { reverse_path, recipients: vec![address.into()], ret: None, envelope_id: None }
    }

    /// The recipients, at least one.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }
}
