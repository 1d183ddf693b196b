//! What people said of the columns of exports.

use jiff::Timestamp;

use super::{Postgres, audit, tx::Tx};
use crate::{
    Actor, COLUMNS_KEPT, ChosenColumns, Deed, Error, KnownColumns, NewAudit,
    codes::{as_json, micros, of_json, whole},
    columns::{about, decode},
    rows::Columns as _,
};

const ALL: &str = "SELECT shape, chosen, chosen_by, chosen_at FROM known_columns ORDER BY shape";
const ONE: &str = "SELECT chosen FROM known_columns WHERE shape = $1 FOR UPDATE";
const REMEMBER: &str =
    "INSERT INTO known_columns (shape, chosen, chosen_by, chosen_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (shape) DO UPDATE SET chosen = $2, chosen_by = $3, chosen_at = $4";
const FORGET: &str = "DELETE FROM known_columns WHERE shape = $1";
/// The newest stay.
const BOUND: &str = "DELETE FROM known_columns WHERE shape IN
    (SELECT shape FROM known_columns ORDER BY chosen_at DESC, shape OFFSET $1)";

impl Postgres {
    pub(crate) async fn known_columns(&self) -> Result<Vec<KnownColumns>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        for row in tx.all(ALL, &[]).await? {
            all.extend(decode(&row)?);
        }
        Ok(all)
    }

    pub(crate) async fn remember_columns(
        &self,
        shape: String,
        chosen: ChosenColumns,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let before = before(&tx, &shape).await?;
        if before.as_ref() == Some(&chosen) {
            return Ok(());
        }
        tx.run(REMEMBER, &[&shape, &as_json(&chosen)?, &as_json(&who)?, &micros(now)]).await?;
        tx.run(BOUND, &[&whole(COLUMNS_KEPT)]).await?;
        let (old, new) = (before.as_ref().map(in_words), Some(in_words(&chosen)));
        let line = NewAudit { who, what: Deed::ColumnsChosen, about: about(&shape), old, new };
        audit::write(&tx, &line, now).await?;
        tx.commit().await
    }

    pub(crate) async fn forget_columns(
        &self,
        shape: String,
        who: Actor,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let old = before(&tx, &shape).await?.as_ref().map(in_words);
        if tx.run(FORGET, &[&shape]).await? == 0 {
            return Ok(false);
        }
        let line = NewAudit { who, what: Deed::ColumnsForgotten, about: about(&shape), old, new: None };
        audit::write(&tx, &line, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn before(tx: &Tx<'_>, shape: &str) -> Result<Option<ChosenColumns>, Error> {
    let Some(row) = tx.first(ONE, &[&shape]).await? else { return Ok(None) };
    Ok(of_json(row.text(0)?))
}

fn in_words(chosen: &ChosenColumns) -> String {
    crate::audit::parts(chosen.iter().map(|(what, columns)| (what, columns.join(", "))))
}
