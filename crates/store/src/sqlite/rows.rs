//! Rows of SQLite.

use rusqlite::{Row as SqlRow, types::ValueRef};

use crate::Error;

pub(super) use crate::rows::{
    Columns, SHOWN_COLUMNS, at, attempt, envelope, recipient, reverse_path, shown, text,
};

/// The columns that [`shown`] reads, of `recipient r JOIN message m`. A row is aside or settled, and never both.
pub(super) const SHOWN: &str = "r.id, r.state, r.class, r.practice, r.due_at, r.expires_at, coalesce(r.settled_at, r.aside_at), r.in_doubt_at, r.attempts,
    r.strikes, r.reason, coalesce(r.note, (SELECT a.answer FROM attempt a WHERE a.recipient = r.id ORDER BY a.n DESC LIMIT 1)),
    r.address, r.notify, r.original, m.kind, m.application, m.site, m.run, m.reverse_path, m.subject, m.message_id,
    m.patron_name, m.patron_number, m.size, m.accepted_at, m.first_due_at, m.tags, r.reported_in, m.door,
    CASE r.state WHEN 7 THEN r.outdated_by END, (SELECT n.exported_at FROM run n WHERE n.id = r.outdated_by)";

impl Columns for SqlRow<'_> {
    fn text(&self, column: usize) -> Result<Option<String>, Error> {
        Ok(match self.get_ref(column)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Null | ValueRef::Real(_) => None,
        })
    }

    fn number(&self, column: usize) -> Result<Option<i64>, Error> {
        Ok(self.get(column)?)
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get(column)?)
    }
}
