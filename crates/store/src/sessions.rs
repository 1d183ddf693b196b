//! Passwords and sessions: who has signed in.

use std::{fmt, net::IpAddr, time::Duration};

use jiff::Timestamp;
use mail::Address;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Error, Person, PersonId, Store,
    rows::{Columns, at},
};

/// A session ends when it was not used for so long: a working day with its breaks, and never a browser that was left open overnight.
pub const SESSION_IDLE: Duration = Duration::from_hours(12);

/// A session ends so long after it began, however much it is used: whoever copies a token has it for a week at most, and people sign in
/// on Mondays.
pub const SESSION_LASTS: Duration = Duration::from_hours(7 * 24);

/// That a session is used is put on record no more often than this.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// The columns that [`decode`] reads, of `session s`.
pub(crate) const COLUMNS: &str = "s.id, s.person, s.peer, s.begun_at, s.seen_at, s.browser";

/// What is kept of a password: an Argon2id hash with its parameters and salt, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

/// What is kept of a token that opens a session or a link: its SHA-256. The token has 256 random bits, so there is nothing to try.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A session; people tell them apart by it, and it opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(pub i64);

/// A session to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose.
    pub person: PersonId,
    /// The password that was shown to be theirs. Where it is another by now, nothing begins. None: who they are was proven otherwise.
    pub password: Option<PasswordHash>,
    /// Of its token, drawn anew.
    pub token: TokenHash,
    /// Where they signed in from.
    pub peer: IpAddr,
    /// With which browser, in a few words of ours.
    pub browser: Option<String>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub person: PersonId,
    /// Where they signed in from.
    pub peer: IpAddr,
    /// With which browser; nothing where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// When they signed in.
    pub begun_at: Timestamp,
    /// When it was used last, to the minute or so.
    pub seen_at: Timestamp,
}

/// What is known of who wants to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who they say they are.
    pub person: Person,
    /// Of their password; `None`: they have none yet.
    pub password: Option<PasswordHash>,
}

impl Session {
    /// Whether it opens nothing any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let longer = |since: Timestamp, most: Duration| {
            now.duration_since(since).try_into().is_ok_and(|age: Duration| age >= most)
        };
        longer(self.seen_at, SESSION_IDLE) || longer(self.begun_at, SESSION_LASTS)
    }

    /// Whether that it is used is to be put on record anew.
    pub(crate) fn is_to_be_noted(&self, now: Timestamp) -> bool {
        now.duration_since(self.seen_at).unsigned_abs() >= NOTED_EVERY
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// Passwords.
impl Store {
    /// The person of this address, however it is spelt, with what is kept of their password; apart from [`Store::person`], so that
    /// nobody prints it. Whether they are disabled is for the asker to see.
    pub async fn credentials(&self, email: &Address) -> Result<Option<Credentials>, Error> {
        ask!(self.db.credentials(email).await)
    }

    /// A new password; all sessions of this person but `keep` are ended, and none of their links opens anything any more.
    pub async fn set_password(
        &self,
        person: PersonId,
        password: PasswordHash,
        keep: Option<SessionId>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        ask!(self.db.set_password(person, password, keep, who, now).await)
    }

    /// The same password, hashed anew as passwords are hashed now. Nothing happens where it is another than `known` by now.
    pub async fn rehash_password(
        &self,
        person: PersonId,
        known: PasswordHash,
        anew: PasswordHash,
    ) -> Result<(), Error> {
        ask!(self.db.rehash_password(person, known, anew).await)
    }
}

/// Sessions.
impl Store {
    /// Begins a session. [`Error::NotFound`] where the person is disabled, or has another password, by now.
    pub async fn begin_session(&self, new: NewSession, now: Timestamp) -> Result<Session, Error> {
        ask!(self.db.begin_session(new, now).await)
    }

    /// The session of this token with its person, unless it is over or the person is disabled. That it was used is put on record, not
    /// more than once a minute; where that cannot be written, nobody is shut out.
    pub async fn session(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<(Session, Person)>, Error> {
        ask!(self.db.session(token, now).await)
    }

    /// Ends a session; `None`: there was none.
    pub async fn end_session(
        &self,
        session: SessionId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<Session>, Error> {
        ask!(self.db.end_session(session, who, now).await)
    }

    /// Ends all sessions of a person, except this one. Gives how many.
    pub async fn end_sessions_of(
        &self,
        person: PersonId,
        except: Option<SessionId>,
        who: Actor,
        now: Timestamp,
    ) -> Result<u64, Error> {
        ask!(self.db.end_sessions_of(person, except, who, now).await)
    }

    /// The sessions of a person that are not over, the latest first.
    pub async fn sessions_of(&self, person: PersonId, now: Timestamp) -> Result<Vec<Session>, Error> {
        ask!(self.db.sessions_of(person, now).await)
    }

    /// All sessions that are not over, the latest first.
    pub async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>, Error> {
        ask!(self.db.sessions(now).await)
    }

    /// Forgets sessions that are over and links that have run out, up to `limit` of each. Gives how many; 0 when none is left. Writes
    /// nothing where there is nothing to be done.
    pub async fn forget_sessions(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        ask!(self.db.forget_sessions(limit, now).await)
    }
}

/// Whether this session opens anything.
pub(crate) fn is_good((session, person): &(Session, Person), now: Timestamp) -> bool {
    person.disabled_at.is_none() && !session.is_over(now)
}

/// From [`COLUMNS`], which stand at `first` and after; none if it cannot be decoded: then it opens nothing.
pub(crate) fn decode(row: &impl Columns, first: usize) -> Result<Option<Session>, Error> {
    let peer = row.text(first + 2)?.and_then(|peer| peer.parse().ok());
    let (Some(peer), Some(begun_at), Some(seen_at)) = (peer, at(row, first + 3)?, at(row, first + 4)?) else {
        return Ok(None);
    };
    let (id, person) = (SessionId(row.id(first)?), PersonId(row.id(first + 1)?));
    Ok(Some(Session { id, person, peer, browser: row.text(first + 5)?, begun_at, seen_at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_secrets_is_not_printed_by_accident() {
        assert_eq!(format!("{:?}", PasswordHash("$argon2id$".to_owned())), "PasswordHash(..)");
        assert_eq!(format!("{:?}", TokenHash([7; 32])), "TokenHash(..)");
    }
}
