//! The next token: one asks for it, and all others wait for the answer.

use std::{collections::BTreeMap, sync::PoisonError, time::Duration};

use jiff::Timestamp;
use mail::Reason;
use rand::RngExt as _;
use store::{AlarmKind, Cause, MailAccount, RefreshLease, Refreshing};
use tokio::sync::MutexGuard;
use zeroize::Zeroizing;

use super::{
    AccountError, Inner, NoToken, Shown,
    endpoints::Endpoints,
    tokens::{self, Asker, Refusal, Tokens},
};
use crate::{
    app::secret_dice,
    config::{MailProvider, Provider},
    secrets::SealingKey,
};

/// Whoever asks has so long before somebody else may: longer than any answer takes.
const LEASE: Duration = Duration::from_secs(30);
/// While another process asks, it is looked so often whether it has an answer.
const LOOK: Duration = Duration::from_secs(1);
/// A provider that did not answer is not asked again sooner.
const AGAIN: Duration = Duration::from_secs(30);
/// One that does not know the client is not asked again sooner.
const AGAIN_CLIENT: Duration = Duration::from_mins(5);

/// What the alarm is about while mail still leaves, though the client is refused. That of the server is over when it takes mail.
pub fn of_client(provider: Provider) -> String {
    format!("{}.client", provider.name())
}

enum Looked {
    Has(Box<Shown>),
    /// Somebody else asks, who has until then.
    Others(Timestamp),
    /// There may be another one now.
    Again,
}

impl Inner {
    fn set(&self, provider: Provider) -> Option<MailProvider> {
        self.settings.now().providers.iter().find(|one| one.provider == provider).cloned()
    }

    pub(super) async fn shown(&self, provider: Provider) -> Result<Shown, NoToken> {
        loop {
            let mut done = self.done.subscribe();
            let alone = self.alone(provider).await;
            let until = match self.looked(provider).await? {
                Looked::Has(shown) => return Ok(*shown),
                Looked::Others(until) => until,
                Looked::Again => continue,
            };
            drop(alone);
            // On another computer, or before this process began. Whoever signs in meanwhile is not kept waiting.
            let look_again_at = self.clock.now().saturating_add(LOOK).unwrap_or(until);
            tokio::select! {
                _ = done.changed() => {}
                () = self.clock.sleep_until(until.min(look_again_at)) => {}
            }
        }
    }

    /// Held by whoever asks for tokens.
    pub(super) async fn alone(&self, provider: Provider) -> Option<MutexGuard<'_, ()>> {
        match self.asking.get(&provider) {
            Some(asking) => Some(asking.lock().await),
            None => None,
        }
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, BTreeMap<Provider, Reason>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn looked(&self, provider: Provider) -> Result<Looked, NoToken> {
        let (account, now) = (self.store.mail_account(provider.name()).await?, self.clock.now());
        let Some(account) = account else {
            return Err(NoToken::new(Reason::NotSignedIn, "nobody has signed in"));
        };
        let failed = account.failed.as_ref().map_or("", |(_, why)| why);
        if account.signed_out_at.is_some() {
            return Err(NoToken::new(Reason::SignedOut, failed));
        }
        if now < account.refresh_at && now < account.usable_until {
            return Ok(Looked::Has(Box::new(self.open(provider, &account)?)));
        }
        if now < account.refresh_at && account.failed.is_some() {
            let reason = self.failed().get(&provider).copied().unwrap_or(Reason::SignInUnavailable);
            return Err(NoToken::new(reason, failed));
        }
        let lease = RefreshLease(secret_dice().random());
        match self.store.begin_refresh(provider.name(), lease, LEASE, now).await? {
            Refreshing::Ours(account) => self.refresh(provider, &account, lease).await?,
            Refreshing::Others(until) => return Ok(Looked::Others(until)),
            Refreshing::Nobody => {}
        }
        Ok(Looked::Again)
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

    pub(super) fn tokens(&self, provider: Provider, account: &MailAccount) -> Result<Tokens, NoToken> {
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
                self.done.send_replace(());
                self.alarms.clear(AlarmKind::SignIn, &of_client(provider));
                return Ok(());
            }
            Err(Refusal::Grant(said)) => (said, None, Reason::SignedOut),
            Err(Refusal::Client(said)) => (said, again(AGAIN_CLIENT), Reason::ClientRefused),
            Err(Refusal::Away(said)) => (said, again(AGAIN), Reason::SignInUnavailable),
        };
        self.failed().insert(provider, reason);
        tracing::warn!(provider = name, reason = reason.as_str(), "the mail provider gave no token");
        self.store.fail_refresh(name, lease, &said, again_at, now).await?;
        // The one of now may last a while yet.
        if reason == Reason::SignedOut || now >= account.usable_until {
            return Err(NoToken::new(reason, said));
        }
        if reason == Reason::ClientRefused {
            let words = reason.plain_words();
            let text = format!(
                "{}: {words} Mail still leaves, as long as what was given last is good; then it waits, and nothing is lost. The provider said: {said}",
                provider.title(),
            );
            self.alarms.raise(AlarmKind::SignIn, &of_client(provider), Cause::new(reason, text));
        }
        Ok(())
    }

    async fn ask(&self, provider: Provider, tokens: &Tokens) -> Result<tokens::Given, Refusal> {
        let set = self.set(provider).ok_or_else(|| Refusal::Client("no client id is set".to_owned()))?;
        let away = |error: AccountError| Refusal::Away(error.to_string());
        let endpoints = Endpoints::of(&set, &self.http).await.map_err(away)?;
        Asker::new(&set, &endpoints, &self.http).map_err(away)?.refresh(tokens.refresh()).await
    }
}
