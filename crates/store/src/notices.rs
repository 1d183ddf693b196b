//! Notice runs and the ledger of what was written to whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use mail::{Address, Reason};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Error, LeftOutDetail, MessageId, NewMessage, Replaces, RunId, State, States, Store, before,
};

/// One item in one patron's hands, as the ledger knows it: a digest of patron, item and due date (or checkout date), made by
/// the notices code; together with the notice's name it is the key of FIELD facts section 5.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerKey(pub String);

/// The first tag of a copy to a teacher, by which it is told apart from the mail of patrons.
pub const TO_TEACHER: &str = "copy to a teacher";

/// A run to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// `overdue-items`
    pub notice: String,
    /// The file it came from, for people.
    pub source: String,
    /// A rehearsal: nothing leaves the house, and the ledger is left alone.
    pub practice: bool,
    /// The present instant: it begins now.
    pub started_at: Timestamp,
}

/// One patron's mail with the items it names.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// The mail.
    pub message: NewMessage,
    /// The items it names.
    pub keys: Vec<LedgerKey>,
    /// Those of them that belong to another library than the one that writes, and the code of that.
    pub elsewhere: BTreeMap<LedgerKey, String>,
    /// The earlier notices in whose place it goes: all that they name is named here, or came back.
    pub replaces: Vec<Replaces>,
}

impl NewNotice {
    /// Whom it is for, and what about.
    pub(crate) fn person(&self) -> NamedItems {
        let to = self.message.envelope.recipients().iter().map(|to| to.address.clone()).collect();
        NamedItems { keys: self.keys.clone(), to }
    }
}

/// What became of one notice at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeAccepted {
    /// Message and ledger rows are stored.
    Stored(MessageId),
    /// All its items were written about within the repeat period: nothing is stored. What came back from other addresses than these does not count.
    WrittenLately(WrittenBefore),
}

/// Somebody, as a notice would be for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedItems {
    /// What it would name.
    pub keys: Vec<LedgerKey>,
    /// Where it would go.
    pub to: Vec<Address>,
}

/// Why somebody is not written to: they were, about the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenBefore {
    /// When the last of the items was written about.
    pub last_at: Timestamp,
    /// The mail of which `stands` is known; for what was only written, none.
    pub message: Option<MessageId>,
    /// What became of it.
    pub stands: Stands,
}

/// What became of a mail in which somebody was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It was accepted for somebody, or no more is known of it.
    Written,
    /// It has not left.
    Waits,
    /// Nobody knows whether it arrived; also where a person cancelled it since.
    MayHaveArrived,
    /// From all its addresses, and the notice would go to the same.
    CameBack {
        /// When the last did.
        at: Timestamp,
    },
}

/// Who was not written to, and why; kept with the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The kind of reason.
    pub why: LeftOutWhy,
    /// Line of the export, from 1, where there is one.
    pub line: Option<u64>,
    /// Patron's name, or what the line says.
    pub who: String,
    /// What more is known of the reason. For scripts it is a sentence.
    #[serde(with = "crate::left_out")]
    pub detail: LeftOutDetail,
    /// Code of the library that would have written, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// A run that was asked for on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It begins now.
    New(RunId),
    /// It was asked for before: nothing begins.
    Before(RunId),
}

/// Which of those whom a run left out are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOutFilter {
    /// Only for one of these reasons; empty: for any.
    pub why: BTreeSet<LeftOutWhy>,
    /// Only of one of these libraries; empty: of any, and of none.
    pub sites: BTreeSet<String>,
    /// With `sites`: those too whose library is not known.
    pub or_of_none: bool,
}

/// What became of one library's part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPart {
    /// Recipients by state; those of copies to teachers are not among them.
    pub states: States,
    /// Copies to teachers by state.
    pub copies: States,
    /// Mails that these recipients are of: somebody may have several addresses.
    pub mails: u64,
    /// Of those that a person cancelled, so many may have arrived before.
    pub doubtful: u64,
    /// Of those that wait, so many may have arrived.
    pub waiting_in_doubt: u64,
    /// Left out by kind.
    pub left_out: BTreeMap<LeftOutWhy, u64>,
    /// Why, of what waits or was cancelled, and of what was returned and has not been sent again.
    pub why: BTreeMap<(State, Reason), Alike>,
}

