//! The feed of events: what happened to an application's mail, in order.
#![expect(unused_qualifications, reason = "the macro that describes the query writes one")]

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use store::{EventFilter, EventId};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    asked::{self, Asked},
    caller::Authorized,
    document::FeedProblems,
    problem::Problem,
};
use crate::events::{EventBody, EventName};

const USUAL: usize = 100;
const MOST: usize = 1_000;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Where the page before ended: its `next`. Without it: from the oldest that is kept.
    after: Option<String>,
    /// Only events of this type.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<EventName>,
    /// Events on a page at most; 100 if nothing is said.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Events, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
pub(super) struct Page {
    events: Vec<EventBody>,
    /// What `after` must be to go on here, now or later. It is given with an empty page too.
    next: String,
    /// There may be more at once; else ask again after a while.
    more: bool,
}

/// Lists what happened to the application's mail, for 7 days.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "list_events",
    tag = "events",
    params(Wanted),
    responses((status = 200, description = "One page", body = Page), FeedProblems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    authorized: Authorized,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page>, Problem> {
    let limit = asked::page(wanted.limit, USUAL, MOST)?;
    let after = asked::after(wanted.after.as_deref())?;
    let filter = EventFilter {
        application: authorized.caller.name().to_owned(),
        after: EventId(after.unwrap_or(0)),
        until: None,
        kinds: wanted.kind.map(Into::into).into_iter().collect::<BTreeSet<_>>(),
    };
    let found = api.submitter.store().events(filter, limit).await;
    let found = found.map_err(|error| Problem::queue(&error))?;
    Ok(Json(Page {
        events: found.events.into_iter().map(EventBody::from).collect(),
        next: found.read_to.0.to_string(),
        more: found.more,
    }))
}
