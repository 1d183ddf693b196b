//! Links that are used once.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite, audit, codes,
    codes::{micros, whole},
    people, person_keys,
    rows::{at, text},
    sessions,
};
use crate::{
    Actor, Deed, Error, Link, LinkPurpose, NewLink, PasswordHash, Person, PersonId, PersonSettings, Role,
    TokenHash,
    links::{check, line},
    people::themselves,
};

const MAKE: &str = "INSERT INTO link (code, purpose, person, expires_at) VALUES (?1, ?2, ?3, ?4)";
const FORGET: &str = "DELETE FROM link WHERE person IS ?1";
const LIVE: &str = "SELECT purpose, person, expires_at FROM link WHERE code = ?1 AND expires_at > ?2";
const OVER: &str = "SELECT code FROM link WHERE expires_at <= ?1 LIMIT ?2";

impl Sqlite {
    pub(crate) async fn make_link(
        &self,
        new: NewLink,
        who: Actor,
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        self.writer
            .write(move |tx| {
                let sql = tx.sql;
                let person = new.person.map(|id| people::one(sql, id)).transpose()?;
                check(new.purpose, person.as_ref(), people::is_administered(sql)?)?;
                let expires_at = now.saturating_add(new.purpose.lasts()).unwrap_or(Timestamp::MAX);
                // A stranger may have asked.
                if who != Actor::NotSignedIn {
                    forget(sql, new.person)?;
                }
                let (purpose, person_id) = (codes::name(&new.purpose)?, new.person.map(|id| id.0));
                sql.prepare_cached(MAKE)?.execute((new.code.0, purpose, person_id, micros(expires_at)))?;
                audit::write(sql, &line(who, new.purpose, person.as_ref()), now)?;
                Ok(expires_at)
            })
            .await
    }

    pub(crate) async fn link(&self, code: TokenHash, now: Timestamp) -> Result<Option<Link>, Error> {
        self.readers.read(move |sql| live(&*sql.unchecked_transaction()?, code, now)).await
    }

    pub(crate) async fn take_link(
        &self,
        code: TokenHash,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let link = live(tx.sql, code, now)?.ok_or(Error::NotFound("link"))?;
                let person = link.person.ok_or(Error::NotFound("link"))?;
                sessions::change_password(tx.sql, person.id, &password, None)?;
                people::note(tx.sql, themselves(&person), Deed::PasswordChanged, &person, None, None, now)?;
                if link.purpose == LinkPurpose::Reset {
                    revoke_keys(tx.sql, &person, now)?;
                }
                people::one(tx.sql, person.id)
            })
            .await
    }

    pub(crate) async fn set_up(
        &self,
        code: TokenHash,
        settings: PersonSettings,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let link = live(tx.sql, code, now)?.ok_or(Error::NotFound("link"))?;
                if link.purpose != LinkPurpose::SetUp {
                    return Err(Error::NotFound("link"));
                }
                let settings = PersonSettings { role: Role::Administrator, ..settings };
                let person = people::add(tx.sql, &settings, now)?;
                sessions::change_password(tx.sql, person.id, &password, None)?;
                forget(tx.sql, None)?;
                let is = Some(people::words(&settings));
                people::note(tx.sql, themselves(&person), Deed::SetUp, &person, None, is, now)?;
                people::one(tx.sql, person.id)
            })
            .await
    }
}

/// Whoever knew the old password may have had them made.
fn revoke_keys(sql: &Connection, person: &Person, now: Timestamp) -> Result<(), Error> {
    let revoked = person_keys::revoke_all(sql, person.id, now)?.join(", ");
    if revoked.is_empty() {
        return Ok(());
    }
    people::note(sql, themselves(person), Deed::PersonKeyRevoked, person, Some(revoked), None, now)
}

/// Links of this person, or for setting up, open nothing any more.
pub(super) fn forget(sql: &Connection, person: Option<PersonId>) -> Result<(), Error> {
    sql.prepare_cached(FORGET)?.execute([person.map(|id| id.0)])?;
    Ok(())
}

pub(super) fn any_over(sql: &Connection, now: Timestamp) -> Result<bool, Error> {
    Ok(sql.prepare_cached(OVER)?.exists((micros(now), 1))?)
}

/// Gives how many.
pub(super) fn forget_over(sql: &Connection, limit: usize, now: Timestamp) -> Result<u64, Error> {
    let text = format!("DELETE FROM link WHERE code IN ({OVER})");
    Ok(sql.prepare_cached(&text)?.execute((micros(now), whole(limit)))? as u64)
}

/// The link of this code, if it may be used as things stand now.
fn live(sql: &Connection, code: TokenHash, now: Timestamp) -> Result<Option<Link>, Error> {
    let mut statement = sql.prepare_cached(LIVE)?;
    let mut found = statement.query((code.0, micros(now)))?;
    let Some(row) = found.next()? else { return Ok(None) };
    let (Some(purpose), Some(expires_at)) = (text(row, 0)?.and_then(codes::named), at(row, 2)?) else {
        return Ok(None);
    };
    let id: Option<i64> = row.get(1)?;
    let person = id.map(|id| people::one(sql, PersonId(id))).transpose()?;
    let usable = check(purpose, person.as_ref(), people::is_administered(sql)?).is_ok();
    Ok(usable.then_some(Link { purpose, person, expires_at }))
}
