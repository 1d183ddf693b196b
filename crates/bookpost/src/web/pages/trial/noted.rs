//! A test that is made, and what the log says of it.

use store::{Actor, AuditId, Error};

use crate::{
    config::Server,
    deliver::trial::{self, Event, Fault, Found, State, Trial},
    preferences::tested::{ACCEPTED, BROKE_OFF, CHANGES_IDS, KEEPS_IDS, WORKS, named, named_as, note},
    web::Sources,
};

/// How a trial went; an error: it could not be made.
type Tried = anyhow::Result<Result<(), Box<Fault>>>;

/// What a trial of a provider shows beside.
#[derive(Default)]
struct Shows {
    account: Option<String>,
    keeps_ids: Option<bool>,
}

impl Shows {
    fn look_at(&mut self, event: &Event) {
        match &event.state {
            State::Ok(Found::Renewal { account }) => self.account = Some(account.clone()),
            State::Ok(Found::MessageId { message_id_kept }) => self.keeps_ids = *message_id_kept,
            _ => {}
        }
    }

    fn named(&self, server: &Server) -> String {
        self.account.as_ref().map_or_else(|| named(server), |account| named_as(server, account))
    }
}

/// Makes a trial to its end, and notes what came of it.
pub(in crate::web) async fn tried_and_noted(
    sources: &Sources,
    who: Actor,
    trial: Trial<'_>,
    mut tell: impl FnMut(Event) + Send,
) -> (Tried, Result<AuditId, Error>) {
    let (server, well) = (trial.server, if trial.letter.is_some() { ACCEPTED } else { WORKS });
    let mut shows = Shows::default();
    let tell = |event| {
        shows.look_at(&event);
        tell(event);
    };
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
    let named = shows.named(server);
    if let Some(keeps) = shows.keeps_ids {
        let ids = if keeps { KEEPS_IDS } else { CHANGES_IDS };
        let noted = note(&sources.store, who.clone(), &server.name, &named, ids, sources.clock.now()).await;
        if let Err(error) = noted {
            return (tried, Err(error));
        }
    }
    let noted = note(&sources.store, who, &server.name, &named, result, sources.clock.now()).await;
    (tried, noted)
}
