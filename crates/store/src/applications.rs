//! Applications: the named senders that share the queue, each with keys and limits of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use jiff::Timestamp;
use mail::Address;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Actor, Class, Error, Store,
    audit::parts,
    codes::of_json,
    rows::{Columns, at},
};

/// An application. Rises as they are added; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ApplicationId(pub i64);

/// An application's name, as people and messages have it. It is kept for ever: messages are known by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApplicationName(String);

/// Longest name, in characters.
const LONGEST_NAME: usize = 64;

/// Why a text is no name of an application, in words that can be shown to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationNameError {
    /// Nothing but white space.
    #[error("an application needs a name")]
    Empty,
    /// Longer than can be shown.
    #[error("the name of an application has at most {LONGEST_NAME} characters")]
    TooLong,
    /// A line end or the like.
    #[error("the name of an application has no line ends or other control characters in it")]
    Control,
}

/// What may stand in From: one address, or `@domain` for every address of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AllowedFrom {
    /// This address.
    Address(Address),
    /// Every address of this domain; not those of domains below it.
    Domain(String),
}

/// What an application may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSettings {
    /// What may stand in From; empty: the addresses of its sites.
    pub from: Vec<AllowedFrom>,
    /// Codes of the sites that it may send for; empty: all.
    pub sites: Vec<String>,
    /// The class of mail that names none.
    pub class: Class,
    /// The classes that its mail may name; that one always may be.
    pub classes: BTreeSet<Class>,
    /// Where mail goes that cannot be delivered, if the application gives no address with it.
    pub return_address: Option<Address>,
    /// Bytes of the largest message.
    pub largest_message: u64,
    /// Recipients of one message.
    pub recipients: u32,
    /// Recipients that may wait in the queue.
    pub waiting: u64,
    /// Messages in a minute; `None`: as many as come.
    pub per_minute: Option<u32>,
}

impl Default for ApplicationSettings {
    fn default() -> Self {
        Self {
            from: Vec::new(),
            sites: Vec::new(),
            class: Class::Normal,
            classes: BTreeSet::from([Class::Normal, Class::Bulk]),
            return_address: None,
            largest_message: 25_000_000,
            recipients: 1_000,
            waiting: 100_000,
            per_minute: None,
        }
    }
}

/// An application as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Its name; no two differ in the case of letters only.
    pub name: ApplicationName,
    /// What it may do.
    pub settings: ApplicationSettings,
    /// When it was added.
    pub made_at: Timestamp,
    /// Since when nothing is accepted from it.
    pub disabled_at: Option<Timestamp>,
    /// All that it ever had, the oldest first.
    pub keys: Vec<ApplicationKey>,
}

/// All applications that were ever added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredApplications {
    /// Those that can be decoded.
    pub readable: Vec<Application>,
    /// The others. They are not nobody: what they may do is not known, so nothing is to be accepted from them.
    pub unreadable: Vec<UnreadableApplication>,
}

/// What can be said of an application that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableApplication {
    /// Its id.
    pub id: ApplicationId,
    /// Its name, unless that is what is damaged.
    pub name: Option<ApplicationName>,
    /// All keys that it ever had.
    pub keys: Vec<KeyId>,
}

/// The public part of a key, which is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId(pub String);

/// What is kept of a key's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHash(pub [u8; 32]);

/// A key to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Drawn anew.
    pub id: KeyId,
    /// Of its secret.
    pub hash: KeyHash,
}

/// A key as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationKey {
    /// Its public part.
    pub id: KeyId,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was used last, to the minute or so.
    pub used_at: Option<Timestamp>,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<Timestamp>,
}

impl ApplicationName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ApplicationName {
    type Err = ApplicationNameError;

