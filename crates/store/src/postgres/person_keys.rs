//! Keys of people's own.

use jiff::Timestamp;

use super::{
    Postgres, audit, people,
    tx::{Tx, Values},
};
use crate::{
    Actor, Deed, Error, KeyHash, KeyId, KnownPersonKey, NewKey, PersonId, PersonKey, codes::micros,
    people::line, person_keys::decode, rows::Columns as _,
};

const COLUMNS: &str = "k.id, k.made_at, k.used_at, k.revoked_at";
const ADD: &str = "INSERT INTO person_key (id, person, hash, made_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO NOTHING";
const REVOKE: &str = "UPDATE person_key SET revoked_at = $2 WHERE id = $1";
const REVOKE_ALL: &str =
    "UPDATE person_key SET revoked_at = $2 WHERE person = $1 AND revoked_at IS NULL RETURNING id";
const USED: &str = "UPDATE person_key SET used_at = greatest(used_at, $2) WHERE id = $1";

impl Postgres {
    pub(crate) async fn add_person_key(
        &self,
        person: PersonId,
        key: NewKey,
        who: Actor,
        now: Timestamp,
    ) -> Result<PersonKey, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        people::deciding(&tx).await?;
        let person = people::one(&tx, person).await?;
        let row: Values<'_> = &[&key.id.0, &person.id.0, &key.hash.0.as_slice(), &micros(now)];
        if tx.run(ADD, row).await? == 0 {
            return Err(Error::Exists("a key with this id"));
        }
        let line = line(who, Deed::PersonKeyMade, &person, (None, Some(key.id.0.clone())));
        audit::write(&tx, &line, now).await?;
        let made = one(&tx, person.id, &key.id).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(crate) async fn revoke_person_key(
        &self,
        person: PersonId,
        key: KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<PersonKey, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        people::deciding(&tx).await?;
        let person = people::one(&tx, person).await?;
        let found = one(&tx, person.id, &key).await?;
        if found.revoked_at.is_some() {
            return Ok(found);
        }
        tx.run(REVOKE, &[&key.0, &micros(now)]).await?;
        let line = line(who, Deed::PersonKeyRevoked, &person, (Some(key.0.clone()), None));
        audit::write(&tx, &line, now).await?;
        let revoked = one(&tx, person.id, &key).await?;
        tx.commit().await?;
        Ok(revoked)
    }

    pub(crate) async fn person_keys(&self, person: PersonId) -> Result<Vec<PersonKey>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        of(&tx, person).await
    }

    pub(crate) async fn person_key(&self, key: KeyId) -> Result<Option<KnownPersonKey>, Error> {
        let text = format!("SELECT {COLUMNS}, k.hash, k.person FROM person_key k WHERE k.id = $1");
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let Some(row) = tx.first(&text, &[&key.0]).await? else { return Ok(None) };
        let hash = KeyHash(row.digest(4)?);
        let person = people::one(&tx, PersonId(row.id(5)?)).await?;
        Ok(Some(KnownPersonKey { key: decode(&row)?, hash, person }))
    }

    pub(crate) async fn person_key_used(&self, key: KeyId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(USED, &[&key.0, &micros(now)]).await?;
        tx.commit().await
    }
}

/// All keys of a person open nothing any more. Gives those that did.
pub(super) async fn revoke_all(tx: &Tx<'_>, person: PersonId, now: Timestamp) -> Result<Vec<String>, Error> {
    let revoked = tx.all(REVOKE_ALL, &[&person.0, &micros(now)]).await?;
    revoked.iter().map(|row| Ok(row.text(0)?.unwrap_or_default())).collect()
}

async fn one(tx: &Tx<'_>, person: PersonId, key: &KeyId) -> Result<PersonKey, Error> {
    let keys = of(tx, person).await?;
    keys.into_iter().find(|one| one.id == *key).ok_or(Error::NotFound("key of this person"))
}

async fn of(tx: &Tx<'_>, person: PersonId) -> Result<Vec<PersonKey>, Error> {
    let text = format!("SELECT {COLUMNS} FROM person_key k WHERE k.person = $1 ORDER BY k.made_at, k.id");
    tx.all(&text, &[&person.0]).await?.iter().map(decode).collect()
}
