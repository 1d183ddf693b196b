//! Applications and their keys, and how much of their mail waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite, audit,
    codes::{as_json, count, micros, whole},
    counts::first_since,
};
use crate::{
    Actor, Application, ApplicationId, ApplicationKey, ApplicationName, ApplicationSettings, Deed, Error,
    KeyHash, KeyId, NewAudit, NewKey, RecipientId, Source, StoredApplications,
    applications::{decode, differences, key},
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
                let row = (name.as_str(), as_json(&settings)?, micros(now));
                if tx.sql.prepare_cached(ADD)?.execute(row)? == 0 {
                    return Err(Error::Exists("an application of this name"));
                }
                let (_, new) = differences(None, &settings)?;
                note(tx.sql, who, Deed::ProgramAdded, &name, (None, Some(new)), now)?;
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
                    tx.sql.prepare_cached(CHANGE)?.execute((found.id.0, as_json(&found.settings)?))?;
                    let (was, is) = differences(Some(&before), &found.settings)?;
                    note(tx.sql, who, Deed::ProgramChanged, &found.name, (Some(was), Some(is)), now)?;
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
                note(tx.sql, who, deed, &found.name, (None, None), now)?;
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
                note(tx.sql, who, Deed::ProgramKeyMade, &found.name, (None, Some(key.id.0)), now)?;
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
                note(tx.sql, who, Deed::ProgramKeyRevoked, &found.name, (Some(key.0), None), now)?;
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
                    all.add(row, keys(sql, ApplicationId(row.get(0)?))?)?;
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
    decode(row, keys(sql, ApplicationId(row.get(0)?))?)?
        .ok_or_else(|| Error::Corrupt(format!("the application {name:?} cannot be read")))
}

fn keys(sql: &Connection, application: ApplicationId) -> Result<Vec<ApplicationKey>, Error> {
    let mut statement = sql.prepare_cached(KEYS)?;
    let mut found = statement.query([application.0])?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        keys.push(key(row)?);
    }
    Ok(keys)
}

/// One line of the log about an application.
fn note(
    sql: &Connection,
    who: Actor,
    what: Deed,
    name: &ApplicationName,
    (old, new): (Option<String>, Option<String>),
    now: Timestamp,
) -> Result<(), Error> {
    audit::write(sql, &NewAudit { who, what, about: name.to_string(), old, new }, now).map(drop)
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
