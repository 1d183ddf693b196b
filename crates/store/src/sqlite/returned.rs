//! Items that came back: mail that a newer export puts out of date.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mail::Reason;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{instant, micros, name, state, state_code, whole},
    draft::{FRESH_FLOOR, read_meta},
    notices::{self, run_of, unreadable},
    rows::text,
    writer::Tx,
};
use crate::{
    AllReturned, Earlier, Error, ExportTaken, LedgerKey, MessageId, NewerExport, OpenNotice, RecipientId,
    Replaces, Run, RunId, State, before,
    returned::{PARTS_KEPT, SLICE, last_name, open_notice, part},
};

const TAKE: &str = "UPDATE run SET exported_at = ?2 WHERE id = ?1";
const PART: &str = "INSERT OR REPLACE INTO export_part (run, site, items, sample) VALUES (?1, ?2, ?3, ?4)";
const FORGET_PARTS: &str = "DELETE FROM export_part WHERE run IN (SELECT id FROM run WHERE started_at < ?1)";
/// Marked mail that is settled by now: what becomes of its rows in the ledger is decided.
const FORGET_MARKS: &str = "DELETE FROM outdated WHERE NOT EXISTS (SELECT 1 FROM recipient r
    WHERE r.id BETWEEN outdated.message * 65536 AND outdated.message * 65536 + 65535 AND r.state = 1)";

/// Real mail of runs that is open, each state by the way on which nothing else is looked at; mail of programs is passed over by its source.
/// ?1 is the notice, ?2 the run before which they began, ?3 (named in each, as each is given it) the recipient below which nothing fresh is in
/// flight.
const OPEN: [&str; 4] = [
    "recipient r INDEXED BY recipient_expiring CROSS JOIN message m ON m.id = r.id / 65536 CROSS JOIN run n ON n.id = m.run
        WHERE r.state = 0 AND r.practice = 0",
    "recipient r INDEXED BY recipient_held CROSS JOIN message m ON m.id = r.id / 65536 CROSS JOIN run n ON n.id = m.run
        WHERE r.state = 6 AND r.practice = 0",
    "recipient r INDEXED BY recipient_claimed CROSS JOIN message m ON m.id = r.id / 65536 CROSS JOIN run n ON n.id = m.run
        WHERE r.claimed_in IS NOT NULL AND r.state = 1 AND r.practice = 0",
    "recipient r NOT INDEXED CROSS JOIN message m ON m.id = r.id / 65536 CROSS JOIN run n ON n.id = m.run
        WHERE r.id >= ?3 AND r.state = 1 AND r.claimed_in IS NULL AND r.practice = 0",
];
const OF_RUNS: &str =
    "r.source >= 4294967296 AND n.notice = ?1 AND n.practice = 0 AND n.id < ?2 AND ?3 IS NOT NULL";
const NAMED: &str = "SELECT item, message, site FROM ledger WHERE notice = ?1 AND message BETWEEN ?2 AND ?3";
const EXPORT: &str = "SELECT exported_at FROM run WHERE id = ?1";
const PARTS: &str = "SELECT site, items, sample FROM export_part WHERE run = ?1";
const NEWEST: &str = "SELECT p.site, max(n.exported_at) FROM run n CROSS JOIN export_part p ON p.run = n.id
    WHERE n.notice = ?1 AND n.practice = 0 AND n.id <> ?2 GROUP BY p.site";

/// Of the mail ?1.
const NEWER: &str = "SELECT n.id, n.exported_at, m.patron_name, m.patron_number
    FROM message m CROSS JOIN run o ON o.id = m.run CROSS JOIN run n ON n.notice = o.notice
    WHERE m.id = ?1 AND n.id <> o.id AND n.practice = 0 AND n.finished_at IS NOT NULL
        AND (n.exported_at > o.exported_at OR n.exported_at = o.exported_at AND n.id > o.id)
        AND EXISTS (SELECT 1 FROM export_part p WHERE p.run = n.id AND p.site = m.site)
    ORDER BY n.exported_at DESC, n.id DESC LIMIT 1";
const WROTE: &str = "SELECT EXISTS (SELECT 1 FROM message INDEXED BY message_run
    WHERE run = ?1 AND (CASE WHEN ?3 IS NULL THEN patron_name = ?2 ELSE patron_number = ?3 END))";
