//! Other installations, whose people sign in at mail providers by the client that this one has there: who they are, and what was done for
//! each. What passes between them and the providers is never here.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Deed, Error, KeyHash, KeyId, NewAudit, NewKey, Store,
    audit::parts,
    codes::{self, micros, of_json, whole},
    rows::{Columns, at},
};

/// What was done is known for so long.
pub(crate) const KEPT: Duration = Duration::from_hours(100 * 24);

/// What is given is counted for so long.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// The columns that [`decode`] reads, of `installation i`.
pub(crate) const COLUMNS: &str = "i.key, i.name, i.returns_to, i.made_by, i.made_at, i.revoked_at";

/// An installation that may have its people sign in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The public part of its key.
    pub key: KeyId,
    /// What people call it.
    pub name: String,
    /// Where browsers are led back to.
    pub returns_to: String,
    /// Who added it.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
    /// Since when nothing is.
    pub revoked_at: Option<Timestamp>,
}

/// An installation, and how much it makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationInUse {
    /// Which.
    #[serde(flatten)]
    pub installation: Installation,
    /// When something was done for it last.
    pub served_at: Option<Timestamp>,
    /// How many signed in and renewed within 24 hours, as it was given.
    pub given_in_24_hours: u32,
}

/// One to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInstallation {
    /// Its key.
    pub key: NewKey,
    /// What people call it; no two that are served have one name.
    pub name: String,
    /// Where browsers are led back to.
    pub returns_to: String,
}

/// What is known of a key that an installation shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownInstallation {
    /// Whose it is.
    pub installation: Installation,
    /// Of its secret.
    pub hash: KeyHash,
}

/// What is done for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Somebody of it begins to sign in.
    Begun,
    /// They are back, and it fetches what they were given.
    Fetched,
    /// It has the token of before renewed.
    Renewed,
    /// It has a sign-in ended.
    Ended,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceCame {
    /// What it asked for.
    Given,
    /// The provider says that this sign-in is none, or none any more.
    Over,
    /// The provider does not take the client.
    ClientRefused,
    /// The provider could not be asked.
    Away,
}

/// What is to be done for an installation now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewService {
    /// For whom.
    pub key: KeyId,
    /// What.
    pub what: Service,
    /// At which provider.
    pub provider: String,
    /// What is fetched for a beginning is fetched once.
    pub once: Option<Visit>,
    /// How often at most.
    pub limits: Vec<ServiceLimit>,
}

/// Names a beginning, for which something can be fetched once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// This begins.
    Begins(Vec<u8>),
    /// It is fetched for what was begun so.
    Ends(Vec<u8>),
}

/// So many times within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceLimit {
    /// So long.
    pub within: Duration,
    /// So many times.
    pub most: u32,
    /// That nothing came of it, because the provider or this service could not, counts too.
    pub with_failures: bool,
}

/// Whether it may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// It may, and is on record under this number.
    Yes(ServiceId),
    /// It was done so often lately.
    TooOften,
    /// What can be fetched once was, or was never begun.
    UsedBefore,
    /// The installation's key opens nothing any more.
    Revoked,
}

/// What was done; rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceId(pub i64);

/// A line of what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLine {
    /// Its number.
    pub id: ServiceId,
    /// For whom, as they are called.
    pub installation: String,
    /// What.
    pub what: Service,
    /// At which provider.
    pub provider: String,
    /// When.
    pub happened_at: Timestamp,
    /// What came of it; `None`: nothing, or nobody knows.
    pub came: Option<ServiceCame>,
}

/// Installations that are served.
impl Store {
    /// One more. [`Error::Exists`] where one that is served has this name, or a key has this id.
    pub async fn add_installation(
        &self,
        new: NewInstallation,
        who: Actor,
        now: Timestamp,
    ) -> Result<Installation, Error> {
        ask!(self.db.add_installation(new, who, now).await)
    }

    /// From here on its key opens nothing. A second time changes nothing.
    pub async fn revoke_installation(
        &self,
        key: &KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Installation, Error> {
        ask!(self.db.revoke_installation(key.clone(), who, now).await)
    }

    /// All that there ever were, by name, and how much is made of each now.
    pub async fn installations(&self, now: Timestamp) -> Result<Vec<InstallationInUse>, Error> {
        ask!(self.db.installations(now).await)
    }

    /// Whose key this is.
    pub async fn installation(&self, key: &KeyId) -> Result<Option<KnownInstallation>, Error> {
        ask!(self.db.installation(key.clone()).await)
    }

    /// Puts on record that this is done now, if it may be. Records of more than 100 days are forgotten.
    pub async fn serve_installation(&self, new: NewService, now: Timestamp) -> Result<Served, Error> {
        ask!(self.db.serve_installation(new, now).await)
    }

    /// A browser is led back for what was begun so: when it was the first time. `None`: it was not begun, or was fetched already.
    pub async fn led_back(&self, once: &[u8], now: Timestamp) -> Result<Option<Timestamp>, Error> {
        ask!(self.db.led_back(once.to_vec(), now).await)
    }

    /// What came of it.
    pub async fn served(&self, id: ServiceId, came: ServiceCame) -> Result<(), Error> {
        ask!(self.db.served(id, came).await)
    }

    /// What was done last, for one of them or for all, the newest first.
    pub async fn services(&self, key: Option<&KeyId>, limit: usize) -> Result<Vec<ServiceLine>, Error> {
        ask!(self.db.services(key.cloned(), limit).await)
    }
}

/// That one was added, for the log.
pub(crate) fn added(who: Actor, name: String, (key, returns_to): (&KeyId, &str)) -> NewAudit {
    let new = parts([("key", key.0.as_str()), ("returns to", returns_to)]);
    NewAudit { who, what: Deed::InstallationAdded, about: name, old: None, new: Some(new) }
}

/// Microseconds since 1970 of so long ago.
pub(crate) fn before(now: Timestamp, by: Duration) -> i64 {
    micros(now).saturating_sub(whole(by.as_micros()))
}

/// From [`COLUMNS`].
pub(crate) fn decode(row: &impl Columns) -> Result<Installation, Error> {
    Ok(Installation {
        key: KeyId(row.text(0)?.unwrap_or_default()),
        name: row.text(1)?.unwrap_or_default(),
        returns_to: row.text(2)?.unwrap_or_default(),
        made_by: of_json(row.text(3)?).unwrap_or(Actor::CommandLine),
        made_at: at(row, 4)?.unwrap_or(Timestamp::UNIX_EPOCH),
        revoked_at: at(row, 5)?,
    })
}

/// From [`COLUMNS`], when something was done for it last, and how often something was given within a day.
pub(crate) fn in_use(row: &impl Columns) -> Result<InstallationInUse, Error> {
    Ok(InstallationInUse {
        installation: decode(row)?,
        served_at: at(row, 6)?,
        given_in_24_hours: u32::try_from(row.id(7)?).unwrap_or(u32::MAX),
    })
}

/// From `id, name, what, provider, happened_at, came`. Of a word of a later version nothing is known.
pub(crate) fn line(row: &impl Columns) -> Result<ServiceLine, Error> {
    Ok(ServiceLine {
        id: ServiceId(row.id(0)?),
        installation: row.text(1)?.unwrap_or_default(),
        what: row.text(2)?.and_then(codes::named).unwrap_or(Service::Begun),
        provider: row.text(3)?.unwrap_or_default(),
        happened_at: at(row, 4)?.unwrap_or(Timestamp::UNIX_EPOCH),
        came: row.text(5)?.and_then(codes::named::<ServiceCame>),
    })
}
