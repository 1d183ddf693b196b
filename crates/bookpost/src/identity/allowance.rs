//! How many messages an application may hand in per minute.
//!
//! A bucket that holds a minute's worth and fills evenly; all that need be known of it is when it will be full.

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How an application stands with its messages per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages per minute.
    pub limit: u32,
    /// So many more would be taken now.
    pub remaining: u32,
    /// When all of `limit` are there again.
    pub resets_at: Timestamp,
    /// When the next message would be taken.
    pub next_at: Timestamp,
}

/// What is left of one application's minute.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowance {
    full_at: Timestamp,
}

impl Allowance {
    /// One message. `Err`: not now, and nothing is taken.
    pub(super) fn take(&mut self, per_minute: u32, now: Timestamp) -> Result<Rate, Rate> {
        let before = self.rate(per_minute, now);
        self.full_at = before.resets_at;
        if before.remaining == 0 {
            return Err(before);
        }
        self.full_at = later(self.full_at, each(before.limit));
        Ok(self.rate(per_minute, now))
    }

    /// How it stands.
    pub(super) fn rate(&self, per_minute: u32, now: Timestamp) -> Rate {
        let limit = per_minute.max(1);
        let (each, latest) = (each(limit), later(now, MINUTE));
        // A clock that was set makes nobody wait longer than a minute.
        let full_at = self.full_at.clamp(now, latest);
        let free = latest.duration_since(full_at);
        let remaining = u32::try_from(free.as_nanos() / each.as_nanos().max(1)).unwrap_or(limit).min(limit);
        let next_at = later(full_at, each - MINUTE).max(now);
        Rate { limit, remaining, resets_at: full_at, next_at }
    }
}

fn each(limit: u32) -> SignedDuration {
    MINUTE / i32::try_from(limit).unwrap_or(i32::MAX)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_minutes_worth_at_once_and_then_evenly() {
        let mut allowance = Allowance::default();
        let rate =
            |remaining, resets, next| Rate { limit: 6, remaining, resets_at: at(resets), next_at: at(next) };
        for (seconds, expected) in [
            (0, Ok(rate(5, 10, 0))),
            (0, Ok(rate(4, 20, 0))),
            (0, Ok(rate(3, 30, 0))),
            (0, Ok(rate(2, 40, 0))),
            (0, Ok(rate(1, 50, 0))),
            (0, Ok(rate(0, 60, 10))),
            (0, Err(rate(0, 60, 10))),
            (9, Err(rate(0, 60, 10))),
            (10, Ok(rate(0, 70, 20))),
            (45, Ok(rate(2, 80, 45))),
            (500, Ok(rate(5, 510, 500))),
        ] {
            assert_eq!(allowance.take(6, at(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn every_limit_is_kept_to_the_message() {
        for limit in [1, 2, 7, 59, 60, 61, 999, 6_000, 100_003] {
            let mut allowance = Allowance::default();
            let taken = (0..limit + 10).filter(|_| allowance.take(limit, at(0)).is_ok()).count();
            assert_eq!(u32::try_from(taken).unwrap(), limit);
        }
    }

    #[test]
    fn a_lowered_limit_or_a_clock_set_back_locks_nobody_out() {
        let mut allowance = Allowance::default();
        while allowance.take(1_000, at(3_600)).is_ok() {}
        assert!(allowance.take(2, at(3_600 + 29)).is_err());
        assert!(allowance.take(2, at(3_600 + 30)).is_ok());
        let refused = allowance.take(2, at(0)).unwrap_err();
        assert_eq!(refused.next_at, at(30));
        assert!(allowance.take(2, at(30)).is_ok());
    }
}
