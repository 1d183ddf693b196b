//! Where a provider is asked for what, and for what: known by heart for Google and Microsoft, else as it says of itself (OpenID Connect
//! Discovery 1.0).

use serde::Deserialize;

use super::{
    AccountError,
    claims::GOOGLE,
    http::{Http, provider_said},
    tokens::plain,
};
use crate::config::{MailProvider, Provider, SendBy, private_url};

/// Addresses of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// As it names itself in ID tokens; `{tenantid}` stands for the organisation.
    pub(super) issuer: String,
    /// It says who it is when it leads somebody back (RFC 9207).
    names_itself: bool,
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
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
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
                issuer: GOOGLE.to_owned(),
                names_itself: false,
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
                    issuer: "https://login.microsoftonline.com/{tenantid}/v2.0".to_owned(),
                    names_itself: false,
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
            names_itself: said.authorization_response_iss_parameter_supported,
            issuer: said.issuer,
            authorization: said.authorization_endpoint,
            token: said.token_endpoint,
            userinfo: said.userinfo_endpoint,
            revocation: said.revocation_endpoint,
            device: said.device_authorization_endpoint,
            offline_access: said.scopes_supported.iter().any(|scope| scope == "offline_access"),
        })
    }
}

impl Endpoints {
    /// Whether somebody was led back by this provider, as far as it says: else its code would be shown to another one (RFC 9207).
    pub(super) fn led_back(&self, named: &str) -> Result<(), AccountError> {
        // Where Microsoft stands for all organisations it names that of the account.
        let is_named = match self.issuer.split_once("{tenantid}") {
            Some((before, after)) => {
                named.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(|tenant| {
                    !tenant.is_empty() && tenant.chars().all(|one| one.is_ascii_alphanumeric() || one == '-')
                })
            }
            None => named == self.issuer,
        };
        if is_named || named.is_empty() && !self.names_itself {
            return Ok(());
        }
        Err(AccountError::Provider("somebody was led back by another provider".to_owned()))
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

/// Without one of these, which people can untick, no mail can be sent. The first is asked for: it allows the least.
pub(super) fn sending_scopes(provider: Provider, by: SendBy) -> &'static [&'static str] {
    match (provider, by) {
        (Provider::Google, SendBy::Smtp) => &["https://mail.google.com/"],
        (Provider::Google, SendBy::Api) => {
            &["https://www.googleapis.com/auth/gmail.send", "https://mail.google.com/"]
        }
        (Provider::Microsoft, SendBy::Smtp) => &["https://outlook.office.com/SMTP.Send"],
        // It names what is its own without where it is.
        (Provider::Microsoft, SendBy::Api) => &["https://graph.microsoft.com/Mail.Send", "Mail.Send"],
    }
}

/// All that is asked for.
pub(super) fn scopes(provider: Provider, by: SendBy, endpoints: &Endpoints) -> Vec<&'static str> {
    let sending = sending_scopes(provider, by).first();
    let mut scopes: Vec<_> = ["openid", "email"].into_iter().chain(sending.copied()).collect();
    // Without it Microsoft names nobody whose account has no address entered beside it.
    if provider == Provider::Microsoft {
        scopes.push("profile");
    }
    if endpoints.offline_access {
        scopes.push("offline_access");
    }
    scopes
}

/// Whether mail can be sent with what was agreed to, in the way that is set. Providers write scopes in letters of either size.
pub(super) fn may_send(provider: &MailProvider, granted: &str) -> bool {
    let sending = sending_scopes(provider.provider, provider.sends_by());
    granted.split_whitespace().any(|scope| sending.iter().any(|one| scope.eq_ignore_ascii_case(one)))
}

/// Whether what was sent can be asked for by its Message-ID. With gmail.metadata Google takes no such question.
pub(super) fn may_look(granted: &str) -> bool {
    let looking = [
        "https://mail.google.com/",
        "https://www.googleapis.com/auth/gmail.modify",
        "https://www.googleapis.com/auth/gmail.readonly",
    ];
    granted.split_whitespace().any(|scope| looking.iter().any(|one| scope.eq_ignore_ascii_case(one)))
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
    use crate::config::{Server, Service};

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

    #[test]
    fn whoever_leads_back_is_who_was_asked() {
        let microsoft = "https://login.microsoftonline.com/{tenantid}/v2.0";
        for (issuer, names_itself, named, right) in [
            (GOOGLE, false, "", true),
            (GOOGLE, true, "", false),
            (GOOGLE, true, GOOGLE, true),
            (GOOGLE, false, "https://evil.example", false),
            (microsoft, true, "https://login.microsoftonline.com/0c3e-77/v2.0", true),
            (microsoft, true, "https://login.microsoftonline.com//v2.0", false),
            (microsoft, true, "https://login.microsoftonline.com/a/b/v2.0", false),
            (microsoft, true, "https://evil.example/0c3e-77/v2.0", false),
            (microsoft, true, "https://login.microsoftonline.com/0c3e-77/v2.0/x", false),
            (microsoft, true, microsoft, false),
            (microsoft, true, "", false),
        ] {
            let known = Endpoints::known(&set(Provider::Google, SendBy::Smtp));
            let endpoints = Endpoints { issuer: issuer.to_owned(), names_itself, ..known };
            assert_eq!(endpoints.led_back(named).is_ok(), right, "{issuer} {named}");
        }
    }

    /// What was agreed to for one way of sending is not taken for the other, unless it covers that too.
    #[test]
    fn what_was_agreed_to_covers_the_way_that_is_set() {
        let all_mail = "https://mail.google.com/";
        for (provider, by, granted, may) in [
            (Provider::Google, SendBy::Smtp, all_mail, true),
            (Provider::Google, SendBy::Smtp, "https://www.googleapis.com/auth/gmail.send", false),
            (Provider::Google, SendBy::Api, "https://www.googleapis.com/auth/gmail.send", true),
            (Provider::Google, SendBy::Api, all_mail, true),
            (Provider::Google, SendBy::Api, "https://www.googleapis.com/auth/gmail.readonly", false),
            (Provider::Microsoft, SendBy::Smtp, "https://outlook.office.com/SMTP.Send", true),
            (Provider::Microsoft, SendBy::Smtp, "https://graph.microsoft.com/Mail.Send", false),
            (Provider::Microsoft, SendBy::Api, "https://graph.microsoft.com/mail.send", true),
            (Provider::Microsoft, SendBy::Api, "Mail.Send", true),
            (Provider::Microsoft, SendBy::Api, "https://outlook.office.com/SMTP.Send", false),
        ] {
            let set = set(provider, by);
            assert_eq!(
                may_send(&set, &format!("openid {granted} email")),
                may,
                "{provider:?} {by:?} {granted}"
            );
        }
        let google = set(Provider::Google, SendBy::Api);
        let asked = scopes(Provider::Google, SendBy::Api, &Endpoints::known(&google));
        assert!(!asked.contains(&all_mail), "no more than is needed is asked for: {asked:?}");
    }

    fn set(provider: Provider, by: SendBy) -> MailProvider {
        let service = (by == SendBy::Api).then_some(Service::Gmail);
        let server = Server { service, ..Server::plain(provider.name(), ([127, 0, 0, 1], 1).into()) };
        MailProvider {
            provider,
            service: None,
            client_id: "us".to_owned(),
            client_secret: String::new().into(),
            tenant: "common".to_owned(),
            audience: None,
            issuer: None,
            server: server.into(),
        }
    }
}
