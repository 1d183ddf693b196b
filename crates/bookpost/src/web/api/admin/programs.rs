//! Programs that send through Bookpost, and their keys.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, State},
    response::Response,
};
use mail::Address;
use serde::Deserialize;
use store::{AllowedFrom, ApplicationName, Class, KeyId};
use utoipa::ToSchema;

use super::{
    Admin, answered,
    caller::{Owner, Sent},
    of_store, told,
};
use crate::{
    cli::control::{ApplicationsRequest, SettingName, SettingsChange},
    identity::Permission,
    web::api::{
        document::AdminProblems,
        problem::{Kind, Problem},
        status::ClassName,
    },
};

/// What a program may do. What is not named stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// These are set back first: `from`, `site`, `class`, `return_address`, `largest_message`, `recipients`, `waiting`, `per_minute`.
    #[schema(value_type = Vec<String>)]
    reset: BTreeSet<SettingName>,
    /// What may stand in From: addresses, or `@domain`.
    from: Option<Vec<String>>,
    /// Codes of the sites that it may send for.
    sites: Option<Vec<String>>,
    /// The first is that of mail which names none.
    classes: Option<Vec<ClassName>>,
    return_address: Option<String>,
    #[schema(minimum = 1000, maximum = 1_000_000_000)]
    largest_message: Option<u64>,
    #[schema(minimum = 1)]
    recipients: Option<u32>,
    #[schema(minimum = 1)]
    waiting: Option<u64>,
    #[schema(minimum = 1)]
    per_minute: Option<u32>,
}

/// A new program.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProgram {
    /// Its name; it never changes.
    name: String,
    #[serde(default)]
    settings: Settings,
}

impl Settings {
    fn read(self) -> Result<SettingsChange, Problem> {
        let invalid = |what: String| Problem::new(Kind::Invalid, what);
        let from =
            self.from.map(|all| all.iter().map(|text| text.parse()).collect::<Result<Vec<AllowedFrom>, _>>());
        let returns = self.return_address.as_deref().map(Address::parse).transpose();
        let least_is_one = [self.recipients.map(u64::from), self.waiting, self.per_minute.map(u64::from)];
        if least_is_one.contains(&Some(0))
            || self.largest_message.is_some_and(|n| !(1_000..=1_000_000_000).contains(&n))
        {
            return Err(invalid("a limit is too small or too large".to_owned()));
        }
        if self.recipients.is_some_and(|n| u64::from(n) > store::MOST_RECIPIENTS as u64) {
            return Err(invalid(format!("recipients: at most {}", store::MOST_RECIPIENTS)));
        }
        Ok(SettingsChange {
            seen: None,
            reset: self.reset,
            from: from.transpose().map_err(|error| invalid(format!("from: {error}")))?,
            sites: self.sites,
            classes: self.classes.map(|all| all.into_iter().map(Class::from).collect()),
            return_address: returns.map_err(|error| invalid(format!("return_address: {error}")))?,
            largest_message: self.largest_message,
            recipients: self.recipients,
            waiting: self.waiting,
            per_minute: self.per_minute,
        })
    }
}

impl Admin {
    async fn about_program(&self, owner: &Owner, request: ApplicationsRequest) -> Result<Response, Problem> {
        owner.must(Permission::ManagePrograms)?;
        answered(self.sources.programs.carry_out(request, owner.0.actor()).await)
    }

    /// Its name as it was given.
    async fn named(&self, owner: &Owner, name: &str) -> Result<String, Problem> {
        owner.must(Permission::ManagePrograms)?;
        let found = self.sources.store.application(name).await.map_err(|error| of_store(&error))?;
        Ok(found.name.into())
    }
}

/// Lists all programs with their keys, of which no secret is known.
#[utoipa::path(get, path = "/api/v1/admin/programs", operation_id = "list_programs", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "All of them", body = Vec<Object>), AdminProblems))]
pub(super) async fn list(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    admin.about_program(&owner, ApplicationsRequest::List).await
}

/// Adds a program; it needs a key before it can send.
#[utoipa::path(post, path = "/api/v1/admin/programs", operation_id = "add_program", tag = "administration",
    security(("own_key" = [])), request_body = NewProgram,
    responses((status = 200, description = "The program", body = Object), AdminProblems))]
