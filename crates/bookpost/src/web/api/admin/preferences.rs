//! The preferences: as they stand, changed, tried and taken back.
#![expect(unused_qualifications, reason = "the macro that describes the routes writes some")]

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use mail::Address;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Admin,
    caller::{Owner, Sent},
    of_store, refused, told,
};
use crate::{
    app::secret_dice,
    config::{Loaded, Preference},
    deliver::{
        hosting::LookupError,
        trial::{self, Trial},
    },
    identity::Permission,
    preferences::{Change, Changed, InUse, Wish, masked},
    web::{
        api::{
            asked::{self, Asked},
            document::AdminProblems,
            problem::{Kind, Problem},
        },
        pages::{in_use, tried_and_noted},
    },
};

const USUAL_HISTORY: usize = 20;
const MOST_HISTORY: usize = 100;

/// All preferences.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Shown {
    /// Rises with each change; it stands in `ETag` too.
    version: i64,
    /// The server that real mail goes out by at this moment, since when and why; `null`: by none.
    #[schema(value_type = Option<Object>)]
    in_use: Option<InUse>,
    /// Each with its name, the value that holds and where it is set: `origin` is `usual` where nothing is, and `value` is then the usual
    /// one, or `null` where there usually is none. Of a secret it is told only that it is set.
    #[schema(value_type = Vec<Object>)]
    preferences: Vec<Preference>,
    /// What works, but is probably not meant.
    warnings: Vec<String>,
}

async fn shown(admin: &Admin, version: i64, loaded: Loaded) -> Result<Response, Problem> {
    let in_use = in_use(&admin.sources).await.map_err(|why| refused(&why))?;
    let tag = [(header::ETAG, format!("\"{version}\""))];
    let (preferences, warnings) = (loaded.in_force(), loaded.warnings);
    Ok((tag, Json(Shown { version, in_use, preferences, warnings })).into_response())
}

async fn as_they_stand(admin: &Admin) -> Result<Response, Problem> {
    let standing = admin.sources.preferences.now().await.map_err(|why| refused(&why))?;
    shown(admin, standing.stored.version, standing.loaded).await
}

/// Shows all preferences.
#[utoipa::path(get, path = "/api/v1/admin/preferences", operation_id = "show_preferences", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "All of them", body = Shown), AdminProblems))]
pub(super) async fn show(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    as_they_stand(&admin).await
}

/// Changes preferences, all or none.
///
/// The body has the new values by their names; `null` takes one away, so that the usual value holds. What is changed holds when it is answered.
#[utoipa::path(patch, path = "/api/v1/admin/preferences", operation_id = "change_preferences", tag = "administration",
    security(("own_key" = [])), params(("If-Match" = String, Header, description = "The version that was seen, as in `ETag`; `*` for whatever it is")),
    request_body = BTreeMap<String, Object>,
    responses((status = 200, description = "As they stand now", body = Shown), AdminProblems))]
pub(super) async fn change(
    State(admin): State<Admin>,
    owner: Owner,
    headers: HeaderMap,
    Sent(values): Sent<BTreeMap<String, Value>>,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let wish = Wish { based_on: seen(&headers, &header::IF_MATCH)?, values, by: owner.0.actor() };
    carry_out(&admin, Change::Set(wish)).await
}

/// The version that whoever asks has seen; none: whatever it is.
pub(super) fn seen(headers: &HeaderMap, name: &HeaderName) -> Result<Option<i64>, Problem> {
    let missing = || {
        let detail = "say in If-Match which version was seen, as ETag told it; or * for whatever it is";
        Problem::new(Kind::ConditionMissing, detail)
    };
    let text = headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(missing)?.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.trim_matches('"').parse().ok();
    version.map(Some).ok_or_else(|| Problem::new(Kind::Malformed, "If-Match must be as ETag was"))
}

/// Undoes the last change, if it is the one that was seen.
#[utoipa::path(post, path = "/api/v1/admin/preferences/undo", operation_id = "undo_preferences", tag = "administration",
    security(("own_key" = [])), params(("If-Match" = String, Header, description = "The version that was seen; `*` for the last change, whatever it is")),
    responses((status = 200, description = "As they stand now", body = Shown), AdminProblems))]
pub(super) async fn undo(
    State(admin): State<Admin>,
    owner: Owner,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let by = owner.0.actor();
    let change = match seen(&headers, &header::IF_MATCH)? {
        Some(version) => Change::UndoOf { version, by },
        None => Change::Undo { by },
    };
    carry_out(&admin, change).await
}

/// Puts what file and environment set among the preferences. It still counts where it stood until it is taken out there.
#[utoipa::path(post, path = "/api/v1/admin/preferences/import", operation_id = "import_preferences", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "As they stand now", body = Shown), AdminProblems))]
pub(super) async fn import(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    carry_out(&admin, Change::Import { by: owner.0.actor() }).await
}

