//! What of the runs of the last days nobody has seen to yet, as far as it is theirs: it is not forgotten because another run began.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mail::Reason;
use store::{Actor, Error, LeftOutFilter, LeftOutWhy, RunId, State, Unsettled};

use super::sums::{Sums, left, left_do};
use crate::web::pages::{visit::Visit, words::Words};

/// Mail comes back within days, and a weekly run has its turn.
const DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Of each run, the newest first.
#[derive(Default)]
pub(in crate::web::pages) struct Pending(Vec<(OfRun, Sums)>);

/// Something of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web::pages) struct OfRun {
    pub(in crate::web::pages) id: i64,
    pub(in crate::web::pages) at: Timestamp,
    /// So much of it.
    pub(in crate::web::pages) count: u64,
}

impl Pending {
    pub(in crate::web::pages) async fn read(visit: &Visit) -> Result<Self, Error> {
        let since = visit.clockwork.now.saturating_sub(DAYS).unwrap_or(Timestamp::MIN);
        let all = visit.pages.sources.store.unsettled(since).await?;
        Ok(Self(all.into_iter().map(|one| seen(visit, one)).collect()))
    }

    /// Why mail came back, with how much, the most first.
    pub(in crate::web::pages) fn why_returned(&self) -> Vec<(Reason, u64)> {
        let mut all = BTreeMap::<Reason, u64>::new();
        for ((_, reason), counted) in self.0.iter().flat_map(|(_, sums)| returned(sums)) {
            *all.entry(*reason).or_default() += counted.count;
        }
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        all
    }

    /// The runs of which mail came back.
    pub(in crate::web::pages) fn returned(&self) -> Vec<OfRun> {
        self.runs(|sums| returned(sums).map(|(_, counted)| counted.count).sum())
    }

    /// The runs of which mail waits for a mailbox that is full, and when the first of it is given up.
    pub(in crate::web::pages) fn full(&self) -> (Vec<OfRun>, Option<Timestamp>) {
        let full = |sums: &Sums| sums.why.get(&(State::Waiting, Reason::MailboxFull)).copied();
        let until = self.0.iter().filter_map(|(_, sums)| Some(full(sums)?.expires_first_at)).min();
        (self.runs(|sums| full(sums).map_or(0, |alike| alike.count)), until)
    }

    /// The runs of which somebody got no mail.
    pub(in crate::web::pages) fn not_written(&self) -> Vec<OfRun> {
        self.runs(|sums| sums.left_out.values().sum())
    }

    /// Who got no mail though somebody can do something about it, with what that is: as the names' page says it.
    pub(in crate::web::pages) fn why_not_written(&self, words: &Words) -> Vec<(u64, String, String)> {
        let mut all = BTreeMap::<LeftOutWhy, u64>::new();
        for (why, count) in self.0.iter().flat_map(|(_, sums)| &sums.left_out) {
            *all.entry(*why).or_default() += count;
        }
        all.into_iter().map(|(why, n)| (n, left(words, why, n), left_do(words, why))).collect()
    }

    /// Whom the number of this run counts: why they got none, and of which libraries they are. `None`: nobody of it.
    pub(super) fn not_written_of(&self, run: RunId) -> Option<(u64, LeftOutFilter)> {
        let (_, sums) = self.0.iter().find(|(one, _)| one.id == run.0)?;
        let count = Some(sums.left_out.values().sum()).filter(|count| *count > 0)?;
        let of = sums.sites.iter().filter(|(_, part)| !part.left_out.is_empty()).map(|(site, _)| site);
        // No library is called so: without any, all would be meant.
        let mut sites: BTreeSet<_> = of.clone().flatten().cloned().collect();
        let or_of_none = of.clone().any(Option::is_none);
        if sites.is_empty() {
            sites.insert(String::new());
        }
        Some((count, LeftOutFilter { why: sums.left_out.keys().copied().collect(), sites, or_of_none }))
    }

    fn runs(&self, count: impl Fn(&Sums) -> u64) -> Vec<OfRun> {
        let counted = self.0.iter().map(|(run, sums)| OfRun { count: count(sums), ..*run });
        counted.filter(|run| run.count > 0).collect()
    }
}

fn returned(sums: &Sums) -> impl Iterator<Item = (&(State, Reason), &store::Alike)> {
    sums.why.iter().filter(|((state, _), _)| *state == State::Returned)
}

fn seen(visit: &Visit, one: Unsettled) -> (OfRun, Sums) {
    let own = matches!(&one.begun_by, Some(Actor::Person { id, .. }) if *id == visit.person().id);
    let sums = Sums::seen(one.parts, &visit.sites(), own);
    (OfRun { id: one.run.0, at: one.started_at, count: 0 }, sums)
}
