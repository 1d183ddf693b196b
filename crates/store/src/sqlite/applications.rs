//! Applications and their keys, and how much of their mail waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row as SqlRow};
use serde_json::Value;

use super::{
    Sqlite, audit,
    codes::{count, micros, whole},
    counts::first_since,
    rows::{at, text},
};
use crate::{
    Actor, Application, ApplicationId, ApplicationKey, ApplicationName, ApplicationSettings, Deed, Error,
    KeyHash, KeyId, NewAudit, NewKey, RecipientId, Source, StoredApplications, UnreadableApplication,
};

const ADD: &str =
    "INSERT INTO application (name, settings, made_at) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING";
const APPLICATIONS: &str = "SELECT id, name, settings, made_at, disabled_at FROM application ORDER BY id";
const NAMED: &str = "SELECT id, name, settings, made_at, disabled_at FROM application WHERE name = ?1";
const CHANGE: &str = "UPDATE application SET settings = ?2 WHERE id = ?1";
const SWITCH: &str = "UPDATE application SET disabled_at = ?2 WHERE id = ?1";
const ADD_KEY: &str = "INSERT INTO application_key (id, application, hash, made_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO NOTHING";
const REVOKE: &str = "UPDATE application_key SET revoked_at = ?3 WHERE id = ?1 AND application = ?2";
const USED: &str = "UPDATE application_key SET used_at = max(coalesce(used_at, ?2), ?2) WHERE id = ?1";
const KEYS: &str = "SELECT id, made_at, used_at, revoked_at FROM application_key WHERE application = ?1
    ORDER BY made_at, id";
const HASHES: &str = "SELECT id, hash FROM application_key";
/// A walk along the index that ends after ?4 steps.
const WAITING: &str = "SELECT count(*) FROM (SELECT 1 FROM recipient INDEXED BY recipient_turn
    WHERE state = 0 AND alone = 0 AND practice = ?1 AND class = ?2 AND source = ?3 LIMIT ?4)";

/// The same.
const ACCEPTED: &str = "SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_application
    WHERE application = ?1 AND run IS NULL AND kind = 0 AND id >= ?2 LIMIT ?3)";

impl Sqlite {
    pub(crate) async fn add_application(
        &self,
        name: ApplicationName,
        settings: ApplicationSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.writer
            .write(move |tx| {
                let row = (name.as_str(), written(&settings)?, micros(now));
                if tx.sql.prepare_cached(ADD)?.execute(row)? == 0 {
                    return Err(Error::Exists("an application of this name"));
                }
                let (_, new) = differences(None, &settings)?;
                note(tx.sql, who, Deed::ProgramAdded, &name, None, Some(new), now)?;
                named(tx.sql, name.as_str())
            })
            .await
    }

    pub(crate) async fn change_application(
        &self,
        name: String,
        change: impl FnOnce(&mut ApplicationSettings) -> Result<(), Error> + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.writer
            .write(move |tx| {
                let mut found = named(tx.sql, &name)?;
                let before = found.settings.clone();
                change(&mut found.settings)?;
                if found.settings != before {
                    tx.sql.prepare_cached(CHANGE)?.execute((found.id.0, written(&found.settings)?))?;
                    let (was, is) = differences(Some(&before), &found.settings)?;
                    note(tx.sql, who, Deed::ProgramChanged, &found.name, Some(was), Some(is), now)?;
                }
                Ok(found)
            })
            .await
    }

    pub(crate) async fn switch_application(
        &self,
        name: String,
        on: bool,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.writer
            .write(move |tx| {
                let found = named(tx.sql, &name)?;
                if found.disabled_at.is_none() == on {
                    return Ok(found);
                }
                tx.sql.prepare_cached(SWITCH)?.execute((found.id.0, (!on).then_some(micros(now))))?;
                let deed = if on { Deed::ProgramEnabled } else { Deed::ProgramDisabled };
                note(tx.sql, who, deed, &found.name, None, None, now)?;
                named(tx.sql, &name)
            })
            .await
    }

