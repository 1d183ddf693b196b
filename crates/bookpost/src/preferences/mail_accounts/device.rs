//! Somebody signs in at a provider on another device, by a code that they type there (RFC 8628): for computers without a browser, to which no
//! browser can come back either.
//!
//! What is begun is kept by whoever began it, sealed, as in [`super::flow`].

use std::time::Duration;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use oauth2::{
    AsyncHttpClient as _, HttpResponse,
    http::{self, header},
    url::form_urlencoded::{Serializer, byte_serialize},
};
use serde::{Deserialize, Serialize};
use store::Actor;

use super::{
    AccountError, Came, LASTS, MailAccounts,
    endpoints::{Endpoints, scopes},
    given_by::GivenBy,
    http::{Http, Unread, provider_said},
    tokens::{Given, plain, read},
};
use crate::{
    app::{
        asking::{self, words},
        secret_dice,
    },
    config::{MailProvider, Provider},
    secrets::SealingKey,
};

/// What is begun is sealed for.
const PURPOSE: &str = "sign-in at a mail provider by a code";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Seconds between two questions where the provider does not say (RFC 8628 section 3.2).
const USUAL: u64 = 5;
/// So much longer they are once it was asked too often (section 3.5).
const SLOWER: u64 = 5;
/// No provider wants a longer wait between two questions.
const LONGEST: u64 = 120;

/// What somebody types, and where.
pub struct WithCode {
    pub address: String,
    pub code: String,
    /// What whoever began it keeps meanwhile; of no use to anybody else.
    pub kept: String,
    /// They have typed it by then.
    pub until: Timestamp,
}

/// What has come of it so far.
pub enum Asked {
    /// They have not typed it, or not agreed; to be kept in the place of what was kept before.
    NotYet(String),
    Came(Came),
}

#[derive(Serialize, Deserialize)]
struct Going {
    provider: Provider,
    device_code: String,
    /// To which client it was given.
    by: GivenBy,
    /// Seconds to wait before each question.
    interval: u64,
    until: Timestamp,
    who: Actor,
}

/// Section 3.2.
#[derive(Deserialize)]
struct Begun {
    device_code: String,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

/// Section 3.5, and RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// What a provider says when it is asked.
enum Said {
    Given(Box<Given>),
    NotYet,
    /// It was asked too often, or did not answer.
    Slower,
}

impl MailAccounts {
    /// A code for somebody to type on another device.
    pub async fn begin_with_code(&self, provider: Provider, who: Actor) -> Result<WithCode, AccountError> {
        let set = self.provider(provider).ok_or(AccountError::NotSet)?;
        if set.service.is_some() {
            return Err(AccountError::NoCodes);
        }
        let endpoints = Endpoints::of(&set, &self.0.http).await?;
        let address = endpoints.device.as_ref().ok_or(AccountError::NoCodes)?;
        let wanted = scopes(provider, set.sends_by(), &endpoints).join(" ");
        let answer = post(&self.0.http, &set, address, &[("scope", &wanted)]).await.map_err(provider_said)?;
        if !answer.status().is_success() {
            return Err(refusal(&answer));
        }
        let begun: Begun =
            serde_json::from_slice(answer.body()).map_err(|error| provider_said(error.into()))?;
        let lasts = Duration::from_secs(begun.expires_in).min(LASTS);
        let until = self.0.clock.now().saturating_add(lasts).unwrap_or(Timestamp::MAX);
        let interval = begun.interval.unwrap_or(USUAL).clamp(1, LONGEST);
        let going =
            Going { provider, device_code: begun.device_code, by: GivenBy::now(&set), interval, until, who };
        let kept = self.kept(&going)?;
        let (address, code) = (plain(&begun.verification_uri), plain(&begun.user_code));
        Ok(WithCode { address, code, kept, until })
    }

