//! The sites, one by one.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Admin,
    caller::{Owner, Sent},
    of_store, refused, told,
};
use crate::{
    config::Loaded,
    identity::Permission,
    preferences::{
        Change,
        sites::{self, SiteChange, SiteRefused, values, wish},
    },
    web::api::{
        document::AdminProblems,
        problem::{Kind, Problem},
    },
};

/// A site.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Site {
    /// Its branch code; it never changes.
    code: String,
    name: String,
    /// What patrons see as the sender; without one it cannot send.
    email: Option<String>,
    /// Where answers go; none: to `email`.
    reply_to: Option<String>,
    /// Where undeliverable mail goes; none: to `email`.
    return_address: Option<String>,
    phone: Option<String>,
    /// Further branch codes that mean it.
    branches: Option<Vec<String>>,
    /// In which its notices are dated.
    time_zone: Option<String>,
    /// In which its patrons are written to of whom an export does not say theirs: `en` or `es`.
    language: Option<String>,
}

/// Lists all sites.
#[utoipa::path(get, path = "/api/v1/admin/sites", operation_id = "list_sites", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "All of them", body = Vec<Site>), AdminProblems))]
pub(super) async fn list(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    told(&admin.sources.config().sites.iter().map(values).collect::<Vec<_>>())
}

/// Adds a site.
#[utoipa::path(post, path = "/api/v1/admin/sites", operation_id = "add_site", tag = "administration",
    security(("own_key" = [])), request_body = Site,
    responses((status = 200, description = "All sites", body = Vec<Site>), AdminProblems))]
pub(super) async fn add(
    State(admin): State<Admin>,
    owner: Owner,
    Sent(mut values): Sent<Map<String, Value>>,
) -> Result<Response, Problem> {
    let Some(Value::String(code)) = values.remove("code") else {
        return Err(Problem::new(Kind::Invalid, "a site needs a code, which is a text"));
    };
    carry_out(&admin, &owner, SiteChange::Add { code, values }).await
}

/// Changes a site; what is not named stays, and `null` takes away.
#[utoipa::path(patch, path = "/api/v1/admin/sites/{code}", operation_id = "change_site", tag = "administration",
    security(("own_key" = [])), params(("code" = String, Path, description = "Its branch code")), request_body = Object,
    responses((status = 200, description = "All sites", body = Vec<Site>), AdminProblems))]
pub(super) async fn change(
    State(admin): State<Admin>,
    owner: Owner,
    Path(code): Path<String>,
    Sent(values): Sent<Map<String, Value>>,
) -> Result<Response, Problem> {
    carry_out(&admin, &owner, SiteChange::Change { code, values }).await
}

/// Removes a site, unless something needs it.
#[utoipa::path(delete, path = "/api/v1/admin/sites/{code}", operation_id = "remove_site", tag = "administration",
    security(("own_key" = [])), params(("code" = String, Path, description = "Its branch code")),
    responses((status = 200, description = "All sites", body = Vec<Site>), AdminProblems))]
pub(super) async fn remove(
    State(admin): State<Admin>,
    owner: Owner,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    carry_out(&admin, &owner, SiteChange::Remove { code }).await
}

/// The logo of a site.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Logo {
    /// A PNG or JPEG of at most 600 x 200 pixels and 20,000 bytes, in base64.
    picture: String,
}

/// Shows the logo of a site.
#[utoipa::path(get, path = "/api/v1/admin/sites/{code}/logo", operation_id = "show_logo", tag = "administration",
    security(("own_key" = [])), params(("code" = String, Path, description = "Its branch code")),
    responses((status = 200, description = "The logo", body = Logo), AdminProblems))]
pub(super) async fn logo(
    State(admin): State<Admin>,
    owner: Owner,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let found = admin.sources.store.logo(&code).await.map_err(|error| of_store(&error))?;
    let none = || Problem::new(Kind::NotFound, format!("no site {code} has a logo"));
    told(&Logo { picture: BASE64.encode(found.ok_or_else(none)?.bytes) })
}

/// Gives a site a logo, which stands at the head of its notices from then on.
#[utoipa::path(put, path = "/api/v1/admin/sites/{code}/logo", operation_id = "set_logo", tag = "administration",
    security(("own_key" = [])), params(("code" = String, Path, description = "Its branch code")), request_body = Logo,
    responses((status = 204, description = "It is kept"), AdminProblems))]
pub(super) async fn set_logo(
    State(admin): State<Admin>,
    owner: Owner,
    Path(code): Path<String>,
    Sent(Logo { picture }): Sent<Logo>,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let Ok(file) = BASE64.decode(picture) else {
        return Err(Problem::new(Kind::Invalid, "the picture is not in base64"));
    };
    of_logo(&admin, &owner, &code, Some(file)).await
}

/// Takes the logo of a site away.
#[utoipa::path(delete, path = "/api/v1/admin/sites/{code}/logo", operation_id = "remove_logo", tag = "administration",
    security(("own_key" = [])), params(("code" = String, Path, description = "Its branch code")),
    responses((status = 204, description = "There is none any more"), AdminProblems))]
pub(super) async fn remove_logo(
    State(admin): State<Admin>,
    owner: Owner,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    of_logo(&admin, &owner, &code, None).await
}

async fn of_logo(
    admin: &Admin,
    owner: &Owner,
    code: &str,
    file: Option<Vec<u8>>,
) -> Result<Response, Problem> {
    let sources = &admin.sources;
    let standing = sources.preferences.now().await.map_err(|why| refused(&why))?;
    let (by, now) = (owner.0.actor(), sources.clock.now());
    let set = sites::set_logo(&sources.store, &standing.loaded, code, file, by, now).await;
    set.map(|()| StatusCode::NO_CONTENT.into_response()).map_err(|why| of_site(&why))
}

async fn carry_out(admin: &Admin, owner: &Owner, change: SiteChange) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let sources = &admin.sources;
    let standing = sources.preferences.now().await.map_err(|why| refused(&why))?;
    let by = (owner.0.actor(), sources.clock.now());
    let wish = wish(&sources.store, &standing.loaded, change, standing.stored.version, by).await;
    let wish = wish.map_err(|why| of_site(&why))?;
    let changed = sources.preferences.change(Change::Set(wish)).await.map_err(|why| refused(&why))?;
    let Loaded { config, .. } = changed.loaded;
    told(&config.sites.iter().map(values).collect::<Vec<_>>())
}

fn of_site(why: &SiteRefused) -> Problem {
    let kind = match why {
        SiteRefused::Preferences(why) => return refused(why),
        SiteRefused::NotFound { .. } => Kind::NotFound,
        SiteRefused::Field(_) | SiteRefused::Logo(_) => Kind::Invalid,
        SiteRefused::Exists(_) | SiteRefused::Needed { .. } => Kind::Conflict,
    };
    Problem::new(kind, why.to_string())
}
