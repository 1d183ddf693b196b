//! Turns: mail of one class is claimed by its sources one after the other, so that nobody waits behind the whole of another's mail.
//!
//! The index `recipient_turn` has what waits by source, then by time. Sources are found by leaping from one to the next: a look at them
//! costs a few steps for each, however much of it waits.

use rusqlite::{CachedStatement, Connection, OptionalExtension};

use crate::Error;

/// The first row of the next source: it is the one that falls due first there.
const NEXT_SOURCE: &str = "SELECT source, due_at, id FROM recipient INDEXED BY recipient_turn
    WHERE state = 0 AND alone = 0 AND practice = ?1 AND class = ?2 AND source > ?3 ORDER BY source, due_at, id LIMIT 1";
const IS_DUE: &str = "SELECT EXISTS (SELECT 1 FROM recipient INDEXED BY recipient_turn
    WHERE state = 0 AND alone = 0 AND practice = ?1 AND class = ?2 AND source = ?3 AND due_at >= ?4 AND due_at <= ?5)";

/// Leaps from source to source.
struct Leaps<'a> {
    statement: CachedStatement<'a>,
    practice: bool,
    class: i64,
    last: i64,
}

/// What falls due first of a source: (source, due_at, id).
type First = (i64, i64, i64);

impl Leaps<'_> {
    fn next(&mut self) -> Result<Option<First>, Error> {
        let first = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found: Option<First> =
            self.statement.query_row((self.practice, self.class, self.last), first).optional()?;
        self.last = found.map_or(self.last, |(source, ..)| source);
        Ok(found)
    }
}

fn leaps(sql: &Connection, practice: bool, class: i64) -> Result<Leaps<'_>, Error> {
    Ok(Leaps { statement: sql.prepare_cached(NEXT_SOURCE)?, practice, class, last: i64::MIN })
}

/// The sources that have mail of this class that fell due within this time.
pub(super) fn sources_due(
    sql: &Connection,
    practice: bool,
    class: i64,
    from: i64,
    to: i64,
) -> Result<Vec<i64>, Error> {
    let (mut leaps, mut sources) = (leaps(sql, practice, class)?, Vec::new());
    let mut is_due = sql.prepare_cached(IS_DUE)?;
    while let Some((source, first_due_at, _)) = leaps.next()? {
        let within = (from..=to).contains(&first_due_at)
            || first_due_at < from
                && is_due.query_row((practice, class, source, from, to), |row| row.get(0))?;
        if within {
            sources.push(source);
        }
    }
    Ok(sources)
}

/// When something of this class falls due next, and which row it is.
pub(super) fn next_due(sql: &Connection, practice: bool, class: i64) -> Result<Option<(i64, i64)>, Error> {
    let (mut leaps, mut next) = (leaps(sql, practice, class)?, None);
    while let Some((_, due_at, id)) = leaps.next()? {
        next = next.into_iter().chain([(due_at, id)]).min();
    }
    Ok(next)
}
