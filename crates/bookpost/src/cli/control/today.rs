//! Today's numbers by library, as the first page shows them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{State, States};

/// Of all libraries of which there is mail.
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
    #[serde(flatten)]
    pub figures: Figures,
}

/// Recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Handed in today.
    pub accepted: u64,
    /// Of these.
    pub delivered: u64,
    pub practiced: u64,
    pub returned: u64,
    /// Now.
    pub waiting: u64,
    pub in_doubt: u64,
    pub held: u64,
}

impl Today {
    /// From the states of what was handed in `today`, and of `all`.
    pub fn of(
        since: Timestamp,
        today: &BTreeMap<Option<String>, States>,
        all: &BTreeMap<Option<String>, States>,
    ) -> Self {
        let sites: BTreeSet<_> = all.keys().chain(today.keys()).collect();
        let library = |site: &Option<String>| OfLibrary {
            site: site.clone(),
            figures: Figures::of(today.get(site), all.get(site)),
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
    pub fn of(today: Option<&States>, all: Option<&States>) -> Self {
        let count = |states: Option<&States>, state| {
            states.and_then(|states| states.get(&state)).copied().unwrap_or(0)
        };
        let (of_today, now) = (|state| count(today, state), |state| count(all, state));
        Self {
            accepted: today.map_or(0, |states| states.values().sum()),
            delivered: of_today(State::Delivered),
            practiced: of_today(State::Practiced),
            returned: of_today(State::Returned),
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
            waiting: self.waiting + other.waiting,
            in_doubt: self.in_doubt + other.in_doubt,
            held: self.held + other.held,
        }
    }
}
