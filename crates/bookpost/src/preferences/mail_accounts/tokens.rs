//! What a provider gives: for a code, and for the token before it.

use std::time::Duration;

use jiff::Timestamp;
use mail::Reason;
use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use store::GivenTokens;
use zeroize::Zeroizing;

use super::{
    AccountError,
    endpoints::{Endpoints, extra, scopes},
    given_by::GivenBy,
    http::{Http, Unread, provider_said},
};
use crate::{
    app::asking,
    config::{MailProvider, Provider, SendBy},
    secrets::{KeySource, SealingKey, of_mail_account},
};

/// A token lasts as long where the provider does not say (it does).
const USUAL: Duration = Duration::from_hours(1);
/// And at least and at most so long, whatever the provider says: one that ends at once would be asked for without end.
const LEAST: Duration = Duration::from_secs(10);
const MOST: Duration = Duration::from_hours(24);

/// Beside the tokens: who has signed in (OpenID Connect Core 1.0 section 3.1.3.3).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Extra {
    pub(super) id_token: Option<String>,
    /// For how many seconds the token for later is good; no standard has it, Google and Microsoft say it where it ends.
    #[serde(default, deserialize_with = "seconds")]
    pub(super) refresh_token_expires_in: Option<u64>,
}

/// Whatever else stands there says nothing, and takes nothing from what was given.
fn seconds<'de, D: serde::Deserializer<'de>>(said: D) -> Result<Option<u64>, D::Error> {
    Ok(serde_json::Value::deserialize(said)?.as_u64())
}

impl ExtraTokenFields for Extra {}

type Answer = StandardTokenResponse<Extra, BasicTokenType>;
type Ready = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Whoever asks a provider.
pub(super) struct Asker<'a> {
    provider: &'a MailProvider,
    endpoints: &'a Endpoints,
    http: &'a Http,
    client: Ready,
}

/// What was given.
pub(super) struct Given {
    pub(super) access: Zeroizing<String>,
    pub(super) refresh: Option<Zeroizing<String>>,
    pub(super) lasts: Duration,
    /// For how long the token for later is good, where that is said.
    pub(super) later_lasts: Option<Duration>,
    /// What was agreed to; `None`: all that was asked for (RFC 6749 section 5.1).
    pub(super) scopes: Option<String>,
    pub(super) id_token: Option<String>,
}

/// Why nothing was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The code or token is none, or none any more.
    Grant(String),
    /// The client is none, or may not ask.
    Client(String),
    /// It was given for something else than is set now: nobody is asked.
    OfAnother(String),
    /// The sign-in service does not take our key.
    Key(String),
    /// The sign-in service could not be asked: that says nothing of the token either.
    ServiceAway(String),
    /// It could, and cannot do it for the moment.
    ServiceUnable(String),
    /// It is not known to the provider itself, or does not serve it.
    ServiceAtFault(String),
    /// The provider could not be asked: that says nothing of the token.
    Away(String),
}

