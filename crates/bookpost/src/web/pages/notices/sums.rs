//! What became of a run, in numbers that add up: each address, and each line or person without a mail, is one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mail::Reason;
use store::{Actor, Alike, Error, LeftOutWhy, Run, RunId, RunPart, State, States};
use tokio::time::Instant;

use super::check::is_aside;
use crate::web::pages::{visit::Visit, words::Words};

/// Reasons for which nobody is written to.
pub(super) const REASONS: [(&str, LeftOutWhy); 15] = [
    ("no_address", LeftOutWhy::NoAddress),
    ("refused_line", LeftOutWhy::RefusedLine),
    ("unknown_branch", LeftOutWhy::UnknownBranch),
    ("other_library", LeftOutWhy::OtherLibrary),
    ("came_back", LeftOutWhy::CameBack),
    ("written_lately", LeftOutWhy::WrittenLately),
    ("not_made", LeftOutWhy::NotMade),
    ("stopped", LeftOutWhy::Stopped),
    ("not_due_yet", LeftOutWhy::NotDueYet),
    ("unusable_address", LeftOutWhy::UnusableAddress),
    ("left_aside", LeftOutWhy::LeftAside),
    ("dates_in_doubt", LeftOutWhy::DatesInDoubt),
    ("no_lines", LeftOutWhy::NoLines),
    ("items_returned", LeftOutWhy::ItemsReturned),
    ("not_told", LeftOutWhy::NotTold),
];

/// The order in which people want to know.
pub(super) const ORDER: [State; 8] = [
    State::Delivered,
    State::Practiced,
    State::Waiting,
    State::Sending,
    State::Returned,
    State::InDoubt,
    State::Held,
    State::Cancelled,
];

/// Of a run, as far as it is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub(super) sites: BTreeMap<Option<String>, RunPart>,
    pub(super) states: States,
    /// Lists for teachers, which are counted apart.
    pub(super) copies: States,
    /// Mails that those in the states are of.
    pub(super) mails: u64,
    /// See [`RunPart::doubtful`].
    pub(super) doubtful: u64,
    /// See [`RunPart::waiting_in_doubt`].
    pub(super) waiting_in_doubt: u64,
    pub(super) left_out: BTreeMap<LeftOutWhy, u64>,
    /// See [`RunPart::why`].
    pub(super) why: BTreeMap<(State, Reason), Alike>,
}

/// Runs of so many addresses take a while to be counted.
const LARGE: u64 = 20_000;
/// For so long what was counted of one stands on every page.
const STANDS: Duration = Duration::from_secs(5);
/// So many are kept.
const KEPT: usize = 8;

/// What became of large runs a moment ago: they are not counted for each page that tells of them.
#[derive(Clone, Default)]
pub(in crate::web::pages) struct Large(Arc<Mutex<Vec<(RunId, Instant, Parts)>>>);

/// By the library.
type Parts = BTreeMap<Option<String>, RunPart>;

impl Large {
    fn counted(&self, run: RunId) -> Option<Parts> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, at, _)| at.elapsed() < STANDS);
        kept.iter().find(|(known, ..)| *known == run).map(|(.., parts)| parts.clone())
    }

    fn keep(&self, run: RunId, parts: &Parts) {
        if parts.values().flat_map(|part| part.states.values()).sum::<u64>() < LARGE {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT - 1);
        kept.insert(0, (run, Instant::now(), parts.clone()));
    }
}

impl Sums {
    pub(super) async fn of(visit: &Visit, run: &Run) -> Result<Self, Error> {
        let large = &visit.pages.large;
        let parts = if let Some(parts) = large.counted(run.id) {
            parts
        } else {
            let parts = visit.pages.sources.store.run_by_site(run.id).await?;
            large.keep(run.id, &parts);
            parts
        };
        Ok(Self::seen(parts, &visit.sites(), is_own(visit, run)))
    }

    /// What somebody sees who is limited to these libraries (none: to none); of a run of their own, also what is of no known library.
    pub(super) fn seen(parts: Parts, limits: &BTreeSet<String>, own: bool) -> Self {
        let mut sums = Self::default();
        for (site, mut part) in parts {
            match &site {
                Some(site) if !limits.is_empty() && !limits.contains(site) => continue,
                None if !limits.is_empty() && !own => continue,
                // Mail of no library is for those who are limited to none.
                None if !limits.is_empty() => {
                    part.states.clear();
                    part.mails = 0;
                    part.doubtful = 0;
                    part.waiting_in_doubt = 0;
                    part.copies.clear();
                    part.why.clear();
                }
                _ => {}
            }
            for (state, count) in &part.states {
                *sums.states.entry(*state).or_default() += count;
            }
            for (state, count) in &part.copies {
                *sums.copies.entry(*state).or_default() += count;
            }
            sums.mails += part.mails;
            sums.doubtful += part.doubtful;
            sums.waiting_in_doubt += part.waiting_in_doubt;
            for (why, count) in &part.left_out {
                *sums.left_out.entry(*why).or_default() += count;
            }
            for (why, counted) in &part.why {
                sums.why.entry(*why).and_modify(|all| all.add(*counted)).or_insert(*counted);
            }
            sums.sites.insert(site, part);
        }
        sums
    }

