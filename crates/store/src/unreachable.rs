//! Who cannot be reached by mail.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Reason;
use serde::{Deserialize, Serialize};

use crate::{Error, RecipientId, Row, Store};

/// With these reasons it is the address, or its mailbox, for which mail comes back, and not the library or its server. What was refused
/// for a reason that is not plain may have been so for its content or its size.
pub const OF_THE_ADDRESS: [Reason; 5] = [
    Reason::AddressUnknown,
    Reason::DomainUnknown,
    Reason::MailboxDisabled,
    Reason::MailboxFull,
    Reason::Utf8Unsupported,
];

/// An address to which no mail of a library comes any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// The last mail that came back.
    pub row: Row,
    /// When the first came back of those since the last one that a server took.
    pub since: Timestamp,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unreached {
    /// Those whose mail came back last, first.
    pub all: Vec<Unreachable>,
    /// The list may go on below this one, though nobody may be found before.
    pub next: Option<RecipientId>,
}

impl Store {
    /// Who cannot be reached, each address once for each library: its newest mail there, of all that came to an end, came back with
    /// one of the reasons [`OF_THE_ADDRESS`], and none that came later was taken, of whatever library; nor one that was sent again in
    /// its place, or that this library wrote later to the same patron by their number, at another address. Reports, alarms and practice
    /// mail do not count. `sites`: only of these libraries; empty: of any, and of none. Looks through so many returns that the list ends
    /// before it is full where most of them are of the same few.
    pub async fn unreachable(
        &self,
        sites: BTreeSet<String>,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Unreached, Error> {
        ask!(self.db.unreachable(sites, after, limit).await)
    }
}

/// Returns that one part looks through, at most.
pub(crate) const LOOKED: usize = 5_000;