    /// Waits as long as the provider wants, and asks it once.
    pub async fn ask_with_code(&self, kept: &str, who: &Actor) -> Result<Asked, AccountError> {
        let mut going =
            self.going_with_code(kept).filter(|going| going.who == *who).ok_or(AccountError::Stale)?;
        let interval = Duration::from_secs(going.interval);
        let at = self.0.clock.now().saturating_add(interval).unwrap_or(Timestamp::MAX);
        self.0.clock.sleep_until(at.min(going.until)).await;
        if self.0.clock.now() >= going.until {
            return Err(AccountError::CodeEnded);
        }
        // What is given is given once: it is stored though whoever asked goes away.
        let accounts = self.clone();
        let asked = tokio::spawn(async move {
            let _alone = accounts.0.alone(going.provider).await;
            match accounts.ask_once(&going).await? {
                Said::Given(given) => {
                    let set = accounts.provider(going.provider).ok_or(AccountError::NotSet)?;
                    let endpoints = Endpoints::of(&set, &accounts.0.http).await?;
                    accounts.arrived(&set, &endpoints, *given, None, going.who).await.map(Asked::Came)
                }
                Said::NotYet => Ok(Asked::NotYet(accounts.kept(&going)?)),
                Said::Slower => {
                    going.interval = (going.interval + SLOWER).min(LONGEST);
                    Ok(Asked::NotYet(accounts.kept(&going)?))
                }
            }
        });
        asked.await.unwrap_or_else(|error| Err(AccountError::Provider(error.to_string())))
    }

    async fn ask_once(&self, going: &Going) -> Result<Said, AccountError> {
        let set = self.provider(going.provider).ok_or(AccountError::NotSet)?;
        if going.by != GivenBy::now(&set) {
            return Err(AccountError::Stale);
        }
        let endpoints = Endpoints::of(&set, &self.0.http).await?;
        let fields = [("grant_type", GRANT), ("device_code", &going.device_code)];
        let answer = match post(&self.0.http, &set, &endpoints.token, &fields).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(error = words(&error), "the mail provider could not be asked about a code");
                return Ok(Said::Slower);
            }
        };
        if answer.status().is_success() {
            let given = read(answer.body())
                .ok_or_else(|| AccountError::Provider("its answer was not understood".to_owned()))?;
            return Ok(Said::Given(Box::new(given)));
        }
        match error(&answer).error.as_str() {
            "authorization_pending" => Ok(Said::NotYet),
            "slow_down" | "temporarily_unavailable" | "server_error" => Ok(Said::Slower),
            _ => Err(refusal(&answer)),
        }
    }

    fn kept(&self, going: &Going) -> Result<String, AccountError> {
        let mut dice = secret_dice();
        let (key, _) = SealingKey::get(&self.0.settings.now().sealing_key, &mut dice)?;
        let sealed = key.seal(PURPOSE, &serde_json::to_vec(going).unwrap_or_default(), &mut dice);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn going_with_code(&self, kept: &str) -> Option<Going> {
        let sealed = URL_SAFE_NO_PAD.decode(kept).ok()?;
        let opened = self.0.settings.now().sealing_key.open(PURPOSE, &sealed).ok()?;
        serde_json::from_slice(&opened).ok()
    }
}

/// A form, with our name and secret as RFC 6749 section 2.3.1 has them; Microsoft wants the name in the form too.
async fn post(
    http: &Http,
    set: &MailProvider,
    address: &str,
    fields: &[(&str, &str)],
) -> Result<HttpResponse, Unread> {
    let body =
        Serializer::new(String::new()).extend_pairs(fields).append_pair("client_id", &set.client_id).finish();
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let client = format!("{}:{}", encoded(&set.client_id), encoded(&set.client_secret));
    let request = http::Request::post(address)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(client)))
        .body(body.into_bytes())
        .map_err(asking::Unread::from)?;
    http.call(request).await
}

fn error(answer: &HttpResponse) -> Refused {
    serde_json::from_slice(answer.body()).unwrap_or_else(|_| Refused {
        error: format!("it answered {}", answer.status()),
        error_description: String::new(),
    })
}

fn refusal(answer: &HttpResponse) -> AccountError {
    let Refused { error, error_description } = error(answer);
    let said = plain(&format!("{error} {error_description}"));
    match error.as_str() {
        // Microsoft has words of its own for what section 3.5 calls access_denied.
        "access_denied" | "authorization_declined" => AccountError::Denied(said),
        "expired_token" | "code_expired" => AccountError::CodeEnded,
        "invalid_grant" | "bad_verification_code" => AccountError::NoCode(said),
        "invalid_client" | "unauthorized_client" | "invalid_scope" | "unsupported_grant_type" => {
            AccountError::Client(said)
        }
        _ => AccountError::Provider(said),
    }
}