/// How much of the history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Back {
    /// Changes; 20 if nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// Lists the last changes, the newest first.
#[utoipa::path(get, path = "/api/v1/admin/preferences/history", operation_id = "list_preference_changes", tag = "administration",
    security(("own_key" = [])), params(Back), responses((status = 200, description = "The changes", body = Vec<Object>), AdminProblems))]
pub(super) async fn history(
    State(admin): State<Admin>,
    owner: Owner,
    Asked(Back { limit }): Asked<Back>,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let limit = asked::page(limit, USUAL_HISTORY, MOST_HISTORY)?;
    let changes = admin.sources.store.preference_changes(limit).await.map_err(|error| of_store(&error))?;
    told(&changes.into_iter().map(masked).collect::<Vec<_>>())
}

/// Whose mail servers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// The library's email address.
    address: String,
}

/// Looks up who hosts the mail of an address, and suggests servers to send by.
#[utoipa::path(get, path = "/api/v1/admin/preferences/suggest", operation_id = "suggest_servers", tag = "administration",
    security(("own_key" = [])), params(Whose),
    responses((status = 200, description = "As `preferences suggest --json` prints it", body = Object), AdminProblems))]
pub(super) async fn suggest(
    State(admin): State<Admin>,
    owner: Owner,
    Asked(Whose { address }): Asked<Whose>,
) -> Result<Response, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let address = Address::parse(&address)
        .map_err(|error| Problem::new(Kind::Malformed, format!("address: {error}")))?;
    match admin.sources.look_at(address.domain()).await {
        Ok((_, answer)) => told(&answer),
        Err(error @ LookupError::NoSuchDomain(_)) => Err(Problem::new(Kind::Conflict, error.to_string())),
        Err(error) => Err(Problem::unavailable(error.to_string())),
    }
}

async fn carry_out(admin: &Admin, change: Change) -> Result<Response, Problem> {
    let changed = admin.sources.preferences.change(change).await;
    let Changed { loaded, change, .. } = changed.map_err(|why| refused(&why))?;
    match change {
        Some(change) => shown(admin, change.version, loaded).await,
        None => as_they_stand(admin).await,
    }
}

/// What to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// 1, or 2, the backup.
    #[schema(minimum = 1, maximum = 2)]
    server: u8,
    /// Where a test message goes at the end; none: no message is sent.
    to: Option<String>,
}

/// How it went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tested {
    /// Mail can leave by this server.
    works: bool,
    /// Each step as it began and as it ended, as `preferences test --json` prints them.
    #[schema(value_type = Vec<Object>)]
    steps: Vec<Value>,
}

/// Tries a mail server step by step, as the settings have it now.
#[utoipa::path(post, path = "/api/v1/admin/preferences/test", operation_id = "test_server", tag = "administration",
    security(("own_key" = [])), request_body = Test,
    responses((status = 200, description = "How it went, whether it works or not", body = Tested), AdminProblems))]
pub(super) async fn test(
    State(admin): State<Admin>,
    owner: Owner,
    Sent(Test { server, to }): Sent<Test>,
) -> Result<Json<Tested>, Problem> {
    owner.must(Permission::ChangePreferences)?;
    let (config, now) = (admin.sources.config(), admin.sources.clock.now());
    let known = config.sending.servers.get(usize::from(server).wrapping_sub(1)).cloned();
    let server = known.ok_or_else(|| {
        Problem::new(Kind::Conflict, format!("there is no Server {server} in the settings"))
    })?;
    let invalid = |why: String| Problem::new(Kind::Invalid, why);
    let to =
        to.as_deref().map(Address::parse).transpose().map_err(|error| invalid(format!("to: {error}")))?;
    let random = secret_dice().random();
    let letter = to.map(|to| trial::letter(&config, &to, now, random)).transpose().map_err(invalid)?;
    let (who, sources) = (owner.0.actor(), admin.sources.clone());
    // To its end, and into the log, though whoever asked goes away.
    let tested = tokio::spawn(async move {
        let trial = Trial::new(&server, &config.sending.ehlo_name, letter, now);
        let mut steps = Vec::new();
        let tell = |event| steps.extend(serde_json::to_value(&event));
        let (tried, noted) = tried_and_noted(&sources, who, trial, tell).await;
        noted.map_err(|error| Problem::unavailable(error.to_string()))?;
        let tried = tried.map_err(|error| Problem::unavailable(format!("{error:#}")))?;
        Ok(Json(Tested { works: tried.is_ok(), steps }))
    });
    tested.await.unwrap_or_else(|error| Err(Problem::unavailable(format!("the test broke off: {error}"))))
}