    /// Those of another run are counted with it; not by library.
    pub(super) fn add(&mut self, other: &Self) {
        for (state, count) in &other.states {
            *self.states.entry(*state).or_default() += count;
        }
        self.mails += other.mails;
        self.doubtful += other.doubtful;
        self.waiting_in_doubt += other.waiting_in_doubt;
        for (why, count) in &other.left_out {
            *self.left_out.entry(*why).or_default() += count;
        }
    }

    /// Whether the run is theirs to see at all.
    pub(super) fn is_theirs(&self, visit: &Visit, run: &Run) -> bool {
        visit.sites().is_empty() || is_own(visit, run) || !self.sites.is_empty()
    }

    pub(super) fn state(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or(0)
    }

    /// Lists for teachers in one of these states.
    pub(super) fn copies(&self, states: &[State]) -> u64 {
        states.iter().filter_map(|state| self.copies.get(state)).sum()
    }

    /// For whom the export asked for a mail, and no mail was made.
    pub(super) fn not_written(&self) -> u64 {
        not_written(&self.left_out)
    }

    pub(super) fn asked(&self) -> u64 {
        self.states.values().sum::<u64>() + self.not_written()
    }

    /// "2 people" and "4 addresses", where some have several.
    pub(super) fn of_several(&self, words: &Words) -> Option<(String, String)> {
        let addresses = self.states.values().sum();
        let said = || (words.count("n-people", self.mails), words.count("n-addresses", addresses));
        (addresses > self.mails).then(said)
    }

    /// All of it came to its end, and all that was written to arrived or was not to be sent, but what was returned.
    pub(super) fn others_are_done(&self) -> bool {
        let open = [State::Waiting, State::Sending, State::InDoubt, State::Held];
        open.into_iter().all(|state| self.state(state) + self.copies(&[state]) == 0)
    }

    /// Something of it may still leave.
    pub(super) fn is_open(&self) -> bool {
        [State::Waiting, State::Sending]
            .into_iter()
            .any(|state| self.state(state) + self.copies(&[state]) > 0)
    }

    pub(super) fn wants_a_look(&self) -> bool {
        let states = [State::Returned, State::InDoubt, State::Held];
        states.into_iter().any(|state| self.state(state) + self.copies(&[state]) > 0)
            || self.not_written() > 0
    }

    /// "405 accepted, 4 waiting, 3 sent back, 9 not written to".
    pub(super) fn sentence(&self, words: &Words) -> String {
        let states = ORDER.iter().map(|state| (state_key(*state), self.state(*state)));
        let all = states.chain([("part-not-written", self.not_written())]).filter(|(_, count)| *count > 0);
        let parts: Vec<_> = all.map(|(key, count)| words.count(key, count)).collect();
        if parts.is_empty() { words.t("part-none") } else { parts.join(", ") }
    }
}

pub(super) fn not_written(left_out: &BTreeMap<LeftOutWhy, u64>) -> u64 {
    left_out.iter().filter(|(why, _)| !is_aside(**why)).map(|(_, count)| count).sum()
}

/// They began it.
pub(super) fn is_own(visit: &Visit, run: &Run) -> bool {
    matches!(&run.begun_by, Some(Actor::Person { id, .. }) if *id == visit.person().id)
}

pub(super) fn state_key(state: State) -> &'static str {
    match state {
        State::Waiting => "part-waiting",
        State::Sending => "part-sending",
        State::InDoubt => "part-in-doubt",
        State::Delivered => "part-delivered",
        State::Practiced => "part-practiced",
        State::Returned => "part-returned",
        State::Held => "part-held",
        State::Cancelled => "part-cancelled",
    }
}

