//! Accounts at mail providers: somebody signs in there, and mail leaves by their account, with a token in the place of a password.
//!
//! A token is asked for a while before the one of now ends, by one at a time: whoever else needs one waits for the answer. The next one is
//! stored before anybody is shown it. What a provider could not answer says nothing of the sign-in; only its word that the sign-in is over
//! ends it, and then nobody asks again until somebody has signed in anew.
//!
//! This part knows nothing of pages, commands and mail.

mod claims;
mod endpoints;
mod flow;
mod http;
pub mod redirect;
mod tokens;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use mail::{Reason, clock::Clock};
use rand::RngExt as _;
use store::{AlarmKind, MailAccount, RefreshLease, Refreshing, Store};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use self::{
    endpoints::Endpoints,
    http::Http,
    redirect::NotTaken,
    tokens::{Asker, Refusal, Tokens},
};
use crate::{
    alarms::Alarms,
    app::{lost_secrets::Sealing, secret_dice},
    config::{MailProvider, Provider, Settings},
    secrets::{KeyError, SealingKey},
};

pub use flow::{Back, Begun, Came, LASTS};

/// Whoever asks has so long before somebody else may: longer than any answer takes.
const LEASE: Duration = Duration::from_secs(30);
/// A provider that did not answer is not asked again sooner.
const AGAIN: Duration = Duration::from_secs(30);
/// One that does not know the client is not asked again sooner.
const AGAIN_CLIENT: Duration = Duration::from_mins(5);
/// A mail server that does not take a token is not believed again sooner.
const BELIEVED_AGAIN: Duration = Duration::from_mins(10);
/// While nothing is sent, a token is asked for this long after the last one ended: what is not used for months is ended by the provider.
const IDLE: Duration = Duration::from_hours(24);

/// What a mail server is shown.
#[derive(Clone)]
pub struct Shown {
    /// The account.
    pub user: String,
    pub token: Zeroizing<String>,
    /// When another one is had: a connection that was opened with this one ends then.
    pub until: Timestamp,
    /// Names it without telling it.
    pub usable_until: Timestamp,
}

/// Why there is no token, and what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoToken {
    pub reason: Reason,
    pub text: String,
}

/// Why somebody is not connected.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("no client id is set for this provider")]
    NotSet,
    #[error("the provider would not take the address {back}")]
    NotTaken { back: String, why: NotTaken },
    /// It was not begun here or by them, or too long ago, or what came back belongs to something else.
    #[error("the sign-in was not begun here, or too long ago")]
    Stale,
    /// The person did not agree, or whoever administers the provider did not.
    #[error("the provider says: {0}")]
    Denied(String),
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    #[error("the provider does not take the code: {0}")]
    NoCode(String),
    #[error("the provider does not know the client id and secret: {0}")]
    Client(String),
    /// A box was left unticked.
    #[error("mail cannot be sent with what was agreed to: {granted}")]
    BoxUnticked { granted: String },
    #[error("the provider gave no token for later")]
    NoTokenForLater,
    #[error("the provider does not say who has signed in")]
    NoAddress,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The accounts. All clones are the same.
#[derive(Clone)]
pub struct MailAccounts(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    sealing: Sealing,
    alarms: Alarms,
    http: Http,
    /// Held by whoever asks this provider for the next token.
    asking: BTreeMap<Provider, Mutex<()>>,
    /// What was given to somebody who has signed in with another account than before, until they say that it is meant.
    pending: Mutex<Option<flow::Pending>>,
    /// When a mail server was believed last that it takes a token no more.
    believed: Mutex<BTreeMap<Provider, Timestamp>>,
}

