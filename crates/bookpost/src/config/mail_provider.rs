//! Providers at which mail is sent by the account of whoever has signed in there, with no password.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Audience, Server, SignInService, Surroundings, private_url,
    raw::Raw,
    secret::{self, Given},
    servers,
};
use crate::secrets::KeySource;

/// A provider that Bookpost knows its way about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Google Workspace and Gmail.
    Google,
    /// Microsoft 365 and Outlook.
    Microsoft,
}

impl Provider {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Google, Self::Microsoft];

    /// As settings and the queue name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }

    /// As people know it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
        }
    }

    /// The one that settings name so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// It asks with a box for each thing what is allowed; the other has all of it agreed to, or nothing.
    pub fn has_boxes(self) -> bool {
        self == Self::Google
    }

    /// Where it takes mail.
    pub(super) fn usual_host(self, by: SendBy) -> &'static str {
        match (self, by) {
            (Self::Google, SendBy::Smtp) => "smtp.gmail.com",
            (Self::Google, SendBy::Api) => "gmail.googleapis.com",
            (Self::Microsoft, SendBy::Smtp) => "smtp.office365.com",
            (Self::Microsoft, SendBy::Api) => "graph.microsoft.com",
        }
    }

    /// Its web service that takes mail.
    pub(super) fn service(self) -> Service {
        match self {
            Self::Google => Service::Gmail,
            Self::Microsoft => Service::Graph,
        }
    }
}

/// How a provider is handed mail.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendBy {
    /// Its mail server.
    #[default]
    Smtp,
    /// Its web service: a narrower box to tick, and no envelope.
    Api,
}

impl SendBy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Smtp, Self::Api];

    /// As settings name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Api => "api",
        }
    }

    /// The one that settings name so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }
}

/// A web service that takes mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The Gmail API.
    Gmail,
    /// Microsoft Graph.
    Graph,
}

/// A provider, and what it knows Bookpost by.
#[derive(Clone, PartialEq, Eq)]
pub struct MailProvider {
    pub provider: Provider,
    /// Whose client stands in the place of one of ours; None: it knows us by what follows.
    pub service: Option<SignInService>,
    /// What it knows us by.
    pub client_id: String,
    /// What we prove it with.
    pub client_secret: Zeroizing<String>,
    /// Which organisation's accounts are meant, at Microsoft; `common`: any.
    pub tenant: String,
    /// For whom the client is, at Google, where that is said.
    pub audience: Option<Audience>,
    /// Somebody else who speaks OpenID Connect stands in its place, at this address; None: the provider itself.
    pub issuer: Option<String>,
    /// Where it takes mail.
    pub server: Arc<Server>,
}

impl MailProvider {
    /// What is given for its client ends after 7 days.
    pub fn is_in_testing(&self) -> bool {
        self.audience == Some(Audience::Testing)
    }

    /// How it is handed mail.
    pub fn sends_by(&self) -> SendBy {
        if self.server.service.is_some() { SendBy::Api } else { SendBy::Smtp }
    }
}

/// Without the secret.
impl std::fmt::Debug for MailProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailProvider").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Those of which a client id is set, as far as they can be used; where there is a sign-in service, the others by that.
pub(super) fn providers(
    raw: &mut Raw,
    around: &Surroundings,
    key: Option<&KeySource>,
    service: Option<&SignInService>,
) -> Vec<MailProvider> {
    Provider::ALL.into_iter().filter_map(|provider| one(raw, provider, around, key, service)).collect()
}

fn one(
    raw: &mut Raw,
    provider: Provider,
    around: &Surroundings,
    key: Option<&KeySource>,
    service: Option<&SignInService>,
) -> Option<MailProvider> {
    let name = provider.name();
    let path = |key: &str| format!("{name}.{key}");
    let client_id: Option<String> = raw.get(&path("client_id"));
    let secret = secret::secret_or_sealed(raw, name, "client_secret", around, key);
    let issuer: Option<String> = raw.get(&path("issuer"));
    let tenant: Option<String> =
        (provider == Provider::Microsoft).then(|| raw.get(&path("tenant"))).flatten();
    let audience: Option<Audience> =
        (provider == Provider::Google).then(|| raw.get(&path("audience"))).flatten();
    let server = servers::of_provider(raw, provider);
    let Some(client_id) = client_id else {
        if secret.is_some() || issuer.is_some() || tenant.is_some() || audience.is_some() {
            let what = format!("there are settings for {}, but no client id", provider.title());
            raw.problem(&path("client_id"), what, "write the client id that you were given there");
        }
        let service = Some(service?.clone());
        let (client_id, client_secret, tenant) = (String::new(), Zeroizing::default(), String::new());
        let server = Arc::new(server?);
        return Some(MailProvider {
            provider,
            service,
            client_id,
            client_secret,
            tenant,
            audience: None,
            issuer: None,
            server,
        });
    };
    let Some(secret) = secret else {
        let todo = format!(
            "enter it on the page, name the file with it as `{name}.client_secret_file`, or run: bookpost preferences client {name}"
        );
        raw.problem(&path("client_secret_file"), "there is a client id, but no client secret", todo);
        return None;
    };
    if issuer.as_ref().is_some_and(|issuer| private_url(issuer).is_err()) {
        let what = "what stands in the provider's place must be an https address";
        raw.problem(&path("issuer"), what, "write it like \"https://login.school.example\"");
    }
    let tenant = tenant.unwrap_or_else(|| "common".to_owned());
    if !tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
        let what = format!("{tenant:?} is no tenant");
        raw.problem(&path("tenant"), what, "write its id or its domain, or leave it out");
    }
    let client_secret = match secret {
        Given::Known(secret) => secret,
        // The provider will not know it, and a person hears that it must be entered again.
        Given::Lost => Zeroizing::default(),
    };
    let server = Arc::new(server?);
    Some(MailProvider { provider, service: None, client_id, client_secret, tenant, audience, issuer, server })
}
