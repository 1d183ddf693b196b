//! What is answered over HTTP: pages for people, `/healthz` for a watchdog, `/metrics` for Prometheus, `/api` for applications. On
//! loopback; on other addresses with a certificate, or behind a proxy that is named.
//!
//! This part knows nothing of how mail is sent: it asks the store, and is told the rest through [`Sources`].

mod api;
mod client;
mod connections;
mod health;
mod listening;
mod metrics;
mod pages;
mod reached;
mod sign_in_service;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::tz::TimeZone;
use mail::clock::Clock;
use store::{Recovery, Store};
use tokio::net::TcpListener;

use crate::{
    app::{Decisions, NoticeRuns, Preferences, Programs, Schedules},
    config::Config,
    deliver::hosting::{self, Answer, Hosting, LookupError, NameServers},
    identity::People,
    preferences::mail_accounts::MailAccounts,
    queue::{limited::Limited, stands::Stands},
    receive::Submitter,
    returns::incoming::Counts as CameBackCounts,
};

pub use client::Client;
pub use connections::serve;
pub use health::{Health, judge};
pub use listening::Listening;
pub use metrics::{Metrics, Outcome};
pub(crate) use pages::{LANGUAGES, in_use};
pub use reached::{for_links, reached};

/// Where the answers come from. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    /// What the parts count as they work.
    pub metrics: Metrics,
    /// The way in for applications.
    pub submitter: Submitter,
    /// Who may sign in to the pages.
    pub people: People,
    /// What people decide.
    pub decisions: Decisions,
    /// What people prefer, and how they change it.
    pub preferences: Preferences,
    /// What people let programs do.
    pub programs: Programs,
    /// What people send with exports.
    pub notices: NoticeRuns,
    /// Accounts at mail providers, and how people sign in to them.
    pub accounts: MailAccounts,
    /// Those that begin by themselves.
    pub schedules: Schedules,
    /// What came back, as it is counted.
    pub came_back: CameBackCounts,
    /// In which people read the time.
    pub zone: TimeZone,
    /// Who is asked where a library's mail is.
    pub name_servers: NameServers,
    /// What the worker is like at this moment; must not wait.
    pub now: Arc<dyn Fn() -> Moment + Send + Sync>,
}

impl Sources {
    /// The settings as they are now.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.submitter.settings.now()
    }

    /// Who hosts the mail of this domain, and by which servers it could be sent.
    pub(crate) async fn look_at(&self, domain: &str) -> Result<(Hosting, Answer), LookupError> {
        let unanswered = |error: anyhow::Error| LookupError::NoAnswer(domain.to_owned(), error.to_string());
        let (resolver, config) = (self.name_servers.resolver().map_err(unanswered)?, self.config());
        hosting::look(&resolver, domain, config.sending.own_name().unwrap_or("localhost")).await
    }
}

/// The parts outside the store at one moment.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// The worker's task runs.
    pub worker_alive: bool,
    /// Free space where the queue lives, and the floor under which nothing is accepted any more.
    pub disk: Option<Disk>,
    /// Each server's name, and whether its breaker is open.
    pub breakers: Vec<(String, bool)>,
    /// How each server stands, of practice mail too.
    pub stands: Vec<Stands>,
    /// How what waited for a server leaves since it took mail again.
    pub recovery: Option<Recovery>,
    /// The limit that was reached last of the server that sends.
    pub limited: Option<Limited>,
    /// Syncs of the outcome journal so far.
    pub journal_syncs: u64,
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub free: u64,
    pub floor: u64,
}

/// Listens at `address`, which must be loopback, in plain.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "only this machine may ask: a loopback address is needed",
        ));
    }
    TcpListener::bind(address).await
}

/// The addresses and what answers them.
pub fn router(sources: Sources) -> Router {
    let api = api::router(sources.clone());
    let service = sign_in_service::router(sources.clone());
    let pages = pages::router(sources.clone());
    let people = sources.people.clone();
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(show_metrics))
        .with_state(sources)
        .merge(api)
        .merge(service)
        .merge(pages)
        .fallback(async move |uri: Uri, headers: HeaderMap| {
            let page = pages::nothing_at(&people, uri.path(), &headers).await;
            page.unwrap_or_else(|| api::nothing_at(&uri).into_response())
        })
        .method_not_allowed_fallback(async || api::another_method())
        .layer(middleware::from_fn(client::guard))
}

/// How it stands, as `/healthz` says.
pub async fn health(sources: &Sources) -> Health {
    let store = &sources.store;
    let (counts, alarms) = (store.counts().await, store.alarms(true, 50).await);
    judge(&(sources.now)(), counts, alarms, store.paused().await.ok().flatten())
}

async fn healthz(State(sources): State<Sources>) -> Response {
    let health = health(&sources).await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}

async fn show_metrics(State(sources): State<Sources>) -> Response {
    let counts = match sources.store.counts().await {
        Ok(counts) => counts,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let paused = sources.store.paused().await.is_ok_and(|pause| pause.is_some());
    let (now, stats) = ((sources.now)(), sources.store.stats());
    let text = sources.metrics.encode(&now, &counts, stats, paused, sources.clock.now());
    let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, form)], text).into_response()
}

/// What stands before the subject of a sample, for whoever has not chosen a language.
pub(crate) fn sample_mark() -> String {
    pages::english("sample-mark")
}

#[cfg(test)]
mod tests;
