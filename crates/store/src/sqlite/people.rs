//! People, and that there is always somebody who can administer.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Address;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow};

use super::{
    Sqlite, audit, codes,
    codes::{count, micros},
    links, person_keys,
    rows::{at, text},
    sessions,
};
use crate::{Actor, Administrators, Deed, Error, NewAudit, Person, PersonId, PersonSettings, sign_in_name};

/// The columns that [`decode`] reads, of `person p`.
pub(super) const COLUMNS: &str =
    "p.id, p.email, p.name, p.role, p.sites, p.language, p.added_at, p.disabled_at, p.last_sign_in_at,
    p.password IS NOT NULL";
/// How many they are.
pub(super) const COLUMNS_COUNT: usize = 10;

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
    decode(row)?.ok_or_else(|| Error::Corrupt(format!("the person {} cannot be read", id.0)))
}

/// None if they cannot be decoded: what they may do is not known, so they may do nothing.
pub(super) fn decode(row: &SqlRow<'_>) -> Result<Option<Person>, Error> {
    let id = PersonId(row.get(0)?);
    let email = text(row, 1)?.and_then(|email| Address::parse(&email).ok());
    let name = text(row, 2)?.and_then(|name| name.parse().ok());
    let role = text(row, 3)?.and_then(codes::named);
    let sites: Option<BTreeSet<String>> = text(row, 4)?.and_then(|sites| serde_json::from_str(&sites).ok());
    let (Some(email), Some(name), Some(role), Some(sites), Some(added_at)) =
        (email, name, role, sites, at(row, 6)?)
    else {
        tracing::error!(person.id = id.0, "a stored person cannot be read; they cannot sign in");
        return Ok(None);
    };
    Ok(Some(Person {
        id,
        email,
        name,
        role,
        sites,
        language: text(row, 5)?,
        added_at,
        disabled_at: at(row, 7)?,
        last_sign_in_at: at(row, 8)?,
        has_password: row.get(9)?,
    }))
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
    let line = NewAudit { who, what, about: person.email.to_string(), old, new };
    audit::write(sql, &line, now).map(drop)
}

/// What a person is, for the log.
pub(super) fn words(settings: &PersonSettings) -> String {
    audit::parts(fields(settings))
}

/// Does it, unless nobody could administer afterwards: then it is undone, as every operation that fails is.
fn keeping_an_administrator(
    sql: &Connection,
    change: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let before = administrators(sql)?;
    change()?;
    let after = administrators(sql)?;
    let lost = |before: u64, after: u64| before > 0 && after == 0;
    if lost(before.all, after.all) || lost(before.with_password, after.with_password) {
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

/// `email, sign_in, name, role, sites`
fn columns(settings: &PersonSettings) -> Result<[String; 5], Error> {
    let sites = serde_json::to_string(&settings.sites).map_err(|error| Error::Internal(error.to_string()))?;
    let (email, name) = (settings.email.to_string(), settings.name.to_string());
    Ok([email, sign_in_name(&settings.email), name, codes::name(&settings.role)?, sites])
}

fn fields(settings: &PersonSettings) -> [(&'static str, String); 5] {
    let sites: Vec<_> = settings.sites.iter().map(String::as_str).collect();
    let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    [
        ("address", settings.email.to_string()),
        ("name", settings.name.to_string()),
        ("role", codes::name(&settings.role).unwrap_or_default()),
        ("sites", or(sites.join(", "), "all")),
        ("language", settings.language.clone().unwrap_or_else(|| "as the browser asks".to_owned())),
    ]
}

/// What differs, as it was and as it is.
fn differences(old: &PersonSettings, new: &PersonSettings) -> (String, String) {
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for ((name, old), (_, new)) in fields(old).into_iter().zip(fields(new)) {
        if old != new {
            was.push((name, old));
            is.push((name, new));
        }
    }
    (audit::parts(was), audit::parts(is))
}
