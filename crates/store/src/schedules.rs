//! Notices that are sent by themselves, and what each due moment came to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize};

use crate::{Actor, Error, RunId, Store};

/// Moments of one schedule whose outcome is kept; the oldest goes for a further one.
pub const TURNS_KEPT: usize = 1_000;

/// A schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScheduleId(pub i64);

/// What is sent, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulePlan {
    /// What people call it.
    pub name: String,
    /// `overdue-items`
    pub notice: String,
    /// Where the export comes from.
    pub source: ExportSource,
    /// On which days.
    pub rhythm: Rhythm,
    /// At which time of those days.
    pub time: Time,
    /// By the clock of which time zone (IANA).
    pub zone: String,
    /// On which days it is not sent.
    #[serde(default)]
    pub closed: ClosedDays,
    /// Only to patrons of these libraries; none: of all.
    #[serde(default)]
    pub sites: BTreeSet<String>,
    /// How the export is read.
    #[serde(default)]
    pub reading: Reading,
    /// Into the practice mailbox.
    #[serde(default)]
    pub practice: bool,
    /// An export that was written more hours ago is not sent; `None`: as is usual for its days.
    #[serde(default)]
    pub not_older_than: Option<u32>,
}

/// Where an export comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportSource {
    /// A file that is written anew each time.
    File(PathBuf),
    /// The newest file of a folder.
    Folder(PathBuf),
    /// What a program writes: its path and its words.
    Command(Vec<String>),
    /// What a line prints that is given to the shell.
    Shell(String),
}

/// On which days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    /// On this one.
    Once(Date),
    /// On each.
    Daily,
    /// On these days of each week: 1 is Monday, 7 Sunday.
    Weekly(BTreeSet<i8>),
    /// On this day of each month, or its last where it has fewer; 31 is the last of each.
    Monthly(i8),
    /// In this month, on this day of it, or on its last where it has fewer.
    Yearly(i8, i8),
}

/// Days on which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClosedDays {
    /// Of each week: 1 is Monday, 7 Sunday.
    #[serde(default)]
    pub weekdays: BTreeSet<i8>,
    /// Of one year.
    #[serde(default)]
    pub dates: BTreeSet<Date>,
}

/// What is settled about an export that leaves it open; an empty text: found out from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// `d/m/y`, `m/d/y` or `y/m/d`
    pub dates: String,
    /// A WHATWG name.
    pub encoding: String,
    /// The sheet of a workbook.
    pub sheet: String,
    /// The library of lines that name none.
    pub site: String,
}

/// A schedule as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// What and when.
    pub plan: SchedulePlan,
    /// Rises with each change of the plan.
    pub version: i64,
    /// Its next moment; `None`: there is none any more.
    pub next_due: Option<Timestamp>,
    /// The moment that is left out.
    pub skips: Option<Timestamp>,
    /// Since when none is taken.
    pub paused_at: Option<Timestamp>,
    /// Who made it.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
}

/// A due moment that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whose.
    pub schedule: ScheduleId,
    /// The moment. With the schedule it is the turn's key.
    pub due: Timestamp,
    /// Who asked for it, where it is no moment of the calendar.
    pub asked_by: Option<Actor>,
    /// Moments after it that had passed as well when it was taken: they are not taken any more.
    pub missed: u64,
    /// When it was taken.
    pub begun_at: Timestamp,
    /// When it was over; `None`: it is not, or the program ended before it was.
    pub ended_at: Option<Timestamp>,
    /// What it came to.
    pub ending: Option<Ending>,
}

/// What a turn came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// In a word.
    pub came_to: CameTo,
    /// What more is known, for whoever looks after the computer.
    pub detail: Option<String>,
    /// The run that was begun.
    pub run: Option<RunId>,
    /// The export, where there was one.
    pub export: Option<ExportSeen>,
}

/// By what an export is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSeen {
    /// SHA-256.
    pub digest: Vec<u8>,
    /// When the file was last written to, by the computer it lies on; `None`: it is no file.
    pub written: Option<Timestamp>,
}