/// Recipients that stand in one state for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike {
    /// At least one.
    pub count: u64,
    /// When the first of them is given up, or would have been.
    pub expires_first_at: Timestamp,
}

impl Alike {
    /// One more, or many.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.expires_first_at = self.expires_first_at.min(other.expires_first_at);
    }
}

/// The kinds of being left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutWhy {
    /// A note: most due dates of the export lie in the future.
    DatesInDoubt,
    /// The line could not be used.
    RefusedLine,
    /// The patron has no address.
    NoAddress,
    /// Written to within the repeat period.
    WrittenLately,
    /// The same; it came back, and the address is as it was.
    CameBack,
    /// The branch code belongs to no site.
    UnknownBranch,
    /// The notice is not for the library of the items.
    OtherLibrary,
    /// The item is due today or later.
    NotDueYet,
    /// The notice could not be made of this patron's data.
    NotMade,
    /// A person stopped the run before this notice was made.
    Stopped,
    /// A note: the line is in order, but not for this notice, or it stands above already.
    LeftAside,
    /// A note: one address of several cannot be used; the others are written to.
    UnusableAddress,
    /// A note: the export has no lines at all.
    NoLines,
    /// A note: an earlier notice was not sent any more, as all its items came back.
    ItemsReturned,
    /// A note: what came back since earlier runs could not be told from this export, so that nothing of them was cancelled for it.
    NotTold,
}

impl LeftOutWhy {
    /// Worth knowing, though nobody goes without a mail for it.
    pub fn is_note(self) -> bool {
        match self {
            Self::RefusedLine
            | Self::NoAddress
            | Self::WrittenLately
            | Self::CameBack
            | Self::UnknownBranch
            | Self::OtherLibrary
            | Self::NotDueYet
            | Self::NotMade
            | Self::Stopped => false,
            Self::DatesInDoubt
            | Self::LeftAside
            | Self::UnusableAddress
            | Self::NoLines
            | Self::ItemsReturned
            | Self::NotTold => true,
        }
    }
}

/// A run as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Which notice (`overdue-items`).
    pub notice: String,
    /// The file it came from.
    pub source: String,
    /// A rehearsal.
    pub practice: bool,
    /// Who began it; None: a command or the drop folder, of before that was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_by: Option<Actor>,
    /// When it began.
    pub started_at: Timestamp,
    /// When all its notices were accepted; None while it works, or when it died half way.
    pub finished_at: Option<Timestamp>,
    /// That a person had it end; None: nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<RunStopped>,
    /// Recipients by state; those of copies to teachers are not among them.
    pub states: BTreeMap<State, u64>,
    /// Copies to teachers by state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<State, u64>,
    /// Left out by kind.
    pub left_out: BTreeMap<LeftOutWhy, u64>,
}

/// That a person had a run end: what had not left by then does not leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStopped {
    /// Whoever did so last.
    pub by: Actor,
    /// When they did.
    pub at: Timestamp,
    /// For mail of these libraries; none: for all.
    pub sites: BTreeSet<String>,
}

impl RunStopped {
    /// Nothing of mail for these libraries goes on; none: for all.
    pub fn is_for_all_of(&self, sites: &BTreeSet<String>) -> bool {
        self.sites.is_empty() || (!sites.is_empty() && sites.is_subset(&self.sites))
    }

    /// Somebody had it end for one of these libraries at least; none: for all.
    pub fn is_for_some_of(&self, sites: &BTreeSet<String>) -> bool {
        self.sites.is_empty() || sites.is_empty() || !sites.is_disjoint(&self.sites)
    }

    /// For what was stopped before as well.
    #[must_use]
    pub fn with(self, before: Option<&Self>) -> Self {
        let Some(before) = before else { return self };
        let is_for_all = self.sites.is_empty() || before.sites.is_empty();
        let sites = if is_for_all { BTreeSet::new() } else { &self.sites | &before.sites };
        Self { sites, ..self }
    }
}

