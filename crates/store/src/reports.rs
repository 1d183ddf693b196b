//! Owed return reports.

use std::time::Duration;

use jiff::Timestamp;
use mail::{Address, envelope::Ret};
use serde::{Deserialize, Serialize};

use crate::{Accepted, Error, NewMessage, RecipientId, Row, Store, before};

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
        self.db.owing(before(now, for_longer_than)).await
    }

    /// All that is owed to this address on practice mail, or on real mail, the oldest first, up to `limit`.
    pub async fn obligations(
        &self,
        return_address: &Address,
        practice: bool,
        limit: usize,
    ) -> Result<Vec<Obligation>, Error> {
        self.db.obligations(return_address, practice, limit).await
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
        self.db.returned_since(return_address, practice, before(now, within)).await
    }

    /// Accepts a report and closes the obligations it covers, in one transaction. If one of them is closed already, nothing is
    /// stored ([`Error::NotFound`]).
    pub async fn report(
        &self,
        report: NewMessage,
        closes: &[RecipientId],
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        self.db.report(report, closes.to_vec(), now).await
    }

    /// Closes obligations that may not be reported. Those that are closed already stay so.
    pub async fn close_obligations(&self, recipients: &[RecipientId], _now: Timestamp) -> Result<(), Error> {
        self.db.close_obligations(recipients.to_vec()).await
    }
}
