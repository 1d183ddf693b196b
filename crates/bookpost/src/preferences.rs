//! Email Preferences: what people change while the program runs. All settings are checked together before anything is stored, so that what
//! stands in the queue can always be used.
//!
//! This part knows nothing of pages and commands, and does not send.

pub mod as_seen;
mod do_not_send;
pub(crate) mod in_use;
mod kept;
pub mod logos;
pub mod mail_accounts;
mod old_mail;
pub mod sites;
pub mod tested;

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Actor, PreferenceChange, Store};
use zeroize::Zeroizing;

pub use as_seen::{AsSeen, Written};
pub use do_not_send::DoNotSend;
pub use in_use::{InUse, Why};
pub use old_mail::{at_start, is_old_since};

use crate::{
    config::{
        self, Config, Loaded, Origin, PREFERENCES, Password, Preference, Problem, Problems, Provider,
        SECRETS, Source,
    },
    secrets::{KeyError, SealingKey},
};

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// To have other values.
    Set(Wish),
    /// To have the last change undone.
    Undo {
        /// Who, as people are named.
        by: Actor,
    },
    /// The same, if the last change is the one of this version.
    UndoOf {
        /// Which they have seen.
        version: i64,
        /// Who, as people are named.
        by: Actor,
    },
    /// To have what file and environment set put among the preferences, with the passwords sealed. It still counts where it stood, and
    /// is stronger there, until it is taken out.
    Import {
        /// Who, as people are named.
        by: Actor,
    },
}

/// Other values, all or nothing.
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
    /// So many mails had waited for long while nothing was to be sent: sending is paused, until somebody decides about them.
    pub old: u64,
}

/// Nothing was changed; except where it is said.
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
    #[error("the change is stored, and the running service could not read all of it ({0}): restart Bookpost")]
    HalfHeard(store::Error),
}

/// Carries `change` out, if everything can be used afterwards: `prepare` makes of the new settings what could still fail.
pub async fn change<T>(
    store: &Store,
    source: &Source,
    change: Change,
    dice: &mut (impl CryptoRng + Send),
    prepare: impl FnOnce(&Config) -> anyhow::Result<T>,
    now: Timestamp,
) -> Result<(Changed, T), Refused> {
    let stored = store.preferences().await?;
    let before = source.check(&stored.values);
    let checked = || before.as_ref().map_err(|problems| Refused::Problems(problems.clone()));
    let wanted = match change {
        Change::Undo { by } => {
            let last = store.preference_changes(1).await?.pop().ok_or(Refused::NothingToUndo)?;
            Wanted { based_on: stored.version, values: last.undone(), by }
        }
        Change::UndoOf { version, by } => {
            let last = store.preference_changes(1).await?.pop().ok_or(Refused::NothingToUndo)?;
            Wanted { based_on: version, values: last.undone(), by }
        }
        Change::Set(wish) => {
            let values = as_stored(wish.values, checked()?, dice)?;
            Wanted { based_on: wish.based_on.unwrap_or(stored.version), values, by: wish.by }
        }
        Change::Import { by } => Wanted { based_on: stored.version, values: imported(checked()?, dice)?, by },
    };
    let mut loaded = with(source, before.as_ref().ok(), stored.values, &wanted.values)?;
    let prepared = prepare(&loaded.config).map_err(Refused::Unusable)?;
    let sends = loaded.config.sending.way.sends();
    let is_freed = sends && before.is_ok_and(|before| !before.config.sending.way.sends());
    let old = if is_freed { old_mail::keep_back(store, now).await? } else { 0 };
    let changed = store.change_preferences(wanted.based_on, wanted.values, wanted.by.clone(), now).await;
    if old > 0 {
        match &changed {
            Ok(_) => old_mail::note(store, wanted.by, now).await,
            Err(_) => _ = store.end_pause().await?,
        }
    }
    let change = changed?.filter(|change| change.version > stored.version);
    store.note_nothing_goes(!sends).await?;
    if old > 0 {
        loaded.warnings.push(old_mail::words(old));
    }
    Ok((Changed { loaded, change, old }, prepared))
}

/// The settings as they would be with these values. Nothing is stored.
pub async fn proposed(
    store: &Store,
    source: &Source,
    values: BTreeMap<String, Value>,
    dice: &mut (impl CryptoRng + Send),
) -> Result<Loaded, Refused> {
    let stored = store.preferences().await?;
    let before = source.check(&stored.values).map_err(Refused::Problems)?;
    let values = as_stored(values, &before, dice)?;
    with(source, Some(&before), stored.values, &values)
}

