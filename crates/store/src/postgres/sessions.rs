//! Passwords and sessions.

use jiff::Timestamp;
use mail::Address;

use super::{Postgres, audit, links, people, tx::Tx};
use crate::{
    Actor, Credentials, Deed, Error, NewSession, PasswordHash, Person, PersonId, SESSION_IDLE, SESSION_LASTS,
    Session, SessionId, TokenHash, before,
    codes::{micros, whole},
    people::line,
    rows::Columns as _,
    sessions::{COLUMNS, decode, is_good},
    sign_in_name,
};

const SET_PASSWORD: &str = "UPDATE person SET password = $2 WHERE id = $1";
const REHASH: &str = "UPDATE person SET password = $3 WHERE id = $1 AND password = $2";
/// Nothing where the password is another by now, or the person disabled: whoever changes that at the same time is waited for, and ends what
/// began before.
const BEGIN: &str = "WITH known AS (UPDATE person SET last_sign_in_at = $5
        WHERE id = $1 AND ($2::TEXT IS NULL OR password = $2) AND disabled_at IS NULL RETURNING id)
    INSERT INTO session (token, person, peer, begun_at, seen_at, browser)
    SELECT $3, id, $4, $5, $5, $6 FROM known RETURNING id";
const SEEN: &str = "UPDATE session SET seen_at = greatest(seen_at, $2) WHERE id = $1";
const END_ALL: &str = "DELETE FROM session WHERE person = $1 AND id IS DISTINCT FROM $2";
/// No longer used than since $1, or begun before $2.
const OVER: &str = "SELECT id FROM session WHERE seen_at <= $1 OR begun_at <= $2 LIMIT $3";

impl Postgres {
    pub(crate) async fn credentials(&self, email: &Address) -> Result<Option<Credentials>, Error> {
        let sign_in = sign_in_name(email);
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let found = tx.first("SELECT id, password FROM person WHERE sign_in = $1", &[&sign_in]).await?;
        let Some(row) = found else { return Ok(None) };
        let person = people::one(&tx, PersonId(row.id(0)?)).await?;
        Ok(Some(Credentials { person, password: row.text(1)?.map(PasswordHash) }))
    }

    pub(crate) async fn set_password(
        &self,
        id: PersonId,
        password: PasswordHash,
        keep: Option<SessionId>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        people::deciding(&tx).await?;
        let person = people::one(&tx, id).await?;
        change_password(&tx, id, &password, keep).await?;
        audit::write(&tx, &line(who, Deed::PasswordChanged, &person, (None, None)), now).await?;
        let person = people::one(&tx, id).await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn rehash_password(
        &self,
        id: PersonId,
        known: PasswordHash,
        anew: PasswordHash,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(REHASH, &[&id.0, &known.0, &anew.0]).await?;
        tx.commit().await
    }
}

impl Postgres {
    pub(crate) async fn begin_session(&self, new: NewSession, now: Timestamp) -> Result<Session, Error> {
        let NewSession { person, password, token, peer, browser } = new;
        let password = password.map(|hash| hash.0);
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let begun = tx
            .first(
                BEGIN,
                &[&person.0, &password, &token.0.as_slice(), &peer.to_string(), &micros(now), &browser],
            )
            .await?;
        let id = SessionId(begun.ok_or(Error::NotFound("person with this password"))?.id(0)?);
        tx.commit().await?;
        Ok(Session { id, person, peer, browser, begun_at: now, seen_at: now })
    }

    pub(crate) async fn session(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Person)>, Error> {
        let found = self.opened(token).await?;
        let Some((mut session, person)) = found.filter(|found| is_good(found, now)) else { return Ok(None) };
        if session.is_to_be_noted(now) {
            match self.note_seen(session.id, now).await {
                Ok(()) => session.seen_at = now,
                Err(error) => tracing::warn!(%error, "that a session is used could not be put on record"),
            }
        }
        Ok(Some((session, person)))
    }

    async fn opened(&self, token: TokenHash) -> Result<Option<(Session, Person)>, Error> {
        let text = format!(
            "SELECT {}, {COLUMNS} FROM session s JOIN person p ON p.id = s.person WHERE s.token = $1",
            crate::people::COLUMNS
        );
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let Some(row) = tx.first(&text, &[&token.0.as_slice()]).await? else { return Ok(None) };
        Ok(decode(&row, crate::people::COLUMNS_COUNT)?.zip(crate::people::decode(&row)?))
    }

    async fn note_seen(&self, session: SessionId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(SEEN, &[&session.0, &micros(now)]).await?;
        tx.commit().await
    }

    pub(crate) async fn end_session(
        &self,
        id: SessionId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<Session>, Error> {
        let text = format!("DELETE FROM session s WHERE s.id = $1 RETURNING {COLUMNS}");
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let Some(row) = tx.first(&text, &[&id.0]).await? else { return Ok(None) };
        let ended = decode(&row, 0)?;
        if let Some(ended) = &ended {
            let person = people::one(&tx, ended.person).await?;
            audit::write(&tx, &line(who, Deed::SignedOut, &person, (None, None)), now).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    pub(crate) async fn end_sessions_of(
        &self,
        id: PersonId,
        except: Option<SessionId>,
        who: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let person = people::one(&tx, id).await?;
        let ended = end_all(&tx, id, except).await?;
        if ended > 0 {
            audit::write(&tx, &line(who, Deed::SignedOut, &person, (None, None)), now).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    pub(crate) async fn sessions_of(&self, id: PersonId, now: Timestamp) -> Result<Vec<Session>, Error> {
        self.not_over("s.person = $1", id.0, now).await
    }

    pub(crate) async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>, Error> {
        self.not_over("s.id > $1", i64::MIN, now).await
    }

    /// The latest first.
    async fn not_over(&self, condition: &str, id: i64, now: Timestamp) -> Result<Vec<Session>, Error> {
        let text = format!("SELECT {COLUMNS} FROM session s WHERE {condition} ORDER BY s.id DESC");
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        for row in tx.all(&text, &[&id]).await? {
            all.extend(decode(&row, 0)?.filter(|session| !session.is_over(now)));
        }
        Ok(all)
    }

    pub(crate) async fn forget_sessions(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        let (unused_since, begun_before) =
            (micros(before(now, SESSION_IDLE)), micros(before(now, SESSION_LASTS)));
        let text = format!("DELETE FROM session WHERE id IN ({OVER} FOR UPDATE SKIP LOCKED)");
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let sessions = tx.run(&text, &[&unused_since, &begun_before, &whole(limit)]).await?;
        let forgotten = sessions + links::forget_over(&tx, limit, now).await?;
        if forgotten > 0 {
            tx.commit().await?;
        }
        Ok(forgotten)
    }
}

/// A new password, with all that follows from it; nothing is noted.
pub(super) async fn change_password(
    tx: &Tx<'_>,
    id: PersonId,
    password: &PasswordHash,
    keep: Option<SessionId>,
) -> Result<(), Error> {
    tx.run(SET_PASSWORD, &[&id.0, &password.0]).await?;
    links::forget(tx, Some(id)).await?;
    end_all(tx, id, keep).await.map(drop)
}

/// Ends all sessions of a person but one; gives how many.
pub(super) async fn end_all(tx: &Tx<'_>, id: PersonId, except: Option<SessionId>) -> Result<u64, Error> {
    tx.run(END_ALL, &[&id.0, &except.map(|session| session.0)]).await
}
