//! What people change about schedules: by the service, or by a command while it holds the queue's lock.

use jiff::Timestamp;
use store::{Actor, Error, Schedule, ScheduleId, SchedulePlan, Store};

use super::{NotScheduled, source};
use crate::{
    app::notice_run,
    config::Config,
    notices::moments::{Moments, NoMoments},
};

/// Where that is done.
pub struct Desk<'a> {
    /// The queue.
    pub store: &'a Store,
    /// The settings.
    pub config: &'a Config,
    /// The present instant.
    pub now: Timestamp,
    /// The time by which people go.
    pub wall: Timestamp,
}

impl Desk<'_> {
    /// A new one.
    pub async fn add(&self, plan: SchedulePlan, who: Actor) -> Result<Schedule, NotScheduled> {
        let next = self.first(&plan).await?;
        Ok(self.store.add_schedule(plan, Some(next), who, self.now).await?)
    }

    /// Another plan, if it is still at this version.
    pub async fn change(
        &self,
        id: ScheduleId,
        version: i64,
        plan: SchedulePlan,
        who: Actor,
    ) -> Result<Schedule, NotScheduled> {
        let next = self.first(&plan).await?;
        Ok(self.store.change_schedule(id, version, plan, Some(next), who, self.now).await?)
    }

    /// It goes on with the first moment from now on.
    pub async fn resume(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        let plan = self.store.schedule(id).await?.plan;
        let next = Moments::of(&plan).ok().and_then(|moments| moments.after(self.wall));
        self.store.resume_schedule(id, next, who, self.now).await
    }

    async fn first(&self, plan: &SchedulePlan) -> Result<Timestamp, NotScheduled> {
        source::check(plan, self.config)?;
        let notices = notice_run::notices(self.store).await?;
        if !notices.iter().any(|notice| notice.slug == plan.notice && notice.settings.on) {
            return Err(NotScheduled::Notice(plan.notice.clone()));
        }
        Ok(Moments::of(plan)?.after(self.wall).ok_or(NoMoments::Never)?)
    }
}
