//! Items that came back: what a newer export says of notices that have not left yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Error, LedgerKey, LeftOut, MessageId, Patron, RunId, Store,
    codes::{count, unreadable},
    rows::Columns,
};

/// An export that a run takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportTaken {
    /// When it was made.
    pub of: Timestamp,
    /// What it holds of each library, by its code.
    pub parts: BTreeMap<String, ExportPart>,
}

/// One library's part of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportPart {
    /// How many items.
    pub items: u64,
    /// Some of them, drawn by lot.
    pub sample: BTreeSet<LedgerKey>,
}

/// What is there of earlier runs of the same notice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Earlier {
    /// Their notices that have not left for all whom they are for.
    pub notices: Vec<OpenNotice>,
    /// The exports that those were made from, as far as that is known.
    pub exports: BTreeMap<RunId, ExportTaken>,
    /// For each library, when the newest export was made that a run ever took of it.
    pub newest: BTreeMap<String, Timestamp>,
}

/// A notice that waits, is set aside, or is being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenNotice {
    /// The mail.
    pub message: MessageId,
    /// The run that made it.
    pub run: RunId,
    /// Nobody has got it, nor may somebody have.
    pub unsent: bool,
    /// Code of the library that writes.
    pub site: Option<String>,
    /// Whom it is about.
    pub patron: Option<Patron>,
    /// What it names, never empty, with the code of the library where that is not the one that writes.
    pub items: Vec<(LedgerKey, Option<String>)>,
}

/// A notice none of whose items is in the newer export any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllReturned {
    /// The mail.
    pub message: MessageId,
    /// What it names.
    pub keys: Vec<LedgerKey>,
    /// What the newer run says of it.
    pub note: LeftOut,
}

/// An earlier notice in whose place another one goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// The mail.
    pub message: MessageId,
    /// What it names and the other one does not, since it came back. Where there is something, the rest counts as not written about as long
    /// as nobody has got the mail.
    pub returned: Vec<LedgerKey>,
}

/// Why mail is out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outdated {
    /// By the export of this run.
    pub run: RunId,
    /// When that export was made.
    pub of: Option<Timestamp>,
}

/// A newer export than the one that a mail was made from: of the same notice, about the same library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewerExport {
    /// The run that took it.
    pub run: RunId,
    /// When it was made.
    pub of: Timestamp,
    /// It says something of the patron for which they get a mail, or would.
    pub names: bool,
    /// That run has written to them.
    pub wrote: bool,
}

/// What a newer export says.
impl Store {
    /// What a run's export had of each library, as later ones are compared with it; None: a rehearsal's, or one of long ago.
    pub async fn export_of(&self, run: RunId) -> Result<Option<ExportTaken>, Error> {
        ask!(self.db.export_of(run).await)
    }

    /// The newest export that a real run took and was made to the end with, if it is newer than the one that this mail was made from.
    pub async fn newer_export(&self, message: MessageId) -> Result<Option<NewerExport>, Error> {
        ask!(self.db.newer_export(message).await)
    }

    /// Puts on record what a run takes. What was known of exports of runs that began more than 60 days before is forgotten.
    pub async fn take_export(&self, run: RunId, export: ExportTaken, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.take_export(run, export, now).await)
    }

    /// What is still open of runs of this notice that began `before` that one (`None`: of any). Mail that waits for a person because it may
    /// have arrived is not open; nor is what a person sent again.
    pub async fn earlier_notices(&self, notice: &str, before: Option<RunId>) -> Result<Earlier, Error> {
        ask!(self.db.earlier_notices(notice.to_owned(), before).await)
    }

    /// These are not to be sent, as nothing that they name is in the export of this run. What waits or is set aside is cancelled with
    /// [`mail::Reason::ItemsReturned`]; what is being sent is marked, and cancelled in the transaction that would have it wait again. What a
    /// mail that nobody gets in the end had written about counts as not written. Their notes are left with the run. Gives how many
    /// mails that concerned. In slices between others' work.
    pub async fn all_returned(
        &self,
        run: RunId,
        notices: Vec<AllReturned>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        ask!(self.db.all_returned(run, notices, now).await)
    }
}

/// Mails that one slice puts out of date.
pub(crate) const SLICE: usize = 100;
/// After so long no mail waits any more for which an export would have to be known, unless sending was paused for weeks.
pub(crate) const PARTS_KEPT: Duration = Duration::from_hours(24 * 60);

/// Without what it names: from `message, run, site, patron_name, patron_number`.
pub(crate) fn open_notice(row: &impl Columns) -> Result<OpenNotice, Error> {
    let number = row.text(4)?;
    Ok(OpenNotice {
        message: MessageId(row.id(0)?),
        run: RunId(row.id(1)?),
        unsent: false,
        site: row.text(2)?,
        patron: row.text(3)?.map(|name| Patron { name, number }),
        items: Vec::new(),
    })
}

/// What an export held of a library: from `site, items, sample`.
pub(crate) fn part(row: &impl Columns) -> Result<(String, ExportPart), Error> {
    let sample = row.text(2)?.and_then(|sample| serde_json::from_str(&sample).ok());
    let sample = sample.ok_or_else(|| unreadable("export_part.sample"))?;
    Ok((row.text(0)?.unwrap_or_default(), ExportPart { items: count(row.id(1)?), sample }))
}

/// The last word of a name.
pub(crate) fn last_name(name: &str) -> String {
    name.split_whitespace().next_back().unwrap_or(name).to_owned()
}
