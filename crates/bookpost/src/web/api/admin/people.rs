//! People, and the log of what they changed.
#![expect(unused_qualifications, reason = "the macro that describes the routes writes some")]

use std::collections::BTreeSet;

use axum::{
    extract::{Path, State},
    response::Response,
};
use mail::Address;
use serde::Deserialize;
use store::{AuditFilter, AuditId, LinkPurpose, PersonSettings, Role};
use utoipa::{IntoParams, ToSchema};

use super::{
    Admin, answered,
    caller::{Owner, Sent},
    of_store, told,
};
use crate::{
    app::secret_dice,
    cli::{
        control::{PeopleRequest, PersonChange},
        people,
    },
    identity::Permission,
    web::{
        api::{
            asked::{self, Asked},
            document::AdminProblems,
            problem::{Kind, Problem},
        },
        for_links,
    },
};

const USUAL: usize = 100;
const MOST: usize = 500;

/// What is to hold of a person; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// What they sign in with.
    email: Option<String>,
    name: Option<String>,
    /// `administrator`, `manager` or `viewer`.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// Codes of the sites that they are limited to; empty: to none.
    sites: Option<BTreeSet<String>>,
    /// The language of their pages, `en` or `es`; empty: as their browser asks.
    language: Option<String>,
}

impl Named {
    fn read(self) -> Result<PersonChange, Problem> {
        let invalid = |what: String| Problem::new(Kind::Invalid, what);
        let name = self.name.map(|name| name.parse()).transpose();
        Ok(PersonChange {
            email: self.email.as_deref().map(address).transpose()?,
            name: name.map_err(|error: store::PersonNameError| invalid(format!("name: {error}")))?,
            role: self.role,
            sites: self.sites,
            language: self.language,
        })
    }
}

fn address(text: &str) -> Result<Address, Problem> {
    Address::parse(text).map_err(|error| Problem::new(Kind::Invalid, format!("email: {error}")))
}

impl Admin {
    async fn about_people(&self, owner: &Owner, request: PeopleRequest) -> Result<Response, Problem> {
        owner.must(Permission::ManagePeople)?;
        let (config, now) = (self.sources.config(), self.sources.clock.now());
        let pages = for_links(&config, config.listen);
        let place = people::Place { sites: &config.sites, pages: &pages };
        let (store, who) = (&self.sources.store, owner.0.actor());
        answered(people::perform(store, request, place, who, &mut secret_dice(), now).await)
    }

    /// Their address, if there is somebody of it.
    async fn person(&self, owner: &Owner, email: &str) -> Result<Address, Problem> {
        owner.must(Permission::ManagePeople)?;
        let email = address(email)?;
        let found = self.sources.store.person_of(&email).await.map_err(|error| of_store(&error))?;
        Ok(found.email)
    }
}

/// Lists all people.
#[utoipa::path(get, path = "/api/v1/admin/people", operation_id = "list_people", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "All of them", body = Vec<Object>), AdminProblems))]
pub(super) async fn list(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    admin.about_people(&owner, PeopleRequest::List).await
}

/// Adds a person; the link by which they choose their password is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/admin/people", operation_id = "invite_person", tag = "administration",
    security(("own_key" = [])), request_body = Named,
    responses((status = 200, description = "The link", body = Object), AdminProblems))]
pub(super) async fn invite(
    State(admin): State<Admin>,
    owner: Owner,
    Sent(named): Sent<Named>,
) -> Result<Response, Problem> {
    let PersonChange { email: Some(email), name: Some(name), role: Some(role), sites, language } =
        named.read()?
    else {
        return Err(Problem::new(Kind::Invalid, "a new person needs email, name and role"));
    };
    let settings = PersonSettings {
        email,
        name,
        role,
        sites: sites.unwrap_or_default(),
        language: language.filter(|language| !language.is_empty()),
    };
    admin.about_people(&owner, PeopleRequest::Add(settings)).await
}

/// Changes a person.
#[utoipa::path(patch, path = "/api/v1/admin/people/{email}", operation_id = "change_person", tag = "administration",
    security(("own_key" = [])), params(("email" = String, Path, description = "What they sign in with")), request_body = Named,
    responses((status = 200, description = "The person", body = Object), AdminProblems))]
