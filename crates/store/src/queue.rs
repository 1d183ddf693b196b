//! The values that the queue's operations take and give.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use mail::{Envelope, Phase, Reason, Recipient, ReversePath};
use serde::{Deserialize, Serialize};

use crate::{Filter, Outdated, codes};

/// A message. Rises with acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(pub i64);

/// One recipient of a message: `message * 65536 + ordinal`, so that the recipients of a message are one range of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecipientId(pub i64);

/// Recipients that one message can have.
pub const MOST_RECIPIENTS: usize = 65_536;

/// A notice run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub i64);

/// Whose mail it is where mail of one class takes turns: each application is a source, and so is each notice run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(pub i64);

impl Source {
    /// The run's number above, the application's checksum below. Two applications with the same checksum would share their turns, and
    /// nothing else.
    pub fn of(application: &str, run: Option<RunId>) -> Self {
        Self(run.map_or(0, |run| run.0) << 32 | i64::from(crc32fast::hash(application.as_bytes())))
    }

    /// It is a notice run.
    pub(crate) fn is_of_a_run(self) -> bool {
        self.0 >> 32 != 0
    }
}

/// Proof that a recipient is ours to attempt: drawn anew for each claim, checked at each settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease(pub i64);

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A person waits for it.
    Urgent,
    /// The usual.
    Normal,
    /// Large mailings.
    Bulk,
}

/// What a message is to Bookpost itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Mail of an application or a notice run.
    Mail,
    /// A return report or digest. Its own failure is reported to nobody; it raises an alarm.
    Report,
    /// An alarm by mail. Its own failure is reported to nobody.
    Alarm,
    /// Mail to one of those who sign in, with a link that is theirs. Its bytes are sealed while it waits, and its own failure is reported
    /// to nobody.
    Staff,
}

/// Where a message came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// SMTP submission over the network.
    Smtp,
    /// The HTTP API.
    Http,
    /// The `sendmail` command on the same machine.
    Sendmail,
    /// A notice run that a person or a program began.
    Notices,
    /// A notice run over an export in the drop folder.
    Folder,
    /// Written by Bookpost itself: a report, an alarm, a link, a test.
    Bookpost,
}

/// The state of one recipient; ARCHITECTURE.md draws the moves between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Due at `due_at`.
    Waiting,
    /// Claimed under a lease.
    Sending,
    /// The answer to the whole message was never read, and policy says to ask a person.
    InDoubt,
    /// Accepted by the server.
    Delivered,
    /// Kept by the practice mailbox: nobody received it.
    Practiced,
    /// Given up; a report is owed or was sent.
    Returned,
    /// Set aside until a person decides.
    Held,
    /// Not to be sent.
    Cancelled,
}

/// The person a message is about, for reports that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patron {
    /// Name as in the export.
    pub name: String,
    /// Card number or the library system's own number, where the export has one.
    pub number: Option<String>,
}

/// A message to accept.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// What it is to Bookpost.
    pub kind: Kind,
    /// Where it came in.
    pub door: Door,
    /// Who goes first.
    pub class: Class,
    /// For the practice mailbox, now and for ever.
    pub practice: bool,
    /// The program that handed it in (`Library`, `Textbook Tracker`, `bookpost`).
    pub application: String,
    /// Site code, where one is known.
    pub site: Option<String>,
    /// The notice run it belongs to.
    pub run: Option<RunId>,
    /// Who it is from and for.
    pub envelope: Envelope,
    /// The Message-ID with its angle brackets.
    pub message_id: String,
    /// Its subject, for lists.
    pub subject: String,
    /// The application's own words for it, by which it may be listed.
    pub tags: Vec<String>,
    /// Whom it is about.
    pub patron: Option<Patron>,
    /// The whole message, CRLF line ends, without dot-stuffing.
    pub bytes: Bytes,
    /// Ages count from here.
    pub first_due_at: Timestamp,
    /// When it is given up (`RetrySchedule::expires_at`).
    pub expires_at: Timestamp,
    /// Some: stored as `Sending` under this lease, to be attempted by the caller at once. None: `Waiting`, due at `first_due_at`.
    pub lease: Option<Lease>,
}

