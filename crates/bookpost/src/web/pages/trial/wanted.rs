//! Which server somebody wants to have tested: as it is stored, or as the form of the preferences has it, unsaved. That form is kept, to
//! be gone back to.

use std::{collections::BTreeMap, sync::Arc};

use mail::Address;
use serde_json::Value;

use crate::{
    app::{Preferences, StandingPreferences},
    config::{Config, Origin, Provider, Server},
    preferences::Refused,
    web::pages::{
        preferences::{Passwords, TESTS_TO},
        visit::Visit,
    },
};

/// A form, as it was sent: names of preferences and what stands in them, beside others that are of no interest here.
pub(in crate::web::pages) struct Form {
    texts: BTreeMap<String, String>,
    /// To the letter: a space may belong to one.
    passwords: Passwords,
}

/// What is to be tested.
pub(super) struct Wanted {
    pub(super) server: Arc<Server>,
    /// All settings, as they would be.
    pub(super) config: Config,
}

/// Why nothing can be tested.
#[derive(Debug)]
pub(super) enum Unusable {
    NoServer,
    Refused(Refused),
}

/// What is not sent back to the form of the preferences: what a button said, and what belongs to one page only.
const NOT_SENT_BACK: [&str; 9] = ["form_token", TYPED, "server", "to", "anyway", "use", "port", "test", "is"];
/// By this the passwords of the form are found again.
const TYPED: &str = "typed";

impl Form {
    /// With the passwords that were typed into it before.
    pub(super) fn new(fields: Vec<(String, String)>, visit: &Visit) -> Self {
        let (mut texts, mut typed) = (BTreeMap::new(), Passwords::new());
        for (name, text) in fields {
            if !name.ends_with(".password") {
                texts.insert(name, text.trim().to_owned());
            } else if !text.is_empty() {
                typed.insert(name, text.into());
            }
        }
        let token = texts.get(TYPED).map_or("", String::as_str);
        let found = visit.pages.typed.find(visit.person().id, token, visit.clockwork.now);
        let mut passwords = found.unwrap_or_default();
        passwords.extend(typed);
        Self { texts, passwords }
    }

    /// What the form of the preferences is when somebody goes back to it: all but its passwords, which are kept here for a while. None: it
    /// was another form.
    pub(super) fn back(&self, visit: &Visit) -> Option<Vec<(String, String)>> {
        self.get("version")?;
        let sent_back = self.texts.iter().filter(|(name, _)| !NOT_SENT_BACK.contains(&name.as_str()));
        let mut back: Vec<_> = sent_back.map(|(name, text)| (name.clone(), text.clone())).collect();
        let token = visit.pages.typed.keep(visit.person().id, self.passwords.clone(), visit.clockwork.now);
        // By one under which nothing is found any more, the form says that they are to be typed again.
        let token = token.or_else(|| self.get(TYPED).map(ToOwned::to_owned));
        back.extend(token.map(|token| (TYPED.to_owned(), token)));
        Some(back)
    }

    /// As far as it says where a server is: nobody signs in to find its ports.
    pub(super) fn without_login(mut self) -> Self {
        let server = format!("server{}", self.number());
        self.texts.insert(format!("{server}.login"), String::new());
        self.passwords.remove(&format!("{server}.password"));
        self.texts.insert(format!("{server}.encryption"), "starttls".to_owned());
        self
    }

    /// The provider that is to be tested, in the place of a server of the library's own.
    pub(super) fn provider(&self) -> Option<Provider> {
        Provider::named(self.get("server")?)
    }

