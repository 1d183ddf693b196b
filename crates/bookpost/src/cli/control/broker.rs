//! What passes over the control socket about other installations, whose people sign in by this one.

use serde::{Deserialize, Serialize};
use store::{Installation, InstallationInUse, ServiceLine};

use super::Secret;

/// What needs nothing but the queue and the dice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokerRequest {
    /// One more.
    Add { name: String, address: String },
    /// All of them.
    List,
    /// Nothing is done for it any more.
    Revoke { name: String },
    /// What was done.
    Log { of: Option<String>, limit: usize },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokerReply {
    Added(ShownInstallation),
    Installations(ShownInstallations),
    Revoked(Installation),
    /// What was done, the newest first.
    Log(Vec<ServiceLine>),
    /// The sign-in service answered.
    Tested(ShownService),
}

/// The only time that a key is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownInstallation {
    pub installation: Installation,
    pub key: Secret,
    /// Where this service is.
    pub address: String,
}

/// All installations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownInstallations {
    pub installations: Vec<InstallationInUse>,
    /// The address that is entered at the mail provider beside the one of this installation itself.
    pub comes_back_to: String,
}

/// A sign-in service that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownService {
    pub host: String,
    pub port: u16,
    /// As it calls itself.
    pub name: String,
    pub installation: String,
    pub providers: Vec<String>,
    pub returns_to: String,
    /// This installation's address, if browsers are led to another one.
    pub ours: Option<String>,
}
