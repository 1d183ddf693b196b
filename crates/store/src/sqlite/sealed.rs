//! Where sealed secrets stand.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};
use serde_json::{Value, json};

use super::{Sqlite, rows::text};
use crate::{Changed, Error, SealedKind, SealedSecret};

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
fn each(sql: &Connection, mut anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>>) -> Result<u64, Error> {
    // The order is that in which they are shown.
    let webhooks = of_webhooks(sql, &mut anew)?;
    let preferences = of_preferences(sql, &mut anew)? + of_changes(sql, &mut anew)?;
    Ok(webhooks + preferences + of_mail_accounts(sql, &mut anew)?)
}

type Anew<'a> = &'a mut dyn FnMut(&SealedSecret) -> Option<Vec<u8>>;

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
        let Some(json) = renewed(SealedKind::Preference, 0, &name, &json, anew) else { continue };
        sql.prepare_cached(SET_PREFERENCE)?.execute((name, json))?;
        replaced += 1;
    }
    Ok(replaced)
}

fn of_changes(sql: &Connection, anew: Anew<'_>) -> Result<u64, Error> {
    let mut replaced = 0;
    for (version, noted) in read(sql, CHANGES, |row| Ok((row.get::<_, i64>(0)?, text(row, 1)?)))? {
        let noted = noted.and_then(|noted| serde_json::from_str(&noted).ok());
        let Some(mut changed): Option<BTreeMap<String, Changed>> = noted else { continue };
        let before = replaced;
        for (name, changed) in &mut changed {
            for value in [&mut changed.before, &mut changed.after].into_iter().flatten() {
                if let Some(json) = renewed(SealedKind::FormerPreference, version, name, value, anew) {
                    *value = json;
                    replaced += 1;
                }
            }
        }
        if replaced > before {
            let noted =
                serde_json::to_string(&changed).map_err(|error| Error::Internal(error.to_string()))?;
            sql.prepare_cached(SET_CHANGE)?.execute((version, noted))?;
        }
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

/// The value of a preference with its secret sealed anew; none: it is no secret, or stays as it is.
fn renewed(kind: SealedKind, id: i64, name: &str, json: &str, anew: Anew<'_>) -> Option<String> {
    let (about, sealed) = (name.to_owned(), of_json(json)?.into_bytes());
    let sealed = anew(&SealedSecret { kind, id, about, application: None, sealed })?;
    Some(json!({ SEALED: String::from_utf8(sealed).ok()? }).to_string())
}

/// The key under which a preference that is a secret has it.
const SEALED: &str = "sealed";

/// The sealed text, if this value of a preference is a secret.
pub(super) fn of_json(json: &str) -> Option<String> {
    match serde_json::from_str(json).ok()? {
        Value::Object(of) => of.get(SEALED)?.as_str().map(str::to_owned),
        _ => None,
    }
}
