//! What is done by the minute: the watchdog, the clock's watchdog, purging.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock;
use store::{AlarmKind, Store};

use super::{
    attention, retention,
    watchdog::{self, Watchdog},
};
use crate::{alarms::Alarms, config::Config, queue::route::Line};

const MINUTE: Duration = Duration::from_mins(1);
/// Files whose time is over are looked for this often.
const FILES_EVERY: Duration = Duration::from_hours(1);
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
    let mut dogs: Vec<_> = upkeep.lines.iter().cloned().map(Watchdog::new).collect();
    let mut files_at = Timestamp::MIN;
    loop {
        let now = upkeep.clock.now();
        upkeep.watch_clock();
        watchdog::look(&mut dogs, &upkeep.store, &upkeep.alarms, now).await;
        if let Err(error) = attention::look(&upkeep.store, &upkeep.alarms, now).await {
            tracing::error!(%error, "the alarms could not be looked through; they are again in a minute");
        }
        upkeep.alarms.look();
        if let Err(error) = upkeep.purge(now).await {
            tracing::error!(%error, "old texts could not be deleted; they are tried again in a minute");
        }
        if now >= files_at {
            files_at = now.saturating_add(FILES_EVERY).unwrap_or(Timestamp::MAX);
            upkeep.delete_files(now).await;
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

    /// Files are stamped by the wall clock.
    async fn delete_files(&self, now: Timestamp) {
        let wall_clock = now.saturating_add(self.clock.wall_departure()).unwrap_or(now);
        let before = wall_clock.saturating_sub(self.config.keep.bodies).unwrap_or(Timestamp::MIN);
        let folders = retention::folders(&self.config);
        let deleted = tokio::task::spawn_blocking(move || retention::delete(&folders, before)).await;
        if let Err(error) = deleted.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            tracing::error!(%error, "old files could not be deleted; they are tried again in an hour");
        }
    }

    async fn purge(&self, now: Timestamp) -> Result<(), store::Error> {
        let before = |age: Duration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        let keep = self.config.keep;
        while self.store.purge(before(keep.bodies), before(keep.records), PURGE_SLICE).await? > 0 {}
        Ok(())
    }
}
