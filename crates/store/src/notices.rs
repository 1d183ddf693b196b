//! Notice runs and the ledger of what was written to whom.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{MessageId, NewMessage, RunId, State};

/// One item in one patron's hands, as the ledger knows it: a digest of patron, item and due date (or checkout date), made by
/// the notices code; together with the notice's name it is the key of FIELD facts section 5.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LedgerKey(pub String);

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
}

/// What became of one notice at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeAccepted {
    /// Message and ledger rows are stored.
    Stored(MessageId),
    /// All its items were written about within the repeat period, last at `last_at`: nothing is stored.
    WrittenLately {
        /// When the last of them was written about.
        last_at: Timestamp,
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
    /// The reason in words.
    pub detail: String,
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
    /// The branch code belongs to no site.
    UnknownBranch,
    /// The item is due today or later.
    NotDueYet,
    /// The notice could not be made of this patron's data.
    NotMade,
    /// A note: the line is in order, but not for this notice, or it stands above already.
    LeftAside,
    /// A note: one address of several cannot be used; the others are written to.
    UnusableAddress,
    /// A note: the export has no lines at all.
    NoLines,
}

impl LeftOutWhy {
    /// Worth knowing, though nobody goes without a mail for it.
    pub fn is_note(self) -> bool {
        match self {
            Self::RefusedLine
            | Self::NoAddress
            | Self::WrittenLately
            | Self::UnknownBranch
            | Self::NotDueYet
            | Self::NotMade => false,
            Self::DatesInDoubt | Self::LeftAside | Self::UnusableAddress | Self::NoLines => true,
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
    /// When it began.
    pub started_at: Timestamp,
    /// When all its notices were accepted; None while it works, or when it died half way.
    pub finished_at: Option<Timestamp>,
    /// Recipients by state.
    pub states: BTreeMap<State, u64>,
    /// Left out by kind.
    pub left_out: BTreeMap<LeftOutWhy, u64>,
}
