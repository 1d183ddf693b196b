//! Passwords and sessions.

use jiff::Timestamp;
use mail::Address;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Sqlite,
    codes::{micros, whole},
    links, people,
};
use crate::{
    Actor, Credentials, Deed, Error, NewSession, PasswordHash, Person, PersonId, SESSION_IDLE, SESSION_LASTS,
    Session, SessionId, TokenHash, before,
    sessions::{COLUMNS, decode, is_good},
    sign_in_name,
};

const CREDENTIALS: &str = "SELECT id, password FROM person WHERE sign_in = ?1";
const SET_PASSWORD: &str = "UPDATE person SET password = ?2 WHERE id = ?1";
const REHASH: &str = "UPDATE person SET password = ?3 WHERE id = ?1 AND password = ?2";
/// Nothing where the password is another by now, or the person disabled.
const BEGIN: &str = "INSERT INTO session (token, person, peer, begun_at, seen_at, browser)
    SELECT ?3, id, ?4, ?5, ?5, ?6 FROM person WHERE id = ?1 AND (?2 IS NULL OR password = ?2) AND disabled_at IS NULL";
const SIGNED_IN: &str = "UPDATE person SET last_sign_in_at = ?2 WHERE id = ?1";
const SEEN: &str = "UPDATE session SET seen_at = max(seen_at, ?2) WHERE id = ?1";
const END: &str = "DELETE FROM session WHERE id = ?1";
const END_ALL: &str = "DELETE FROM session WHERE person = ?1 AND id IS NOT ?2";
/// No longer used than since ?1, or begun before ?2.
const OVER: &str = "SELECT id FROM session WHERE seen_at <= ?1 OR begun_at <= ?2 LIMIT ?3";

impl Sqlite {
    pub(crate) async fn credentials(&self, email: &Address) -> Result<Option<Credentials>, Error> {
        let sign_in = sign_in_name(email);
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let mut statement = sql.prepare_cached(CREDENTIALS)?;
                let found =
                    statement.query_row([sign_in], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
                let Some((id, password)) = found else { return Ok(None) };
                let person = people::one(sql, PersonId(id))?;
                Ok(Some(Credentials { person, password: Option::map(password, PasswordHash) }))
            })
            .await
    }

    pub(crate) async fn set_password(
        &self,
        id: PersonId,
        password: PasswordHash,
        keep: Option<SessionId>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        self.writer
            .write(move |tx| {
                let person = people::one(tx.sql, id)?;
                change_password(tx.sql, id, &password, keep)?;
                people::note(tx.sql, who, Deed::PasswordChanged, &person, None, None, now)?;
                people::one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn rehash_password(
        &self,
        id: PersonId,
        known: PasswordHash,
        anew: PasswordHash,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(REHASH)?.execute((id.0, known.0, anew.0))?;
                Ok(())
            })
            .await
    }
}

impl Sqlite {
    pub(crate) async fn begin_session(&self, new: NewSession, now: Timestamp) -> Result<Session, Error> {
        self.writer
            .write(move |tx| {
                let peer = new.peer.to_string();
                let password = new.password.map(|hash| hash.0);
                let row = (new.person.0, password, new.token.0, peer, micros(now), &new.browser);
                if tx.sql.prepare_cached(BEGIN)?.execute(row)? == 0 {
                    return Err(Error::NotFound("person with this password"));
                }
                let id = SessionId(tx.sql.last_insert_rowid());
                tx.sql.prepare_cached(SIGNED_IN)?.execute((new.person.0, micros(now)))?;
                let NewSession { person, peer, browser, .. } = new;
                Ok(Session { id, person, peer, browser, begun_at: now, seen_at: now })
            })
            .await
    }

    pub(crate) async fn session(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Person)>, Error> {
        let found = self.readers.read(move |sql| opened(sql, token)).await?;
        let Some((mut session, person)) = found.filter(|found| is_good(found, now)) else { return Ok(None) };
        if session.is_to_be_noted(now) {
            match self.note_seen(session.id, now).await {
                Ok(()) => session.seen_at = now,
                Err(error) => tracing::warn!(%error, "that a session is used could not be put on record"),
            }
        }
        Ok(Some((session, person)))
    }

