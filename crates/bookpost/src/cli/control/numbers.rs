//! What became of a run in numbers that add up, as its page has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use store::{LeftOutWhy, RunPart, State};

/// `asked` is the sum of all the others, without `waiting_in_doubt`, which is a part of one. Lists for teachers are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunNumbers {
    pub asked: u64,
    pub accepted: u64,
    pub practice: u64,
    pub waiting: u64,
    /// Of those that wait: they may have arrived, and are sent again by themselves.
    pub waiting_in_doubt: u64,
    pub sent_back: u64,
    pub in_doubt: u64,
    pub set_aside: u64,
    pub cancelled: u64,
    pub not_written_to: u64,
}

/// Those of one library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteNumbers {
    /// Its code; none: of no library, or not known.
    pub site: Option<String>,
    #[serde(flatten)]
    pub numbers: RunNumbers,
}

/// Of a run, and of each of its libraries.
pub fn numbers(parts: &BTreeMap<Option<String>, RunPart>) -> (RunNumbers, Vec<SiteNumbers>) {
    let site = |(site, part): (&Option<String>, &RunPart)| SiteNumbers {
        site: site.clone(),
        numbers: RunNumbers::of(part),
    };
    let sites: Vec<_> = parts.iter().map(site).filter(|one| one.numbers.asked > 0).collect();
    let all = sites.iter().fold(RunNumbers::default(), |all, one| all.and(&one.numbers));
    (all, sites)
}

/// Somebody goes without a notice for it: what is only noted leaves nobody out, nor does what is not overdue yet.
pub fn leaves_out(why: LeftOutWhy) -> bool {
    !why.is_note() && why != LeftOutWhy::NotDueYet
}

impl RunNumbers {
    fn of(part: &RunPart) -> Self {
        let count = |state| part.states.get(&state).copied().unwrap_or(0);
        let left_out = part.left_out.iter().filter(|(why, _)| leaves_out(**why)).map(|(_, count)| count);
        let numbers = Self {
            asked: 0,
            accepted: count(State::Delivered),
            practice: count(State::Practiced),
            waiting: count(State::Waiting) + count(State::Sending),
            waiting_in_doubt: part.waiting_in_doubt,
            sent_back: count(State::Returned),
            in_doubt: count(State::InDoubt),
            set_aside: count(State::Held),
            cancelled: count(State::Cancelled),
            not_written_to: left_out.sum(),
        };
        Self { asked: numbers.parts().iter().sum(), ..numbers }
    }

    /// Those that add up, in the order in which they stand.
    pub fn parts(&self) -> [u64; 8] {
        let Self { accepted, practice, waiting, sent_back, .. } = *self;
        let Self { in_doubt, set_aside, cancelled, not_written_to, .. } = *self;
        [accepted, practice, waiting, sent_back, in_doubt, set_aside, cancelled, not_written_to]
    }

    fn and(self, other: &Self) -> Self {
        Self {
            asked: self.asked + other.asked,
            accepted: self.accepted + other.accepted,
            practice: self.practice + other.practice,
            waiting: self.waiting + other.waiting,
            waiting_in_doubt: self.waiting_in_doubt + other.waiting_in_doubt,
            sent_back: self.sent_back + other.sent_back,
            in_doubt: self.in_doubt + other.in_doubt,
            set_aside: self.set_aside + other.set_aside,
            cancelled: self.cancelled + other.cancelled,
            not_written_to: self.not_written_to + other.not_written_to,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_add_up_by_library_and_together() {
        let part = |n: u64| {
            let states = [
                State::Waiting,
                State::Sending,
                State::InDoubt,
                State::Delivered,
                State::Practiced,
                State::Returned,
                State::Held,
                State::Cancelled,
            ];
            let left_out =
                [(LeftOutWhy::NoAddress, n), (LeftOutWhy::NotDueYet, 70), (LeftOutWhy::NotTold, 80)];
            RunPart {
                states: states.into_iter().map(|state| (state, n)).collect(),
                left_out: left_out.into(),
                waiting_in_doubt: n,
                ..RunPart::default()
            }
        };
        let parts =
            [(None, part(1)), (Some("EAST".to_owned()), part(0)), (Some("MAIN".to_owned()), part(10))].into();
        let (all, sites) = numbers(&parts);
        let asked: Vec<_> = sites.iter().map(|one| (one.site.as_deref(), one.numbers.asked)).collect();
        assert_eq!(asked, [(None, 9), (Some("MAIN"), 90)]);
        assert_eq!((all.asked, all.parts().iter().sum::<u64>(), all.waiting), (99, 99, 22));
        assert_eq!(all.waiting_in_doubt, 11);
        let json = serde_json::to_value(&sites[1]).unwrap();
        assert_eq!(
            (&json["site"], &json["asked"], &json["not_written_to"]),
            (&"MAIN".into(), &90.into(), &10.into())
        );
    }
}
