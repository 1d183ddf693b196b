//! Preferences that change while the program runs.

use crate::{
    app::{App, secret_dice, upstreams},
    config::Source,
    preferences::{self, Change, Changed, Refused},
};

impl App {
    /// Changes preferences; when this returns, they hold.
    pub async fn change_preferences(&self, change: Change) -> Result<Changed, Refused> {
        let _alone = self.changing.lock().await;
        let _sealing = self.sealing.read().await;
        let (source, now) = (self.source()?, self.clock.now());
        let (changed, upstreams) =
            preferences::change(&self.store, source, change, &mut secret_dice(), upstreams, now).await?;
        self.settings.replace(changed.loaded.config.clone());
        self.worker.reroute(upstreams).await;
        let heard = self.applications.set_sites(&self.settings.now().sites, &self.store).await;
        heard.map_err(Refused::HalfHeard)?;
        self.look_for_lost_secrets().await;
        Ok(changed)
    }

    /// What the settings are made of, beside the preferences.
    pub(crate) fn source(&self) -> Result<&Source, Refused> {
        let why = "Bookpost was started with fixed settings";
        self.source.as_ref().ok_or_else(|| Refused::Unusable(anyhow::anyhow!(why)))
    }
}