/// So many were left out for this reason.
pub(super) fn left(words: &Words, why: LeftOutWhy, n: u64) -> String {
    words.count(
        match why {
            LeftOutWhy::NoAddress => "left-no-address",
            LeftOutWhy::RefusedLine => "left-refused-line",
            LeftOutWhy::UnknownBranch => "left-unknown-branch",
            LeftOutWhy::OtherLibrary => "left-other-library",
            LeftOutWhy::WrittenLately => "left-written-lately",
            LeftOutWhy::CameBack => "left-came-back",
            LeftOutWhy::NotMade => "left-not-made",
            LeftOutWhy::Stopped => "left-stopped",
            LeftOutWhy::NotDueYet => "left-not-due-yet",
            LeftOutWhy::UnusableAddress => "left-unusable-address",
            LeftOutWhy::LeftAside => "left-aside",
            LeftOutWhy::DatesInDoubt => "left-dates",
            LeftOutWhy::NoLines => "left-no-lines",
            LeftOutWhy::ItemsReturned => "left-items-returned",
            LeftOutWhy::NotTold => "left-not-told",
        },
        n,
    )
}

/// What is done about it.
pub(super) fn left_do(words: &Words, why: LeftOutWhy) -> String {
    words.t(match why {
        LeftOutWhy::NoAddress => "left-no-address-do",
        LeftOutWhy::RefusedLine => "left-refused-line-do",
        LeftOutWhy::UnknownBranch => "left-unknown-branch-do",
        LeftOutWhy::OtherLibrary => "left-other-library-do",
        LeftOutWhy::WrittenLately => "left-written-lately-do",
        LeftOutWhy::CameBack => "left-came-back-do",
        LeftOutWhy::NotMade => "left-not-made-do",
        LeftOutWhy::Stopped => "left-stopped-do",
        LeftOutWhy::NotDueYet => "left-not-due-yet-do",
        LeftOutWhy::UnusableAddress => "left-unusable-address-do",
        LeftOutWhy::LeftAside => "left-aside-do",
        LeftOutWhy::DatesInDoubt => "left-dates-do",
        LeftOutWhy::NoLines => "left-no-lines-do",
        LeftOutWhy::ItemsReturned => "left-items-returned-do",
        LeftOutWhy::NotTold => "left-not-told-do",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    fn part(states: &[(State, u64)], left_out: &[(LeftOutWhy, u64)]) -> RunPart {
        let (states, left_out) = (states.iter().copied().collect(), left_out.iter().copied().collect());
        RunPart { states, left_out, ..RunPart::default() }
    }

    fn parts() -> BTreeMap<Option<String>, RunPart> {
        [
            (
                None,
                part(&[(State::Delivered, 1)], &[(LeftOutWhy::RefusedLine, 10), (LeftOutWhy::NoLines, 1)]),
            ),
            (Some("EAST".to_owned()), part(&[(State::Waiting, 100)], &[(LeftOutWhy::NotDueYet, 5)])),
            (
                Some("MAIN".to_owned()),
                part(&[(State::Delivered, 1_000), (State::Returned, 3)], &[(LeftOutWhy::NoAddress, 9)]),
            ),
        ]
        .into()
    }

    #[test]
    fn it_adds_up_for_everybody_as_far_as_it_is_theirs() {
        for (limits, own, asked, not_written) in [
            (&[][..], false, 1_123, 19),
            (&["MAIN"], false, 1_012, 9),
            (&["MAIN"], true, 1_022, 19),
            (&["EAST"], false, 100, 0),
            (&["WEST"], false, 0, 0),
        ] {
            let limits = limits.iter().map(|site| (*site).to_owned()).collect();
            let sums = Sums::seen(parts(), &limits, own);
            assert_eq!((sums.asked(), sums.not_written()), (asked, not_written), "{limits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_large_run_is_not_counted_again_and_not_for_long() {
        let large = Large::default();
        large.keep(RunId(1), &parts());
        assert_eq!(large.counted(RunId(1)), None);
        let many: Parts = [(None, part(&[(State::Waiting, LARGE)], &[]))].into();
        large.keep(RunId(2), &many);
        assert_eq!((large.counted(RunId(2)), large.counted(RunId(3))), (Some(many), None));
        tokio::time::advance(STANDS).await;
        assert_eq!(large.counted(RunId(2)), None);
    }

    #[test]
    fn a_run_is_told_in_one_sentence() {
        let sums = Sums::seen(parts(), &BTreeSet::new(), false);
        let words = Language::English.words();
        assert_eq!(sums.sentence(words), "1001 accepted, 100 waiting, 3 sent back, 19 not written to");
        assert_eq!(Sums::default().sentence(words), "nobody was to be written to");
    }

    #[test]
    fn every_reason_has_a_name_for_addresses() {
        for (name, why) in REASONS {
            assert_eq!(serde_json::to_value(why).unwrap(), name);
        }
    }
}