/// Nothing of a secret leaves, sealed though it is.
pub fn masked(mut change: PreferenceChange) -> PreferenceChange {
    let secret = |(name, _): &(&String, &mut store::Changed)| SECRETS.contains(&name.as_str());
    for (_, changed) in change.values.iter_mut().filter(secret) {
        for value in [&mut changed.before, &mut changed.after] {
            *value = value.as_ref().map(|_| "\"(set)\"".to_owned());
        }
    }
    change
}

/// What is stored, with these values, checked as a whole.
fn with(
    source: &Source,
    before: Option<&Loaded>,
    mut all: BTreeMap<String, String>,
    values: &BTreeMap<String, Option<String>>,
) -> Result<Loaded, Refused> {
    for (name, value) in values {
        match value {
            Some(value) => all.insert(name.clone(), value.clone()),
            None => all.remove(name),
        };
    }
    let after = source.check(&all).map_err(Refused::Problems)?;
    let entered = |name: &str| values.get(name).is_some_and(Option::is_some);
    let mut problems =
        before.map(|before| kept::problems(before, &after.config, entered)).unwrap_or_default();
    // What is stored already may be of a later version; what is entered here is not.
    let is_entered = |one: &&Problem| {
        values.keys().filter(|name| entered(name)).any(|name| {
            one.setting
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    problems.extend(after.unknown.iter().filter(is_entered).cloned());
    if problems.is_empty() { Ok(after) } else { Err(Refused::Problems(Problems(problems))) }
}

/// A change as it is stored.
struct Wanted {
    based_on: i64,
    values: BTreeMap<String, Option<String>>,
    by: Actor,
}

/// The preferences that file or environment set.
pub fn elsewhere(loaded: &Loaded) -> impl Iterator<Item = &Preference> {
    let stands = |one: &&Preference| matches!(one.origin, Origin::File(_) | Origin::Environment(_));
    loaded.preferences.iter().filter(stands)
}

/// What the preference is called that is the secret which a provider knows us by.
pub fn secret_of(provider: Provider) -> String {
    format!("{}.client_secret", provider.name())
}

/// The preference with what a sign-in service knows us by.
pub const KEY_OF_SERVICE: &str = "sign_in_service.key";

fn known_secret<'a>(config: &'a Config, name: &str) -> Option<&'a Zeroizing<String>> {
    if name == KEY_OF_SERVICE {
        return config.sign_in_service.as_ref().map(|service| &service.key).filter(|key| !key.is_empty());
    }
    let provider = config.providers.iter().find(|one| name == secret_of(one.provider));
    if let Some(provider) = provider.filter(|one| !one.client_secret.is_empty()) {
        return Some(&provider.client_secret);
    }
    let server = config.sending.servers.iter().find(|server| name == format!("{}.password", server.name))?;
    match &server.login.as_ref()?.password {
        Password::Known(password) => Some(password),
        Password::Lost => None,
    }
}

/// What was wished for, as it is stored.
fn as_stored(
    wished: BTreeMap<String, Value>,
    before: &Loaded,
    dice: &mut impl CryptoRng,
) -> Result<BTreeMap<String, Option<String>>, Refused> {
    let mut values = BTreeMap::new();
    for (name, value) in wished {
        let known = preference(before, &name)?;
        if let Origin::File(place) | Origin::Environment(place) = &known.origin {
            return Err(Refused::SetElsewhere { name, place: place.clone() });
        }
        let value = written(&name, value, &before.config, dice)?;
        values.insert(name, value);
    }
    Ok(values)
}

/// What stands elsewhere, as it is stored.
fn imported(before: &Loaded, dice: &mut impl CryptoRng) -> Result<BTreeMap<String, Option<String>>, Refused> {
    let mut values = BTreeMap::new();
    for Preference { name, value, .. } in elsewhere(before) {
        let value = if SECRETS.contains(&name.as_str()) {
            // Shown is only that there is one.
            let Some(secret) = known_secret(&before.config, name) else { continue };
            Value::from(secret.as_str())
        } else {
            value.clone().unwrap_or_default()
        };
        values.insert(name.clone(), written(name, value, &before.config, dice)?);
    }
    Ok(values)
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