/// What `accept` made of one message. Its recipients are `RecipientId::of(id, 0..n)` in the order of the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: MessageId,
    /// How many recipients it has.
    pub recipients: usize,
}

impl RecipientId {
    /// The `ordinal`th recipient (from 0) of `message`.
    pub fn of(message: MessageId, ordinal: u16) -> Self {
        Self(message.0 * 65_536 + i64::from(ordinal))
    }
    /// The message it belongs to.
    pub fn message(self) -> MessageId {
        MessageId(self.0 / 65_536)
    }
}

/// Which waiting recipients may be claimed.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Proof that it is ours.
    pub lease: Lease,
    /// The present instant.
    pub now: Timestamp,
    /// At most so many recipients; a message is never cut at the limit when its other recipients are due as well.
    pub limit: usize,
    /// No further message once those before it are larger than this together; at least one of each class that has a place.
    pub bytes: usize,
    /// Practice mail or real mail, never both.
    pub practice: bool,
    /// Spreads what waited only because of the route over a window after the route's recovery.
    pub recovery: Option<Recovery>,
}

/// A route came back. What was due before `recovered_at` becomes claimable over `window`, in the order of its ids, urgent mail
/// at once; nothing is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// When the route answered again.
    pub recovered_at: Timestamp,
    /// How long the spreading lasts.
    pub window: std::time::Duration,
}

/// A claimed message with those of its recipients that were due.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its id.
    pub id: MessageId,
    /// What it is to Bookpost.
    pub kind: Kind,
    /// Who goes first.
    pub class: Class,
    /// Only for the practice mailbox.
    pub practice: bool,
    /// The program that handed it in.
    pub application: String,
    /// Site code, where one is known.
    pub site: Option<String>,
    /// The notice run it belongs to.
    pub run: Option<RunId>,
    /// Only the claimed recipients, in the order of `recipients`.
    pub envelope: Envelope,
    /// The claimed recipients, each with its lease.
    pub recipients: Vec<ClaimedRecipient>,
    /// Ages count from here.
    pub first_due_at: Timestamp,
    /// The whole message, CRLF line ends.
    pub bytes: Bytes,
}

/// One claimed recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedRecipient {
    /// The recipient.
    pub id: RecipientId,
    /// Proof that it is ours.
    pub lease: Lease,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// It was in flight when the program last died: attempt it alone.
    pub alone: bool,
    /// It has perhaps received the message already.
    pub in_doubt_before: bool,
    /// How often it was attempted before.
    pub attempts: u32,
}

/// What one attempt came to, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// `host:port` of the server, empty when none was reached.
    pub server: String,
    /// How far the dialogue came.
    pub phase: Phase,
    /// None after a success.
    pub reason: Option<Reason>,
    /// The server's own answer, or the error's text.
    pub answer: String,
    /// Why it was not made at the first server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<InsteadOf>,
}

/// The first server did not take mail: what was wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsteadOf {
    /// Since when.
    pub since: Timestamp,
    /// What came of trying it.
    pub reason: Reason,
}

/// The new state of one recipient after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The server has it.
    Delivered,
    /// The server has it, and will not report that it delivers it: whoever asked to hear of a success (RFC 3461) is owed a report that it was
    /// relayed.
    Relayed,
    /// The practice mailbox has it.
    Practiced,
    /// Waiting again until then. `in_doubt`: the answer was never read; `in_doubt_at` is set and stays. Where the reason is a limit of the
    /// library or an allowance ([`mail::Reason::LimitReached`], [`mail::Reason::QuotaUsedUp`]), `expires_at` moves by that time.
    Deferred {
        /// When it is attempted next.
        due_at: Timestamp,
        /// The answer was never read; this is marked for ever.
        in_doubt: bool,
    },
    /// Answer never read; wait for a person.
    InDoubt,
    /// Given up. Owes a report when the message is `Kind::Mail` with a reverse path.
    Returned,
    /// Set aside until a person decides.
    Held,
    /// The attempt itself broke (a panic, a time-out of our own code): one strike, and waiting until then, to be attempted
    /// alone; at the third strike held with `Reason::Broke`.
    Struck {
        /// When it is attempted next.
        due_at: Timestamp,
    },
    /// Not attempted after all (drain, breaker): waiting again, due as it was; no attempt is recorded.
    GivenBack,
}

