//! What passes over the control socket about people and the log.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Address;
use serde::{Deserialize, Serialize};
use store::{
    AuditId, KeyId, LinkPurpose, Person, PersonKey, PersonName, PersonSettings, Role, Session, SessionId,
};

use super::Secret;

/// What needs the queue, the list of sites, and where the pages are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleRequest {
    /// All of them.
    List,
    /// A new one, with an invitation.
    Add(PersonSettings),
    /// What is named of one.
    Change { email: Address, change: PersonChange },
    /// They can sign in no more.
    Disable { email: Address },
    /// They can again.
    Enable { email: Address },
    /// Where they are signed in.
    Sessions { email: Address },
    /// There no more.
    EndSession { email: Address, session: SessionId },
    /// Nowhere any more.
    SignOut { email: Address },
    /// A link for one of them; for setting up where nobody is named.
    Link { purpose: LinkPurpose, email: Option<Address> },
    /// One more key for one of them.
    AddKey { email: Address },
    /// All keys of one of them.
    Keys { email: Address },
    /// This key opens nothing any more.
    RevokeKey { email: Address, key: KeyId },
    /// What was changed, the newest first.
    Log { by: Option<Address>, about: Option<String>, before: Option<AuditId>, limit: usize },
}

/// What is to be otherwise; all else stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PersonChange {
    pub email: Option<Address>,
    pub name: Option<PersonName>,
    pub role: Option<Role>,
    /// Empty: all.
    pub sites: Option<BTreeSet<String>>,
    /// In which the pages are; empty: as their browser asks.
    #[serde(default)]
    pub language: Option<String>,
}

/// A link that was just made. Its code is here and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownLink {
    pub purpose: LinkPurpose,
    /// For whom; nobody where it is to set Bookpost up.
    pub person: Option<Person>,
    /// The link; only its path where nobody listens for pages.
    pub link: Secret,
    /// The same page by the other addresses of this computer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Secret>,
    /// It opens nothing from then on.
    pub expires_at: Timestamp,
}

/// A key of a person that was just made. Its secret is here and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPersonKey {
    pub person: Person,
    pub id: KeyId,
    pub key: Secret,
}

/// The keys of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPersonKeys {
    pub person: Person,
    pub keys: Vec<PersonKey>,
}

/// Where a person is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownSessions {
    pub person: Person,
    pub sessions: Vec<Session>,
}

/// Who was signed out, of how many sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    pub person: Person,
    pub sessions: u64,
}

impl PersonChange {
    /// Makes it so.
    pub fn apply(self, settings: &mut PersonSettings) {
        let Self { email, name, role, sites, language } = self;
        if let Some(email) = email {
            settings.email = email;
        }
        if let Some(name) = name {
            settings.name = name;
        }
        settings.role = role.unwrap_or(settings.role);
        settings.sites = sites.unwrap_or_else(|| std::mem::take(&mut settings.sites));
        if let Some(language) = language {
            settings.language = Some(language).filter(|language| !language.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let before = PersonSettings {
            email: "ann@library.example".parse().unwrap(),
            name: "Ann".parse().unwrap(),
            role: Role::Manager,
            sites: BTreeSet::from(["MAIN".to_owned()]),
            language: Some("es".to_owned()),
        };
        let mut settings = before.clone();
        PersonChange::default().apply(&mut settings);
        assert_eq!(settings, before);
        let change = PersonChange {
            email: Some("lee@library.example".parse().unwrap()),
            name: Some("Lee".parse().unwrap()),
            role: Some(Role::Viewer),
            sites: Some(BTreeSet::new()),
            language: Some(String::new()),
        };
        change.apply(&mut settings);
        let after = PersonSettings {
            email: "lee@library.example".parse().unwrap(),
            name: "Lee".parse().unwrap(),
            role: Role::Viewer,
            sites: BTreeSet::new(),
            language: None,
        };
        assert_eq!(settings, after);
    }
}
