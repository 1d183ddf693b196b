//! What the client asks of whoever drives it, and what it reports.

use std::fmt;

use bytes::Bytes;

use crate::{Phase, Reply, message::Unconvertible, reply::ReplyError};

/// What is to be done now.
#[derive(PartialEq, Eq)]
pub enum Wish {
    /// Write these, in order, and flush. Go on reading while writing: a long group has many answers.
    Write(Vec<Bytes>),
    /// Do the TLS handshake, then call `tls_established`.
    StartTls,
    /// Make the mark "transmission begun" durable for the transaction with this token, then call `release`.
    Mark(u64),
    /// A transaction is over.
    Finished(TransactionResult),
    /// The connection is over; close it. Nothing follows but results of what is begun in spite of that.
    Closed(Ending),
}

impl fmt::Debug for Wish {
    /// Without what is written: it may hold a password, and it holds patrons' mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(pieces) => {
                write!(f, "Write({} octets)", pieces.iter().map(Bytes::len).sum::<usize>())
            }
            Self::StartTls => f.write_str("StartTls"),
            Self::Mark(token) => write!(f, "Mark({token})"),
            Self::Finished(result) => result.fmt(f),
            Self::Closed(ending) => ending.fmt(f),
        }
    }
}

/// What became of each recipient, in the order of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionResult {
    /// As given with the transaction.
    pub token: u64,
    /// The server offers DSN: it was told what the sender wants to hear, and reports what it delivers.
    pub dsn: bool,
    /// One for each recipient.
    pub recipients: Vec<RecipientResult>,
}

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// The server has taken responsibility with this reply.
    Delivered(Reply),
    /// The server has refused, for now (4yz) or for good (5yz).
    Refused {
        /// Where.
        phase: Phase,
        /// With what.
        reply: Reply,
    },
    /// Certainly not sent: the last byte of the message was never written.
    Failed {
        /// Where.
        phase: Phase,
        /// Why.
        failure: Failure,
    },
    /// In doubt: the whole message was written, and the answer is not known.
    Unknown {
        /// Why.
        failure: Failure,
    },
}

/// Why the connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It was asked for.
    Quit,
    /// The server wants no more of us: a negative reply before mail could pass, or 421 at any time.
    Refused {
        /// Where.
        phase: Phase,
        /// With what.
        reply: Reply,
    },
    /// It cannot go on.
    Failed {
        /// Where.
        phase: Phase,
        /// Why.
        failure: Failure,
    },
}

/// What went wrong other than by a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Failure {
    /// The connection broke, or the server closed it.
    #[error("the connection broke")]
    ConnectionLost,
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The TLS handshake failed, other than for the certificate.
    #[error("the TLS handshake failed")]
    TlsFailed,
    /// The certificate does not prove the server's identity.
    #[error("the server's certificate does not prove its identity")]
    CertificateRefused,
    /// TLS is required and not offered.
    #[error("the server offers no TLS")]
    TlsUnavailable,
    /// A login is set, but there is no sign-in that may be used here.
    #[error("a login is set, but the server offers no sign-in that may be used on this connection")]
    SignInImpossible,
    /// The server breaks the protocol.
    #[error("the server breaks the protocol: {0}")]
    Protocol(Violation),
    /// Larger than the server takes; not tried.
    #[error("the server takes messages up to {limit} octets")]
    TooLarge {
        /// Octets, as the server announces.
        limit: u64,
    },
    /// An address needs SMTPUTF8, which is not offered; not tried.
    #[error("the server does not offer SMTPUTF8, which the address needs")]
    Utf8Unsupported,
    /// The header needs SMTPUTF8, which is not offered; not tried.
    #[error("the server does not offer SMTPUTF8, which the header of the message needs")]
    HeaderUtf8Unsupported,
    /// The message needs 8BITMIME, which is not offered, and must stay as it is; not tried.
    #[error("the server does not offer 8BITMIME, and the message cannot be re-encoded: {0}")]
    EightBitUnsupported(Unconvertible),
    /// The address cannot stand in a command.
    #[error("the address cannot be put into a command")]
    AddressUnsendable,
    /// Who gets it is not for an envelope to say there, and the header of the message names others; not tried.
    #[error("the header of the message names other people than those it is for")]
    NamesOthers,
    /// The header names others who are to get it too, but not now: they have had it, or a person decides about them; not tried.
    #[error("only some of the people whom the message names are to get it now")]
    OnlySome,
    /// One of several addresses is not taken, and the answer does not say which; nobody gets it.
    #[error("one of the addresses of the message is not taken, and the answer does not say which")]
    OneOfThem,
    /// The answer says neither that the message was taken nor that it was not.
    #[error("the answer {0} does not say whether the message was taken")]
    Undecided(u16),
    /// Given up by whoever began it.
    #[error("given up")]
    Abandoned,
    /// Begun when the connection could take no transaction.
    #[error("the connection took no more transactions")]
    NotReady,
}

/// How the server broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Violation {
    /// Not a reply.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// A reply that cannot answer the command.
    #[error("the reply {0} does not answer the command")]
    Misplaced(u16),
    /// A reply that nobody asked for.
    #[error("an unasked reply {0}")]
    Unasked(u16),
    /// Bytes between the answer to STARTTLS and the handshake (RFC 3207 section 4.2: somebody may have put them there).
    #[error("bytes before the TLS handshake")]
    Injected,
    /// Not an answer of a web server, where mail is handed to one.
    #[error("not an answer of a web server")]
    NotHttp,
    /// RCPT was accepted in a transaction that was refused, and then DATA.
    #[error("a refused transaction goes on")]
    Undead,
}
