//! Schedules: notices that are sent by themselves.
//!
//! A due moment is taken first, in the transaction that moves the schedule on, and only then is anything done about it. What was taken and not
//! seen to its end, as the program or the disk failed, is seen to at the next look: under the moment's name there is one run, however often it is
//! begun. Moments that passed while nothing ran are one, with one that was taken before and has no run yet. An export that is not another than the last run's is not sent; what keeps notices from being
//! sent raises an alarm, which ends with the next run.
//!
//! This part knows nothing of pages.

mod command;
mod desk;
mod source;
mod turn;
pub(crate) mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use mail::clock::Clock;
use store::{Actor, AlarmKind, Error, Schedule, ScheduleId, SchedulePlan, Store, Turn};
use tokio::sync::Notify;

pub use self::desk::Desk;
pub(crate) use self::desk::has_no_time;
use super::{NoticeRuns, duties::Duty};
use crate::{
    alarms::Alarms,
    config::{Config, Settings},
    notices::moments::{Moments, NoMoments},
};

/// The clock and the schedules are looked at at least this often.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// All schedules. Clones are the same.
#[derive(Clone)]
pub struct Schedules {
    settings: Settings,
    store: Store,
    clock: Arc<dyn Clock>,
    notices: NoticeRuns,
    alarms: Alarms,
    changed: Arc<Notify>,
    /// Held by whoever sees to a moment of that schedule.
    alone: Arc<tokio::sync::Mutex<BTreeMap<ScheduleId, Arc<tokio::sync::Mutex<()>>>>>,
    /// The moments that tasks of this program see to.
    seen_to: Arc<Mutex<BTreeSet<(ScheduleId, Timestamp)>>>,
}

/// Why a schedule was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotScheduled {
    /// It has no name.
    #[error("a schedule needs a name")]
    Nameless,
    /// What it says of days and times.
    #[error(transparent)]
    Moments(#[from] NoMoments),
    /// The place of its export.
    #[error("the export must be named by its whole path, as in /srv/exports/overdues.csv")]
    NotWhole,
    /// The place of its export does not say what it is.
    #[error("{} does not answer; look whether the computer that it is on is there", .0.display())]
    NoAnswer(PathBuf),
    /// The place of its export is Bookpost's own.
    #[error("{} is in a folder of Bookpost's own or of the system; exports lie elsewhere", .0.display())]
    NotThere(PathBuf),
    /// Whatever lies there is run already.
    #[error("whatever is put into the drop folder is run by itself; choose another folder")]
    DropFolder,
    /// A notice that there is not, or that is switched off.
    #[error(
        "no notice {0:?} is switched on; all are shown by: bookpost notices list; one is switched on by: bookpost notices on {0}"
    )]
    Notice(String),
    /// A library that there is not.
    #[error("no library here has the code {0:?}")]
    Site(String),
    /// It has no time any more that could be left out.
    #[error("there is no next time that could be left out")]
    NoNext,
    /// Of two that are to be left out one would be forgotten.
    #[error("{0} is skipped already, and only one time can be; to take that back, add --undo")]
    SkipsAlready(String),
    /// The order of dates, or an encoding.
    #[error("this is not known: {0:?}")]
    Reading(String),
    #[error(transparent)]
    Store(#[from] Error),
}

impl Schedules {
    pub(super) fn new(
        settings: &Settings,
        store: &Store,
        clock: &Arc<dyn Clock>,
        notices: &NoticeRuns,
        alarms: &Alarms,
    ) -> Self {
        Self {
            settings: settings.clone(),
            store: store.clone(),
            clock: Arc::clone(clock),
            notices: notices.clone(),
            alarms: alarms.clone(),
            changed: Arc::default(),
            alone: Arc::default(),
            seen_to: Arc::default(),
        }
    }

