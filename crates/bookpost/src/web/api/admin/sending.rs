//! The pause of all sending.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Admin, answered,
    caller::{Owner, Sent},
};
use crate::{
    cli::control::Older,
    identity::Permission,
    web::api::{document::AdminProblems, problem::Problem},
};

/// What becomes of mail that has waited for more than 48 hours.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resume {
    /// `send`, `cancel` or `return`; needed where there is such mail.
    #[schema(value_type = Option<String>)]
    older: Option<Older>,
}

/// Sends nothing until it is resumed; mail is accepted meanwhile, and grows no older.
#[utoipa::path(post, path = "/api/v1/admin/sending/pause", operation_id = "pause_sending", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "The pause", body = Object), AdminProblems))]
pub(super) async fn pause(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    owner.must(Permission::PauseSending)?;
    answered(admin.sources.decisions.pause(owner.0.actor()).await)
}

/// Sends again.
#[utoipa::path(post, path = "/api/v1/admin/sending/resume", operation_id = "resume_sending", tag = "administration",
    security(("own_key" = [])), request_body = Resume,
    responses((status = 200, description = "The pause that ended, and what became of old mail", body = Object), AdminProblems))]
pub(super) async fn resume(
    State(admin): State<Admin>,
    owner: Owner,
    Sent(Resume { older }): Sent<Resume>,
) -> Result<Response, Problem> {
    owner.must(Permission::PauseSending)?;
    answered(admin.sources.decisions.resume(older, owner.0.actor()).await)
}
