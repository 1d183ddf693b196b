//! Preferences that change while the program runs.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use mail::clock::Clock;
use serde_json::Value;
use store::Store;
use tokio::sync::Mutex;

use crate::{
    app::{App, lost_secrets::Sealing, secret_dice, upstreams},
    config::{Loaded, Server, Settings, Source},
    identity::Applications,
    preferences::{self, Change, Changed, InUse, Refused},
    queue::worker::Handle,
};

/// The way by which commands and pages change preferences. All clones are the same.
#[derive(Clone)]
pub struct Preferences {
    store: Store,
    clock: Arc<dyn Clock>,
    /// Has what settings are made of beside the preferences; None: they are fixed.
    sealing: Sealing,
    settings: Settings,
    worker: Handle,
    applications: Applications,
    shared: Arc<Shared>,
}

struct Shared {
    started_at: Timestamp,
    /// Held by whoever changes them.
    changing: Mutex<()>,
    /// Which hold here.
    version: AtomicI64,
}

/// The preferences as they stand.
#[derive(Debug)]
pub struct Standing {
    /// As they are stored; their version is to be named by whoever changes what they have seen.
    pub stored: store::Preferences,
    /// With what file and environment say.
    pub loaded: Loaded,
}

impl Preferences {
    pub(super) fn new(
        store: &Store,
        clock: &Arc<dyn Clock>,
        sealing: &Sealing,
        settings: &Settings,
        (worker, applications): (&Handle, &Applications),
        version: i64,
    ) -> Self {
        Self {
            store: store.clone(),
            clock: Arc::clone(clock),
            sealing: sealing.clone(),
            settings: settings.clone(),
            worker: worker.clone(),
            applications: applications.clone(),
            shared: Arc::new(Shared {
                started_at: clock.now(),
                changing: Mutex::default(),
                version: version.into(),
            }),
        }
    }

    /// Changes them; when this returns, they hold. Once begun it comes to its end, though whoever asked goes away.
    pub async fn change(&self, change: Change) -> Result<Changed, Refused> {
        let preferences = self.clone();
        let changed = tokio::spawn(async move { preferences.to_the_end(change).await }).await;
        changed.unwrap_or_else(|error| Err(Refused::Unusable(error.into())))
    }

    async fn to_the_end(&self, change: Change) -> Result<Changed, Refused> {
        let _alone = self.shared.changing.lock().await;
        let _sealing = self.sealing.with_key().await;
        // Where old mail waits, sending is paused by the change.
        let pausing = self.worker.pausing.lock().await;
        let (source, now) = (self.source()?, self.clock.now());
        let (changed, upstreams) =
            preferences::change(&self.store, source, change, &mut secret_dice(), upstreams, now).await?;
        self.settings.replace(changed.loaded.config.clone());
        if let Some(change) = &changed.change {
            self.shared.version.store(change.version, Ordering::Release);
        }
        if changed.old > 0 {
            self.worker.pause(true).await;
        }
        drop(pausing);
        self.worker.reroute(upstreams).await;
        let heard = self.applications.set_sites(&self.settings.now().sites, &self.store).await;
        heard.map_err(Refused::HalfHeard)?;
        self.sealing.look().await;
        Ok(changed)
    }

    /// Has them hold as they stand in the queue, where they were changed at another machine.
    pub(super) async fn read_again(&self) -> Result<(), store::Error> {
        let Some(source) = self.sealing.source() else { return Ok(()) };
        let _alone = self.shared.changing.lock().await;
        let stored = self.store.preferences().await?;
        if stored.version == self.shared.version.load(Ordering::Acquire) {
            return Ok(());
        }
        let read = source.check(&stored.values).map_err(anyhow::Error::from);
        match read.and_then(|loaded| Ok((upstreams(&loaded.config)?, loaded))) {
            Ok((upstreams, loaded)) => {
                self.settings.replace(loaded.config);
                self.worker.reroute(upstreams).await;
                self.applications.set_sites(&self.settings.now().sites, &self.store).await?;
                self.sealing.look().await;
                tracing::info!(
                    version = stored.version,
                    "preferences that were changed at another machine hold here"
                );
            }
            // What this machine's file says does not go with them: a person sees to it, and then it is read anew.
            Err(error) => {
                tracing::error!(%error, "preferences that were changed at another machine cannot be used here");
            }
        }
        self.shared.version.store(stored.version, Ordering::Release);
        Ok(())
    }

    /// As they are now.
    pub async fn now(&self) -> Result<Standing, Refused> {
        let stored = self.store.preferences().await?;
        Ok(Standing { loaded: self.of(&stored.values)?, stored })
    }

    /// Since when mail goes out by the first server, which takes mail now.
    pub async fn first_in_use(&self, server: &Server) -> Result<InUse, Refused> {
        let loaded = self.now().await?.loaded;
        Ok(InUse::first(&self.store, &loaded, server, self.shared.started_at).await?)
    }

    /// The settings with these preferences, as they are stored.
    pub fn of(&self, values: &BTreeMap<String, String>) -> Result<Loaded, Refused> {
        self.source()?.check(values).map_err(Refused::Problems)
    }

    /// The settings as they would be with these values, which are not stored.
    pub async fn proposed(&self, values: BTreeMap<String, Value>) -> Result<Loaded, Refused> {
        preferences::proposed(&self.store, self.source()?, values, &mut secret_dice()).await
    }

    /// What the settings are made of, beside the preferences.
    pub(crate) fn source(&self) -> Result<&Source, Refused> {
        let why = "Bookpost was started with fixed settings";
        self.sealing.source().ok_or_else(|| Refused::Unusable(anyhow::anyhow!(why)))
    }
}

impl App {
    /// Changes preferences; when this returns, they hold.
    pub async fn change_preferences(&self, change: Change) -> Result<Changed, Refused> {
        self.preferences.change(change).await
    }
}
