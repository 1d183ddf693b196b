//! Servers that ask for time (`Retry-After`): they get it, and nobody else waits for that.

use std::time::Duration;

use jiff::Timestamp;
use mail::Reason;
use store::AlarmKind;

use super::{Worker, lanes::Running, later, told::plain_name};
use crate::{deliver::conclude::QUOTA_PAUSE, queue::route::Pause};

/// A person hears of a wait from this length on.
const LONG: Duration = Duration::from_mins(5);

impl Worker {
    /// It gets what it asks for, an hour at most, which is as long as a used-up allowance is left alone. While it is the one that sends, mail
    /// waits, and makes no older where that is long.
    pub(super) fn leave_alone(&mut self, index: usize, upstream_index: usize, wait: Duration) {
        let now = self.delivery.clock.now();
        let until = later(now, wait.min(QUOTA_PAUSE));
        let Some(route) = self.routes.get_mut(index) else { return };
        let sends = route.active() == Some(upstream_index);
        let Some(upstream) = route.upstreams.get_mut(upstream_index) else { return };
        if upstream.breaker.is_open() {
            return upstream.breaker.leave_alone_until(until);
        }
        upstream.pause_for(Pause { until, reason: Reason::TooFast, ages: wait < LONG });
        if !sends || wait < LONG {
            return;
        }
        upstream.proven = false;
        let text = format!(
            "{} asked us to wait before we send more. Nothing is lost: mail waits, and goes on by itself, within an hour. If this happens often, set a limit for it under Preferences > Setup > Email.",
            plain_name(&upstream.server.name)
        );
        self.alarms.raise(AlarmKind::Quota, &upstream.server.name, text);
    }

    /// What one asked for that was only tried: no mail goes to it, and none waits for it.
    pub(super) fn leave_tried_alone(&mut self, lane: &Running, wait: Duration) {
        let until = later(self.delivery.clock.now(), wait.min(QUOTA_PAUSE));
        if let Some(upstream) = self.upstream_of(lane) {
            upstream.breaker.leave_alone_until(until);
        }
    }

    /// Where the wait is over and another server sends, nobody would hear that.
    pub(super) fn watch_waits(&mut self, now: Timestamp) {
        for route in &mut self.routes {
            let active = route.active();
            for (at, upstream) in route.upstreams.iter_mut().enumerate() {
                let is_over = upstream.pause.take_if(|pause| now >= pause.until).is_some();
                let is_well = !upstream.breaker.is_open() && upstream.limited_until.is_none();
                if is_over && active != Some(at) && is_well {
                    self.alarms.clear(AlarmKind::Quota, &upstream.server.name);
                }
            }
        }
    }
}
