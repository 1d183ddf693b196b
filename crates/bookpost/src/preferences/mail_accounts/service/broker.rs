//! The service's end: what it does for an installation that has shown its key.
//!
//! The client's secret never leaves, and nothing that a provider gives is stored or logged here: it is sealed to the installation's key and
//! forgotten with the answer.

use std::sync::Arc;

use jiff::Timestamp;
use store::{
    AlarmKind, Installation, KeyId, NewService, Served, Service, ServiceCame, ServiceId, Store, Visit,
};

use super::{
    asked::sealed_about,
    kept::{self, Asked},
    limits, name, sealed,
    visit::Handoff,
    wire::{About, Begin, Begun, End, Ended, Fetch, No, Renew, Sealed, Tokens, Why},
};
use crate::{
    config::{Config, MailProvider, Provider},
    preferences::mail_accounts::{
        AccountError, Inner, MailAccounts,
        endpoints::{Endpoints, scopes},
        http::Http,
        redirect,
        tokens::{Asker, Given, Refusal},
    },
};

/// No name of a question is longer.
const LONGEST: usize = 200;

/// Bookpost as a sign-in service.
#[derive(Clone)]
pub struct Broker(Arc<Inner>);

impl MailAccounts {
    /// What is done for other installations.
    pub fn broker(&self) -> Broker {
        Broker(Arc::clone(&self.0))
    }
}

impl Broker {
    /// What this service is to the installation.
    pub fn about(&self, installation: Installation) -> About {
        let Installation { name, returns_to, .. } = installation;
        let providers = Provider::ALL.into_iter().filter(|provider| self.set(*provider).is_some()).collect();
        About { name: name::shown(&self.config().library), installation: name, returns_to, providers }
    }

    /// The address that the provider leads browsers back to, which is entered there.
    pub fn comes_back_to(&self) -> String {
        redirect::of_service(&self.config(), redirect::SERVICE_BACK)
    }

    /// Somebody of the installation begins to sign in.
    pub async fn begin(&self, installation: &Installation, begin: Begin) -> Result<Begun, No> {
        let provider = begin.provider;
        self.offered(provider)?;
        let (to, once) = self.ticket(installation, begin)?;
        let id = self.serve(installation, Service::Begun, provider, Some(Visit::Begins(once))).await?;
        self.came(id, ServiceCame::Given).await;
        Ok(Begun { to })
    }

    /// The installation fetches what was given to whoever is back.
    pub async fn fetch(&self, installation: &Installation, fetch: Fetch) -> Result<Sealed, No> {
        let stale = || No::new(Why::Stale, "");
        let Fetch { handoff: brought, verifier } = fetch;
        let handoff = self.handed(installation, &brought, &verifier).ok_or_else(stale)?;
        let set = self.offered(handoff.ticket.provider)?;
        let once = Some(Visit::Ends(handoff.ticket.once.clone().into_bytes()));
        let id = self.serve(installation, Service::Fetched, handoff.ticket.provider, once).await?;
        // Once begun it comes to its end, though whoever asked goes away: the code is spent.
        let broker = self.clone();
        self.carried_out(async move {
            let given = broker.exchange(&set, &handoff).await;
            broker.noted(id, set.provider, given).await
        })
        .await
    }

    /// The installation wants the next token.
    pub async fn renew(&self, installation: &Installation, renew: Renew) -> Result<Sealed, No> {
        let set = self.offered(renew.provider)?;
        if !sealed::is_key(&renew.seal_to) || renew.question.is_empty() || renew.question.len() > LONGEST {
            return Err(not_understood());
        }
        let key = installation.key.clone();
        let answered = match self.answers().ask(kept::name(&installation.returns_to, &renew), self.now()) {
            Asked::First(answered) => answered,
            // Its answer was lost on the way, or is.
            Asked::Before(mut answered) => {
                let same = answered.wait_for(Option::is_some).await.ok().and_then(|same| same.clone());
                let same = same.ok_or_else(|| No::new(Why::Unable, "nothing came of it the time before"))?;
                return self.not_revoked(&key).await.map(|()| same);
            }
        };
        let id = self.serve(installation, Service::Renewed, renew.provider, None).await?;
        let broker = self.clone();
        self.carried_out(async move {
            let given = broker.next(&set, &renew).await;
            // It may be the only one that the provider takes from now on: it is kept first, whatever follows.
            if let Ok(sealed) = &given {
                answered.send_replace(Some(sealed.clone()));
            }
            let given = match given {
                Ok(sealed) => broker.not_revoked(&key).await.map(|()| sealed),
                no => no,
            };
            broker.noted(id, set.provider, given).await
        })
        .await
    }