    pub(crate) async fn add_key(
        &self,
        application: String,
        key: NewKey,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.writer
            .write(move |tx| {
                let found = named(tx.sql, &application)?;
                let row = (&key.id.0, found.id.0, key.hash.0, micros(now));
                if tx.sql.prepare_cached(ADD_KEY)?.execute(row)? == 0 {
                    return Err(Error::Exists("a key with this id"));
                }
                note(tx.sql, who, Deed::ProgramKeyMade, &found.name, None, Some(key.id.0), now)?;
                named(tx.sql, &application)
            })
            .await
    }

    pub(crate) async fn revoke_key(
        &self,
        application: String,
        key: KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.writer
            .write(move |tx| {
                let found = named(tx.sql, &application)?;
                let known = found.keys.iter().find(|one| one.id == key);
                if known.ok_or(Error::NotFound("key of this application"))?.revoked_at.is_some() {
                    return Ok(found);
                }
                tx.sql.prepare_cached(REVOKE)?.execute((&key.0, found.id.0, micros(now)))?;
                note(tx.sql, who, Deed::ProgramKeyRevoked, &found.name, Some(key.0), None, now)?;
                named(tx.sql, &application)
            })
            .await
    }

    pub(crate) async fn keys_used(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Error> {
        if used.is_empty() {
            return Ok(());
        }
        self.writer
            .write(move |tx| {
                let mut statement = tx.sql.prepare_cached(USED)?;
                for (key, used_at) in used {
                    statement.execute((key.0, micros(used_at)))?;
                }
                Ok(())
            })
            .await
    }

    pub(crate) async fn applications(&self) -> Result<StoredApplications, Error> {
        self.readers
            .read(|sql| {
                let sql = &*sql.unchecked_transaction()?;
                let mut statement = sql.prepare_cached(APPLICATIONS)?;
                let mut found = statement.query([])?;
                let mut all = StoredApplications::default();
                while let Some(row) = found.next()? {
                    match decode(sql, row)? {
                        Some(application) => all.readable.push(application),
                        None => all.unreadable.push(unreadable(sql, row)?),
                    }
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn application(&self, name: String) -> Result<Application, Error> {
        self.readers.read(move |sql| named(&*sql.unchecked_transaction()?, &name)).await
    }

    pub(crate) async fn key_hashes(&self) -> Result<BTreeMap<KeyId, KeyHash>, Error> {
        self.readers
            .read(|sql| {
                let mut statement = sql.prepare_cached(HASHES)?;
                let all = statement.query_map([], |row| Ok((KeyId(row.get(0)?), KeyHash(row.get(1)?))))?;
                Ok(all.collect::<Result<_, _>>()?)
            })
            .await
    }

    pub(crate) async fn accepted_of(
        &self,
        application: String,
        since: Timestamp,
        at_most: u64,
    ) -> Result<u64, Error> {
        self.readers
            .read(move |sql| {
                let sql = sql.unchecked_transaction()?;
                let first = RecipientId(first_since(&sql, since)?).message();
                let key = (application, first.0, whole(at_most));
                Ok(count(sql.prepare_cached(ACCEPTED)?.query_row(key, |row| row.get(0))?))
            })
            .await
    }

    pub(crate) async fn waiting_of(&self, application: &str, at_most: u64) -> Result<u64, Error> {
        let source = Source::of(application, None);
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(WAITING)?;
                let mut waiting = 0;
                for (practice, class) in
                    [false, true].into_iter().flat_map(|practice| (0..3).map(move |class| (practice, class)))
                {
                    let key = (practice, class, source.0, whole(at_most.saturating_sub(waiting)));
                    waiting += count(statement.query_row(key, |row| row.get(0))?);
                }
                Ok(waiting)
            })
            .await
    }
}

fn named(sql: &Connection, name: &str) -> Result<Application, Error> {
    let mut statement = sql.prepare_cached(NAMED)?;
    let mut found = statement.query([name])?;
    let row = found.next()?.ok_or(Error::NotFound("application"))?;
    decode(sql, row)?.ok_or_else(|| Error::Corrupt(format!("the application {name:?} cannot be read")))
}

/// None if it cannot be decoded.
fn decode(sql: &Connection, row: &SqlRow<'_>) -> Result<Option<Application>, Error> {
    let id = ApplicationId(row.get(0)?);
    let name = text(row, 1)?.and_then(|name| name.parse().ok());
    let settings = text(row, 2)?.and_then(|settings| serde_json::from_str(&settings).ok());
    let (Some(name), Some(settings), Some(made_at)) = (name, settings, at(row, 3)?) else { return Ok(None) };
    Ok(Some(Application { id, name, settings, made_at, disabled_at: at(row, 4)?, keys: keys(sql, id)? }))
}

/// What is left of one that cannot be decoded.
fn unreadable(sql: &Connection, row: &SqlRow<'_>) -> Result<UnreadableApplication, Error> {
    let id = ApplicationId(row.get(0)?);
    tracing::error!(
        application.id = id.0,
        "a stored application cannot be read; nothing is accepted from it"
    );
    let keys = keys(sql, id)?.into_iter().map(|key| key.id).collect();
    Ok(UnreadableApplication { id, name: text(row, 1)?.and_then(|name| name.parse().ok()), keys })
}

fn keys(sql: &Connection, application: ApplicationId) -> Result<Vec<ApplicationKey>, Error> {
    let mut statement = sql.prepare_cached(KEYS)?;
    let mut found = statement.query([application.0])?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        keys.push(ApplicationKey {
            id: KeyId(row.get(0)?),
            made_at: at(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
            used_at: at(row, 2)?,
            revoked_at: at(row, 3)?,
        });
    }
    Ok(keys)
}

/// One line of the log about an application.
fn note(
    sql: &Connection,
    who: Actor,
    what: Deed,
    name: &ApplicationName,
    old: Option<String>,
    new: Option<String>,
    now: Timestamp,
) -> Result<(), Error> {
    audit::write(sql, &NewAudit { who, what, about: name.to_string(), old, new }, now).map(drop)
}

/// What differs, as it was and as it is; of one that is new, all that is not usual.
fn differences(
    old: Option<&ApplicationSettings>,
    new: &ApplicationSettings,
) -> Result<(String, String), Error> {
    let internal = |error: serde_json::Error| Error::Internal(error.to_string());
    let usual = ApplicationSettings::default();
    let old = serde_json::to_value(old.unwrap_or(&usual)).map_err(internal)?;
    let new = serde_json::to_value(new).map_err(internal)?;
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for (name, value) in new.as_object().into_iter().flatten() {
        let before = old.get(name).unwrap_or(&Value::Null);
        if before != value {
            was.push((name, words(before)));
            is.push((name, words(value)));
        }
    }
    Ok((audit::parts(was), audit::parts(is)))
}

fn words(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn written(settings: &ApplicationSettings) -> Result<String, Error> {
    serde_json::to_string(settings).map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    /// Its cost is bounded by what is asked for, however much waits of this or of other applications.
    #[test]
    fn what_waits_and_what_came_is_counted_by_its_index_alone() {
        let plan = open::tests::plan(WAITING);
        assert!(
            plan.contains(
                "recipient USING COVERING INDEX recipient_turn (practice=? AND class=? AND source=?)"
            ),
            "{plan}"
        );
        assert!(!plan.contains("SCAN recipient"), "{plan}");
        let plan = open::tests::plan(ACCEPTED);
        assert!(
            plan.contains("message USING INDEX message_application (application=? AND rowid>?)"),
            "{plan}"
        );
    }
}
