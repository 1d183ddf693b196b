//! Logos of sites.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow};

use super::{Sqlite, audit};
use crate::{Actor, Deed, Error, Logo, NewAudit};

const SET: &str = "INSERT INTO logo (site, media_type, bytes) VALUES (?1, ?2, ?3)
    ON CONFLICT (site) DO UPDATE SET media_type = excluded.media_type, bytes = excluded.bytes";
const REMOVE: &str = "DELETE FROM logo WHERE site = ?1";
const ONE: &str = "SELECT media_type, bytes FROM logo WHERE site = ?1";
const ALL: &str = "SELECT media_type, bytes, site FROM logo";

impl Sqlite {
    pub(crate) async fn set_logo(
        &self,
        site: String,
        logo: Option<Logo>,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, &site)?;
                if before == logo {
                    return Ok(());
                }
                match &logo {
                    Some(logo) => {
                        tx.sql.prepare_cached(SET)?.execute((&site, &logo.media_type, &logo.bytes))?
                    }
                    None => tx.sql.prepare_cached(REMOVE)?.execute([&site])?,
                };
                let [old, new] = [before, logo].map(|logo| logo.map(|logo| logo.to_string()));
                let line = NewAudit { who, what: Deed::LogoChanged, about: site, old, new };
                audit::write(tx.sql, &line, now)?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn logo(&self, site: String) -> Result<Option<Logo>, Error> {
        self.readers.read(move |sql| one(sql, &site)).await
    }

    pub(crate) async fn logos(&self) -> Result<BTreeMap<String, Logo>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(ALL)?;
                let found = statement.query_map([], |row| Ok((row.get(2)?, decode(row)?)))?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn one(sql: &Connection, site: &str) -> Result<Option<Logo>, Error> {
    Ok(sql.prepare_cached(ONE)?.query_row([site], decode).optional()?)
}

fn decode(row: &SqlRow<'_>) -> rusqlite::Result<Logo> {
    Ok(Logo { media_type: row.get(0)?, bytes: row.get(1)? })
}
