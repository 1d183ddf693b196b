//! Secrets that the key does not open. All else goes on without them; a person hears which they are, each by an alarm of its own that ends
//! when it was entered again.

use std::{collections::BTreeSet, sync::Arc};

use store::{AlarmKind, SealedKind, Store};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{App, secret_dice};
use crate::{
    alarms::Alarms,
    config::{Settings, Source},
    preferences,
    secrets::{self, KeySource, Lost, SealingKey},
};

/// Most alarms that are looked through.
const ALARMS: usize = 500;

/// At a start: a change of keys that broke off is ended. Where that cannot be, what is sealed stays so, and all else goes on.
pub(super) async fn begin(
    store: &Store,
    key: &KeySource,
    source: Option<&Source>,
    alarms: &Alarms,
) -> Result<(), store::Error> {
    if let Err(error) = secrets::finish(store, key, &mut secret_dice()).await {
        tracing::error!(%error, "a change of the key that seals secrets could not be ended");
    }
    look(store, key, source, alarms).await
}

impl App {
    /// At a first start the key is made, so that it can be copied to a safe place with the rest. Not where something is sealed already: then
    /// it is missing, and is made anew for what is entered again only.
    pub(crate) async fn make_key(&self) {
        let key = &self.settings.now().sealing_key;
        match secrets::lost(&self.store, key).await {
            Ok(lost) if lost.is_empty() => {}
            Ok(_) => return,
            Err(error) => return tracing::error!(%error, "it cannot be looked whether a key is missing"),
        }
        match (SealingKey::get(key, &mut secret_dice()), key.file()) {
            (Ok((_, true)), Some(file)) => {
                tracing::info!(file = %file.display(), "the key that seals secrets is made: copy this file to a safe place");
            }
            (Ok(_), _) => {}
            (Err(error), _) => tracing::warn!(%error, "there is no key to seal secrets with"),
        }
    }
}

/// What the key does not open and is wanted: a password that stands in the file or the environment too is not.
pub(crate) async fn lost(
    store: &Store,
    key: &KeySource,
    source: Option<&Source>,
) -> Result<Vec<Lost>, store::Error> {
    let mut lost = secrets::lost(store, key).await?;
    if let Some(source) = source.filter(|_| lost.iter().any(|one| one.kind == SealedKind::Preference))
        && let Ok(loaded) = source.check(&store.preferences().await?.values)
    {
        let elsewhere: BTreeSet<_> = preferences::elsewhere(&loaded).map(|one| one.name.as_str()).collect();
        lost.retain(|one| one.kind != SealedKind::Preference || !elsewhere.contains(one.about.as_str()));
    }
    Ok(lost)
}

/// Where secrets are sealed, while the program runs. All clones are the same.
#[derive(Clone)]
pub(crate) struct Sealing {
    store: Store,
    settings: Settings,
    source: Option<Arc<Source>>,
    alarms: Alarms,
    /// Held by whoever seals a secret and stores it, and alone by whoever changes the key meanwhile.
    gate: Arc<RwLock<()>>,
}

impl Sealing {
    pub(super) fn new(
        store: &Store,
        settings: &Settings,
        source: Option<&Arc<Source>>,
        alarms: &Alarms,
    ) -> Self {
        let (store, settings, source) = (store.clone(), settings.clone(), source.cloned());
        Self { store, settings, source, alarms: alarms.clone(), gate: Arc::default() }
    }

    /// The key stays as it is, as long as this is held.
    pub(crate) async fn with_key(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// Nobody seals anything, as long as this is held.
    pub(crate) async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// What settings are made of beside the preferences.
    pub(crate) fn source(&self) -> Option<&Source> {
        self.source.as_deref()
    }

    /// A person who has seen to it hears so.
    pub(crate) async fn look(&self) {
        let key = &self.settings.now().sealing_key;
        if let Err(error) = look(&self.store, key, self.source(), &self.alarms).await {
            tracing::error!(%error, "it cannot be looked whether the key opens all secrets");
        }
    }
}

/// Raises the alarms, and ends those that are over.
async fn look(
    store: &Store,
    key: &KeySource,
    source: Option<&Source>,
    alarms: &Alarms,
) -> Result<(), store::Error> {
    let lost = lost(store, key, source).await?;
    for one in &lost {
        alarms.raise(AlarmKind::SecretsLost, &one.subject(), words(key, one));
    }
    let open = store.alarms(true, ALARMS).await?.into_iter();
    for alarm in open.filter(|alarm| alarm.kind == AlarmKind::SecretsLost) {
        if lost.iter().all(|one| one.subject() != alarm.subject) {
            alarms.clear(alarm.kind, &alarm.subject);
        }
    }
    Ok(())
}

fn words(key: &KeySource, lost: &Lost) -> String {
    let place = key.file().map_or("the settings".to_owned(), |file| file.display().to_string());
    format!(
        "Bookpost cannot open {}: the key that seals secrets is missing or another. Everything else goes on. Put the right key back ({place}) and start Bookpost again, or {}",
        lost.what(),
        lost.help()
    )
}