/// Those whom the run had something to say to. A line that could not be used may be about anybody whose number or last name stands in it, and one
/// of which nothing is kept about anybody.
const SAYS: &str = "SELECT EXISTS (SELECT 1 FROM left_out WHERE run = ?1 AND (
        why IN ('no_address', 'written_lately', 'came_back', 'unknown_branch', 'not_made', 'stopped') AND instr(who, ?2)
        OR why = 'refused_line' AND (who = '' OR instr(who, coalesce(?3, ?2)) OR instr(who, ?4))))";

const OF_MESSAGE: &str =
    "SELECT id, state FROM recipient WHERE id BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 ORDER BY id";
const CANCEL: &str =
    "UPDATE recipient SET state = 7, due_at = NULL, alone = 0, aside_at = NULL, settled_at = ?2, reason = ?3,
        outdated_by = ?4, outdated_why = ?3
    WHERE id = ?1 AND state = ?5";
const MARK: &str = "UPDATE recipient SET outdated_by = ?2, outdated_why = ?3 WHERE id = ?1 AND state = 1";
const KEEP: &str = "INSERT OR IGNORE INTO outdated (message, notice, item) VALUES (?1, ?2, ?3)";
const MARKED: &str =
    "SELECT state, outdated_by, outdated_why FROM recipient WHERE id = ?1 AND outdated_by IS NOT NULL";
const KEPT: &str = "SELECT notice, item, message FROM outdated WHERE message = ?1";
/// Nobody has it, or will have it unless it is sent from here. What a person keeps back is theirs to decide.
const UNSENT: &str = "SELECT count(*) > 0 AND min(state IN (0, 6, 7) AND in_doubt_at IS NULL AND coalesce(reason, '') <> 'from_backup'
            AND NOT (state = 6 AND coalesce(reason, '') = 'by_person'))
        AND max(state IN (0, 6))
    FROM recipient WHERE id BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535";

impl Sqlite {
    pub(crate) async fn take_export(
        &self,
        run: RunId,
        export: ExportTaken,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                if tx.sql.prepare_cached(TAKE)?.execute((run.0, micros(export.of)))? == 0 {
                    return Err(Error::NotFound("run"));
                }
                for (site, part) in &export.parts {
                    let sample = serde_json::json!(part.sample).to_string();
                    tx.sql.prepare_cached(PART)?.execute((run.0, site, whole(part.items), sample))?;
                }
                tx.sql.prepare_cached(FORGET_PARTS)?.execute([micros(before(now, PARTS_KEPT))])?;
                tx.sql.prepare_cached(FORGET_MARKS)?.execute([])?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn earlier_notices(
        &self,
        notice: String,
        before: Option<RunId>,
    ) -> Result<Earlier, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let before = before.map_or(i64::MAX, |run| run.0);
                let mut open = open(sql, &notice, before)?;
                name_items(sql, &notice, &mut open)?;
                let mut notices: Vec<_> =
                    open.into_values().filter(|notice| !notice.items.is_empty()).collect();
                for notice in &mut notices {
                    notice.unsent = is_unsent(sql, notice.message)?;
                }
                let mut exports = BTreeMap::new();
                for id in notices.iter().map(|notice| notice.run).collect::<BTreeSet<_>>() {
                    exports.extend(export(sql, id)?.map(|export| (id, export)));
                }
                Ok(Earlier { notices, exports, newest: newest(sql, &notice, before)? })
            })
            .await
    }

    pub(crate) async fn export_of(&self, run: RunId) -> Result<Option<ExportTaken>, Error> {
        self.readers.read(move |sql| export(&*sql.unchecked_transaction()?, run)).await
    }

    pub(crate) async fn newer_export(&self, message: MessageId) -> Result<Option<NewerExport>, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let mut statement = sql.prepare_cached(NEWER)?;
                let mut found = statement.query([message.0])?;
                let Some(row) = found.next()? else { return Ok(None) };
                let (run, of) = (RunId(row.get(0)?), instant(row.get(1)?));
                let of = of.ok_or_else(|| unreadable("run.exported_at"))?;
                // Of a list for a teacher nothing is known.
                let Some(name) = text(row, 2)? else { return Ok(None) };
                let (number, last) = (text(row, 3)?, last_name(&name));
                let wrote: bool =
                    sql.prepare_cached(WROTE)?.query_row((run.0, &name, &number), |row| row.get(0))?;
                let says: bool =
                    sql.prepare_cached(SAYS)?.query_row((run.0, &name, &number, &last), |row| row.get(0))?;
                Ok(Some(NewerExport { run, of, names: wrote || says, wrote }))
            })
            .await
    }

    pub(crate) async fn all_returned(
        &self,
        run: RunId,
        notices: Vec<AllReturned>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut all = 0;
        let mut notices = notices.into_iter();
        loop {
            let slice: Vec<_> = notices.by_ref().take(SLICE).collect();
            if slice.is_empty() {
                return Ok(all);
            }
            all += self.writer.write(move |tx| return_slice(tx, run, slice, now)).await?;
        }
    }
}

