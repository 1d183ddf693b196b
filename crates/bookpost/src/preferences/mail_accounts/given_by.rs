//! By whom tokens were given. They are shown to nobody else: another client could do nothing with them but be told that they are none, which
//! would end a good sign-in, and another service would have what is not for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use store::MailAccount;

use super::tokens::Tokens;
use crate::{config::MailProvider, secrets::KeySource};

/// Whoever has given tokens at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenBy {
    /// The provider itself, or who stands in its place, to a client of ours.
    Client { id: String, issuer: Option<String> },
    /// A sign-in service.
    Service { address: String },
}

impl GivenBy {
    /// Who gives them as it is set now.
    pub(super) fn now(set: &MailProvider) -> Self {
        match &set.service {
            Some(service) => Self::Service { address: service.address.clone() },
            None => Self::Client { id: set.client_id.clone(), issuer: set.issuer.clone() },
        }
    }
}

impl fmt::Display for GivenBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client { id, issuer: None } => write!(f, "the client id {id}"),
            Self::Client { id, issuer: Some(issuer) } => write!(f, "the client id {id} at {issuer}"),
            Self::Service { address } => write!(f, "the sign-in service at {address}"),
        }
    }
}

/// Tokens are there, and were given for something else than is set now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfAnother {
    /// Nobody knows: by a client of ours, before it was noted.
    pub given_by: Option<GivenBy>,
    pub now: GivenBy,
}

impl OfAnother {
    /// None: they were given by whoever is asked now.
    pub(super) fn of(given_by: Option<&GivenBy>, set: &MailProvider) -> Option<Self> {
        let now = GivenBy::now(set);
        let is_its = match given_by {
            Some(given_by) => *given_by == now,
            // There were no services then.
            None => set.service.is_none(),
        };
        (!is_its).then(|| Self { given_by: given_by.cloned(), now })
    }
}

impl OfAnother {
    /// The same of what is stored. Of tokens that cannot be opened nothing is known.
    pub fn of_account(account: &MailAccount, set: &MailProvider, key: &KeySource) -> Option<Self> {
        Self::of(Tokens::open(set.provider, &account.tokens, key)?.given_by(), set)
    }
}

impl fmt::Display for OfAnother {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = &self.now;
        match &self.given_by {
            Some(by) => {
                write!(f, "the sign-in was given for {by}, and {now} is set now: nothing is sent to it")
            }
            None => write!(
                f,
                "the sign-in was given for a client id, and {now} is set now: nothing is sent to it"
            ),
        }
    }
}
