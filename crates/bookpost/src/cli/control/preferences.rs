//! What passes over the control socket about preferences.

use serde::{Deserialize, Serialize};
use store::{Actor, PreferenceChange};

use crate::{config::Preference, preferences::Wish};

/// What needs the queue and what the service was started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreferencesRequest {
    /// All of them.
    Show,
    /// A change, all or nothing.
    Change(Wish),
    /// The last change is undone.
    Undo { by: Actor },
    /// What the file and the environment set is put among the preferences.
    Import { by: Actor },
    /// The last changes.
    History { limit: usize },
}

/// All preferences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownPreferences {
    /// To be named by whoever changes what is shown.
    pub version: i64,
    pub preferences: Vec<Preference>,
    /// What works, but is probably not meant.
    pub warnings: Vec<String>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedPreferences {
    /// None: everything was so already.
    pub change: Option<PreferenceChange>,
    /// What works, but is probably not meant.
    pub warnings: Vec<String>,
    /// Where what was imported still stands, and is stronger.
    pub still_set: Vec<Preference>,
}
