//! Preferences: what people set while the program runs, by the names that the configuration has.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Actor, Error, OpenError, Store, sqlite};

/// All of them, as they are at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preferences {
    /// Which change was the last; 0: there was none.
    pub version: i64,
    /// Each value as JSON, by its name, such as `server1.host`.
    pub values: BTreeMap<String, String>,
}

/// What somebody changed at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferenceChange {
    /// Rises by one with each.
    pub version: i64,
    /// When.
    pub changed_at: Timestamp,
    /// Who.
    pub changed_by: Actor,
    /// Each value before and after, by its name.
    pub values: BTreeMap<String, Changed>,
}

/// One value before and after, as JSON; `None`: it was not set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Before.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
}

impl PreferenceChange {
    /// The values that undo it.
    pub fn undone(&self) -> BTreeMap<String, Option<String>> {
        self.values.iter().map(|(name, changed)| (name.clone(), changed.before.clone())).collect()
    }
}

/// Preferences.
impl Store {
    /// What is set in the queue in `folder`, if there is one: for whoever must know it before the queue is opened, or while another
    /// process has it open. Makes nothing, and waits for nobody.
    pub fn peek_preferences(folder: &Path) -> Result<Preferences, OpenError> {
        sqlite::peek_preferences(folder)
    }

    /// All that is set.
    pub async fn preferences(&self) -> Result<Preferences, Error> {
        self.db.preferences().await
    }

    /// Sets these values, or takes away those that are `None`, all together. [`Error::Changed`] where somebody else changed something
    /// since `based_on`. Values that are as they were are no change; without any other nothing is put on record, and the last change is given,
    /// if there was one. Each value that changes stands in the log, in the same transaction.
    pub async fn change_preferences(
        &self,
        based_on: i64,
        values: BTreeMap<String, Option<String>>,
        changed_by: Actor,
        now: Timestamp,
    ) -> Result<Option<PreferenceChange>, Error> {
        self.db.change_preferences(based_on, values, changed_by, now).await
    }

    /// When one of these was changed last.
    pub async fn preference_changed_at(&self, names: &[String]) -> Result<Option<Timestamp>, Error> {
        self.db.preference_changed_at(names).await
    }

    /// The last changes, the newest first.
    pub async fn preference_changes(&self, limit: usize) -> Result<Vec<PreferenceChange>, Error> {
        self.db.preference_changes(limit).await
    }
}