impl Refusal {
    /// What it is to Bookpost, and what was said.
    pub(super) fn because(&self) -> (Reason, &str) {
        match self {
            Self::Grant(said) => (Reason::SignedOut, said),
            Self::Client(said) => (Reason::ClientRefused, said),
            Self::OfAnother(said) => (Reason::OtherClient, said),
            Self::Key(said) => (Reason::ServiceRefused, said),
            Self::ServiceAway(said) => (Reason::ServiceAway, said),
            Self::ServiceUnable(said) => (Reason::ServiceUnable, said),
            Self::ServiceAtFault(said) => (Reason::ServiceAtFault, said),
            Self::Away(said) => (Reason::SignInUnavailable, said),
        }
    }
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        provider: &'a MailProvider,
        endpoints: &'a Endpoints,
        http: &'a Http,
    ) -> Result<Self, AccountError> {
        let malformed = |error: oauth2::url::ParseError| AccountError::Provider(error.to_string());
        let client = Client::new(ClientId::new(provider.client_id.clone()))
            .set_client_secret(ClientSecret::new(provider.client_secret.to_string()))
            .set_auth_uri(AuthUrl::new(endpoints.authorization.clone()).map_err(malformed)?)
            .set_token_uri(TokenUrl::new(endpoints.token.clone()).map_err(malformed)?);
        Ok(Self { provider, endpoints, http, client })
    }

    /// Where somebody goes to sign in, to agree that mail is handed over so.
    pub(super) fn there(
        &self,
        by: SendBy,
        back: &str,
        [state, nonce, verifier]: [&str; 3],
    ) -> Result<String, AccountError> {
        let back =
            RedirectUrl::new(back.to_owned()).map_err(|error| AccountError::Provider(error.to_string()))?;
        let challenge =
            oauth2::PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
        let state = state.to_owned();
        let mut request = self
            .client
            .authorize_url(move || oauth2::CsrfToken::new(state))
            .set_redirect_uri(std::borrow::Cow::Owned(back))
            .set_pkce_challenge(challenge)
            .add_extra_param("nonce", nonce);
        for scope in scopes(self.provider.provider, by, self.endpoints) {
            request = request.add_scope(Scope::new(scope.to_owned()));
        }
        for (name, value) in extra(self.provider) {
            request = request.add_extra_param(*name, *value);
        }
        Ok(request.url().0.into())
    }

    /// What is given for a code.
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        back: &str,
    ) -> Result<Given, AccountError> {
        let back =
            RedirectUrl::new(back.to_owned()).map_err(|error| AccountError::Provider(error.to_string()))?;
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_redirect_uri(std::borrow::Cow::Owned(back))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(self.http)
            .await;
        match answer.map_err(refusal) {
            Ok(answer) => Ok(given(&answer)),
            Err(Refusal::Grant(said)) => Err(AccountError::NoCode(said)),
            Err(Refusal::Client(said)) => Err(AccountError::Client(said)),
            Err(other) => Err(AccountError::Provider(other.because().1.to_owned())),
        }
    }

    /// What is given for the token of before.
    pub(super) async fn refresh(&self, refresh: &str) -> Result<Given, Refusal> {
        let refresh = RefreshToken::new(refresh.to_owned());
        let answer = self.client.exchange_refresh_token(&refresh).request_async(self.http).await;
        answer.map(|answer| given(&answer)).map_err(refusal)
    }

    /// Ends the sign-in at the provider; false: that is done there, by its owner.
    pub(super) async fn revoke(&self, refresh: &str) -> Result<bool, AccountError> {
        let Some(address) = &self.endpoints.revocation else { return Ok(false) };
        // Google asks for no client there, and says no to what it does not ask for.
        let client = (&*self.provider.client_id, &**self.provider.client_secret);
        let client =
            (self.provider.issuer.is_some() || self.provider.provider != Provider::Google).then_some(client);
        let request = self.http.revocation(address, client, refresh)?;
        let answer = self.http.ask(request).await.map_err(provider_said)?;
        // What it does not know is as good as ended (RFC 7009 section 2.2; Google says 400).
        if answer.status().is_success() || answer.status() == reqwest::StatusCode::BAD_REQUEST {
            return Ok(true);
        }
        Err(provider_said(Unread::Refused(answer.status())))
    }
}

/// What a provider says, as it is kept and shown.
pub(super) fn plain(said: &str) -> String {
    said.trim().chars().filter(|one| !one.is_control()).take(200).collect()
}

/// What is given where somebody has typed a code on another device.
pub(super) fn read(answer: &[u8]) -> Option<Given> {
    serde_json::from_slice(answer).ok().as_ref().map(given)
}

/// How long a token is shown of which that is said.
pub(super) fn kept_for(said: Option<Duration>) -> Duration {
    said.unwrap_or(USUAL).clamp(LEAST, MOST)
}

fn given(answer: &Answer) -> Given {
    let scopes = answer.scopes().map(|all| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" "));
    Given {
        access: Zeroizing::new(answer.access_token().secret().clone()),
        refresh: answer.refresh_token().map(|token| Zeroizing::new(token.secret().clone())),
        lasts: kept_for(answer.expires_in()),
        later_lasts: answer.extra_fields().refresh_token_expires_in.map(Duration::from_secs),
        scopes,
        id_token: answer.extra_fields().id_token.clone(),
    }
}

