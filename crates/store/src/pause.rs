//! A pause of all sending: mail is accepted and waits, and grows no older.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Nothing is sent since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub began_at: Timestamp,
    /// Why.
    pub why: PauseWhy,
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseWhy {
    /// A person wanted it.
    ByPerson,
}
