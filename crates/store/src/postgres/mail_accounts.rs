//! Accounts at mail providers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mail::Reason;

use super::{Postgres, audit, tx::Tx, worker::micros_of};
use crate::{
    Actor, Deed, Error, GivenTokens, MailAccount, NewAudit, NewMailAccount, RefreshLease, Refreshing,
    codes::{as_json, micros, plain},
    mail_accounts::{COLUMNS, decode},
    rows::Columns as _,
};

/// With nothing left of the one before.
const CONNECT: &str = "INSERT INTO mail_account
    (provider, account, scopes, tokens, connected_by, connected_at, usable_until, refresh_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (provider) DO UPDATE SET account = $2, scopes = $3, tokens = $4, connected_by = $5, connected_at = $6,
        usable_until = $7, refresh_at = $8, asked = NULL, refreshed_at = NULL, failed_at = NULL, signed_out_at = NULL, lease = NULL,
        leased_until = NULL, failure = NULL, reason = NULL";
const DISCONNECT: &str = "DELETE FROM mail_account WHERE provider = $1";
/// Whoever asks at the same time is waited for, and then has the lease.
const LEASE: &str = "UPDATE mail_account SET lease = $2, leased_until = clock_micros() + $3
    WHERE provider = $1 AND signed_out_at IS NULL AND ($4::BYTEA IS NULL OR tokens = $4)
        AND (lease IS NULL OR lease = $2 OR leased_until <= clock_micros()) RETURNING ";
const LEASED: &str = "SELECT leased_until - clock_micros() FROM mail_account
    WHERE provider = $1 AND lease IS NOT NULL AND lease <> $2 AND leased_until > clock_micros()";
const END: &str =
    "UPDATE mail_account SET tokens = $3, usable_until = $4, refresh_at = $5, refreshed_at = $6,
        failed_at = NULL, failure = NULL, reason = NULL, asked = NULL, lease = NULL, leased_until = NULL
    WHERE provider = $1 AND lease = $2";
const ASKED: &str = "UPDATE mail_account SET asked = $3 WHERE provider = $1 AND lease = $2";
const FAIL: &str =
    "UPDATE mail_account SET failed_at = $3, failure = $4, reason = $6, refresh_at = coalesce($5::BIGINT, refresh_at),
        signed_out_at = CASE WHEN $5 IS NULL THEN $3::BIGINT END, lease = NULL, leased_until = NULL
    WHERE provider = $1 AND lease = $2";
const SPEND: &str =
    "UPDATE mail_account SET usable_until = $3 WHERE provider = $1 AND usable_until = $2 AND $2 > $3";

impl Postgres {
    pub(crate) async fn mail_accounts(&self) -> Result<Vec<MailAccount>, Error> {
        let text = format!("SELECT {COLUMNS} FROM mail_account ORDER BY provider");
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(&text, &[]).await?.iter().map(decode).collect()
    }

    pub(crate) async fn connect_mail_account(
        &self,
        new: NewMailAccount,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let by = as_json(&who)?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let before = one(&tx, &new.provider).await?.map(|before| before.account);
        let NewMailAccount { provider, account, scopes, given } = new;
        let (until, again) = (micros(given.usable_until), micros(given.refresh_at));
        tx.run(CONNECT, &[&provider, &account, &scopes, &given.tokens, &by, &micros(now), &until, &again])
            .await?;
        let what = Deed::MailAccountConnected;
        let line = NewAudit { who, what, about: provider, old: before, new: Some(account) };
        audit::write(&tx, &line, now).await?;
        tx.commit().await
    }

    pub(crate) async fn disconnect_mail_account(
        &self,
        provider: String,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<MailAccount>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let Some(before) = one(&tx, &provider).await? else { return Ok(None) };
        tx.run(DISCONNECT, &[&provider]).await?;
        let (what, old) = (Deed::MailAccountDisconnected, Some(before.account.clone()));
        audit::write(&tx, &NewAudit { who, what, about: provider, old, new: None }, now).await?;
        tx.commit().await?;
        Ok(Some(before))
    }

    pub(crate) async fn begin_refresh(
        &self,
        provider: String,
        lease: RefreshLease,
        lasts: Duration,
        seen: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Refreshing, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let leased =
            tx.first(&format!("{LEASE}{COLUMNS}"), &[&provider, &lease.0, &micros_of(lasts), &seen]).await?;
        if let Some(ours) = leased {
            let ours = decode(&ours)?;
            tx.commit().await?;
            return Ok(Refreshing::Ours(Box::new(ours)));
        }
        let Some(others) = tx.first(LEASED, &[&provider, &lease.0]).await? else {
            return Ok(Refreshing::Nobody);
        };
        let left = SignedDuration::from_micros(others.id(0)?);
        Ok(Refreshing::Others(now.saturating_add(left).unwrap_or(now)))
    }

    pub(crate) async fn note_asked(
        &self,
        provider: String,
        lease: RefreshLease,
        asked: Vec<u8>,
    ) -> Result<bool, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let noted = tx.run(ASKED, &[&provider, &lease.0, &asked]).await? > 0;
        tx.commit().await?;
        Ok(noted)
    }

    pub(crate) async fn end_refresh(
        &self,
        provider: String,
        lease: RefreshLease,
        given: GivenTokens,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (until, again) = (micros(given.usable_until), micros(given.refresh_at));
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let ended =
            tx.run(END, &[&provider, &lease.0, &given.tokens, &until, &again, &micros(now)]).await? > 0;
        tx.commit().await?;
        Ok(ended)
    }

    pub(crate) async fn fail_refresh(
        &self,
        provider: String,
        lease: RefreshLease,
        (why, said): (Reason, String),
        again_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (again_at, said) = (again_at.map(micros), plain(&said));
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let failed =
            tx.run(FAIL, &[&provider, &lease.0, &micros(now), &said, &again_at, &why.as_str()]).await? > 0;
        tx.commit().await?;
        Ok(failed)
    }

    pub(crate) async fn spend_token(
        &self,
        provider: String,
        usable_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(SPEND, &[&provider, &micros(usable_until), &micros(now)]).await?;
        tx.commit().await
    }
}

/// It stays as it is until the transaction ends.
async fn one(tx: &Tx<'_>, provider: &str) -> Result<Option<MailAccount>, Error> {
    let text = format!("SELECT {COLUMNS} FROM mail_account WHERE provider = $1 FOR UPDATE");
    tx.first(&text, &[&provider]).await?.as_ref().map(decode).transpose()
}
