//! Somebody signs in at a provider, and comes back: the authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636).
//!
//! What is begun is kept by the browser, sealed, so that nothing here grows with those who begin and never come back. It is of use to whoever
//! began it, in the browser where they did.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mail::Address;
use rand::{CryptoRng, RngExt as _};
use serde::{Deserialize, Serialize};
use store::{Actor, AlarmKind, NewMailAccount};

use super::{
    AccountError, Boxes, MailAccounts, claims,
    endpoints::{Endpoints, may_send, scopes},
    given_by::GivenBy,
    http::{Http, provider_said},
    pending::Pending,
    redirect::{self, NotTaken},
    renewing::of_client,
    service::{Fetched, Hosted, Opener},
    tokens::{Asker, Given, Tokens, plain},
};
use crate::{
    app::secret_dice,
    config::{MailProvider, Provider},
    secrets::SealingKey,
};

/// Whoever begins comes back by then.
pub const LASTS: Duration = Duration::from_mins(15);
/// What is begun is sealed for.
const PURPOSE: &str = "sign-in at a mail provider";

/// So begins what is brought back where it was begun in a terminal: the browser is told to bring it there.
const TERMINAL: &str = "terminal-";

/// What somebody has begun.
pub struct Begun {
    /// Where they go now.
    pub to: String,
    /// What their browser keeps meanwhile; of no use to anybody else.
    pub kept: String,
}

/// What the address has in which somebody comes back.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Back {
    pub code: String,
    pub state: String,
    pub error: String,
    pub error_description: String,
    /// Who leads back, where it says so (RFC 9207).
    pub iss: String,
}

/// Where people are led back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedBack {
    pub to: String,
    /// The public address, in whose place it is, and why the provider would not take that.
    pub instead: Option<(String, NotTaken)>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// Mail can leave by this account.
    Connected { provider: Provider, account: String },
    /// Another account was connected before; nothing is stored until somebody says that this one is meant.
    Another { provider: Provider, account: String, before: String },
}

/// Whether a provider was told that a sign-in is over, so that what it gave is good for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    Yes,
    /// It takes no such word, or another client than that of now would have to say it: its owner ends it there.
    NotAsked,
    /// It could not be told, and why: the same.
    Failed(String),
}

#[derive(Serialize, Deserialize)]
struct Going {
    provider: Provider,
    state: String,
    nonce: String,
    verifier: String,
    back: String,
    who: Actor,
    began_at: Timestamp,
    /// By which client.
    by: GivenBy,
    /// Where that is a sign-in service's: opens what it gives.
    opener: Option<Opener>,
}

impl Back {
    /// It belongs to somebody at a terminal.
    pub fn is_for_a_terminal(&self) -> bool {
        self.state.starts_with(TERMINAL)
    }
}

impl MailAccounts {
    /// The address at which people come back, or why there is none.
    pub fn back(&self, provider: Provider) -> Result<String, AccountError> {
        self.led_back(provider).map(|led| led.to)
    }

    /// The same, and why it is not the public address: this provider would not take that, set up or not.
    pub fn led_back(&self, provider: Provider) -> Result<LedBack, AccountError> {
        let (set, config) = (self.provider(provider), self.0.settings.now());
        let back = redirect::back(&config);
        if set.as_ref().is_some_and(|set| set.service.is_some()) {
            // The provider does not see it. The service takes any name, and leads to no other computer than the one that it knows.
            return match redirect::not_taken_by_service(&back) {
                Some(why) => Err(AccountError::NotTaken { back, why }),
                None => Ok(LedBack { to: back, instead: None }),
            };
        }
        let issuer = set.as_ref().and_then(|set| set.issuer.as_deref());
        Ok(match redirect::not_taken(provider, issuer, &back) {
            None => LedBack { to: back, instead: None },
            Some(why) => LedBack { to: redirect::loopback(&config), instead: Some((back, why)) },
        })
    }

