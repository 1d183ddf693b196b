//! Alarms: what a person must be told.

mod reason;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use reason::{AlarmReason, Cause, FolderFault};

use crate::{Error, Store};

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
        self.db.raise(kind, subject.to_owned(), cause.into(), now).await
    }

    /// What an open alarm says now: it goes on, and its cause is another, in reason and text. Nothing happens when it is not open.
    pub async fn reword_alarm(
        &self,
        kind: AlarmKind,
        subject: &str,
        cause: impl Into<Cause>,
    ) -> Result<(), Error> {
        self.db.reword_alarm(kind, subject.to_owned(), cause.into()).await
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
        self.db.raise_instead(kind, subject.to_owned(), cause.into(), instead_of, now).await
    }

    /// Ends an alarm; `None` if it was not open.
    pub async fn clear(
        &self,
        kind: AlarmKind,
        subject: &str,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        self.db.clear(kind, subject.to_owned(), now).await
    }

    /// People were told of this alarm, and of the reason that it has now, so many times by now; [`Alarm::TOLD_OVER`] once they heard that it is over.
    pub async fn alarm_told(&self, alarm: i64, told: u32) -> Result<(), Error> {
        self.db.alarm_told(alarm, told).await
    }

    /// All alarms of which something may be left to tell: those that are open, and those that ended unheard; oldest first.
    pub async fn alarms_to_tell(&self) -> Result<Vec<Alarm>, Error> {
        self.db.alarms_to_tell().await
    }

    /// When the last alarm of one of these kinds about `subject` ended.
    pub async fn alarm_ended_at(
        &self,
        subject: &str,
        kinds: &[AlarmKind],
    ) -> Result<Option<Timestamp>, Error> {
        self.db.alarm_ended_at(subject.to_owned(), kinds).await
    }

    /// Alarms, newest first.
    pub async fn alarms(&self, open_only: bool, limit: usize) -> Result<Vec<Alarm>, Error> {
        self.db.alarms(open_only, limit).await
    }
}
