//! What the server asks of whoever drives it.

use std::fmt;

use bytes::Bytes;

use crate::{Recipient, ReversePath, envelope::Ret, smtp::sasl::Login};

/// What is to be done now. Those from [`Wish::SignIn`] to [`Wish::Message`] are questions: answer before anything else.
#[derive(Clone, PartialEq, Eq)]
pub enum Wish {
    /// Write these, and flush.
    Write(Bytes),
    /// Do the TLS handshake, then call `tls_established`.
    StartTls,
    /// Is the password right?
    SignIn(Login),
    /// Is mail taken from this sender now?
    Mail(Mail),
    /// Is this recipient taken?
    Recipient(Recipient),
    /// Is there room for the content of one more message?
    Content,
    /// Is this message taken? A positive answer is a promise, and it goes out as soon as it is given.
    Message(Transaction),
    /// The connection is over; close it. Nothing follows.
    Close,
}

/// What MAIL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Where reports go.
    pub reverse_path: ReversePath,
    /// `SIZE=`: octets that the client expects to send.
    pub size: Option<usize>,
    /// `BODY=8BITMIME`
    pub eight_bit: bool,
    /// `SMTPUTF8`
    pub smtputf8: bool,
    /// `RET=`
    pub ret: Option<Ret>,
    /// `ENVID=`, the xtext as it was given.
    pub envelope_id: Option<String>,
}

/// One whole message with its envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Transaction {
    /// What MAIL said.
    pub mail: Mail,
    /// Those that were accepted, at least one.
    pub recipients: Vec<Recipient>,
    /// The message as it is meant: without the dots of the wire. Every CR and LF in it is half of a CRLF, and there is no NUL.
    pub content: Bytes,
}

impl fmt::Debug for Transaction {
    /// Without people and what is written to them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("recipients", &self.recipients.len())
            .field("octets", &self.content.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write({} octets)", bytes.len()),
            Self::StartTls => f.write_str("StartTls"),
            Self::SignIn(login) => login.fmt(f),
            Self::Mail(mail) => mail.fmt(f),
            Self::Recipient(recipient) => recipient.fmt(f),
            Self::Content => f.write_str("Content"),
            Self::Message(transaction) => transaction.fmt(f),
            Self::Close => f.write_str("Close"),
        }
    }
}