pub(super) async fn add(
    State(admin): State<Admin>,
    owner: Owner,
    Sent(new): Sent<NewProgram>,
) -> Result<Response, Problem> {
    let name: Result<ApplicationName, _> = new.name.parse();
    let name = name.map_err(|error| Problem::new(Kind::Invalid, format!("name: {error}")))?;
    admin.about_program(&owner, ApplicationsRequest::Add { name, change: new.settings.read()? }).await
}

/// Shows one program.
#[utoipa::path(get, path = "/api/v1/admin/programs/{name}", operation_id = "show_program", tag = "administration",
    security(("own_key" = [])), params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The program", body = Object), AdminProblems))]
pub(super) async fn show(
    State(admin): State<Admin>,
    owner: Owner,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    owner.must(Permission::ManagePrograms)?;
    told(&admin.sources.store.application(&name).await.map_err(|error| of_store(&error))?)
}

/// Changes what a program may do.
#[utoipa::path(patch, path = "/api/v1/admin/programs/{name}", operation_id = "change_program", tag = "administration",
    security(("own_key" = [])), params(("name" = String, Path, description = "Its name")), request_body = Settings,
    responses((status = 200, description = "The program", body = Object), AdminProblems))]
pub(super) async fn change(
    State(admin): State<Admin>,
    owner: Owner,
    Path(name): Path<String>,
    Sent(settings): Sent<Settings>,
) -> Result<Response, Problem> {
    let (name, change) = (admin.named(&owner, &name).await?, settings.read()?);
    admin.about_program(&owner, ApplicationsRequest::Change { name, change }).await
}

/// Accepts nothing more from a program; what was accepted is sent.
#[utoipa::path(post, path = "/api/v1/admin/programs/{name}/disable", operation_id = "disable_program", tag = "administration",
    security(("own_key" = [])), params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The program", body = Object), AdminProblems))]
pub(super) async fn switch_off(
    State(admin): State<Admin>,
    owner: Owner,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let name = admin.named(&owner, &name).await?;
    admin.about_program(&owner, ApplicationsRequest::Disable { name }).await
}

/// Accepts mail of a program again.
#[utoipa::path(post, path = "/api/v1/admin/programs/{name}/enable", operation_id = "enable_program", tag = "administration",
    security(("own_key" = [])), params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The program", body = Object), AdminProblems))]
pub(super) async fn switch_on(
    State(admin): State<Admin>,
    owner: Owner,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let name = admin.named(&owner, &name).await?;
    admin.about_program(&owner, ApplicationsRequest::Enable { name }).await
}

/// Makes one more key for a program; its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/admin/programs/{name}/keys", operation_id = "add_key", tag = "administration",
    security(("own_key" = [])), params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The key", body = Object), AdminProblems))]
pub(super) async fn add_key(
    State(admin): State<Admin>,
    owner: Owner,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let name = admin.named(&owner, &name).await?;
    admin.about_program(&owner, ApplicationsRequest::AddKey { name }).await
}

/// Lets a key of a program open nothing any more.
#[utoipa::path(delete, path = "/api/v1/admin/programs/{name}/keys/{key}", operation_id = "revoke_key", tag = "administration",
    security(("own_key" = [])),
    params(("name" = String, Path, description = "Its name"), ("key" = String, Path, description = "The key's id")),
    responses((status = 200, description = "The program", body = Object), AdminProblems))]
pub(super) async fn revoke_key(
    State(admin): State<Admin>,
    owner: Owner,
    Path((name, key)): Path<(String, String)>,
) -> Result<Response, Problem> {
    owner.must(Permission::ManagePrograms)?;
    let found = admin.sources.store.application(&name).await.map_err(|error| of_store(&error))?;
    let key = KeyId(key);
    if !found.keys.iter().any(|one| one.id == key) {
        return Err(Problem::new(Kind::NotFound, "there is no such key of this program"));
    }
    admin.about_program(&owner, ApplicationsRequest::RevokeKey { name: found.name.into(), key }).await
}
