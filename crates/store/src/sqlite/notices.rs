//! Notice runs, and the ledger of what was written to whom.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite, accept, audit,
    codes::{STATES, count, instant, micros, name, whole},
    returned,
    schedules::as_json,
    writer::Tx,
    written::{before, written},
};
pub(super) use crate::codes::unreadable;
use crate::{
    Actor, Begun, Deed, Error, LedgerKey, LeftOut, LeftOutFilter, NewAudit, NewNotice, NewRun,
    NoticeAccepted, Run, RunId, RunStopped, runs::decode,
};

const RUN: &str = "SELECT id, notice, source, practice, started_at, finished_at, begun_by,
    stopped_at, stopped_by, stopped_sites FROM run";
/// One sum for each state, in the order of their codes, and no sorter: a run that is watched is asked about several times a second.
const TALLIES: &str = "SELECT sum(r.state = 0), sum(r.state = 1), sum(r.state = 2), sum(r.state = 3), sum(r.state = 4), sum(r.state = 5),
        sum(r.state = 6), sum(r.state = 7)
    FROM message m CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    WHERE m.run = ?1";
/// A message is a copy to a teacher: in the words of the index that has these.
pub(super) const COPY: &str = "(m.tags IS NOT NULL AND json_extract(m.tags, '$[0]') = 'copy to a teacher')";
/// What of [`TALLIES`] is copies.
const COPIES: &str = "SELECT r.state, count(*) FROM message m INDEXED BY message_copy
    CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    WHERE m.run = ?1 AND m.tags IS NOT NULL AND json_extract(m.tags, '$[0]') = 'copy to a teacher' GROUP BY r.state";
/// Recipients whose mail came back, and came back once more after it was sent again.
const TWICE: &str = "SELECT count(DISTINCT o.id) FROM message m INDEXED BY message_sent_again
    CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    CROSS JOIN recipient o ON o.id = CAST(substr(json_extract(m.tags, '$[1]'), length('sent again for ') + 1) AS INTEGER)
    WHERE json_extract(m.tags, '$[0]') = 'sent again' AND m.run = ?1 AND r.state = 5 AND o.state = 5";
const WRITE: &str = "INSERT INTO ledger (notice, item, written_at, message, site) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (notice, item) DO UPDATE SET written_at = max(written_at, excluded.written_at), message = excluded.message,
        site = excluded.site";
/// Unless another message has written about it since, or this one goes to somebody or may have arrived.
const FORGET: &str = "DELETE FROM ledger WHERE notice = ?1 AND item = ?2 AND message = ?3
    AND NOT EXISTS (SELECT 1 FROM recipient r WHERE r.id BETWEEN ?3 * 65536 AND ?3 * 65536 + 65535
        AND (r.state <> 7 OR r.in_doubt_at IS NOT NULL))";
const STOP: &str = "UPDATE run SET stopped_at = ?2, stopped_by = ?3, stopped_sites = ?4 WHERE id = ?1";
const LEAVE_OUT: &str = "INSERT INTO left_out (run, n, why, line, who, detail, site)
    VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM left_out WHERE run = ?1), ?2, ?3, ?4, ?5, ?6)";

