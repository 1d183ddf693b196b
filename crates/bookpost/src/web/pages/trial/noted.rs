//! A test that is made, and what the log says of it.

use store::{Actor, AuditId, Error};

use crate::{
    deliver::trial::{self, Event, Fault, Trial},
    preferences::tested::{ACCEPTED, BROKE_OFF, WORKS, named, note},
    web::Sources,
};

/// How a trial went; an error: it could not be made.
type Tried = anyhow::Result<Result<(), Box<Fault>>>;

/// Makes a trial to its end, and notes what came of it.
pub(in crate::web) async fn tried_and_noted(
    sources: &Sources,
    who: Actor,
    trial: Trial<'_>,
    tell: impl FnMut(Event) + Send,
) -> (Tried, Result<AuditId, Error>) {
    let (server, well) = (trial.server, if trial.letter.is_some() { ACCEPTED } else { WORKS });
    let tried = trial::run(trial, tell).await;
    if matches!(tried, Ok(Ok(()))) {
        // Of what it was at fault for before, the worker learns at once.
        sources.decisions.probe().await;
    }
    let result = match &tried {
        Ok(Ok(())) => well,
        Ok(Err(fault)) => fault.words,
        Err(_) => BROKE_OFF,
    };
    let noted = note(&sources.store, who, &server.name, &named(server), result, sources.clock.now()).await;
    (tried, noted)
}
