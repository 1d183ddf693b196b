//! How much a server may be given: so many recipients a minute and a day, as people set it, whatever number of connections there are.
//!
//! Both are counted over a window that moves on with time, so that a provider who counts any minute or any day finds no more than was
//! allowed. The store knows what was taken within the last day; a start, or a change of the limits, begins with that.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use store::Sent;

use crate::config::Limits;

/// One of the limits is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// That of the day.
    pub of_the_day: bool,
    /// Until then nothing is to be sent.
    pub until: Timestamp,
}

/// What one server was given lately. One lock for each message.
#[derive(Debug)]
pub struct Allowance(Mutex<Given>);

/// So many turns of waiting are foreseen: more than a month of the smallest of them.
const FORESEEN: usize = 10_000;

#[derive(Debug, Clone)]
struct Given {
    minute: Window,
    day: Window,
}

impl Default for Allowance {
    fn default() -> Self {
        let minute = Window::new(SignedDuration::from_mins(1), SignedDuration::from_secs(2), 6);
        let day = Window::new(
            SignedDuration::from_hours(24),
            SignedDuration::try_from(store::SENT_STRETCH).unwrap_or_default(),
            24,
        );
        Self(Mutex::new(Given { minute, day }))
    }
}

impl Allowance {
    /// What the server took before.
    pub fn remember(&self, sent: &[Sent]) {
        let mut given = self.lock();
        for stretch in sent {
            given.day.add(stretch.count, stretch.began_at);
        }
    }

    /// A message to so many goes to the server now. `Err`: it may not, and nothing is taken.
    pub fn take(&self, limits: Limits, recipients: usize, now: Timestamp) -> Result<(), Reached> {
        let (mut given, count) = (self.lock(), recipients as u64);
        given.reached(limits, count, now).map_or(Ok(()), Err)?;
        given.add(count, now);
        Ok(())
    }

    /// A message to so many goes to the server, whatever the limits are: only by it can be seen whether the server works.
    pub fn charge(&self, recipients: usize, now: Timestamp) {
        self.lock().add(recipients as u64, now);
    }

    /// So many of those that went there at `then` were not taken by the server.
    pub fn give_back(&self, recipients: usize, then: Timestamp) {
        let mut given = self.lock();
        given.minute.take_back(recipients as u64, then);
        given.day.take_back(recipients as u64, then);
    }

    /// The limit that is reached, if one is.
    pub fn reached(&self, limits: Limits, now: Timestamp) -> Option<Reached> {
        self.lock().reached(limits, 1, now)
    }

    /// When so many more will have gone, if each goes as soon as it may from `from` on; reckoned on a copy. None: that takes too many turns to be told.
    pub fn through_at(&self, limits: Limits, count: u64, from: Timestamp) -> Option<Timestamp> {
        self.lock().clone().through_at(limits, count, from)
    }

