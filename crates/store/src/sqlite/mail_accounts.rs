//! Accounts at mail providers.

use std::time::Duration;

use jiff::Timestamp;
use mail::Reason;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Sqlite, audit,
    codes::{as_json, instant, micros, whole},
};
use crate::{
    Actor, Deed, Error, GivenTokens, MailAccount, NewAudit, NewMailAccount, RefreshLease, Refreshing,
    mail_accounts::{COLUMNS, decode},
};

/// With nothing left of the one before.
const CONNECT: &str = "INSERT OR REPLACE INTO mail_account
    (provider, account, scopes, tokens, connected_by, connected_at, usable_until, refresh_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DISCONNECT: &str = "DELETE FROM mail_account WHERE provider = ?1";
const LEASED: &str = "SELECT leased_until FROM mail_account
    WHERE provider = ?1 AND lease IS NOT NULL AND lease <> ?2 AND leased_until > ?3";
const LEASE: &str = "UPDATE mail_account SET lease = ?2, leased_until = ?3
    WHERE provider = ?1 AND signed_out_at IS NULL AND (?4 IS NULL OR tokens = ?4)";
const END: &str =
    "UPDATE mail_account SET tokens = ?3, usable_until = ?4, refresh_at = ?5, refreshed_at = ?6,
        failed_at = NULL, failure = NULL, reason = NULL, asked = NULL, lease = NULL, leased_until = NULL
    WHERE provider = ?1 AND lease = ?2";
const ASKED: &str = "UPDATE mail_account SET asked = ?3 WHERE provider = ?1 AND lease = ?2";
const FAIL: &str =
    "UPDATE mail_account SET failed_at = ?3, failure = ?4, reason = ?6, refresh_at = coalesce(?5, refresh_at),
        signed_out_at = CASE WHEN ?5 IS NULL THEN ?3 END, lease = NULL, leased_until = NULL
    WHERE provider = ?1 AND lease = ?2";
const SPEND: &str =
    "UPDATE mail_account SET usable_until = ?3 WHERE provider = ?1 AND usable_until = ?2 AND ?2 > ?3";

impl Sqlite {
    pub(crate) async fn mail_accounts(&self) -> Result<Vec<MailAccount>, Error> {
        self.readers
            .read(|sql| {
                let text = format!("SELECT {COLUMNS} FROM mail_account ORDER BY provider");
                let mut statement = sql.prepare_cached(&text)?;
                let mut found = statement.query([])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(decode(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn connect_mail_account(
        &self,
        new: NewMailAccount,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let by = as_json(&who)?;
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, &new.provider)?.map(|before| before.account);
                // The tokens of the one before leave the log as well.
                tx.erased = before.is_some();
                let NewMailAccount { provider, account, scopes, given } = new;
                tx.sql.prepare_cached(CONNECT)?.execute((
                    &provider,
                    &account,
                    scopes,
                    given.tokens,
                    by,
                    micros(now),
                    micros(given.usable_until),
                    micros(given.refresh_at),
                ))?;
                let what = Deed::MailAccountConnected;
                let line = NewAudit { who, what, about: provider, old: before, new: Some(account) };
                audit::write(tx.sql, &line, now)?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn disconnect_mail_account(
        &self,
        provider: String,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<MailAccount>, Error> {
        self.writer
            .write(move |tx| {
                let Some(before) = one(tx.sql, &provider)? else { return Ok(None) };
                tx.erased = true;
                tx.sql.prepare_cached(DISCONNECT)?.execute([&provider])?;
                let (what, old) = (Deed::MailAccountDisconnected, Some(before.account.clone()));
                let line = NewAudit { who, what, about: provider, old, new: None };
                audit::write(tx.sql, &line, now)?;
                Ok(Some(before))
            })
            .await
    }

    pub(crate) async fn begin_refresh(
        &self,
        provider: String,
        lease: RefreshLease,
        lasts: Duration,
        seen: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Refreshing, Error> {
        let until = micros(now).saturating_add(whole(lasts.as_micros()));
        self.writer
            .write(move |tx| {
                let mut leased = tx.sql.prepare_cached(LEASED)?;
                let others: Option<i64> =
                    leased.query_row((&provider, lease.0, micros(now)), |row| row.get(0)).optional()?;
                if let Some(until) = others {
                    return Ok(Refreshing::Others(instant(until).unwrap_or(now)));
                }
                if tx.sql.prepare_cached(LEASE)?.execute((&provider, lease.0, until, seen))? == 0 {
                    return Ok(Refreshing::Nobody);
                }
                let ours = one(tx.sql, &provider)?;
                Ok(ours.map_or(Refreshing::Nobody, |ours| Refreshing::Ours(Box::new(ours))))
            })
            .await
    }

    pub(crate) async fn note_asked(
        &self,
        provider: String,
        lease: RefreshLease,
        asked: Vec<u8>,
    ) -> Result<bool, Error> {
        self.writer
            .write(move |tx| Ok(tx.sql.prepare_cached(ASKED)?.execute((&provider, lease.0, asked))? > 0))
            .await
    }

    pub(crate) async fn end_refresh(
        &self,
        provider: String,
        lease: RefreshLease,
        given: GivenTokens,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (until, again) = (micros(given.usable_until), micros(given.refresh_at));
        self.writer
            .write(move |tx| {
                tx.erased = true;
                let values = (&provider, lease.0, given.tokens, until, again, micros(now));
                Ok(tx.sql.prepare_cached(END)?.execute(values)? > 0)
            })
            .await
    }

    pub(crate) async fn fail_refresh(
        &self,
        provider: String,
        lease: RefreshLease,
        (why, said): (Reason, String),
        again_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.writer
            .write(move |tx| {
                let again_at = again_at.map(micros);
                let values = (&provider, lease.0, micros(now), said, again_at, why.as_str());
                Ok(tx.sql.prepare_cached(FAIL)?.execute(values)? > 0)
            })
            .await
    }

    pub(crate) async fn spend_token(
        &self,
        provider: String,
        usable_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(SPEND)?.execute((provider, micros(usable_until), micros(now)))?;
                Ok(())
            })
            .await
    }
}

fn one(sql: &Connection, provider: &str) -> Result<Option<MailAccount>, Error> {
    let text = format!("SELECT {COLUMNS} FROM mail_account WHERE provider = ?1");
    let mut statement = sql.prepare_cached(&text)?;
    let mut found = statement.query([provider])?;
    found.next()?.map(decode).transpose()
}
