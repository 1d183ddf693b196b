//! What is done by the minute: the watchdog, the clock's watchdog, purging.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock;
use store::{AlarmKind, Store};

use crate::{alarms::Alarms, config::Config, queue::route::Line};

const MINUTE: Duration = Duration::from_mins(1);
/// A due message that has seen no attempt for so long on a route that moves is stuck. Longer than the window over which
/// mail comes due after an outage.
const STUCK: SignedDuration = SignedDuration::from_mins(15);
/// A wall clock this far from the time since start is worth an alarm.
const CLOCK_JUMP: SignedDuration = SignedDuration::from_mins(1);
/// Rows purged per transaction.
const PURGE_SLICE: usize = 200;

/// What upkeep works with.
pub(super) struct Upkeep {
    pub(super) config: Arc<Config>,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) alarms: Alarms,
    pub(super) lines: Vec<Arc<Line>>,
}

/// Works for as long as the program runs.
pub(super) async fn run(upkeep: Upkeep) {
    loop {
        let now = upkeep.clock.now();
        upkeep.watch_clock();
        upkeep.watch_queue(now).await;
        if let Err(error) = upkeep.purge(now).await {
            tracing::error!(%error, "old texts could not be deleted; they are tried again in a minute");
        }
        upkeep.clock.sleep_until(now.saturating_add(MINUTE).unwrap_or(Timestamp::MAX)).await;
    }
}

impl Upkeep {
    /// Ages are counted from the start and are right; a person is told that the wall clock is not.
    fn watch_clock(&self) {
        let departure = self.clock.wall_departure();
        if departure.abs() > CLOCK_JUMP {
            let text = format!(
                "The computer's clock was set {} by {:#}. Waiting times are not changed by that. Check the clock, then start Bookpost again.",
                if departure.is_negative() { "back" } else { "forward" },
                departure.abs(),
            );
            self.alarms.raise(AlarmKind::ClockJump, "clock", text);
        } else {
            self.alarms.clear(AlarmKind::ClockJump, "clock");
        }
    }

    /// Nothing waits in silence.
    async fn watch_queue(&self, now: Timestamp) {
        let mut stuck = false;
        for line in self.lines.iter().filter(|line| !line.ready.is_stopped()) {
            let due = self.store.next_due(line.rules.practice).await.ok().flatten();
            stuck |= due.is_some_and(|due| now.duration_since(due) > STUCK);
        }
        if stuck {
            let text = "Mail that is due has not been tried for 15 minutes, although the mail server works. Start Bookpost again; if that does not help, run: bookpost doctor";
            self.alarms.raise(AlarmKind::Stuck, "queue", text);
        } else {
            self.alarms.clear(AlarmKind::Stuck, "queue");
        }
    }

    async fn purge(&self, now: Timestamp) -> Result<(), store::Error> {
        let before = |age: Duration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        let keep = self.config.keep;
        while self.store.purge(before(keep.bodies), before(keep.records), PURGE_SLICE).await? > 0 {}
        Ok(())
    }
}
