//! A clock that is moved by hand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mail::clock::{Clock, Sleep};
use tokio::sync::{oneshot, watch};

/// Stands still until it is moved, and then wakes exactly those whose time has come. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
    sleepers: Arc<watch::Sender<usize>>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    /// By the instant to be woken at, then in the order of going to sleep.
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    next: u64,
    wall_departure: SignedDuration,
}

/// Takes a sleeper off the list when its sleep is dropped.
struct Bed {
    clock: ManualClock,
    key: (Timestamp, u64),
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        let state = State { now, sleepers: BTreeMap::new(), next: 0, wall_departure: SignedDuration::ZERO };
        Self { state: Arc::new(Mutex::new(state)), sleepers: Arc::new(watch::Sender::new(0)) }
    }

    /// Shows `now` from here on, earlier or later, and wakes whose time has come.
    pub fn set(&self, now: Timestamp) {
        let due = {
            let mut state = self.state();
            state.now = now;
            let still_asleep = state.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.sleepers, still_asleep)
        };
        for (_, sleeper) in due {
            let _ = sleeper.send(());
        }
        self.count();
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.set(self.now().checked_add(by).unwrap_or(Timestamp::MAX));
    }

    /// Somebody sets the machine's wall clock, so far from the time that this clock shows.
    pub fn set_wall(&self, departure: SignedDuration) {
        self.state().wall_departure = departure;
    }

    /// Moves it to the instant at which the next sleeper wakes, and says which that is; `None` if nobody sleeps.
    pub fn advance_to_next_sleeper(&self) -> Option<Timestamp> {
        let at = self.state().sleepers.first_key_value().map(|((at, _), _)| *at)?;
        self.set(at);
        Some(at)
    }

    /// When the next sleeper wakes; `None` if nobody sleeps.
    pub fn next_sleeper(&self) -> Option<Timestamp> {
        self.state().sleepers.first_key_value().map(|((at, _), _)| *at)
    }

    /// How many sleep.
    pub fn sleepers(&self) -> usize {
        self.state().sleepers.len()
    }

    /// Waits until at least `wanted` sleep, so that a test moves the clock only when all are in bed.
    pub async fn wait_for_sleepers(&self, wanted: usize) {
        let mut count = self.sleepers.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = count.wait_for(|sleeping| *sleeping >= wanted).await;
    }

    /// Waits until so many sleep until exactly this instant.
    pub async fn wait_for_sleepers_at(&self, wanted: Timestamp, sleepers: usize) {
        let mut count = self.sleepers.subscribe();
        let there = || self.state().sleepers.keys().filter(|(at, _)| *at == wanted).count();
        let _ = count.wait_for(|_| there() >= sleepers).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) {
        self.sleepers.send_replace(self.sleepers());
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn wall_departure(&self) -> SignedDuration {
        self.state().wall_departure
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let (wake, woken) = oneshot::channel();
        let bed = {
            let mut state = self.state();
            if at <= state.now {
                return Box::pin(std::future::ready(()));
            }
            state.next += 1;
            let key = (at, state.next);
            state.sleepers.insert(key, wake);
            Bed { clock: self.clone(), key }
        };
        self.count();
        Box::pin(async move {
            let _ = woken.await;
            drop(bed);
        })
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if self.clock.state().sleepers.remove(&self.key).is_some() {
            self.clock.count();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    #[tokio::test]
    async fn it_wakes_exactly_those_whose_time_has_come() {
        let clock = ManualClock::at(second(100));
        clock.sleep_until(second(100)).await;
        let (mut early, late) = (clock.sleep_until(second(110)), clock.sleep_until(second(120)));
        clock.wait_for_sleepers(2).await;
        clock.advance(Duration::from_secs(9));
        assert_eq!(clock.sleepers(), 2);
        tokio::select! {
            biased;
            () = &mut early => panic!("woken too early"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(clock.advance_to_next_sleeper(), Some(second(110)));
        early.await;
        assert_eq!(clock.sleepers(), 1);
        drop(late);
        assert_eq!((clock.sleepers(), clock.advance_to_next_sleeper()), (0, None));
        clock.set(second(50));
        assert_eq!(clock.now(), second(50));
    }
}
