//! What people said of the columns of exports.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Sqlite, audit,
    codes::{micros, whole},
};
use crate::{
    Actor, COLUMNS_KEPT, ChosenColumns, Deed, Error, KnownColumns, NewAudit,
    columns::{about, decode},
};

const ALL: &str = "SELECT shape, chosen, chosen_by, chosen_at FROM known_columns ORDER BY shape";
const ONE: &str = "SELECT chosen FROM known_columns WHERE shape = ?1";
const REMEMBER: &str =
    "INSERT INTO known_columns (shape, chosen, chosen_by, chosen_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET chosen = ?2, chosen_by = ?3, chosen_at = ?4";
const FORGET: &str = "DELETE FROM known_columns WHERE shape = ?1";
/// The newest stay.
const BOUND: &str = "DELETE FROM known_columns WHERE shape IN
    (SELECT shape FROM known_columns ORDER BY chosen_at DESC, shape LIMIT -1 OFFSET ?1)";
impl Sqlite {
    pub(crate) async fn known_columns(&self) -> Result<Vec<KnownColumns>, Error> {
        self.readers
            .read(|sql| {
                let mut statement = sql.prepare_cached(ALL)?;
                let mut found = statement.query([])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.extend(decode(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn remember_columns(
        &self,
        shape: String,
        chosen: ChosenColumns,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writer.write(move |tx| remember(tx.sql, &shape, &chosen, &who, now)).await
    }

    pub(crate) async fn forget_columns(
        &self,
        shape: String,
        who: Actor,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.writer
            .write(move |tx| {
                let before = before(tx.sql, &shape)?;
                if tx.sql.prepare_cached(FORGET)?.execute([&shape])? == 0 {
                    return Ok(false);
                }
                let old = before.as_ref().map(in_words);
                let line =
                    NewAudit { who, what: Deed::ColumnsForgotten, about: about(&shape), old, new: None };
                audit::write(tx.sql, &line, now)?;
                Ok(true)
            })
            .await
    }
}

fn remember(
    sql: &Connection,
    shape: &str,
    chosen: &ChosenColumns,
    who: &Actor,
    now: Timestamp,
) -> Result<(), Error> {
    let before = before(sql, shape)?;
    if before.as_ref() == Some(chosen) {
        return Ok(());
    }
    let internal = |error: serde_json::Error| Error::Internal(error.to_string());
    let (columns, by) =
        (serde_json::to_string(chosen).map_err(internal)?, serde_json::to_string(who).map_err(internal)?);
    sql.prepare_cached(REMEMBER)?.execute((shape, columns, by, micros(now)))?;
    sql.prepare_cached(BOUND)?.execute([whole(COLUMNS_KEPT)])?;
    let (old, new) = (before.as_ref().map(in_words), Some(in_words(chosen)));
    let line = NewAudit { who: who.clone(), what: Deed::ColumnsChosen, about: about(shape), old, new };
    audit::write(sql, &line, now)?;
    Ok(())
}

fn before(sql: &Connection, shape: &str) -> Result<Option<ChosenColumns>, Error> {
    let found: Option<String> = sql.prepare_cached(ONE)?.query_row([shape], |row| row.get(0)).optional()?;
    Ok(found.and_then(|chosen| serde_json::from_str(&chosen).ok()))
}

fn in_words(chosen: &ChosenColumns) -> String {
    audit::parts(chosen.iter().map(|(what, columns)| (what, columns.join(", "))))
}
