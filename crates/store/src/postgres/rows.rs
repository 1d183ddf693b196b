//! Rows of PostgreSQL.

use tokio_postgres::Row;

use crate::{Error, rows::Columns};

/// The columns that [`crate::rows::shown`] reads, of [`FROM`]. A row is aside or settled, and never both.
pub(super) const SHOWN: &str = "r.id, r.state, r.class, r.practice, r.due_at, r.expires_at, coalesce(r.settled_at, r.aside_at), r.in_doubt_at, r.attempts,
    r.strikes, r.reason, coalesce(r.note, (SELECT t.answer FROM attempt t WHERE t.recipient = r.id ORDER BY t.n DESC LIMIT 1)),
    a.address, a.notify, a.original, m.kind, m.application, m.site, m.run, m.reverse_path, m.subject, m.message_id,
    m.patron_name, m.patron_number, m.size, m.accepted_at, m.first_due_at, to_json(m.tags)::TEXT, r.reported_in, m.door,
    CASE r.state WHEN 7 THEN r.outdated_by END, (SELECT n.exported_at FROM run n WHERE n.id = r.outdated_by)";
/// Recipients with their messages.
pub(super) const FROM: &str =
    "recipient r JOIN message m ON m.id = r.id / 65536 JOIN addressee a ON a.id = r.id";

impl Columns for Row {
    fn text(&self, column: usize) -> Result<Option<String>, Error> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: usize) -> Result<Option<i64>, Error> {
        let kind = self.columns().get(column).map_or("", |column| column.type_().name());
        Ok(match kind {
            "int2" => self.try_get::<_, Option<i16>>(column)?.map(i64::from),
            "int4" => self.try_get::<_, Option<i32>>(column)?.map(i64::from),
            "bool" => self.try_get::<_, Option<bool>>(column)?.map(i64::from),
            _ => self.try_get(column)?,
        })
    }

    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.try_get(column)?)
    }
}
