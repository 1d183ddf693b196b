//! Installations that are served, and what was done for each.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Sqlite, audit,
    codes::{self, instant, micros, whole},
};
use crate::{
    Actor, Deed, Error, Installation, InstallationInUse, KeyHash, KeyId, KnownInstallation, NewAudit,
    NewInstallation, NewService, Served, ServiceCame, ServiceId, ServiceLimit, ServiceLine, Visit,
    brokered::{COLUMNS, DAY, KEPT, added, before, decode, in_use, line},
};

const IN_USE: &str = "(SELECT max(b.happened_at) FROM brokered b WHERE b.installation = i.key),
    (SELECT count(*) FROM brokered b WHERE b.installation = i.key AND b.happened_at > ?1
        AND b.what IN ('fetched', 'renewed') AND b.came = 'given')";
const IS_NAMED: &str = "SELECT EXISTS (SELECT 1 FROM installation WHERE name = ?1 AND revoked_at IS NULL)";
const ADD: &str = "INSERT INTO installation (key, hash, name, returns_to, made_by, made_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key) DO NOTHING";
const REVOKE: &str = "UPDATE installation SET revoked_at = ?2 WHERE key = ?1";
const FORGET: &str = "DELETE FROM brokered WHERE happened_at < ?1";
const WAS_BEGUN: &str = "SELECT EXISTS (SELECT 1 FROM brokered WHERE once = ?1)";
const IS_TO_FETCH: &str =
    "SELECT EXISTS (SELECT 1 FROM brokered WHERE once = ?1 AND installation = ?2 AND used_at IS NULL)";
const USE: &str = "UPDATE brokered SET used_at = ?2 WHERE once = ?1";
const LED_BACK: &str = "UPDATE brokered SET returned_at = coalesce(returned_at, ?2)
    WHERE once = ?1 AND used_at IS NULL RETURNING returned_at";
const LATELY: &str =
    "SELECT count(*) FROM brokered WHERE installation = ?1 AND what = ?2 AND happened_at > ?3
        AND (?4 OR came IS NULL OR came IN ('given', 'over'))";
const SERVE: &str = "INSERT INTO brokered (installation, what, provider, happened_at, once)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const CAME: &str = "UPDATE brokered SET came = ?2 WHERE id = ?1";
const LIST: &str = "SELECT b.id, coalesce(i.name, ''), b.what, b.provider, b.happened_at, b.came
    FROM brokered b LEFT JOIN installation i ON i.key = b.installation
    WHERE ?1 IS NULL OR b.installation = ?1 ORDER BY b.id DESC LIMIT ?2";

impl Sqlite {
    pub(crate) async fn add_installation(
        &self,
        new: NewInstallation,
        who: Actor,
        now: Timestamp,
    ) -> Result<Installation, Error> {
        let by = codes::as_json(&who)?;
        self.writer
            .write(move |tx| {
                let NewInstallation { key, name, returns_to } = new;
                if tx.sql.prepare_cached(IS_NAMED)?.query_row([&name], |row| row.get(0))? {
                    return Err(Error::Exists("an installation of this name"));
                }
                let row = (&key.id.0, key.hash.0, &name, &returns_to, by, micros(now));
                if tx.sql.prepare_cached(ADD)?.execute(row)? == 0 {
                    return Err(Error::Exists("a key with this id"));
                }
                audit::write(tx.sql, &added(who, name, (&key.id, &returns_to)), now)?;
                one(tx.sql, &key.id)
            })
            .await
    }

