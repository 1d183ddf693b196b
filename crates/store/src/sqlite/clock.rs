//! The queue's instants and the machine's clock.
//!
//! While the queue is open its time comes from the service's own clock, which nobody sets. The next start reads the machine's clock
//! anew: every instant in the queue is then moved by as much as that was set meanwhile, so that no age and no wait changes.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::{
    Sqlite, ageing,
    codes::micros,
    draft::{read_meta, write_meta},
    tally,
};
use crate::Error;

/// A clock is set by more than this; less is a second that was slipped in, or a slow network's time.
pub(super) const TOLERANCE: i64 = 60 * 1_000_000;

/// The last instant that the queue was told of.
pub(super) const SEEN_AT: &str = "clock_seen_at";
/// By how much the machine's clock has been set since the queue was opened.
const DEPARTURE: &str = "clock_departure";
/// By how much instants were moved at openings of which nobody has heard.
const UNHEARD: &str = "clock_set_unheard";
/// When the queue was opened last, and how long it had been closed then.
const OPENED_AT: &str = "clock_opened_at";
const CLOSED_FOR: &str = "clock_closed_for";
/// The first message of that opening.
const FIRST_MESSAGE: &str = "clock_first_message";

/// Moved by ?1: what lies ahead; what has an age, from ?2 on; and what a message's age is counted from and to, from message ?3 on.
const RECIPIENTS: &str =
    "UPDATE recipient SET due_at = due_at + ?1, expires_at = expires_at + ?1 * (id >= ?3 * 65536),
        aside_at = aside_at + ?1 * (aside_at >= ?2), settled_at = settled_at + ?1 * (settled_at >= ?2),
        in_doubt_at = in_doubt_at + ?1 * (in_doubt_at >= ?2)";
const MESSAGES: &str = "UPDATE message SET accepted_at = accepted_at + ?1 * (accepted_at >= ?2),
        first_due_at = first_due_at + ?1 * (id >= ?3)";
/// Since when mail does not age.
const AGEING_STOPPED: &str = "UPDATE meta SET value = value + ?1 WHERE name = ?3 AND value >= ?2";
/// Everything else that has an instant.
const OTHERS: [(&str, &str); 61] = [
    ("installation", "made_at"),
    ("installation", "revoked_at"),
    ("brokered", "happened_at"),
    ("brokered", "returned_at"),
    ("brokered", "used_at"),
    ("attempt", "started_at"),
    ("attempt", "ended_at"),
    ("attempt", "instead_since"),
    ("obligation", "owed_since"),
    ("ledger", "written_at"),
    ("run", "started_at"),
    ("run", "finished_at"),
    ("run", "exported_at"),
    ("run", "stopped_at"),
    ("alarm", "started_at"),
    ("alarm", "ended_at"),
    ("once", "made_at"),
    ("application", "made_at"),
    ("application", "disabled_at"),
    ("application_key", "made_at"),
    ("application_key", "used_at"),
    ("application_key", "revoked_at"),
    ("event", "happened_at"),
    ("pause", "began_at"),
    ("preference_change", "changed_at"),
    ("event", "next_attempt_at"),
    ("webhook", "made_at"),
    ("webhook", "told_at"),
    ("webhook", "failing_since"),
    ("webhook", "next_attempt_at"),
    ("person", "added_at"),
    ("person", "disabled_at"),
    ("person", "last_sign_in_at"),
    ("person", "looked_at"),
    ("person", "looked_before_at"),
    ("person_key", "made_at"),
    ("person_key", "used_at"),
    ("person_key", "revoked_at"),
    ("session", "begun_at"),
    ("session", "seen_at"),
    ("link", "expires_at"),
    ("audit", "happened_at"),
    ("sent", "sent_at"),
    ("known_columns", "chosen_at"),
    ("saved_notice", "made_at"),
    ("saved_notice", "changed_at"),
    ("saved_notice", "removed_at"),
    ("wording", "changed_at"),
    ("came_back", "noted_at"),
    ("came_back", "until"),
    ("schedule", "paused_at"),
    ("schedule", "made_at"),
    ("schedule_turn", "begun_at"),
    ("schedule_turn", "ended_at"),
    ("mail_account", "connected_at"),
    ("mail_account", "usable_until"),
    ("mail_account", "refresh_at"),
    ("mail_account", "refreshed_at"),
    ("mail_account", "failed_at"),
    ("mail_account", "signed_out_at"),
    ("mail_account", "leased_until"),
];

