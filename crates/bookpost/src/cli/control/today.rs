//! Today's numbers by library, as the first page shows them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{State, States};

/// Of all libraries of which there is mail, or was today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    /// When the day began.
    pub since: Timestamp,
    pub libraries: Vec<OfLibrary>,
}

/// Of one library, by its code; `None`: of mail of none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfLibrary {
    pub site: Option<String>,
    /// When the day began there.
    pub since: Timestamp,
    #[serde(flatten)]
    pub figures: Figures,
}

/// Recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Handed in today.
    pub accepted: u64,
    /// Came to this today, whenever they were handed in.
    pub delivered: u64,
    pub practiced: u64,
    pub returned: u64,
    /// Came into doubt today, and are in doubt still.
    pub in_doubt_today: u64,
    /// It was decided today that they are not sent.
    pub cancelled: u64,
    /// Now.
    pub waiting: u64,
    pub in_doubt: u64,
    pub held: u64,
}

/// By the code of a library; `None`: of none.
type BySite = BTreeMap<Option<String>, States>;

impl Today {
    /// From the states of what was handed in today, of what was answered today, and of `all` as it is now. It is today since then, in
    /// libraries with a time zone of their own since `began_at`.
    pub fn of(
        since: Timestamp,
        began_at: &BTreeMap<Option<String>, Timestamp>,
        handed_in: &BySite,
        answered: &BySite,
        all: &BySite,
    ) -> Self {
        let sites: BTreeSet<_> = all.keys().chain(handed_in.keys()).chain(answered.keys()).collect();
        let library = |site: &Option<String>| OfLibrary {
            site: site.clone(),
            since: *began_at.get(site).unwrap_or(&since),
            figures: Figures::of(handed_in.get(site), answered.get(site), all.get(site)),
        };
        Self { since, libraries: sites.into_iter().map(library).collect() }
    }

    /// Of all of them together.
    pub fn sum(&self) -> Figures {
        self.libraries.iter().fold(Figures::default(), |sum, library| sum.and(&library.figures))
    }
}

impl Figures {
    /// Of one library, of which there may be nothing.
    fn of(handed_in: Option<&States>, answered: Option<&States>, all: Option<&States>) -> Self {
        let count = |states: Option<&States>, state| {
            states.and_then(|states| states.get(&state)).copied().unwrap_or(0)
        };
        let (today, now) = (|state| count(answered, state), |state| count(all, state));
        Self {
            accepted: handed_in.map_or(0, |states| states.values().sum()),
            delivered: today(State::Delivered),
            practiced: today(State::Practiced),
            returned: today(State::Returned),
            in_doubt_today: today(State::InDoubt),
            cancelled: today(State::Cancelled),
            waiting: now(State::Waiting) + now(State::Sending),
            in_doubt: now(State::InDoubt),
            held: now(State::Held),
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            delivered: self.delivered + other.delivered,
            practiced: self.practiced + other.practiced,
            returned: self.returned + other.returned,
            in_doubt_today: self.in_doubt_today + other.in_doubt_today,
            cancelled: self.cancelled + other.cancelled,
            waiting: self.waiting + other.waiting,
            in_doubt: self.in_doubt + other.in_doubt,
            held: self.held + other.held,
        }
    }
}