    /// `1` or `2`.
    pub(super) fn number(&self) -> u8 {
        if self.get("server") == Some("2") { 2 } else { 1 }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Whom the test message is for; None: an address that is none.
    pub(super) fn to(&self, own: &Address) -> Option<Address> {
        self.wished_to().map_or_else(|| Some(own.clone()), |text| Address::parse(text).ok())
    }

    /// As somebody wrote it, if they did: for the test alone, or beside the server in the form of the preferences.
    pub(super) fn wished_to(&self) -> Option<&str> {
        let beside = || TESTS_TO.get(usize::from(self.number()) - 1).and_then(|name| self.get(name));
        self.get("to").or_else(beside).filter(|text| !text.is_empty())
    }

    /// The server, with what stands in the form, and the rest as it is stored.
    pub(super) async fn wanted(&self, preferences: &Preferences) -> Result<Wanted, Unusable> {
        let standing = preferences.now().await.map_err(Unusable::Refused)?;
        if let Some(provider) = self.provider() {
            let config = standing.loaded.config;
            let set = config.providers.iter().find(|set| set.provider == provider);
            let server = set.map(|set| Arc::clone(&set.server)).ok_or(Unusable::NoServer)?;
            return Ok(Wanted { server, config });
        }
        let (number, first) = (self.number(), !standing.loaded.config.sending.servers.is_empty());
        let mut values = self.values(&format!("server{number}"), &standing);
        if number == 2 && !first {
            values.extend(self.values("server1", &standing));
        }
        let mut config = preferences.proposed(values.clone()).await.map_err(Unusable::Refused)?.config;
        // What would keep it from being saved is said by the test: without a name of this computer no server is used.
        if config.sending.own_name().is_none() {
            values.insert("sending.way".to_owned(), Value::from("servers"));
            config = preferences.proposed(values).await.map_err(Unusable::Refused)?.config;
        }
        let server = config.sending.servers.iter().find(|server| server.name == format!("server{number}"));
        let server = server.cloned().ok_or(Unusable::NoServer)?;
        Ok(Wanted { server, config })
    }

    /// What else the form says of this server, for another form: neither its port nor its encryption, and instead of its password by what
    /// that is found, as it goes `back`.
    pub(super) fn rest(&self, server: &str, back: &[(String, String)]) -> Vec<(String, String)> {
        let kept = ["host", "login", "allow_non_secure", "send_password_unencrypted"];
        let names = kept.iter().map(|key| format!("{server}.{key}")).chain([
            "to".to_owned(),
            format!("{server}.test_to"),
            "sending.ehlo_name".to_owned(),
        ]);
        let texts = names.filter_map(|name| self.get(&name).map(|text| (name.clone(), text.to_owned())));
        texts.chain(back.iter().filter(|(name, _)| name == TYPED).cloned()).collect()
    }

    /// What the form says of one server, as preferences. What is set elsewhere is left to stand there.
    fn values(&self, server: &str, standing: &StandingPreferences) -> BTreeMap<String, Value> {
        let stored = &standing.loaded.preferences;
        let open = |name: &str| {
            let known = stored.iter().find(|known| known.name == name);
            known.is_some_and(|known| !matches!(known.origin, Origin::File(_) | Origin::Environment(_)))
        };
        let mut values = BTreeMap::new();
        for key in ["host", "port", "encryption", "login"] {
            let name = format!("{server}.{key}");
            values.extend(self.get(&name).map(|text| (name.clone(), value(key, text))));
        }
        if let Some((name, password)) = self.passwords.get_key_value(&format!("{server}.password")) {
            values.insert(name.clone(), Value::from(password.as_str()));
        }
        // Without a login there is no password; a browser says nothing of a box that is not ticked.
        if self.get(&format!("{server}.login")) == Some("") {
            values.insert(format!("{server}.password"), Value::Null);
        }
        if self.get(&format!("{server}.encryption")).is_some() {
            for key in ["allow_non_secure", "send_password_unencrypted"] {
                let name = format!("{server}.{key}");
                let ticked = self.get(&name).is_some_and(|text| !text.is_empty());
                values.insert(name, Value::from(ticked));
            }
        }
        if let Some(name) = self.get("sending.ehlo_name") {
            values.insert("sending.ehlo_name".to_owned(), value("ehlo_name", name));
        }
        values.retain(|name, _| open(name));
        values
    }
}

/// As a preference has it: nothing is what is usual.
fn value(key: &str, text: &str) -> Value {
    match (key, text.parse::<u64>()) {
        _ if text.is_empty() => Value::Null,
        ("port", Ok(number)) => Value::from(number),
        _ => Value::from(text),
    }
}
