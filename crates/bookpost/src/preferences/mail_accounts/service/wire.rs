//! What passes between an installation and a sign-in service, as JSON.

use serde::{Deserialize, Serialize};

use crate::config::{Provider, SendBy};

/// Where an installation asks, after the service's address.
pub mod path {
    /// What the service is, by GET; everything else by POST.
    pub const ABOUT: &str = "/api/sign-in-service/about";
    pub const BEGIN: &str = "/api/sign-in-service/begin";
    pub const FETCH: &str = "/api/sign-in-service/fetch";
    pub const RENEW: &str = "/api/sign-in-service/renew";
    pub const END: &str = "/api/sign-in-service/end";
}

/// What the service is, and what it knows the installation as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Who runs it.
    pub name: String,
    /// What the installation is called there.
    pub installation: String,
    /// Where it leads browsers back to.
    pub returns_to: String,
    /// Where people can sign in by it.
    pub providers: Vec<Provider>,
}

/// Somebody begins.
#[derive(Serialize, Deserialize)]
pub struct Begin {
    pub provider: Provider,
    /// What they are asked to agree to is for this.
    #[serde(default)]
    pub send_by: SendBy,
    /// The page that the browser is to come back to: the one that the service knows.
    pub back: String,
    /// What it brings back.
    pub state: String,
    /// The SHA-256 of what whoever fetches must show, as in RFC 7636.
    pub challenge: String,
    /// What is given is sealed to this key.
    pub seal_to: String,
}

/// Where their browser goes.
#[derive(Serialize, Deserialize)]
pub struct Begun {
    pub to: String,
}

/// They are back with this.
#[derive(Serialize, Deserialize)]
pub struct Fetch {
    pub handoff: String,
    pub verifier: String,
}

/// The next token is wanted.
#[derive(Serialize, Deserialize)]
pub struct Renew {
    /// Names the question: who asks it again, because the answer was lost, is given the same one.
    pub question: String,
    pub provider: Provider,
    pub token: String,
    pub seal_to: String,
}

/// A sign-in is over.
#[derive(Serialize, Deserialize)]
pub struct End {
    pub provider: Provider,
    pub token: String,
}

/// Whether the provider was told.
#[derive(Serialize, Deserialize)]
pub struct Ended {
    pub told: bool,
}

/// What was given, for the installation only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sealed {
    pub sealed: String,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    /// Seconds.
    pub(super) lasts: u64,
    /// What was agreed to; none where it is as before.
    pub(super) scopes: Option<String>,
    /// Who has signed in; none where it is whoever it was.
    pub(super) account: Option<String>,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

/// Why the service did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct No {
    pub error: Why,
    /// The provider's words, or what else there is to say.
    #[serde(default)]
    pub said: String,
}

/// The kinds of no. A word of a later version says as much as that it could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The key opens nothing.
    Key,
    TooOften,
    /// Nobody can sign in at this provider here.
    NotOffered,
    /// The browser is to come back to another address than the one that is known.
    AnotherAddress,
    /// What was to be fetched is none, none any more, or another's.
    Stale,
    /// The provider says that the sign-in is none, or over.
    Grant,
    /// The provider does not take the service's client.
    Client,
    /// The provider does not say who has signed in.
    NoAddress,
    /// The provider could not be asked.
    Provider,
    /// The service itself could not do it.
    #[serde(other)]
    Unable,
}

impl No {
    pub fn new(error: Why, said: impl Into<String>) -> Self {
        Self { error, said: said.into() }
    }
}
