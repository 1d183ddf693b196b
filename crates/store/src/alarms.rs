//! Alarms: what a person must be told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlarmKind {
    /// A server's breaker is open.
    ServerDown,
    /// Login or password refused.
    SignIn,
    /// The backup server is sending.
    BackupInUse,
    /// A sender address is refused; its mail is set aside.
    SenderRefused,
    /// A report could not be delivered.
    ReportLost,
    /// A due message has seen no attempt for minutes.
    Stuck,
    /// The wall clock departs from the time since start.
    ClockJump,
    /// The disk is full or fails.
    Disk,
    /// A message broke the program three times.
    BrokenMessage,
    /// Mail was set aside and waits for a person.
    Held,
    /// The account's allowance is used up.
    Quota,
    /// The drop folder or an export in it cannot be used.
    DropFolder,
    /// A notice run ended before all its notices were made.
    RunInterrupted,
    /// A web address is not told of events.
    Webhook,
    /// The certificate of the doors has changed and cannot be used.
    Certificate,
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its id.
    pub id: i64,
    /// What it is to Bookpost.
    pub kind: AlarmKind,
    /// What it is about (`server1`, a From address); one alarm per kind and subject is open at a time.
    pub subject: String,
    /// In plain words.
    pub text: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How often people were told of it.
    pub told: u32,
}

impl Alarm {
    /// What `told` is once people heard that it is over.
    pub const TOLD_OVER: u32 = 1_000;
}
