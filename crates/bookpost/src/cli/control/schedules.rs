//! What passes over the control socket about what is sent by itself.

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize};
use store::{ClosedDays, Ending, ExportSource, Reading, Rhythm, Schedule, SchedulePlan, Turn};

/// What needs the queue; to run, the whole program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulesRequest {
    /// All of them.
    List,
    /// A new one.
    Add(Box<SchedulePlan>),
    /// One is to be otherwise.
    Change { name: String, change: Box<PlanChange> },
    /// This one, now.
    Run(String),
    /// All whose time has come.
    RunDue,
    /// Its next time is left out, or is not after all.
    Skip { name: String, skips: bool },
    /// It rests.
    Pause(String),
    /// It goes on.
    Resume(String),
    /// It is gone.
    Remove(String),
}

/// A schedule as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownSchedule {
    pub schedule: Schedule,
    /// What its last moment came to.
    pub last: Option<Turn>,
    /// Its next moments.
    pub following: Vec<Timestamp>,
    /// This moment was to be left out, and is no moment any more.
    pub unskipped: Option<Timestamp>,
}

/// What of a plan is to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanChange {
    pub name: Option<String>,
    pub notice: Option<String>,
    pub source: Option<ExportSource>,
    pub rhythm: Option<Rhythm>,
    pub time: Option<Time>,
    pub zone: Option<String>,
    pub closed_weekdays: Option<BTreeSet<i8>>,
    pub closed_dates: Option<BTreeSet<Date>>,
    /// No day is closed; what else is said of closed days comes after that.
    pub never_closed: bool,
    pub sites: Option<BTreeSet<String>>,
    /// For patrons of all libraries.
    pub everywhere: bool,
    pub dates: Option<String>,
    pub encoding: Option<String>,
    pub sheet: Option<String>,
    /// The library of lines that name none; empty: none.
    pub site: Option<String>,
    pub practice: bool,
    /// Not into the practice mailbox any more.
    pub to_patrons: bool,
    /// `None` within: as is usual.
    pub not_older_than: Option<MostHours>,
}

/// How many hours old an export may be; `None`: as is usual for its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MostHours(pub Option<u32>);

impl PlanChange {
    /// The plan that comes of it.
    pub fn of(self, before: SchedulePlan) -> SchedulePlan {
        let closed = if self.never_closed { ClosedDays::default() } else { before.closed };
        let sites = if self.everywhere { BTreeSet::new() } else { before.sites };
        let reading = before.reading;
        SchedulePlan {
            name: self.name.map_or(before.name, |name| name.trim().to_owned()),
            notice: self.notice.unwrap_or(before.notice),
            source: self.source.unwrap_or(before.source),
            rhythm: self.rhythm.unwrap_or(before.rhythm),
            time: self.time.unwrap_or(before.time),
            zone: self.zone.unwrap_or(before.zone),
            closed: ClosedDays {
                weekdays: self.closed_weekdays.unwrap_or(closed.weekdays),
                dates: self.closed_dates.unwrap_or(closed.dates),
            },
            sites: self.sites.unwrap_or(sites),
            reading: Reading {
                dates: self.dates.unwrap_or(reading.dates),
                encoding: self.encoding.unwrap_or(reading.encoding),
                sheet: self.sheet.unwrap_or(reading.sheet),
                site: self.site.unwrap_or(reading.site),
            },
            practice: self.practice || (before.practice && !self.to_patrons),
            not_older_than: self.not_older_than.map_or(before.not_older_than, |most| most.0),
        }
    }
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRan {
    pub name: String,
    pub due: Timestamp,
    /// None: it was removed meanwhile.
    pub ending: Option<Ending>,
}
