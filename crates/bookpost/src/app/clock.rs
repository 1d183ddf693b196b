//! The machine's time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mail::clock::{Clock, Sleep};
use rustix::time::{ClockId, clock_gettime};

/// A sleep is cut into pieces no longer than this, and the time read anew after each: a machine that was suspended, or a
/// runtime whose timer stood still, is late by at most one piece.
const LONGEST_PIECE: Duration = Duration::from_secs(30);

/// The wall time read once at start, plus the time since by the clock that goes on while the machine sleeps. Setting the
/// wall clock changes no age and no due time while the program runs; it shows in [`Clock::wall_departure`].
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started_at: Timestamp,
    boot_time_then: SignedDuration,
    machine: Machine,
}

/// Where the time is read.
#[derive(Debug, Clone, Copy)]
struct Machine {
    wall: fn() -> Timestamp,
    boot_time: fn() -> SignedDuration,
}

impl SystemClock {
    /// Reads the wall clock, for the only time.
    pub fn start() -> Self {
        Self::of(Machine { wall, boot_time })
    }

    fn of(machine: Machine) -> Self {
        Self { started_at: (machine.wall)(), boot_time_then: (machine.boot_time)(), machine }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = (self.machine.boot_time)() - self.boot_time_then;
        self.started_at.saturating_add(since).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let clock = *self;
        Box::pin(async move {
            while let Some(piece) = next_piece(clock.now(), at) {
                tokio::time::sleep(piece).await;
            }
        })
    }

    fn wall_departure(&self) -> SignedDuration {
        (self.machine.wall)().duration_since(self.now())
    }
}

/// How long to sleep before looking at the clock again; None when `at` has come.
fn next_piece(now: Timestamp, at: Timestamp) -> Option<Duration> {
    let left = Duration::try_from(at.duration_since(now)).ok()?;
    (!left.is_zero()).then_some(left.min(LONGEST_PIECE))
}

fn boot_time() -> SignedDuration {
    let time = clock_gettime(ClockId::Boottime);
    SignedDuration::from_secs(time.tv_sec) + SignedDuration::from_nanos(time.tv_nsec)
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that others are to use")]
fn wall() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn sleeps_come_in_pieces_and_end() {
        let at = Timestamp::from_second(1_000_000).unwrap();
        let before = |seconds: i64| at - SignedDuration::from_secs(seconds);
        assert_eq!(next_piece(before(3600), at), Some(LONGEST_PIECE));
        assert_eq!(next_piece(before(7), at), Some(Duration::from_secs(7)));
        assert_eq!(next_piece(at, at), None);
        assert_eq!(next_piece(before(-5), at), None);
    }

    #[test]
    fn it_starts_at_the_wall_time_and_never_goes_back() {
        let clock = SystemClock::start();
        let first = clock.now();
        assert!(first >= clock.started_at && clock.now() >= first);
    }

    thread_local! {
        static WALL: Cell<Timestamp> = const { Cell::new(Timestamp::constant(1_800_000_000, 0)) };
        static BOOT_TIME: Cell<SignedDuration> = const { Cell::new(SignedDuration::from_secs(500)) };
    }

    /// Set back a day, forward a week: what is asked of it goes on as the machine runs, and the departure is told.
    #[test]
    fn a_wall_clock_that_is_set_changes_nothing_but_the_departure() {
        let clock = SystemClock::of(Machine { wall: || WALL.get(), boot_time: || BOOT_TIME.get() });
        let began = clock.now();
        for (set_by, passed, departure) in
            [(0, 10, 0), (-86_400, 10, -86_400), (8 * 86_400, 3_600, 7 * 86_400)]
        {
            let [set_by, passed] = [set_by, passed].map(SignedDuration::from_secs);
            WALL.set(WALL.get() + set_by + passed);
            BOOT_TIME.set(BOOT_TIME.get() + passed);
            assert_eq!(clock.now() - began, BOOT_TIME.get() - SignedDuration::from_secs(500));
            assert_eq!(clock.wall_departure(), SignedDuration::from_secs(departure));
        }
    }
}
