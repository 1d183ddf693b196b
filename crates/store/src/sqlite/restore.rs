//! A copy becomes a queue again, and sends nothing twice.
//!
//! All is done to a file of its own, which gets the name of the queue in the end: a process that dies in the middle leaves no queue.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::atomic::AtomicBool,
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    ageing,
    backup::{self, Part, check_room, failed},
    clock,
    codes::{micros, state},
    draft::{Draft, FRESH_FLOOR, FreshChanges, read_meta, write_meta},
    events::{self, Noted},
    migrations, moving, open,
    writer::Tx,
};
use crate::{
    Alarm, BackupError, Error, EventKind, MessageId, OpenError, PauseWhy, RecipientId, Restored, Source,
    State,
};

/// Messages and events that may have been made since the copy, at most; their numbers are not given again. After a hundred such steps
/// the number of a recipient is still one that JavaScript counts exactly.
const STEP: i64 = 1_000_000_000;
/// The same for what people make: applications, runs.
const SMALL_STEP: i64 = 1_000_000;
/// May be in a folder that is to be restored into: the key, which is copied apart, our lock, and what each disk has.
const WELCOME: [&str; 3] = ["secret.key", open::LOCK, "lost+found"];

const UNFINISHED: &str = "SELECT id, state, source FROM recipient WHERE state IN (0, 1, 2, 6) ORDER BY id";
/// What was set aside before may have been sent after all since: all say the same.
const SET_ASIDE: &str =
    "UPDATE recipient SET state = 6, due_at = NULL, lease = NULL, claimed_in = NULL, alone = 0,
        aside_at = coalesce(aside_at, ?2), reason = 'from_backup', note = ?3
    WHERE id = ?1";
/// Tables of people who are signed in, may sign in once by a link, or have keys of their own.
const SIGNED_IN: [&str; 3] = ["session", "link", "person_key"];

pub(crate) fn restore(file: &Path, folder: &Path, now: Timestamp) -> Result<Restored, BackupError> {
    open::check_free(folder)?;
    check_empty(folder)?;
    let copy = backup::look_into(file)?;
    if !copy.wrong.is_empty() {
        return Err(BackupError::Damaged { file: file.to_owned(), wrong: copy.wrong });
    }
    let _lock = open::take(folder)?;
    // Again, now that nobody else can make a queue here.
    check_empty(folder)?;
    check_room(folder, copy.size)?;
    let name = folder.join(open::DATABASE);
    let mut part = Part::create(&name)?;
    File::open(file)
        .and_then(|mut copy| io::copy(&mut copy, part.file()))
        .map_err(|error| failed(file, error))?;
    let restored = renew(&part.path, folder, copy.made_at, now)?;
    part.keep(&name, false)?;
    Ok(restored)
}

/// Empty but for what is welcome, what an earlier restore left unfinished, and folders with nothing in them.
fn check_empty(folder: &Path) -> Result<(), BackupError> {
    let unreadable = |error| failed(folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(unreadable)?,
    };
    let left = backup::part_of(&folder.join(open::DATABASE));
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let is_welcome = WELCOME.iter().any(|name| entry.file_name() == *name) || entry.path() == left;
        if !is_welcome && !is_empty_folder(&entry.path()) {
            return Err(BackupError::NotEmpty { folder: folder.to_owned(), found: entry.path() });
        }
    }
    Ok(())
}

