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
/// As long as the longest wait of the short range.
const LONGEST_RECOVERY: Duration = Duration::from_secs(9 * MINUTE);

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
    pub fn next(
        &self,
        now: Timestamp,
        first_due_at: Timestamp,
        expires_at: Timestamp,
        dice: &mut impl Rng,
    ) -> Next {
        if now >= expires_at {
            return Next::GiveUp;
        }
        // The short range does not run on while the message is set aside, either. An end that lies further away for another reason,
        // such as another preference at that time, makes no second short range.
        let counts_from =
            expires_at.saturating_sub(self.give_up_after).unwrap_or(Timestamp::MIN).max(first_due_at);
        let short = now < first_due_at
            || now >= counts_from && now.duration_since(counts_from).unsigned_abs() < self.short_range;
        let (least, most) = if short { self.short_wait } else { self.long_wait };
        let wait = Duration::from_micros(dice.random_range(micros(least)..=micros(most).max(micros(least))));
        let drawn = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        Next::At(drawn.min(expires_at))
    }
}

/// Over how long a time the mail that waited only because of its way of sending comes due again, once it works: half as
/// long as the outage, at most nine minutes. A short hiccup is over at once; after a long one the server is not flooded.
pub fn recovery_window(outage: Duration) -> Duration {
    (outage / 2).min(LONGEST_RECOVERY)
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const HOUR: u64 = 60 * MINUTE;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn waits_by_age() {
        let schedule = RetrySchedule::default();
        let expires_at = schedule.expires_at(at(0));
        assert_eq!(expires_at, at(100 * HOUR));
        for (age, least, most) in [
            (0, 3 * MINUTE, 9 * MINUTE),
            (59 * MINUTE + 59, 3 * MINUTE, 9 * MINUTE),
            (60 * MINUTE, 60 * MINUTE, 90 * MINUTE),
            (98 * HOUR, 60 * MINUTE, 90 * MINUTE),
        ] {
            let mut dice = StdRng::seed_from_u64(age);
            for _ in 0..200 {
                let Next::At(next) = schedule.next(at(age), at(0), expires_at, &mut dice) else {
                    panic!("given up after {age} s")
                };
                assert!((at(age + least)..=at(age + most)).contains(&next), "{age}: {next}");
            }
        }
    }

    #[test]
    fn the_last_attempt_is_made_at_the_end_and_not_after_it() {
        let schedule = RetrySchedule::default();
        let expires_at = schedule.expires_at(at(0));
        let mut dice = StdRng::seed_from_u64(1);
        for age in [99 * HOUR + 30 * MINUTE, 100 * HOUR - 1] {
            assert_eq!(schedule.next(at(age), at(0), expires_at, &mut dice), Next::At(expires_at));
        }
        for age in [100 * HOUR, 101 * HOUR] {
            assert_eq!(schedule.next(at(age), at(0), expires_at, &mut dice), Next::GiveUp);
        }
    }

    #[test]
    fn time_set_aside_counts_neither_for_the_end_nor_for_the_short_range() {
        let schedule = RetrySchedule::default();
        let mut dice = StdRng::seed_from_u64(1);
        let moved = schedule.expires_at(at(0)) + Duration::from_secs(50 * HOUR);
        for (age, least, most) in [
            (50 * HOUR + 30 * MINUTE, 3 * MINUTE, 9 * MINUTE),
            (51 * HOUR, 60 * MINUTE, 90 * MINUTE),
            (100 * HOUR, 60 * MINUTE, 90 * MINUTE),
        ] {
            let Next::At(next) = schedule.next(at(age), at(0), moved, &mut dice) else { panic!("given up") };
            assert!((at(age + least)..=at(age + most)).contains(&next), "{age}: {next}");
        }
    }

    #[test]
    fn one_wait_instead_of_a_range_and_a_range_upside_down() {
        let mut dice = StdRng::seed_from_u64(2);
        let second = Duration::from_secs(1);
        for wait in [(second, second), (second, Duration::ZERO)] {
            let schedule = RetrySchedule { short_wait: wait, ..RetrySchedule::default() };
            let next = schedule.next(at(0), at(0), schedule.expires_at(at(0)), &mut dice);
            assert_eq!(next, Next::At(at(1)));
        }
    }

    /// Run with `--nocapture` to read it.
    #[test]
    fn the_whole_life_of_one_message() {
        let schedule = RetrySchedule::default();
        let expires_at = schedule.expires_at(at(0));
        let mut dice = StdRng::seed_from_u64(3);
        let (mut now, mut attempts, mut printed) = (at(0), 1, String::new());
        while let Next::At(next) = schedule.next(now, at(0), expires_at, &mut dice) {
            let age = next.duration_since(at(0)).as_secs();
            let wait = next.duration_since(now).as_secs();
            attempts += 1;
            let (hours, minutes, wait) = (age / 3600, age / 60 % 60, wait / 60);
            let _ = writeln!(
                printed,
                "attempt {attempts:>3} at {hours:>3} h {minutes:02} min, after {wait:>2} min"
            );
            now = next;
        }
        println!("{printed}given up");
        assert_eq!(now, expires_at);
        // 60 minutes in steps of 3 to 9, then 99 hours in steps of 60 to 90.
        assert!((7 + 66..=21 + 100).contains(&attempts), "{attempts}");
    }

    #[test]
    fn recovery_takes_half_the_outage() {
        for (outage, window) in [(0, 0), (60, 30), (18 * MINUTE, 9 * MINUTE), (100 * HOUR, 9 * MINUTE)] {
            assert_eq!(recovery_window(Duration::from_secs(outage)), Duration::from_secs(window));
        }
    }

    proptest! {
        #[test]
        fn never_too_early_and_never_past_the_end(
            age in 0_u64..200 * HOUR, held in 0_u64..50 * HOUR, seed: u64,
            short_range in 0_u64..24 * HOUR, least in 0_u64..HOUR, more in 0_u64..HOUR,
        ) {
            let schedule = RetrySchedule {
                short_range: Duration::from_secs(short_range),
                short_wait: (Duration::from_secs(least), Duration::from_secs(least + more)),
                ..RetrySchedule::default()
            };
            let expires_at = schedule.expires_at(at(0)) + Duration::from_secs(held);
            let short = age.checked_sub(held).is_some_and(|counted| counted < short_range);
            let (least, most) = if short { schedule.short_wait } else { schedule.long_wait };
            match schedule.next(at(age), at(0), expires_at, &mut StdRng::seed_from_u64(seed)) {
                Next::GiveUp => prop_assert!(at(age) >= expires_at),
                Next::At(next) => {
                    prop_assert!(next <= expires_at && next <= at(age) + most);
                    prop_assert!(next >= at(age) + least || next == expires_at);
                }
            }
        }
    }
}