impl Sqlite {
    pub(crate) async fn accept_notices(
        &self,
        run: RunId,
        notices: Vec<NewNotice>,
        repeat: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<NoticeAccepted>, Error> {
        // Once only: a row of any age counts.
        let since = match repeat {
            Some(repeat) => now.checked_sub(repeat).map_or(i64::MIN, micros),
            None => i64::MIN,
        };
        self.writer
            .write(move |tx| {
                let run = run_of(tx.sql, run)?.ok_or(Error::NotFound("run"))?;
                notices.iter().map(|notice| accept_one(tx, &run, notice, since, now)).collect()
            })
            .await
    }

    pub(crate) async fn begin_run(&self, run: NewRun) -> Result<RunId, Error> {
        self.writer.write(move |tx| begin(tx, run, (None, None))).await
    }

    pub(crate) async fn begin_run_by(&self, run: NewRun, who: Actor) -> Result<RunId, Error> {
        self.writer
            .write(move |tx| {
                let (started_at, new) = (run.started_at, Some(run.source.clone()));
                let id = begin(tx, run, (Some(as_json(&who)?), None))?;
                let line =
                    NewAudit { who, what: Deed::RunBegun, about: format!("run {}", id.0), old: None, new };
                audit::write(tx.sql, &line, started_at)?;
                Ok(id)
            })
            .await
    }

    pub(crate) async fn begin_run_once(
        &self,
        run: NewRun,
        who: Actor,
        request: String,
    ) -> Result<Begun, Error> {
        self.writer
            .write(move |tx| match requested(tx.sql, &request)? {
                Some(before) => Ok(Begun::Before(before)),
                None => Ok(Begun::New(begin(tx, run, (Some(as_json(&who)?), Some(request)))?)),
            })
            .await
    }

    pub(crate) async fn run_of_request(&self, request: String) -> Result<Option<RunId>, Error> {
        self.readers.read(move |sql| requested(sql, &request)).await
    }

    pub(crate) async fn left_out(&self, run: RunId, left_out: Vec<LeftOut>) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                run_of(tx.sql, run)?.ok_or(Error::NotFound("run"))?;
                leave_out(tx, run, left_out)
            })
            .await
    }

    pub(crate) async fn finish_run(&self, run: RunId, now: Timestamp) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                let sql = "UPDATE run SET finished_at = coalesce(finished_at, ?2) WHERE id = ?1";
                match tx.sql.prepare_cached(sql)?.execute((run.0, micros(now)))? {
                    0 => Err(Error::NotFound("run")),
                    _ => Ok(()),
                }
            })
            .await
    }

    pub(crate) async fn stop_run(&self, run: RunId, stopped: RunStopped) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                let before = run_of(tx.sql, run)?.ok_or(Error::NotFound("run"))?.stopped;
                let RunStopped { by, at, sites } = stopped.with(before.as_ref());
                let row = (run.0, micros(at), as_json(&by)?, as_json(&sites)?);
                Ok(tx.sql.prepare_cached(STOP)?.execute(row).map(drop)?)
            })
            .await
    }

    pub(crate) async fn run(&self, id: RunId) -> Result<Run, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let run = run_of(sql, id)?.ok_or(Error::NotFound("run"))?;
                tallied(sql, run)
            })
            .await
    }

    pub(crate) async fn runs(&self, limit: usize) -> Result<Vec<Run>, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let mut statement = sql.prepare_cached(&format!("{RUN} ORDER BY id DESC LIMIT ?1"))?;
                let mut found = statement.query([whole(limit)])?;
                let mut runs = Vec::new();
                while let Some(row) = found.next()? {
                    runs.push(tallied(sql, decode(row)?)?);
                }
                Ok(runs)
            })
            .await
    }

    pub(crate) async fn runs_begun(&self, limit: usize) -> Result<Vec<Run>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(&format!("{RUN} ORDER BY id DESC LIMIT ?1"))?;
                let mut found = statement.query([whole(limit)])?;
                let mut runs = Vec::new();
                while let Some(row) = found.next()? {
                    runs.push(decode(row)?);
                }
                Ok(runs)
            })
            .await
    }

    pub(crate) async fn left_out_of(&self, run: RunId) -> Result<Vec<LeftOut>, Error> {
        let all = self.left_out_part(run, LeftOutFilter::default(), 0, usize::MAX).await?;
        Ok(all.into_iter().map(|(_, one)| one).collect())
    }

    pub(crate) async fn written_lately(
        &self,
        notice: String,
        keys: Vec<LedgerKey>,
        since: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, Error> {
        self.readers
            .read(move |sql| {
                keys.iter()
                    .map(|key| {
                        let written = written(sql, &notice, key, micros(since), &BTreeSet::new())?;
                        Ok(written.and_then(|(at, _)| instant(at)))
                    })
                    .collect()
            })
            .await
    }
}

/// Message and ledger rows together, or nothing when all its items were written about since then and that did not come back from elsewhere.
fn accept_one(
    tx: &mut Tx<'_>,
    run: &Run,
    notice: &NewNotice,
    since: i64,
    now: Timestamp,
) -> Result<NoticeAccepted, Error> {
    if notice.message.practice != run.practice {
        return Err(Error::Internal(
            "practice mail in a real run, or real mail in a practice run".to_owned(),
        ));
    }
    if run.practice {
        return Ok(NoticeAccepted::Stored(accept::store(tx, &notice.message, now)?.id));
    }
    let unsent = returned::unsent(tx.sql, &notice.replaces)?;
    if let Some(before) = before(tx.sql, &run.notice, &notice.person(), since, &unsent)? {
        return Ok(NoticeAccepted::WrittenLately(before));
    }
    let accepted = accept::store(tx, &notice.message, now)?;
    for one in &notice.replaces {
        returned::replace(tx, run, one, now)?;
    }
    for key in &notice.keys {
        let site = notice.elsewhere.get(key);
        tx.sql.prepare_cached(WRITE)?.execute((&run.notice, &key.0, micros(now), accepted.id.0, site))?;
    }
    Ok(NoticeAccepted::Stored(accepted.id))
}