pub(super) async fn change(
    State(admin): State<Admin>,
    owner: Owner,
    Path(email): Path<String>,
    Sent(named): Sent<Named>,
) -> Result<Response, Problem> {
    let (email, change) = (admin.person(&owner, &email).await?, named.read()?);
    admin.about_people(&owner, PeopleRequest::Change { email, change }).await
}

/// Signs a person out everywhere, revokes their keys, and lets them sign in no more.
#[utoipa::path(post, path = "/api/v1/admin/people/{email}/disable", operation_id = "disable_person", tag = "administration",
    security(("own_key" = [])), params(("email" = String, Path, description = "What they sign in with")),
    responses((status = 200, description = "The person", body = Object), AdminProblems))]
pub(super) async fn disable(
    State(admin): State<Admin>,
    owner: Owner,
    Path(email): Path<String>,
) -> Result<Response, Problem> {
    let email = admin.person(&owner, &email).await?;
    admin.about_people(&owner, PeopleRequest::Disable { email }).await
}

/// Lets a person sign in again.
#[utoipa::path(post, path = "/api/v1/admin/people/{email}/enable", operation_id = "enable_person", tag = "administration",
    security(("own_key" = [])), params(("email" = String, Path, description = "What they sign in with")),
    responses((status = 200, description = "The person", body = Object), AdminProblems))]
pub(super) async fn enable(
    State(admin): State<Admin>,
    owner: Owner,
    Path(email): Path<String>,
) -> Result<Response, Problem> {
    let email = admin.person(&owner, &email).await?;
    admin.about_people(&owner, PeopleRequest::Enable { email }).await
}

/// Lists where a person is signed in.
#[utoipa::path(get, path = "/api/v1/admin/people/{email}/sessions", operation_id = "list_sessions", tag = "administration",
    security(("own_key" = [])), params(("email" = String, Path, description = "What they sign in with")),
    responses((status = 200, description = "Their sessions", body = Object), AdminProblems))]
pub(super) async fn sessions(
    State(admin): State<Admin>,
    owner: Owner,
    Path(email): Path<String>,
) -> Result<Response, Problem> {
    let email = admin.person(&owner, &email).await?;
    admin.about_people(&owner, PeopleRequest::Sessions { email }).await
}

/// Signs a person out everywhere.
#[utoipa::path(post, path = "/api/v1/admin/people/{email}/sign-out", operation_id = "sign_out_person", tag = "administration",
    security(("own_key" = [])), params(("email" = String, Path, description = "What they sign in with")),
    responses((status = 200, description = "Of how many sessions", body = Object), AdminProblems))]
pub(super) async fn sign_out(
    State(admin): State<Admin>,
    owner: Owner,
    Path(email): Path<String>,
) -> Result<Response, Problem> {
    let email = admin.person(&owner, &email).await?;
    admin.about_people(&owner, PeopleRequest::SignOut { email }).await
}

/// Makes a link by which a person chooses a new password; it is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/admin/people/{email}/reset-link", operation_id = "make_reset_link", tag = "administration",
    security(("own_key" = [])), params(("email" = String, Path, description = "What they sign in with")),
    responses((status = 200, description = "The link", body = Object), AdminProblems))]
pub(super) async fn reset_link(
    State(admin): State<Admin>,
    owner: Owner,
    Path(email): Path<String>,
) -> Result<Response, Problem> {
    let email = admin.person(&owner, &email).await?;
    admin.about_people(&owner, PeopleRequest::Link { purpose: LinkPurpose::Reset, email: Some(email) }).await
}

/// Which lines of the log; all that is given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Lines {
    /// What was done to this: a person's address, a preference, a program.
    about: Option<String>,
    /// Lines before this one, by its id.
    before: Option<i64>,
    /// Lines on a page; 100 if nothing is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Lists who changed what, the newest first.
#[utoipa::path(get, path = "/api/v1/admin/log", operation_id = "list_log", tag = "administration",
    security(("own_key" = [])), params(Lines),
    responses((status = 200, description = "One page", body = Vec<Object>), AdminProblems))]
pub(super) async fn log(
    State(admin): State<Admin>,
    owner: Owner,
    Asked(Lines { about, before, limit }): Asked<Lines>,
) -> Result<Response, Problem> {
    owner.must(Permission::SeeAudit)?;
    let limit = asked::page(limit, USUAL, MOST)?;
    let filter = AuditFilter { about, ..AuditFilter::default() };
    let lines = admin.sources.store.audit(filter, before.map(AuditId), limit).await;
    told(&lines.map_err(|error| of_store(&error))?)
}
