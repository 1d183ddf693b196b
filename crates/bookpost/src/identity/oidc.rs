//! Signing in by an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636).
//!
//! What is begun is kept by the browser, sealed, so that nothing here grows with those who begin and never come back. Nobody is let in who
//! is no person of Bookpost already: the provider says who somebody is, and not what they may do.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use mail::Address;
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse as _,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreProviderMetadata,
        CoreRequestTokenError, CoreUserInfoClaims,
    },
};
use rand::CryptoRng;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    guessing::{Guessing, guess},
    locked,
    people::Token,
};
use crate::{
    app::asking::{self, Unread},
    config::Oidc,
    secrets::{KeyError, KeySource, SealingKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Where the provider leads people back to, after the public address.
pub const BACK: &str = "/sign-in/oidc/back";
/// Whoever begins comes back by then.
pub const LASTS: Duration = Duration::from_mins(10);

/// What is begun is sealed for.
const PURPOSE: &str = "sign-in by oidc";
/// An answer of the provider has come by then.
const PATIENCE: Duration = Duration::from_secs(15);
/// All that it says of itself has come by then: others wait for it meanwhile.
const INTRODUCTION: Duration = Duration::from_secs(5);
/// So many people wait for the provider at once. Whoever comes then is asked to try again.
const WAITING: usize = 32;
/// No answer of a provider is larger.
const MOST: usize = 1 << 20;
/// What the provider says of itself is asked again after this, and its keys with it.
const KNOWN_FOR: Duration = Duration::from_mins(10);
/// Its keys are not asked for again sooner, whatever comes back.
const KEYS_FOR: Duration = Duration::from_mins(1);
/// One that did not answer is not asked again sooner.
const AWAY_FOR: Duration = Duration::from_secs(10);

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It was not begun here, or too long ago, or what came back belongs to something else.
    #[error("the sign-in was not begun in this browser, or too long ago")]
    Stale,
    /// The person did not agree, or the provider did not.
    #[error("the provider says: {0}")]
    Refused(String),
    /// No answer, or one that cannot be used.
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    /// It was shown a code that it has not given, or not to this browser.
    #[error("the provider does not take the code: {0}")]
    NoCode(String),
    /// It has signed with a key that it did not have when it was asked.
    #[error("the provider has signed with a key that it has not named")]
    OtherKey,
    /// Too many wait for it.
    #[error("too many people wait for the provider")]
    Busy,
    /// Nothing was looked at: what came from there was wrong too often.
    #[error("too many attempts; try again after {retry_at:.0}")]
    HeldUp {
        /// Not before.
        retry_at: Timestamp,
    },
    /// It does not say that the address is theirs.
    #[error("the provider does not say that the address {0} is theirs")]
    NotVerified(String),
    /// It names no address.
    #[error("the provider names no email address")]
    NoAddress,
    /// What is begun cannot be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A provider.
pub struct OpenId {
    provider: Oidc,
    back: String,
    key: KeySource,
    http: Fetcher,
    waiting: Semaphore,
    /// Held by whoever asks it what it says of itself.
    asking: tokio::sync::Mutex<()>,
    known: Mutex<Option<Known>>,
    /// Where it was asked from about codes that are none.
    guessing: Mutex<Guessing<()>>,
    guesses: AtomicU64,
}

/// What the provider says of itself, or why it could not be asked.
struct Known {
    said: Result<CoreProviderMetadata, String>,
    asked_at: Timestamp,
}

impl Known {
    fn at(&self, now: Timestamp) -> Option<Result<CoreProviderMetadata, OidcError>> {
        let lasts = if self.said.is_ok() { KNOWN_FOR } else { AWAY_FOR };
        let holds = self.age(now) < lasts;
        holds.then(|| self.said.clone().map_err(OidcError::Provider))
    }

    fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.asked_at).unsigned_abs()
    }
}

/// What somebody has begun.
pub struct Begun {
    /// Where they go now.
    pub to: String,
    /// What their browser keeps meanwhile; of no use to anybody else.
    pub kept: String,
}

/// Who somebody is, and where they wanted to go.
#[derive(Debug, PartialEq, Eq)]
pub struct Proven {
    /// Their address, as the provider vouches for it.
    pub email: Address,
    /// The page that they asked for at first.
    pub next: String,
}

