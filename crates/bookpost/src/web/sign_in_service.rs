//! What other installations ask of this one, whose people sign in at mail providers by it: JSON over HTTP, with the key that they were given.
//!
//! This part knows nothing of how a provider is asked.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, State, rejection::JsonRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Serialize;
use store::Installation;

use super::{Client, Sources};
use crate::{
    identity::{Installations, Refusal},
    preferences::mail_accounts::service::{
        Broker, not_understood,
        wire::{self, No, Why, path},
    },
};

/// A token has some kilobytes at most.
const LARGEST: usize = 64 << 10;

/// What the answers come from. Cheap to clone.
#[derive(Clone)]
struct Serving {
    sources: Sources,
    keys: Installations,
    broker: Broker,
}

/// The addresses and what answers them.
pub(super) fn router(sources: Sources) -> Router {
    let keys = Installations::new(sources.store.clone());
    let serving = Serving { keys, broker: sources.accounts.broker(), sources };
    Router::new()
        .route(path::ABOUT, get(about))
        .route(path::BEGIN, post(begin))
        .route(path::FETCH, post(fetch))
        .route(path::RENEW, post(renew))
        .route(path::END, post(end))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(serving)
}

async fn about(State(serving): State<Serving>, Asks(installation): Asks) -> Response {
    answer(Ok(serving.broker.about(installation)))
}

async fn begin(
    State(serving): State<Serving>,
    Asks(installation): Asks,
    body: Body<wire::Begin>,
) -> Response {
    carried_out(body, |begin| serving.broker.begin(&installation, begin)).await
}

async fn fetch(
    State(serving): State<Serving>,
    Asks(installation): Asks,
    body: Body<wire::Fetch>,
) -> Response {
    carried_out(body, |fetch| serving.broker.fetch(&installation, fetch)).await
}

async fn renew(
    State(serving): State<Serving>,
    Asks(installation): Asks,
    body: Body<wire::Renew>,
) -> Response {
    carried_out(body, |renew| serving.broker.renew(&installation, renew)).await
}

async fn end(State(serving): State<Serving>, Asks(installation): Asks, body: Body<wire::End>) -> Response {
    carried_out(body, |end| serving.broker.end(&installation, end)).await
}

/// Has what was asked done; what could not be read is not told again: a token may be in it.
async fn carried_out<T, A, F>(body: Body<T>, work: impl FnOnce(T) -> F) -> Response
where
    A: Serialize,
    F: Future<Output = Result<A, No>>,
{
    match body {
        Ok(Json(read)) => answer(work(read).await),
        Err(_) => answer::<()>(Err(not_understood())),
    }
}

type Body<T> = Result<Json<T>, JsonRejection>;

fn answer<T: Serialize>(done: Result<T, No>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match done {
        Ok(done) => (no_store, Json(done)).into_response(),
        Err(no) => {
            let status = match no.error {
                Why::Key => StatusCode::UNAUTHORIZED,
                Why::TooOften => StatusCode::TOO_MANY_REQUESTS,
                Why::Provider | Why::Unable => StatusCode::SERVICE_UNAVAILABLE,
                Why::AnotherAddress
                | Why::NotOffered
                | Why::Stale
                | Why::Grant
                | Why::Client
                | Why::NoAddress => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, no_store, Json(no)).into_response()
        }
    }
}

/// The installation that asks.
struct Asks(Installation);

impl FromRequestParts<Serving> for Asks {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, serving: &Serving) -> Result<Self, Response> {
        let no = |why| answer::<()>(Err(No::new(why, "")));
        let client = parts.extensions.get::<Client>().ok_or_else(|| no(Why::Unable))?;
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, key) = shown.and_then(|shown| shown.split_once(' ')).ok_or_else(|| no(Why::Key))?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(no(Why::Key));
        }
        let asked = serving.keys.bearer(client.address, key, serving.sources.clock.now()).await;
        let asked = asked.map_err(|error| {
            tracing::error!(%error, "it could not be looked whose key was shown");
            no(Why::Unable)
        })?;
        asked.map(Self).map_err(|refusal| {
            tracing::warn!(peer = %client.address, %refusal, "a key for the sign-in service was refused");
            match refusal {
                Refusal::HeldUp { .. } => no(Why::TooOften),
                _ => no(Why::Key),
            }
        })
    }
}
