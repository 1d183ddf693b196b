//! Alarms: what a person must be told.

mod reason;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use reason::{AlarmReason, Cause, FolderFault};

use crate::{
    Error, Store,
    codes::{micros, name, named},
    rows::{Columns, at},
};

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
    /// The queue is a copy that was restored, and sends nothing yet.
    Restored,
    /// What was sealed cannot be opened: the key is another, or missing.
    SecretsLost,
    /// The certificate of the doors has changed and cannot be used.
    Certificate,
    /// The certificate of the doors runs out soon, or has run out.
    CertificateEnds,
    /// Mail waits for long, and no other alarm says why.
    Waiting,
    /// Mail may have arrived, and waits for a person.
    InDoubt,
    /// No notice run has begun for longer than usual.
    Silence,
    /// A schedule came to its time, and nothing was sent.
    Schedule,
    /// A sign-in at a mail provider ends by itself soon.
    SignInEnds,
    /// A mail provider does not take our client, by which other installations sign in.
    SignInService,
}

impl AlarmKind {
    /// No mail goes through the server that it is about.
    pub fn stops_a_server(self) -> bool {
        matches!(self, Self::ServerDown | Self::SignIn)
    }
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its id, from its beginning to its end; negative of one that no disk took.
    pub id: i64,
    /// What it is to Bookpost.
    pub kind: AlarmKind,
    /// What it is about (`server1`, a From address); one alarm per kind and subject is open at a time.
    pub subject: String,
    /// Why, where what it is says too little: whoever decides by it need not read the text.
    #[serde(default)]
    pub reason: Option<AlarmReason>,
    /// In plain words.
    pub text: String,
    /// When it began: of a server that takes no mail, when it first took none, whatever was wrong since.
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

/// Alarms.
impl Store {
    /// Opens an alarm; `None` if it is open already.
    pub async fn raise(
        &self,
        kind: AlarmKind,
        subject: &str,
        cause: impl Into<Cause>,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        ask!(self.db.raise(kind, subject.to_owned(), cause.into(), now).await)
    }

    /// What an open alarm says now: it goes on, and its cause is another, in reason and text. Nothing happens when it is not open.
    pub async fn reword_alarm(
        &self,
        kind: AlarmKind,
        subject: &str,
        cause: impl Into<Cause>,
    ) -> Result<(), Error> {
        ask!(self.db.reword_alarm(kind, subject.to_owned(), cause.into()).await)
    }

    /// Opens an alarm in the place of those of the kinds `instead_of` about the same subject. It is one trouble, and one alarm: where there is
    /// one, it goes on as this kind, under its id, so that whoever heard of its beginning knows it again at its end. It began when the server
    /// first took no mail, whatever the kinds were since then; that a limit is used up is none of them. Where people heard of this reason
    /// while it was so, it is not told again. One that is open already says this from here on, and `None` is given. All of it is one
    /// transaction.
    pub async fn raise_instead(
        &self,
        kind: AlarmKind,
        subject: &str,
        cause: impl Into<Cause>,
        instead_of: &[AlarmKind],
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        ask!(self.db.raise_instead(kind, subject.to_owned(), cause.into(), instead_of, now).await)
    }

    /// Ends an alarm; `None` if it was not open.
    pub async fn clear(
        &self,
        kind: AlarmKind,
        subject: &str,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        ask!(self.db.clear(kind, subject.to_owned(), now).await)
    }

    /// People were told of this alarm, and of the reason that it has now, so many times by now; [`Alarm::TOLD_OVER`] once they heard that it is over.
    pub async fn alarm_told(&self, alarm: i64, told: u32) -> Result<(), Error> {
        ask!(self.db.alarm_told(alarm, told).await)
    }

    /// All alarms of which something may be left to tell: those that are open, and those that ended unheard; oldest first.
    pub async fn alarms_to_tell(&self) -> Result<Vec<Alarm>, Error> {
        ask!(self.db.alarms_to_tell().await)
    }

    /// When the last alarm of one of these kinds about `subject` ended.
    pub async fn alarm_ended_at(
        &self,
        subject: &str,
        kinds: &[AlarmKind],
    ) -> Result<Option<Timestamp>, Error> {
        ask!(self.db.alarm_ended_at(subject.to_owned(), kinds).await)
    }

    /// Alarms, newest first.
    pub async fn alarms(&self, open_only: bool, limit: usize) -> Result<Vec<Alarm>, Error> {
        ask!(self.db.alarms(open_only, limit).await)
    }
}

/// Alarms in whose place another comes, and what people heard of them.
#[derive(Debug, Default)]
pub(crate) struct Replaced {
    /// The oldest first.
    pub(crate) ids: Vec<i64>,
    /// When a server began to take no mail.
    began_at: Option<i64>,
    told: u32,
    /// Reasons, parted by spaces.
    told_of: String,
}

impl Replaced {
    /// One more, from `id, kind, started_at, told, told_of`.
    pub(crate) fn add(&mut self, row: &impl Columns) -> Result<(), Error> {
        self.ids.push(row.id(0)?);
        let began_at = row.id(2)?;
        if row.text(1)?.and_then(named).is_some_and(AlarmKind::stops_a_server) {
            self.began_at = Some(self.began_at.map_or(began_at, |earliest| earliest.min(began_at)));
        }
        self.told = self.told.max(u32::try_from(row.id(3)?).unwrap_or(u32::MAX));
        self.told_of.extend([" ", &row.text(4)?.unwrap_or_default()]);
        Ok(())
    }

    /// Since when what comes in their place has lasted.
    pub(crate) fn began_at(&self, kind: AlarmKind, now: Timestamp) -> i64 {
        self.began_at.filter(|_| kind.stops_a_server()).unwrap_or_else(|| micros(now))
    }

    /// How often people heard of this reason.
    pub(crate) fn told(&self, reason: Option<&str>) -> u32 {
        let is_known = reason.is_some_and(|reason| self.told_of.split(' ').any(|one| one == reason));
        if is_known { self.told.max(1) } else { 0 }
    }

    /// The reasons that they heard, parted by spaces.
    pub(crate) fn told_of(&self) -> &str {
        self.told_of.trim_start()
    }
}

/// The reason, as it stands in its column.
pub(crate) fn word(cause: &Cause) -> Result<Option<String>, Error> {
    cause.reason.as_ref().map(name).transpose()
}

/// From `id, kind, subject, text, started_at, ended_at, told, reason`; none for a kind that this version does not know.
pub(crate) fn decode(row: &impl Columns) -> Result<Option<Alarm>, Error> {
    let (Some(kind), Some(started_at)) = (row.text(1)?.and_then(named), at(row, 4)?) else {
        return Ok(None);
    };
    Ok(Some(Alarm {
        id: row.id(0)?,
        kind,
        subject: row.text(2)?.unwrap_or_default(),
        // One that this version does not know is none.
        reason: row.text(7)?.and_then(named),
        text: row.text(3)?.unwrap_or_default(),
        started_at,
        ended_at: at(row, 5)?,
        told: u32::try_from(row.id(6)?).unwrap_or(u32::MAX),
    }))
}
