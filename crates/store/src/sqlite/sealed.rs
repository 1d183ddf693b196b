//! Where sealed secrets stand.

use rusqlite::Connection;

use super::{Sqlite, rows::text};
use crate::{Error, SealedKind, SealedSecret};

/// The columns of one kind: all of them, with number and what each is for, and one by its number.
struct Place {
    read: &'static str,
    write: &'static str,
}

fn place(kind: SealedKind) -> Place {
    match kind {
        SealedKind::Webhook => Place {
            read: "SELECT id, url, secret FROM webhook ORDER BY id",
            write: "UPDATE webhook SET secret = ?2 WHERE id = ?1",
        },
    }
}

impl Sqlite {
    pub(crate) async fn sealed(&self) -> Result<Vec<SealedSecret>, Error> {
        self.readers.read(all).await
    }

    pub(crate) async fn reseal(
        &self,
        mut anew: impl FnMut(&SealedSecret) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<u64, Error> {
        self.writer
            .write(move |tx| {
                // What was sealed before leaves the log as well.
                tx.erased = true;
                let mut replaced = 0;
                for secret in all(tx.sql)? {
                    let Some(sealed) = anew(&secret) else { continue };
                    tx.sql.prepare_cached(place(secret.kind).write)?.execute((secret.id, sealed))?;
                    replaced += 1;
                }
                Ok(replaced)
            })
            .await
    }
}

fn all(sql: &Connection) -> Result<Vec<SealedSecret>, Error> {
    let mut secrets = Vec::new();
    for kind in SealedKind::ALL {
        let mut statement = sql.prepare_cached(place(kind).read)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let about = text(row, 1)?.unwrap_or_default();
            secrets.push(SealedSecret { kind, id: row.get(0)?, about, sealed: row.get(2)? });
        }
    }
    Ok(secrets)
}
