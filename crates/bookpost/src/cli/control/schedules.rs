//! What passes over the control socket about what is sent by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Ending, Schedule, SchedulePlan, Turn};

/// What needs the queue; to run, the whole program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulesRequest {
    /// All of them.
    List,
    /// A new one.
    Add(Box<SchedulePlan>),
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
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRan {
    pub name: String,
    pub due: Timestamp,
    /// None: it was removed meanwhile.
    pub ending: Option<Ending>,
}
