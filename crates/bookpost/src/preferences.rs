//! Email Preferences: what people change while the program runs. All settings are checked together before anything is stored, so that what
//! stands in the queue can always be used.
//!
//! This part knows nothing of pages and commands, and does not send.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Actor, PreferenceChange, Store};
use zeroize::Zeroizing;

use crate::{
    config::{self, Config, Loaded, Origin, PREFERENCES, Password, Preference, Problems, SECRETS, Source},
    secrets::{KeyError, SealingKey},
};

/// What somebody wants to change, all or nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The version that they have seen; None: whatever it is.
    pub based_on: Option<i64>,
    /// By their names; `null` takes a value away, so that the usual one holds. A secret is its text.
    pub values: BTreeMap<String, Value>,
    pub by: Actor,
}

/// Without the values: some may be secrets.
impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wish")
            .field("names", &self.values.keys())
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Changed {
    /// As the settings are from here on.
    pub loaded: Loaded,
    /// None: everything was so already.
    pub change: Option<PreferenceChange>,
}

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("there is no preference `{name}`{}", near.map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    Unknown { name: String, near: Option<&'static str> },
    #[error(
        "`{name}` belongs to the computer that Bookpost runs on: it stands in the configuration file, not among the preferences"
    )]
    OfTheComputer { name: String },
    #[error(
        "`{name}` is set elsewhere ({place}), which is stronger: change it there, or take it out there first"
    )]
    SetElsewhere { name: String, place: String },
    #[error("`{name}` must be a text")]
    NoText { name: String },
    #[error("nothing was changed: {0}")]
    Problems(Problems),
    #[error("{0:#}")]
    Unusable(anyhow::Error),
    #[error("nothing was changed yet, so there is nothing to undo")]
    NothingToUndo,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Changes what `wish` says, if everything can be used afterwards: `prepare` makes of the new settings what could still fail.
pub async fn change<T>(
    store: &Store,
    source: &Source,
    wish: Wish,
    dice: &mut (impl CryptoRng + Send),
    prepare: impl FnOnce(&Config) -> anyhow::Result<T>,
    now: Timestamp,
) -> Result<(Changed, T), Refused> {
    let stored = store.preferences().await?;
    let before = source.check(&stored.values).map_err(Refused::Problems)?;
    let mut values = BTreeMap::new();
    for (name, value) in wish.values {
        let known = preference(&before, &name)?;
        if let Origin::File(place) | Origin::Environment(place) = &known.origin {
            return Err(Refused::SetElsewhere { name, place: place.clone() });
        }
        let value = written(&name, value, &before.config, dice)?;
        values.insert(name, value);
    }
    store_all(store, source, stored, wish.based_on, values, &wish.by, prepare, now).await
}

/// Puts what file and environment set among the preferences, with the passwords sealed. It still counts where it stood, and is stronger
/// there, until it is taken out.
pub async fn import<T>(
    store: &Store,
    source: &Source,
    by: &Actor,
    dice: &mut (impl CryptoRng + Send),
    prepare: impl FnOnce(&Config) -> anyhow::Result<T>,
    now: Timestamp,
) -> Result<(Changed, T), Refused> {
    let stored = store.preferences().await?;
    let loaded = source.check(&stored.values).map_err(Refused::Problems)?;
    let mut values = BTreeMap::new();
    for preference in elsewhere(&loaded) {
        let value = match known_secret(&loaded.config, &preference.name) {
            Some(secret) => Some(Value::from(secret.as_str())),
            None => preference.value.clone(),
        };
        let name = preference.name.clone();
        let value = written(&name, value.unwrap_or_default(), &loaded.config, dice)?;
        values.insert(name, value);
    }
    store_all(store, source, stored, None, values, by, prepare, now).await
}

/// The preferences that file or environment set.
pub fn elsewhere(loaded: &Loaded) -> impl Iterator<Item = &Preference> {
    let stands = |one: &&Preference| matches!(one.origin, Origin::File(_) | Origin::Environment(_));
    loaded.preferences.iter().filter(stands)
}

fn known_secret<'a>(config: &'a Config, name: &str) -> Option<&'a Zeroizing<String>> {
    let server = config.sending.servers.iter().find(|server| name == format!("{}.password", server.name))?;
    match &server.login.as_ref()?.password {
        Password::Known(password) => Some(password),
        Password::Lost => None,
    }
}

/// Undoes the last change.
pub async fn undo<T>(
    store: &Store,
    source: &Source,
    by: &Actor,
    prepare: impl FnOnce(&Config) -> anyhow::Result<T>,
    now: Timestamp,
) -> Result<(Changed, T), Refused> {
    let last = store.preference_changes(1).await?.pop().ok_or(Refused::NothingToUndo)?;
    let stored = store.preferences().await?;
    store_all(store, source, stored, Some(last.version), last.undone(), by, prepare, now).await
}

#[expect(clippy::too_many_arguments, reason = "the one place where a change is made")]
async fn store_all<T>(
    store: &Store,
    source: &Source,
    stored: store::Preferences,
    based_on: Option<i64>,
    values: BTreeMap<String, Option<String>>,
    by: &Actor,
    prepare: impl FnOnce(&Config) -> anyhow::Result<T>,
    now: Timestamp,
) -> Result<(Changed, T), Refused> {
    let mut all = stored.values;
    for (name, value) in &values {
        match value {
            Some(value) => all.insert(name.clone(), value.clone()),
            None => all.remove(name),
        };
    }
    let loaded = source.check(&all).map_err(Refused::Problems)?;
    let prepared = prepare(&loaded.config).map_err(Refused::Unusable)?;
    let based_on = based_on.unwrap_or(stored.version);
    let change = store.change_preferences(based_on, values, by.clone(), now).await?;
    let change = change.filter(|change| change.version > stored.version);
    Ok((Changed { loaded, change }, prepared))
}

fn preference<'a>(loaded: &'a Loaded, name: &str) -> Result<&'a Preference, Refused> {
    let found = loaded.preferences.iter().find(|preference| preference.name == name);
    found.ok_or_else(|| {
        let name = name.to_owned();
        if loaded.known.contains(&name) {
            return Refused::OfTheComputer { name };
        }
        let likeness = |known: &&str| strsim::jaro_winkler(&name, known);
        let near = PREFERENCES.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        Refused::Unknown { near: near.filter(|near| likeness(near) > 0.85), name }
    })
}

/// The value as it is stored: JSON, and a secret sealed.
fn written(
    name: &str,
    value: Value,
    config: &Config,
    dice: &mut impl CryptoRng,
) -> Result<Option<String>, Refused> {
    if value.is_null() {
        return Ok(None);
    }
    if !SECRETS.contains(&name) {
        return Ok(Some(value.to_string()));
    }
    let Value::String(secret) = value else { return Err(Refused::NoText { name: name.to_owned() }) };
    let secret = Zeroizing::new(secret);
    let (key, _) = SealingKey::get(&config.sealing_key, dice)?;
    Ok(Some(config::sealed(name, &secret, &key, dice)))
}

#[cfg(test)]
mod tests;
