//! People: the staff who sign in to the pages.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::Timestamp;
use mail::Address;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Deed, Error, NewAudit, Store,
    audit::parts,
    codes,
    rows::{Columns, at},
};

/// The columns that [`decode`] reads, of `person p`.
pub(crate) const COLUMNS: &str =
    "p.id, p.email, p.name, p.role, p.sites, p.language, p.added_at, p.disabled_at, p.last_sign_in_at,
    p.password IS NOT NULL";
/// How many they are.
pub(crate) const COLUMNS_COUNT: usize = 10;

/// A person. Rises as they are added; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonId(pub i64);

/// A person's name, as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

/// Longest name, in characters.
const LONGEST_NAME: usize = 100;

/// Why a text is no name of a person, in words that can be shown to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonNameError {
    /// Nothing but white space.
    #[error("a person needs a name")]
    Empty,
    /// Longer than can be shown.
    #[error("the name of a person has at most {LONGEST_NAME} characters")]
    TooLong,
    /// A line end or the like.
    #[error("the name of a person has no line ends or control characters")]
    Control,
}

/// What a person may do at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, at every site.
    Administrator,
    /// Runs notices and decides about mail.
    Manager,
    /// May look.
    Viewer,
}

/// What can be changed of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSettings {
    /// What they sign in with.
    pub email: Address,
    /// Their name.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// Codes of the sites that a manager or viewer is limited to; empty: all. An administrator is limited to none, and they stay on
    /// record: who is a manager again is limited as before.
    pub sites: BTreeSet<String>,
    /// What language pages are in; `None`: as the browser asks.
    pub language: Option<String>,
}

/// A person as they stand. What is kept of the password is apart ([`Store::credentials`]), so that nobody prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// What they sign in with; no two have the same, however it is spelt.
    pub email: Address,
    /// Their name.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// See [`PersonSettings::sites`].
    pub sites: BTreeSet<String>,
    /// See [`PersonSettings::language`].
    pub language: Option<String>,
    /// When they were added.
    pub added_at: Timestamp,
    /// Since when they cannot sign in.
    pub disabled_at: Option<Timestamp>,
    /// When they signed in last.
    pub last_sign_in_at: Option<Timestamp>,
    /// They have chosen a password; before that they cannot sign in.
    pub has_password: bool,
}

/// Those who may administer Bookpost and were not disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Administrators {
    /// All of them.
    pub all: u64,
    /// Those who have chosen a password.
    pub with_password: u64,
}

/// An address as all its spellings have it. People do not know that the case of a local part may count somewhere.
pub fn sign_in_name(email: &Address) -> String {
    format!("{}@{}", email.local().to_lowercase(), email.domain_ascii().to_lowercase())
}