    fn lock(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Given {
    /// The longer wait, should both be reached.
    fn reached(&mut self, limits: Limits, count: u64, now: Timestamp) -> Option<Reached> {
        let of = |window: &mut Window, limit: Option<u32>, of_the_day| {
            let until = window.full_until(u64::from(limit?), count, now)?;
            Some(Reached { of_the_day, until })
        };
        of(&mut self.day, limits.per_day, true).or_else(|| of(&mut self.minute, limits.per_minute, false))
    }

    fn through_at(mut self, limits: Limits, count: u64, from: Timestamp) -> Option<Timestamp> {
        let (mut left, mut now) = (count, from);
        for _ in 0..FORESEEN {
            if let Some(reached) = self.reached(limits, 1, now) {
                now = reached.until;
                continue;
            }
            let room = |window: &Window, limit: Option<u32>| {
                limit.map_or(u64::MAX, |limit| u64::from(limit).saturating_sub(window.total))
            };
            let room = room(&self.minute, limits.per_minute).min(room(&self.day, limits.per_day));
            if left <= room {
                return Some(now);
            }
            left -= room;
            self.add(room, now);
        }
        None
    }

    fn add(&mut self, count: u64, now: Timestamp) {
        self.minute.add(count, now);
        self.day.add(count, now);
    }
}

/// What was given within a span of time, by stretches that leave it as a whole.
#[derive(Debug, Clone)]
struct Window {
    span: SignedDuration,
    stretch: SignedDuration,
    /// A reached limit keeps mail back until one part in so many is free: a few at a time would be stop and go.
    parts: u64,
    given: VecDeque<(Timestamp, u64)>,
    total: u64,
}

impl Window {
    fn new(span: SignedDuration, stretch: SignedDuration, parts: u64) -> Self {
        Self { span, stretch, parts, given: VecDeque::new(), total: 0 }
    }

    /// Where `count` more are too many, until when; a message to more than are ever allowed goes alone.
    fn full_until(&mut self, limit: u64, count: u64, now: Timestamp) -> Option<Timestamp> {
        if self.has_room(limit, count.min(limit), now) {
            return None;
        }
        let wanted = count.max(limit / self.parts).min(limit);
        let mut left = self.total;
        let leaves = self.given.iter().find_map(|(began_at, given)| {
            left -= given;
            (left + wanted <= limit).then(|| self.left_at(*began_at))
        });
        Some(leaves.unwrap_or(now).max(now))
    }

    fn has_room(&mut self, limit: u64, count: u64, now: Timestamp) -> bool {
        while let Some((_, given)) = self.given.front().filter(|(at, _)| self.left_at(*at) <= now) {
            self.total -= given;
            self.given.pop_front();
        }
        self.total + count <= limit
    }

    /// When the last of a stretch is older than the span.
    fn left_at(&self, began_at: Timestamp) -> Timestamp {
        began_at.saturating_add(self.stretch + self.span).unwrap_or(Timestamp::MAX)
    }

    fn add(&mut self, count: u64, now: Timestamp) {
        self.total += count;
        match self.given.back_mut() {
            Some((began_at, given)) if now.duration_since(*began_at) < self.stretch => *given += count,
            _ => self.given.push_back((now, count)),
        }
    }

    fn take_back(&mut self, count: u64, then: Timestamp) {
        let stretch = self.stretch;
        let of_then = |(began_at, _): &&mut (Timestamp, u64)| {
            *began_at <= then && then.duration_since(*began_at) < stretch
        };
        if let Some((_, given)) = self.given.iter_mut().rev().find(of_then) {
            let count = count.min(*given);
            *given -= count;
            self.total -= count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn limits(per_minute: u32, per_day: u32) -> Limits {
        let limit = |limit| (limit > 0).then_some(limit);
        Limits { per_minute: limit(per_minute), per_day: limit(per_day) }
    }

    /// How many go, one after the other, at this second.
    fn go(allowance: &Allowance, limits: Limits, seconds: i64) -> usize {
        (0..10_000).take_while(|_| allowance.take(limits, 1, at(seconds)).is_ok()).count()
    }

    #[test]
    fn in_no_minute_and_in_no_day_goes_more_than_is_allowed() {
        for (limits, span, most) in [(limits(30, 0), 60, 30), (limits(0, 500), 86_400, 500)] {
            let allowance = Allowance::default();
            let step = span / 40;
            let went: Vec<_> = (0..200).map(|n| go(&allowance, limits, n * step)).collect();
            for window in went.windows(40) {
                assert!(window.iter().sum::<usize>() <= most, "{window:?}");
            }
            let mean = went.iter().sum::<usize>() / 5;
            assert!(mean >= most * 3 / 4, "it is nearly used up: {mean}");
        }
    }

    #[test]
    fn who_may_not_is_told_until_when_and_a_part_is_free_then() {
        let (allowance, limits) = (Allowance::default(), limits(12, 0));
        assert_eq!(go(&allowance, limits, 0), 12);
        let reached = allowance.take(limits, 1, at(5)).unwrap_err();
        assert_eq!(reached, Reached { of_the_day: false, until: at(62) });
        assert_eq!(go(&allowance, limits, 61), 0);
        assert_eq!(go(&allowance, limits, 62), 12);
        // A day's limit weighs more.
        let both = Limits { per_day: Some(24), ..limits };
        let reached = allowance.take(both, 1, at(70)).unwrap_err();
        assert!(reached.of_the_day && reached.until == at(86_400 + 300), "{reached:?}");
        assert_eq!(go(&allowance, Limits::default(), 70), 10_000, "nobody set a limit");
    }

    #[test]
    fn what_was_not_taken_counts_no_longer_and_one_too_large_goes_alone() {
        let (allowance, limits) = (Allowance::default(), limits(10, 0));
        allowance.take(limits, 8, at(0)).unwrap();
        assert!(allowance.take(limits, 3, at(1)).is_err());
        allowance.give_back(5, at(0));
        allowance.take(limits, 3, at(1)).unwrap();
        assert!(allowance.take(limits, 100, at(2)).is_err());
        allowance.take(limits, 100, at(70)).unwrap();
        assert!(allowance.take(limits, 1, at(71)).is_err());
        allowance.charge(1, at(71));
        allowance.give_back(7, at(3_000));
        assert!(allowance.take(limits, 1, at(72)).is_err());
    }

    /// What is foreseen is what comes.
    #[test]
    fn it_is_foreseen_when_so_many_have_gone() {
        for (limits, gone, count) in [
            (limits(30, 0), 30, 100),
            (limits(30, 0), 7, 1),
            (limits(0, 40), 40, 61),
            (limits(20, 100), 20, 250),
            (limits(0, 0), 5, 1_000),
        ] {
            let allowance = Allowance::default();
            for _ in 0..gone {
                allowance.take(limits, 1, at(0)).unwrap();
            }
            let foreseen = allowance.through_at(limits, count, at(5)).unwrap();
            let (mut left, mut now) = (count, at(5));
            while left > 0 {
                match allowance.take(limits, 1, now) {
                    Ok(()) => left -= 1,
                    Err(reached) => now = reached.until,
                }
            }
            assert_eq!(foreseen, now, "{limits:?} {gone} {count}");
        }
        let allowance = Allowance::default();
        assert_eq!(allowance.through_at(limits(0, 1), 20_000, at(0)), None, "nobody waits for that");
    }

    #[test]
    fn what_went_before_a_start_counts() {
        let (allowance, limits) = (Allowance::default(), limits(0, 100));
        let sent = |seconds, count| Sent { began_at: at(seconds), count };
        allowance.remember(&[sent(0, 60), sent(40_000, 30)]);
        assert_eq!(go(&allowance, limits, 50_000), 10);
        let reached = allowance.reached(limits, at(50_000)).unwrap();
        assert_eq!(reached, Reached { of_the_day: true, until: at(86_400 + 300) });
        assert_eq!(go(&allowance, limits, 86_700), 60);
    }
}