/// The open notices of earlier runs, without what they name.
fn open(sql: &Connection, notice: &str, before: i64) -> Result<BTreeMap<i64, OpenNotice>, Error> {
    let floor = read_meta(sql, FRESH_FLOOR)?.unwrap_or(0);
    let mut open = BTreeMap::new();
    for way in OPEN {
        let question =
            format!("SELECT m.id, m.run, m.site, m.patron_name, m.patron_number FROM {way} AND {OF_RUNS}");
        let mut statement = sql.prepare_cached(&question)?;
        let mut found = statement.query((notice, before, floor))?;
        while let Some(row) = found.next()? {
            open.insert(row.get(0)?, open_notice(row)?);
        }
    }
    Ok(open)
}

/// Goes through all of the notice's ledger, as a person's decision does ([`notices::written_by`]); only where something is open.
fn name_items(sql: &Connection, notice: &str, open: &mut BTreeMap<i64, OpenNotice>) -> Result<(), Error> {
    let (Some(first), Some(last)) = (open.keys().next().copied(), open.keys().next_back().copied()) else {
        return Ok(());
    };
    let mut statement = sql.prepare_cached(NAMED)?;
    let mut found = statement.query((notice, first, last))?;
    while let Some(row) = found.next()? {
        if let Some(notice) = open.get_mut(&row.get::<_, i64>(1)?) {
            notice.items.push((LedgerKey(row.get(0)?), text(row, 2)?));
        }
    }
    Ok(())
}

fn export(sql: &Connection, run: RunId) -> Result<Option<ExportTaken>, Error> {
    let of: Option<i64> = sql.prepare_cached(EXPORT)?.query_row([run.0], |row| row.get(0))?;
    let Some(of) = of.and_then(instant) else { return Ok(None) };
    let mut statement = sql.prepare_cached(PARTS)?;
    let mut found = statement.query([run.0])?;
    let mut parts = BTreeMap::new();
    while let Some(row) = found.next()? {
        let (site, part) = part(row)?;
        parts.insert(site, part);
    }
    Ok(Some(ExportTaken { of, parts }))
}

fn newest(sql: &Connection, notice: &str, but: i64) -> Result<BTreeMap<String, Timestamp>, Error> {
    let mut statement = sql.prepare_cached(NEWEST)?;
    let mut found = statement.query((notice, but))?;
    let mut newest = BTreeMap::new();
    while let Some(row) = found.next()? {
        newest.extend(
            row.get::<_, Option<i64>>(1)?.and_then(instant).zip(text(row, 0)?).map(|(at, site)| (site, at)),
        );
    }
    Ok(newest)
}

fn return_slice(tx: &mut Tx<'_>, run: RunId, slice: Vec<AllReturned>, now: Timestamp) -> Result<u64, Error> {
    let run = run_of(tx.sql, run)?.ok_or(Error::NotFound("run"))?;
    let (mut concerned, mut notes) = (0, Vec::new());
    for one in slice {
        if outdate(tx, &run, one.message, Reason::ItemsReturned, &one.keys, now)? {
            concerned += 1;
            notes.push(one.note);
        }
    }
    notices::leave_out(tx, run.id, notes)?;
    Ok(concerned)
}

