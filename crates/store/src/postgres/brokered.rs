//! Installations that are served, and what was done for each.

use jiff::Timestamp;

use super::{
    Postgres,
    alone::alone,
    audit,
    tx::{Tx, Values},
};
use crate::{
    Actor, Deed, Error, Installation, InstallationInUse, KeyHash, KeyId, KnownInstallation, NewAudit,
    NewInstallation, NewService, Served, ServiceCame, ServiceId, ServiceLimit, ServiceLine, Visit,
    brokered::{COLUMNS, DAY, KEPT, added, before, decode, in_use, line},
    codes::{as_json, instant, micros, name as word, plain, whole},
    rows::Columns as _,
};

const IN_USE: &str = "(SELECT max(b.happened_at) FROM brokered b WHERE b.installation = i.key),
    (SELECT count(*) FROM brokered b WHERE b.installation = i.key AND b.happened_at > $1
        AND b.what IN ('fetched', 'renewed') AND b.came = 'given')";
const IS_NAMED: &str = "SELECT EXISTS (SELECT 1 FROM installation WHERE name = $1 AND revoked_at IS NULL)";
const ADD: &str = "INSERT INTO installation (key, hash, name, returns_to, made_by, made_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING";
const REVOKE: &str = "UPDATE installation SET revoked_at = $2 WHERE key = $1";
const FORGET: &str = "DELETE FROM brokered WHERE id IN (SELECT id FROM brokered WHERE happened_at < $1 FOR UPDATE SKIP LOCKED)";
const WAS_BEGUN: &str = "SELECT EXISTS (SELECT 1 FROM brokered WHERE once = $1)";
const IS_TO_FETCH: &str =
    "SELECT EXISTS (SELECT 1 FROM brokered WHERE once = $1 AND installation = $2 AND used_at IS NULL)";
const USE: &str = "UPDATE brokered SET used_at = $2 WHERE once = $1";
const LED_BACK: &str = "UPDATE brokered SET returned_at = coalesce(returned_at, $2)
    WHERE once = $1 AND used_at IS NULL RETURNING returned_at";
const LATELY: &str =
    "SELECT count(*) FROM brokered WHERE installation = $1 AND what = $2 AND happened_at > $3
        AND ($4 OR came IS NULL OR came IN ('given', 'over'))";
/// Nothing where another has begun this already, whosever it is.
const SERVE: &str = "INSERT INTO brokered (installation, what, provider, happened_at, once)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (once) DO NOTHING RETURNING id";
const CAME: &str = "UPDATE brokered SET came = $2 WHERE id = $1";
const LIST: &str = "SELECT b.id, coalesce(i.name, ''), b.what, b.provider, b.happened_at, b.came
    FROM brokered b LEFT JOIN installation i ON i.key = b.installation
    WHERE $1::TEXT IS NULL OR b.installation = $1 ORDER BY b.id DESC LIMIT $2";

