//! What an answer means: whom it blames and what is done about it.

use serde::{Deserialize, Serialize};

use crate::Reply;

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

/// Why, as a value that is stored and shown in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The address does not exist.
    AddressUnknown,
    /// The recipient's domain does not exist or takes no mail.
    DomainUnknown,
    /// The mailbox is full.
    MailboxFull,
    /// Larger than the server takes.
    TooLarge,
    /// Asked to come back later (greylisting and other 4xx).
    TryLater,
    /// Too many recipients at once.
    TooManyRecipients,
    /// The server refuses this sender.
    SenderRefused,
    /// Refused as spam, or for SPF, DKIM, DMARC.
    Reputation,
    /// Asked to slow down.
    TooFast,
    /// The account's allowance is used up.
    QuotaUsedUp,
    /// Login or password not accepted.
    SignInRefused,
    /// A login is set, but the server offers no sign-in that may be used here.
    SignInImpossible,
    /// The server does not relay for us.
    RelayDenied,
    /// Name not found.
    HostNotFound,
    /// No connection.
    Unreachable,
    /// The server did not answer in time.
    TimedOut,
    /// The connection broke.
    ConnectionLost,
    /// TLS is needed and could not be had.
    TlsUnavailable,
    /// The server's certificate does not prove its identity.
    CertificateRefused,
    /// The server as a whole refuses or cannot serve.
    ServerRefuses,
    /// The server is short of storage.
    ServerFull,
    /// The message needs SMTPUTF8, which the server lacks.
    Utf8Unsupported,
    /// Refused, with no more known.
    Refused,
    /// The answer to the whole message was never read.
    AnswerUnknown,
    /// 100 hours are over.
    Expired,
    /// Three strikes: attempting it broke the program.
    Broke,
    /// Asked for by a person.
    ByPerson,
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

/// Judges a negative reply (4yz or 5yz) that was read in `phase`.
pub fn judge(phase: Phase, reply: &Reply) -> Judgement {
    let _ = (phase, reply);
    Judgement { scope: Scope::Route, action: Action::OpenBreaker, reason: Reason::ServerRefuses }
}
