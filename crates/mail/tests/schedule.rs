//! Half a million messages that failed in the same second must not come back together.
//!
//! Run with `--nocapture` to see the curve.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use std::{ops::Range, thread};

use jiff::Timestamp;
use mail::retry::{Next, RetrySchedule};
use rand::{SeedableRng, rngs::StdRng};

const MESSAGES: usize = 500_000;
/// All are followed to their end, so many lots of them at a time.
const PARTS: usize = 4;
const HOURS: usize = 100;
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// Counts by whole minutes; what is longer than all 100 hours fails the test.
struct Curve(Vec<usize>);

impl Curve {
    fn new() -> Self {
        Self(vec![0; HOURS * 60 + 1])
    }

    fn count(&mut self, microseconds: i64) {
        self.0[usize::try_from(microseconds / MINUTE).unwrap()] += 1;
    }

    fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, another)| one + another).collect())
    }

    fn at(&self, minute: usize) -> usize {
        self.0[minute]
    }

    fn most(&self, minutes: Range<usize>) -> usize {
        self.0[minutes].iter().copied().max().unwrap_or(0)
    }

    /// A bar for every `step` minutes: what one of them holds on average.
    fn print(&self, title: &str, minutes: Range<usize>, step: usize) {
        let bars: Vec<(usize, usize)> = minutes
            .step_by(step)
            .map(|minute| (minute, (minute..minute + step).map(|one| self.at(one)).sum::<usize>() / step))
            .collect();
        let longest = bars.iter().map(|bar| bar.1).max().unwrap_or(0).max(1);
        println!("\n{title}");
        for (minute, bar) in bars {
            println!("minute {minute:>5} {bar:>7} {}", "#".repeat(bar * 60 / longest));
        }
    }
}

fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[test]
fn first_resends_of_all_spread_over_three_to_nine_minutes() {
    let schedule = RetrySchedule::default();
    let expires_at = schedule.expires_at(start());
    let mut dice = StdRng::seed_from_u64(2026);
    let mut curve = Curve::new();
    for _ in 0..MESSAGES {
        let Next::At(next) = schedule.next(start(), start(), expires_at, &mut dice) else {
            panic!("given up at once")
        };
        curve.count(next.as_microsecond());
    }
    curve.print("first resends of 500,000", 0..12, 1);
    let share = MESSAGES / 6;
    assert_eq!(curve.most(0..3) + curve.most(9..HOURS * 60 + 1), 0);
    for minute in 3..9 {
        assert!(curve.at(minute).abs_diff(share) < share / 50, "minute {minute}: {}", curve.at(minute));
    }
}

/// Attempts by age, and the waits after the short range, of so many messages that are followed to their end.
fn follow(messages: usize, seed: u64) -> (Curve, Curve) {
    let schedule = RetrySchedule::default();
    let expires_at = schedule.expires_at(start());
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut every, mut waits) = (Curve::new(), Curve::new());
    for _ in 0..messages {
        let (mut now, mut age) = (start(), 0);
        while let Next::At(next) = schedule.next(now, start(), expires_at, &mut dice) {
            let age_then = next.as_microsecond();
            if age >= HOUR && next < expires_at {
                assert!((HOUR..=HOUR * 3 / 2).contains(&(age_then - age)));
                waits.count(age_then - age);
            }
            (now, age) = (next, age_then);
            every.count(age);
        }
        assert_eq!(now, expires_at, "each is given up at exactly 100 hours");
    }
    (every, waits)
}

#[test]
fn the_hundred_hours_of_those_who_never_get_through() {
    let parts = thread::scope(|scope| {
        let parts: Vec<_> =
            (0..PARTS).map(|seed| scope.spawn(move || follow(MESSAGES / PARTS, 100 + seed as u64))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect::<Vec<_>>()
    });
    let (every, waits) = parts.into_iter().reduce(|a, b| (a.0.and(&b.0), a.1.and(&b.1))).unwrap();
    waits.print("waits after the short range, by length", 57..93, 1);
    every.print("attempts in the first six hours", 0..360, 6);
    every.print("attempts in 100 hours, a bar for two", 0..HOURS * 60, 120);

    // A share: all of them over the six, later the thirty minutes of one draw. The second resends begin before the
    // first have ended, so a minute holds up to 1.42 of it.
    let (short_share, long_share) = (MESSAGES / 6, MESSAGES / 30);
    assert!(every.most(0..70) < short_share * 3 / 2);
    assert!(every.most(70..HOURS * 60) < long_share * 3 / 2);
    // Once the waves have run into each other nothing stands out: 75 minutes is the mean wait.
    assert!(every.most(24 * 60..98 * 60) < MESSAGES / 75 * 3 / 2);
    assert_eq!(every.at(HOURS * 60), MESSAGES, "the last attempt of each");
}