/// What the last opening left on record.
#[derive(Debug, Clone, Copy)]
struct Record {
    seen_at: i64,
    departure: i64,
    opened_at: i64,
    closed_for: i64,
    first_message: i64,
}

/// How instants are moved: by how much, from which instant on, and from which message on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shift {
    by: i64,
    since: i64,
    first_message: i64,
}

impl Record {
    fn load(sql: &Connection) -> Result<Option<Self>, Error> {
        let Some(seen_at) = read_meta(sql, SEEN_AT)? else { return Ok(None) };
        let read = |name| Ok::<_, Error>(read_meta(sql, name)?.unwrap_or(0));
        Ok(Some(Self {
            seen_at,
            departure: read(DEPARTURE)?,
            opened_at: read(OPENED_AT)?,
            closed_for: read(CLOSED_FOR)?,
            first_message: read(FIRST_MESSAGE)?,
        }))
    }

    /// The last instant seen, by the clock as it was set since.
    fn seen_at(&self) -> i64 {
        self.seen_at + self.departure
    }

    /// By how much the clock was set, as far as it shows: while the queue was open, that was recorded; while it was closed, a clock
    /// that was set back stands before the last time seen. None: all is as it should be.
    fn shift(&self, now: i64) -> Option<Shift> {
        let before_seen = now - self.seen_at();
        let by = self.departure + if before_seen < -TOLERANCE { before_seen } else { 0 };
        if by.abs() <= TOLERANCE {
            return None;
        }
        // Set back by no more than the queue had been closed for before: then it may have been ahead from the last start on, and
        // what is older than that start has the right time already. If it has not, it only lives that much longer.
        Some(if by < 0 && self.closed_for >= -by {
            Shift { by, since: self.opened_at, first_message: self.first_message }
        } else {
            Shift { by, since: i64::MIN, first_message: 0 }
        })
    }
}

impl Shift {
    fn apply(&self, sql: &Connection) -> Result<(), Error> {
        for text in [RECIPIENTS, MESSAGES] {
            sql.execute(text, (self.by, self.since, self.first_message))?;
        }
        for (table, column) in OTHERS {
            let text = format!("UPDATE {table} SET {column} = {column} + ?1 WHERE {column} >= ?2");
            sql.execute(&text, (self.by, self.since))?;
        }
        tally::recount(sql)?;
        for name in [ageing::since(false), ageing::since(true)] {
            sql.execute(AGEING_STOPPED, (self.by, self.since, name))?;
        }
        Ok(())
    }
}

/// Moves the queue's instants, if the clock was set since the last opening, and puts this opening on record. Gives by how much all
/// were moved of which nobody has heard. Costs nothing that grows with the queue unless it was set.
pub(super) fn open(
    sql: &Connection,
    first_message: i64,
    now: Timestamp,
) -> Result<Option<SignedDuration>, Error> {
    let now = micros(now);
    let record = Record::load(sql)?;
    let shift = record.and_then(|record| record.shift(now));
    let mut unheard = read_meta(sql, UNHEARD)?.unwrap_or(0);
    if let Some(shift) = shift {
        shift.apply(sql)?;
        unheard += shift.by;
        let by = SignedDuration::from_micros(shift.by);
        tracing::warn!(%by, "the computer's clock was set since the last start; all times in the queue were moved by as much");
    }
    let seen_at = record.filter(|_| shift.is_none()).map_or(now, |record| record.seen_at());
    for (name, value) in [
        (SEEN_AT, seen_at),
        (DEPARTURE, 0),
        (OPENED_AT, now),
        (CLOSED_FOR, (now - seen_at).max(0)),
        (FIRST_MESSAGE, first_message),
        (UNHEARD, unheard),
    ] {
        write_meta(sql, name, value)?;
    }
    Ok((unheard != 0).then(|| SignedDuration::from_micros(unheard)))
}

