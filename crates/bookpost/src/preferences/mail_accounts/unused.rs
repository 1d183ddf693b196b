//! What a provider has given, and nobody uses, is ended there: the sign-in of before, once another account stands in its place, and what came
//! of a sign-in that was refused. By one word Google ends all that an account has agreed to for a client: nothing is said of one in use.

use mail::Address;
use store::MailAccount;

use super::{MailAccounts, Revoked, given_by::OfAnother, tokens::Given};
use crate::config::{MailProvider, Provider};

/// The account in whose place another one stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    pub account: String,
    /// Whether its sign-in is over at the provider.
    pub ended: Revoked,
}

impl MailAccounts {
    /// Ends the sign-in of before, unless it was by the same account.
    pub(super) async fn end_former(
        &self,
        provider: Provider,
        former: Option<MailAccount>,
        account: &str,
    ) -> Option<Former> {
        let former = former.filter(|former| !former.account.eq_ignore_ascii_case(account))?;
        let ended = match former.signed_out_at {
            // The provider has said so itself.
            Some(_) => Revoked::Yes,
            None => self.end_stored(provider, &former).await,
        };
        Some(Former { account: former.account, ended })
    }

    /// Tells the provider that what was stored so is over.
    pub(super) async fn end_stored(&self, provider: Provider, gone: &MailAccount) -> Revoked {
        let Some(set) = self.provider(provider) else { return Revoked::NotAsked };
        let Ok(tokens) = self.0.tokens(provider, gone) else { return Revoked::NotAsked };
        // It is not shown to another client to be ended.
        if OfAnother::of(tokens.given_by(), &set).is_some() {
            return Revoked::NotAsked;
        }
        self.told_that_it_is_over(&set, tokens.refresh()).await
    }

    /// Ends what was given to somebody who is not connected with it. `account`: whose it is, where that is known.
    pub(super) async fn give_back(&self, set: &MailProvider, given: &Given, account: Option<&Address>) {
        if !self.may_be_in_use(set.provider, account).await {
            let token = given.refresh.as_ref().unwrap_or(&given.access);
            self.told_that_it_is_over(set, token).await;
        }
    }

    /// It is connected, or it is asked about; one of which nothing is known may be either.
    async fn may_be_in_use(&self, provider: Provider, account: Option<&Address>) -> bool {
        let Ok(connected) = self.account(provider).await else { return true };
        let connected = connected.filter(|connected| connected.signed_out_at.is_none());
        let waiting = self.0.pending.lock().await;
        let waiting = waiting.as_ref().filter(|pending| pending.provider == provider);
        let mut used =
            connected.map(|one| one.account).into_iter().chain(waiting.map(|one| one.account.to_string()));
        used.any(|one| account.is_none_or(|account| one.eq_ignore_ascii_case(&account.to_string())))
    }
}
