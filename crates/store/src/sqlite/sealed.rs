//! Where sealed secrets stand.

use rusqlite::{Connection, Row};

use super::{Sqlite, rows::text};
use crate::{
    Error, SealedKind, SealedSecret,
    sealed::{Anew, of_change, of_preference},
};

const WEBHOOKS: &str =
    "SELECT w.id, w.url, w.secret, a.name FROM webhook w JOIN application a ON a.id = w.application
    ORDER BY w.id";
const PREFERENCES: &str = "SELECT name, value FROM preference ORDER BY name";
const CHANGES: &str = "SELECT version, changed FROM preference_change ORDER BY version";
const MAIL_ACCOUNTS: &str = "SELECT provider, tokens FROM mail_account ORDER BY provider";
const SET_WEBHOOK: &str = "UPDATE webhook SET secret = ?2 WHERE id = ?1";
const SET_PREFERENCE: &str = "UPDATE preference SET value = ?2 WHERE name = ?1";
const SET_MAIL_ACCOUNT: &str = "UPDATE mail_account SET tokens = ?2 WHERE provider = ?1";
const SET_CHANGE: &str = "UPDATE preference_change SET changed = ?2 WHERE version = ?1";

impl Sqlite {
    pub(crate) async fn sealed(&self) -> Result<Vec<SealedSecret>, Error> {
        self.readers
            .read(|sql| {
                let mut all = Vec::new();
                each(sql, |secret| {
                    all.push(secret.clone());
                    None
                })?;
                Ok(all)
            })
            .await
    }

    pub(crate) async fn reseal(
        &self,
        anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<u64, Error> {
        self.writer
            .write(move |tx| {
                // What was sealed before leaves the log as well.
                tx.erased = true;
                each(tx.sql, anew)
            })
            .await
    }
}

/// Shows each secret, and writes what is given in its place. Gives how many were.
fn each(
    sql: &Connection,
    mut anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>> + Send,
) -> Result<u64, Error> {
    // The order is that in which they are shown.
    let webhooks = of_webhooks(sql, &mut anew)?;
    let preferences = of_preferences(sql, &mut anew)? + of_changes(sql, &mut anew)?;
    Ok(webhooks + preferences + of_mail_accounts(sql, &mut anew)?)
}

fn of_webhooks(sql: &Connection, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    let secrets = read(sql, WEBHOOKS, |row| {
        let (kind, about) = (SealedKind::Webhook, text(row, 1)?.unwrap_or_default());
        Ok(SealedSecret { kind, id: row.get(0)?, about, sealed: row.get(2)?, application: text(row, 3)? })
    })?;
    for secret in secrets {
        let Some(sealed) = anew(&secret) else { continue };
        sql.prepare_cached(SET_WEBHOOK)?.execute((secret.id, sealed))?;
        replaced += 1;
    }
    Ok(replaced)
}

fn of_mail_accounts(sql: &Connection, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    let secrets = read(sql, MAIL_ACCOUNTS, |row| {
        let (kind, about) = (SealedKind::MailAccount, text(row, 0)?.unwrap_or_default());
        Ok(SealedSecret { kind, id: 0, about, sealed: row.get(1)?, application: None })
    })?;
    for secret in secrets {
        let Some(sealed) = anew(&secret) else { continue };
        sql.prepare_cached(SET_MAIL_ACCOUNT)?.execute((secret.about, sealed))?;
        replaced += 1;
    }
    Ok(replaced)
}

fn of_preferences(sql: &Connection, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for (name, json) in read(sql, PREFERENCES, |row| Ok((text(row, 0)?, text(row, 1)?)))? {
        let (Some(name), Some(json)) = (name, json) else { continue };
        let Some(json) = of_preference(&name, &json, anew) else { continue };
        sql.prepare_cached(SET_PREFERENCE)?.execute((name, json))?;
        replaced += 1;
    }
    Ok(replaced)
}

fn of_changes(sql: &Connection, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for (version, noted) in read(sql, CHANGES, |row| Ok((row.get::<_, i64>(0)?, text(row, 1)?)))? {
        let Some((noted, secrets)) = of_change(version, noted, anew)? else { continue };
        sql.prepare_cached(SET_CHANGE)?.execute((version, noted))?;
        replaced += secrets;
    }
    Ok(replaced)
}

/// All rows, before any of them is written.
fn read<T>(
    sql: &Connection,
    question: &str,
    one: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut statement = sql.prepare_cached(question)?;
    let mut found = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(one(row)?);
    }
    Ok(all)
}
