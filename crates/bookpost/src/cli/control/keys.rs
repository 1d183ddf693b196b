//! What passes over the control socket about the key that seals secrets. The key itself never does.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::secrets::Lost;

/// What needs the queue and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysRequest {
    /// Where it is, and what it opens.
    Show,
    /// A new one, with which everything is sealed anew.
    Rotate,
}

/// Where the key is, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownKeys {
    /// None: the settings give it.
    pub file: Option<PathBuf>,
    /// There is one.
    pub is_there: bool,
    /// Secrets that are sealed.
    pub sealed: u64,
    /// Those that it does not open.
    pub lost: Vec<Lost>,
}

/// What a new key came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// Secrets that are sealed with it.
    pub resealed: u64,
    /// Those that it does not open.
    pub lost: Vec<Lost>,
}