/// What a turn came to, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameTo {
    /// A run was begun.
    Run,
    /// A person had it left out.
    Skipped,
    /// A person had it end.
    Stopped,
    /// A person had another run of this export end, and nobody has asked for it since.
    StoppedBefore,
    /// The run broke off: a part of its notices may have gone.
    Broken,
    /// Since the last run somebody has run this export, as by hand.
    SentAlready,
    /// The export is the one that the last run was made of.
    Unchanged,
    /// The export was written before the one that the last run was made of.
    Older,
    /// The export was written too long ago.
    TooOld,
    /// There is no export.
    Missing,
    /// The place of the export does not answer, as a folder of another computer that is off.
    NoAnswer,
    /// The export was being written for too long.
    StillWritten,
    /// The export may not be read, or not from where it is.
    Unreadable,
    /// The command ended with an error, or could not be run.
    CommandFailed,
    /// The command took too long.
    CommandTooSlow,
    /// The command wrote more than an export is.
    CommandTooMuch,
    /// Its dates can be read in two ways, and nobody is there to be asked.
    UnclearDates,
    /// Its columns are not known.
    UnknownColumns,
    /// It is no export that can be used.
    NotUsable,
    /// The settings must be put right first.
    Settings,
    /// Something else kept it, such as the disk.
    NotNow,
    /// A word of a later version.
    Unknown,
}

impl CameTo {
    /// All that this version knows.
    pub const ALL: [Self; 21] = [
        Self::Run,
        Self::Skipped,
        Self::Stopped,
        Self::StoppedBefore,
        Self::Broken,
        Self::SentAlready,
        Self::Unchanged,
        Self::Older,
        Self::TooOld,
        Self::Missing,
        Self::NoAnswer,
        Self::StillWritten,
        Self::Unreadable,
        Self::CommandFailed,
        Self::CommandTooSlow,
        Self::CommandTooMuch,
        Self::UnclearDates,
        Self::UnknownColumns,
        Self::NotUsable,
        Self::Settings,
        Self::NotNow,
    ];

    /// Not all was sent, though nobody wanted it so.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::Run | Self::Skipped | Self::Stopped | Self::SentAlready)
    }

    /// Not one notice of it was made. Of one that broke off or was stopped, some may have gone.
    pub fn is_nothing_sent(self) -> bool {
        !matches!(self, Self::Run | Self::Stopped | Self::Broken | Self::Unknown)
    }
}

