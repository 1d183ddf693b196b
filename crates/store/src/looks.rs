//! When people looked how it stands.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Error, PersonId, Store};

/// Who comes back after so long makes another visit.
pub const ANOTHER_VISIT: Duration = Duration::from_mins(30);

/// What is written anew no more often: one visit has many pages.
const MINUTE: i64 = 60 * 1_000_000;

impl Store {
    /// Somebody looks how it stands. Gives when they looked for the last time before this visit; `None`: never. Written at most once a
    /// minute.
    pub async fn look(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        ask!(self.db.look(person, now).await)
    }

    /// What [`Store::look`] would give, where nobody looks.
    pub async fn looked_before(&self, person: PersonId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        ask!(self.db.looked_before(person, now).await)
    }
}

/// When somebody looked last, and when the visit before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) last: Option<i64>,
    pub(crate) before: Option<i64>,
}

impl Looks {
    /// Whether it stands so already that somebody looks now.
    pub(crate) fn are_noted(self, now: i64) -> bool {
        self.last.is_some_and(|last| (0..MINUTE).contains(&(now - last)))
    }

    /// With one more.
    pub(crate) fn and(self, now: i64) -> Self {
        let visit = i64::try_from(ANOTHER_VISIT.as_micros()).unwrap_or(i64::MAX);
        match self.last {
            Some(last) if now - last < visit => Self { last: Some(now), ..self },
            last => Self { last: Some(now), before: last },
        }
    }
}
