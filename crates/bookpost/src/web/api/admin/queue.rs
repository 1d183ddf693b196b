//! The queue: found as on its page, shown, and decided about.
#![expect(unused_qualifications, reason = "the macro that describes the routes writes some")]

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Filter, MessageId, Move, Moved, RecipientId, Row, Selection};
use utoipa::{IntoParams, ToSchema};

use super::{
    Admin, answered,
    caller::{Owner, Sent},
    of_store, told,
};
use crate::{
    cli::{
        control::{QueueRequest, Reply},
        queue,
    },
    identity::Permission,
    web::{
        api::{
            asked::{self, Asked},
            document::AdminProblems,
            problem::{Kind, Problem},
            status::{StateName, message_id},
        },
        pages::{self, MOST_NAMED, Wanted},
    },
};

const USUAL: usize = 100;
const MOST: usize = 500;
/// Who may decide about all mail sees all of it.
const ALL_MAIL: Permission<'static> = Permission::ActOnQueue(None);

/// Which recipients; all that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Like {
    /// Recipients in this state.
    #[param(inline)]
    #[schema(inline)]
    state: Option<StateName>,
    /// Code of a site; `(none)`: of no site.
    site: Option<String>,
    /// What this program handed in.
    program: Option<String>,
    /// A notice run.
    run: Option<i64>,
    /// An address, how one begins, or a domain behind an @.
    to: Option<String>,
    /// Words of the subject, of mail of the last 7 days.
    subject: Option<String>,
    /// Messages with this among their tags.
    tag: Option<String>,
    /// Accepted from this day on, such as `2026-11-28`.
    since: Option<String>,
    /// Accepted by the server, practised, sent back or come into doubt from this day on, such as `2026-11-28`.
    answered: Option<String>,
    /// In a list: where the page before ended, its `next`.
    after: Option<String>,
    /// In a list: recipients on a page; 100 if nothing is said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

impl Like {
    fn wanted(&self) -> Wanted {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Wanted {
            site: text(&self.site),
            program: text(&self.program),
            run: self.run.map(|run| run.to_string()).unwrap_or_default(),
            to: text(&self.to),
            subject: text(&self.subject),
            tag: text(&self.tag),
            since: text(&self.since),
            answered: text(&self.answered),
            ..Wanted::default()
        }
    }

    fn filter(&self, admin: &Admin) -> Result<Filter, Problem> {
        let wanted = self.wanted();
        let zone = wanted.zone(&admin.sources.config(), &admin.sources.zone);
        let filter = wanted.filter(&zone, admin.sources.clock.now());
        let filter = filter.map_err(|key| Problem::new(Kind::Malformed, pages::english(key)))?;
        Ok(Filter { state: self.state.map(Into::into), ..filter })
    }

    /// Without what belongs to a list.
    fn whole(&self, admin: &Admin) -> Result<Filter, Problem> {
        if self.after.is_some() || self.limit.is_some() {
            return Err(Problem::new(Kind::Malformed, "after and limit belong to a list"));
        }
        self.filter(admin)
    }
}

/// One page of recipients, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueuePage)]
pub(super) struct Page {
    /// As `queue list --json` prints them.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Row>,
    /// What `after` must be for the next page; none on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// So much was looked through that the page ended early, with what was accepted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    looked_back_to: Option<Timestamp>,
}

/// Lists recipients.
#[utoipa::path(get, path = "/api/v1/admin/queue", operation_id = "list_queue", tag = "administration",
    security(("own_key" = [])), params(Like), responses((status = 200, description = "One page", body = Page), AdminProblems))]
pub(super) async fn list(
    State(admin): State<Admin>,
    owner: Owner,
    Asked(like): Asked<Like>,
) -> Result<Json<Page>, Problem> {
    owner.must(ALL_MAIL)?;
    let (limit, after) = (asked::page(like.limit, USUAL, MOST)?, asked::after(like.after.as_deref())?);
    let part = admin.sources.store.part(like.filter(&admin)?, after.map(RecipientId), limit).await;
    let part = part.map_err(|error| of_store(&error))?;
    let next = part.next.map(|next| next.0.to_string());
    Ok(Json(Page { rows: part.rows, next, looked_back_to: part.looked_back_to }))
}

/// How many recipients are like this.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counted {
    /// How many are in which state.
    #[schema(value_type = BTreeMap<String, u64>)]
    states: BTreeMap<store::State, u64>,
    /// There may be more: not everything was looked through.
    more: bool,
}

/// Counts recipients by their state.
#[utoipa::path(get, path = "/api/v1/admin/queue/counts", operation_id = "count_queue", tag = "administration",
    security(("own_key" = [])), params(Like), responses((status = 200, description = "How many", body = Counted), AdminProblems))]
pub(super) async fn counts(
    State(admin): State<Admin>,
    owner: Owner,
    Asked(like): Asked<Like>,
) -> Result<Json<Counted>, Problem> {
    owner.must(ALL_MAIL)?;
    let counted = admin.sources.store.count(like.whole(&admin)?).await;
    let store::Counted { states, more } = counted.map_err(|error| of_store(&error))?;
    Ok(Json(Counted { states, more }))
}

/// Shows one message with every attempt.
#[utoipa::path(get, path = "/api/v1/admin/queue/messages/{id}", operation_id = "show_queued", tag = "administration",
    security(("own_key" = [])), params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "Its recipients, as `queue show --json` prints them", body = Vec<Object>), AdminProblems))]
