//! Limits that people set for a server: what is too much waits, and a person hears of it.

use jiff::{Timestamp, tz::TimeZone};
use mail::Reason;
use store::{AlarmKind, Cause};

use super::{Worker, later, told::plain_name};
use crate::{
    deliver::{allowance::Reached, conclude::QUOTA_PAUSE},
    preferences::mail_accounts,
    queue::{limited::Limited, route::Pause},
};

impl Worker {
    /// What each server took before, in an earlier process or while mail went elsewhere, is read from the store. Where a limit is reached by
    /// that, nothing is sent before there is room.
    pub(super) async fn remember_sent(&mut self) {
        let now = self.delivery.clock.now();
        let mut reached = Vec::new();
        for (index, route) in self.routes.iter_mut().enumerate().filter(|(_, route)| !route.practice) {
            for upstream in &mut route.upstreams {
                if !upstream.remembered {
                    let peer = upstream.server.peer();
                    let sent = match upstream.server.sign_in {
                        Some(provider) => mail_accounts::sent(&self.store, provider, &peer, now).await,
                        None => self.store.sent(&peer, now).await,
                    };
                    match sent {
                        Ok(sent) => upstream.allowance.remember(&sent),
                        Err(error) => {
                            tracing::error!(%error, "what a mail server took before could not be read");
                        }
                    }
                    upstream.remembered = true;
                }
            }
            let active = route.active().and_then(|at| Some((at, route.upstreams.get(at)?)));
            let of = active.and_then(|(at, one)| Some((at, one.allowance.reached(one.server.limits, now)?)));
            reached.extend(of.map(|(at, reached)| (index, at, reached)));
        }
        for (index, at, one) in reached {
            self.limit_reached(index, at, one);
        }
    }

    /// Nothing is sent until there is room. The time that mail waits for the next day makes it no older.
    pub(super) fn limit_reached(&mut self, index: usize, upstream_index: usize, reached: Reached) {
        let now = self.delivery.clock.now();
        let Some(route) = self.routes.get_mut(index) else { return };
        let Some(upstream) = route.upstreams.get_mut(upstream_index) else { return };
        if reached.until <= now {
            return;
        }
        let Reached { of_the_day, until } = reached;
        upstream.pause_for(Pause { until, reason: Reason::LimitReached, ages: !of_the_day });
        if !of_the_day {
            return;
        }
        upstream.limited_until = Some(until);
        let text = format!(
            "{}: as many mails were sent in 24 hours as the library allows ({}). Nothing is lost: mail waits, and goes on bit by bit from {} on. To allow more, change {}.per_day under Preferences > Setup > Email.",
            plain_name(&upstream.server.name),
            upstream.server.limits.per_day.unwrap_or_default(),
            words_of(reached.until),
            upstream.server.name
        );
        let cause = Cause::new(Reason::LimitReached, text);
        self.alarms.raise(AlarmKind::Quota, &upstream.server.name, cause);
    }

    /// Whoever asks what mail waits for is told of the limit that the server that sends has reached.
    pub(super) fn show_limit(&self) {
        let real = self.routes.iter().find(|route| !route.practice);
        let active = real.and_then(|route| route.upstreams.get(route.active()?));
        let limited = active.and_then(Limited::of);
        self.inbox.limited.send_if_modified(|shown| {
            let news = *shown != limited;
            *shown = limited;
            news
        });
    }

    /// A person hears that it is over when an hour has passed in which the limit kept nothing back.
    pub(super) fn watch_limits(&mut self, now: Timestamp) {
        for upstream in self.routes.iter_mut().flat_map(|route| &mut route.upstreams) {
            let is_over = |until: &mut Timestamp| now >= later(*until, QUOTA_PAUSE);
            if upstream.limited_until.take_if(is_over).is_some() {
                self.alarms.clear(AlarmKind::Quota, &upstream.server.name);
            }
        }
    }
}

fn words_of(at: Timestamp) -> String {
    TimeZone::system().to_datetime(at).strftime("%a %-d %b %H:%M").to_string()
}