/// One outcome to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Whose it is.
    pub recipient: RecipientId,
    /// The lease it was claimed with.
    pub lease: Lease,
    /// What was done.
    pub attempt: Attempt,
    /// What came of it.
    pub verdict: Verdict,
}

impl Settlement {
    /// For how long a limit of the library or an allowance puts it off, in microseconds: it grows no older by that.
    pub(crate) fn kept_by_a_limit(&self) -> i64 {
        match (self.attempt.reason, &self.verdict) {
            (Some(Reason::LimitReached | Reason::QuotaUsedUp), Verdict::Deferred { due_at, .. }) => {
                (codes::micros(*due_at) - codes::micros(self.attempt.ended_at)).max(0)
            }
            _ => 0,
        }
    }
}

/// What a settlement changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The state is now as the verdict says, and an owed report is on record.
    Done,
    /// The lease was not ours any more, and nothing changed, except that a still waiting in-doubt recipient became
    /// delivered by a late `Delivered`.
    TooLate,
    /// The database refused it, and nothing changed: the recipient is still `Sending` under this lease. Keep the outcome
    /// elsewhere, as it is stored nowhere yet.
    Refused,
}

/// Which recipients a person means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// These messages.
    Messages(Vec<MessageId>),
    /// All of a run.
    Run(RunId),
    /// All in this state.
    State(State),
    /// All that a list with this filter shows.
    Matching(Box<Filter>),
    /// All that wait, and might have been sent before this instant.
    WaitingSinceBefore(Timestamp),
    /// Everything that is in a state from which the asked move is legal.
    All,
}

/// What a person may ask of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Waiting, in doubt or held -> waiting, due now. What waits for the time before which it is not to be sent goes on waiting, unless its
    /// message is named.
    Retry,
    /// Waiting -> held.
    Hold,
    /// Held -> waiting, due now or when it was to be sent; the time it was held does not count towards its age.
    Release,
    /// Waiting, held or in doubt -> cancelled. Nothing is reported.
    Cancel,
    /// Waiting or held -> returned, with a report.
    Return,
}

impl Move {
    /// The word for it, as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Cancel => "cancel",
            Self::Return => "return",
        }
    }
}

/// How many recipients moved, and how many were in a state from which they could not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moved {
    /// Now in the state asked for.
    pub moved: u64,
    /// In a state from which that is not legal; left as they were.
    pub unmoved: u64,
    /// In which states those are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unmoved_in: BTreeMap<State, u64>,
    /// Messages that were named and are not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MessageId>,
}

/// What is in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Due now or later.
    pub waiting: u64,
    /// Being attempted.
    pub sending: u64,
    /// Waiting for a person, because the answer was never read.
    pub in_doubt: u64,
    /// Accepted by the server.
    pub delivered: u64,
    /// Kept by the practice mailbox.
    pub practiced: u64,
    /// Given up.
    pub returned: u64,
    /// Set aside.
    pub held: u64,
    /// Not to be sent.
    pub cancelled: u64,
    /// Recipients whose answer was once never read, whatever became of them since.
    pub ever_in_doubt: u64,
    /// Waiting for longest.
    pub oldest_waiting_at: Option<Timestamp>,
    /// When the first of what waits is given up, if it cannot be delivered until then.
    #[serde(default)]
    pub expires_first_at: Option<Timestamp>,
    /// When something falls due next.
    pub next_due_at: Option<Timestamp>,
    /// Returned recipients whose report is not written yet.
    pub reports_owed: u64,
}

