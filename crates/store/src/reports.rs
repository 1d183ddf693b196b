//! Owed return reports.

use jiff::Timestamp;
use mail::Address;
use serde::{Deserialize, Serialize};

use crate::Row;

/// A returned recipient whose report is still owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Where the report goes.
    pub return_address: Address,
    /// When it was returned.
    pub owed_since: Timestamp,
    /// The recipient, with reason, answer and patron.
    pub row: Row,
}