impl PersonName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = PersonNameError;

    /// White space around it is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PersonNameError::Empty);
        }
        if text.chars().count() > LONGEST_NAME {
            return Err(PersonNameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PersonNameError::Control);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for PersonName {
    type Error = PersonNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Person {
    /// What can be changed of them.
    pub fn settings(&self) -> PersonSettings {
        PersonSettings {
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role,
            sites: self.sites.clone(),
            language: self.language.clone(),
        }
    }
}

/// People. They are never deleted, as the log knows them. Each change is in the log ([`Store::audit`]), in the same transaction.
impl Store {
    /// How many administer Bookpost.
    pub async fn administrators(&self) -> Result<Administrators, Error> {
        ask!(self.db.administrators().await)
    }

    /// Adds a person without a password. [`Error::Exists`] where another signs in with this address, however it is spelt.
    pub async fn add_person(
        &self,
        settings: PersonSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        ask!(self.db.add_person(settings, who, now).await)
    }

    /// Changes a person: `change` is given the settings as they are in the same transaction. [`Error::Exists`] as for
    /// [`Store::add_person`]; [`Error::LastAdministrator`] where nobody could administer Bookpost afterwards. With another address, links
    /// that were made for the one before open nothing any more. What changes nothing leaves no line in the log.
    pub async fn change_person(
        &self,
        person: PersonId,
        change: impl FnOnce(&mut PersonSettings) + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        ask!(self.db.change_person(person, change, who, now).await)
    }

    /// From here on they cannot sign in, all their sessions are ended, and no link of theirs opens anything. A second time changes
    /// nothing. [`Error::LastAdministrator`] where nobody could administer Bookpost afterwards.
    pub async fn disable_person(
        &self,
        person: PersonId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Person, Error> {
        ask!(self.db.disable_person(person, who, now).await)
    }

    /// They can sign in again, with the password they had.
    pub async fn enable_person(&self, person: PersonId, who: Actor, now: Timestamp) -> Result<Person, Error> {
        ask!(self.db.enable_person(person, who, now).await)
    }

    /// All people, in the order in which they were added. Those who cannot be decoded are left out, and logged.
    pub async fn people(&self) -> Result<Vec<Person>, Error> {
        ask!(self.db.people().await)
    }

    /// This person.
    pub async fn person(&self, person: PersonId) -> Result<Person, Error> {
        ask!(self.db.person(person).await)
    }

    /// Whoever signs in with this address, however it is spelt.
    pub async fn person_of(&self, email: &Address) -> Result<Person, Error> {
        ask!(self.db.person_of(email).await)
    }
}

impl Administrators {
    /// Whether nobody could administer any more, though somebody could before.
    pub(crate) fn are_lost_since(self, before: Self) -> bool {
        let lost = |before: u64, after: u64| before > 0 && after == 0;
        lost(before.all, self.all) || lost(before.with_password, self.with_password)
    }
}

/// From [`COLUMNS`]; none if they cannot be decoded: what they may do is not known, so they may do nothing.
pub(crate) fn decode(row: &impl Columns) -> Result<Option<Person>, Error> {
    let id = PersonId(row.id(0)?);
    let email = row.text(1)?.and_then(|email| Address::parse(&email).ok());
    let name = row.text(2)?.and_then(|name| name.parse().ok());
    let role = row.text(3)?.and_then(codes::named);
    let sites: Option<BTreeSet<String>> = row.text(4)?.and_then(|sites| serde_json::from_str(&sites).ok());
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
        language: row.text(5)?,
        added_at,
        disabled_at: at(row, 7)?,
        last_sign_in_at: at(row, 8)?,
        has_password: row.is(9)?,
    }))
}

/// What stands in the place of a person who cannot be decoded.
pub(crate) fn unreadable(id: PersonId) -> Error {
    Error::Corrupt(format!("the person {} cannot be read", id.0))
}

/// `email, sign_in, name, role, sites`
pub(crate) fn columns(settings: &PersonSettings) -> Result<[String; 5], Error> {
    let sites = codes::as_json(&settings.sites)?;
    let (email, name) = (settings.email.to_string(), settings.name.to_string());
    Ok([email, sign_in_name(&settings.email), name, codes::name(&settings.role)?, sites])
}

/// One line of the log about a person.
pub(crate) fn line(
    who: Actor,
    what: Deed,
    person: &Person,
    (old, new): (Option<String>, Option<String>),
) -> NewAudit {
    NewAudit { who, what, about: person.email.to_string(), old, new }
}

/// Whoever has their own link.
pub(crate) fn themselves(person: &Person) -> Actor {
    Actor::Person { id: person.id, name: person.name.clone() }
}

/// What a person is, for the log.
pub(crate) fn words(settings: &PersonSettings) -> String {
    parts(fields(settings))
}

/// What differs, as it was and as it is.
pub(crate) fn differences(old: &PersonSettings, new: &PersonSettings) -> (String, String) {
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for ((name, old), (_, new)) in fields(old).into_iter().zip(fields(new)) {
        if old != new {
            was.push((name, old));
            is.push((name, new));
        }
    }
    (parts(was), parts(is))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_people_and_for_one_line() {
        for (text, expected) in [
            ("Ann Lee", Ok("Ann Lee")),
            ("  Zoë ", Ok("Zoë")),
            (" \t", Err(PersonNameError::Empty)),
            ("Ann\r\nBob", Err(PersonNameError::Control)),
            (&"x".repeat(100), Ok(&*"x".repeat(100))),
            (&"x".repeat(101), Err(PersonNameError::TooLong)),
        ] {
            let name = text.parse::<PersonName>();
            assert_eq!(name.as_ref().map(PersonName::as_str), expected.as_ref().copied(), "{text:?}");
        }
    }
}
