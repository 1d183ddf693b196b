//! Keys of people's own: for programs with which they administer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Error, KeyHash, KeyId, NewKey, Person, PersonId, Store,
    rows::{Columns, at},
};

/// A key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonKey {
    /// Its public part.
    pub id: KeyId,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was used last, to the minute.
    pub used_at: Option<Timestamp>,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<Timestamp>,
}

/// What is known of a key that somebody shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPersonKey {
    /// The key.
    pub key: PersonKey,
    /// Of its secret.
    pub hash: KeyHash,
    /// Whose it is, as they are at this moment.
    pub person: Person,
}

/// Keys of people's own. They may do what the person may at that moment.
impl Store {
    /// One more key for a person. [`Error::Exists`] where a key has this id already.
    pub async fn add_person_key(
        &self,
        person: PersonId,
        key: NewKey,
        who: Actor,
        now: Timestamp,
    ) -> Result<PersonKey, Error> {
        ask!(self.db.add_person_key(person, key, who, now).await)
    }

    /// From here on this key opens nothing. A second time changes nothing. Who is disabled has their keys revoked with that.
    pub async fn revoke_person_key(
        &self,
        person: PersonId,
        key: &KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<PersonKey, Error> {
        ask!(self.db.revoke_person_key(person, key.clone(), who, now).await)
    }

    /// All keys that a person ever had, the oldest first.
    pub async fn person_keys(&self, person: PersonId) -> Result<Vec<PersonKey>, Error> {
        ask!(self.db.person_keys(person).await)
    }

    /// What is known of this key; `None`: there is none.
    pub async fn person_key(&self, key: &KeyId) -> Result<Option<KnownPersonKey>, Error> {
        ask!(self.db.person_key(key.clone()).await)
    }

    /// It was used now. For once a minute, not for each request.
    pub async fn person_key_used(&self, key: &KeyId, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.person_key_used(key.clone(), now).await)
    }
}

/// From `id, made_at, used_at, revoked_at`.
pub(crate) fn decode(row: &impl Columns) -> Result<PersonKey, Error> {
    Ok(PersonKey {
        id: KeyId(row.text(0)?.unwrap_or_default()),
        made_at: at(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
        used_at: at(row, 2)?,
        revoked_at: at(row, 3)?,
    })
}
