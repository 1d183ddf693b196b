//! When people looked how it stands.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{instant, micros},
};
use crate::{Error, PersonId, looks::Looks};

const LOOKS: &str = "SELECT looked_at, looked_before_at FROM person WHERE id = ?1";
const LOOK: &str = "UPDATE person SET looked_at = ?2, looked_before_at = ?3 WHERE id = ?1";

impl Sqlite {
    pub(crate) async fn look(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let now = micros(now);
        let found = self.readers.read(move |sql| read(sql, person)).await?;
        if found.are_noted(now) {
            return Ok(found.before.and_then(instant));
        }
        let note = move |tx: &mut super::writer::Tx<'_>| {
            let looks = read(tx.sql, person)?.and(now);
            tx.sql.prepare_cached(LOOK)?.execute((person.0, looks.last, looks.before))?;
            Ok(looks.before.and_then(instant))
        };
        self.writer.write(note).await
    }

    pub(crate) async fn looked_before(
        &self,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let found = self.readers.read(move |sql| read(sql, person)).await?;
        Ok(found.and(micros(now)).before.and_then(instant))
    }
}

fn read(sql: &Connection, person: PersonId) -> Result<Looks, Error> {
    let both = |row: &rusqlite::Row<'_>| Ok(Looks { last: row.get(0)?, before: row.get(1)? });
    let found = sql.prepare_cached(LOOKS)?.query_row([person.0], both).optional()?;
    found.ok_or(Error::NotFound("person"))
}
