//! What becomes of mail where a sign-in is ended.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::{Error, Store};

use crate::config::{Config, Provider, Server, Way};

/// One of three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Without {
    /// None leaves by this provider at the moment.
    Unused,
    /// All of it goes out by this server.
    GoesBy(String),
    /// So many wait, and all that comes from then on.
    Waits(u64),
}

/// By what mail would go out if it could not by this provider.
pub fn other_than(provider: Provider, config: &Config) -> Option<&str> {
    ways(config).iter().find(|server| server.name != provider.name()).map(|server| &*server.name)
}

impl Without {
    /// As the way of sending is set now.
    pub async fn of(provider: Provider, config: &Config, store: &Store) -> Result<Self, Error> {
        if ways(config).iter().all(|server| server.sign_in != Some(provider)) {
            return Ok(Self::Unused);
        }
        Ok(match other_than(provider, config) {
            Some(server) => Self::GoesBy(server.to_owned()),
            None => Self::Waits(store.counts().await?.waiting),
        })
    }
}

fn ways(config: &Config) -> &[Arc<Server>] {
    match &config.sending.way {
        Way::Servers(servers) => servers,
        Way::None | Way::Practice => &[],
    }
}