/// Adds to those whom a run left out.
pub(super) fn leave_out(tx: &Tx<'_>, run: RunId, left_out: Vec<LeftOut>) -> Result<(), Error> {
    for one in left_out {
        let detail = one.detail.stored().map_err(|error| Error::Internal(error.to_string()))?;
        let row = (run.0, name(&one.why)?, one.line.map(whole), one.who, detail, one.site);
        tx.sql.prepare_cached(LEAVE_OUT)?.execute(row)?;
    }
    Ok(())
}

/// A row of the ledger by its key, and the message that wrote it.
pub(super) type Written = (String, String, i64);

/// What these messages wrote about. Goes through the whole ledger, so a reader does it: no mail waits meanwhile.
pub(super) fn written_by(sql: &Connection, messages: &BTreeSet<i64>) -> Result<Vec<Written>, Error> {
    let mut statement =
        sql.prepare_cached("SELECT notice, item, message FROM ledger WHERE message BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((messages.first(), messages.last()))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let message = row.get(2)?;
        if messages.contains(&message) {
            rows.push((row.get(0)?, row.get(1)?, message));
        }
    }
    Ok(rows)
}

/// What was written about by a message that nobody got, because a person cancelled it, is written about again.
pub(super) fn forget(tx: &Tx<'_>, rows: &[Written]) -> Result<(), Error> {
    for row in rows {
        tx.sql.prepare_cached(FORGET)?.execute((&row.0, &row.1, row.2))?;
    }
    Ok(())
}

/// By whom, as JSON, and by which request.
fn begin(tx: &Tx<'_>, run: NewRun, (who, request): (Option<String>, Option<String>)) -> Result<RunId, Error> {
    let sql = "INSERT INTO run (notice, source, practice, started_at, begun_by, request) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = (run.notice, run.source, run.practice, micros(run.started_at), who, request);
    tx.sql.prepare_cached(sql)?.execute(row)?;
    Ok(RunId(tx.sql.last_insert_rowid()))
}

fn requested(sql: &Connection, request: &str) -> Result<Option<RunId>, Error> {
    let mut statement = sql.prepare_cached("SELECT id FROM run WHERE request = ?1")?;
    Ok(statement.query_row([request], |row| row.get(0)).optional()?.map(RunId))
}

pub(super) fn run_of(sql: &Connection, id: RunId) -> Result<Option<Run>, Error> {
    let mut statement = sql.prepare_cached(&format!("{RUN} WHERE id = ?1"))?;
    let mut found = statement.query([id.0])?;
    found.next()?.map(decode).transpose()
}

fn tallied(sql: &Connection, mut run: Run) -> Result<Run, Error> {
    let mut statement = sql.prepare_cached(TALLIES)?;
    let mut found = statement.query([run.id.0])?;
    while let Some(row) = found.next()? {
        for (at, state) in STATES.into_iter().enumerate() {
            if let Some(recipients) = row.get::<_, Option<i64>>(at)?.filter(|recipients| *recipients > 0) {
                run.states.insert(state, count(recipients));
            }
        }
    }
    apart(sql, &mut run)?;
    let twice = count(sql.prepare_cached(TWICE)?.query_row([run.id.0], |row| row.get(0))?);
    run.take_returned(twice);
    let mut statement =
        sql.prepare_cached("SELECT why, count(*) FROM left_out WHERE run = ?1 GROUP BY why")?;
    let mut found = statement.query([run.id.0])?;
    while let Some(row) = found.next()? {
        run.count_left_out(row)?;
    }
    Ok(run)
}

/// Copies to teachers are told apart from what was counted with them.
fn apart(sql: &Connection, run: &mut Run) -> Result<(), Error> {
    let mut statement = sql.prepare_cached(COPIES)?;
    let mut found = statement.query([run.id.0])?;
    while let Some(row) = found.next()? {
        run.tell_copies_apart(row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn copies_are_found_without_looking_at_other_mail() {
        let plan = open::tests::plan(COPIES);
        assert!(plan.contains("message_copy (run=?)"), "{plan}");
        let tagged = serde_json::json!([crate::TO_TEACHER]).to_string();
        let words = format!("SELECT {}", COPY.replace("m.tags", "?1"));
        let sql = Connection::open_in_memory().unwrap();
        for (tags, is_copy) in [(Some(&*tagged), true), (Some("[\"sent again\"]"), false), (None, false)] {
            let found = sql.query_row(&words, [tags], |row| row.get::<_, Option<bool>>(0)).unwrap();
            assert_eq!(found.unwrap_or(false), is_copy, "{tags:?}");
        }
    }

    #[test]
    fn a_run_is_counted_without_a_sorter() {
        let plan = open::tests::plan(TALLIES);
        assert!(plan.contains("message_run") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
