//! The form as it was sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::entries::SERVERS;

/// Names and texts. It may hold passwords: it is not printed.
#[derive(Deserialize)]
#[serde(transparent)]
pub(in super::super) struct Sent(Vec<(String, String)>);

/// Passwords by the names of their preferences.
pub(in super::super) type Passwords = BTreeMap<String, Zeroizing<String>>;

/// The fields that say whom a test message is for, by server.
pub(in super::super) const TESTS_TO: [&str; 2] = ["server1.test_to", "server2.test_to"];

impl Sent {
    #[cfg(test)]
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Whether a box is ticked or a button was pressed.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| !text.is_empty())
    }

    /// The version that the form was made from.
    pub(super) fn version(&self) -> i64 {
        self.get("version").and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// What was typed as passwords.
    pub(super) fn passwords(&self) -> Passwords {
        let names = SERVERS.map(|server| format!("{server}.password"));
        let typed = |name: String| {
            let text = self.get(&name).filter(|text| !text.is_empty())?.to_owned();
            Some((name, Zeroizing::new(text)))
        };
        names.into_iter().filter_map(typed).collect()
    }

    /// Whom test messages are for.
    pub(super) fn tests_to(&self) -> BTreeMap<&'static str, String> {
        TESTS_TO.iter().filter_map(|name| Some((*name, self.get(name)?.to_owned()))).collect()
    }

    /// The passwords that are to be forgotten.
    pub(super) fn forgotten(&self) -> Vec<String> {
        let ticked = |server: &&str| self.has(&format!("{server}.forget_password"));
        SERVERS.into_iter().filter(ticked).map(|server| format!("{server}.password")).collect()
    }
}
