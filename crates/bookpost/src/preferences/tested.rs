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

/// A web service has left a test message its Message-ID, or has given it another.
pub const KEEPS_IDS: &str = "keeps Message-IDs";
pub const CHANGES_IDS: &str = "changes Message-IDs";

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
        let named = match server.sign_in {
            Some(provider) => match store.mail_account(provider.name()).await? {
                Some(account) => named_as(server, &account.account),
                None => return Ok(None),
            },
            None => named(server),
        };
        Self::of(store, &server.name, &named).await
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

/// Whether a web service leaves messages their Message-ID, as it was seen last by this account. None: that was not seen.
pub async fn keeps_ids(store: &Store, server: &Server, account: &str) -> Result<Option<bool>, Error> {
    let about = AuditFilter { about: Some(server.name.clone()), ..AuditFilter::default() };
    let lines = store.audit(about, None, LOOKED_THROUGH).await?;
    let named = named_as(server, account);
    Ok(lines.iter().filter(|line| line.what == Deed::ServerTested).find_map(|line| {
        match line.new.as_deref()?.strip_prefix(&*named)?.strip_prefix(": ")? {
            KEEPS_IDS => Some(true),
            CHANGES_IDS => Some(false),
            _ => None,
        }
    }))
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

/// The same of a provider's server, by the account of whoever has signed in there.
pub fn named_as(server: &Server, account: &str) -> String {
    as_account(&named(server), account)
}

/// The same of a server that is `named` so.
pub fn as_account(named: &str, account: &str) -> String {
    format!("{named} as {account}")
}

/// All by which a test is a test of this server, as it is set: without its password.
pub fn named(server: &Server) -> String {
    let Server { host, port, encryption, login, .. } = server;
    let login = login.as_ref().map(|login| format!(" as {}", login.user));
    format!("{host}:{port} {}{}", encryption.name(), login.unwrap_or_default())
}
