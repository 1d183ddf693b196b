//! Preferences and the record of their changes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Postgres, alone::alone, audit, tx::Tx};
use crate::{
    Actor, Changed, Deed, Error, PreferenceChange, Preferences,
    codes::{as_json, instant, micros, name, whole},
    preferences::{decode, line},
    rows::Columns as _,
};

const VERSION: &str = "SELECT coalesce(max(version), 0) FROM preference_change";
const ALL: &str = "SELECT name, value FROM preference ORDER BY name";
const ONE: &str = "SELECT value FROM preference WHERE name = $1";
const SET: &str =
    "INSERT INTO preference (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
const UNSET: &str = "DELETE FROM preference WHERE name = $1";
const NOTE: &str =
    "INSERT INTO preference_change (version, changed_at, changed_by, changed) VALUES ($1, $2, $3, $4)";
/// Each change of a value is a line of the log.
const CHANGED_AT: &str = "SELECT max(happened_at) FROM audit WHERE about = ANY($1) AND what = $2";
const CHANGES: &str =
    "SELECT version, changed_at, changed_by, changed FROM preference_change ORDER BY version DESC LIMIT $1";

impl Postgres {
    pub(crate) async fn preferences(&self) -> Result<Preferences, Error> {
        let mut connection = self.connection().await?;
        all(&self.read(&mut connection).await?).await
    }

    pub(crate) async fn change_preferences(
        &self,
        based_on: i64,
        values: BTreeMap<String, Option<String>>,
        changed_by: Actor,
        now: Timestamp,
    ) -> Result<Option<PreferenceChange>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        let version = tx.one(VERSION, &[]).await?.id(0)?;
        if version != based_on {
            return Err(Error::Changed);
        }
        let changed = set_all(&tx, &values, &changed_by, now).await?;
        if !changed.is_empty() {
            let (noted, by) = (as_json(&changed)?, as_json(&changed_by)?);
            tx.run(NOTE, &[&(version + 1), &micros(now), &by, &noted]).await?;
        }
        let last = changes(&tx, 1).await?.pop();
        tx.commit().await?;
        Ok(last)
    }

    pub(crate) async fn preference_changed_at(&self, names: &[String]) -> Result<Option<Timestamp>, Error> {
        let what = name(&Deed::PreferenceChanged)?;
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(tx.one(CHANGED_AT, &[&names, &what]).await?.number(0)?.and_then(instant))
    }

    pub(crate) async fn preference_changes(&self, limit: usize) -> Result<Vec<PreferenceChange>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        changes(&tx, limit).await
    }
}

/// All that is set.
pub(super) async fn all(tx: &Tx<'_>) -> Result<Preferences, Error> {
    let version = tx.one(VERSION, &[]).await?.id(0)?;
    let mut values = BTreeMap::new();
    for row in tx.all(ALL, &[]).await? {
        values.extend(row.text(0)?.zip(row.text(1)?));
    }
    Ok(Preferences { version, values })
}

/// Nobody else changes a preference until the transaction ends.
pub(super) async fn deciding(tx: &Tx<'_>) -> Result<(), Error> {
    alone(tx, "preference").await
}

/// Gives what was another before.
async fn set_all(
    tx: &Tx<'_>,
    values: &BTreeMap<String, Option<String>>,
    changed_by: &Actor,
    now: Timestamp,
) -> Result<BTreeMap<String, Changed>, Error> {
    let mut changed = BTreeMap::new();
    for (name, after) in values {
        let before = tx.first(ONE, &[name]).await?.map(|row| row.text(0)).transpose()?.flatten();
        if before == *after {
            continue;
        }
        match after {
            Some(value) => tx.run(SET, &[name, value]).await?,
            None => tx.run(UNSET, &[name]).await?,
        };
        let line = line(changed_by, name, (before.as_deref(), after.as_deref()));
        audit::write(tx, &line, now).await?;
        changed.insert(name.clone(), Changed { before, after: after.clone() });
    }
    Ok(changed)
}

async fn changes(tx: &Tx<'_>, limit: usize) -> Result<Vec<PreferenceChange>, Error> {
    let mut all = Vec::new();
    for row in tx.all(CHANGES, &[&whole(limit)]).await? {
        all.extend(decode(&row)?);
    }
    Ok(all)
}
