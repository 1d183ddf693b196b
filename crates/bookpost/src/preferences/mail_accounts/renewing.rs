//! The next token: one asks for it, and all others wait for the answer.

use std::time::Duration;

use jiff::Timestamp;
use mail::Reason;
use rand::RngExt as _;
use store::{AlarmKind, Cause, FailedRefresh, MailAccount, RefreshLease, Refreshing};
use tokio::sync::MutexGuard;
use zeroize::Zeroizing;

use super::{
    AccountError, Inner, NoToken, Shown,
    endpoints::{Endpoints, may_look, may_send},
    given_by::{GivenBy, OfAnother},
    service::{self, Hosted, Question},
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
/// One that is asked by a sign-in service is asked twice as long after each time that nothing came of it, up to this.
const AGAIN_LONGEST: Duration = Duration::from_mins(10);
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

    /// Asks the provider for the next token though the one of now is good, which it stays where there is none.
    pub(super) async fn renewed(&self, provider: Provider) -> Result<Shown, NoToken> {
        let alone = self.alone(provider).await;
        if let Looked::Has(_) = self.looked(provider).await? {
            let (lease, now) = (RefreshLease(secret_dice().random()), self.clock.now());
            let lasts = if self.is_hosted(provider) { service::LEASE } else { LEASE };
            let begun = self.store.begin_refresh(provider.name(), lease, lasts, None, now).await?;
            if let Refreshing::Ours(account) = begun {
                self.refresh(provider, &account, lease).await?;
            }
        }
        drop(alone);
        let account = self.store.mail_account(provider.name()).await?;
        if let Some(failed) = account.and_then(|account| account.failed) {
            return Err(NoToken::new(failed.reason, failed.said));
        }
        self.shown(provider).await
    }

    /// Held by whoever asks for tokens.
    pub(super) async fn alone(&self, provider: Provider) -> Option<MutexGuard<'_, ()>> {
        match self.asking.get(&provider) {
            Some(asking) => Some(asking.lock().await),
            None => None,
        }
    }

    /// See [`super::MailAccounts::of_another`]. Of tokens that cannot be opened nothing is known.
    pub(super) fn of_another(&self, provider: Provider, account: &MailAccount) -> Option<OfAnother> {
        OfAnother::of_account(account, &self.set(provider)?, &self.settings.now().sealing_key)
    }

    async fn looked(&self, provider: Provider) -> Result<Looked, NoToken> {
        let (account, now) = (self.store.mail_account(provider.name()).await?, self.clock.now());
        let Some(account) = account else {
            return Err(NoToken::new(Reason::NotSignedIn, "nobody has signed in"));
        };
        let failed = account.failed.as_ref();
        if account.signed_out_at.is_some() {
            return Err(NoToken::new(Reason::SignedOut, failed.map_or("", |failed| &*failed.said)));
        }
        if let Some(of_another) = self.of_another(provider, &account) {
            return Err(NoToken::new(Reason::OtherClient, of_another.to_string()));
        }
        if self.set(provider).is_some_and(|set| !may_send(&set, &account.scopes)) {
            let text = format!("what was agreed to is for another way of sending: {}", account.scopes);
            return Err(NoToken::new(Reason::ScopeMissing, text));
        }
        if now < account.refresh_at && now < account.usable_until {
            return Ok(Looked::Has(Box::new(self.open(provider, &account)?)));
        }
        if let Some(failed) = failed.filter(|_| now < account.refresh_at) {
            return Err(NoToken::new(failed.reason, &*failed.said));
        }
        let lease = RefreshLease(secret_dice().random());
        let lasts = if self.is_hosted(provider) { service::LEASE } else { LEASE };
        let seen = Some(&*account.tokens);
        match self.store.begin_refresh(provider.name(), lease, lasts, seen, now).await? {
            Refreshing::Ours(account) => self.refresh(provider, &account, lease).await?,
            Refreshing::Others(until) => return Ok(Looked::Others(until)),
            Refreshing::Nobody => {}
        }
        Ok(Looked::Again)
    }

    /// By a sign-in service.
    fn is_hosted(&self, provider: Provider) -> bool {
        self.set(provider).is_some_and(|set| set.service.is_some())
    }

    fn open(&self, provider: Provider, account: &MailAccount) -> Result<Shown, NoToken> {
        let tokens = self.tokens(provider, account)?;
        Ok(Shown {
            user: account.account.clone(),
            token: Zeroizing::new(tokens.access().to_owned()),
            until: account.refresh_at.min(account.usable_until),
            usable_until: account.usable_until,
            may_look: may_look(&account.scopes),
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
                let why = (lost.reason, &*lost.text);
                self.store.fail_refresh(name, lease, why, again_at, self.clock.now()).await?;
                return Err(lost);
            }
        };
        let asked = self.ask(provider, account, &tokens, lease).await?;
        let now = self.clock.now();
        let refusal = match asked {
            Ok((given, by)) => {
                let refresh = given.refresh.as_deref().map_or(tokens.refresh(), String::as_str);
                let said = given.later_lasts.and_then(|lasts| now.saturating_add(lasts).ok());
                // Another one may last for as long again, of which nothing was said.
                let ends_at = said.or_else(|| tokens.ends_at().filter(|_| refresh == tokens.refresh()));
                let next = Tokens::new(refresh, &given.access, by).ending(ends_at);
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
            Err(refusal) => refusal,
        };
        let (reason, said) = refusal.because();
        let again_at = match reason {
            Reason::SignedOut => None,
            Reason::ClientRefused | Reason::ServiceRefused | Reason::ServiceAtFault => Some(AGAIN_CLIENT),
            _ if self.is_hosted(provider) => Some(again_after(account.failed.as_ref(), account.refresh_at)),
            _ => Some(AGAIN),
        };
        let again_at = again_at.and_then(|after| now.saturating_add(after).ok());
        tracing::warn!(provider = name, reason = reason.as_str(), "the mail provider gave no token");
        self.store.fail_refresh(name, lease, (reason, said), again_at, now).await?;
        // The one of now may last a while yet.
        if reason == Reason::SignedOut || now >= account.usable_until {
            return Err(NoToken::new(reason, said));
        }
        if matches!(reason, Reason::ClientRefused | Reason::ServiceRefused | Reason::ServiceAtFault) {
            let words = reason.plain_words();
            let text = format!(
                "{}: {words} Mail still leaves, as long as what was given last is good; then it waits, and nothing is lost. {} said: {said}",
                provider.title(),
                if reason == Reason::ClientRefused { "The provider" } else { "The sign-in service" },
            );
            self.alarms.raise(AlarmKind::SignIn, &of_client(provider), Cause::new(reason, text));
        }
        Ok(())
    }

    /// What is given, and by whom.
    async fn ask(
        &self,
        provider: Provider,
        account: &MailAccount,
        tokens: &Tokens,
        lease: RefreshLease,
    ) -> Result<Result<(tokens::Given, GivenBy), Refusal>, NoToken> {
        let Some(set) = self.set(provider) else {
            return Ok(Err(Refusal::Client("no client id is set".to_owned())));
        };
        // It may have been set a moment ago.
        if let Some(of_another) = OfAnother::of(tokens.given_by(), &set) {
            return Ok(Err(Refusal::OfAnother(of_another.to_string())));
        }
        let given = if let Some(service) = &set.service {
            let question = self.question(provider, account, lease).await?;
            let hosted = Hosted { service, http: &self.http_of_service };
            hosted.renew(provider, tokens.refresh(), &question).await
        } else {
            self.ask_provider(&set, tokens.refresh()).await
        };
        Ok(given.map(|given| (given, GivenBy::now(&set))))
    }

    async fn ask_provider(&self, set: &MailProvider, refresh: &str) -> Result<tokens::Given, Refusal> {
        let away = |error: AccountError| Refusal::Away(error.to_string());
        let endpoints = Endpoints::of(set, &self.http).await.map_err(away)?;
        Asker::new(set, &endpoints, &self.http).map_err(away)?.refresh(refresh).await
    }

    /// By what the service is asked: as before, where it is not known what came of that.
    async fn question(
        &self,
        provider: Provider,
        account: &MailAccount,
        lease: RefreshLease,
    ) -> Result<Question, NoToken> {
        let source = &self.settings.now().sealing_key;
        if let Some(asked) = account.asked.as_ref().and_then(|asked| Question::open(provider, asked, source))
        {
            return Ok(asked);
        }
        let question = Question::draw().ok_or_else(|| NoToken::later("no key could be drawn"))?;
        let _sealing = self.sealing.with_key().await;
        let (key, _) =
            SealingKey::get(source, &mut secret_dice()).map_err(|error| NoToken::later(error.to_string()))?;
        self.store.note_asked(provider.name(), lease, question.sealed(provider, &key)).await?;
        Ok(question)
    }
}

/// When a service is asked again of which nothing came; `before`: nor did the time before, after which it was asked at `asked_at`.
fn again_after(before: Option<&FailedRefresh>, asked_at: Timestamp) -> Duration {
    let waited = before.map_or(Duration::ZERO, |before| asked_at.duration_since(before.at).unsigned_abs());
    (2 * waited).clamp(AGAIN, AGAIN_LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_left_alone_for_longer_each_time() {
        let mut now = Timestamp::from_second(1_800_000_000).unwrap();
        let (mut before, mut waited) = (None, Vec::new());
        let mut asked_at = now;
        for _ in 0..7 {
            now = asked_at;
            let after = again_after(before.as_ref(), asked_at);
            before = Some(FailedRefresh { at: now, reason: Reason::ServiceAway, said: String::new() });
            asked_at = now + after;
            waited.push(after.as_secs());
        }
        assert_eq!(waited, [30, 60, 120, 240, 480, 600, 600]);
    }
}