impl Sqlite {
    pub(crate) fn clock_set(&self) -> Option<SignedDuration> {
        self.clock_set
    }

    pub(crate) async fn clock_set_heard(&self) -> Result<(), Error> {
        self.writer.write(|tx| write_meta(tx.sql, UNHEARD, 0)).await
    }

    pub(crate) async fn note_clock(&self, departure: SignedDuration, now: Timestamp) -> Result<(), Error> {
        let departure = i64::try_from(departure.as_micros()).unwrap_or(0);
        let departure = if departure.abs() > TOLERANCE { departure } else { 0 };
        self.writer
            .write(move |tx| {
                write_meta(tx.sql, DEPARTURE, departure)?;
                tx.draft.note_seen(tx.sql, micros(now))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations;

    const MINUTE: i64 = 60_000_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    /// Opened then, and last seen an hour later.
    const OPENED: i64 = 20_000 * DAY;

    #[test]
    fn instants_move_as_the_clock_was_set() {
        let all = |by| Some(Shift { by, since: i64::MIN, first_message: 0 });
        let of_this_opening = |by| Some(Shift { by, since: OPENED, first_message: 7 });
        for (told, closed_for, departure, later, expected) in [
            ("as it should be", 0, 0, HOUR, None),
            ("off for a year", 0, 0, 365 * DAY, None),
            ("a slow network's time", 0, -MINUTE / 2, -MINUTE / 2, None),
            ("started a week ahead, corrected", 0, -7 * DAY, -7 * DAY, all(-7 * DAY)),
            (
                "the same after a queue was there already",
                8 * DAY,
                -7 * DAY,
                -7 * DAY,
                of_this_opening(-7 * DAY),
            ),
            ("started in 1970, corrected", 0, OPENED, OPENED + DAY, all(OPENED)),
            ("set forward a week while it ran", 5 * DAY, 7 * DAY, 7 * DAY, all(7 * DAY)),
            ("set back a day while it ran", HOUR, -DAY, -DAY + HOUR, all(-DAY)),
            ("set back a day while it was off", HOUR, 0, -DAY, all(-DAY)),
            ("was a week ahead, corrected while it was off", 8 * DAY, 0, -7 * DAY, of_this_opening(-7 * DAY)),
            ("corrected, and in 1970 again at the next start", 0, OPENED, -HOUR, all(-HOUR)),
        ] {
            let seen_at = OPENED + HOUR;
            let record = Record { seen_at, departure, opened_at: OPENED, closed_for, first_message: 7 };
            assert_eq!(record.shift(seen_at + later), expected, "{told}");
        }
    }

    #[test]
    fn since_when_mail_does_not_age_is_moved_too() {
        let sql = Connection::open_in_memory().unwrap();
        migrations::apply(&sql, migrations::MIGRATIONS).unwrap();
        write_meta(&sql, ageing::since(false), OPENED).unwrap();
        Shift { by: -DAY, since: i64::MIN, first_message: 0 }.apply(&sql).unwrap();
        assert_eq!(read_meta(&sql, ageing::since(false)).unwrap(), Some(OPENED - DAY));
    }

    /// Every column that holds an instant is known here, those of later tables too.
    #[test]
    fn every_instant_is_moved() {
        let sql = Connection::open_in_memory().unwrap();
        migrations::apply(&sql, migrations::MIGRATIONS).unwrap();
        let mut statement = sql
            .prepare(
                "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND (c.name GLOB '*_at' OR c.name GLOB '*_since')",
            )
            .unwrap();
        let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let columns: Vec<(String, String)> = columns.collect::<Result<_, _>>().unwrap();
        assert!(columns.len() > 10, "{columns:?}");
        for (table, column) in columns {
            let text = [("recipient", RECIPIENTS), ("message", MESSAGES)]
                .iter()
                .find(|(name, _)| *name == table)
                .map_or(String::new(), |(_, text)| (*text).to_owned());
            let known = OTHERS.contains(&(table.as_str(), column.as_str()))
                || text.contains(&format!("{column} = {column} + "));
            assert!(known, "{table}.{column}");
        }
    }
}
