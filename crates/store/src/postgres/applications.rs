//! Applications and their keys, and how much of their mail waits.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Postgres, audit,
    tx::{Tx, Values},
};
use crate::{
    Actor, Application, ApplicationId, ApplicationKey, ApplicationName, ApplicationSettings, Deed, Error,
    KeyHash, KeyId, NewAudit, NewKey, Source, StoredApplications,
    applications::{decode, differences, key as decode_key},
    codes::{as_json, count, micros, whole},
    rows::Columns as _,
};

const ADD: &str = "INSERT INTO application (name, settings, made_at) VALUES ($1, $2, $3) ON CONFLICT (lower(name)) DO NOTHING";
const APPLICATIONS: &str = "SELECT id, name, settings, made_at, disabled_at FROM application ORDER BY id";
const NAMED: &str = "SELECT id, name, settings, made_at, disabled_at FROM application WHERE lower(name) = lower($1 COLLATE \"C\")";
/// Nobody else changes it until the transaction ends.
const NAMED_TO_CHANGE: &str = "SELECT id, name, settings, made_at, disabled_at FROM application WHERE lower(name) = lower($1 COLLATE \"C\")
    FOR NO KEY UPDATE";
const CHANGE: &str = "UPDATE application SET settings = $2 WHERE id = $1";
const SWITCH: &str = "UPDATE application SET disabled_at = $2 WHERE id = $1";
const ADD_KEY: &str = "INSERT INTO application_key (id, application, hash, made_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO NOTHING";
const REVOKE: &str = "UPDATE application_key SET revoked_at = $3 WHERE id = $1 AND application = $2";
const USED: &str = "UPDATE application_key SET used_at = greatest(used_at, $2) WHERE id = $1";
const KEYS: &str = "SELECT id, made_at, used_at, revoked_at FROM application_key WHERE application = $1
    ORDER BY made_at, id";
const HASHES: &str = "SELECT id, hash FROM application_key";
/// Walks along the index that end after $2 steps.
const WAITING: &str = "SELECT count(*) FROM (
    SELECT 1 FROM (VALUES (false), (true)) AS p (practice), generate_series(0, 2) AS c (class), LATERAL (
        SELECT 1 FROM live l WHERE l.state = 0 AND l.alone = 0 AND l.practice = p.practice AND l.class = c.class AND l.source = $1 LIMIT $2)
    AS of_class LIMIT $2) AS walked";
/// The same; ids rise with acceptance.
const ACCEPTED: &str = "SELECT count(*) FROM (
    SELECT accepted_at FROM message WHERE application = $1 AND run IS NULL AND kind = 0 ORDER BY id DESC LIMIT $3)
    AS newest WHERE accepted_at >= $2";

impl Postgres {
    pub(crate) async fn add_application(
        &self,
        name: ApplicationName,
        settings: ApplicationSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        if tx.run(ADD, &[&name.as_str(), &as_json(&settings)?, &micros(now)]).await? == 0 {
            return Err(Error::Exists("an application of this name"));
        }
        let (_, new) = differences(None, &settings)?;
        note(&tx, who, Deed::ProgramAdded, &name, (None, Some(new)), now).await?;
        let added = named(&tx, NAMED, name.as_str()).await?;
        tx.commit().await?;
        Ok(added)
    }

    pub(crate) async fn change_application(
        &self,
        name: String,
        change: impl FnOnce(&mut ApplicationSettings) -> Result<(), Error> + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let mut found = named(&tx, NAMED_TO_CHANGE, &name).await?;
        let before = found.settings.clone();
        change(&mut found.settings)?;
        if found.settings == before {
            return Ok(found);
        }
        tx.run(CHANGE, &[&found.id.0, &as_json(&found.settings)?]).await?;
        let (was, is) = differences(Some(&before), &found.settings)?;
        note(&tx, who, Deed::ProgramChanged, &found.name, (Some(was), Some(is)), now).await?;
        tx.commit().await?;
        Ok(found)
    }

