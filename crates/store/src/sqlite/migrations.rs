//! The schema's history: numbered files, each run once, in order, in one transaction, never changed afterwards.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::{Error, OpenError};

/// All that this version knows, from number 1.
pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_queue", include_str!("migrations/0001_queue.sql")),
    ("0002_turns", include_str!("migrations/0002_turns.sql")),
    ("0003_once", include_str!("migrations/0003_once.sql")),
    ("0004_applications", include_str!("migrations/0004_applications.sql")),
    ("0005_ledger_message", include_str!("migrations/0005_ledger_message.sql")),
    ("0006_application_messages", include_str!("migrations/0006_application_messages.sql")),
    ("0007_events", include_str!("migrations/0007_events.sql")),
    ("0008_pause", include_str!("migrations/0008_pause.sql")),
    ("0009_preferences", include_str!("migrations/0009_preferences.sql")),
    ("0010_people", include_str!("migrations/0010_people.sql")),
    ("0011_person_keys", include_str!("migrations/0011_person_keys.sql")),
    ("0012_found", include_str!("migrations/0012_found.sql")),
    ("0014_sent", include_str!("migrations/0014_sent.sql")),
    ("0015_run_pages", include_str!("migrations/0015_run_pages.sql")),
    ("0016_session_browser", include_str!("migrations/0016_session_browser.sql")),
    ("0017_door", include_str!("migrations/0017_door.sql")),
    ("0018_logo", include_str!("migrations/0018_logo.sql")),
    ("0019_columns", include_str!("migrations/0019_columns.sql")),
    ("0020_overview", include_str!("migrations/0020_overview.sql")),
    ("0021_came_back", include_str!("migrations/0021_came_back.sql")),
    ("0022_schedules", include_str!("migrations/0022_schedules.sql")),
    ("0023_saved_notices", include_str!("migrations/0023_saved_notices.sql")),
    ("0024_returned", include_str!("migrations/0024_returned.sql")),
    ("0025_schedule_facts", include_str!("migrations/0025_schedule_facts.sql")),
    ("0026_copies", include_str!("migrations/0026_copies.sql")),
    ("0027_mail_account", include_str!("migrations/0027_mail_account.sql")),
    ("0028_stopped", include_str!("migrations/0028_stopped.sql")),
    ("0029_mailbox_full", include_str!("migrations/0029_mailbox_full.sql")),
    ("0030_answered", include_str!("migrations/0030_answered.sql")),
    ("0031_cancelled", include_str!("migrations/0031_cancelled.sql")),
    ("0032_alarm_reason", include_str!("migrations/0032_alarm_reason.sql")),
    ("0033_brokered", include_str!("migrations/0033_brokered.sql")),
];

/// Brings the database up to this version's schema. A database of a newer version, or one whose history is not ours, is refused.
pub(super) fn run(connection: &mut Connection, folder: &Path) -> Result<(), OpenError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(Error::from)?;
    if found > known {
        return Err(OpenError::TooNew { folder: folder.to_owned(), found, known });
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
    apply(&transaction, MIGRATIONS)?;
    transaction.pragma_update(None, "user_version", known).map_err(Error::from)?;
    transaction.commit().map_err(Error::from)?;
    Ok(())
}