impl MailAccounts {
    pub(crate) fn new(
        store: &Store,
        clock: &Arc<dyn Clock>,
        settings: &Settings,
        sealing: &Sealing,
        alarms: &Alarms,
    ) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            clock: Arc::clone(clock),
            settings: settings.clone(),
            sealing: sealing.clone(),
            alarms: alarms.clone(),
            http: Http::default(),
            asking: Provider::ALL.map(|provider| (provider, Mutex::default())).into(),
            pending: Mutex::default(),
            believed: Mutex::default(),
        }))
    }

    /// The provider, as it is set now.
    pub fn provider(&self, provider: Provider) -> Option<MailProvider> {
        self.0.settings.now().providers.iter().find(|one| one.provider == provider).cloned()
    }

    /// The account at a provider, if somebody has signed in.
    pub async fn account(&self, provider: Provider) -> Result<Option<MailAccount>, store::Error> {
        self.0.store.mail_account(provider.name()).await
    }

    /// What a mail server of this provider is shown now. Whoever asks and goes away takes nothing with them: what is asked for is stored.
    pub async fn shown(&self, provider: Provider) -> Result<Shown, NoToken> {
        let inner = Arc::clone(&self.0);
        let asked = tokio::spawn(async move { inner.shown(provider).await }).await;
        asked.unwrap_or_else(|error| Err(NoToken::later(error.to_string())))
    }

    /// A mail server did not take this one: the next is asked for. A server that takes none at all is not believed each time.
    pub async fn refused(&self, provider: Provider, shown: &Shown) {
        let (store, now) = (&self.0.store, self.0.clock.now());
        let mut believed = self.0.believed.lock().await;
        if believed.get(&provider).is_some_and(|at| now.duration_since(*at).unsigned_abs() < BELIEVED_AGAIN) {
            return;
        }
        believed.insert(provider, now);
        drop(believed);
        if let Err(error) = store.spend_token(provider.name(), shown.usable_until, now).await {
            tracing::error!(%error, "that a mail server takes a token no more could not be noted");
        }
    }

    /// Asks for the next token where nobody has needed one for long, so that the sign-in stays alive.
    pub(crate) async fn keep_alive(&self) -> Result<(), store::Error> {
        let now = self.0.clock.now();
        for account in self.0.store.mail_accounts().await? {
            let idle_since = account.usable_until.saturating_add(IDLE).unwrap_or(Timestamp::MAX);
            let Some(provider) = Provider::named(&account.provider) else { continue };
            if account.signed_out_at.is_some() || now < idle_since || self.provider(provider).is_none() {
                continue;
            }
            if let Err(error) = self.shown(provider).await
                && error.reason == Reason::SignedOut
            {
                let text = format!("{} {}", provider.title(), error.reason.plain_words());
                self.0.alarms.raise(AlarmKind::SignIn, provider.name(), text);
            }
        }
        Ok(())
    }

    /// Waits for whoever asks a provider: what it gives is stored.
    pub(crate) async fn ended(&self) {
        for asking in self.0.asking.values() {
            let _nobody = asking.lock().await;
        }
    }
}

impl NoToken {
    fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }

    fn later(text: impl Into<String>) -> Self {
        Self::new(Reason::SignInUnavailable, text)
    }
}

impl From<store::Error> for NoToken {
    fn from(error: store::Error) -> Self {
        Self::later(error.to_string())
    }
}

impl Inner {
    fn set(&self, provider: Provider) -> Option<MailProvider> {
        self.settings.now().providers.iter().find(|one| one.provider == provider).cloned()
    }

    async fn shown(&self, provider: Provider) -> Result<Shown, NoToken> {
        let _alone = match self.asking.get(&provider) {
            Some(asking) => asking.lock().await,
            None => return Err(NoToken::new(Reason::NotSignedIn, "")),
        };
        loop {
            let (account, now) = (self.store.mail_account(provider.name()).await?, self.clock.now());
            let Some(account) = account else {
                return Err(NoToken::new(Reason::NotSignedIn, "nobody has signed in"));
            };
            let failed = account.failed.as_ref().map_or("", |(_, why)| why);
            if account.signed_out_at.is_some() {
                return Err(NoToken::new(Reason::SignedOut, failed));
            }
            if now < account.refresh_at && now < account.usable_until {
                return self.open(provider, &account);
            }
            if now < account.refresh_at && account.failed.is_some() {
                return Err(NoToken::later(failed));
            }
            let lease = RefreshLease(secret_dice().random());
            match self.store.begin_refresh(provider.name(), lease, LEASE, now).await? {
                Refreshing::Ours(account) => self.refresh(provider, &account, lease).await?,
                // On another computer, or before this process began.
                Refreshing::Others(until) => self.clock.sleep_until(until).await,
                Refreshing::Nobody => {}
            }
        }
    }