fn is_empty_folder(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Makes a queue of the copy at `part`, which was made at `of`.
fn renew(part: &Path, folder: &Path, of: Timestamp, now: Timestamp) -> Result<Restored, BackupError> {
    let mut sql = open::private(part)?;
    // What was moved away since the copy, or before, may have been sent there: it is set aside like all else.
    moving::forget(&sql)?;
    match migrations::run(&mut sql, folder) {
        Err(OpenError::Store(error)) => return Err(error.into()),
        other => other?,
    }
    let transaction = sql.transaction().map_err(Error::from)?;
    backup::unmark(&transaction)?;
    let (held, reports_closed) = start_anew(&transaction, of, now)?;
    transaction.commit().map_err(Error::from)?;
    Ok(Restored { folder: folder.to_owned(), of, held, reports_closed })
}

/// How many recipients are set aside, and how many reports are owed no more.
fn start_anew(sql: &Connection, of: Timestamp, now: Timestamp) -> Result<(u64, u64), Error> {
    let first_message = read_meta(sql, "next_message")?.unwrap_or(1);
    clock::open(sql, first_message, now)?;
    let before = Draft::load(sql)?;
    let events_damaged = AtomicBool::new(false);
    let mut tx = Tx {
        sql,
        draft: before,
        fresh: FreshChanges::default(),
        bytes: 0,
        erased: false,
        events_damaged: &events_damaged,
    };
    tx.draft.skip(STEP);
    let held = set_aside(&mut tx, of, now)?;
    tx.draft.save(&before, sql)?;
    write_meta(sql, FRESH_FLOOR, RecipientId::of(MessageId(first_message + STEP), 0).0)?;
    number_anew(sql)?;
    forget_who_was_told(&tx, now)?;
    rest_schedules(sql, now)?;
    pause(sql, of, now)?;
    let reports_closed = sql.execute("DELETE FROM obligation", [])?;
    Ok((held, reports_closed as u64))
}

fn set_aside(tx: &mut Tx<'_>, of: Timestamp, now: Timestamp) -> Result<u64, Error> {
    let mut statement = tx.sql.prepare(UNFINISHED)?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, Source(row.get(2)?))))?;
    let unfinished: Vec<(i64, i64, Source)> = found.collect::<Result<_, _>>()?;
    let note = crate::backup::noted(of);
    for (id, from, source) in &unfinished {
        tx.sql.prepare_cached(SET_ASIDE)?.execute((id, micros(now), &note))?;
        let Some(from) = state(*from).filter(|from| *from != State::Held) else { continue };
        tx.draft.moved(from, State::Held);
        let noted = Noted {
            reason: Some(mail::Reason::FromBackup.as_str()),
            ..Noted::new(EventKind::Held, RecipientId(*id))
        };
        events::note(tx, *source, noted, now)?;
    }
    Ok(unfinished.len() as u64)
}

/// Another queue than the one that was copied, whose numbers go on far from where that one may have come to since.
fn number_anew(sql: &Connection) -> Result<(), Error> {
    sql.execute_batch(
        "UPDATE meta SET value = abs(random() / 2) WHERE name = 'store_id';
         INSERT INTO sqlite_sequence (name, seq) SELECT name, 0 FROM sqlite_schema
            WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)",
    )?;
    sql.execute("UPDATE sqlite_sequence SET seq = seq + ?1", [SMALL_STEP])?;
    Ok(())
}

/// Nobody hears again what they may have heard since: web addresses, people of alarms. Who was signed in is so no longer.
fn forget_who_was_told(tx: &Tx<'_>, now: Timestamp) -> Result<(), Error> {
    tx.sql.execute(
        "UPDATE webhook SET told = ?1, failing_since = NULL, retried_until = NULL, next_attempt_at = NULL, trouble = NULL",
        [tx.draft.last_event().0],
    )?;
    tx.sql.execute(
        "UPDATE alarm SET ended_at = coalesce(ended_at, ?1), told = ?2",
        (micros(now), Alarm::TOLD_OVER),
    )?;
    for table in SIGNED_IN {
        let is_there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
        if tx.sql.query_row(is_there, [table], |row| row.get(0))? {
            tx.sql.execute(&format!("DELETE FROM {table}"), [])?;
        }
    }
    Ok(())
}

/// What was written to whom since is not known here.
fn rest_schedules(sql: &Connection, now: Timestamp) -> Result<(), Error> {
    sql.execute("UPDATE schedule SET paused_at = coalesce(paused_at, ?1)", [micros(now)])?;
    // Once its export was noted, its run may have begun.
    let ended = "UPDATE schedule_turn SET ended_at = ?1, came_to = CASE WHEN digest IS NULL
        THEN 'not_now' ELSE 'broken' END WHERE ended_at IS NULL";
    sql.execute(ended, [micros(now)])?;
    Ok(())
}

/// No mail has grown older since the copy was made, and none does until the pause ends.
fn pause(sql: &Connection, of: Timestamp, now: Timestamp) -> Result<(), Error> {
    let why = serde_json::to_string(&PauseWhy::Restored { of })
        .map_err(|error| Error::Internal(error.to_string()))?;
    sql.execute("DELETE FROM pause", [])?;
    sql.execute("INSERT INTO pause (one, began_at, why) VALUES (1, ?1, ?2)", (micros(now), why))?;
    for practice in [false, true] {
        if read_meta(sql, ageing::since(practice))?.is_none() {
            write_meta(sql, ageing::since(practice), micros(of.min(now)))?;
        }
    }
    Ok(())
}
