//! Links that are used once: to set Bookpost up, to accept an invitation, to choose a new password.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Actor, Deed, Error, NewAudit, PasswordHash, Person, PersonId, PersonSettings, Store, TokenHash};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// The first administrator adds themselves. It opens nothing once there is one who can sign in.
    SetUp,
    /// A person who was added chooses their first password. It opens nothing once they have one.
    Invitation,
    /// A person chooses a new password.
    Reset,
}

/// A link to make.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// For whom; nobody where it is to set Bookpost up.
    pub person: Option<PersonId>,
    /// Of its code, drawn anew.
    pub code: TokenHash,
}

/// A link that was not used and has not run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// For whom; nobody where it is to set Bookpost up.
    pub person: Option<Person>,
    /// It opens nothing from then on.
    pub expires_at: Timestamp,
}

impl LinkPurpose {
    /// How long such a link opens something. An invitation waits for a person who may be away; the others are made for somebody who
    /// is there.
    pub fn lasts(self) -> Duration {
        match self {
            Self::SetUp | Self::Reset => Duration::from_hours(1),
            Self::Invitation => Duration::from_hours(7 * 24),
        }
    }
}

/// Links. There is one for a person at a time, and one for setting up; beside it are those that were asked for where nobody had signed in.
impl Store {
    /// Makes a link; those made before for the same person, or for setting up, open nothing any more. [`Error::Exists`] where there is an administrator
    /// to be set up, or a password to be chosen first, already; [`Error::NotFound`] where the person is disabled. Gives until when
    /// it opens something.
    pub async fn make_link(&self, new: NewLink, who: Actor, now: Timestamp) -> Result<Timestamp, Error> {
        ask!(self.db.make_link(new, who, now).await)
    }

    /// What a code opens, if it opens anything. Changes nothing.
    pub async fn link(&self, code: TokenHash, now: Timestamp) -> Result<Option<Link>, Error> {
        ask!(self.db.link(code, now).await)
    }

    /// Uses a link for a person: it is gone, the password is theirs, and all their sessions are ended, or none of it.
    /// [`Error::NotFound`] where the code opens nothing of the kind.
    pub async fn take_link(
        &self,
        code: TokenHash,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, Error> {
        ask!(self.db.take_link(code, password, now).await)
    }

    /// Uses the link for setting up: it is gone, and there is an administrator with this password, or none of it. `settings` are those of an
    /// administrator, whatever role they name. [`Error::NotFound`] where the code opens nothing of the kind.
    pub async fn set_up(
        &self,
        code: TokenHash,
        settings: PersonSettings,
        password: PasswordHash,
        now: Timestamp,
    ) -> Result<Person, Error> {
        ask!(self.db.set_up(code, settings, password, now).await)
    }
}

/// Whether such a link may be made, and used. `is_administered`: an administrator who can sign in is there.
pub(crate) fn check(
    purpose: LinkPurpose,
    person: Option<&Person>,
    is_administered: bool,
) -> Result<(), Error> {
    match (purpose, person) {
        (LinkPurpose::SetUp, None) if is_administered => {
            Err(Error::Exists("an administrator who can sign in"))
        }
        (LinkPurpose::SetUp, None) => Ok(()),
        (LinkPurpose::SetUp, Some(_)) | (_, None) => Err(Error::NotFound("person")),
        (_, Some(person)) if person.disabled_at.is_some() => Err(Error::NotFound("person who may sign in")),
        (LinkPurpose::Invitation, Some(person)) if person.has_password => {
            Err(Error::Exists("a password of this person"))
        }
        _ => Ok(()),
    }
}
/// That one was made, for the log.
pub(crate) fn line(who: Actor, purpose: LinkPurpose, person: Option<&Person>) -> NewAudit {
    let what = match purpose {
        LinkPurpose::SetUp => Deed::SetUpLinkMade,
        LinkPurpose::Invitation => Deed::InvitationMade,
        LinkPurpose::Reset => Deed::ResetLinkMade,
    };
    let about = person.map_or_else(String::new, |person| person.email.to_string());
    NewAudit { who, what, about, old: None, new: None }
}
