//! Accounts at mail providers: who has signed in there, and the tokens that were given for it. What a provider is, and what is sealed in
//! the tokens, is known to nobody here.
//!
//! Some providers give a new refresh token each time and take no old one back: two that ask at once would end the sign-in. So whoever asks
//! holds a lease, and what is given is stored in the transaction that ends it.

use std::time::Duration;

use jiff::Timestamp;
use mail::Reason;

use crate::{
    Actor, Error, Store,
    codes::of_json,
    rows::{Columns, at},
};

/// The columns that [`decode`] reads.
pub(crate) const COLUMNS: &str =
    "provider, account, scopes, tokens, connected_by, connected_at, usable_until, refresh_at,
    refreshed_at, failed_at, failure, signed_out_at, reason, asked";

/// An account that somebody has signed in to.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAccount {
    /// `google`, `microsoft`.
    pub provider: String,
    /// The address of whoever has signed in.
    pub account: String,
    /// What they agreed to, as the provider says it.
    pub scopes: String,
    /// Sealed.
    pub tokens: Vec<u8>,
    /// Who connected it.
    pub connected_by: Actor,
    /// When.
    pub connected_at: Timestamp,
    /// When the token that mail servers are shown ends.
    pub usable_until: Timestamp,
    /// When another one is asked for, though nothing is sent.
    pub refresh_at: Timestamp,
    /// When one was given last after the sign-in.
    pub refreshed_at: Option<Timestamp>,
    /// When none was given, and why; `None`: that is over.
    pub failed: Option<FailedRefresh>,
    /// Sealed: by what a question is asked again of which the answer was lost. `None`: none was.
    pub asked: Option<Vec<u8>>,
    /// Since when the provider gives none any more, whoever asks.
    pub signed_out_at: Option<Timestamp>,
}

/// Why no token was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRefresh {
    /// When.
    pub at: Timestamp,
    /// What it is to Bookpost.
    pub reason: Reason,
    /// What was said.
    pub said: String,
}

/// Without what is sealed and without the address.
impl std::fmt::Debug for MailAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailAccount").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What a provider gave to somebody who signed in there.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMailAccount {
    /// `google`, `microsoft`.
    pub provider: String,
    /// The address of whoever has signed in.
    pub account: String,
    /// What they agreed to.
    pub scopes: String,
    /// What was given.
    pub given: GivenTokens,
}

/// Tokens, and when others are to be had.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenTokens {
    /// Sealed.
    pub tokens: Vec<u8>,
    /// When the token that mail servers are shown ends.
    pub usable_until: Timestamp,
    /// When another one is asked for, though nothing is sent.
    pub refresh_at: Timestamp,
}

/// Names whoever asks for other tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshLease(pub i64);

/// Who may ask the provider for other tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshing {
    /// Whoever asked here; these are the tokens.
    Ours(Box<MailAccount>),
    /// Somebody else does, who has until then.
    Others(Timestamp),
    /// Nobody: there is no account, it has other tokens than were seen, or the provider has signed it out.
    Nobody,
}

/// Accounts at mail providers.
impl Store {
    /// All of them.
    pub async fn mail_accounts(&self) -> Result<Vec<MailAccount>, Error> {
        ask!(self.db.mail_accounts().await)
    }

    /// That at one provider.
    pub async fn mail_account(&self, provider: &str) -> Result<Option<MailAccount>, Error> {
        Ok(self.mail_accounts().await?.into_iter().find(|one| one.provider == provider))
    }

    /// Somebody has signed in: this is the account at that provider from here on. Whoever asks for tokens of the one before gives them to
    /// nobody.
    pub async fn connect_mail_account(
        &self,
        new: NewMailAccount,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        ask!(self.db.connect_mail_account(new, who, now).await)
    }

    /// It is forgotten. Gives it as it was.
    pub async fn disconnect_mail_account(
        &self,
        provider: &str,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<MailAccount>, Error> {
        ask!(self.db.disconnect_mail_account(provider.to_owned(), who, now).await)
    }

    /// Takes the lease for so long, if nobody has it, and if the tokens are still those that were seen: who has seen older ones reads first
    /// what another machine was given meanwhile. Where several machines ask it is the database's clock that tells when it is over.
    pub async fn begin_refresh(
        &self,
        provider: &str,
        lease: RefreshLease,
        lasts: Duration,
        seen: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Refreshing, Error> {
        let seen = seen.map(<[u8]>::to_vec);
        ask!(self.db.begin_refresh(provider.to_owned(), lease, lasts, seen, now).await)
    }

    /// Keeps by what the question of now is asked again, should its answer be lost: until there are other tokens. `false`: the lease is
    /// another's.
    pub async fn note_asked(
        &self,
        provider: &str,
        lease: RefreshLease,
        asked: Vec<u8>,
    ) -> Result<bool, Error> {
        ask!(self.db.note_asked(provider.to_owned(), lease, asked).await)
    }

    /// Ends the lease with what was given. `false`: it was another's by then, or the account is another; nothing is stored.
    pub async fn end_refresh(
        &self,
        provider: &str,
        lease: RefreshLease,
        given: GivenTokens,
        now: Timestamp,
    ) -> Result<bool, Error> {
        ask!(self.db.end_refresh(provider.to_owned(), lease, given, now).await)
    }

    /// Ends the lease without anything: `why` and what was said, and it is tried again at `again_at`; `None`: the provider will give nothing
    /// any more. The tokens stay as they are. `false`: as above.
    pub async fn fail_refresh(
        &self,
        provider: &str,
        lease: RefreshLease,
        (why, said): (Reason, &str),
        again_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        ask!(self.db.fail_refresh(provider.to_owned(), lease, (why, said.to_owned()), again_at, now).await)
    }

    /// A mail server does not take the token that ends then: it is shown to nobody any more. Nothing where there is another one since.
    pub async fn spend_token(
        &self,
        provider: &str,
        usable_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        ask!(self.db.spend_token(provider.to_owned(), usable_until, now).await)
    }
}

/// From [`COLUMNS`].
pub(crate) fn decode(row: &impl Columns) -> Result<MailAccount, Error> {
    let always = |column| Ok::<_, Error>(at(row, column)?.unwrap_or(Timestamp::UNIX_EPOCH));
    let words = |column| Ok::<_, Error>(row.text(column)?.unwrap_or_default());
    let signed_out_at = at(row, 11)?;
    // An earlier version kept the words only.
    let unnamed = if signed_out_at.is_some() { Reason::SignedOut } else { Reason::SignInUnavailable };
    let reason = row.text(12)?.and_then(|code| Reason::parse(&code));
    let failed = at(row, 9)?.zip(row.text(10)?);
    let failed = failed.map(|(at, said)| FailedRefresh { at, reason: reason.unwrap_or(unnamed), said });
    Ok(MailAccount {
        provider: words(0)?,
        account: words(1)?,
        scopes: words(2)?,
        tokens: row.bytes(3)?.unwrap_or_default(),
        connected_by: of_json(row.text(4)?).unwrap_or(Actor::CommandLine),
        connected_at: always(5)?,
        usable_until: always(6)?,
        refresh_at: always(7)?,
        refreshed_at: at(row, 8)?,
        failed,
        asked: row.bytes(13)?,
        signed_out_at,
    })
}
