//! What an answer means: whom it blames and what is done about it.

mod failure;
mod reason;
mod table;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use failure::{CertificateFault, Failure, judge_failure};
pub use reason::Reason;
pub use table::judge;

/// Where in the dialogue something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looking up the name and opening the connection.
    Connect,
    /// The TLS handshake, implicit or after STARTTLS.
    Tls,
    /// The server's first reply.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, up to the final dot; nothing was sent that could be delivered.
    Data,
    /// The reply to the final dot.
    Dot,
}

impl Phase {
    /// Every value.
    pub const ALL: &[Self] = &[
        Self::Connect,
        Self::Tls,
        Self::Greeting,
        Self::Ehlo,
        Self::StartTls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Dot,
    ];

    /// The code under which it is stored; it never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::StartTls => "start_tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Dot => "dot",
        }
    }

    /// The value stored as `code`.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == code)
    }
}

/// Whom an answer blames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The recipient's address or mailbox.
    Recipient,
    /// The message itself.
    Message,
    /// This grouping of recipients in one transaction.
    Transaction,
    /// The address the mail is from.
    Sender,
    /// The sender's reputation, or SPF, DKIM, DMARC.
    Reputation,
    /// How fast we send.
    Rate,
    /// The account's allowance of messages.
    Quota,
    /// Our sign-in, or what the account may do.
    Account,
    /// The way to the server: name, network, TLS, the server as a whole.
    Route,
}

impl Scope {
    /// Every value.
    pub const ALL: &[Self] = &[
        Self::Recipient,
        Self::Message,
        Self::Transaction,
        Self::Sender,
        Self::Reputation,
        Self::Rate,
        Self::Quota,
        Self::Account,
        Self::Route,
    ];

    /// The code under which it is stored; it never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Message => "message",
            Self::Transaction => "transaction",
            Self::Sender => "sender",
            Self::Reputation => "reputation",
            Self::Rate => "rate",
            Self::Quota => "quota",
            Self::Account => "account",
            Self::Route => "route",
        }
    }

    /// The value stored as `code`.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == code)
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The recipient is returned to the sender.
    Return,
    /// Tried again by the schedule.
    Retry,
    /// Tried again at once, in smaller groups.
    Split,
    /// Fewer connections, a short pause, then again; it does not count as the message's fault.
    SlowDown,
    /// The route is paused until its allowance is free again.
    Pause,
    /// The server's breaker opens; mail is kept, an alarm is raised.
    OpenBreaker,
    /// What is from this sender is set aside; an alarm is raised.
    HoldSender,
}

/// The verdict on one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Judgement {
    /// Whom it blames.
    pub scope: Scope,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}