    async fn note_seen(&self, session: SessionId, now: Timestamp) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(SEEN)?.execute((session.0, micros(now)))?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn end_session(
        &self,
        id: SessionId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<Session>, Error> {
        self.writer
            .write(move |tx| {
                let ended = sessions(tx.sql, "s.id = ?1", id.0)?.pop();
                if let Some(ended) = &ended {
                    tx.sql.prepare_cached(END)?.execute([id.0])?;
                    let person = people::one(tx.sql, ended.person)?;
                    people::note(tx.sql, who, Deed::SignedOut, &person, None, None, now)?;
                }
                Ok(ended)
            })
            .await
    }

    pub(crate) async fn end_sessions_of(
        &self,
        id: PersonId,
        except: Option<SessionId>,
        who: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.writer
            .write(move |tx| {
                let person = people::one(tx.sql, id)?;
                let ended = end_all(tx.sql, id, except)?;
                if ended > 0 {
                    people::note(tx.sql, who, Deed::SignedOut, &person, None, None, now)?;
                }
                Ok(ended)
            })
            .await
    }

    pub(crate) async fn sessions_of(&self, id: PersonId, now: Timestamp) -> Result<Vec<Session>, Error> {
        let all = self.readers.read(move |sql| sessions(sql, "s.person = ?1", id.0)).await?;
        Ok(all.into_iter().filter(|session| !session.is_over(now)).collect())
    }

    pub(crate) async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>, Error> {
        let all = self.readers.read(|sql| sessions(sql, "s.id > ?1", i64::MIN)).await?;
        Ok(all.into_iter().filter(|session| !session.is_over(now)).collect())
    }

    pub(crate) async fn forget_sessions(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        let over = (micros(before(now, SESSION_IDLE)), micros(before(now, SESSION_LASTS)), whole(limit));
        let any =
            move |sql: &Connection| Ok(sql.prepare_cached(OVER)?.exists(over)? || links::any_over(sql, now)?);
        if !self.readers.read(any).await? {
            return Ok(0);
        }
        self.writer
            .write(move |tx| {
                let text = format!("DELETE FROM session WHERE id IN ({OVER})");
                let sessions = tx.sql.prepare_cached(&text)?.execute(over)? as u64;
                Ok(sessions + links::forget_over(tx.sql, limit, now)?)
            })
            .await
    }
}

/// A new password, with all that follows from it; nothing is noted.
pub(super) fn change_password(
    sql: &Connection,
    id: PersonId,
    password: &PasswordHash,
    keep: Option<SessionId>,
) -> Result<(), Error> {
    sql.prepare_cached(SET_PASSWORD)?.execute((id.0, &password.0))?;
    links::forget(sql, Some(id))?;
    end_all(sql, id, keep).map(drop)
}

/// Ends all sessions of a person but one; gives how many.
pub(super) fn end_all(sql: &Connection, id: PersonId, except: Option<SessionId>) -> Result<u64, Error> {
    Ok(sql.prepare_cached(END_ALL)?.execute((id.0, except.map(|session| session.0)))? as u64)
}

fn opened(sql: &Connection, token: TokenHash) -> Result<Option<(Session, Person)>, Error> {
    let text = format!(
        "SELECT {}, {COLUMNS} FROM session s JOIN person p ON p.id = s.person WHERE s.token = ?1",
        people::COLUMNS
    );
    let mut statement = sql.prepare_cached(&text)?;
    let mut found = statement.query([token.0])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(decode(row, people::COLUMNS_COUNT)?.zip(people::decode(row)?))
}

/// The latest first.
fn sessions(sql: &Connection, condition: &str, id: i64) -> Result<Vec<Session>, Error> {
    let text = format!("SELECT {COLUMNS} FROM session s WHERE {condition} ORDER BY s.id DESC");
    let mut statement = sql.prepare_cached(&text)?;
    let mut found = statement.query([id])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.extend(decode(row, 0)?);
    }
    Ok(all)
}