/// Schedules. Which moments there are is for the caller to say; the store sees to it that each is taken once.
impl Store {
    /// All of them, in the order of their names.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        ask!(self.db.schedules().await)
    }

    /// One of them.
    pub async fn schedule(&self, id: ScheduleId) -> Result<Schedule, Error> {
        ask!(self.db.schedule(id).await)
    }

    /// A new one. [`Error::Exists`] where one has this name.
    pub async fn add_schedule(
        &self,
        plan: SchedulePlan,
        next_due: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        ask!(self.db.add_schedule(plan, next_due, who, now).await)
    }

    /// Another plan, if it is still at this version; else [`Error::Changed`]. `next_due`: its next moment, and the one that is left out.
    pub async fn change_schedule(
        &self,
        id: ScheduleId,
        version: i64,
        plan: SchedulePlan,
        (next_due, skips): (Option<Timestamp>, Option<Timestamp>),
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        ask!(self.db.change_schedule(id, version, (plan, next_due, skips), who, now).await)
    }

    /// It is gone, with what its moments came to; its runs stay.
    pub async fn remove_schedule(
        &self,
        id: ScheduleId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        ask!(self.db.remove_schedule(id, who, now).await)
    }

    /// Its next moment, which must be this one, is left out; [`Error::Changed`] where it is another by now, [`Error::Exists`] where another one
    /// is left out already. `None`: none is left out after all.
    pub async fn skip_moment(
        &self,
        id: ScheduleId,
        moment: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        ask!(self.db.skip_moment(id, moment, who, now).await)
    }

    /// No moment of it is taken any more.
    pub async fn pause_schedule(
        &self,
        id: ScheduleId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        ask!(self.db.pause_schedule(id, who, now).await)
    }

    /// Its moments are taken again, from `next_due` on: none that has passed meanwhile. One that is to be left out is, if it is yet to come.
    pub async fn resume_schedule(
        &self,
        id: ScheduleId,
        next_due: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        ask!(self.db.resume_schedule(id, next_due, who, now).await)
    }

    /// Takes the moment `due`, and in the same transaction the schedule goes on to `next_due`. `None`: it is not at that moment any more,
    /// is paused, or that moment was taken before. One that is to be left out is over at once.
    pub async fn take_turn(
        &self,
        id: ScheduleId,
        due: Timestamp,
        next_due: Option<Timestamp>,
        missed: u64,
        now: Timestamp,
    ) -> Result<Option<Turn>, Error> {
        ask!(self.db.take_turn(id, (due, next_due), missed, now).await)
    }

    /// A turn of a moment that somebody asks for. `None`: they asked before.
    pub async fn ask_turn(
        &self,
        id: ScheduleId,
        at: Timestamp,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<Turn>, Error> {
        ask!(self.db.ask_turn(id, at, who, now).await)
    }

    /// The moment `due`, with `missed` after it, is seen to with a turn that was taken before and is not over; the schedule goes on to
    /// `next_due`. False: the schedule is not at that moment any more or is paused, or the turn is over.
    pub async fn join_turn(
        &self,
        turn: &Turn,
        due: Timestamp,
        next_due: Option<Timestamp>,
        missed: u64,
    ) -> Result<bool, Error> {
        ask!(self.db.join_turn((turn.schedule, turn.due), (due, next_due), missed).await)
    }

    /// The schedule goes on to another moment than `due`, as the clock was put right, or has one again. False: it is not at `due` any more.
    pub async fn move_schedule(
        &self,
        id: ScheduleId,
        due: Option<Timestamp>,
        next_due: Option<Timestamp>,
    ) -> Result<bool, Error> {
        ask!(self.db.move_schedule(id, due, next_due).await)
    }

    /// Puts on record which export a turn is about to be made of, so that it is known however the run ends.
    pub async fn note_turn_export(&self, turn: &Turn, export: ExportSeen) -> Result<(), Error> {
        ask!(self.db.note_turn_export((turn.schedule, turn.due), export).await)
    }

    /// Puts on record what a turn came to; of which export stays, if it was noted before and is not told here. A second time changes nothing.
    pub async fn end_turn(&self, turn: &Turn, ending: Ending, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.end_turn((turn.schedule, turn.due), ending, now).await)
    }

    /// Those that are not over, in the order of their moments.
    pub async fn open_turns(&self) -> Result<Vec<Turn>, Error> {
        ask!(self.db.open_turns().await)
    }

    /// The last ones of a schedule, newest first.
    pub async fn turns(&self, id: ScheduleId, limit: usize) -> Result<Vec<Turn>, Error> {
        ask!(self.db.turns(id, limit).await)
    }

    /// The last turn of each schedule.
    pub async fn last_turns(&self) -> Result<BTreeMap<ScheduleId, Turn>, Error> {
        ask!(self.db.last_turns().await)
    }

    /// The last turn of a schedule whose export was sent, by it or by somebody else. What went to the practice mailbox counts with `practice` only.
    pub async fn last_sent(&self, id: ScheduleId, practice: bool) -> Result<Option<Turn>, Error> {
        ask!(self.db.last_sent(id, practice).await)
    }

    /// Puts on record by what the export of a run is known again, and to patrons of which libraries the run is limited.
    pub async fn note_run_export(
        &self,
        run: RunId,
        digest: Vec<u8>,
        sites: BTreeSet<String>,
    ) -> Result<(), Error> {
        ask!(self.db.note_run_export(run, digest, sites).await)
    }

    /// The last run of this kind that came to its end, else the last one that a person had end; `None`: neither is there.
    pub async fn run_of_export(&self, wanted: RunOfExport) -> Result<Option<SameExport>, Error> {
        ask!(self.db.run_of_export(wanted).await)
    }
}

/// Which run is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOfExport {
    /// Of this notice,
    pub notice: String,
    /// over this export,
    pub digest: Vec<u8>,
    /// for all these libraries at least; none: for all,
    pub sites: BTreeSet<String>,
    /// to patrons; or to the practice mailbox as well,
    pub practice: bool,
    /// begun later than this.
    pub since: Option<Timestamp>,
}

/// What became of an export before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameExport {
    /// It was sent in this run, for all these libraries.
    Sent(RunId),
    /// A person had this run of it end, for one of these libraries at least.
    Stopped(RunId),
}
