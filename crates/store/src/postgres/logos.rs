//! Logos of sites.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Postgres, alone::alone, audit, tx::Tx};
use crate::{Actor, Deed, Error, Logo, NewAudit, rows::Columns};

const SET: &str = "INSERT INTO logo (site, media_type, bytes) VALUES ($1, $2, $3)
    ON CONFLICT (site) DO UPDATE SET media_type = excluded.media_type, bytes = excluded.bytes";
const REMOVE: &str = "DELETE FROM logo WHERE site = $1";
const ONE: &str = "SELECT media_type, bytes FROM logo WHERE site = $1";
const ALL: &str = "SELECT media_type, bytes, site FROM logo";

impl Postgres {
    pub(crate) async fn set_logo(
        &self,
        site: String,
        logo: Option<Logo>,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        alone(&tx, "logo").await?;
        let before = one(&tx, &site).await?;
        if before == logo {
            return Ok(());
        }
        match &logo {
            Some(logo) => tx.run(SET, &[&site, &logo.media_type, &logo.bytes]).await?,
            None => tx.run(REMOVE, &[&site]).await?,
        };
        let [old, new] = [before, logo].map(|logo| logo.map(|logo| logo.to_string()));
        audit::write(&tx, &NewAudit { who, what: Deed::LogoChanged, about: site, old, new }, now).await?;
        tx.commit().await
    }

    pub(crate) async fn logo(&self, site: String) -> Result<Option<Logo>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        one(&tx, &site).await
    }

    pub(crate) async fn logos(&self) -> Result<BTreeMap<String, Logo>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let found = tx.all(ALL, &[]).await?;
        found.iter().map(|row| Ok((row.text(2)?.unwrap_or_default(), decode(row)?))).collect()
    }
}

async fn one(tx: &Tx<'_>, site: &str) -> Result<Option<Logo>, Error> {
    tx.first(ONE, &[&site]).await?.as_ref().map(decode).transpose()
}

fn decode(row: &impl Columns) -> Result<Logo, Error> {
    Ok(Logo { media_type: row.text(0)?.unwrap_or_default(), bytes: row.bytes(1)?.unwrap_or_default() })
}
