//! The form as it stands on the page: what is stored, or what somebody typed and has not saved.

use std::collections::BTreeMap;

use axum::response::Response;
use store::PreferenceChange;

use super::{
    entries::{self, Entries, differing},
    fields::origin,
    meanwhile::{CHANGES, at_version},
    problems::Faults,
    refused,
    sent::{Passwords, Sent},
    suggest::Found,
    tried::Failed,
};
use crate::{
    app::StandingPreferences,
    config::{Loaded, Origin, Provider},
    identity::Permission,
    web::pages::{not_done::NotDone, not_here, visit::Visit},
};

/// What the page shows in the form and above it.
pub(super) struct Draft {
    pub(super) standing: StandingPreferences,
    pub(super) entries: Entries,
    /// As they were when the form was made.
    pub(super) seen: Entries,
    pub(super) faults: Faults,
    /// What was typed, here or before.
    pub(super) passwords: Passwords,
    /// The passwords that are to be forgotten.
    pub(super) forgotten: Vec<String>,
    /// Whom test messages are for, by the fields that say so.
    pub(super) tests_to: BTreeMap<&'static str, String>,
    /// Passwords were typed before, and are not kept any more.
    pub(super) typed_too_long_ago: bool,
    pub(super) notice: Option<Notice>,
    pub(super) unsaved: bool,
}

/// What is said above the form.
pub(super) enum Notice {
    /// Nothing was saved: something is wrong.
    Wrong,
    /// Nothing was saved: these changes came first, and of these fields both were changed.
    Meanwhile {
        changes: Vec<PreferenceChange>,
        both: Vec<&'static str>,
    },
    /// Nothing was saved yet: these servers did not pass their test.
    Failed(Vec<Failed>),
    Found(Box<Found>),
    /// Nothing was saved yet: somebody can sign in there instead.
    Instead(Provider),
    /// This stands in the form now, and is not saved.
    FilledIn(String),
    /// Nothing was done: this is why.
    Refused(Vec<NotDone>),
}

impl Draft {
    /// What is stored.
    pub(super) fn stored(standing: StandingPreferences) -> Self {
        let entries = entries::shown(&standing.loaded.config);
        Self {
            seen: entries.clone(),
            entries,
            faults: Faults::default(),
            passwords: Passwords::new(),
            forgotten: Vec::new(),
            tests_to: BTreeMap::new(),
            typed_too_long_ago: false,
            notice: None,
            unsaved: false,
            standing,
        }
    }

    /// Has this stand in the form, except where it cannot be changed here.
    pub(super) fn fill(&mut self, name: &'static str, text: &str) {
        if !is_fixed(&self.standing.loaded, name) {
            self.entries.insert(name, text.to_owned());
            self.unsaved = true;
        }
    }

    pub(super) fn fault(&mut self, name: &str, text: String) {
        self.faults.by_field.insert(name.to_owned(), text);
    }
}

/// What was sent, by somebody who may; or the answer to somebody else.
pub(super) async fn begin(visit: &Visit, form: &Sent) -> Result<Draft, Response> {
    if !visit.may(Permission::ChangePreferences) {
        return Err(not_here::not_allowed(visit.words()));
    }
    let preferences = &visit.pages.sources.preferences;
    let standing = preferences.now().await.map_err(|why| refused(&why, visit))?;
    // Another page has sent it, which knows of no more than one field.
    if !form.has("version") {
        return Ok(Draft::stored(standing));
    }
    let seen = seen(visit, form, &standing).await.map_err(|error| not_here::of(&error, visit))?;
    let entries = entries::sent(form, &seen, |name| is_fixed(&standing.loaded, name));
    let token = form.get("typed").filter(|token| !token.is_empty());
    let typed = |token| visit.pages.typed.find(visit.person().id, token, visit.clockwork.now);
    let found = token.map(typed);
    let typed_too_long_ago = found == Some(None);
    let mut passwords = found.flatten().unwrap_or_default();
    passwords.extend(form.passwords());
    passwords.retain(|name, _| !is_fixed(&standing.loaded, name));
    let forgotten = form.forgotten();
    Ok(Draft {
        unsaved: !(differing(&entries, &seen).is_empty() && passwords.is_empty() && forgotten.is_empty()),
        entries,
        seen,
        passwords,
        forgotten,
        tests_to: form.tests_to(),
        typed_too_long_ago,
        ..Draft::stored(standing)
    })
}

/// What the form showed when it was made.
async fn seen(visit: &Visit, form: &Sent, standing: &StandingPreferences) -> Result<Entries, store::Error> {
    let now = || entries::shown(&standing.loaded.config);
    if form.version() == standing.stored.version {
        return Ok(now());
    }
    let changes = visit.pages.sources.store.preference_changes(CHANGES).await?;
    let then = at_version(form.version(), &standing.stored, &changes);
    let then = then.and_then(|values| visit.pages.sources.preferences.of(&values).ok());
    Ok(then.map_or_else(now, |then| entries::shown(&then.config)))
}

/// Whether it cannot be changed here.
pub(super) fn is_fixed(loaded: &Loaded, name: &str) -> bool {
    matches!(origin(loaded, name), Origin::File(_) | Origin::Environment(_))
}
