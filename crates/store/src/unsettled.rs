//! Of runs of the last days, what somebody has to see to still.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    Actor, Alike, Error, RunId, RunPart, State, Store,
    codes::{count, instant, named, of_json, unreadable},
    rows::Columns,
};

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
        ask!(self.db.unsettled(since).await)
    }
}

/// Returns that are looked through, the newest first.
pub(crate) const LOOKED: usize = 2_000;

/// What was found, by the run.
#[derive(Default)]
pub(crate) struct All(BTreeMap<RunId, Unsettled>);

impl All {
    /// One recipient in this state: from `run, site, reason, expires_at`, and the run's `started_at, begun_by`.
    pub(crate) fn count_why(&mut self, row: &impl Columns, state: State) -> Result<(), Error> {
        let Some(reason) = row.text(2)?.and_then(named) else { return Ok(()) };
        let expires_first_at =
            row.number(3)?.and_then(instant).ok_or_else(|| unreadable("recipient.expires_at"))?;
        let one = Alike { count: 1, expires_first_at };
        let unsettled = self.of(RunId(row.id(0)?), row.id(4)?, row.text(5)?)?;
        let part = unsettled.parts.entry(row.text(1)?).or_default();
        part.why.entry((state, reason)).and_modify(|all| all.add(one)).or_insert(one);
        Ok(())
    }

    /// Those of a run who were left out for one reason, unless a later run was about them: from `site, why, count`.
    pub(crate) fn count_left_out(
        &mut self,
        row: &impl Columns,
        run: &RunSeen,
        later: &Later,
    ) -> Result<(), Error> {
        let site = row.text(0)?;
        let is_told_later = later.is_about(run, site.as_ref());
        let Some(why) = row.text(1)?.and_then(named).filter(|_| !is_told_later) else { return Ok(()) };
        let unsettled = self.of(run.id, run.started_at, run.begun_by.clone())?;
        unsettled.parts.entry(site).or_default().left_out.insert(why, count(row.id(2)?));
        Ok(())
    }

    /// All of it.
    pub(crate) fn newest_first(self) -> Vec<Unsettled> {
        self.0.into_values().rev().collect()
    }

    fn of(&mut self, run: RunId, started_at: i64, begun_by: Option<String>) -> Result<&mut Unsettled, Error> {
        let started_at = instant(started_at).ok_or_else(|| unreadable("run.started_at"))?;
        let begun_by: Option<Actor> = of_json(begun_by);
        let unsettled = || Unsettled { run, started_at, begun_by, parts: BTreeMap::new() };
        Ok(self.0.entry(run).or_insert_with(unsettled))
    }
}

/// A run, and the libraries that its export was about.
pub(crate) struct RunSeen {
    pub(crate) id: RunId,
    notice: String,
    source: String,
    started_at: i64,
    is_over: bool,
    begun_by: Option<String>,
    sites: BTreeSet<String>,
}

impl RunSeen {
    /// From `id, notice, source, started_at`, whether it is over, `begun_by`.
    pub(crate) fn read(row: &impl Columns, sites: BTreeSet<String>) -> Result<Self, Error> {
        Ok(Self {
            id: RunId(row.id(0)?),
            notice: row.text(1)?.unwrap_or_default(),
            source: row.text(2)?.unwrap_or_default(),
            started_at: row.id(3)?,
            is_over: row.is(4)?,
            begun_by: row.text(5)?,
            sites,
        })
    }
}

/// Runs that were made to their end, and began later.
#[derive(Default)]
pub(crate) struct Later(Vec<RunSeen>);

impl Later {
    /// The next one before those.
    pub(crate) fn add(&mut self, run: RunSeen) {
        if run.is_over {
            self.0.push(run);
        }
    }

    /// One of them was of the same notice and about this library; where that is not known, about all that this one was about, over such a file.
    fn is_about(&self, run: &RunSeen, site: Option<&String>) -> bool {
        let of_notice = self.0.iter().filter(|later| later.notice == run.notice);
        of_notice.into_iter().any(|later| match site {
            Some(site) => later.sites.contains(site),
            None => is_like(&later.source, &run.source) && later.sites.is_superset(&run.sites),
        })
    }
}

/// Names of one export: "overdue-2026-11-23.csv", "overdue-2026-11-30.csv".
fn is_like(one: &str, other: &str) -> bool {
    let without_digits = |name: &str| name.chars().filter(|letter| !letter.is_numeric()).collect::<String>();
    without_digits(one) == without_digits(other)
}
