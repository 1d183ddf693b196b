//! When people looked how it stands.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{instant, micros},
};
use crate::{ANOTHER_VISIT, Error, PersonId};

/// What is written anew no more often: one visit has many pages.
const MINUTE: i64 = 60 * 1_000_000;

const LOOKS: &str = "SELECT looked_at, looked_before_at FROM person WHERE id = ?1";
const LOOK: &str = "UPDATE person SET looked_at = ?2, looked_before_at = ?3 WHERE id = ?1";

/// When somebody looked last, and when the visit before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looks {
    last: Option<i64>,
    before: Option<i64>,
}

impl Looks {
    fn read(sql: &Connection, person: PersonId) -> Result<Self, Error> {
        let both = |row: &rusqlite::Row<'_>| Ok(Self { last: row.get(0)?, before: row.get(1)? });
        let found = sql.prepare_cached(LOOKS)?.query_row([person.0], both).optional()?;
        found.ok_or(Error::NotFound("person"))
    }

    /// With one more.
    fn and(self, now: i64) -> Self {
        let visit = i64::try_from(ANOTHER_VISIT.as_micros()).unwrap_or(i64::MAX);
        match self.last {
            Some(last) if now - last < visit => Self { last: Some(now), ..self },
            last => Self { last: Some(now), before: last },
        }
    }
}

impl Sqlite {
    pub(crate) async fn look(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let now = micros(now);
        let found = self.readers.read(move |sql| Looks::read(sql, person)).await?;
        if found.last.is_some_and(|last| (0..MINUTE).contains(&(now - last))) {
            return Ok(found.before.and_then(instant));
        }
        let note = move |tx: &mut super::writer::Tx<'_>| {
            let looks = Looks::read(tx.sql, person)?.and(now);
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
        let found = self.readers.read(move |sql| Looks::read(sql, person)).await?;
        Ok(found.and(micros(now)).before.and_then(instant))
    }
}
