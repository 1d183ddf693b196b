//! Somebody has signed in with another account than before, and is asked whether it is meant. Until they say so nothing is stored; where they do
//! not, or begin again, the provider is told that it is over, so that nobody has a sign-in that is of no use and good all the same.

use jiff::Timestamp;
use mail::Address;
use store::Actor;

use super::{AccountError, Former, LASTS, MailAccounts, Revoked, given_by::GivenBy, tokens::Given};
use crate::config::{MailProvider, Provider};

/// What was given to them.
pub(super) struct Pending {
    pub(super) provider: Provider,
    pub(super) account: Address,
    pub(super) scopes: String,
    pub(super) given: Given,
    pub(super) given_by: GivenBy,
    pub(super) refresh: String,
    pub(super) who: Actor,
    pub(super) came_at: Timestamp,
}

impl Pending {
    fn is(&self, provider: Provider, who: &Actor, now: Timestamp) -> bool {
        self.provider == provider && self.who == *who && !self.is_over(now)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.came_at).unsigned_abs() > LASTS
    }
}

impl MailAccounts {
    /// The other account is meant: it stands in the place of the one before, whose sign-in is over then. None: there was none any more.
    pub async fn confirm(&self, provider: Provider, who: &Actor) -> Result<Option<Former>, AccountError> {
        let now = self.0.clock.now();
        let mut waiting = self.0.pending.lock().await;
        let pending = waiting.take_if(|pending| pending.is(provider, who, now)).ok_or(AccountError::Stale)?;
        drop(waiting);
        // Though whoever has said so goes away.
        let accounts = self.clone();
        let replaced = tokio::spawn(async move { accounts.replace(pending).await }).await;
        replaced.unwrap_or_else(|error| Err(AccountError::Provider(error.to_string())))
    }

    async fn replace(&self, pending: Pending) -> Result<Option<Former>, AccountError> {
        let (provider, account) = (pending.provider, pending.account.to_string());
        let _alone = self.0.alone(provider).await;
        let former = self.account(provider).await?;
        self.connect(pending).await?;
        Ok(self.end_former(provider, former, &account).await)
    }

    /// It is not: what was given for it is dropped. True: the provider was told, too; false: that is done there, by its owner. None: nobody
    /// was asked.
    pub async fn drop_new(&self, provider: Provider, who: &Actor) -> Option<bool> {
        let now = self.0.clock.now();
        let pending = self.0.pending.lock().await.take_if(|pending| pending.is(provider, who, now))?;
        let _alone = self.0.alone(provider).await;
        Some(self.end_of(&pending).await == Revoked::Yes)
    }

    /// Who has signed in with another account than the one before, and is asked whether it is meant: the account, and the one before.
    pub async fn waits(&self, provider: Provider, who: &Actor) -> Option<(String, String)> {
        let waiting = self.0.pending.lock().await;
        let pending = waiting.as_ref().filter(|pending| pending.is(provider, who, self.0.clock.now()))?;
        let before = self.account(provider).await.ok()??;
        Some((pending.account.to_string(), before.account))
    }

    /// Of this one it is asked now, in the place of one of before.
    pub(super) async fn ask_about(&self, pending: Pending) {
        let (provider, account) = (pending.provider, pending.account.clone());
        let before = self.0.pending.lock().await.replace(pending);
        if let Some(before) = before {
            self.replaced(&before, provider, &account).await;
        }
    }

    /// Whoever was asked has signed in once more, and need not be asked.
    pub(super) async fn instead_of(&self, new: &Pending) {
        let is_theirs = |before: &mut Pending| before.provider == new.provider && before.who == new.who;
        let before = self.0.pending.lock().await.take_if(is_theirs);
        if let Some(before) = before {
            self.replaced(&before, new.provider, &new.account).await;
        }
    }

    /// Nobody has said within their time whether it is meant.
    pub(super) async fn drop_what_is_over(&self) {
        let now = self.0.clock.now();
        let over = self.0.pending.lock().await.take_if(|pending| pending.is_over(now));
        if let Some(over) = over {
            self.end_of(&over).await;
        }
    }

    /// Nobody will be asked about an account there.
    pub(super) async fn drop_all_of(&self, provider: Provider) {
        let dropped = self.0.pending.lock().await.take_if(|pending| pending.provider == provider);
        if let Some(dropped) = dropped {
            self.end_of(&dropped).await;
        }
    }

    async fn replaced(&self, before: &Pending, provider: Provider, account: &Address) {
        let set = self.provider(provider);
        // The new one would end with it.
        let is_the_same = before.provider == provider && before.account == *account;
        if !(is_the_same && set.is_some_and(|set| ends_all(&set))) {
            self.end_of(before).await;
        }
    }

    /// Tells the provider that it is over.
    async fn end_of(&self, pending: &Pending) -> Revoked {
        match self.provider(pending.provider).filter(|set| pending.given_by == GivenBy::now(set)) {
            Some(set) => self.told_that_it_is_over(&set, &pending.refresh).await,
            None => Revoked::NotAsked,
        }
    }
}

/// Google ends by one word all that an account has agreed to for a client, and not what was given once; whoever stands in its place goes by
/// RFC 7009.
fn ends_all(set: &MailProvider) -> bool {
    set.provider == Provider::Google && set.issuer.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Server;

    #[test]
    fn by_one_word_google_ends_what_was_given_a_moment_ago_too() {
        let set = |provider, issuer: Option<&str>| MailProvider {
            provider,
            service: None,
            client_id: "us".to_owned(),
            client_secret: String::new().into(),
            tenant: "common".to_owned(),
            audience: None,
            issuer: issuer.map(ToOwned::to_owned),
            server: Server::plain("google", ([127, 0, 0, 1], 1).into()).into(),
        };
        assert!(ends_all(&set(Provider::Google, None)));
        assert!(!ends_all(&set(Provider::Google, Some("https://login.school.example"))));
        assert!(!ends_all(&set(Provider::Microsoft, None)));
    }
}
