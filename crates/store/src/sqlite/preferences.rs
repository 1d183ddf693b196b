//! Preferences and the record of their changes.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite, audit,
    codes::{self, instant, micros, whole},
    errors, open,
    rows::text,
    writer::Tx,
};
use crate::{
    Actor, Changed, Deed, Error, OpenError, PreferenceChange, Preferences,
    preferences::{decode, line},
};

const VERSION: &str = "SELECT coalesce(max(version), 0) FROM preference_change";
const ALL: &str = "SELECT name, value FROM preference ORDER BY name";
const ONE: &str = "SELECT value FROM preference WHERE name = ?1";
const SET: &str = "INSERT INTO preference (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2";
const UNSET: &str = "DELETE FROM preference WHERE name = ?1";
const NOTE: &str =
    "INSERT INTO preference_change (version, changed_at, changed_by, changed) VALUES (?1, ?2, ?3, ?4)";
/// Each change of a value is a line of the log.
const CHANGED_AT: &str = "SELECT max(happened_at) FROM audit INDEXED BY audit_about
    WHERE about IN (SELECT value FROM json_each(?1)) AND what = ?2";
const CHANGES: &str =
    "SELECT version, changed_at, changed_by, changed FROM preference_change ORDER BY version DESC LIMIT ?1";

/// What is set in the queue in `folder`; nothing where there is none, or one from before there were preferences.
pub(crate) fn peek_preferences(folder: &Path) -> Result<Preferences, OpenError> {
    let path = folder.join(open::DATABASE);
    if !path.exists() {
        return Ok(Preferences::default());
    }
    let sql = match open::reader(&path) {
        Err(error) if errors::is_half_made(&error) => return Ok(Preferences::default()),
        sql => sql.map_err(Error::from)?,
    };
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'preference_change'";
    let there: i64 = sql.query_row(there, [], |row| row.get(0)).map_err(Error::from)?;
    Ok(if there == 0 { Preferences::default() } else { all(&sql)? })
}

impl Sqlite {
    pub(crate) async fn preferences(&self) -> Result<Preferences, Error> {
        self.readers.read(all).await
    }

    pub(crate) async fn change_preferences(
        &self,
        based_on: i64,
        values: BTreeMap<String, Option<String>>,
        changed_by: Actor,
        now: Timestamp,
    ) -> Result<Option<PreferenceChange>, Error> {
        self.writer.write(move |tx| change(tx, based_on, &values, &changed_by, now)).await
    }

    pub(crate) async fn preference_changed_at(&self, names: &[String]) -> Result<Option<Timestamp>, Error> {
        let (names, what) = (serde_json::json!(names).to_string(), codes::name(&Deed::PreferenceChanged)?);
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(CHANGED_AT)?;
                let changed_at: Option<i64> = statement.query_row((names, what), |row| row.get(0))?;
                Ok(changed_at.and_then(instant))
            })
            .await
    }

    pub(crate) async fn preference_changes(&self, limit: usize) -> Result<Vec<PreferenceChange>, Error> {
        self.readers.read(move |sql| changes(sql, limit)).await
    }
}

fn all(sql: &Connection) -> Result<Preferences, Error> {
    // One look at both, though somebody writes meanwhile.
    let sql = sql.unchecked_transaction()?;
    let version = sql.prepare_cached(VERSION)?.query_row([], |row| row.get(0))?;
    let mut statement = sql.prepare_cached(ALL)?;
    let mut rows = statement.query([])?;
    let mut values = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let (Some(name), Some(value)) = (text(row, 0)?, text(row, 1)?) {
            values.insert(name, value);
        }
    }
    Ok(Preferences { version, values })
}

fn change(
    tx: &mut Tx<'_>,
    based_on: i64,
    values: &BTreeMap<String, Option<String>>,
    changed_by: &Actor,
    now: Timestamp,
) -> Result<Option<PreferenceChange>, Error> {
    let version: i64 = tx.sql.prepare_cached(VERSION)?.query_row([], |row| row.get(0))?;
    if version != based_on {
        return Err(Error::Changed);
    }
    let mut changed = BTreeMap::new();
    for (name, after) in values {
        let before: Option<String> =
            tx.sql.prepare_cached(ONE)?.query_row([name], |row| row.get(0)).optional()?;
        if before == *after {
            continue;
        }
        match after {
            Some(value) => tx.sql.prepare_cached(SET)?.execute([name, value])?,
            None => tx.sql.prepare_cached(UNSET)?.execute([name])?,
        };
        let line = line(changed_by, name, (before.as_deref(), after.as_deref()));
        audit::write(tx.sql, &line, now)?;
        changed.insert(name.clone(), Changed { before, after: after.clone() });
    }
    if changed.is_empty() {
        return Ok(changes(tx.sql, 1)?.pop());
    }
    let (noted, by) = (codes::as_json(&changed)?, codes::as_json(changed_by)?);
    tx.sql.prepare_cached(NOTE)?.execute((version + 1, micros(now), by, noted))?;
    Ok(changes(tx.sql, 1)?.pop())
}

fn changes(sql: &Connection, limit: usize) -> Result<Vec<PreferenceChange>, Error> {
    let mut statement = sql.prepare_cached(CHANGES)?;
    let mut rows = statement.query([whole(limit)])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.extend(decode(row)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_something_was_changed_is_found_by_its_name() {
        let plan = open::tests::plan(CHANGED_AT);
        assert!(plan.contains("SEARCH audit USING INDEX audit_about (about=?)"), "{plan}");
    }
}
