//! Saving, all or nothing; undoing; and moving into Bookpost what the file sets.

use std::collections::BTreeMap;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde_json::Value;
use store::Error;

use super::{
    draft::{Draft, Notice, begin},
    entries::{self, LIBRARY_EMAIL, SERVERS, differing},
    instead, library_email,
    meanwhile::CHANGES,
    page,
    problems::Faults,
    refused,
    sent::Sent,
    tried,
};
use crate::{
    identity::Permission,
    preferences::{Change, Changed, Refused, Wish},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        meanwhile::{both_changed, merged},
        not_done, not_here,
        visit::Visit,
    },
};

const HERE: &str = "/preferences";

/// Saves what was changed in the form.
pub(in super::super) async fn save(Posted { visit, form }: Posted<Sent>) -> Response {
    let draft = match begin(&visit, &form).await {
        Ok(draft) => draft,
        Err(refused) => return refused,
    };
    let version = draft.standing.stored.version;
    if form.version() != version {
        return Box::pin(meanwhile(&visit, draft, form.version())).await;
    }
    if draft.typed_too_long_ago {
        let others = vec![visit.words().t("password-too-long-ago").into()];
        return wrong(&visit, draft, Faults { others, ..Faults::default() }).await;
    }
    let values = match values(&draft) {
        Ok(values) => values,
        Err(faults) => return wrong(&visit, draft, Faults::unread(&faults, visit.words())).await,
    };
    if values.is_empty() {
        let done =
            if library_email::is_not_saved(&draft) { Done::AddressLookedUp } else { Done::NothingChanged };
        return Redirect::to(&flash::told(HERE, done, None)).into_response();
    }
    let goes_on = form.has("anyway") || form.has("password_is_meant");
    if let Some(provider) = instead::asked(&draft).filter(|_| !goes_on) {
        let notice = Some(Notice::Instead(provider));
        return page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, Draft { notice, ..draft }).await;
    }
    if !form.has("anyway") {
        match try_first(&visit, &draft, &values).await {
            Ok(failed) if failed.is_empty() => {}
            Ok(failed) => {
                let notice = Some(Notice::Failed(failed));
                return page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &visit, Draft { notice, ..draft })
                    .await;
            }
            Err(why) => return Box::pin(not_saved(&visit, draft, why)).await,
        }
    }
    let wish = Wish { based_on: Some(version), values, by: visit.actor() };
    let done = if library_email::is_not_saved(&draft) {
        Done::PreferencesSavedWithoutAddress
    } else {
        Done::PreferencesSaved
    };
    match visit.pages.sources.preferences.change(Change::Set(wish)).await {
        Ok(changed) => saved(&changed, done),
        // Somebody was quicker by a moment.
        Err(Refused::Store(Error::Changed)) => match begin(&visit, &form).await {
            Ok(draft) => Box::pin(meanwhile(&visit, draft, version)).await,
            Err(refused) => refused,
        },
        Err(why) => Box::pin(not_saved(&visit, draft, why)).await,
    }
}

type Values = BTreeMap<String, Value>;

/// What is to be stored, passwords among it.
fn values(draft: &Draft) -> Result<Values, BTreeMap<&'static str, entries::Fault>> {
    let mut values = entries::values(&draft.entries, &draft.seen)?;
    values.extend(library_email::stored(draft).map_err(|fault| BTreeMap::from([(LIBRARY_EMAIL, fault)]))?);
    for server in SERVERS {
        let password = format!("{server}.password");
        let stands = |key: &str| draft.entries.get(&*format!("{server}.{key}")).map_or("", String::as_str);
        let kept = draft.standing.stored.values.contains_key(&password);
        let no_login = stands("login").is_empty() && !draft.passwords.contains_key(&password);
        if stands("host").is_empty() {
            continue;
        }
        // Without a login there is nothing that a password would be for.
        if kept && (no_login || draft.forgotten.contains(&password)) {
            values.insert(password.clone(), Value::Null);
        }
        if let Some(typed) = draft.passwords.get(&password) {
            values.insert(password, Value::from(typed.as_str()));
        }
    }
    Ok(values)
}

