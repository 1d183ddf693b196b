//! Of runs of the last days, what somebody has to see to still.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Actor, Error, RunId, RunPart, Store};

/// What of one run is not seen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// Who began it, where that is known.
    pub begun_by: Option<Actor>,
    /// By the library; `None`: of none, or not known. Of each part what came back and what waits for a mailbox that is full, in `why`, and for
    /// whom a further run would write, in `left_out`; nothing else is counted.
    pub parts: BTreeMap<Option<String>, RunPart>,
}

impl Store {
    /// What came back since then of real runs, and was neither sent again nor followed by mail that arrived: at the same address, or to the
    /// same patron, by their number. What a later run sent to the same address and got back is counted there alone. And who got no mail of
    /// runs that began since then, though a further one may write to them, until a later run of the same notice is made to its end that was
    /// about the same library: what is left is counted there. Where the library is not known it is one about all that this one was about, over a
    /// file of the same name, whatever the digits in it: another file would say nothing of them. The newest run comes first. Looks through so many returns that a first page
    /// is not kept waiting: those before are not counted. Beside that, of whatever run, what waits as a mailbox is full.
    pub async fn unsettled(&self, since: Timestamp) -> Result<Vec<Unsettled>, Error> {
        self.db.unsettled(since).await
    }
}