    /// Sees to them for as long as the program runs.
    pub async fn watch(self) {
        loop {
            let next = if self.are_ours().await {
                self.see_to_all().await
            } else {
                later(self.clock.now(), LOOK_EVERY)
            };
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Whether it is this machine that sees to them.
    async fn are_ours(&self) -> bool {
        Duty::Schedules.is_ours(&self.store).await
    }

    /// Says when to look again.
    async fn see_to_all(&self) -> Timestamp {
        let next = match self.look().await {
            Ok((_, next)) => next,
            Err(error) => {
                tracing::error!(%error, "the schedules could not be looked at; they are again in a minute");
                later(self.clock.now(), LOOK_EVERY)
            }
        };
        // With what was taken just now come those whose end is not on record, as the program was ended or the disk was full.
        match self.open().await {
            Ok(turns) => self.begin(turns),
            Err(error) => tracing::error!(%error, "what schedules have begun could not be read"),
        }
        next
    }

    /// Those that were taken and are not over.
    pub async fn open(&self) -> Result<Vec<Turn>, Error> {
        self.store.open_turns().await
    }

    /// Takes what is due, and says when to look again.
    pub async fn look(&self) -> Result<(Vec<Turn>, Timestamp), Error> {
        let mut taken = Vec::new();
        for schedule in self.store.schedules().await? {
            if let Some(why) = has_no_time(&schedule, self.wall_clock()) {
                self.alarms.raise(AlarmKind::Schedule, &no_time(schedule.id), words::no_time(&schedule, why));
            }
            if let Ok(moments) = Moments::of(&schedule.plan) {
                self.take(&schedule, &moments, &mut taken).await?;
            }
        }
        let (now, wall) = (self.clock.now(), self.wall_clock());
        let next = self.store.schedules().await?.iter().filter_map(next_of).min();
        let wait = next.and_then(|next| Duration::try_from(next.duration_since(wall)).ok());
        Ok((taken, later(now, wait.unwrap_or(LOOK_EVERY).min(LOOK_EVERY))))
    }

    /// Takes its moment if that has come, with those that have passed since.
    async fn take(
        &self,
        schedule: &Schedule,
        moments: &Moments<'_>,
        taken: &mut Vec<Turn>,
    ) -> Result<(), Error> {
        let wall = self.wall_clock();
        let mut next = next_of(schedule);
        while let Some(due) = next.filter(|due| *due <= wall) {
            // Only that one was to be left out.
            let skips = schedule.skips == Some(due);
            let (after, missed) = if skips {
                (moments.after(due), 0)
            } else {
                (moments.after(wall), moments.passed(due, wall))
            };
            let before = if skips { None } else { self.not_run_yet(schedule).await? };
            if let Some(before) = before {
                self.store.join_turn(&before, due, after, missed).await?;
            } else {
                let turn = self.store.take_turn(schedule.id, due, after, missed, self.clock.now()).await?;
                taken.extend(turn.filter(|turn| turn.ended_at.is_none()));
            }
            next = after;
        }
        // The clock was ahead when this moment was chosen; or there was none, as when its time zone was not known.
        let first = moments.after(wall).filter(|first| next.is_none_or(|due| *first < due));
        if schedule.paused_at.is_none() && first.is_some() {
            self.store.move_schedule(schedule.id, next, first).await?;
        }
        Ok(())
    }

    /// A moment of it that was taken before and of which nothing was made, as the program ended: what is due by now is due with it.
    async fn not_run_yet(&self, schedule: &Schedule) -> Result<Option<Turn>, Error> {
        for turn in self.store.open_turns().await? {
            if turn.schedule == schedule.id && turn.asked_by.is_none() {
                let name = turn::name(&turn);
                let run = self.notices.run_of_moment(&name).await?;
                let sites = &schedule.plan.sites;
                if run.is_none() && self.notices.stopped_run_of_moment(&name, sites).await?.is_none() {
                    return Ok(Some(turn));
                }
            }
        }
        Ok(None)
    }

    /// Sees to these, whether or not anybody waits for them. Those that are seen to already are left to whoever does.
    fn begin(&self, turns: impl IntoIterator<Item = Turn>) {
        for turn in turns {
            let key = (turn.schedule, turn.due);
            let seen_to = Arc::clone(&self.seen_to);
            if seen_to.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
                let done = Done { seen_to, key };
                let schedules = self.clone();
                tokio::spawn(async move {
                    let _done = done;
                    schedules.carry_out(turn).await
                });
            }
        }
    }

    /// Somebody wants its notices now; `at` names the wish, so that a second click is not another. False: they asked before.
    pub async fn run_now(&self, id: ScheduleId, at: Timestamp, who: Actor) -> Result<bool, Error> {
        let turn = self.ask(id, at, who).await?;
        let asked = turn.is_some();
        // Whoever else sees to them finds it.
        if self.are_ours().await {
            self.begin(turn);
        }
        Ok(asked)
    }

    /// The turn that somebody asks for.
    pub async fn ask(&self, id: ScheduleId, at: Timestamp, who: Actor) -> Result<Option<Turn>, Error> {
        self.store.ask_turn(id, at, who, self.clock.now()).await
    }

    /// A new one.
    pub async fn add(&self, plan: SchedulePlan, who: Actor) -> Result<Schedule, NotScheduled> {
        let added = self.desk(&self.settings.now()).add(plan, who).await?;
        self.changed();
        Ok(added)
    }

    /// Another plan, if it is still at this version. That it had no time any more is over.
    pub async fn change(
        &self,
        id: ScheduleId,
        version: i64,
        plan: SchedulePlan,
        who: Actor,
    ) -> Result<Schedule, NotScheduled> {
        let changed = self.desk(&self.settings.now()).change(id, version, plan, who).await?;
        self.alarms.clear(AlarmKind::Schedule, &no_time(id));
        self.changed();
        Ok(changed)
    }

    /// It is gone.
    pub async fn remove(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        let removed = self.desk(&self.settings.now()).remove(id, who).await?;
        self.is_no_matter(id);
        Ok(removed)
    }

    /// Its next moment is left out, if it is this one; `None`: it is not after all.
    pub async fn skip(
        &self,
        id: ScheduleId,
        moment: Option<Timestamp>,
        who: Actor,
    ) -> Result<Schedule, NotScheduled> {
        self.desk(&self.settings.now()).skip(id, moment, who).await
    }

    /// It rests: what was wrong with it is no matter meanwhile.
    pub async fn pause(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        let paused = self.desk(&self.settings.now()).pause(id, who).await?;
        self.is_no_matter(id);
        Ok(paused)
    }

    /// It goes on with the first moment from now on.
    pub async fn resume(&self, id: ScheduleId, who: Actor) -> Result<Schedule, Error> {
        let resumed = self.desk(&self.settings.now()).resume(id, who).await?;
        self.changed();
        Ok(resumed)
    }

    fn is_no_matter(&self, id: ScheduleId) {
        for subject in [subject(id), no_time(id)] {
            self.alarms.clear(AlarmKind::Schedule, &subject);
        }
    }

    /// Somebody changed them: they are looked at again now.
    pub fn changed(&self) {
        self.changed.notify_one();
    }

    /// Where they are changed.
    pub fn desk<'a>(&'a self, config: &'a Config) -> Desk<'a> {
        Desk { store: &self.store, config, clock: &*self.clock }
    }

    /// The next moments that a plan would have.
    pub fn following(&self, plan: &SchedulePlan, most: usize) -> Result<Vec<Timestamp>, NoMoments> {
        Ok(Moments::of(plan)?.following(self.wall_clock(), most))
    }

    /// The time by which people and files go.
    pub(crate) fn wall_clock(&self) -> Timestamp {
        wall_clock(&*self.clock)
    }
}

/// Takes a moment off the list of those that are seen to.
struct Done {
    seen_to: Arc<Mutex<BTreeSet<(ScheduleId, Timestamp)>>>,
    key: (ScheduleId, Timestamp),
}

impl Drop for Done {
    fn drop(&mut self) {
        self.seen_to.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// What an alarm about it is about.
pub(crate) fn subject(id: ScheduleId) -> String {
    format!("schedule {}", id.0)
}

/// What an alarm is about that says that it has no time any more.
pub(crate) fn no_time(id: ScheduleId) -> String {
    format!("schedule {} without a time", id.0)
}

/// Of which schedule an alarm is.
pub(crate) fn of_subject(text: &str) -> Option<ScheduleId> {
    let number = text.strip_prefix("schedule ")?;
    number.strip_suffix(" without a time").unwrap_or(number).parse().ok().map(ScheduleId)
}

/// Unless it rests.
fn next_of(schedule: &Schedule) -> Option<Timestamp> {
    schedule.next_due.filter(|_| schedule.paused_at.is_none())
}

/// The time by which people and files go.
fn wall_clock(clock: &dyn Clock) -> Timestamp {
    clock.now().saturating_add(clock.wall_departure()).unwrap_or(Timestamp::MAX)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
