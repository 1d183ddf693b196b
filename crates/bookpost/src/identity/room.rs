//! Whether there is room for more mail of an application.
//!
//! The queue is not asked at each message. What was counted once, and all that was handed in since, is never less than what waits by
//! way of the doors; so only when that much would be too much is it counted anew. Counting costs a step for each recipient, up to the
//! limit, so a large count is made less often: it takes a hundredth part of the time at most.

use jiff::{SignedDuration, Timestamp};

/// A count is not relied on for longer: what a person releases waits too, and passed no door.
const OLD: SignedDuration = SignedDuration::from_secs(10);

/// Too much of an application's mail waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("mail of this application for {waiting} recipients waits, and {limit} may; try again later")]
pub struct Full {
    /// Recipients that may wait.
    pub limit: u64,
    /// Those that do, as far as is known.
    pub waiting: u64,
}

/// What is known of how many recipients of one application wait.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    counted: u64,
    counted_at: Option<Timestamp>,
    /// Handed in before the count that is being made began, and since.
    before: u64,
    since: u64,
}

impl Room {
    /// Whether what waits must be counted before anybody can tell. If so, the caller does, and others go by what is known meanwhile.
    pub(super) fn must_count(&mut self, recipients: u64, limit: u64, now: Timestamp) -> bool {
        let due = self.counted_at.is_none_or(|counted_at| {
            let age = now.duration_since(counted_at);
            let soonest =
                SignedDuration::from_micros(i64::try_from(limit.saturating_mul(4)).unwrap_or(i64::MAX));
            age >= OLD || age.is_negative() || (!self.fits(recipients, limit) && age >= soonest.min(OLD))
        });
        if due {
            self.counted_at = Some(now);
            self.before = self.before.saturating_add(self.since);
            self.since = 0;
        }
        due
    }

    /// So many wait.
    pub(super) fn counted(&mut self, waiting: u64) {
        (self.counted, self.before) = (waiting, 0);
    }

    /// Makes room for so many more.
    pub(super) fn take(&mut self, recipients: u64, limit: u64) -> Result<(), Full> {
        if !self.fits(recipients, limit) {
            return Err(Full { limit, waiting: self.waiting() });
        }
        self.since = self.since.saturating_add(recipients);
        Ok(())
    }

    fn fits(&self, recipients: u64, limit: u64) -> bool {
        self.waiting().saturating_add(recipients) <= limit
    }

    fn waiting(&self) -> u64 {
        self.counted.saturating_add(self.before).saturating_add(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    /// Asks for room; counts, where it must, what `waiting` says.
    fn ask(room: &mut Room, milliseconds: i64, waiting: u64, counts: &mut u32) -> bool {
        if room.must_count(1, 1_000, at(milliseconds)) {
            *counts += 1;
            room.counted(waiting);
        }
        room.take(1, 1_000).is_ok()
    }

    #[test]
    fn all_is_delivered_and_little_is_counted() {
        let (mut room, mut counts) = (Room::default(), 0);
        for number in 0..100_000 {
            assert!(ask(&mut room, number / 10, 0, &mut counts), "{number}");
        }
        assert!((100..=101).contains(&counts), "{counts}");
    }

    #[test]
    fn nothing_is_delivered_and_the_limit_is_kept() {
        let (mut room, mut counts, mut waiting) = (Room::default(), 0, 400);
        for number in 0..100_000 {
            waiting += u64::from(ask(&mut room, number / 10, waiting, &mut counts));
        }
        assert_eq!(waiting, 1_000);
        assert!(counts <= 10_000 / 4 + 1, "{counts}");
    }

    #[test]
    fn what_came_by_another_way_is_seen_too() {
        let (mut room, mut counts) = (Room::default(), 0);
        assert!(ask(&mut room, 0, 0, &mut counts));
        assert!(ask(&mut room, 9_999, 5_000, &mut counts));
        assert!(!ask(&mut room, 10_000, 5_000, &mut counts));
    }

    /// A count that is under way keeps nobody, and lets nobody pass either.
    #[test]
    fn meanwhile_what_is_known_holds() {
        let mut room = Room::default();
        assert!(room.must_count(600, 1_000, at(0)));
        room.counted(0);
        room.take(600, 1_000).unwrap();
        assert!(room.must_count(600, 1_000, at(5)));
        assert!(!room.must_count(600, 1_000, at(5)), "one is enough");
        assert_eq!(room.take(600, 1_000), Err(Full { limit: 1_000, waiting: 600 }));
        room.take(300, 1_000).unwrap();
        room.counted(100);
        assert!(room.take(601, 1_000).is_err());
        room.take(600, 1_000).unwrap();
    }
}