    /// White space around it is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ApplicationNameError::Empty);
        }
        if text.chars().count() > LONGEST_NAME {
            return Err(ApplicationNameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(ApplicationNameError::Control);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ApplicationName {
    type Error = ApplicationNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApplicationName> for String {
    fn from(name: ApplicationName) -> Self {
        name.0
    }
}

impl fmt::Display for ApplicationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AllowedFrom {
    /// Whether mail may be from `address`. Here the case of a local part does not count: who may write as `desk@` may write as `Desk@`.
    pub fn covers(&self, address: &Address) -> bool {
        let same_domain = |domain: &str| domain == address.domain_ascii();
        match self {
            Self::Address(allowed) => {
                allowed.local().eq_ignore_ascii_case(address.local()) && same_domain(&allowed.domain_ascii())
            }
            Self::Domain(domain) => same_domain(domain),
        }
    }
}

impl FromStr for AllowedFrom {
    type Err = mail::address::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with('@') {
            let any = Address::parse(&format!("any{text}"))?;
            return Ok(Self::Domain(any.domain_ascii().into_owned()));
        }
        Address::parse(text).map(Self::Address)
    }
}

impl TryFrom<String> for AllowedFrom {
    type Error = mail::address::AddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AllowedFrom> for String {
    fn from(allowed: AllowedFrom) -> Self {
        allowed.to_string()
    }
}

impl fmt::Display for AllowedFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(address.as_str()),
            Self::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

/// Applications. They are never deleted, as messages are known by their names. Each change stands in the log, in the same transaction.
impl Store {
    /// Adds an application without keys. [`Error::Exists`] where another has its name, or one that differs in the case of letters only.
    pub async fn add_application(
        &self,
        name: ApplicationName,
        settings: ApplicationSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        ask!(self.db.add_application(name, settings, who, now).await)
    }

    /// Changes what an application may do: `change` is given the settings as they are in the same transaction. Where it fails nothing is
    /// changed.
    pub async fn change_application(
        &self,
        name: &str,
        change: impl FnOnce(&mut ApplicationSettings) -> Result<(), Error> + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        ask!(self.db.change_application(name.to_owned(), change, who, now).await)
    }

    /// From here on nothing is to be accepted from it. What was accepted is sent. A second time changes nothing.
    pub async fn disable_application(
        &self,
        name: &str,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        ask!(self.db.switch_application(name.to_owned(), false, who, now).await)
    }

    /// It is heard again.
    pub async fn enable_application(
        &self,
        name: &str,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        ask!(self.db.switch_application(name.to_owned(), true, who, now).await)
    }

    /// All applications with their keys, in the order in which they were added. Those that cannot be decoded stand apart, and are logged.
    pub async fn applications(&self) -> Result<StoredApplications, Error> {
        ask!(self.db.applications().await)
    }

    /// The application of this name, however its letters are cased.
    pub async fn application(&self, name: &str) -> Result<Application, Error> {
        ask!(self.db.application(name.to_owned()).await)
    }

    /// One more key for an application. [`Error::Exists`] where a key has this id already.
    pub async fn add_key(
        &self,
        application: &str,
        key: NewKey,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        ask!(self.db.add_key(application.to_owned(), key, who, now).await)
    }

    /// From here on this key opens nothing. A second time changes nothing.
    pub async fn revoke_key(
        &self,
        application: &str,
        key: &KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        ask!(self.db.revoke_key(application.to_owned(), key.clone(), who, now).await)
    }

    /// What is kept of the secrets of all keys, the revoked ones too; apart from [`Store::applications`], so that nobody prints it.
    pub async fn key_hashes(&self) -> Result<BTreeMap<KeyId, KeyHash>, Error> {
        ask!(self.db.key_hashes().await)
    }

    /// When keys were used last. For a batch once in a while, not for each message; an earlier instant than is on record changes
    /// nothing.
    pub async fn keys_used(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Error> {
        ask!(self.db.keys_used(used).await)
    }

    /// How many messages an application has handed in since this instant, up to `at_most`. Looks at so many rows, found by an index.
    pub async fn accepted_of(&self, application: &str, since: Timestamp, at_most: u64) -> Result<u64, Error> {
        ask!(self.db.accepted_of(application.to_owned(), since, at_most).await)
    }

    /// How many recipients of an application wait, up to `at_most`. Walks so many entries of an index that holds nothing but what
    /// waits: 100,000 took 4 ms, on a connection that only reads. For now and then, not for each message.
    pub async fn waiting_of(&self, application: &str, at_most: u64) -> Result<u64, Error> {
        ask!(self.db.waiting_of(application, at_most).await)
    }
}

impl StoredApplications {
    /// One more, from `id, name, settings, made_at, disabled_at`.
    pub(crate) fn add(&mut self, row: &impl Columns, keys: Vec<ApplicationKey>) -> Result<(), Error> {
        let id = ApplicationId(row.id(0)?);
        let names = keys.iter().map(|key| key.id.clone()).collect();
        if let Some(application) = decode(row, keys)? {
            self.readable.push(application);
            return Ok(());
        }
        tracing::error!(
            application.id = id.0,
            "a stored application cannot be read; nothing is accepted from it"
        );
        let name = row.text(1)?.and_then(|name| name.parse().ok());
        self.unreadable.push(UnreadableApplication { id, name, keys: names });
        Ok(())
    }
}

/// From `id, name, settings, made_at, disabled_at`; none if it cannot be decoded.
pub(crate) fn decode(row: &impl Columns, keys: Vec<ApplicationKey>) -> Result<Option<Application>, Error> {
    let id = ApplicationId(row.id(0)?);
    let name = row.text(1)?.and_then(|name| name.parse().ok());
    let settings = of_json(row.text(2)?);
    let (Some(name), Some(settings), Some(made_at)) = (name, settings, at(row, 3)?) else { return Ok(None) };
    Ok(Some(Application { id, name, settings, made_at, disabled_at: at(row, 4)?, keys }))
}

/// From `id, made_at, used_at, revoked_at`.
pub(crate) fn key(row: &impl Columns) -> Result<ApplicationKey, Error> {
    Ok(ApplicationKey {
        id: KeyId(row.text(0)?.unwrap_or_default()),
        made_at: at(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
        used_at: at(row, 2)?,
        revoked_at: at(row, 3)?,
    })
}

/// What differs, as it was and as it is; of one that is new, all that is not usual.
pub(crate) fn differences(
    old: Option<&ApplicationSettings>,
    new: &ApplicationSettings,
) -> Result<(String, String), Error> {
    let internal = |error: serde_json::Error| Error::Internal(error.to_string());
    let usual = ApplicationSettings::default();
    let old = serde_json::to_value(old.unwrap_or(&usual)).map_err(internal)?;
    let new = serde_json::to_value(new).map_err(internal)?;
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for (name, value) in new.as_object().into_iter().flatten() {
        let before = old.get(name).unwrap_or(&Value::Null);
        if before != value {
            was.push((name, words(before)));
            is.push((name, words(value)));
        }
    }
    Ok((parts(was), parts(is)))
}

fn words(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_people_and_for_one_line() {
        for (text, expected) in [
            ("Textbook Tracker", Ok("Textbook Tracker")),
            ("  Bücherei 2 ", Ok("Bücherei 2")),
            (" \t", Err(ApplicationNameError::Empty)),
            ("cron\r\nX-Header: y", Err(ApplicationNameError::Control)),
            (&"x".repeat(64), Ok(&*"x".repeat(64))),
            (&"x".repeat(65), Err(ApplicationNameError::TooLong)),
        ] {
            let name = text.parse::<ApplicationName>();
            assert_eq!(name.as_ref().map(ApplicationName::as_str), expected.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn from_is_an_address_or_a_domain_and_no_more() {
        for (allowed, address, expected) in [
            ("desk@library.example", "desk@library.example", true),
            ("desk@library.example", "Desk@LIBRARY.example", true),
            ("desk@library.example", "desk2@library.example", false),
            ("desk@library.example", "desk@branch.library.example", false),
            ("@library.example", "anyone@library.example", true),
            ("@Library.Example", "anyone@library.example", true),
            ("@library.example", "anyone@branch.library.example", false),
            ("@library.example", "anyone@evil-library.example", false),
            ("@bücher.example", "a@xn--bcher-kva.example", true),
            ("a@xn--bcher-kva.example", "a@bücher.example", true),
        ] {
            let parsed: AllowedFrom = allowed.parse().unwrap();
            assert_eq!(parsed.covers(&Address::parse(address).unwrap()), expected, "{allowed} {address}");
            assert_eq!(parsed.to_string().parse::<AllowedFrom>(), Ok(parsed));
        }
        for wrong in ["", "@", "library.example", "@library..example", "*@library.example@"] {
            assert!(wrong.parse::<AllowedFrom>().is_err(), "{wrong}");
        }
    }
}
