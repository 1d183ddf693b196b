//! What the log says of a test.

use jiff::Timestamp;
use store::{Actor, AuditId, Deed, Error, NewAudit, Store};

use crate::{
    config::{Encryption, Server},
    deliver::trial::{self, Event, Fault, Trial},
    web::Sources,
};

/// The server took a test message.
pub(in crate::web::pages) const ACCEPTED: &str = "accepted";
/// Somebody found one in a mailbox.
pub(in crate::web::pages) const ARRIVED: &str = "arrived";
/// Mail could pass; there was no message.
pub(in crate::web::pages) const WORKS: &str = "works";
/// It could not be made to its end.
pub(in crate::web::pages) const BROKE_OFF: &str = "broke off";

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
    let noted = note(&sources.store, who, server, result, sources.clock.now()).await;
    (tried, noted)
}

/// A line about a test of this server.
pub(super) async fn note(
    store: &Store,
    who: Actor,
    server: &Server,
    result: &str,
    now: Timestamp,
) -> Result<AuditId, Error> {
    let new = Some(format!("{}: {result}", named(server)));
    let line = NewAudit { who, what: Deed::ServerTested, about: server.name.clone(), old: None, new };
    store.note_audit(line, now).await
}

/// All by which a test is a test of this server, as it is set: without its password.
pub(super) fn named(server: &Server) -> String {
    let Server { host, port, encryption, login, .. } = server;
    let encryption = match encryption {
        Encryption::StartTls => "starttls",
        Encryption::Tls => "tls",
        Encryption::Plain => "none",
    };
    let login = login.as_ref().map(|login| format!(" as {}", login.user));
    format!("{host}:{port} {encryption}{}", login.unwrap_or_default())
}
