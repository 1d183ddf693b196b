//! The keys of people's own, by which programs administer: which there are, and their end.

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use store::{Error, KeyId, PersonId};

use super::{
    flash::{self, Done},
    form::Posted,
    not_here,
    person::known,
    visit::Visit,
    when::At,
};
use crate::identity::Permission;

/// Those of one person that open something.
pub(super) struct Keys {
    /// Where one of them is revoked.
    pub(super) at: String,
    pub(super) lines: Vec<Line>,
}

/// One key.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) made: At,
    pub(super) used: Option<At>,
    /// For whoever does not see which line a button stands in.
    pub(super) revoke: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    key: String,
}

impl Keys {
    pub(super) async fn of(visit: &Visit, person: PersonId, page: &str) -> Result<Self, Error> {
        let all = visit.pages.sources.store.person_keys(person).await?;
        let lines = all.into_iter().filter(|key| key.revoked_at.is_none()).map(|key| Line {
            made: visit.clockwork.at(key.made_at),
            used: key.used_at.map(|at| visit.clockwork.at(at)),
            revoke: visit.words().with("key-revoke-of", &[("key", &key.id.0)]),
            id: key.id.0,
        });
        Ok(Self { at: format!("{page}/keys"), lines: lines.collect() })
    }
}

/// Revokes one of one's own.
pub(super) async fn revoke_own(Posted { visit, form }: Posted<Named>) -> Response {
    revoked(&visit, visit.person().id, form, "/account").await
}

/// Revokes one of somebody's.
pub(super) async fn revoke(Path(id): Path<String>, Posted { visit, form }: Posted<Named>) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    match known(&visit, &id).await {
        Ok(person) => revoked(&visit, person.id, form, &format!("/preferences/people/{}", person.id.0)).await,
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn revoked(visit: &Visit, person: PersonId, Named { key }: Named, page: &str) -> Response {
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    match store.revoke_person_key(person, &KeyId(key), visit.actor(), now).await {
        Ok(_) => Redirect::to(&flash::told(page, Done::KeyRevoked, None)).into_response(),
        Err(error) => not_here::of(&error, visit),
    }
}
