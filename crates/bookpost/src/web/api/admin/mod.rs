//! What administrators do over HTTP, each with a key of their own: the same requests that commands make, by the same ways, in their name.
//!
//! No answer holds a secret, but for the one time that a key or a link is made.

mod caller;
mod people;
mod preferences;
mod programs;
mod queue;
mod sending;
mod sites;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::{Kind, Problem};
use crate::{
    cli::control::{Failure, Reply},
    identity::PersonKeys,
    preferences::Refused,
    web::Sources,
};

/// What the answers come from. Cheap to clone.
#[derive(Clone)]
pub(super) struct Admin {
    sources: Sources,
    keys: PersonKeys,
}

impl Admin {
    pub(super) fn new(sources: Sources) -> Self {
        Self { keys: PersonKeys::new(sources.store.clone()), sources }
    }
}

/// The addresses and what answers them.
pub(super) fn routes() -> OpenApiRouter<Admin> {
    OpenApiRouter::new()
        .routes(routes!(preferences::show, preferences::change))
        .routes(routes!(preferences::undo))
        .routes(routes!(preferences::import))
        .routes(routes!(preferences::history))
        .routes(routes!(preferences::suggest))
        .routes(routes!(preferences::test))
        .routes(routes!(sites::list, sites::add))
        .routes(routes!(sites::change, sites::remove))
        .routes(routes!(sites::logo, sites::set_logo, sites::remove_logo))
        .routes(routes!(programs::list, programs::add))
        .routes(routes!(programs::show, programs::change))
        .routes(routes!(programs::switch_off))
        .routes(routes!(programs::switch_on))
        .routes(routes!(programs::add_key))
        .routes(routes!(programs::revoke_key))
        .routes(routes!(people::list, people::invite))
        .routes(routes!(people::change))
        .routes(routes!(people::disable))
        .routes(routes!(people::enable))
        .routes(routes!(people::sessions))
        .routes(routes!(people::sign_out))
        .routes(routes!(people::reset_link))
        .routes(routes!(people::log))
        .routes(routes!(queue::status))
        .routes(routes!(queue::today))
        .routes(routes!(queue::list))
        .routes(routes!(queue::counts))
        .routes(routes!(queue::show))
        .routes(routes!(queue::decide))
        .routes(routes!(sending::pause))
        .routes(routes!(sending::resume))
}

/// What `--json` prints of it, without the name of what it is.
fn told(value: &impl Serialize) -> Result<Response, Problem> {
    let value = serde_json::to_value(value).map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(Json(value).into_response())
}

/// What commands are answered.
fn answered(reply: Reply) -> Result<Response, Problem> {
    if let Reply::Failed { failure, message } = reply {
        return Err(failed(failure, message));
    }
    let value = serde_json::to_value(&reply).map_err(|error| Problem::unavailable(error.to_string()))?;
    // One object, named by what it is.
    let inner = match value {
        Value::Object(map) => map.into_iter().next().map_or(Value::Null, |(_, value)| value),
        other => other,
    };
    Ok(Json(inner).into_response())
}

fn failed(failure: Failure, message: String) -> Problem {
    match failure {
        Failure::Data => Problem::new(Kind::Invalid, message),
        Failure::Usage | Failure::Refused => Problem::new(Kind::Conflict, message),
        Failure::Changed => Problem::new(Kind::Changed, message),
        Failure::Config | Failure::Temporary => Problem::unavailable(message),
    }
}

fn of_store(error: &store::Error) -> Problem {
    match error {
        store::Error::NotFound(_) => Problem::new(Kind::NotFound, error.to_string()),
        store::Error::Exists(_) | store::Error::LastAdministrator => {
            Problem::new(Kind::Conflict, error.to_string())
        }
        store::Error::Changed => Problem::new(Kind::Changed, error.to_string()),
        _ => Problem::unavailable(error.to_string()),
    }
}

fn refused(why: &Refused) -> Problem {
    match why {
        Refused::Store(error) => of_store(error),
        Refused::HalfHeard(_) | Refused::Unusable(_) | Refused::Key(_) => {
            Problem::unavailable(why.to_string())
        }
        Refused::SetElsewhere { .. } | Refused::NothingToUndo => {
            Problem::new(Kind::Conflict, why.to_string())
        }
        _ => Problem::new(Kind::Invalid, why.to_string().trim_end().to_owned()),
    }
}
