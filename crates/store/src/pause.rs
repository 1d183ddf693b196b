//! A pause of all sending: mail is accepted and waits, and grows no older.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Store,
    codes::of_json,
    rows::{Columns, at},
};

/// The name of what is there while nobody is sent to.
pub(crate) const NOTHING_GOES: &str = "nothing_goes";

/// Nothing is sent since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub began_at: Timestamp,
    /// Why.
    pub why: PauseWhy,
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseWhy {
    /// A person wanted it.
    ByPerson,
    /// There is somebody to send to again, and mail waited for so long meanwhile that a person is asked first.
    OldMail,
    /// The queue is a copy: what it holds may have been sent since.
    Restored {
        /// When the copy was made.
        of: Timestamp,
    },
}

/// The pause of all sending.
impl Store {
    /// From here on nothing is to be sent, and what waits grows no older; remembered over restarts. A pause that was begun already goes
    /// on as it was.
    pub async fn pause(&self, why: PauseWhy, now: Timestamp) -> Result<Pause, Error> {
        ask!(self.db.pause(why, now).await)
    }

    /// Sending goes on; `None`: it did all the while. Whoever sends has mail grow older again.
    pub async fn end_pause(&self) -> Result<Option<Pause>, Error> {
        ask!(self.db.end_pause().await)
    }

    /// The pause, while there is one.
    pub async fn paused(&self) -> Result<Option<Pause>, Error> {
        ask!(self.db.paused().await)
    }

    /// Whether real mail has nobody that it is sent to, as it was noted last.
    pub async fn nothing_goes(&self) -> Result<bool, Error> {
        ask!(self.db.nothing_goes().await)
    }

    /// Notes whether it has, so that the next start knows. Writes nothing where it was noted so already.
    pub async fn note_nothing_goes(&self, nothing_goes: bool) -> Result<(), Error> {
        ask!(self.db.note_nothing_goes(nothing_goes).await)
    }

    /// How many recipients wait whose message might have been sent before this instant. Looks through all that waits.
    pub async fn waiting_since_before(&self, instant: Timestamp) -> Result<u64, Error> {
        ask!(self.db.waiting_since_before(instant).await)
    }
}

/// From `began_at, why`. A reason of a later version is a person's, as far as this one can tell.
pub(crate) fn decode(row: &impl Columns) -> Result<Pause, Error> {
    Ok(Pause {
        began_at: at(row, 0)?.unwrap_or(Timestamp::UNIX_EPOCH),
        why: of_json(row.text(1)?).unwrap_or(PauseWhy::ByPerson),
    })
}

/// The name of the instant since which mail does not age.
pub(crate) fn ageing_stopped(practice: bool) -> &'static str {
    if practice { "ageing_stopped_practice" } else { "ageing_stopped" }
}
