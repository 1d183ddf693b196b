//! Where a provider is asked for what, and for what: known by heart for Google and Microsoft, else as it says of itself (OpenID Connect
//! Discovery 1.0).

use serde::Deserialize;

use super::{
    AccountError,
    http::{Http, provider_said},
};
use crate::config::{MailProvider, Provider};

/// Addresses of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) authorization: String,
    pub(super) token: String,
    /// Where it says whose a token is; none: in the ID token only.
    pub(super) userinfo: Option<String>,
    /// Where a sign-in is ended; none: its owner does it there.
    pub(super) revocation: Option<String>,
    /// It gives a token for later to those only who ask for it by this scope.
    pub(super) offline_access: bool,
}

#[derive(Deserialize)]
struct Said {
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

impl Endpoints {
    pub(super) async fn of(provider: &MailProvider, http: &Http) -> Result<Self, AccountError> {
        match &provider.issuer {
            Some(issuer) => Self::asked(issuer, http).await,
            None => Ok(Self::known(provider)),
        }
    }

    fn known(provider: &MailProvider) -> Self {
        match provider.provider {
            Provider::Google => Self {
                authorization: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
                token: "https://oauth2.googleapis.com/token".to_owned(),
                userinfo: Some("https://openidconnect.googleapis.com/v1/userinfo".to_owned()),
                revocation: Some("https://oauth2.googleapis.com/revoke".to_owned()),
                offline_access: false,
            },
            Provider::Microsoft => {
                let base = format!("https://login.microsoftonline.com/{}/oauth2/v2.0", provider.tenant);
                Self {
                    authorization: format!("{base}/authorize"),
                    token: format!("{base}/token"),
                    // It takes tokens of another service than the one for mail.
                    userinfo: None,
                    revocation: None,
                    offline_access: true,
                }
            }
        }
    }

    async fn asked(issuer: &str, http: &Http) -> Result<Self, AccountError> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let said: Said = http.read(http.get(&address, None)?).await.map_err(provider_said)?;
        Ok(Self {
            authorization: said.authorization_endpoint,
            token: said.token_endpoint,
            userinfo: said.userinfo_endpoint,
            revocation: said.revocation_endpoint,
            offline_access: said.scopes_supported.iter().any(|scope| scope == "offline_access"),
        })
    }
}

/// Without this one, which people can untick, no mail can be sent.
pub(super) fn sending_scope(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "https://mail.google.com/",
        Provider::Microsoft => "https://outlook.office.com/SMTP.Send",
    }
}

/// All that is asked for.
pub(super) fn scopes(provider: Provider, endpoints: &Endpoints) -> Vec<&'static str> {
    let mut scopes = vec!["openid", "email", sending_scope(provider)];
    if endpoints.offline_access {
        scopes.push("offline_access");
    }
    scopes
}

/// Whether mail can be sent with what was agreed to. Providers write scopes in letters of either size.
pub(super) fn may_send(provider: Provider, granted: &str) -> bool {
    granted.split_whitespace().any(|scope| scope.eq_ignore_ascii_case(sending_scope(provider)))
}

/// What is said beside, so that a token for later is given at all: Google does so at a consent only.
pub(super) fn extra(provider: &MailProvider) -> &'static [(&'static str, &'static str)] {
    match provider.provider {
        Provider::Google => &[("access_type", "offline"), ("prompt", "consent")],
        Provider::Microsoft => &[("prompt", "select_account")],
    }
}
