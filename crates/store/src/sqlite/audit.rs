//! The log of what people changed.

use jiff::Timestamp;
use rusqlite::{Connection, Row as SqlRow};

use super::{
    Sqlite, codes,
    codes::{micros, whole},
    rows::{at, text},
};
use crate::{Actor, Audit, AuditFilter, AuditId, Deed, Error, NewAudit, PersonId, PersonName};

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

const COMMAND_LINE: &str = "command line";
const CONFIGURATION: &str = "configuration";
const NOT_SIGNED_IN: &str = "not signed in";
const SCHEDULE: &str = "schedule";
const DROP_FOLDER: &str = "drop folder";
const BOOKPOST: &str = "bookpost";

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

/// Parts of a line, such as `role: viewer; sites: all`. No value can pass for another part.
pub(super) fn parts(named: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> String {
    let mut all = Vec::new();
    for (name, value) in named {
        all.push(format!("{}: {}", name.as_ref(), value.as_ref().replace(';', ",")));
    }
    all.join("; ")
}

/// Adds a line, in whatever transaction changes what it tells of.
pub(super) fn write(sql: &Connection, new: &NewAudit, now: Timestamp) -> Result<AuditId, Error> {
    let (person, who) = match &new.who {
        Actor::Person { id, name } => (Some(id.0), name.as_str()),
        Actor::CommandLine => (None, COMMAND_LINE),
        Actor::Configuration => (None, CONFIGURATION),
        Actor::NotSignedIn => (None, NOT_SIGNED_IN),
        Actor::Schedule => (None, SCHEDULE),
        Actor::DropFolder => (None, DROP_FOLDER),
        Actor::Bookpost => (None, BOOKPOST),
    };
    let row = (micros(now), person, who, codes::name(&new.what)?, &new.about, &new.old, &new.new);
    sql.prepare_cached(ADD)?.execute(row)?;
    Ok(AuditId(sql.last_insert_rowid()))
}

/// As far as it can be decoded: no line is left out.
fn decode(row: &SqlRow<'_>) -> Result<Audit, Error> {
    let who = text(row, 3)?.unwrap_or_default();
    let name = || who.parse::<PersonName>().or_else(|_| "?".parse());
    let who = match row.get::<_, Option<i64>>(2)? {
        Some(id) => Actor::Person {
            id: PersonId(id),
            name: name().map_err(|error| Error::Internal(error.to_string()))?,
        },
        None if who == CONFIGURATION => Actor::Configuration,
        None if who == NOT_SIGNED_IN => Actor::NotSignedIn,
        None if who == SCHEDULE => Actor::Schedule,
        None if who == DROP_FOLDER => Actor::DropFolder,
        None if who == BOOKPOST => Actor::Bookpost,
        None => Actor::CommandLine,
    };
    Ok(Audit {
        id: AuditId(row.get(0)?),
        happened_at: at(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
        who,
        what: text(row, 4)?.and_then(codes::named).unwrap_or(Deed::Unknown),
        about: text(row, 5)?.unwrap_or_default(),
        old: text(row, 6)?,
        new: text(row, 7)?,
    })
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