    /// A sign-in of the installation is over.
    pub async fn end(&self, installation: &Installation, end: End) -> Result<Ended, No> {
        let set = self.offered(end.provider)?;
        let id = self.serve(installation, Service::Ended, end.provider, None).await?;
        let broker = self.clone();
        self.carried_out(async move {
            let told = broker.revoke(&set, &end.token).await.map_err(|error| away(&error));
            broker.noted(id, set.provider, told.map(|told| Ended { told })).await
        })
        .await
    }

    async fn revoke(&self, set: &MailProvider, token: &str) -> Result<bool, AccountError> {
        let endpoints = Endpoints::of(set, self.asks()).await?;
        Asker::new(set, &endpoints, self.asks())?.revoke(token).await
    }

    async fn exchange(&self, set: &MailProvider, handoff: &Handoff) -> Result<Sealed, No> {
        let endpoints = Endpoints::of(set, self.asks()).await.map_err(|error| away(&error))?;
        endpoints.led_back(&handoff.iss).map_err(not_given)?;
        let asker = Asker::new(set, &endpoints, self.asks()).map_err(|error| away(&error))?;
        let back = self.comes_back_to();
        let given = asker.exchange(&handoff.code, &handoff.verifier, &back).await.map_err(not_given)?;
        let accounts = MailAccounts(Arc::clone(&self.0));
        let nonce = Some(&*handoff.nonce);
        let account = accounts.who_signed_in(set, &endpoints, &given, nonce, self.asks()).await;
        let account = match account.map_err(not_given) {
            Ok(account) => self.still_served(&handoff.ticket.key).await.map(|()| account),
            no => no,
        };
        let account = match account {
            Ok(account) => account,
            Err(no) => {
                self.take_back(set, &given).await;
                return Err(no);
            }
        };
        let scopes = given
            .scopes
            .clone()
            .unwrap_or_else(|| scopes(set.provider, handoff.ticket.send_by, &endpoints).join(" "));
        let tokens = tokens(&given, Some(scopes), Some(account.to_string()));
        sealed_for(&handoff.ticket.seal_to, "fetch", set.provider, &tokens)
    }

    /// What was given a moment ago, and reaches nobody, is good for nothing.
    async fn take_back(&self, set: &MailProvider, given: &Given) {
        if let Some(token) = &given.refresh
            && let Err(error) = self.revoke(set, token).await
        {
            tracing::warn!(%error, "what was given, and reaches no installation, was not ended at the provider");
        }
    }

    async fn next(&self, set: &MailProvider, renew: &Renew) -> Result<Sealed, No> {
        let endpoints = Endpoints::of(set, self.asks()).await.map_err(|error| away(&error))?;
        let asker = Asker::new(set, &endpoints, self.asks()).map_err(|error| away(&error))?;
        let given = asker.refresh(&renew.token).await.map_err(|refusal| match refusal {
            Refusal::Grant(said) => No::new(Why::Grant, said),
            Refusal::Client(said) => No::new(Why::Client, said),
            other => No::new(Why::Provider, other.because().1),
        })?;
        sealed_for(&renew.seal_to, "renew", set.provider, &tokens(&given, given.scopes.clone(), None))
    }

