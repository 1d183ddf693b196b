//! Links that are used once.

use jiff::Timestamp;

use super::{Postgres, audit, people, person_keys, sessions, tx::Tx};
use crate::{
    Actor, Deed, Error, Link, LinkPurpose, NewLink, PasswordHash, Person, PersonId, PersonSettings, Role,
    TokenHash,
    codes::{micros, name, named, whole},
    links::{check, line},
    people::{line as about_person, themselves, words},
    rows::{Columns as _, at},
};

const MAKE: &str = "INSERT INTO link (code, purpose, person, expires_at) VALUES ($1, $2, $3, $4)";
const FORGET: &str = "DELETE FROM link WHERE person IS NOT DISTINCT FROM $1";
const LIVE: &str = "SELECT purpose, person, expires_at FROM link WHERE code = $1 AND expires_at > $2";
const FORGET_OVER: &str = "DELETE FROM link WHERE code IN (SELECT code FROM link WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

impl Postgres {
    pub(crate) async fn make_link(
        &self,
        new: NewLink,
        who: Actor,
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        people::deciding(&tx).await?;
        let person = match new.person {
            Some(id) => Some(people::one(&tx, id).await?),
            None => None,
        };
        check(new.purpose, person.as_ref(), people::is_administered(&tx).await?)?;
        let expires_at = now.saturating_add(new.purpose.lasts()).unwrap_or(Timestamp::MAX);
        // A stranger may have asked.
        if who != Actor::NotSignedIn {
            forget(&tx, new.person).await?;
        }
        let (purpose, person_id) = (name(&new.purpose)?, new.person.map(|id| id.0));
        tx.run(MAKE, &[&new.code.0.as_slice(), &purpose, &person_id, &micros(expires_at)]).await?;
        audit::write(&tx, &line(who, new.purpose, person.as_ref()), now).await?;
        tx.commit().await?;
        Ok(expires_at)
    }

    pub(crate) async fn link(&self, code: TokenHash, now: Timestamp) -> Result<Option<Link>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        live(&tx, code, now).await
    }

    pub(crate) async fn take_link(
        &self,
        code: TokenHash,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        people::deciding(&tx).await?;
        let link = live(&tx, code, now).await?.ok_or(Error::NotFound("link"))?;
        let person = link.person.ok_or(Error::NotFound("link"))?;
        sessions::change_password(&tx, person.id, &password, None).await?;
        let noted = about_person(themselves(&person), Deed::PasswordChanged, &person, (None, None));
        audit::write(&tx, &noted, now).await?;
        if link.purpose == LinkPurpose::Reset {
            revoke_keys(&tx, &person, now).await?;
        }
        let person = people::one(&tx, person.id).await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn set_up(
        &self,
        code: TokenHash,
        settings: PersonSettings,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        people::deciding(&tx).await?;
        let link = live(&tx, code, now).await?.ok_or(Error::NotFound("link"))?;
        if link.purpose != LinkPurpose::SetUp {
            return Err(Error::NotFound("link"));
        }
        let settings = PersonSettings { role: Role::Administrator, ..settings };
        let person = people::add(&tx, &settings, now).await?;
        sessions::change_password(&tx, person.id, &password, None).await?;
        forget(&tx, None).await?;
        let noted = about_person(themselves(&person), Deed::SetUp, &person, (None, Some(words(&settings))));
        audit::write(&tx, &noted, now).await?;
        let person = people::one(&tx, person.id).await?;
        tx.commit().await?;
        Ok(person)
    }
}

/// Whoever knew the old password may have had them made.
async fn revoke_keys(tx: &Tx<'_>, person: &Person, now: Timestamp) -> Result<(), Error> {
    let revoked = person_keys::revoke_all(tx, person.id, now).await?.join(", ");
    if revoked.is_empty() {
        return Ok(());
    }
    let noted = about_person(themselves(person), Deed::PersonKeyRevoked, person, (Some(revoked), None));
    audit::write(tx, &noted, now).await.map(drop)
}

/// Links of this person, or for setting up, open nothing any more.
pub(super) async fn forget(tx: &Tx<'_>, person: Option<PersonId>) -> Result<(), Error> {
    tx.run(FORGET, &[&person.map(|id| id.0)]).await.map(drop)
}

/// Gives how many.
pub(super) async fn forget_over(tx: &Tx<'_>, limit: usize, now: Timestamp) -> Result<u64, Error> {
    tx.run(FORGET_OVER, &[&micros(now), &whole(limit)]).await
}

/// The link of this code, if it may be used as things stand now.
async fn live(tx: &Tx<'_>, code: TokenHash, now: Timestamp) -> Result<Option<Link>, Error> {
    let found = tx.first(LIVE, &[&code.0.as_slice(), &micros(now)]).await?;
    let Some(row) = found else { return Ok(None) };
    let (Some(purpose), Some(expires_at)) = (row.text(0)?.and_then(named), at(&row, 2)?) else {
        return Ok(None);
    };
    let person = match row.number(1)? {
        Some(id) => Some(people::one(tx, PersonId(id)).await?),
        None => None,
    };
    let usable = check(purpose, person.as_ref(), people::is_administered(tx).await?).is_ok();
    Ok(usable.then_some(Link { purpose, person, expires_at }))
}