/// Runs those that were not run yet.
pub(super) fn apply(connection: &Connection, migrations: &[(&str, &str)]) -> Result<(), Error> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT",
    )?;
    for (number, (name, sql)) in (1_i64..).zip(migrations) {
        let checksum = i64::from(crc32fast::hash(sql.as_bytes()));
        let applied: Option<i64> = connection
            .query_row("SELECT checksum FROM migration WHERE number = ?1", [number], |row| row.get(0))
            .optional()?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(Error::Internal(format!("migration {name} is not the one that was run"))),
            None => {
                connection.execute_batch(sql)?;
                connection.execute("INSERT INTO migration VALUES (?1, ?2, ?3)", (number, name, checksum))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_the_first_version_is_brought_up_with_all_it_holds() {
        let mut sql = Connection::open_in_memory().unwrap();
        apply(&sql, &MIGRATIONS[..1]).unwrap();
        sql.execute_batch(
            "PRAGMA user_version = 1; INSERT INTO ledger VALUES ('overdue-items', 'a', 7);
             INSERT INTO recipient (id, state, class, practice, due_at, expires_at, address) VALUES (65536, 0, 1, 0, 1, 2, 'a@b.example')",
        )
        .unwrap();
        for _ in 0..2 {
            run(&mut sql, Path::new("")).unwrap();
        }
        let of = |text: &str| sql.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let ledger: (i64, Option<i64>) = of("SELECT written_at, message FROM ledger WHERE item = 'a'");
        assert_eq!(ledger, (7, None));
        let waits: (i64, Option<i64>) = of("SELECT id, source FROM recipient");
        assert_eq!(waits, (65_536, Some(0)));
        sql.execute_batch(
            "INSERT INTO message (id, kind, class, practice, application, message_id, subject, size, accepted_at, first_due_at)
             VALUES (1, 0, 1, 0, 'Library', '<1@x>', 'Old', 1, 1, 1)",
        )
        .unwrap();
        let door: (i64, Option<i64>) = of("SELECT id, door FROM message");
        assert_eq!(door, (1, None), "of a message from before it is not known");
    }

    /// What was said of an alarm before it had a reason of its own.
    #[test]
    fn an_alarm_from_before_has_the_reason_that_its_text_says() {
        let mut sql = Connection::open_in_memory().unwrap();
        let before = MIGRATIONS.iter().position(|(name, _)| *name == "0032_alarm_reason").unwrap();
        apply(&sql, &MIGRATIONS[..before]).unwrap();
        let all = [
            (
                "server_down",
                "server1",
                "Your mail server (Server 1) (a): The mail server cannot be reached. Mail waits.",
                Some("unreachable"),
            ),
            (
                "server_down",
                "server2",
                "B (b): The connection broke several times while the server was answering. Mail",
                Some("answer_unknown"),
            ),
            (
                "sign_in",
                "server1",
                "A (a): The mail server's proof of identity has run out. Mail waits.",
                Some("certificate_expired"),
            ),
            ("sign_in", "google", "Google: The mail provider has signed us out.", Some("signed_out")),
            (
                "quota",
                "server1",
                "The sending limit is used up. Mail waits and is tried again every hour. The server said: no",
                Some("quota_used_up"),
            ),
            (
                "schedule",
                "schedule 1",
                "No notices (Overdue) were sent by the schedule A of Monday: The export is too old. Look",
                Some("too_old"),
            ),
            ("schedule", "schedule 1 time", "The schedule A has no time any more", None),
            (
                "drop_folder",
                "a.csv",
                "The export a.csv in the drop folder cannot be read: no. Let Bookpost's user read it (chmod g+r).",
                Some("export_unreadable"),
            ),
            (
                "drop_folder",
                "old export: a.csv",
                "The export a.csv in the drop folder was last changed",
                Some("export_old"),
            ),
            (
                "drop_folder",
                "refused export: a.csv",
                "The export a.csv could not be used, and nothing was sent.",
                Some("export_refused"),
            ),
            // Where the kind says all, no sentence that happens to stand in its text does.
            ("disk", "queue", "The mail server cannot be reached.", None),
            ("sign_in", "server2", "Noted.", None),
        ];
        for (kind, subject, text, _) in all {
            let row = (kind, subject, text);
            sql.execute("INSERT INTO alarm (kind, subject, text, started_at) VALUES (?1, ?2, ?3, 1)", row)
                .unwrap();
        }
        run(&mut sql, Path::new("")).unwrap();
        let mut statement = sql.prepare("SELECT reason FROM alarm ORDER BY id").unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        let found: Vec<Option<String>> = found.collect::<Result<_, _>>().unwrap();
        for ((kind, _, text, expected), reason) in all.iter().zip(&found) {
            assert_eq!(reason.as_deref(), *expected, "{kind}: {text}");
        }
        assert_eq!(found.len(), all.len());
    }

    /// What was answered before answers were counted, as far back as they are.
    #[test]
    fn answers_from_before_they_were_counted_are_counted() {
        const DAY: i64 = 86_400_000_000;
        let mut sql = Connection::open_in_memory().unwrap();
        apply(&sql, &MIGRATIONS[..28]).unwrap();
        let now = 20_000 * DAY;
        sql.execute("INSERT INTO meta VALUES ('clock_seen_at', ?1)", [now]).unwrap();
        sql.execute(
            "INSERT INTO message (id, kind, class, practice, application, site, message_id, subject, size, accepted_at, first_due_at)
             VALUES (1, 0, 1, 0, 'Library', 'MAIN', '<1@x>', 'Old', 1, ?1, ?1)",
            [now - 20 * DAY],
        )
        .unwrap();
        let columns =
            "id, state, class, practice, due_at, expires_at, aside_at, settled_at, in_doubt_at, address";
        for (ordinal, (state, due_at, aside_at, settled_at)) in [
            (3, None, None, Some(now - 10 * DAY)),
            (3, None, None, Some(now - DAY)),
            (7, None, None, Some(now - 10 * DAY)),
            (7, None, None, Some(now - DAY)),
            (2, None, Some(now), None),
            (6, None, Some(now), None),
            (0, Some(now), None, None),
        ]
        .into_iter()
        .enumerate()
        {
            let id = 65_536 + i64::try_from(ordinal).unwrap();
            let text = format!(
                "INSERT INTO recipient ({columns}) VALUES (?1, ?2, 1, 0, ?3, 2, ?4, ?5, ?4, 'a@b.example')"
            );
            sql.execute(&text, (id, state, due_at, aside_at, settled_at)).unwrap();
        }
        run(&mut sql, Path::new("")).unwrap();
        let mut statement = sql.prepare("SELECT * FROM answered ORDER BY quarter").unwrap();
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        let found: Vec<(i64, String, i64, i64)> = found.unwrap().collect::<Result<_, _>>().unwrap();
        let quarter = |at: i64| at / 900_000_000;
        let main = || "MAIN".to_owned();
        let before = [3, 7].map(|state| (quarter(now - DAY), main(), state, 1));
        assert_eq!(found, [before.as_slice(), &[(quarter(now), main(), 2, 1)]].concat());
    }
}
