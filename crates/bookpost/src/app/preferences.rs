//! Preferences that change while the program runs.

use store::Actor;

use crate::{
    app::{App, secret_dice, upstreams},
    config::Config,
    preferences::{self, Changed, Refused, Wish},
    queue::route::Upstream,
};

impl App {
    /// Changes preferences; when this returns, they hold.
    pub async fn change_preferences(&self, wish: Wish) -> Result<Changed, Refused> {
        let _alone = self.changing.lock().await;
        let (source, now) = (self.source()?, self.clock.now());
        let (changed, upstreams) =
            preferences::change(&self.store, source, wish, &mut secret_dice(), upstreams, now).await?;
        self.hold_to(changed.loaded.config.clone(), upstreams).await?;
        Ok(changed)
    }

    /// Puts what file and environment set among the preferences.
    pub async fn import_preferences(&self, by: &Actor) -> Result<Changed, Refused> {
        let _alone = self.changing.lock().await;
        let (source, now) = (self.source()?, self.clock.now());
        let mut dice = secret_dice();
        let (changed, upstreams) =
            preferences::import(&self.store, source, by, &mut dice, upstreams, now).await?;
        self.hold_to(changed.loaded.config.clone(), upstreams).await?;
        Ok(changed)
    }

    /// Undoes the last change; when this returns, it is undone.
    pub async fn undo_preferences(&self, by: &Actor) -> Result<Changed, Refused> {
        let _alone = self.changing.lock().await;
        let (source, now) = (self.source()?, self.clock.now());
        let (changed, upstreams) = preferences::undo(&self.store, source, by, upstreams, now).await?;
        self.hold_to(changed.loaded.config.clone(), upstreams).await?;
        Ok(changed)
    }

    fn source(&self) -> Result<&crate::config::Source, Refused> {
        let why = "Bookpost was started with fixed settings";
        self.source.as_ref().ok_or_else(|| Refused::Unusable(anyhow::anyhow!(why)))
    }

    async fn hold_to(&self, config: Config, upstreams: Vec<Upstream>) -> Result<(), store::Error> {
        self.settings.replace(config);
        self.worker.reroute(upstreams).await;
        self.applications.set_sites(&self.settings.now().sites, &self.store).await
    }
}
