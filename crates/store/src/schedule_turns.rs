//! Moments of schedules as they stand in rows, of whatever database.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    CameTo, Ending, Error, ExportSeen, RunId, SameExport, ScheduleId, Turn,
    codes::{count, named, of_json},
    rows::{Columns, at},
    runs::stopped,
};

/// What [`decode`] reads.
pub(crate) const COLUMNS: &str =
    "SELECT schedule, due, asked_by, missed, begun_at, ended_at, came_to, detail, run, digest, written
    FROM schedule_turn";

/// What became of an export, as far as the runs of it were looked at, the last one first.
#[derive(Debug, Default)]
pub(crate) struct Same {
    sent: Option<RunId>,
    last_stopped: Option<RunId>,
}

impl Same {
    /// One more, from `run, sites, is finished, stopped_at, stopped_by, stopped_sites`. `sites` are those that the export is wanted for.
    pub(crate) fn look(&mut self, row: &impl Columns, sites: &BTreeSet<String>) -> Result<(), Error> {
        let only: BTreeSet<String> = of_json(row.text(1)?).unwrap_or_default();
        let (run, finished) = (RunId(row.id(0)?), row.is(2)?);
        let is_stopped = stopped(row, 3)?.is_some_and(|stopped| stopped.is_for_some_of(sites));
        let is_for_all = only.is_empty() || (!sites.is_empty() && sites.is_subset(&only));
        let is_for_some = only.is_empty() || sites.is_empty() || !sites.is_disjoint(&only);
        if finished && !is_stopped && is_for_all {
            self.sent = self.sent.or(Some(run));
        }
        if is_stopped && is_for_some {
            self.last_stopped = self.last_stopped.or(Some(run));
        }
        Ok(())
    }

    /// That it was sent says more than that it was stopped.
    pub(crate) fn found(self) -> Option<SameExport> {
        self.sent.map(SameExport::Sent).or(self.last_stopped.map(SameExport::Stopped))
    }
}

/// From [`COLUMNS`].
pub(crate) fn decode(row: &impl Columns) -> Result<Turn, Error> {
    let moment = |column| Ok::<_, Error>(at(row, column)?.unwrap_or(Timestamp::UNIX_EPOCH));
    let came_to = row.text(6)?.map(|word| named(word).unwrap_or(CameTo::Unknown));
    let written = at(row, 10)?;
    let export = row.bytes(9)?.map(|digest| ExportSeen { digest, written });
    let (detail, run) = (row.text(7)?, row.number(8)?.map(RunId));
    Ok(Turn {
        schedule: ScheduleId(row.id(0)?),
        due: moment(1)?,
        asked_by: of_json(row.text(2)?),
        missed: count(row.id(3)?),
        begun_at: moment(4)?,
        ended_at: at(row, 5)?,
        ending: came_to.map(|came_to| Ending { came_to, detail, run, export }),
    })
}
