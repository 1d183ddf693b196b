//! What passes over the control socket: one [`Request`] as a line of JSON, then [`Reply`]s as lines, the last of which is
//! not [`Reply::Progress`]. `--json` prints the last reply in this same shape.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    ApplicationsRequest, BrokerReply, BrokerRequest, ChangedPreferences, Found, KeysRequest, NewAddress,
    NoticesRequest, PeopleRequest, PreferencesRequest, RenewedSignIn, Rotated, RunNumbers, ScheduleRan,
    SchedulesRequest, SendAgain, SentAgain, SentSamples, ShownAccount, ShownKey, ShownKeys, ShownLink,
    ShownNotice, ShownPersonKey, ShownPersonKeys, ShownPreferences, ShownSchedule, ShownSessions, ShownSites,
    ShownText, SignedOut, SiteNumbers, SitesRequest, StoppedRun, Today, WebhooksRequest,
};
use clap::ValueEnum;
use jiff::Timestamp;
use mail::{Address, Reason};
use serde::{Deserialize, Serialize};
use store::{
    Actor, Alarm, Application, Attempt, Audit, Backup, Counts, Filter, LeftOut, MessageId, Move, Moved,
    Pause, Person, PreferenceChange, QueueMoved, RecipientId, Restored, Row, Run, RunId, Schedule, Selection,
    State, Unreachable, Webhook,
};

use crate::{
    app::text::As,
    notices::import::Columns,
    preferences::{DoNotSend, mail_accounts::Without},
    queue::{limited::KeptBack, stands::WaitsFor},
};

/// What a command asks of the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Needs nothing but the queue.
    Queue(QueueRequest),
    /// About applications.
    Applications(ApplicationsRequest),
    /// About web addresses that are told of events.
    Webhooks(WebhooksRequest),
    /// About preferences.
    Preferences(PreferencesRequest),
    /// About sites.
    Sites(SitesRequest),
    /// About people, and what they changed.
    People(PeopleRequest),
    /// About the key that seals secrets.
    Keys(KeysRequest),
    /// About other installations, whose people sign in by this one.
    Broker(BrokerRequest),
    /// Makes and sends the notices of an export.
    Run(RunRequest),
    /// About what is sent by itself.
    Schedules(SchedulesRequest),
    /// An old export in the drop folder is the right one.
    TakeExport { name: String },
    /// One person's notice goes out once more.
    SendAgain(SendAgain),
    /// A few notices of an export go to whoever asks, and no patron gets anything.
    Samples { export: RunRequest, to: Address },
    /// A run ends: what has not left does not leave any more.
    StopRun { run: RunId },
    /// How it stands, for a monitoring system.
    Check,
    /// Today's numbers by library; since when it is today.
    Today { since: Timestamp },
}

/// What needs nothing but the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueRequest {
    /// How many are in which state, and what is wrong.
    Status,
    /// Recipients, the newest first.
    List { filter: Box<Filter>, after: Option<RecipientId>, limit: usize },
    /// Who cannot be reached, those whose mail came back last first.
    Unreachable { site: Option<String>, limit: usize },
    /// One message with every attempt.
    Show(MessageId),
    /// What one says. That it was read stands in the log.
    Text { message: MessageId, shown: As },
    /// A person's decision.
    Move { selection: Selection, action: Move },
    /// Nothing is sent any more.
    Pause,
    /// It is sent again. `None`: where some has waited for long, ask what is to become of it.
    Resume { older: Option<Older> },
    /// Servers that are at fault are asked now whether they answer again.
    Probe,
    /// The latest notice runs.
    Runs { limit: usize },
    /// One run with everyone whom it left out.
    Run(RunId),
    /// About notices that can be run.
    Notices(NoticesRequest),
}

/// What becomes of mail that has waited long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Older {
    /// It is sent after all
    Send,
    /// It is not sent
    Cancel,
    /// It is given up, and the library is told
    Return,
}

impl Older {
    /// As it is sent and logged.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Cancel => "cancel",
            Self::Return => "return",
        }
    }
}