    fn open(&self, provider: Provider, account: &MailAccount) -> Result<Shown, NoToken> {
        let tokens = self.tokens(provider, account)?;
        Ok(Shown {
            user: account.account.clone(),
            token: Zeroizing::new(tokens.access().to_owned()),
            until: account.refresh_at.min(account.usable_until),
            usable_until: account.usable_until,
        })
    }

    fn tokens(&self, provider: Provider, account: &MailAccount) -> Result<Tokens, NoToken> {
        let key = &self.settings.now().sealing_key;
        let lost = || NoToken::new(Reason::SignedOut, "it was sealed with another key than Bookpost has now");
        Tokens::open(provider, &account.tokens, key).ok_or_else(lost)
    }

    /// Asks for the next token, and stores it or why there is none.
    async fn refresh(
        &self,
        provider: Provider,
        account: &MailAccount,
        lease: RefreshLease,
    ) -> Result<(), NoToken> {
        let name = provider.name();
        let tokens = match self.tokens(provider, account) {
            Ok(tokens) => tokens,
            Err(lost) => {
                let again_at = self.clock.now().saturating_add(AGAIN).ok();
                self.store.fail_refresh(name, lease, &lost.text, again_at, self.clock.now()).await?;
                return Err(lost);
            }
        };
        let given = self.ask(provider, &tokens).await;
        let now = self.clock.now();
        let again = |after| now.saturating_add(after).ok();
        let (said, again_at, reason) = match given {
            Ok(given) => {
                let refresh = given.refresh.as_deref().map_or(tokens.refresh(), String::as_str);
                let next = Tokens::new(refresh, &given.access);
                let _sealing = self.sealing.with_key().await;
                let mut dice = secret_dice();
                let (key, _) = SealingKey::get(&self.settings.now().sealing_key, &mut dice)
                    .map_err(|error| NoToken::later(error.to_string()))?;
                let given = next.given(provider, given.lasts, &key, &mut dice, now);
                self.store.end_refresh(name, lease, given, now).await?;
                return Ok(());
            }
            Err(Refusal::Grant(said)) => (said, None, Reason::SignedOut),
            Err(Refusal::Client(said)) => (said, again(AGAIN_CLIENT), Reason::ClientRefused),
            Err(Refusal::Away(said)) => (said, again(AGAIN), Reason::SignInUnavailable),
        };
        tracing::warn!(provider = name, reason = reason.as_str(), "the mail provider gave no token");
        self.store.fail_refresh(name, lease, &said, again_at, now).await?;
        // The one of now may last a while yet.
        if reason == Reason::SignInUnavailable && now < account.usable_until {
            return Ok(());
        }
        Err(NoToken::new(reason, said))
    }

    async fn ask(&self, provider: Provider, tokens: &Tokens) -> Result<tokens::Given, Refusal> {
        let set = self.set(provider).ok_or_else(|| Refusal::Client("no client id is set".to_owned()))?;
        let away = |error: AccountError| Refusal::Away(error.to_string());
        let endpoints = Endpoints::of(&set, &self.http).await.map_err(away)?;
        Asker::new(&set, &endpoints, &self.http).map_err(away)?.refresh(tokens.refresh()).await
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use crate::config::{MailProvider, Provider, Server};

    pub(in crate::preferences) fn provider(provider: Provider, issuer: Option<&str>) -> MailProvider {
        MailProvider {
            provider,
            client_id: "bookpost".to_owned(),
            client_secret: "a secret of two".to_owned().into(),
            tenant: "common".to_owned(),
            issuer: issuer.map(str::to_owned),
            server: Arc::new(Server::plain(provider.name(), ([192, 0, 2, 1], 25).into())),
        }
    }
}