impl Counts {
    /// How many are in each state, in the order in which people are shown them.
    pub fn by_state(&self) -> [(State, u64); 8] {
        [
            (State::Waiting, self.waiting),
            (State::Sending, self.sending),
            (State::InDoubt, self.in_doubt),
            (State::Held, self.held),
            (State::Delivered, self.delivered),
            (State::Practiced, self.practiced),
            (State::Returned, self.returned),
            (State::Cancelled, self.cancelled),
        ]
    }
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Whose it is.
    pub recipient: RecipientId,
    /// The message.
    pub message: MessageId,
    /// What it is to Bookpost.
    pub kind: Kind,
    /// Where it came in; unknown of what was accepted before that was kept.
    #[serde(default)]
    pub door: Option<Door>,
    /// Who goes first.
    pub class: Class,
    /// Only for the practice mailbox.
    pub practice: bool,
    /// The program that handed it in.
    pub application: String,
    /// Site code, where one is known.
    pub site: Option<String>,
    /// The notice run it belongs to.
    pub run: Option<RunId>,
    /// Where reports go; in JSON an address or null.
    #[serde(with = "address_or_null")]
    pub reverse_path: ReversePath,
    /// The recipient with its DSN parameters.
    pub to: Recipient,
    /// Its subject, for lists.
    pub subject: String,
    /// The Message-ID with its angle brackets.
    pub message_id: String,
    /// The application's own words for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whom it is about.
    pub patron: Option<Patron>,
    /// Bytes of the whole message.
    pub size: u64,
    /// Its state.
    pub state: State,
    /// When it was taken in.
    pub accepted_at: Timestamp,
    /// Ages count from here.
    pub first_due_at: Timestamp,
    /// When it is attempted next.
    pub due_at: Option<Timestamp>,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// Since when it waits for a person, set aside or in doubt.
    pub aside_at: Option<Timestamp>,
    /// When it came to its final state.
    pub settled_at: Option<Timestamp>,
    /// When its answer was first never read; never cleared.
    pub in_doubt_at: Option<Timestamp>,
    /// How often it was attempted.
    pub attempts: u32,
    /// How often attempting it broke the program.
    pub strikes: u32,
    /// Why it is where it is.
    pub reason: Option<Reason>,
    /// The last answer of a server.
    pub answer: Option<String>,
    /// The return report that told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_in: Option<MessageId>,
    /// What put it out of date, where it was cancelled for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<Outdated>,
}

/// What a start knows of what was in flight when the last one ended. Only what is still under the lease named counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restart {
    /// Attempts that had begun on a connection and of which no outcome is known: perhaps one of them ended the program.
    pub begun: Vec<(RecipientId, Lease)>,
    /// Those that have perhaps arrived.
    pub in_doubt: Vec<Doubt>,
}

/// A recipient that has perhaps received its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Who.
    pub recipient: RecipientId,
    /// The lease of the attempt.
    pub lease: Lease,
    /// When it is attempted next; `None`: it waits for a person.
    pub due_at: Option<Timestamp>,
}

/// What a start found in flight from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restarted {
    /// Recipients whose answer was never read.
    pub in_doubt: u64,
    /// Recipients that had not begun to be sent, and wait like all others.
    pub waiting: u64,
    /// Recipients that wait to be attempted one by one.
    pub alone: u64,
    /// Recipients held because the program died three times while it attempted them.
    pub struck_out: u64,
}

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Transactions committed; each is one sync.
    pub commits: u64,
    /// Operations in them.
    pub operations: u64,
    /// Recipients that were set aside because what is stored of them cannot be read.
    pub unreadable: u64,
}

mod address_or_null {
    use mail::{Address, ReversePath};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &ReversePath, to: S) -> Result<S::Ok, S::Error> {
        path.address().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ReversePath, D::Error> {
        Ok(Option::<Address>::deserialize(from)?.map_or(ReversePath::Null, ReversePath::Address))
    }
}