/// A notice run or its preview.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunRequest {
    /// The export's name, for people.
    pub source: String,
    /// The export itself: the service may not be allowed to read the file of the person who asks.
    #[serde(with = "as_base64")]
    pub export: Vec<u8>,
    /// It lay in the drop folder.
    #[serde(default)]
    pub from_folder: bool,
    /// When it was made; not known: now.
    #[serde(default)]
    pub exported_at: Option<Timestamp>,
    /// Send nothing, only say what would be sent.
    pub preview: bool,
    /// To the practice mailbox, whatever the way of sending is.
    pub practice: bool,
    /// Answer only when every recipient has its final outcome, not after the first attempts.
    pub wait: bool,
    /// Site code for exports that have none.
    pub site: Option<String>,
    /// `d/m/y`, `m/d/y` or `y/m/d`
    pub dates: Option<String>,
    /// One character.
    pub delimiter: Option<char>,
    /// A WHATWG name (`utf-8`, `windows-1252`, `macintosh`).
    pub encoding: Option<String>,
    /// Which sheet of a workbook.
    #[serde(default)]
    pub sheet: Option<String>,
    /// What the columns are, from now on for all exports with the same ones.
    #[serde(default)]
    pub columns: Option<Columns>,
    pub wording: Option<String>,
    /// Which notice, by its slug. None: the usual one.
    #[serde(default)]
    pub notice: Option<String>,
    /// 0: once only. None: as configured.
    pub repeat_days: Option<u64>,
    /// To everyone, whoever was written to lately.
    pub again: bool,
    /// A person says that an export older than 24 hours is the right one.
    #[serde(default)]
    pub older_is_right: bool,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// More follows.
    Progress(Progress),
    Status(Status),
    Today(Today),
    Check(Checked),
    Rows(Vec<Row>),
    Unreachable(Vec<Unreachable>),
    Message(Vec<Shown>),
    Moved(Moved),
    /// Nothing is sent any more.
    Paused(Pause),
    Text(ShownText),
    SentAgain(SentAgain),
    Samples(SentSamples),
    RunStopped(StoppedRun),
    /// It is sent again; what became of mail that had waited for long.
    Resumed {
        pause: Pause,
        older: Moved,
    },
    /// The servers are being asked.
    Probing,
    Runs(Vec<Run>),
    ShownRun(ShownRun),
    Run(RunSummary),
    Preview(Preview),
    Applications(Vec<Application>),
    Application(Application),
    /// A key that was just made.
    NewKey(ShownKey),
    Webhooks(Vec<Webhook>),
    /// A web address that was just added.
    NewWebhook(NewAddress),
    WebhookRemoved(Webhook),
    /// It took a test.
    WebhookWorks(Webhook),
    Preferences(ShownPreferences),
    PreferencesChanged(ChangedPreferences),
    /// That a server was tested stands in the log.
    TestNoted,
    /// What somebody found is known.
    Found(Found),
    /// The last changes, the newest first.
    PreferencesHistory(Vec<PreferenceChange>),
    /// Where somebody signs in at a mail provider, and what is given back afterwards.
    SignInBegun {
        to: String,
        kept: String,
    },
    /// What is typed on another device, by when, and what is given back to ask about it.
    SignInByCode {
        address: String,
        code: String,
        until: Timestamp,
        kept: String,
    },
    /// It was not typed yet; what is given back the next time.
    NotTypedYet {
        kept: String,
    },
    /// The provider has renewed a sign-in.
    Renewed(RenewedSignIn),
    /// It has not, and why.
    NotRenewed {
        reason: Reason,
        text: String,
    },
    /// Mail can be sent by this account.
    Connected(Box<ShownAccount>),
    /// The same in the place of another one, whose sign-in is over; whether the provider was told, and why not where it could not be.
    ConnectedInstead {
        account: Box<ShownAccount>,
        before: String,
        told: bool,
        #[serde(default)]
        why_not_told: Option<String>,
    },
    /// Another account than before: nothing is changed until somebody says that it is meant.
    AnotherAccount {
        account: String,
        before: String,
    },
    /// What follows if this account is used no more.
    Disconnecting {
        provider: String,
        account: String,
        mail: Without,
    },
    /// It is forgotten; whether the provider was told, and why not where it could not be.
    Disconnected {
        provider: String,
        told: bool,
        #[serde(default)]
        why_not_told: Option<String>,
    },
    Sites(ShownSites),
    Notices(Vec<ShownNotice>),
    Notice(Box<ShownNotice>),
    Schedules(Vec<ShownSchedule>),
    Schedule(Box<ShownSchedule>),
    ScheduleRemoved(Box<Schedule>),
    SchedulesRan(Vec<ScheduleRan>),
    /// This old export in the drop folder is run at the next look.
    ExportTaken(String),
    People(Vec<Person>),
    Person(Person),
    /// A link that was just made.
    Link(ShownLink),
    NewPersonKey(ShownPersonKey),
    PersonKeys(ShownPersonKeys),
    Sessions(ShownSessions),
    SignedOut(SignedOut),
    /// About other installations, whose people sign in by this one, or about the one by which ours do.
    Broker(Box<BrokerReply>),
    /// What was changed, the newest first.
    Log(Vec<Audit>),
    /// A certificate was made, and its key.
    SelfSigned {
        certificate: PathBuf,
        key: PathBuf,
    },
    /// The key that seals secrets.
    Keys(ShownKeys),
    /// There is a new one.
    Rotated(Rotated),
    /// A copy of the queue was made. The key that seals secrets is in this file, and not in the copy.
    BackedUp {
        backup: Backup,
        key_file: Option<PathBuf>,
    },
    /// What is in a copy.
    Backup(Backup),
    /// A copy is the queue now; the key that seals its secrets is missing at this place.
    Restored {
        restored: Restored,
        key_file: Option<PathBuf>,
        /// In a folder that no settings name.
        #[serde(default)]
        elsewhere: bool,
    },
    /// The queue was moved to another place.
    QueueMoved(QueueMoved),
    /// It had arrived there before, by a command that ended suddenly.
    QueueArrived {
        from: String,
        to: String,
        at: Timestamp,
    },
    /// The queue that was moved away from here is used again.
    QueueTakenBack {
        place: String,
    },
    /// It could not be done.
    Failed {
        failure: Failure,
        message: String,
    },
}

