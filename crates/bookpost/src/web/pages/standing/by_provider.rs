//! How it stands where a provider's server is among those that send.

use super::{StandBy, Standing};
use crate::{
    config::{Provider, Way},
    web::pages::{when::Clockwork, words::Words},
};

impl Standing {
    /// In one sentence. None: there is none, or it makes no difference.
    pub(super) fn by_provider(&self, way: &Way, clockwork: &Clockwork) -> Option<String> {
        let Way::Servers(servers) = way else { return None };
        let first = servers.first().filter(|_| servers.iter().any(|server| server.sign_in.is_some()))?;
        let words = clockwork.words;
        let name = named(&first.name, words);
        let (key, since) = match self {
            Self::Well { backup: StandBy::Nothing } => ("health-by", None),
            Self::Well { backup: StandBy::Ready } => ("health-by-two", None),
            Self::Well { backup: StandBy::Down } => ("health-by-alone", None),
            Self::Backup { since: None } => ("health-by-backup-just-now", None),
            Self::Backup { since } => ("health-by-backup", *since),
            Self::Down { since: Some(at), sign_in: true } if first.sign_in.is_some() => {
                ("health-by-signed-out", Some(*at))
            }
            _ => return None,
        };
        let since = since.map(|at| clockwork.text(at)).unwrap_or_default();
        Some(words.with(key, &[("first", &name), ("since", &since)]))
    }
}

/// A server, as it is called in a sentence.
pub(in crate::web::pages) fn named(server: &str, words: &Words) -> String {
    match Provider::named(server) {
        Some(provider) => provider.title().to_owned(),
        None if server == "server1" => words.t("named-server-1"),
        None => words.t("named-server-2"),
    }
}