    /// Sends somebody to the provider.
    pub async fn begin(&self, provider: Provider, who: Actor) -> Result<Begun, AccountError> {
        let set = self.provider(provider).ok_or(AccountError::NotSet)?;
        let back = self.back(provider)?;
        let mut dice = secret_dice();
        let [mut state, nonce, verifier] = [(); 3].map(|()| draw(&mut dice));
        if who == Actor::CommandLine {
            state.insert_str(0, TERMINAL);
        }
        let (to, opener) = if let Some(service) = &set.service {
            let no_key = || AccountError::Provider("no key could be drawn".to_owned());
            let opener = Opener::draw().ok_or_else(no_key)?;
            let hosted = Hosted { service, http: &self.0.http_of_service };
            let to = hosted.begin((provider, set.sends_by()), &back, [&state, &verifier], &opener).await?;
            (to, Some(opener))
        } else {
            let endpoints = Endpoints::of(&set, &self.0.http).await?;
            let asker = Asker::new(&set, &endpoints, &self.0.http)?;
            (asker.there(set.sends_by(), &back, [&state, &nonce, &verifier])?, None)
        };
        let (began_at, by) = (self.0.clock.now(), GivenBy::now(&set));
        let going = Going { provider, state, nonce, verifier, back, who, began_at, by, opener };
        let (key, _) = SealingKey::get(&self.0.settings.now().sealing_key, &mut dice)?;
        let sealed = key.seal(PURPOSE, &serde_json::to_vec(&going).unwrap_or_default(), &mut dice);
        Ok(Begun { to, kept: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// Whoever began it is back.
    pub async fn end(&self, kept: &str, back: &Back, who: &Actor) -> Result<Came, AccountError> {
        let going = self.going(kept).ok_or(AccountError::Stale)?;
        if going.state != back.state || going.who != *who {
            return Err(AccountError::Stale);
        }
        if !back.error.is_empty() {
            let said = format!("{} {}", back.error, back.error_description);
            return Err(AccountError::Denied(plain(&said)));
        }
        // Once begun it comes to its end, though whoever came back goes away: the code is spent.
        let (accounts, back) = (self.clone(), back.clone());
        let ended = tokio::spawn(async move { accounts.exchange(going, &back).await }).await;
        ended.unwrap_or_else(|error| Err(AccountError::Provider(error.to_string())))
    }

    /// Which provider this was begun at.
    pub fn begun_at(&self, kept: &str) -> Option<Provider> {
        self.going(kept).map(|going| going.provider)
    }

    /// The account is used no more.
    pub async fn disconnect(&self, provider: Provider, who: Actor) -> Result<Revoked, AccountError> {
        let _alone = self.0.alone(provider).await;
        let store = &self.0.store;
        let gone = store.disconnect_mail_account(provider.name(), who, self.0.clock.now()).await?;
        self.over(provider);
        // Nor is it asked any more whether another one is meant in its place.
        self.drop_all_of(provider).await;
        match gone {
            Some(gone) => Ok(self.end_stored(provider, &gone).await),
            None => Ok(Revoked::NotAsked),
        }
    }

    pub(super) async fn told_that_it_is_over(&self, set: &MailProvider, refresh: &str) -> Revoked {
        let told = async {
            if let Some(service) = &set.service {
                let hosted = Hosted { service, http: &self.0.http_of_service };
                return hosted.end(set.provider, refresh).await;
            }
            let endpoints = Endpoints::of(set, &self.0.http).await?;
            Asker::new(set, &endpoints, &self.0.http)?.revoke(refresh).await
        };
        match told.await {
            Ok(true) => Revoked::Yes,
            Ok(false) => Revoked::NotAsked,
            Err(error) => {
                tracing::warn!(%error, "the mail provider could not be told that a sign-in is over");
                Revoked::Failed(error.to_string())
            }
        }
    }

    /// What was wrong with the tokens of before is over.
    fn over(&self, provider: Provider) {
        self.0.done.send_replace(());
        self.0.alarms.clear(AlarmKind::SignIn, provider.name());
        self.0.alarms.clear(AlarmKind::SignIn, &of_client(provider));
        self.0.alarms.clear(AlarmKind::SignInEnds, provider.name());
    }

    fn going(&self, kept: &str) -> Option<Going> {
        let sealed = URL_SAFE_NO_PAD.decode(kept).ok()?;
        let opened = self.0.settings.now().sealing_key.open(PURPOSE, &sealed).ok()?;
        let going: Going = serde_json::from_slice(&opened).ok()?;
        let age = self.0.clock.now().duration_since(going.began_at).unsigned_abs();
        (age <= LASTS).then_some(going)
    }

    async fn exchange(&self, going: Going, back: &Back) -> Result<Came, AccountError> {
        let provider = going.provider;
        // As for the next token: what is given for one grant may end what was given for another.
        let _alone = self.0.alone(provider).await;
        let set = self.provider(provider).ok_or(AccountError::NotSet)?;
        // It was begun with another client than that of now.
        if going.by != GivenBy::now(&set) {
            return Err(AccountError::Stale);
        }
        let Some((service, opener)) = set.service.as_ref().zip(going.opener.as_ref()) else {
            return self.exchange_here(&set, going, back).await;
        };
        let hosted = Hosted { service, http: &self.0.http_of_service };
        let Fetched { given, account } = hosted.fetch(provider, &back.code, &going.verifier, opener).await?;
        let granted = given.scopes.clone().unwrap_or_default();
        let account = account.as_deref().and_then(|account| Address::parse(account).ok());
        let account = account.ok_or_else(|| no_address(&set, &granted));
        self.looked_at(&set, account, granted, given, going.who).await
    }

    async fn exchange_here(
        &self,
        set: &MailProvider,
        going: Going,
        back: &Back,
    ) -> Result<Came, AccountError> {
        let endpoints = Endpoints::of(set, &self.0.http).await?;
        endpoints.led_back(&back.iss)?;
        let asker = Asker::new(set, &endpoints, &self.0.http)?;
        let given = asker.exchange(&back.code, &going.verifier, &going.back).await?;
        self.arrived(set, &endpoints, given, Some(&going.nonce), going.who).await
    }

    /// Somebody has agreed, and this was given.
    pub(super) async fn arrived(
        &self,
        set: &MailProvider,
        endpoints: &Endpoints,
        given: Given,
        nonce: Option<&str>,
        who: Actor,
    ) -> Result<Came, AccountError> {
        let provider = set.provider;
        let granted =
            given.scopes.clone().unwrap_or_else(|| scopes(provider, set.sends_by(), endpoints).join(" "));
        let account = self.who_signed_in(set, endpoints, &given, nonce, &self.0.http).await;
        let account = account.map_err(|error| match error {
            AccountError::NoAddress => no_address(set, &granted),
            other => other,
        });
        self.looked_at(set, account, granted, given, who).await
    }

    /// The same, once it is known whose account it is, or why it is not.
    async fn looked_at(
        &self,
        set: &MailProvider,
        account: Result<Address, AccountError>,
        scopes: String,
        given: Given,
        who: Actor,
    ) -> Result<Came, AccountError> {
        let known = account.as_ref().ok().cloned();
        match enough(set, &scopes, &given).and(account) {
            Ok(account) => self.agreed(set, account, scopes, given, who).await,
            Err(refused) => {
                self.give_back(set, &given, known.as_ref()).await;
                Err(refused)
            }
        }
    }

    /// It is enough.
    async fn agreed(
        &self,
        set: &MailProvider,
        account: Address,
        scopes: String,
        given: Given,
        who: Actor,
    ) -> Result<Came, AccountError> {
        let (provider, given_by) = (set.provider, GivenBy::now(set));
        let refresh = given.refresh.as_deref().cloned().ok_or(AccountError::NoTokenForLater)?;
        let before = self.account(provider).await?.map(|before| before.account);
        let came_at = self.0.clock.now();
        let pending = Pending { provider, account, scopes, given, given_by, refresh, who, came_at };
        let account = pending.account.to_string();
        if let Some(before) = before.filter(|before| !before.eq_ignore_ascii_case(&account)) {
            self.ask_about(pending).await;
            return Ok(Came::Another { provider, account, before });
        }
        self.instead_of(&pending).await;
        self.connect(pending).await
    }

    pub(super) async fn who_signed_in(
        &self,
        set: &MailProvider,
        endpoints: &Endpoints,
        given: &Given,
        nonce: Option<&str>,
        http: &Http,
    ) -> Result<Address, AccountError> {
        let now = self.0.clock.now();
        let wall = now.saturating_add(self.0.clock.wall_departure()).unwrap_or(now);
        if let Some(token) = &given.id_token {
            let said = claims::address(token, &endpoints.issuer, &set.client_id, nonce, wall);
            if let Some(address) = said.map_err(|why| AccountError::Provider(why.to_owned()))? {
                return Ok(address);
            }
        }
        let address = endpoints.userinfo.as_ref().ok_or(AccountError::NoAddress)?;
        let request = http.get(address, Some(&given.access))?;
        let said: claims::UserInfo = http.read(request).await.map_err(provider_said)?;
        said.address().ok_or(AccountError::NoAddress)
    }

    pub(super) async fn connect(&self, pending: Pending) -> Result<Came, AccountError> {
        let Pending { provider, account, scopes, given, given_by, refresh, who, .. } = pending;
        let now = self.0.clock.now();
        let _sealing = self.0.sealing.with_key().await;
        let mut dice = secret_dice();
        let (key, _) = SealingKey::get(&self.0.settings.now().sealing_key, &mut dice)?;
        let ends_at = given.later_lasts.and_then(|lasts| now.saturating_add(lasts).ok());
        let tokens = Tokens::new(&refresh, &given.access, given_by).ending(ends_at);
        let given = tokens.given(provider, given.lasts, &key, &mut dice, now);
        let (name, account) = (provider.name().to_owned(), account.to_string());
        let new = NewMailAccount { provider: name, account: account.clone(), scopes, given };
        self.0.store.connect_mail_account(new, who, now).await?;
        self.over(provider);
        self.0.sealing.look().await;
        Ok(Came::Connected { provider, account })
    }
}

/// Whether mail can be sent with what was given, for good.
fn enough(set: &MailProvider, granted: &str, given: &Given) -> Result<(), AccountError> {
    if !may_send(set, granted) {
        let boxes = Boxes::of(set.provider, set.sends_by(), granted);
        return Err(AccountError::BoxUnticked { granted: plain(granted), boxes });
    }
    given.refresh.is_some().then_some(()).ok_or(AccountError::NoTokenForLater)
}

/// Why it is not known who has signed in.
fn no_address(set: &MailProvider, granted: &str) -> AccountError {
    let boxes = Boxes::of(set.provider, set.sends_by(), granted);
    boxes.filter(|boxes| !boxes.has_address).map_or(AccountError::NoAddress, AccountError::AddressUnticked)
}

pub(super) fn draw(dice: &mut impl CryptoRng) -> String {
    let bytes: [u8; 32] = dice.random();
    URL_SAFE_NO_PAD.encode(bytes)
}