/// Whether some of these are to be written about anew, since what names them is replaced: all that nobody has got.
pub(super) fn unsent(sql: &Connection, replaces: &[Replaces]) -> Result<BTreeSet<i64>, Error> {
    let mut unsent = BTreeSet::new();
    for one in replaces.iter().filter(|one| !one.returned.is_empty()) {
        if is_unsent(sql, one.message)? {
            unsent.insert(one.message.0);
        }
    }
    Ok(unsent)
}

fn is_unsent(sql: &Connection, message: MessageId) -> Result<bool, Error> {
    Ok(sql.prepare_cached(UNSENT)?.query_row([message.0], |row| row.get(0))?)
}

/// In the transaction that stores what goes in its place.
pub(super) fn replace(tx: &mut Tx<'_>, run: &Run, one: &Replaces, now: Timestamp) -> Result<(), Error> {
    outdate(tx, run, one.message, Reason::Replaced, &one.returned, now)?;
    Ok(())
}

/// Cancels or marks what is open of a mail; whether there was something. `keys`: what counts as not written once nobody gets it.
fn outdate(
    tx: &mut Tx<'_>,
    run: &Run,
    message: MessageId,
    why: Reason,
    keys: &[LedgerKey],
    now: Timestamp,
) -> Result<bool, Error> {
    let (mut cancelled, mut marked) = (false, false);
    for (id, from) in recipients(tx.sql, message)? {
        match from {
            State::Waiting | State::Held => {
                cancel(tx, id, from, run.id.0, &name(&why)?, now)?;
                cancelled = true;
            }
            State::Sending => {
                tx.sql.prepare_cached(MARK)?.execute((id.0, run.id.0, name(&why)?))?;
                marked = true;
            }
            _ => {}
        }
    }
    for key in keys.iter().filter(|_| marked) {
        tx.sql.prepare_cached(KEEP)?.execute((message.0, &run.notice, &key.0))?;
    }
    let written: Vec<_> = keys.iter().map(|key| (run.notice.clone(), key.0.clone(), message.0)).collect();
    notices::forget(tx, &written)?;
    Ok(cancelled || marked)
}

fn recipients(sql: &Connection, message: MessageId) -> Result<Vec<(RecipientId, State)>, Error> {
    let mut statement = sql.prepare_cached(OF_MESSAGE)?;
    let mut found = statement.query([message.0])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let id = RecipientId(row.get(0)?);
        all.extend(state(row.get(1)?).map(|state| (id, state)));
    }
    Ok(all)
}

/// No event tells of it: what becomes of the mail of a run is told by the run.
fn cancel(
    tx: &mut Tx<'_>,
    id: RecipientId,
    from: State,
    by: i64,
    why: &str,
    now: Timestamp,
) -> Result<(), Error> {
    tx.sql.prepare_cached(CANCEL)?.execute((id.0, micros(now), why, by, state_code(from)))?;
    tx.draft.moved(from, State::Cancelled);
    Ok(())
}

/// Mail that bears the mark is not being sent any more: where it would wait, or be set aside, it is cancelled. One that may have arrived and
/// waits for a person is left to them.
pub(super) fn no_longer_sending(tx: &mut Tx<'_>, id: RecipientId, now: Timestamp) -> Result<(), Error> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?));
    let found: Option<(i64, i64, Option<String>)> =
        tx.sql.prepare_cached(MARKED)?.query_row([id.0], read).optional()?;
    let Some((from, by, why)) = found else { return Ok(()) };
    let Some(from) = state(from).filter(|from| matches!(from, State::Waiting | State::Held)) else {
        return Ok(());
    };
    cancel(tx, id, from, by, &why.unwrap_or_default(), now)?;
    let mut statement = tx.sql.prepare_cached(KEPT)?;
    let kept = statement.query_map([id.message().0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let kept: Vec<_> = kept.collect::<Result<_, _>>()?;
    notices::forget(tx, &kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn only_what_is_open_is_looked_at() {
        for (way, entered) in OPEN.iter().zip([
            "recipient_expiring",
            "recipient_held",
            "recipient_claimed",
            "INTEGER PRIMARY KEY (rowid>?)",
        ]) {
            let plan = open::tests::plan(&format!("SELECT m.id FROM {way} AND {OF_RUNS}"));
            assert!(plan.contains(entered) && !plan.contains("SCAN r\n"), "{plan}");
        }
    }
}