/// Why it could not be done, by what the asker can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The request makes no sense.
    Usage,
    /// What was handed in cannot be used.
    Data,
    /// Try again later.
    Temporary,
    /// The configuration must be put right.
    Config,
    /// The other side refused.
    Refused,
    /// Somebody else changed it since it was seen.
    Changed,
}

/// What an export is called that came by standard input and has no name.
pub const STANDARD_INPUT: &str = "standard input";

/// How far a run is. `total`, `prepared` and `lately` count notices, the others addresses: a patron may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Notices the run will make, once that is known; 0 before. Those found to be written to lately are taken off.
    pub total: u64,
    /// Notices stored.
    pub prepared: u64,
    /// Patrons passed over so far, because they were written to lately.
    pub lately: u64,
    /// Addresses of the stored notices; each is in one of the following.
    pub addresses: u64,
    pub delivered: u64,
    pub practiced: u64,
    pub waiting: u64,
    pub returned: u64,
    /// May have arrived, and a person is to decide.
    #[serde(default)]
    pub in_doubt: u64,
    /// Set aside.
    pub aside: u64,
    /// Not sent, as a person or a newer export decided.
    #[serde(default)]
    pub cancelled: u64,
    /// Lists for teachers that were stored, and those of them that wait. They are counted with nothing else.
    #[serde(default)]
    pub lists: u64,
    #[serde(default)]
    pub lists_waiting: u64,
}

impl Progress {
    /// What became of the addresses of a run; of its notices it says nothing.
    pub fn of(states: &BTreeMap<State, u64>) -> Self {
        let mut progress = Self::default();
        for (state, count) in states {
            progress.addresses += count;
            *match state {
                State::Delivered => &mut progress.delivered,
                State::Practiced => &mut progress.practiced,
                State::Waiting | State::Sending => &mut progress.waiting,
                State::Returned => &mut progress.returned,
                State::InDoubt => &mut progress.in_doubt,
                State::Held => &mut progress.aside,
                State::Cancelled => &mut progress.cancelled,
            } += count;
        }
        progress
    }

    /// With the lists for teachers, by what became of them.
    #[must_use]
    pub fn with_lists(mut self, copies: &BTreeMap<State, u64>) -> Self {
        self.lists = copies.values().sum();
        let waiting = [State::Waiting, State::Sending].iter().filter_map(|state| copies.get(state));
        self.lists_waiting = waiting.sum();
        self
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    pub id: RunId,
    pub practice: bool,
    /// Lines of the export that could be used.
    pub lines: u64,
    pub patrons: u64,
    pub progress: Progress,
    /// Everyone who was not written to, and why.
    pub left_out: Vec<LeftOut>,
    /// What is wrong at the moment, in plain words.
    pub problems: Vec<String>,
    /// A service runs and makes the resends.
    pub service: bool,
    /// Mail of this kind can leave: a way of sending is chosen for it.
    pub way: bool,
}

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRun {
    pub run: Run,
    /// What became of it; as an earlier version answers, nothing.
    #[serde(default)]
    pub numbers: RunNumbers,
    /// The same by library.
    #[serde(default)]
    pub libraries: Vec<SiteNumbers>,
    /// Everyone who was not written to, and why.
    pub left_out: Vec<LeftOut>,
    /// A limit keeps some of it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_back: Option<KeptBack>,
}

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Notices that would be sent.
    pub notices: u64,
    /// Lists for teachers that would be sent beside them.
    #[serde(default)]
    pub lists: u64,
    pub left_out: Vec<LeftOut>,
    /// The first notice: From, To, Subject and the text.
    pub first: Option<String>,
}

/// The queue at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub at: Timestamp,
    /// A service runs.
    pub service: bool,
    /// A person wants nothing to be sent.
    pub pause: Option<Pause>,
    /// Who chose the way of sending by which nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub do_not_send: Option<DoNotSend>,
    pub counts: Counts,
    /// Open alarms.
    pub alarms: Vec<Alarm>,
}

/// How it stands, for a monitoring system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    pub grade: Grade,
    /// What makes it so, in plain words.
    pub reasons: Vec<String>,
    /// Open alarms, for whoever acts by their kind and reason.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
    /// None: they could not be had.
    pub counts: Option<Counts>,
    /// For how long the oldest mail has waited.
    pub oldest_seconds: u64,
}

/// As plug-ins of monitoring systems say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Ok,
    Warning,
    Critical,
    Unknown,
}

/// One recipient with its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub row: Row,
    pub attempts: Vec<Attempt>,
    /// Since when it grows no older, while that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ageing_stopped_at: Option<Timestamp>,
    /// Who decided that it is where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Actor>,
    /// Sending is paused, and it waits for that to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// The servers that it waits for, as a running service knows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<WaitsFor>,
}

mod as_base64 {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}
