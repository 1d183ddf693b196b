//! When a failed send is tried again: a pure function of the time and a draw.

use std::time::Duration;

use jiff::Timestamp;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// The resend schedule. All lengths are preferences; [`RetrySchedule::default`] is what a library expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrySchedule {
    /// How long the short range lasts, counted from `first_due_at`.
    pub short_range: Duration,
    /// Shortest and longest wait inside the short range.
    pub short_wait: (Duration, Duration),
    /// Shortest and longest wait after it.
    pub long_wait: (Duration, Duration),
    /// Age at which the message is given up, counted from `first_due_at`.
    pub give_up_after: Duration,
}

const MINUTE: u64 = 60;

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            short_range: Duration::from_secs(60 * MINUTE),
            short_wait: (Duration::from_secs(3 * MINUTE), Duration::from_secs(9 * MINUTE)),
            long_wait: (Duration::from_secs(60 * MINUTE), Duration::from_secs(90 * MINUTE)),
            give_up_after: Duration::from_secs(100 * 60 * MINUTE),
        }
    }
}

/// What to do after an attempt that failed for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again then.
    At(Timestamp),
    /// The attempt that just failed was the last one.
    GiveUp,
}

impl RetrySchedule {
    /// The instant from which a failed attempt is the last.
    pub fn expires_at(&self, first_due_at: Timestamp) -> Timestamp {
        first_due_at.saturating_add(self.give_up_after).unwrap_or(Timestamp::MAX)
    }

    /// What follows an attempt that failed at `now`. `expires_at` is [`Self::expires_at`], moved on by the time that the
    /// message spent set aside. A draw past it is moved to exactly that instant, so that the last attempt is made there.
    pub fn next(&self, now: Timestamp, first_due_at: Timestamp, expires_at: Timestamp, dice: &mut impl Rng) -> Next {
        if now >= expires_at {
            return Next::GiveUp;
        }
        let short = now.duration_since(first_due_at).unsigned_abs() < self.short_range || now < first_due_at;
        let (least, most) = if short { self.short_wait } else { self.long_wait };
        let wait = Duration::from_micros(dice.random_range(micros(least)..=micros(most).max(micros(least))));
        let drawn = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        Next::At(drawn.min(expires_at))
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
