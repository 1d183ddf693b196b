//! Moments of schedules that were taken, and what they came to.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite,
    codes::{micros, name, whole},
    schedules::as_json,
};
use crate::{
    Actor, CameTo, Ending, Error, ExportSeen, RunId, RunOfExport, SameExport, ScheduleId, TURNS_KEPT, Turn,
    schedule_turns::{COLUMNS, Same, decode},
};

const TAKE: &str = "INSERT INTO schedule_turn (schedule, due, asked_by, missed, begun_at, ended_at, came_to)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
/// The newest stay.
const BOUND: &str = "DELETE FROM schedule_turn WHERE schedule = ?1 AND due <=
    (SELECT due FROM schedule_turn WHERE schedule = ?1 ORDER BY due DESC LIMIT 1 OFFSET ?2)";
const NOTE: &str = "UPDATE schedule_turn SET digest = ?3, written = ?4 WHERE schedule = ?1 AND due = ?2 AND ended_at IS NULL";
/// What was noted of the export before stays where nothing is told of it.
const END: &str = "UPDATE schedule_turn SET ended_at = ?3, came_to = ?4, detail = ?5, run = ?6,
    digest = coalesce(?7, digest), written = CASE WHEN ?7 IS NULL THEN written ELSE ?8 END
    WHERE schedule = ?1 AND due = ?2 AND ended_at IS NULL";
const JOIN: &str =
    "UPDATE schedule_turn SET missed = missed + ?3 WHERE schedule = ?1 AND due = ?2 AND ended_at IS NULL";
const OPEN: &str = "WHERE ended_at IS NULL ORDER BY due, schedule";
const LAST: &str = "WHERE schedule = ?1 ORDER BY due DESC LIMIT ?2";
const RUN_EXPORT: &str =
    "INSERT INTO run_export (run, digest, sites) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const RUNS_OF: &str = "SELECT r.id, e.sites, r.finished_at IS NOT NULL, r.stopped_at, r.stopped_by, r.stopped_sites
    FROM run_export e JOIN run r ON r.id = e.run WHERE e.digest = ?1 AND r.notice = ?2 AND (?3 OR NOT r.practice) AND r.started_at > coalesce(?4, r.started_at - 1)
    AND (r.finished_at IS NOT NULL OR r.stopped_at IS NOT NULL) ORDER BY r.id DESC";
/// What went to the practice mailbox reached nobody, and what a person had end not all.
const LAST_SENT: &str = "WHERE schedule = ?1 AND came_to IN ('run', 'sent_already') AND digest IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = schedule_turn.run AND (r.stopped_at IS NOT NULL OR r.practice AND NOT ?2))
    ORDER BY begun_at DESC LIMIT 1";

impl Sqlite {
    pub(crate) async fn end_turn(
        &self,
        (schedule, due): (ScheduleId, Timestamp),
        ending: Ending,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tx| {
                let (digest, written) =
                    ending.export.map(|export| (export.digest, export.written.map(micros))).unzip();
                let row = (
                    schedule.0,
                    micros(due),
                    micros(now),
                    name(&ending.came_to)?,
                    ending.detail,
                    ending.run.map(|run| run.0),
                    digest,
                    written.flatten(),
                );
                tx.sql.prepare_cached(END)?.execute(row)?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn open_turns(&self) -> Result<Vec<Turn>, Error> {
        self.readers.read(|sql| listed(sql, OPEN, [])).await
    }

    pub(crate) async fn turns(&self, id: ScheduleId, limit: usize) -> Result<Vec<Turn>, Error> {
        self.readers.read(move |sql| last(sql, id, limit)).await
    }

    pub(crate) async fn note_turn_export(
        &self,
        (schedule, due): (ScheduleId, Timestamp),
        export: ExportSeen,
    ) -> Result<(), Error> {
        let row = (schedule.0, micros(due), export.digest, export.written.map(micros));
        self.writer.write(move |tx| Ok(tx.sql.prepare_cached(NOTE)?.execute(row).map(drop)?)).await
    }

    pub(crate) async fn last_sent(&self, id: ScheduleId, practice: bool) -> Result<Option<Turn>, Error> {
        Ok(self.readers.read(move |sql| listed(sql, LAST_SENT, (id.0, practice))).await?.pop())
    }

    pub(crate) async fn note_run_export(
        &self,
        run: RunId,
        digest: Vec<u8>,
        sites: BTreeSet<String>,
    ) -> Result<(), Error> {
        let row = (run.0, digest, as_json(&sites)?);
        self.writer.write(move |tx| Ok(tx.sql.prepare_cached(RUN_EXPORT)?.execute(row).map(drop)?)).await
    }

    pub(crate) async fn run_of_export(&self, wanted: RunOfExport) -> Result<Option<SameExport>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(RUNS_OF)?;
                let RunOfExport { notice, digest, sites, practice, since } = wanted;
                let mut found = statement.query((digest, notice, practice, since.map(micros)))?;
                let mut same = Same::default();
                while let Some(row) = found.next()? {
                    same.look(row, &sites)?;
                }
                Ok(same.found())
            })
            .await
    }
}

/// False: it is over.
pub(super) fn join(sql: &Connection, (id, due): (ScheduleId, Timestamp), missed: u64) -> Result<bool, Error> {
    Ok(sql.prepare_cached(JOIN)?.execute((id.0, micros(due), whole(missed)))? > 0)
}

/// `None`: it was taken before.
pub(super) fn take(
    sql: &Connection,
    (id, due): (ScheduleId, Timestamp),
    asked_by: Option<&Actor>,
    (missed, skipped): (u64, bool),
    now: Timestamp,
) -> Result<Option<Turn>, Error> {
    let who = asked_by.map(as_json).transpose()?;
    let (ended_at, came_to) = skipped.then(|| (micros(now), name(&CameTo::Skipped))).unzip();
    let row = (id.0, micros(due), who, whole(missed), micros(now), ended_at, came_to.transpose()?);
    if sql.prepare_cached(TAKE)?.execute(row)? == 0 {
        return Ok(None);
    }
    sql.prepare_cached(BOUND)?.execute((id.0, whole(TURNS_KEPT)))?;
    Ok(listed(sql, "WHERE schedule = ?1 AND due = ?2", (id.0, micros(due)))?.pop())
}

/// Newest first.
pub(super) fn last(sql: &Connection, id: ScheduleId, limit: usize) -> Result<Vec<Turn>, Error> {
    listed(sql, LAST, (id.0, whole(limit)))
}

fn listed(sql: &Connection, which: &str, of: impl rusqlite::Params) -> Result<Vec<Turn>, Error> {
    let mut statement = sql.prepare_cached(&format!("{COLUMNS} {which}"))?;
    let mut found = statement.query(of)?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(decode(row)?);
    }
    Ok(all)
}