impl Postgres {
    pub(crate) async fn add_installation(
        &self,
        new: NewInstallation,
        who: Actor,
        now: Timestamp,
    ) -> Result<Installation, Error> {
        let by = as_json(&who)?;
        let NewInstallation { key, name, returns_to } = new;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        alone(&tx, "installation").await?;
        if tx.one(IS_NAMED, &[&name]).await?.is(0)? {
            return Err(Error::Exists("an installation of this name"));
        }
        let row: Values<'_> = &[&key.id.0, &key.hash.0.as_slice(), &name, &returns_to, &by, &micros(now)];
        if tx.run(ADD, row).await? == 0 {
            return Err(Error::Exists("a key with this id"));
        }
        audit::write(&tx, &added(who, name, (&key.id, &returns_to)), now).await?;
        let made = one(&tx, &key.id).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(crate) async fn revoke_installation(
        &self,
        key: KeyId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Installation, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let found = one(&tx, &key).await?;
        if found.revoked_at.is_some() {
            return Ok(found);
        }
        tx.run(REVOKE, &[&key.0, &micros(now)]).await?;
        let (what, old) = (Deed::InstallationRevoked, Some(key.0.clone()));
        audit::write(&tx, &NewAudit { who, what, about: found.name, old, new: None }, now).await?;
        let revoked = one(&tx, &key).await?;
        tx.commit().await?;
        Ok(revoked)
    }

    pub(crate) async fn installations(&self, now: Timestamp) -> Result<Vec<InstallationInUse>, Error> {
        let text = format!("SELECT {COLUMNS}, {IN_USE} FROM installation i ORDER BY i.name, i.made_at");
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(&text, &[&before(now, DAY)]).await?.iter().map(in_use).collect()
    }

    pub(crate) async fn installation(&self, key: KeyId) -> Result<Option<KnownInstallation>, Error> {
        let text = format!("SELECT {COLUMNS}, i.hash FROM installation i WHERE i.key = $1");
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let Some(row) = tx.first(&text, &[&key.0]).await? else { return Ok(None) };
        Ok(Some(KnownInstallation { installation: decode(&row)?, hash: KeyHash(row.digest(6)?) }))
    }

    pub(crate) async fn serve_installation(&self, new: NewService, now: Timestamp) -> Result<Served, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let served = serve(&tx, new, now).await?;
        tx.commit().await?;
        Ok(served)
    }

    pub(crate) async fn led_back(&self, once: Vec<u8>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let Some(row) = tx.first(LED_BACK, &[&once, &micros(now)]).await? else { return Ok(None) };
        let first = row.number(0)?;
        tx.commit().await?;
        Ok(first.and_then(instant))
    }

    pub(crate) async fn served(&self, id: ServiceId, came: ServiceCame) -> Result<(), Error> {
        let came = word(&came)?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(CAME, &[&id.0, &came]).await?;
        tx.commit().await
    }

    pub(crate) async fn services(&self, key: Option<KeyId>, limit: usize) -> Result<Vec<ServiceLine>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(LIST, &[&key.map(|key| key.0), &whole(limit)]).await?.iter().map(line).collect()
    }
}

async fn serve(tx: &Tx<'_>, new: NewService, now: Timestamp) -> Result<Served, Error> {
    let NewService { key, what, provider, once, limits } = new;
    if one(tx, &key).await?.revoked_at.is_some() {
        return Ok(Served::Revoked);
    }
    tx.run(FORGET, &[&before(now, KEPT)]).await?;
    if !may_be_done(tx, &key, once.as_ref()).await? {
        return Ok(Served::UsedBefore);
    }
    let what = word(&what)?;
    for ServiceLimit { within, most, with_failures } in limits {
        let values: Values<'_> = &[&key.0, &what, &before(now, within), &with_failures];
        if tx.one(LATELY, values).await?.id(0)? >= i64::from(most) {
            return Ok(Served::TooOften);
        }
    }
    let begins = match once {
        Some(Visit::Begins(once)) => Some(once),
        Some(Visit::Ends(once)) => {
            tx.run(USE, &[&once, &micros(now)]).await?;
            None
        }
        None => None,
    };
    let served = tx.first(SERVE, &[&key.0, &what, &plain(&provider), &micros(now), &begins]).await?;
    Ok(match served {
        Some(row) => Served::Yes(ServiceId(row.id(0)?)),
        None => Served::UsedBefore,
    })
}

async fn may_be_done(tx: &Tx<'_>, key: &KeyId, once: Option<&Visit>) -> Result<bool, Error> {
    Ok(match once {
        None => true,
        Some(Visit::Begins(once)) => !tx.one(WAS_BEGUN, &[once]).await?.is(0)?,
        Some(Visit::Ends(once)) => tx.one(IS_TO_FETCH, &[once, &key.0]).await?.is(0)?,
    })
}

/// Nobody else does anything for it, or revokes it, until the transaction ends.
async fn one(tx: &Tx<'_>, key: &KeyId) -> Result<Installation, Error> {
    let text = format!("SELECT {COLUMNS} FROM installation i WHERE i.key = $1 FOR UPDATE");
    decode(&tx.first(&text, &[&key.0]).await?.ok_or(Error::NotFound("installation"))?)
}