    async fn carried_out<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, No>> + Send + 'static,
    ) -> Result<T, No> {
        let under_way = Arc::clone(&self.0.under_way).read_owned().await;
        let work = async move {
            let done = work.await;
            drop(under_way);
            done
        };
        tokio::spawn(work).await.unwrap_or_else(|error| Err(No::new(Why::Unable, error.to_string())))
    }

    /// Puts on record that this is done now, if it may be.
    async fn serve(
        &self,
        installation: &Installation,
        what: Service,
        provider: Provider,
        visit: Option<Visit>,
    ) -> Result<ServiceId, No> {
        let (key, limits) = (installation.key.clone(), limits::of(what));
        let new = NewService { key, what, provider: provider.name().to_owned(), once: visit, limits };
        let why = match self.store().serve_installation(new, self.now()).await {
            Ok(Served::Yes(id)) => return Ok(id),
            Ok(Served::TooOften) => Why::TooOften,
            Ok(Served::UsedBefore) => Why::Stale,
            Ok(Served::Revoked) => Why::Key,
            Err(error) => {
                tracing::error!(%error, "nothing can be done for an installation");
                Why::Unable
            }
        };
        tracing::warn!(key = installation.key.0, ?what, ?why, "an installation was refused");
        Err(No::new(why, ""))
    }

    async fn noted<T>(&self, id: ServiceId, provider: Provider, done: Result<T, No>) -> Result<T, No> {
        if let Err(No { error: Why::Client, said }) = &done {
            let title = provider.title();
            let text = format!(
                "{title} does not take the client id and secret of this sign-in service, so nobody can sign in by it, and installations that do cannot send much longer. Check both at {title}, and that the secret has not run out; no installation can do anything about it. It said: {said}"
            );
            self.0.alarms.raise(AlarmKind::SignInService, provider.name(), text);
        } else if done.is_ok() {
            self.0.alarms.clear(AlarmKind::SignInService, provider.name());
        }
        let came = match &done {
            Ok(_) => ServiceCame::Given,
            Err(No { error: Why::Grant, .. }) => ServiceCame::Over,
            Err(No { error: Why::Client, .. }) => ServiceCame::ClientRefused,
            Err(_) => ServiceCame::Away,
        };
        self.came(id, came).await;
        done
    }

    async fn came(&self, id: ServiceId, came: ServiceCame) {
        if let Err(error) = self.store().served(id, came).await {
            tracing::error!(%error, "what was done for an installation could not be noted");
        }
    }

    /// With a client of our own: nobody is sent from one service to the next.
    pub(super) fn set(&self, provider: Provider) -> Option<MailProvider> {
        let config = self.config();
        let own = config.providers.iter().find(|one| one.provider == provider && one.service.is_none());
        own.cloned()
    }

    fn offered(&self, provider: Provider) -> Result<MailProvider, No> {
        self.set(provider).ok_or_else(|| No::new(Why::NotOffered, ""))
    }

    /// It may have been revoked while the provider was asked.
    async fn still_served(&self, key: &KeyId) -> Result<(), No> {
        let served = self.is_served(key).await.map_err(|error| No::new(Why::Unable, error.to_string()))?;
        if served { Ok(()) } else { Err(No::new(Why::Key, "")) }
    }

    /// The same where what was given is the installation's own: it is held back only where it is certain that the key was revoked.
    async fn not_revoked(&self, key: &KeyId) -> Result<(), No> {
        match self.still_served(key).await {
            Err(No { error: Why::Unable, said }) => {
                tracing::error!(
                    said,
                    "whether a key still holds could not be looked up; the answer is given"
                );
                Ok(())
            }
            served => served,
        }
    }

    /// When a browser was led back for the first time for what was begun so; none: it was not begun, or was fetched.
    pub(super) async fn led_back(&self, once: &str) -> Result<Option<Timestamp>, AccountError> {
        Ok(self.store().led_back(once.as_bytes(), self.now()).await?)
    }

    pub(super) async fn is_served(&self, key: &KeyId) -> Result<bool, AccountError> {
        let known = self.store().installation(key).await?;
        Ok(known.is_some_and(|known| known.installation.revoked_at.is_none()))
    }

    pub(super) fn config(&self) -> Arc<Config> {
        self.0.settings.now()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(super) fn asks(&self) -> &Http {
        &self.0.http_for_others
    }

    fn answers(&self) -> &kept::Kept {
        &self.0.kept
    }

    fn store(&self) -> &Store {
        &self.0.store
    }
}

fn tokens(given: &Given, scopes: Option<String>, account: Option<String>) -> Tokens {
    let refresh = given.refresh.as_deref().cloned();
    Tokens { access: given.access.to_string(), refresh, lasts: given.lasts.as_secs(), scopes, account }
}

fn sealed_for(seal_to: &str, exchange: &str, provider: Provider, tokens: &Tokens) -> Result<Sealed, No> {
    let text = zeroize::Zeroizing::new(serde_json::to_vec(tokens).unwrap_or_default());
    let sealed = sealed::seal(seal_to, &sealed_about(exchange, provider), &text);
    sealed.map(|sealed| Sealed { sealed }).ok_or_else(|| No::new(Why::Unable, "it could not be sealed"))
}

fn away(error: &AccountError) -> No {
    No::new(Why::Provider, error.to_string())
}

/// What was asked is not told again: a token may be in it.
pub fn not_understood() -> No {
    No::new(Why::Unable, "what it was asked was not understood")
}

#[expect(clippy::needless_pass_by_value, reason = "it is called with the error of a result")]
fn not_given(error: AccountError) -> No {
    let why = match &error {
        AccountError::NoCode(said) => return No::new(Why::Grant, said.clone()),
        AccountError::Client(said) => return No::new(Why::Client, said.clone()),
        AccountError::NoAddress => Why::NoAddress,
        _ => Why::Provider,
    };
    No::new(why, error.to_string())
}
