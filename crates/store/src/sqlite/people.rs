//! People, and that there is always somebody who can administer.

use jiff::Timestamp;
use mail::Address;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Sqlite, audit,
    codes::{count, micros},
    links, person_keys, sessions,
};
pub(super) use crate::people::{COLUMNS, COLUMNS_COUNT, decode, words};
use crate::{
    Actor, Administrators, Deed, Error, Person, PersonId, PersonSettings,
    people::{columns, differences, line, unreadable},
    sign_in_name,
};

const ADD: &str = "INSERT INTO person (email, sign_in, name, role, sites, language, added_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (sign_in) DO NOTHING";
const CHANGE: &str = "UPDATE OR IGNORE person SET email = ?2, sign_in = ?3, name = ?4, role = ?5, sites = ?6, language = ?7 WHERE id = ?1";
const SWITCH: &str = "UPDATE person SET disabled_at = ?2 WHERE id = ?1";
/// Who administers, and who of them can sign in.
const ADMINISTRATORS: &str =
    "SELECT count(*), count(password) FROM person WHERE role = 'administrator' AND disabled_at IS NULL";

impl Sqlite {
    pub(crate) async fn administrators(&self) -> Result<Administrators, Error> {
        self.readers.read(administrators).await
    }

    pub(crate) async fn add_person(
        &self,
        settings: PersonSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let person = add(tx.sql, &settings, now)?;
                note(tx.sql, who, Deed::PersonAdded, &person, None, Some(words(&settings)), now)?;
                Ok(person)
            })
            .await
    }

    pub(crate) async fn change_person(
        &self,
        id: PersonId,
        change: impl FnOnce(&mut PersonSettings) + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let person = one(tx.sql, id)?;
                let (old, mut new) = (person.settings(), person.settings());
                change(&mut new);
                if old == new {
                    return Ok(person);
                }
                keeping_an_administrator(tx.sql, || store(tx.sql, id, &new))?;
                if sign_in_name(&old.email) != sign_in_name(&new.email) {
                    links::forget(tx.sql, Some(id))?;
                }
                let (was, is) = differences(&old, &new);
                note(tx.sql, who, Deed::PersonChanged, &person, Some(was), Some(is), now)?;
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn disable_person(
        &self,
        id: PersonId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let person = one(tx.sql, id)?;
                if person.disabled_at.is_some() {
                    return Ok(person);
                }
                keeping_an_administrator(tx.sql, || switch(tx.sql, id, Some(now)))?;
                sessions::end_all(tx.sql, id, None)?;
                links::forget(tx.sql, Some(id))?;
                person_keys::revoke_all(tx.sql, id, now)?;
                note(tx.sql, who, Deed::PersonDisabled, &person, None, None, now)?;
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn enable_person(
        &self,
        id: PersonId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let person = one(tx.sql, id)?;
                if person.disabled_at.is_none() {
                    return Ok(person);
                }
                switch(tx.sql, id, None)?;
                note(tx.sql, who, Deed::PersonEnabled, &person, None, None, now)?;
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn people(&self) -> Result<Vec<Person>, Error> {
        self.readers
            .read(|sql| {
                let mut statement =
                    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM person p ORDER BY p.id"))?;
                let mut found = statement.query([])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.extend(decode(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn person(&self, id: PersonId) -> Result<Person, Error> {
        self.readers.read(move |sql| one(sql, id)).await
    }

    pub(crate) async fn person_of(&self, email: &Address) -> Result<Person, Error> {
        let sign_in = sign_in_name(email);
        self.readers
            .read(move |sql| {
                let id: Option<i64> = sql
                    .prepare_cached("SELECT id FROM person WHERE sign_in = ?1")?
                    .query_row([sign_in], |row| row.get(0))
                    .optional()?;
                one(sql, PersonId(id.ok_or(Error::NotFound("person"))?))
            })
            .await
    }
}

/// Adds a row; nothing is noted.
pub(super) fn add(sql: &Connection, settings: &PersonSettings, now: Timestamp) -> Result<Person, Error> {
    let [email, sign_in, name, role, sites] = columns(settings)?;
    let row = (email, sign_in, name, role, sites, &settings.language, micros(now));
    match sql.prepare_cached(ADD)?.execute(row)? {
        0 => Err(Error::Exists("a person with this address")),
        _ => one(sql, PersonId(sql.last_insert_rowid())),
    }
}

pub(super) fn one(sql: &Connection, id: PersonId) -> Result<Person, Error> {
    let mut statement = sql.prepare_cached(&format!("SELECT {COLUMNS} FROM person p WHERE p.id = ?1"))?;
    let mut found = statement.query([id.0])?;
    let row = found.next()?.ok_or(Error::NotFound("person"))?;
    decode(row)?.ok_or_else(|| unreadable(id))
}

/// An administrator who can sign in is there.
pub(super) fn is_administered(sql: &Connection) -> Result<bool, Error> {
    Ok(administrators(sql)?.with_password > 0)
}

/// One line of the log about a person.
pub(super) fn note(
    sql: &Connection,
    who: Actor,
    what: Deed,
    person: &Person,
    old: Option<String>,
    new: Option<String>,
    now: Timestamp,
) -> Result<(), Error> {
    audit::write(sql, &line(who, what, person, (old, new)), now).map(drop)
}

/// Does it, unless nobody could administer afterwards: then it is undone, as every operation that fails is.
fn keeping_an_administrator(
    sql: &Connection,
    change: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let before = administrators(sql)?;
    change()?;
    if administrators(sql)?.are_lost_since(before) {
        return Err(Error::LastAdministrator);
    }
    Ok(())
}

fn administrators(sql: &Connection) -> Result<Administrators, Error> {
    let (all, with_password) =
        sql.prepare_cached(ADMINISTRATORS)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Administrators { all: count(all), with_password: count(with_password) })
}

fn store(sql: &Connection, id: PersonId, settings: &PersonSettings) -> Result<(), Error> {
    let [email, sign_in, name, role, sites] = columns(settings)?;
    let row = (id.0, email, sign_in, name, role, sites, &settings.language);
    match sql.prepare_cached(CHANGE)?.execute(row)? {
        0 => Err(Error::Exists("a person with this address")),
        _ => Ok(()),
    }
}

fn switch(sql: &Connection, id: PersonId, since: Option<Timestamp>) -> Result<(), Error> {
    sql.prepare_cached(SWITCH)?.execute((id.0, since.map(micros)))?;
    Ok(())
}
