//! The log of what people changed.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::{Postgres, tx::Tx};
use crate::{
    Audit, AuditFilter, AuditId, Error, NewAudit,
    audit::decode,
    codes::{micros, name, plain, whole},
    rows::Columns as _,
};

const ADD: &str = "INSERT INTO audit (happened_at, person, who, what, about, old, new)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
/// Down the key, of all lines or of those of an index; ends as soon as the page is full.
const LIST: &str = "SELECT id, happened_at, person, who, what, about, old, new FROM audit WHERE id < $1";

impl Postgres {
    pub(crate) async fn note_audit(&self, new: NewAudit, now: Timestamp) -> Result<AuditId, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let id = write(&tx, &new, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, Error> {
        let from = after.map_or(i64::MAX, |id| id.0);
        let who = filter.who.map(|id| id.0);
        let what = filter.what.as_ref().map(name).transpose()?;
        let limit = whole(limit);
        let mut question = LIST.to_owned();
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&from];
        let wanted: [(&str, Option<&(dyn ToSql + Sync)>); 3] = [
            ("person", who.as_ref().map(|who| who as _)),
            ("about", filter.about.as_ref().map(|about| about as _)),
            ("what", what.as_ref().map(|what| what as _)),
        ];
        for (column, value) in wanted {
            let Some(value) = value else { continue };
            values.push(value);
            question = format!("{question} AND {column} = ${}", values.len());
        }
        values.push(&limit);
        question = format!("{question} ORDER BY id DESC LIMIT ${}", values.len());
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(&question, &values).await?.iter().map(decode).collect()
    }
}

/// Adds a line, in whatever transaction changes what it tells of.
pub(super) async fn write(tx: &Tx<'_>, new: &NewAudit, now: Timestamp) -> Result<AuditId, Error> {
    let (person, who) = new.who.columns();
    let [old, new_value] = [&new.old, &new.new].map(|value| value.as_deref().map(plain));
    let row = tx
        .one(ADD, &[&micros(now), &person, &who, &name(&new.what)?, &plain(&new.about), &old, &new_value])
        .await?;
    Ok(AuditId(row.id(0)?))
}
