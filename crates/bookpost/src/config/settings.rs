//! The settings as they are at this moment.

use std::sync::Arc;

use tokio::sync::watch;

use super::Config;

/// The configuration that holds now. It is replaced as a whole when preferences change; what a part took out before stays as it was. All
/// clones are the same.
#[derive(Debug, Clone)]
pub struct Settings(Arc<watch::Sender<Arc<Config>>>);

impl Settings {
    pub fn new(config: Config) -> Self {
        Self(Arc::new(watch::channel(Arc::new(config)).0))
    }

    /// As they are now; not to be kept for long.
    pub fn now(&self) -> Arc<Config> {
        Arc::clone(&self.0.borrow())
    }

    /// Others hold from here on.
    pub fn replace(&self, config: Config) {
        self.0.send_replace(Arc::new(config));
    }
}
