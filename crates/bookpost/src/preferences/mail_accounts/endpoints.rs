//! Where a provider is asked for what, and for what: known by heart for Google and Microsoft, else as it says of itself (OpenID Connect
//! Discovery 1.0).

use serde::Deserialize;

use super::{
    AccountError,
    http::{Http, provider_said},
    tokens::plain,
};
use crate::config::{MailProvider, Provider, private_url};

/// Addresses of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) authorization: String,
    pub(super) token: String,
    /// Where it says whose a token is; none: in the ID token only.
    pub(super) userinfo: Option<String>,
    /// Where a sign-in is ended; none: its owner does it there.
    pub(super) revocation: Option<String>,
    /// Where it gives codes that are typed on another device; none: it has none that are good for mail.
    pub(super) device: Option<String>,
    /// It gives a token for later to those only who ask for it by this scope.
    pub(super) offline_access: bool,
}

#[derive(Deserialize)]
struct Said {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
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
                // It has codes, but none for mail.
                device: None,
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
                    device: Some(format!("{base}/devicecode")),
                    offline_access: true,
                }
            }
        }
    }

    async fn asked(issuer: &str, http: &Http) -> Result<Self, AccountError> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let said: Said = http.read(http.get(&address, None)?).await.map_err(provider_said)?;
        if !is_of(issuer, &said.issuer) {
            let what = format!("{address} is about another provider: {}", plain(&said.issuer));
            return Err(AccountError::Provider(what));
        }
        let optional =
            [&said.userinfo_endpoint, &said.revocation_endpoint, &said.device_authorization_endpoint];
        let optional = optional.into_iter().flatten();
        for endpoint in [&said.authorization_endpoint, &said.token_endpoint].into_iter().chain(optional) {
            if private_url(endpoint).is_err() {
                let what = format!("it names an address that is not encrypted: {}", plain(endpoint));
                return Err(AccountError::Provider(what));
            }
        }
        Ok(Self {
            authorization: said.authorization_endpoint,
            token: said.token_endpoint,
            userinfo: said.userinfo_endpoint,
            revocation: said.revocation_endpoint,
            device: said.device_authorization_endpoint,
            offline_access: said.scopes_supported.iter().any(|scope| scope == "offline_access"),
        })
    }
}

/// Whether what a provider says of itself is of the one that was asked (OpenID Connect Discovery 1.0 section 4.3). Where Microsoft stands
/// for all organisations it says so in the name, which is another for each.
fn is_of(asked: &str, said: &str) -> bool {
    let (asked, said) = (asked.trim_end_matches('/'), said.trim_end_matches('/'));
    let of_all = ["common", "organizations"];
    asked == said
        || said.contains("{tenantid}") && of_all.iter().any(|all| said.replace("{tenantid}", all) == asked)
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
    // Without it Microsoft names nobody whose account has no address entered beside it.
    if provider == Provider::Microsoft {
        scopes.push("profile");
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_says_that_it_is_the_one_that_was_asked() {
        let microsoft = "https://login.microsoftonline.com/{tenantid}/v2.0";
        for (asked, said, right) in [
            ("https://login.school.example", "https://login.school.example", true),
            ("https://login.school.example/", "https://login.school.example", true),
            ("https://login.school.example", "https://login.else.example", false),
            ("https://login.school.example", "https://login.school.example/other", false),
            ("https://login.microsoftonline.com/common/v2.0", microsoft, true),
            ("https://login.microsoftonline.com/organizations/v2.0", microsoft, true),
            ("https://login.microsoftonline.com/school.example/v2.0", microsoft, false),
            ("https://login.school.example/common/v2.0", microsoft, false),
        ] {
            assert_eq!(is_of(asked, said), right, "{asked} {said}");
        }
    }
}