    pub(crate) async fn switch_application(
        &self,
        name: String,
        on: bool,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let found = named(&tx, NAMED_TO_CHANGE, &name).await?;
        if found.disabled_at.is_none() == on {
            return Ok(found);
        }
        tx.run(SWITCH, &[&found.id.0, &(!on).then_some(micros(now))]).await?;
        let deed = if on { Deed::ProgramEnabled } else { Deed::ProgramDisabled };
        note(&tx, who, deed, &found.name, (None, None), now).await?;
        let switched = named(&tx, NAMED, &name).await?;
        tx.commit().await?;
        Ok(switched)
    }

    pub(crate) async fn add_key(
        &self,
        application: String,
        key: NewKey,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let found = named(&tx, NAMED_TO_CHANGE, &application).await?;
        let row: Values<'_> = &[&key.id.0, &found.id.0, &key.hash.0.as_slice(), &micros(now)];
        if tx.run(ADD_KEY, row).await? == 0 {
            return Err(Error::Exists("a key with this id"));
        }
        note(&tx, who, Deed::ProgramKeyMade, &found.name, (None, Some(key.id.0)), now).await?;
        let found = named(&tx, NAMED, &application).await?;
        tx.commit().await?;
        Ok(found)
    }

    pub(crate) async fn revoke_key(
        &self,
        application: String,
        key: KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Application, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let found = named(&tx, NAMED_TO_CHANGE, &application).await?;
        let known = found.keys.iter().find(|one| one.id == key);
        if known.ok_or(Error::NotFound("key of this application"))?.revoked_at.is_some() {
            return Ok(found);
        }
        tx.run(REVOKE, &[&key.0, &found.id.0, &micros(now)]).await?;
        note(&tx, who, Deed::ProgramKeyRevoked, &found.name, (Some(key.0), None), now).await?;
        let found = named(&tx, NAMED, &application).await?;
        tx.commit().await?;
        Ok(found)
    }

    pub(crate) async fn keys_used(&self, mut used: Vec<(KeyId, Timestamp)>) -> Result<(), Error> {
        if used.is_empty() {
            return Ok(());
        }
        // In one order, so that two machines never wait for each other.
        used.sort();
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        for (key, used_at) in used {
            tx.run(USED, &[&key.0, &micros(used_at)]).await?;
        }
        tx.commit().await
    }

    pub(crate) async fn applications(&self) -> Result<StoredApplications, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = StoredApplications::default();
        for row in tx.all(APPLICATIONS, &[]).await? {
            all.add(&row, keys(&tx, ApplicationId(row.id(0)?)).await?)?;
        }
        Ok(all)
    }

    pub(crate) async fn application(&self, name: String) -> Result<Application, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        named(&tx, NAMED, &name).await
    }

    pub(crate) async fn key_hashes(&self) -> Result<BTreeMap<KeyId, KeyHash>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let found = tx.all(HASHES, &[]).await?;
        found
            .iter()
            .map(|row| Ok((KeyId(row.text(0)?.unwrap_or_default()), KeyHash(row.digest(1)?))))
            .collect()
    }

    pub(crate) async fn accepted_of(
        &self,
        application: String,
        since: Timestamp,
        at_most: u64,
    ) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(count(tx.one(ACCEPTED, &[&application, &micros(since), &whole(at_most)]).await?.id(0)?))
    }

    pub(crate) async fn waiting_of(&self, application: &str, at_most: u64) -> Result<u64, Error> {
        let source = Source::of(application, None);
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(count(tx.one(WAITING, &[&source.0, &whole(at_most)]).await?.id(0)?))
    }
}

async fn named(tx: &Tx<'_>, question: &str, name: &str) -> Result<Application, Error> {
    let row = tx.first(question, &[&name]).await?.ok_or(Error::NotFound("application"))?;
    decode(&row, keys(tx, ApplicationId(row.id(0)?)).await?)?
        .ok_or_else(|| Error::Corrupt(format!("the application {name:?} cannot be read")))
}

async fn keys(tx: &Tx<'_>, application: ApplicationId) -> Result<Vec<ApplicationKey>, Error> {
    tx.all(KEYS, &[&application.0]).await?.iter().map(decode_key).collect()
}

/// One line of the log about an application.
async fn note(
    tx: &Tx<'_>,
    who: Actor,
    what: Deed,
    name: &ApplicationName,
    (old, new): (Option<String>, Option<String>),
    now: Timestamp,
) -> Result<(), Error> {
    audit::write(tx, &NewAudit { who, what, about: name.to_string(), old, new }, now).await.map(drop)
}
