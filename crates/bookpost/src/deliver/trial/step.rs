//! What a trial tells: each step as it begins and as it ends. The form of the JSON is a promise to scripts and to the page.

use std::net::{IpAddr, SocketAddr};

use mail::Reason;
use serde::Serialize;

use super::{advice::Advice, certificate::Certificate, ports::Port};

/// One step of a trial, in the order in which they are made. With encryption from the start it comes before the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A provider renews the sign-in.
    Renewal,
    /// The server's name is looked up.
    Name,
    /// A connection is made.
    Connection,
    /// The server says who it is.
    Greeting,
    /// TLS, or that there is none.
    Encryption,
    /// The login and its password, or that there is none.
    SignIn,
    /// The test message.
    Message,
    /// Whether a web service has left the test message its Message-ID.
    MessageId,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    pub step: Step,
    #[serde(flatten)]
    pub state: State,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    Started,
    Ok(Found),
    /// The last event of a trial that fails.
    Failed(Box<Fault>),
}

/// What a step has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Found {
    Renewal {
        /// Whose sign-in it is.
        account: String,
    },
    MessageId {
        /// None: that could not be seen.
        message_id_kept: Option<bool>,
    },
    Name {
        addresses: Vec<IpAddr>,
    },
    Connection {
        address: SocketAddr,
        milliseconds: u64,
    },
    Greeting {
        /// The server's own words.
        answer: String,
    },
    Encryption {
        /// None: not encrypted.
        encryption: Option<Encrypted>,
    },
    SignIn {
        /// The mechanism; None: no login is set.
        method: Option<String>,
        /// The server offers a sign-in.
        offered: bool,
    },
    Message {
        /// The server's own words.
        answer: String,
    },
}

/// How a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Encrypted {
    pub how: How,
    /// As in `TLS 1.3`.
    pub version: String,
    /// The server's proof of identity, which was found good; None: it could not be read.
    pub certificate: Option<Certificate>,
}

/// How encryption begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// After a plain greeting.
    StartTls,
    /// With the first byte.
    Tls,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub reason: Reason,
    /// What happened, in a librarian's words.
    pub words: &'static str,
    /// What is to be done: the exact advice where more is known than the reason, else the reason's.
    pub what_to_do: String,
    /// The exact advice, for whoever says it in other words.
    #[serde(skip)]
    pub advice: Option<Advice>,
    /// The server's own words, if it refused.
    pub answer: Option<String>,
    /// What went wrong on our side, if it did not refuse.
    pub detail: Option<String>,
    /// The server asked to come back later.
    pub later: bool,
    /// The server's proof of identity, if it showed one.
    pub certificate: Option<Certificate>,
    /// What was found at its port and at the usual ones, if it was looked for.
    pub ports: Vec<Port>,
    /// What both sides said, without the secrets of the sign-in.
    pub transcript: Vec<String>,
}
