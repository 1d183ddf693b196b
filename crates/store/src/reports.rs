//! Owed return reports.

use std::time::Duration;

use jiff::Timestamp;
use mail::{Address, envelope::Ret};
use serde::{Deserialize, Serialize};

use crate::{
    Accepted, Error, NewMessage, RecipientId, Row, Store, before, codes,
    rows::{Columns, SHOWN_COLUMNS, at, shown},
};

/// A return address to which reports are owed, on practice mail or on real mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owing {
    /// Where the reports go.
    pub return_address: Address,
    /// On practice mail.
    pub practice: bool,
    /// How many recipients they are about.
    pub count: u64,
    /// When the first of these was returned or relayed.
    pub owed_since: Timestamp,
}

/// A recipient whose report is still owed: it was returned, or its message was relayed ([`crate::Verdict::Relayed`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// When it was returned or relayed.
    pub owed_since: Timestamp,
    /// When it was first attempted; `None`: never.
    pub first_attempt_at: Option<Timestamp>,
    /// When the last attempt ended.
    pub last_attempt_at: Option<Timestamp>,
    /// The envelope id that the sender gave, as xtext.
    pub envelope_id: Option<String>,
    /// How much of the message the sender wants back.
    pub ret: Option<Ret>,
    /// The notice run it belongs to.
    pub run: Option<RunName>,
    /// The recipient, with reason, answer and patron.
    pub row: Row,
}

/// What people know a notice run by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunName {
    /// Which notice (`overdue-items`).
    pub notice: String,
    /// The file it came from.
    pub source: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// Return reports.
impl Store {
    /// The return addresses to which a report has been owed for longer than this, the oldest first.
    pub async fn owing(&self, for_longer_than: Duration, now: Timestamp) -> Result<Vec<Owing>, Error> {
        ask!(self.db.owing(before(now, for_longer_than)).await)
    }

    /// All that is owed to this address on practice mail, or on real mail, the oldest first, up to `limit`.
    pub async fn obligations(
        &self,
        return_address: &Address,
        practice: bool,
        limit: usize,
    ) -> Result<Vec<Obligation>, Error> {
        ask!(self.db.obligations(return_address, practice, limit).await)
    }

    /// How many recipients of practice mail, or of real mail, were returned to this address within that time before `now`, reported
    /// or not.
    pub async fn returned_lately(
        &self,
        return_address: &Address,
        practice: bool,
        within: Duration,
        now: Timestamp,
    ) -> Result<u64, Error> {
        ask!(self.db.returned_since(return_address, practice, before(now, within)).await)
    }

    /// Accepts a report and closes the obligations it covers, in one transaction. If one of them is closed already, nothing is
    /// stored ([`Error::NotFound`]).
    pub async fn report(
        &self,
        report: NewMessage,
        closes: &[RecipientId],
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        ask!(self.db.report(report, closes.to_vec(), now).await)
    }

    /// Closes obligations that may not be reported. Those that are closed already stay so.
    pub async fn close_obligations(&self, recipients: &[RecipientId], _now: Timestamp) -> Result<(), Error> {
        ask!(self.db.close_obligations(recipients.to_vec()).await)
    }
}

/// NOTIFY asks for a report of a success (RFC 3461 section 4.1).
pub(crate) const SUCCESS: i64 = 1;
/// NOTIFY asks for a report of a failure.
pub(crate) const FAILURE: i64 = 2;
/// Behind what is shown stand `owed_since, envelope_id`, the beginning of the first attempt, the end of the last, the run's `notice, source,
/// started_at`, and `ret`.
const FIRST: usize = SHOWN_COLUMNS;

/// None where it cannot be read.
pub(crate) fn obligation(row: &impl Columns) -> Result<Option<Obligation>, Error> {
    let Some(owed_since) = at(row, FIRST)? else {
        tracing::error!(recipient.id = row.id(0)?, "an owed report cannot be read; it stays owed");
        return Ok(None);
    };
    let run = match (row.text(FIRST + 4)?, row.text(FIRST + 5)?, at(row, FIRST + 6)?) {
        (Some(notice), Some(source), Some(started_at)) => Some(RunName { notice, source, started_at }),
        _ => None,
    };
    Ok(Some(Obligation {
        owed_since,
        first_attempt_at: at(row, FIRST + 2)?,
        last_attempt_at: at(row, FIRST + 3)?,
        envelope_id: row.text(FIRST + 1)?,
        ret: row.number(FIRST + 7)?.and_then(codes::ret),
        run,
        row: shown(row)?,
    }))
}

/// One return address, from `return_address, practice, count, owed_since`. None where it cannot be read.
pub(crate) fn owing(row: &impl Columns) -> Result<Option<Owing>, Error> {
    let address = row.text(0)?.and_then(|text| Address::parse(&text).ok());
    let (practice, count) = (row.is(1)?, codes::count(row.id(2)?));
    let (Some(return_address), Some(owed_since)) = (address, at(row, 3)?) else {
        tracing::error!(
            count,
            "reports are owed to an address that cannot be read; nobody hears of these returns"
        );
        return Ok(None);
    };
    Ok(Some(Owing { return_address, practice, count, owed_since }))
}
