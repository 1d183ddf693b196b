//! Preferences: what people set while the program runs, by the names that the configuration has.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Actor, Deed, Error, NewAudit, OpenError, Server, Store,
    codes::of_json,
    postgres,
    rows::{Columns, at},
    sealed, sqlite,
};

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

    /// The same of a queue on a server.
    pub async fn peek_server_preferences(server: &Server) -> Result<Preferences, OpenError> {
        postgres::peek_preferences(server).await
    }

    /// All that is set.
    pub async fn preferences(&self) -> Result<Preferences, Error> {
        ask!(self.db.preferences().await)
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
        ask!(self.db.change_preferences(based_on, values, changed_by, now).await)
    }

    /// When one of these was changed last.
    pub async fn preference_changed_at(&self, names: &[String]) -> Result<Option<Timestamp>, Error> {
        ask!(self.db.preference_changed_at(names).await)
    }

    /// The last changes, the newest first.
    pub async fn preference_changes(&self, limit: usize) -> Result<Vec<PreferenceChange>, Error> {
        ask!(self.db.preference_changes(limit).await)
    }
}

/// From `version, changed_at, changed_by, changed`; none if it cannot be decoded: the values themselves stand apart.
pub(crate) fn decode(row: &impl Columns) -> Result<Option<PreferenceChange>, Error> {
    let values = of_json(row.text(3)?);
    let (Some(changed_at), Some(values)) = (at(row, 1)?, values) else { return Ok(None) };
    let changed_by = of_json(row.text(2)?).unwrap_or(Actor::CommandLine);
    Ok(Some(PreferenceChange { version: row.id(0)?, changed_at, changed_by, values }))
}

/// One changed value, for the log.
pub(crate) fn line(who: &Actor, name: &str, (before, after): (Option<&str>, Option<&str>)) -> NewAudit {
    NewAudit {
        who: who.clone(),
        what: Deed::PreferenceChanged,
        about: name.to_owned(),
        old: before.map(in_the_log),
        new: after.map(in_the_log),
    }
}

/// A text without its quotes; of a sealed secret only that there is one.
fn in_the_log(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ if sealed::of_json(json).is_some() => "(a secret)".to_owned(),
        _ => json.to_owned(),
    }
}
