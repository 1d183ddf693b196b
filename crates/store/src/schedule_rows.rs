//! Schedules as they stand in rows, of whatever database, and what is decided about one.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Actor, Deed, Error, ExportSource, Rhythm, Schedule, ScheduleId, SchedulePlan,
    audit::parts as in_the_log,
    codes::of_json,
    rows::{Columns, at},
};

/// What [`decode`] reads.
pub(crate) const COLUMNS: &str =
    "SELECT id, plan, version, next_due, skips, paused_at, made_by, made_at FROM schedule";

/// What the log says of a decision. `None`: it stands so already.
pub(crate) type Decided = Option<(Deed, Option<String>)>;

impl Schedule {
    /// Whether it comes to this moment now.
    pub(crate) fn is_at(&self, due: Timestamp) -> bool {
        self.next_due == Some(due) && self.paused_at.is_none()
    }

    /// Its next moment is left out, or none is.
    pub(crate) fn skip(&mut self, moment: Option<Timestamp>) -> Result<Decided, Error> {
        let was = std::mem::replace(&mut self.skips, moment);
        if moment.is_some() && self.next_due != moment {
            return Err(Error::Changed);
        }
        // Nobody would hear that the one before it is sent after all.
        if moment.is_some() && was.is_some() && was != moment {
            return Err(Error::Exists("a time that is left out"));
        }
        let deed = if moment.is_some() { Deed::ScheduleSkips } else { Deed::ScheduleSkipsNot };
        let said = moment.or(was).map(|moment| in_its_zone(&self.plan, moment));
        Ok((was != moment).then_some((deed, said)))
    }

    /// It rests.
    pub(crate) fn pause(&mut self, now: Timestamp) -> Decided {
        let rests = self.paused_at.is_some();
        self.paused_at = self.paused_at.or(Some(now));
        (!rests).then_some((Deed::SchedulePaused, None))
    }

    /// It rests no more, and this is its next moment.
    pub(crate) fn resume(&mut self, next_due: Option<Timestamp>) -> Decided {
        let rests = self.paused_at.take().is_some();
        if rests {
            self.next_due = next_due;
        }
        rests.then_some((Deed::ScheduleResumed, None))
    }
}

/// From [`COLUMNS`].
pub(crate) fn decode(row: &impl Columns) -> Result<Schedule, Error> {
    let unreadable = || Error::Corrupt("a schedule cannot be read".to_owned());
    Ok(Schedule {
        id: ScheduleId(row.id(0)?),
        plan: of_json(row.text(1)?).ok_or_else(unreadable)?,
        version: row.id(2)?,
        next_due: at(row, 3)?,
        skips: at(row, 4)?,
        paused_at: at(row, 5)?,
        made_by: of_json(row.text(6)?).unwrap_or(Actor::CommandLine),
        made_at: at(row, 7)?.unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

/// A moment, for the log.
pub(crate) fn in_its_zone(plan: &SchedulePlan, moment: Timestamp) -> String {
    let zone = TimeZone::get(&plan.zone).unwrap_or(TimeZone::UTC);
    zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string()
}

/// For the log.
pub(crate) fn in_words(plan: &SchedulePlan) -> String {
    let listed = |all: &std::collections::BTreeSet<i8>| {
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let source = match &plan.source {
        ExportSource::File(path) | ExportSource::Folder(path) => path.display().to_string(),
        // Its words may be a password.
        ExportSource::Command(_) | ExportSource::Shell(_) => "a command".to_owned(),
    };
    let days = match &plan.rhythm {
        Rhythm::Once(day) => format!("once {day}"),
        Rhythm::Daily => "daily".to_owned(),
        Rhythm::Weekly(days) => format!("weekly {}", listed(days)),
        Rhythm::Monthly(day) => format!("monthly {day}"),
        Rhythm::Yearly(month, day) => format!("yearly {month}-{day}"),
    };
    let dates: Vec<_> = plan.closed.dates.iter().map(ToString::to_string).collect();
    let reading = &plan.reading;
    let parts = [
        ("name", plan.name.clone()),
        ("export", source),
        ("days", days),
        ("time", plan.time.strftime("%H:%M").to_string()),
        ("zone", plan.zone.clone()),
        ("closed weekdays", listed(&plan.closed.weekdays)),
        ("closed days", dates.join(", ")),
        ("sites", plan.sites.iter().cloned().collect::<Vec<_>>().join(", ")),
        ("dates", reading.dates.clone()),
        ("encoding", reading.encoding.clone()),
        ("sheet", reading.sheet.clone()),
        ("site", reading.site.clone()),
        ("practice", if plan.practice { "yes" } else { "no" }.to_owned()),
        ("hours", plan.not_older_than.map_or_else(|| "usual".to_owned(), |hours| hours.to_string())),
    ];
    in_the_log(parts)
}