#[derive(Serialize, Deserialize)]
struct Going {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    began_at: Timestamp,
}

type Ready = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl OpenId {
    /// The provider of the settings. `public_address` is where people come from it.
    pub fn new(provider: Oidc, public_address: &str, key: KeySource) -> reqwest::Result<Self> {
        let http = asking::client(PATIENCE)?;
        Ok(Self {
            provider,
            back: format!("{public_address}{BACK}"),
            key,
            http: Fetcher(http),
            waiting: Semaphore::new(WAITING),
            asking: tokio::sync::Mutex::default(),
            known: Mutex::default(),
            guessing: Mutex::default(),
            guesses: AtomicU64::default(),
        })
    }

    /// As people know it.
    pub fn name(&self) -> &str {
        &self.provider.name
    }

    /// Sends somebody to the provider, who wanted to see the page `next`.
    pub async fn begin(
        &self,
        next: &str,
        mut dice: impl CryptoRng + Send,
        now: Timestamp,
    ) -> Result<Begun, OidcError> {
        let _place = self.place()?;
        let client = self.client(now).await?;
        let (key, _) = SealingKey::get(&self.key, &mut dice)?;
        let [state, nonce, verifier] = [(); 3].map(|()| Token::draw(&mut dice).text().to_owned());
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let in_address = (state.clone(), nonce.clone());
        let (to, ..) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(in_address.0),
                move || Nonce::new(in_address.1),
            )
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let going = Going { state, nonce, verifier, next: next.to_owned(), began_at: now };
        let sealed = key.seal(PURPOSE, &serde_json::to_vec(&going).unwrap_or_default(), &mut dice);
        Ok(Begun { to: to.into(), kept: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// Whether what came back was begun in this browser.
    pub fn is_begun(&self, kept: &str, state: &str, now: Timestamp) -> bool {
        self.going(kept, now).is_some_and(|going| going.state == state)
    }

    /// Finds out who came back from there, by what their browser kept and what the provider gave them.
    pub async fn end(
        &self,
        kept: &str,
        (code, state): (&str, &str),
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Proven, OidcError> {
        let going = self.going(kept, now).filter(|going| going.state == state).ok_or(OidcError::Stale)?;
        if let Some(retry_at) = locked(&self.guessing).held_up(peer, None, now) {
            return Err(OidcError::HeldUp { retry_at });
        }
        let _place = self.place()?;
        let client = self.client(now).await?;
        let proven = self.prove(&client, code, &going, now).await;
        match &proven {
            // The same again costs the provider as much.
            Err(OidcError::NoCode(_)) => {
                let number = self.guesses.fetch_add(1, Ordering::Relaxed).to_string();
                locked(&self.guessing).failed(peer, None, guess([PURPOSE, &number]), now);
            }
            Err(OidcError::OtherKey) => self.ask_for_keys(now),
            // Nobody's guess.
            Err(_) | Ok(_) => {}
        }
        Ok(Proven { email: proven?, next: going.next })
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, OidcError> {
        self.waiting.try_acquire().map_err(|_| OidcError::Busy)
    }

    /// Before the next person is let in.
    fn ask_for_keys(&self, now: Timestamp) {
        locked(&self.known).take_if(|known| known.said.is_ok() && known.age(now) >= KEYS_FOR);
    }

    fn going(&self, kept: &str, now: Timestamp) -> Option<Going> {
        let sealed = URL_SAFE_NO_PAD.decode(kept).ok()?;
        let opened = SealingKey::load(&self.key).ok()?.open(PURPOSE, &sealed).ok()?;
        let going: Going = serde_json::from_slice(&opened).ok()?;
        (now.duration_since(going.began_at).unsigned_abs() <= LASTS).then_some(going)
    }

    async fn prove(
        &self,
        client: &Ready,
        code: &str,
        going: &Going,
        now: Timestamp,
    ) -> Result<Address, OidcError> {
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(in_words)?
            .set_pkce_verifier(PkceCodeVerifier::new(going.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(unexchanged)?;
        let token = answer.id_token().ok_or_else(|| OidcError::Provider("it gave no ID token".to_owned()))?;
        let at = SystemTime::UNIX_EPOCH + Duration::try_from(now.as_duration()).unwrap_or_default();
        let provider = client.id_token_verifier().set_time_fn(move || at.into());
        let claims = token.claims(&provider, &Nonce::new(going.nonce.clone())).map_err(unproven)?;
        if let Some(expected) = claims.access_token_hash() {
            let signing = token.signing_alg().map_err(in_words)?;
            let key = token.signing_key(&provider).map_err(in_words)?;
            let hash = AccessTokenHash::from_token(answer.access_token(), signing, key).map_err(in_words)?;
            if hash != *expected {
                return Err(OidcError::Provider("its access token is not that of its ID token".to_owned()));
            }
        }
        let said = claims.email().map(|email| (email.to_string(), claims.email_verified()));
        let (email, verified) = if let Some(said) = said {
            said
        } else {
            // Many say it only when they are asked (OpenID Connect Core 1.0 section 5.4).
            let subject = Some(claims.subject().clone());
            let asked = client.user_info(answer.access_token().clone(), subject).map_err(in_words)?;
            let info: CoreUserInfoClaims = asked.request_async(&self.http).await.map_err(in_words)?;
            let email = info.email().ok_or(OidcError::NoAddress)?;
            (email.to_string(), info.email_verified())
        };
        let trusted = self.provider.trust_addresses && verified.is_none();
        match Address::parse(&email) {
            Ok(email) if verified == Some(true) || trusted => Ok(email),
            Ok(email) => Err(OidcError::NotVerified(email.masked())),
            Err(_) => Err(OidcError::NoAddress),
        }
    }

    async fn client(&self, now: Timestamp) -> Result<Ready, OidcError> {
        let metadata = self.metadata(now).await?;
        let (id, secret) = (self.provider.client_id.clone(), self.provider.client_secret.to_string());
        let back = RedirectUrl::new(self.back.clone()).map_err(in_words)?;
        let client =
            CoreClient::from_provider_metadata(metadata, ClientId::new(id), Some(ClientSecret::new(secret)));
        Ok(client.set_redirect_uri(back))
    }

    async fn metadata(&self, now: Timestamp) -> Result<CoreProviderMetadata, OidcError> {
        if let Some(known) = self.known(now) {
            return known;
        }
        let _asking = self.asking.lock().await;
        // Whoever was before may have been answered, or not.
        if let Some(known) = self.known(now) {
            return known;
        }
        let introduced = tokio::time::timeout(INTRODUCTION, self.introduced()).await;
        let said = introduced.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        *locked(&self.known) = Some(Known { said: said.clone(), asked_at: now });
        said.map_err(OidcError::Provider)
    }

    fn known(&self, now: Timestamp) -> Option<Result<CoreProviderMetadata, OidcError>> {
        locked(&self.known).as_ref().and_then(|known| known.at(now))
    }

    async fn introduced(&self) -> Result<CoreProviderMetadata, String> {
        let issuer = IssuerUrl::new(self.provider.issuer.clone()).map_err(|error| asking::words(&error))?;
        CoreProviderMetadata::discover_async(issuer, &self.http).await.map_err(|error| asking::words(&error))
    }
}

/// Asks the provider.
struct Fetcher(Client);

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = Unread;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unread>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { asking::ask(&self.0, request.try_into()?, MOST).await })
    }
}

fn in_words(error: impl std::error::Error) -> OidcError {
    OidcError::Provider(asking::words(&error))
}

/// Whether it was the code or something else, of which whoever has come can do nothing.
fn unexchanged(error: CoreRequestTokenError<Unread>) -> OidcError {
    use CoreErrorResponseType::{InvalidClient, UnauthorizedClient};
    match &error {
        RequestTokenError::ServerResponse(answer)
            if !matches!(answer.error(), InvalidClient | UnauthorizedClient) =>
        {
            OidcError::NoCode(asking::words(&error))
        }
        _ => in_words(error),
    }
}

fn unproven(error: ClaimsVerificationError) -> OidcError {
    match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            OidcError::OtherKey
        }
        error => in_words(error),
    }
}
