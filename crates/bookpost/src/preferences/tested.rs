//! Tests of mail servers, as the log has them: what came of each, of the server as it was set then.

use jiff::Timestamp;
use store::{Actor, AuditFilter, AuditId, Deed, Error, NewAudit, Store};

use crate::config::Server;

/// The server took a test message.
pub const ACCEPTED: &str = "accepted";
/// Somebody found one in a mailbox.
pub const ARRIVED: &str = "arrived";
/// Mail could pass; there was no message.
pub const WORKS: &str = "works";
/// It could not be made to its end.
pub const BROKE_OFF: &str = "broke off";

/// So many tests of a server are looked through.
const LOOKED_THROUGH: usize = 50;

/// A server that has taken a test message, as it is set now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    pub at: Timestamp,
    pub by: Actor,
    /// Somebody has found it in a mailbox.
    pub arrived: bool,
}

impl Tested {
    /// The last test that went well, of the server as it is set now; one that arrived before one that was accepted only.
    pub async fn last(store: &Store, server: &Server) -> Result<Option<Self>, Error> {
        Self::of(store, &server.name, &named(server)).await
    }

    /// The same, of the server `named` so.
    pub async fn of(store: &Store, server: &str, named: &str) -> Result<Option<Self>, Error> {
        let about = AuditFilter { about: Some(server.to_owned()), ..AuditFilter::default() };
        let lines = store.audit(about, None, LOOKED_THROUGH).await?;
        let of = |result: &str| {
            let said = format!("{named}: {result}");
            lines.iter().find(|line| line.what == Deed::ServerTested && line.new.as_deref() == Some(&said))
        };
        let arrived = of(ARRIVED);
        let line = arrived.or_else(|| of(ACCEPTED));
        Ok(line.map(|line| Self { at: line.happened_at, by: line.who.clone(), arrived: arrived.is_some() }))
    }
}

/// A line about a test of the server, `named` so.
pub async fn note(
    store: &Store,
    who: Actor,
    server: &str,
    named: &str,
    result: &str,
    now: Timestamp,
) -> Result<AuditId, Error> {
    let new = Some(format!("{named}: {result}"));
    let line = NewAudit { who, what: Deed::ServerTested, about: server.to_owned(), old: None, new };
    store.note_audit(line, now).await
}

/// All by which a test is a test of this server, as it is set: without its password.
pub fn named(server: &Server) -> String {
    let Server { host, port, encryption, login, .. } = server;
    let login = login.as_ref().map(|login| format!(" as {}", login.user));
    format!("{host}:{port} {}{}", encryption.name(), login.unwrap_or_default())
}
