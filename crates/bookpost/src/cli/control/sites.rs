//! What passes over the control socket about sites.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{config::Origin, preferences::sites::SiteChange};

/// What needs the queue and what the service was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SitesRequest {
    /// All of them.
    List,
    /// One is to be otherwise.
    Change(SiteChange),
    /// One is to have this file as its logo, in base64, or none.
    Logo { code: String, file: Option<String> },
}

/// All sites, as they are written in the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownSites {
    pub sites: Vec<Map<String, Value>>,
    /// Where they are set.
    pub origin: Option<Origin>,
}