pub(super) async fn show(
    State(admin): State<Admin>,
    owner: Owner,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    owner.must(ALL_MAIL)?;
    let id = message_id(&id).ok_or_else(Problem::not_found)?;
    let store = &admin.sources.store;
    let mut shown = queue::shown(store, id).await.map_err(|error| of_store(&error))?;
    let (servers, now) = ((admin.sources.now)().stands, admin.sources.clock.now());
    queue::tell_servers(store, &mut shown, &servers, now).await.map_err(|error| of_store(&error))?;
    told(&shown)
}

/// Tells how it stands: how much is in which state, whether sending is paused, and the open alarms.
#[utoipa::path(get, path = "/api/v1/admin/status", operation_id = "status", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "As `queue status --json` prints it", body = Object), AdminProblems))]
pub(super) async fn status(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    owner.must(ALL_MAIL)?;
    answered(admin.sources.decisions.carry_out(QueueRequest::Status).await)
}

/// Tells today's numbers, library by library: what was handed in, and what was accepted, sent back or came into doubt today.
#[utoipa::path(get, path = "/api/v1/admin/today", operation_id = "today", tag = "administration",
    security(("own_key" = [])), responses((status = 200, description = "As `queue today --json` prints them", body = Object), AdminProblems))]
pub(super) async fn today(State(admin): State<Admin>, owner: Owner) -> Result<Response, Problem> {
    owner.must(ALL_MAIL)?;
    let (sources, now) = (&admin.sources, admin.sources.clock.now());
    let since = queue::today::day_began_at(&sources.zone, now).unwrap_or(now);
    answered(queue::today::answer(&sources.store, &sources.config().sites, since, now).await)
}

/// What is to become of which mail: of `messages`, or of all that is `matching`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    /// `hold`, `release`, `retry`, `cancel` or `return`.
    #[schema(value_type = String)]
    action: Move,
    /// Ids of messages, at most 500.
    #[serde(default)]
    messages: BTreeSet<i64>,
    /// All that a list of these shows; something must be asked for.
    matching: Option<Like>,
    /// Only say what would follow.
    #[serde(default)]
    dry_run: bool,
}

/// What follows, or has followed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Decided {
    dry_run: bool,
    /// Recipients that can be decided about so.
    concerned: u64,
    /// There may be more: not everything was looked through.
    or_more: bool,
    /// What becomes of them, for people.
    consequence: String,
    /// What was done; nothing in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    done: Option<Moved>,
}

impl Decision {
    fn selection(&self, admin: &Admin) -> Result<Selection, Problem> {
        let invalid = |what: &str| Problem::new(Kind::Invalid, what.to_owned());
        match &self.matching {
            Some(_) if !self.messages.is_empty() => Err(invalid("say messages or matching, not both")),
            Some(like) if like.state.is_none() && !like.wanted().is_narrow() => {
                Err(invalid("matching: say what mail is meant"))
            }
            Some(like) => Ok(Selection::Matching(Box::new(like.whole(admin)?))),
            None if self.messages.is_empty() => Err(invalid("say messages or matching")),
            None if self.messages.len() > MOST_NAMED => {
                Err(invalid(&format!("messages: at most {MOST_NAMED}")))
            }
            None => Ok(Selection::Messages(self.messages.iter().copied().map(MessageId).collect())),
        }
    }

    /// For the log.
    fn about(&self) -> String {
        let wanted = |like: &Like| {
            let state = like.state.map(store::State::from).and_then(|state| serde_json::to_value(state).ok());
            let state = state.and_then(|state| state.as_str().map(ToOwned::to_owned)).unwrap_or_default();
            Wanted { state, ..like.wanted() }
        };
        pages::about(&self.messages, &self.matching.as_ref().map(wanted).unwrap_or_default(), None)
    }
}

/// Decides about mail, or says what would follow.
#[utoipa::path(post, path = "/api/v1/admin/queue/decide", operation_id = "decide", tag = "administration",
    security(("own_key" = [])), request_body = Decision,
    responses((status = 200, description = "What follows, or has followed", body = Decided), AdminProblems))]
pub(super) async fn decide(
    State(admin): State<Admin>,
    owner: Owner,
    Sent(decision): Sent<Decision>,
) -> Result<Json<Decided>, Problem> {
    owner.must(ALL_MAIL)?;
    let (selection, action) = (decision.selection(&admin)?, decision.action);
    let (states, or_more) = admin.meant(&selection).await?;
    let concerned = pages::concerned(&states, action);
    let consequence = pages::english_consequence(action, &states);
    let decided = Decided { dry_run: decision.dry_run, concerned, or_more, consequence, done: None };
    if decision.dry_run {
        return Ok(Json(decided));
    }
    let (who, about) = (owner.0.actor(), decision.about());
    match admin.sources.decisions.move_mail(selection, action, about, who).await.0 {
        Reply::Moved(moved) => Ok(Json(Decided { done: Some(moved), ..decided })),
        reply => Err(answered(reply).err().unwrap_or_else(Problem::not_found)),
    }
}

impl Admin {
    /// How many recipients in which state are meant, and whether there may be more. All messages that are named must be there.
    async fn meant(&self, selection: &Selection) -> Result<(BTreeMap<store::State, u64>, bool), Problem> {
        let store = &self.sources.store;
        if let Selection::Matching(filter) = selection {
            let counted = store.count((**filter).clone()).await.map_err(|error| of_store(&error))?;
            return Ok((counted.states, counted.more));
        }
        let Selection::Messages(ids) = selection else { return Ok((BTreeMap::new(), false)) };
        let outlines = store.outlines(ids).await.map_err(|error| of_store(&error))?;
        if outlines.len() < ids.len() {
            return Err(Problem::not_found());
        }
        let mut states = BTreeMap::new();
        for (state, count) in outlines.into_iter().flat_map(|outline| outline.states) {
            *states.entry(state).or_default() += count;
        }
        Ok((states, false))
    }
}