    pub(crate) async fn revoke_installation(
        &self,
        key: KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Installation, Error> {
        self.writer
            .write(move |tx| {
                let found = one(tx.sql, &key)?;
                if found.revoked_at.is_some() {
                    return Ok(found);
                }
                tx.sql.prepare_cached(REVOKE)?.execute((&key.0, micros(now)))?;
                let (what, old) = (Deed::InstallationRevoked, Some(key.0.clone()));
                audit::write(tx.sql, &NewAudit { who, what, about: found.name, old, new: None }, now)?;
                one(tx.sql, &key)
            })
            .await
    }

    pub(crate) async fn installations(&self, now: Timestamp) -> Result<Vec<InstallationInUse>, Error> {
        self.readers
            .read(move |sql| {
                let text =
                    format!("SELECT {COLUMNS}, {IN_USE} FROM installation i ORDER BY i.name, i.made_at");
                let mut statement = sql.prepare_cached(&text)?;
                let mut found = statement.query([before(now, DAY)])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(in_use(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn installation(&self, key: KeyId) -> Result<Option<KnownInstallation>, Error> {
        self.readers
            .read(move |sql| {
                let text = format!("SELECT {COLUMNS}, i.hash FROM installation i WHERE i.key = ?1");
                let mut statement = sql.prepare_cached(&text)?;
                let mut found = statement.query([&key.0])?;
                let Some(row) = found.next()? else { return Ok(None) };
                Ok(Some(KnownInstallation { installation: decode(row)?, hash: KeyHash(row.get(6)?) }))
            })
            .await
    }

    pub(crate) async fn serve_installation(&self, new: NewService, now: Timestamp) -> Result<Served, Error> {
        self.writer
            .write(move |tx| {
                let NewService { key, what, provider, once, limits } = new;
                if one(tx.sql, &key)?.revoked_at.is_some() {
                    return Ok(Served::Revoked);
                }
                tx.sql.prepare_cached(FORGET)?.execute([before(now, KEPT)])?;
                if !may_be_done(tx.sql, &key, once.as_ref())? {
                    return Ok(Served::UsedBefore);
                }
                let what = codes::name(&what)?;
                for ServiceLimit { within, most, with_failures } in limits {
                    let row = (&key.0, &what, before(now, within), with_failures);
                    let lately: i64 = tx.sql.prepare_cached(LATELY)?.query_row(row, |row| row.get(0))?;
                    if lately >= i64::from(most) {
                        return Ok(Served::TooOften);
                    }
                }
                let begins = match once {
                    Some(Visit::Begins(once)) => Some(once),
                    Some(Visit::Ends(once)) => {
                        tx.sql.prepare_cached(USE)?.execute((once, micros(now)))?;
                        None
                    }
                    None => None,
                };
                tx.sql.prepare_cached(SERVE)?.execute((&key.0, what, provider, micros(now), begins))?;
                Ok(Served::Yes(ServiceId(tx.sql.last_insert_rowid())))
            })
            .await
    }

    pub(crate) async fn led_back(&self, once: Vec<u8>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.writer
            .write(move |tx| {
                let mut led = tx.sql.prepare_cached(LED_BACK)?;
                let first: Option<i64> = led.query_row((once, micros(now)), |row| row.get(0)).optional()?;
                Ok(first.and_then(instant))
            })
            .await
    }

    pub(crate) async fn served(&self, id: ServiceId, came: ServiceCame) -> Result<(), Error> {
        let came = codes::name(&came)?;
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(CAME)?.execute((id.0, came))?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn services(&self, key: Option<KeyId>, limit: usize) -> Result<Vec<ServiceLine>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(LIST)?;
                let mut found = statement.query((key.map(|key| key.0), whole(limit)))?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(line(row)?);
                }
                Ok(all)
            })
            .await
    }
}

fn may_be_done(sql: &Connection, key: &KeyId, once: Option<&Visit>) -> Result<bool, Error> {
    Ok(match once {
        None => true,
        Some(Visit::Begins(once)) => {
            !sql.prepare_cached(WAS_BEGUN)?.query_row([once], |row| row.get::<_, bool>(0))?
        }
        Some(Visit::Ends(once)) => {
            sql.prepare_cached(IS_TO_FETCH)?.query_row((once, &key.0), |row| row.get(0))?
        }
    })
}

fn one(sql: &Connection, key: &KeyId) -> Result<Installation, Error> {
    let text = format!("SELECT {COLUMNS} FROM installation i WHERE i.key = ?1");
    let found = sql.prepare_cached(&text)?.query_row([&key.0], |row| Ok(decode(row))).optional()?;
    found.ok_or(Error::NotFound("installation"))?
}
