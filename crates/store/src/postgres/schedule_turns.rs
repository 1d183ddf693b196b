//! Moments of schedules that were taken, and what they came to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Postgres,
    tx::{Tx, Values},
};
use crate::{
    Actor, CameTo, Ending, Error, ExportSeen, RunId, RunOfExport, SameExport, ScheduleId, TURNS_KEPT, Turn,
    codes::{as_json, micros, name, plain, whole},
    schedule_turns::{COLUMNS, Same, decode},
};

/// Nothing where it was taken before, by whichever machine.
const TAKE: &str = "INSERT INTO schedule_turn (schedule, due, asked_by, missed, begun_at, ended_at, came_to)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
/// The newest stay.
const BOUND: &str = "DELETE FROM schedule_turn WHERE schedule = $1 AND due <=
    (SELECT due FROM schedule_turn WHERE schedule = $1 ORDER BY due DESC LIMIT 1 OFFSET $2)";
const NOTE: &str = "UPDATE schedule_turn SET digest = $3, written = $4 WHERE schedule = $1 AND due = $2 AND ended_at IS NULL";
/// What was noted of the export before stays where nothing is told of it.
const END: &str = "UPDATE schedule_turn SET ended_at = $3, came_to = $4, detail = $5, run = $6,
    digest = coalesce($7::BYTEA, digest), written = CASE WHEN $7 IS NULL THEN written ELSE $8 END
    WHERE schedule = $1 AND due = $2 AND ended_at IS NULL";
const JOIN: &str =
    "UPDATE schedule_turn SET missed = missed + $3 WHERE schedule = $1 AND due = $2 AND ended_at IS NULL";
const OPEN: &str = "WHERE ended_at IS NULL ORDER BY due, schedule";
const LAST: &str = "WHERE schedule = $1 ORDER BY due DESC LIMIT $2";
const RUN_EXPORT: &str =
    "INSERT INTO run_export (run, digest, sites) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const RUNS_OF: &str = "SELECT r.id, e.sites, r.finished_at IS NOT NULL, r.stopped_at, r.stopped_by, r.stopped_sites
    FROM run_export e JOIN run r ON r.id = e.run WHERE e.digest = $1 AND r.notice = $2 AND ($3 OR NOT r.practice)
    AND r.started_at > coalesce($4::BIGINT, r.started_at - 1)
    AND (r.finished_at IS NOT NULL OR r.stopped_at IS NOT NULL) ORDER BY r.id DESC";
/// What went to the practice mailbox reached nobody, and what a person had end not all.
const LAST_SENT: &str = "WHERE schedule = $1 AND came_to IN ('run', 'sent_already') AND digest IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = schedule_turn.run AND (r.stopped_at IS NOT NULL OR r.practice AND NOT $2))
    ORDER BY begun_at DESC LIMIT 1";

impl Postgres {
    pub(crate) async fn end_turn(
        &self,
        (schedule, due): (ScheduleId, Timestamp),
        ending: Ending,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (digest, written) =
            ending.export.map(|export| (export.digest, export.written.map(micros))).unzip();
        let (came_to, detail) = (name(&ending.came_to)?, ending.detail.as_deref().map(plain));
        let (run, written) = (ending.run.map(|run| run.0), written.flatten());
        let row: Values<'_> =
            &[&schedule.0, &micros(due), &micros(now), &came_to, &detail, &run, &digest, &written];
        self.changed(END, row).await
    }

    pub(crate) async fn open_turns(&self) -> Result<Vec<Turn>, Error> {
        self.listed_turns(OPEN, &[]).await
    }

    pub(crate) async fn turns(&self, id: ScheduleId, limit: usize) -> Result<Vec<Turn>, Error> {
        self.listed_turns(LAST, &[&id.0, &whole(limit)]).await
    }

    pub(crate) async fn note_turn_export(
        &self,
        (schedule, due): (ScheduleId, Timestamp),
        export: ExportSeen,
    ) -> Result<(), Error> {
        let written = export.written.map(micros);
        self.changed(NOTE, &[&schedule.0, &micros(due), &export.digest, &written]).await
    }

    pub(crate) async fn last_sent(&self, id: ScheduleId, practice: bool) -> Result<Option<Turn>, Error> {
        Ok(self.listed_turns(LAST_SENT, &[&id.0, &practice]).await?.pop())
    }

    pub(crate) async fn note_run_export(
        &self,
        run: RunId,
        digest: Vec<u8>,
        sites: BTreeSet<String>,
    ) -> Result<(), Error> {
        self.changed(RUN_EXPORT, &[&run.0, &digest, &as_json(&sites)?]).await
    }

    pub(crate) async fn run_of_export(&self, wanted: RunOfExport) -> Result<Option<SameExport>, Error> {
        let RunOfExport { notice, digest, sites, practice, since } = wanted;
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut same = Same::default();
        for row in tx.all(RUNS_OF, &[&digest, &notice, &practice, &since.map(micros)]).await? {
            same.look(&row, &sites)?;
        }
        Ok(same.found())
    }

    async fn listed_turns(&self, which: &str, values: Values<'_>) -> Result<Vec<Turn>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        listed(&tx, which, values).await
    }

    async fn changed(&self, text: &str, values: Values<'_>) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(text, values).await?;
        tx.commit().await
    }
}

/// False: it is over.
pub(super) async fn join(
    tx: &Tx<'_>,
    (id, due): (ScheduleId, Timestamp),
    missed: u64,
) -> Result<bool, Error> {
    Ok(tx.run(JOIN, &[&id.0, &micros(due), &whole(missed)]).await? > 0)
}

/// `None`: it was taken before.
pub(super) async fn take(
    tx: &Tx<'_>,
    (id, due): (ScheduleId, Timestamp),
    asked_by: Option<&Actor>,
    (missed, skipped): (u64, bool),
    now: Timestamp,
) -> Result<Option<Turn>, Error> {
    let who = asked_by.map(as_json).transpose()?;
    let (ended_at, came_to) = skipped.then(|| (micros(now), name(&CameTo::Skipped))).unzip();
    let came_to = came_to.transpose()?;
    let row: Values<'_> = &[&id.0, &micros(due), &who, &whole(missed), &micros(now), &ended_at, &came_to];
    if tx.run(TAKE, row).await? == 0 {
        return Ok(None);
    }
    tx.run(BOUND, &[&id.0, &whole(TURNS_KEPT)]).await?;
    Ok(listed(tx, "WHERE schedule = $1 AND due = $2", &[&id.0, &micros(due)]).await?.pop())
}

pub(super) async fn listed(tx: &Tx<'_>, which: &str, values: Values<'_>) -> Result<Vec<Turn>, Error> {
    tx.all(&format!("{COLUMNS} {which}"), values).await?.iter().map(decode).collect()
}
