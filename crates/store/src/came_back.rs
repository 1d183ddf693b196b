//! Mail that a server had accepted and that comes back later.

use jiff::Timestamp;
use mail::{Address, Reason, bounce::Happened};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Kind, MessageId, RecipientId, RunId, State, Store, codes,
    rows::{Columns, at},
};

/// What a mail server says of one recipient of a message that it had accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// Which message it is about.
    pub about: About,
    /// The addresses by which the recipient may be known.
    pub addresses: Vec<Address>,
    /// Given up, or still being tried.
    pub happened: Happened,
    /// Why.
    pub reason: Reason,
    /// Who says so, as it names itself.
    pub by: Option<String>,
    /// Its words.
    pub words: String,
}

/// How a message is known in what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// By something that nobody can make up. The only recipient of a message is meant, whatever address is named: mail is forwarded.
    Message(MessageId),
    /// By its Message-ID with its angle brackets. The recipient must be named by the address that it was sent to.
    MessageId(String),
}

/// What became of a [`Bounce`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is on record now, and a failure has returned the recipient.
    New {
        /// Whose mail it is.
        recipient: RecipientId,
        /// What the message is to Bookpost.
        kind: Kind,
        /// The notice run it belongs to.
        run: Option<RunId>,
    },
    /// It was on record, or the recipient came to another end: nothing has changed.
    Known(RecipientId),
    /// It is not settled yet whether that message was sent: to be told again later.
    NotYet(RecipientId),
    /// No message of ours went to such a recipient.
    Unknown,
}

/// A line of a recipient's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameBack {
    /// Whose it is.
    pub recipient: RecipientId,
    /// Given up; else still being tried.
    pub failed: bool,
    /// When it was read.
    pub noted_at: Timestamp,
    /// Why.
    pub reason: Option<Reason>,
    /// Who said so.
    pub by: Option<String>,
    /// Its words.
    pub words: String,
    /// Of a delay: until when it will be tried.
    pub until: Option<Timestamp>,
}

/// Mail that comes back later.
impl Store {
    /// Puts on record what a mail server says of a recipient. A failure of one that was delivered, or may have been
    /// ([`State::InDoubt`]), returns it in the same transaction, with the obligation to report it that any return has. Told twice it
    /// changes nothing the second time.
    pub async fn came_back(&self, bounce: Bounce, now: Timestamp) -> Result<Noted, Error> {
        ask!(self.db.came_back(bounce, now).await)
    }

    /// What came back of a message, recipient by recipient.
    pub async fn what_came_back(&self, message: MessageId) -> Result<Vec<CameBack>, Error> {
        ask!(self.db.what_came_back(message).await)
    }

    /// What return paths are signed with; made with the queue, and the same for ever.
    pub async fn return_path_key(&self) -> Result<Vec<u8>, Error> {
        ask!(self.db.return_path_key().await)
    }
}

/// Whether a recipient in this state has received its message as far as anybody knows, so that a failure returns it.
pub(crate) fn may_come_back(state: State) -> bool {
    matches!(state, State::Delivered | State::InDoubt)
}

/// A line of a timeline, from `recipient, failed, noted_at, reason, by, words, until`.
pub(crate) fn decode(row: &impl Columns) -> Result<CameBack, Error> {
    Ok(CameBack {
        recipient: RecipientId(row.id(0)?),
        failed: row.is(1)?,
        noted_at: at(row, 2)?.unwrap_or(Timestamp::UNIX_EPOCH),
        reason: row.text(3)?.and_then(codes::named),
        by: row.text(4)?,
        words: row.text(5)?.unwrap_or_default(),
        until: at(row, 6)?,
    })
}

/// Whom of a message's recipients a report is about that names these addresses: the only one, whatever it names.
pub(crate) fn meant(all: &[(RecipientId, String)], addresses: &[Address]) -> Option<RecipientId> {
    let named = |address: &str| addresses.iter().any(|one| one.as_str().eq_ignore_ascii_case(address));
    match all {
        [(only, _)] => Some(*only),
        several => several.iter().find(|(_, address)| named(address)).map(|(id, _)| *id),
    }
}
