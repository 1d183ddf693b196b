//! Half a million messages that failed in the same second must not come back together.
//!
//! Run with `--nocapture` to see the curve.

use std::{collections::BTreeMap, ops::Range};

use jiff::{SignedDuration, Timestamp};
use mail::retry::{Next, RetrySchedule};
use rand::{SeedableRng, rngs::StdRng};

const MESSAGES: usize = 500_000;
/// The long tail repeats itself; every fiftieth message is followed to its end.
const FOLLOWED: usize = MESSAGES / 50;
const HOURS: i64 = 100;

/// Counts by whole minutes.
#[derive(Default)]
struct Curve(BTreeMap<i64, usize>);

impl Curve {
    fn count(&mut self, length: SignedDuration) {
        *self.0.entry(length.as_mins()).or_default() += 1;
    }

    fn at(&self, minute: i64) -> usize {
        self.0.get(&minute).copied().unwrap_or(0)
    }

    fn most(&self, minutes: Range<i64>) -> usize {
        self.0.range(minutes).map(|(_, &count)| count).max().unwrap_or(0)
    }

    /// A bar for every `step` minutes: what one of them holds on average.
    fn print(&self, title: &str, minutes: Range<i64>, step: usize) {
        let bars: Vec<(i64, usize)> = minutes
            .step_by(step)
            .map(|minute| (minute, (minute..).take(step).map(|one| self.at(one)).sum::<usize>() / step))
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
    let mut curve = Curve::default();
    for _ in 0..MESSAGES {
        let Next::At(next) = schedule.next(start(), start(), expires_at, &mut dice) else {
            panic!("given up at once")
        };
        curve.count(next.duration_since(start()));
    }
    curve.print("first resends of 500,000", 0..12, 1);
    let share = MESSAGES / 6;
    assert_eq!(curve.most(0..3) + curve.most(9..6000), 0);
    for minute in 3..9 {
        assert!(curve.at(minute).abs_diff(share) < share / 50, "minute {minute}: {}", curve.at(minute));
    }
}

#[test]
fn the_hundred_hours_of_those_who_never_get_through() {
    let schedule = RetrySchedule::default();
    let expires_at = schedule.expires_at(start());
    let mut dice = StdRng::seed_from_u64(100);
    let (mut every, mut waits) = (Curve::default(), Curve::default());
    for _ in 0..FOLLOWED {
        let mut now = start();
        while let Next::At(next) = schedule.next(now, start(), expires_at, &mut dice) {
            let wait = next.duration_since(now);
            if now.duration_since(start()) >= SignedDuration::from_hours(1) && next < expires_at {
                assert!((60 * 60..=90 * 60).contains(&wait.as_secs()));
                waits.count(wait);
            }
            now = next;
            every.count(now.duration_since(start()));
        }
        assert_eq!(now, expires_at, "each is given up at exactly 100 hours");
    }
    waits.print("waits after the short range, by length", 57..93, 1);
    every.print("attempts in the first six hours", 0..360, 6);
    every.print("attempts in 100 hours, a bar for two", 0..HOURS * 60, 120);

    // A share: all of them over the six, later the thirty minutes of one draw. The second resends begin before the
    // first have ended, so a minute holds up to 1.42 of it.
    let (short_share, long_share) = (FOLLOWED / 6, FOLLOWED / 30);
    assert!(every.most(0..70) < short_share * 3 / 2);
    assert!(every.most(70..HOURS * 60) < long_share * 3 / 2);
    // Once the waves have run into each other nothing stands out: 75 minutes is the mean wait.
    assert!(every.most(24 * 60..98 * 60) < FOLLOWED / 75 * 3 / 2);
    assert_eq!(every.at(HOURS * 60), FOLLOWED, "the last attempt of each");
}
