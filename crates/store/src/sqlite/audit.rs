//! The log of what people changed.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite, codes,
    codes::{micros, whole},
};
pub(super) use crate::audit::parts;
use crate::{Audit, AuditFilter, AuditId, Error, NewAudit, audit::decode};

const ADD: &str = "INSERT INTO audit (happened_at, person, who, what, about, old, new)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
/// Down the key, of all lines or of those of an index; ends as soon as the page is full.
macro_rules! list {
    ($of:literal) => {
        concat!(
            "SELECT id, happened_at, person, who, what, about, old, new FROM audit ",
            $of,
            " AND id < ?1 AND (?2 IS NULL OR person = ?2) AND (?3 IS NULL OR about = ?3) AND (?4 IS NULL OR what = ?4)
            ORDER BY id DESC LIMIT ?5"
        )
    };
}
const LIST: &str = list!("WHERE true");
const LIST_ABOUT: &str = list!("INDEXED BY audit_about WHERE about = ?3");
const LIST_WHAT: &str = list!("INDEXED BY audit_what WHERE what = ?4");

impl Sqlite {
    pub(crate) async fn note_audit(&self, new: NewAudit, now: Timestamp) -> Result<AuditId, Error> {
        self.writer.write(move |tx| write(tx.sql, &new, now)).await
    }

    pub(crate) async fn audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, Error> {
        self.readers
            .read(move |sql| {
                let from = after.map_or(i64::MAX, |id| id.0);
                let question = match (&filter.about, &filter.what) {
                    (Some(_), _) => LIST_ABOUT,
                    (None, Some(_)) => LIST_WHAT,
                    (None, None) => LIST,
                };
                let mut statement = sql.prepare_cached(question)?;
                let who = filter.who.map(|id| id.0);
                let what = filter.what.as_ref().map(codes::name).transpose()?;
                let mut found = statement.query((from, who, filter.about, what, whole(limit)))?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(decode(row)?);
                }
                Ok(all)
            })
            .await
    }
}

/// Adds a line, in whatever transaction changes what it tells of.
pub(super) fn write(sql: &Connection, new: &NewAudit, now: Timestamp) -> Result<AuditId, Error> {
    let (person, who) = new.who.columns();
    let row = (micros(now), person, who, codes::name(&new.what)?, &new.about, &new.old, &new.new);
    sql.prepare_cached(ADD)?.execute(row)?;
    Ok(AuditId(sql.last_insert_rowid()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    /// The last line of a kind, or about something, passes none of another.
    #[test]
    fn lines_of_a_kind_and_about_something_have_an_index() {
        for (question, entered) in [
            (LIST, "SEARCH audit USING INTEGER PRIMARY KEY (rowid<?)"),
            (LIST_ABOUT, "SEARCH audit USING INDEX audit_about (about=? AND rowid<?)"),
            (LIST_WHAT, "SEARCH audit USING INDEX audit_what (what=? AND rowid<?)"),
        ] {
            assert_eq!(open::tests::plan(question), entered);
        }
    }
}
