//! Keys of people's own.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Sqlite, codes::micros, people};
use crate::{
    Actor, Deed, Error, KeyHash, KeyId, KnownPersonKey, NewKey, PersonId, PersonKey, person_keys::decode,
};

const COLUMNS: &str = "k.id, k.made_at, k.used_at, k.revoked_at";
const ADD: &str = "INSERT INTO person_key (id, person, hash, made_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO NOTHING";
const REVOKE: &str = "UPDATE person_key SET revoked_at = ?2 WHERE id = ?1";
const REVOKE_ALL: &str =
    "UPDATE person_key SET revoked_at = ?2 WHERE person = ?1 AND revoked_at IS NULL RETURNING id";
const USED: &str = "UPDATE person_key SET used_at = max(coalesce(used_at, ?2), ?2) WHERE id = ?1";

impl Sqlite {
    pub(crate) async fn add_person_key(
        &self,
        person: PersonId,
        key: NewKey,
        who: Actor,
        now: Timestamp,
    ) -> Result<PersonKey, Error> {
        self.writer
            .write(move |tx| {
                let person = people::one(tx.sql, person)?;
                let row = (&key.id.0, person.id.0, key.hash.0, micros(now));
                if tx.sql.prepare_cached(ADD)?.execute(row)? == 0 {
                    return Err(Error::Exists("a key with this id"));
                }
                let new = Some(key.id.0.clone());
                people::note(tx.sql, who, Deed::PersonKeyMade, &person, None, new, now)?;
                one(tx.sql, person.id, &key.id)
            })
            .await
    }

    pub(crate) async fn revoke_person_key(
        &self,
        person: PersonId,
        key: KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<PersonKey, Error> {
        self.writer
            .write(move |tx| {
                let person = people::one(tx.sql, person)?;
                let found = one(tx.sql, person.id, &key)?;
                if found.revoked_at.is_some() {
                    return Ok(found);
                }
                tx.sql.prepare_cached(REVOKE)?.execute((&key.0, micros(now)))?;
                let old = Some(key.0.clone());
                people::note(tx.sql, who, Deed::PersonKeyRevoked, &person, old, None, now)?;
                one(tx.sql, person.id, &key)
            })
            .await
    }

    pub(crate) async fn person_keys(&self, person: PersonId) -> Result<Vec<PersonKey>, Error> {
        self.readers.read(move |sql| of(sql, person)).await
    }

    pub(crate) async fn person_key(&self, key: KeyId) -> Result<Option<KnownPersonKey>, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let text = format!("SELECT {COLUMNS}, k.hash, k.person FROM person_key k WHERE k.id = ?1");
                let mut statement = sql.prepare_cached(&text)?;
                let mut found = statement.query([&key.0])?;
                let Some(row) = found.next()? else { return Ok(None) };
                let (hash, person) = (KeyHash(row.get(4)?), people::one(sql, PersonId(row.get(5)?))?);
                Ok(Some(KnownPersonKey { key: decode(row)?, hash, person }))
            })
            .await
    }

    pub(crate) async fn person_key_used(&self, key: KeyId, now: Timestamp) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(USED)?.execute((key.0, micros(now)))?;
                Ok(())
            })
            .await
    }
}

/// All keys of a person open nothing any more. Gives those that did.
pub(super) fn revoke_all(sql: &Connection, person: PersonId, now: Timestamp) -> Result<Vec<String>, Error> {
    let mut statement = sql.prepare_cached(REVOKE_ALL)?;
    let revoked = statement.query_map((person.0, micros(now)), |row| row.get(0))?;
    Ok(revoked.collect::<Result<_, _>>()?)
}

fn one(sql: &Connection, person: PersonId, key: &KeyId) -> Result<PersonKey, Error> {
    let keys = of(sql, person)?;
    keys.into_iter().find(|one| one.id == *key).ok_or(Error::NotFound("key of this person"))
}

fn of(sql: &Connection, person: PersonId) -> Result<Vec<PersonKey>, Error> {
    let text = format!("SELECT {COLUMNS} FROM person_key k WHERE k.person = ?1 ORDER BY k.made_at, k.id");
    let mut statement = sql.prepare_cached(&text)?;
    let mut found = statement.query([person.0])?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        keys.push(decode(row)?);
    }
    Ok(keys)
}