/// Notice runs.
impl Store {
    /// Begins a run.
    pub async fn begin_run(&self, run: NewRun) -> Result<RunId, Error> {
        ask!(self.db.begin_run(run).await)
    }

    /// Begins a run for whoever cannot ask twice; the log says so.
    pub async fn begin_run_by(&self, run: NewRun, who: Actor) -> Result<RunId, Error> {
        ask!(self.db.begin_run_by(run, who).await)
    }

    /// Begins a run for somebody, unless `request` began one already: however often it is made, there is one run.
    pub async fn begin_run_once(&self, run: NewRun, who: Actor, request: String) -> Result<Begun, Error> {
        ask!(self.db.begin_run_once(run, who, request).await)
    }

    /// The run that this request began.
    pub async fn run_of_request(&self, request: &str) -> Result<Option<RunId>, Error> {
        ask!(self.db.run_of_request(request.to_owned()).await)
    }

    /// Adds to those whom the run left out.
    pub async fn left_out(&self, run: RunId, left_out: Vec<LeftOut>) -> Result<(), Error> {
        ask!(self.db.left_out(run, left_out).await)
    }

    /// Puts on record that somebody had the run end, for mail of these libraries; none: for all. What was stopped before stays so.
    pub async fn stop_run(
        &self,
        run: RunId,
        sites: BTreeSet<String>,
        who: Actor,
        now: Timestamp,
    ) -> Result<(), Error> {
        ask!(self.db.stop_run(run, RunStopped { by: who, at: now, sites }).await)
    }

    /// What somebody has stopped of a run that was cut short stays so in the one that goes on with it.
    pub async fn stays_stopped(&self, run: RunId, stopped: RunStopped) -> Result<(), Error> {
        ask!(self.db.stop_run(run, stopped).await)
    }

    /// All its notices are accepted. A second time changes nothing.
    pub async fn finish_run(&self, run: RunId, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.finish_run(run, now).await)
    }

    /// A run as it stands.
    pub async fn run(&self, run: RunId) -> Result<Run, Error> {
        ask!(self.db.run(run).await)
    }

    /// The last runs, newest first.
    pub async fn runs(&self, limit: usize) -> Result<Vec<Run>, Error> {
        ask!(self.db.runs(limit).await)
    }

    /// The last runs, newest first, and nothing of what became of them: costs the same however large they are.
    pub async fn runs_begun(&self, limit: usize) -> Result<Vec<Run>, Error> {
        ask!(self.db.runs_begun(limit).await)
    }

    /// What became of a run, by the library; `None`: of none, or not known. Together they are [`Store::run`], but that whose mail came back,
    /// was sent again, and came back again counts once.
    pub async fn run_by_site(&self, run: RunId) -> Result<BTreeMap<Option<String>, RunPart>, Error> {
        ask!(self.db.run_by_site(run).await)
    }

    /// The next of those whom a run left out, in the order of being found, behind the one with this number; each with its number, from 1.
    pub async fn left_out_part(
        &self,
        run: RunId,
        filter: LeftOutFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, LeftOut)>, Error> {
        ask!(self.db.left_out_part(run, filter, after, limit).await)
    }

    /// Whom a run left out, in the order of being found.
    pub async fn left_out_of(&self, run: RunId) -> Result<Vec<LeftOut>, Error> {
        ask!(self.db.left_out_of(run).await)
    }

    /// For each key, when this notice was last written about it, if that was later than `within` before `now` (`None`: ever). For
    /// previews: changes nothing.
    pub async fn written_lately(
        &self,
        notice: &str,
        keys: &[LedgerKey],
        within: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, Error> {
        let since = within.map_or(Timestamp::MIN, |within| before(now, within));
        ask!(self.db.written_lately(notice.to_owned(), keys.to_vec(), since).await)
    }

    /// For each of these, why a run would not write to them now. For previews: changes nothing.
    pub async fn written_before(
        &self,
        notice: &str,
        people: Vec<NamedItems>,
        within: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<Option<WrittenBefore>>, Error> {
        let since = within.map_or(Timestamp::MIN, |within| before(now, within));
        ask!(self.db.written_before(notice.to_owned(), people, since).await)
    }
}
