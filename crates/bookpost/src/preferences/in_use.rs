//! The mail server that is in use: since when, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AlarmKind, Error, Store};

use crate::config::{Loaded, Origin, Server};

/// By which servers mail goes out at all.
const WAY: &str = "sending.way";

/// What keeps mail from a server while it lasts.
const FAULTS: [AlarmKind; 4] =
    [AlarmKind::ServerDown, AlarmKind::SignIn, AlarmKind::BackupInUse, AlarmKind::Quota];

/// The server that real mail goes out by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InUse {
    /// `server1`, `server2`, or a provider.
    pub server: String,
    /// None: since just now.
    pub since: Option<Timestamp>,
    pub why: Why,
    /// What is wrong with the first one, while another is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<AlarmKind>,
}

/// What came to be then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was set so, or somebody signed in there.
    Set,
    /// It took mail again after a fault.
    TakesMailAgain,
    /// Bookpost was started, and it is not known that it was the same before.
    Started,
    /// The first one took no mail any more.
    FirstFails,
}

impl InUse {
    /// The first server, while it takes mail: the last of what had to be so that mail goes out by it.
    pub async fn first(
        store: &Store,
        loaded: &Loaded,
        server: &Server,
        started_at: Timestamp,
    ) -> Result<Self, Error> {
        let names = that_say(server);
        let elsewhere = |one: &crate::config::Preference| {
            names.contains(&one.name) && matches!(one.origin, Origin::File(_) | Origin::Environment(_))
        };
        // What stands here of that which is set elsewhere changes nothing.
        let here: Vec<_> = names
            .iter()
            .filter(|name| loaded.preferences.iter().all(|one| one.name != **name || !elsewhere(one)))
            .cloned()
            .collect();
        let mut known = vec![
            (changed_at(store, server, &here).await?, Why::Set),
            (works_again_at(store, server).await?, Why::TakesMailAgain),
        ];
        known.retain(|(at, _)| at.is_some());
        // The file may have said something else before.
        if known.is_empty() || loaded.preferences.iter().any(elsewhere) {
            known.push((Some(started_at), Why::Started));
        }
        let last = known.into_iter().max_by_key(|(at, _)| *at);
        let (since, why) = last.unwrap_or((Some(started_at), Why::Started));
        Ok(Self { server: server.name.clone(), since, why, fault: None })
    }

    /// Another one, while the first takes no mail.
    pub fn instead(server: &Server, since: Option<Timestamp>, fault: Option<AlarmKind>) -> Self {
        Self { server: server.name.clone(), since, why: Why::FirstFails, fault }
    }
}

/// The preferences by which mail goes out by this server and no other.
fn that_say(server: &Server) -> Vec<String> {
    let own = ["host", "port", "encryption", "login"].map(|key| format!("{}.{key}", server.name));
    let of_server = own.into_iter().filter(|_| server.sign_in.is_none());
    of_server.chain([WAY.to_owned()]).collect()
}

/// When the server itself was set as it is now, where that is known.
pub(crate) async fn set_at(store: &Store, server: &Server) -> Result<Option<Timestamp>, Error> {
    let mut names = that_say(server);
    names.retain(|name| name != WAY);
    changed_at(store, server, &names).await
}

async fn changed_at(store: &Store, server: &Server, names: &[String]) -> Result<Option<Timestamp>, Error> {
    let set = store.preference_changed_at(names).await?;
    let accounts = if server.sign_in.is_some() { store.mail_accounts().await? } else { Vec::new() };
    let account = accounts.iter().find(|account| account.provider == server.name);
    let instants = [set, account.map(|account| account.connected_at)];
    Ok(instants.into_iter().flatten().max())
}

async fn works_again_at(store: &Store, server: &Server) -> Result<Option<Timestamp>, Error> {
    store.alarm_ended_at(&server.name, &FAULTS).await
}