fn refusal(error: RequestTokenError<Unread, BasicErrorResponse>) -> Refusal {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let said = plain(&answer.to_string());
            match answer.error() {
                BasicErrorResponseType::InvalidGrant => Refusal::Grant(said),
                // Microsoft says so where somebody must be there (RFC 6749 has no word for it).
                BasicErrorResponseType::Extension(word) if word == "interaction_required" => {
                    Refusal::Grant(said)
                }
                BasicErrorResponseType::Extension(word) if is_of_now(word) => Refusal::Away(said),
                _ => Refusal::Client(said),
            }
        }
        // With it might come what was sent.
        RequestTokenError::Parse(..) => Refusal::Away("its answer was not understood".to_owned()),
        RequestTokenError::Request(error) => Refusal::Away(asking::words(&error)),
        RequestTokenError::Other(said) => Refusal::Away(said),
    }
}

/// Words for what is over by itself, and says nothing of whoever asks (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5, and Google's own).
fn is_of_now(word: &str) -> bool {
    const WORDS: [&str; 12] = [
        "temporarily_unavailable",
        "server_error",
        "internal_failure",
        "internal_error",
        "backendError",
        "slow_down",
        "rate_limit",
        "rate_limit_exceeded",
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "dailyLimitExceeded",
        "quotaExceeded",
    ];
    WORDS.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// As they stand in the queue, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Tokens {
    refresh: String,
    access: String,
    /// Not known of those of an earlier version.
    #[serde(default)]
    given_by: Option<GivenBy>,
    /// When the one for later ends by itself, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
}

impl Tokens {
    pub(super) fn new(refresh: &str, access: &str, given_by: GivenBy) -> Self {
        let (refresh, access) = (refresh.to_owned(), access.to_owned());
        Self { refresh, access, given_by: Some(given_by), ends_at: None }
    }

    /// The one for later ends then.
    pub(super) fn ending(self, ends_at: Option<Timestamp>) -> Self {
        let mut tokens = self;
        tokens.ends_at = ends_at;
        tokens
    }

    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        self.ends_at
    }

    pub(super) fn given_by(&self) -> Option<&GivenBy> {
        self.given_by.as_ref()
    }

    pub(super) fn refresh(&self) -> &str {
        &self.refresh
    }

    pub(super) fn access(&self) -> &str {
        &self.access
    }

    /// Sealed, and when others are to be had: a while before they end, however long they last.
    pub(super) fn given(
        &self,
        provider: Provider,
        lasts: Duration,
        key: &SealingKey,
        dice: &mut impl CryptoRng,
        now: Timestamp,
    ) -> GivenTokens {
        let text = Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        let at = |after: Duration| now.saturating_add(after).unwrap_or(Timestamp::MAX);
        GivenTokens {
            tokens: key.seal(&of_mail_account(provider.name()), &text, dice),
            usable_until: at(lasts),
            refresh_at: at(lasts * 3 / 4),
        }
    }

    pub(super) fn open(provider: Provider, sealed: &[u8], key: &KeySource) -> Option<Self> {
        let opened = key.open(&of_mail_account(provider.name()), sealed).ok()?;
        serde_json::from_slice(&opened).ok()
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.refresh.zeroize();
        self.access.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the provider says: one that ends at once would be asked for without end, and one that ends in years never.
    #[test]
    fn a_token_lasts_for_a_sensible_time() {
        for (said, lasts) in [
            (r#","expires_in":0"#, LEAST),
            (r#","expires_in":9"#, LEAST),
            (r#","expires_in":3599"#, Duration::from_secs(3599)),
            (r#","expires_in":18446744073709551615"#, MOST),
            ("", USUAL),
        ] {
            let answer = format!(r#"{{"access_token":"a","token_type":"Bearer"{said}}}"#);
            assert_eq!(given(&serde_json::from_str(&answer).unwrap()).lasts, lasts, "{said}");
        }
    }

    #[test]
    fn what_a_provider_says_is_kept_short_and_plain() {
        assert_eq!(plain(" no\r\nSet-Cookie: x\u{7}\u{9b}31m "), "noSet-Cookie: x31m");
        assert_eq!(plain(&"é".repeat(10_000)).chars().count(), 200);
    }
}
