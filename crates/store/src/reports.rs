//! Owed return reports.

use jiff::Timestamp;
use mail::{Address, envelope::Ret};
use serde::{Deserialize, Serialize};

use crate::Row;

/// A return address to which reports are owed, on practice mail or on real mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owing {
    /// Where the reports go.
    pub return_address: Address,
    /// On practice mail.
    pub practice: bool,
    /// How many recipients they are about.
    pub count: u64,
    /// When the first of these was returned or relayed.
    pub owed_since: Timestamp,
}

/// A recipient whose report is still owed: it was returned, or its message was relayed ([`crate::Verdict::Relayed`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// When it was returned or relayed.
    pub owed_since: Timestamp,
    /// When it was first attempted; `None`: never.
    pub first_attempt_at: Option<Timestamp>,
    /// When the last attempt ended.
    pub last_attempt_at: Option<Timestamp>,
    /// The envelope id that the sender gave, as xtext.
    pub envelope_id: Option<String>,
    /// How much of the message the sender wants back.
    pub ret: Option<Ret>,
    /// The notice run it belongs to.
    pub run: Option<RunName>,
    /// The recipient, with reason, answer and patron.
    pub row: Row,
}

/// What people know a notice run by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunName {
    /// Which notice (`overdue-items`).
    pub notice: String,
    /// The file it came from.
    pub source: String,
    /// When it began.
    pub started_at: Timestamp,
}
