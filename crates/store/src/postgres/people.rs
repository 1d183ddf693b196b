//! People, and that there is always somebody who can administer.
//!
//! Who may sign in is decided by one machine at a time: whether an administrator is left, who has an address, which links and keys still open
//! something. All of that stands under the lock of `person`; that somebody signs in does not.

use jiff::Timestamp;
use mail::Address;

use super::{Postgres, alone::alone, audit, links, person_keys, sessions, tx::Tx};
use crate::{
    Actor, Administrators, Deed, Error, Person, PersonId, PersonSettings,
    codes::{count, micros},
    people::{COLUMNS, columns, decode, differences, line, unreadable, words},
    rows::Columns as _,
    sign_in_name,
};

const ADD: &str = "INSERT INTO person (email, sign_in, name, role, sites, language, added_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (sign_in) DO NOTHING RETURNING id";
const CHANGE: &str =
    "UPDATE person SET email = $2, sign_in = $3, name = $4, role = $5, sites = $6, language = $7
    WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM person other WHERE other.sign_in = $3 AND other.id <> $1)";
const SWITCH: &str = "UPDATE person SET disabled_at = $2 WHERE id = $1";
/// Who administers, and who of them can sign in.
const ADMINISTRATORS: &str =
    "SELECT count(*), count(password) FROM person WHERE role = 'administrator' AND disabled_at IS NULL";

impl Postgres {
    pub(crate) async fn administrators(&self) -> Result<Administrators, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        administrators(&tx).await
    }

    pub(crate) async fn add_person(
        &self,
        settings: PersonSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let person = add(&tx, &settings, now).await?;
        let line = line(who, Deed::PersonAdded, &person, (None, Some(words(&settings))));
        audit::write(&tx, &line, now).await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn change_person(
        &self,
        id: PersonId,
        change: impl FnOnce(&mut PersonSettings) + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let person = one(&tx, id).await?;
        let (old, mut new) = (person.settings(), person.settings());
        change(&mut new);
        if old == new {
            return Ok(person);
        }
        let before = administrators(&tx).await?;
        store(&tx, id, &new).await?;
        an_administrator_is_left(&tx, before).await?;
        if sign_in_name(&old.email) != sign_in_name(&new.email) {
            links::forget(&tx, Some(id)).await?;
        }
        let (was, is) = differences(&old, &new);
        let line = line(who, Deed::PersonChanged, &person, (Some(was), Some(is)));
        audit::write(&tx, &line, now).await?;
        let person = one(&tx, id).await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn disable_person(
        &self,
        id: PersonId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let person = one(&tx, id).await?;
        if person.disabled_at.is_some() {
            return Ok(person);
        }
        let before = administrators(&tx).await?;
        tx.run(SWITCH, &[&id.0, &Some(micros(now))]).await?;
        an_administrator_is_left(&tx, before).await?;
        sessions::end_all(&tx, id, None).await?;
        links::forget(&tx, Some(id)).await?;
        person_keys::revoke_all(&tx, id, now).await?;
        audit::write(&tx, &line(who, Deed::PersonDisabled, &person, (None, None)), now).await?;
        let person = one(&tx, id).await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn enable_person(
        &self,
        id: PersonId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let person = one(&tx, id).await?;
        if person.disabled_at.is_none() {
            return Ok(person);
        }
        tx.run(SWITCH, &[&id.0, &None::<i64>]).await?;
        audit::write(&tx, &line(who, Deed::PersonEnabled, &person, (None, None)), now).await?;
        let person = one(&tx, id).await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn people(&self) -> Result<Vec<Person>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        for row in tx.all(&format!("SELECT {COLUMNS} FROM person p ORDER BY p.id"), &[]).await? {
            all.extend(decode(&row)?);
        }
        Ok(all)
    }

    pub(crate) async fn person(&self, id: PersonId) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        one(&tx, id).await
    }

    pub(crate) async fn person_of(&self, email: &Address) -> Result<Person, Error> {
        let sign_in = sign_in_name(email);
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let found = tx.first("SELECT id FROM person WHERE sign_in = $1", &[&sign_in]).await?;
        one(&tx, PersonId(found.ok_or(Error::NotFound("person"))?.id(0)?)).await
    }
}

/// Nobody else decides who may sign in until the transaction ends.
pub(super) async fn deciding(tx: &Tx<'_>) -> Result<(), Error> {
    alone(tx, "person").await
}

/// Adds a row; nothing is noted.
pub(super) async fn add(tx: &Tx<'_>, settings: &PersonSettings, now: Timestamp) -> Result<Person, Error> {
    let [email, sign_in, name, role, sites] = columns(settings)?;
    let row =
        tx.first(ADD, &[&email, &sign_in, &name, &role, &sites, &settings.language, &micros(now)]).await?;
    one(tx, PersonId(row.ok_or(Error::Exists("a person with this address"))?.id(0)?)).await
}

pub(super) async fn one(tx: &Tx<'_>, id: PersonId) -> Result<Person, Error> {
    let row = tx.first(&format!("SELECT {COLUMNS} FROM person p WHERE p.id = $1"), &[&id.0]).await?;
    decode(&row.ok_or(Error::NotFound("person"))?)?.ok_or_else(|| unreadable(id))
}

/// An administrator who can sign in is there.
pub(super) async fn is_administered(tx: &Tx<'_>) -> Result<bool, Error> {
    Ok(administrators(tx).await?.with_password > 0)
}

/// Else the change that was made comes to nothing, as every operation that fails does.
async fn an_administrator_is_left(tx: &Tx<'_>, before: Administrators) -> Result<(), Error> {
    if administrators(tx).await?.are_lost_since(before) {
        return Err(Error::LastAdministrator);
    }
    Ok(())
}

async fn administrators(tx: &Tx<'_>) -> Result<Administrators, Error> {
    let row = tx.one(ADMINISTRATORS, &[]).await?;
    Ok(Administrators { all: count(row.id(0)?), with_password: count(row.id(1)?) })
}

async fn store(tx: &Tx<'_>, id: PersonId, settings: &PersonSettings) -> Result<(), Error> {
    let [email, sign_in, name, role, sites] = columns(settings)?;
    match tx.run(CHANGE, &[&id.0, &email, &sign_in, &name, &role, &sites, &settings.language]).await? {
        0 => Err(Error::Exists("a person with this address")),
        _ => Ok(()),
    }
}