async fn try_first(visit: &Visit, draft: &Draft, values: &Values) -> Result<Vec<tried::Failed>, Refused> {
    let proposed = visit.pages.sources.preferences.proposed(values.clone()).await?;
    let before = &draft.standing.loaded.config;
    Ok(tried::failed(before, &proposed.config, &visit.clockwork).await)
}

async fn wrong(visit: &Visit, draft: Draft, faults: Faults) -> Response {
    let notice = Some(Notice::Wrong);
    page::show_as(StatusCode::UNPROCESSABLE_ENTITY, visit, Draft { faults, notice, ..draft }).await
}

async fn not_saved(visit: &Visit, draft: Draft, why: Refused) -> Response {
    match why {
        Refused::Problems(problems) => {
            let faults = Faults::checked(&problems, visit.words());
            wrong(visit, draft, faults).await
        }
        Refused::Store(error) => not_here::of(&error, visit),
        why => {
            let notice = Some(Notice::Refused(not_done::refused(visit.words(), &why)));
            page::show_as(StatusCode::UNPROCESSABLE_ENTITY, visit, Draft { notice, ..draft }).await
        }
    }
}

/// Where old mail waits, what becomes of it is asked.
pub(in super::super) fn saved(changed: &Changed, done: Done) -> Response {
    let (path, done) = if changed.old > 0 { ("/sending", Done::SavedAndPaused) } else { (HERE, done) };
    Redirect::to(&flash::told(path, done, None)).into_response()
}

/// The form comes back with what stands now, and with all that was typed in it.
async fn meanwhile(visit: &Visit, draft: Draft, version: i64) -> Response {
    let changes = match visit.pages.sources.store.preference_changes(CHANGES).await {
        Ok(changes) => changes.into_iter().filter(|change| change.version > version).collect(),
        Err(error) => return not_here::of(&error, visit),
    };
    let theirs = entries::shown(&draft.standing.loaded.config);
    let (entries, both) = merged(&draft.seen, &draft.entries, &theirs);
    let unsaved = !differing(&entries, &theirs).is_empty();
    let mut draft = Draft { entries, unsaved, ..draft };
    for name in &both {
        let text = both_changed(visit.words(), theirs.get(name).map(String::as_str));
        draft.fault(name, text);
    }
    draft.notice = Some(Notice::Meanwhile { changes, both });
    page::show_as(StatusCode::CONFLICT, visit, draft).await
}

/// Undoes the last change, if it is the one that was shown.
pub(in super::super) async fn undo(Posted { visit, form }: Posted<Sent>) -> Response {
    let change = Change::UndoOf { version: form.version(), by: visit.actor() };
    carry_out(&visit, change, Done::Undone).await
}

/// Puts what the file sets among the preferences.
pub(in super::super) async fn import(Posted { visit, .. }: Posted<Sent>) -> Response {
    carry_out(&visit, Change::Import { by: visit.actor() }, Done::PreferencesImported).await
}

async fn carry_out(visit: &Visit, change: Change, done: Done) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let preferences = &visit.pages.sources.preferences;
    let why = match preferences.change(change).await {
        Ok(changed) => return saved(&changed, done),
        Err(Refused::Store(Error::Changed)) => vec![visit.words().t("undo-too-late").into()],
        Err(Refused::Store(error)) => return not_here::of(&error, visit),
        Err(why) => not_done::refused(visit.words(), &why),
    };
    match preferences.now().await {
        Ok(standing) => {
            let draft = Draft { notice: Some(Notice::Refused(why)), ..Draft::stored(standing) };
            page::show_as(StatusCode::CONFLICT, visit, draft).await
        }
        Err(why) => refused(&why, visit),
    }
}
