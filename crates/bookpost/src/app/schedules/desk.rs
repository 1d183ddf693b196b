//! What people change about schedules: by the service, or by a command while it holds the queue's lock.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use mail::clock::Clock;
use store::{Actor, Error, ExportSource, Rhythm, Schedule, ScheduleId, SchedulePlan, Store};

use super::{
    NotScheduled,
    source::{self, Places, within},
    wall_clock,
};
use crate::{
    app::notice_run,
    config::Config,
    notices::moments::{Moments, NoMoments},
};

/// Whoever saves a schedule waits so long at most for the place of its export to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Where that is done.
pub struct Desk<'a> {
    /// The queue.
    pub store: &'a Store,
    /// The settings.
    pub config: &'a Config,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl Desk<'_> {
    /// A new one.
    pub async fn add(&self, plan: SchedulePlan, who: Actor) -> Result<Schedule, NotScheduled> {
        let next = self.first(&plan).await?;
        Ok(self.store.add_schedule(plan, Some(next), who, self.clock.now()).await?)
    }

    /// Another plan, if it is still at this version. A moment that is to be left out still is, if there is one on that day by the new plan.
    pub async fn change(
        &self,
        id: ScheduleId,
        version: i64,
        plan: SchedulePlan,
        who: Actor,
    ) -> Result<Schedule, NotScheduled> {
        let next = self.first(&plan).await?;
        let before = self.store.schedule(id).await?;
        let skips = before.skips.and_then(|moment| same_day(&before.plan, &plan, moment));
        let skips = skips.filter(|moment| *moment >= next);
        Ok(self.store.change_schedule(id, version, plan, (Some(next), skips), who, self.clock.now()).await?)
    }

    /// Its next moment is left out, if it is this one and no other one is; `None`: none is after all.
    pub async fn skip(
        &self,
        id: ScheduleId,
        moment: Option<Timestamp>,
        who: Actor,
    ) -> Result<Schedule, NotScheduled> {
        match self.store.skip_moment(id, moment, who, self.clock.now()).await {
            Err(Error::Exists(what)) => {
                let Schedule { skips, plan, .. } = self.store.schedule(id).await?;
                let zone = TimeZone::get(&plan.zone).unwrap_or(TimeZone::UTC);
                let local = |at| zone.to_datetime(at).strftime("%a %Y-%m-%d %H:%M").to_string();
                Err(NotScheduled::SkipsAlready(skips.map_or_else(|| what.to_owned(), local)))
            }
            done => Ok(done?),
        }
    }

    /// It rests.
    pub async fn pause(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        self.store.pause_schedule(id, who, self.clock.now()).await
    }

    /// It goes on with the first moment from now on.
    pub async fn resume(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        let plan = self.store.schedule(id).await?.plan;
        let next = Moments::of(&plan).ok().and_then(|moments| moments.after(self.wall()));
        self.store.resume_schedule(id, next, who, self.clock.now()).await
    }

    /// It is gone.
    pub async fn remove(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        self.store.remove_schedule(id, who, self.clock.now()).await
    }

    /// The time by which people go.
    pub fn wall(&self) -> Timestamp {
        wall_clock(self.clock)
    }

    /// Whether its export is at its place already, as far as can be seen; what a program makes is there when it is asked for.
    pub async fn is_there(&self, plan: &SchedulePlan) -> bool {
        let (ExportSource::File(path) | ExportSource::Folder(path)) = &plan.source else { return true };
        let path = path.clone();
        let found = within(self.clock, ANSWERS_WITHIN, move || path.exists()).await;
        found.ok().flatten().unwrap_or(false)
    }

    async fn first(&self, plan: &SchedulePlan) -> Result<Timestamp, NotScheduled> {
        source::check(plan, self.config)?;
        if let ExportSource::File(path) | ExportSource::Folder(path) = &plan.source {
            let (places, path, whole) = (Places::of(self.config), path.clone(), path.clone());
            let found = within(self.clock, ANSWERS_WITHIN, move || places.check(&path)).await;
            found.ok().flatten().unwrap_or(Err(NotScheduled::NoAnswer(whole)))?;
        }
        let notices = notice_run::notices(self.store).await?;
        if !notices.iter().any(|notice| notice.slug == plan.notice && notice.settings.on) {
            return Err(NotScheduled::Notice(plan.notice.clone()));
        }
        Ok(Moments::of(plan)?.after(self.wall()).ok_or(NoMoments::Never)?)
    }
}

/// The moment of `now` on the day on which `before` has this one.
fn same_day(before: &SchedulePlan, now: &SchedulePlan, moment: Timestamp) -> Option<Timestamp> {
    let day = Moments::of(before).ok()?.day_of(moment);
    Moments::of(now).ok()?.on(day)
}

/// Why a schedule has no time any more at which it would be sent, though nobody wanted it so. One that was for once and is over is in order.
pub(crate) fn has_no_time(schedule: &Schedule, wall_clock: Timestamp) -> Option<NoMoments> {
    if schedule.paused_at.is_some()
        || (matches!(schedule.plan.rhythm, Rhythm::Once(_)) && schedule.next_due.is_none())
    {
        return None;
    }
    match Moments::of(&schedule.plan) {
        Err(why) => Some(why),
        Ok(moments) => {
            let is_left = schedule.next_due.is_some() || moments.after(wall_clock).is_some();
            (!is_left).then_some(NoMoments::Never)
        }
    }
}
