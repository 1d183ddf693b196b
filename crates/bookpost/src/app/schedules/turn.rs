//! A moment that was taken, seen to its end.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use store::{
    Actor, Alarm, AlarmKind, CameTo, Cause, Ending, Error, ExportSeen, ExportSource, RunId, Schedule,
    SchedulePlan, Turn,
};

use super::{
    Schedules, command, later,
    source::{self, Export, NoExport, Places, within},
    subject, words,
};
use crate::{
    app::notice_run::{self, NotRun, Options, Refusal, Scheduled, Unready},
    cli::{control::Failure, saved_notices::name_of},
    config::Way,
    notices::{ImportError, moments::Moments},
};

/// An export that is being written is looked at again after this,
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// and so often.
const LOOKS: u32 = 30;
/// Its folder may take so long to give it; a network may be slow.
const READS_WITHIN: Duration = Duration::from_mins(10);
/// Open alarms that are looked through.
const ALARMS: usize = 500;
/// For the line of commands that the shell is given.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

impl Schedules {
    /// Takes the export, looks at it and runs it, or puts on record why it is not run. Gives what it came to.
    pub async fn carry_out(&self, turn: Turn) -> Option<Ending> {
        // One moment of a schedule at a time; and who waited for another that was the same finds it seen to.
        let one = Arc::clone(self.alone.lock().await.entry(turn.schedule).or_default());
        let _alone = one.lock().await;
        let open = self.store.open_turns().await;
        if open.is_ok_and(|open| open.iter().all(|one| (one.schedule, one.due) != (turn.schedule, turn.due)))
        {
            return None;
        }
        let ending = match self.ending(&turn).await {
            Ok(ending) => ending?,
            Err(error) => {
                tracing::error!(%error, schedule = turn.schedule.0, "what a schedule came to is not known");
                return None;
            }
        };
        if let Err(error) = self.store.end_turn(&turn, ending.clone(), self.clock.now()).await {
            tracing::error!(%error, schedule = turn.schedule.0, "what a schedule came to is not on record");
        }
        Some(ending)
    }

    /// `None`: nobody wants to know any more.
    async fn ending(&self, turn: &Turn) -> Result<Option<Ending>, Error> {
        let schedule = match self.store.schedule(turn.schedule).await {
            Err(Error::NotFound(_)) => return Ok(None),
            found => found?,
        };
        // Whoever was killed in between may have come so far before.
        let run = self.notices.run_of_moment(&name(turn)).await?;
        let ending = match run {
            Some(run) => ending(self.of_run(&schedule, run).await?, None, Some(run)),
            None if rests(&schedule, turn) => ending(CameTo::Skipped, None, None),
            None => match self.notices.stopped_run_of_moment(&name(turn), &schedule.plan.sites).await? {
                Some(run) => ending(CameTo::Stopped, None, Some(run)),
                None => self.run(&schedule, turn).await?,
            },
        };
        self.tell(&schedule, turn, &ending).await?;
        Ok(Some(ending))
    }

    async fn run(&self, schedule: &Schedule, turn: &Turn) -> Result<Ending, Error> {
        let export = match self.export(&schedule.plan).await {
            Ok(export) => export,
            Err(NoExport::Changing(_)) => return Ok(ending(CameTo::StillWritten, None, None)),
            Err(NoExport::For(came_to, detail)) => return Ok(ending(came_to, detail, None)),
        };
        let seen =
            ExportSeen { digest: digest(&SHA256, &export.bytes).as_ref().to_vec(), written: export.written };
        // It may have waited for long: what people decided meanwhile holds.
        let now = self.store.schedule(schedule.id).await?;
        if rests(&now, turn) {
            return Ok(ending(CameTo::Skipped, None, None));
        }
        if now.plan != schedule.plan {
            return Box::pin(self.run(&now, turn)).await;
        }
        let practice = schedule.plan.practice || matches!(self.settings.now().sending.way, Way::Practice);
        let last = self.store.last_sent(schedule.id, practice).await?;
        let before = last.as_ref().and_then(|turn| turn.ending.as_ref()?.export.as_ref());
        let no_news = before.and_then(|before| is_no_news(&seen, before, self.wall_clock()));
        let no_news = no_news.or_else(|| is_too_old(&schedule.plan, &seen, self.wall_clock()));
        if let Some(came_to) = no_news {
            return Ok(Ending { export: Some(seen), ..ending(came_to, None, None) });
        }
        // However the run ends, it is known what it was made of.
        self.store.note_turn_export(turn, seen.clone()).await?;
        let (remark, since) = (export.remark.clone(), last.map(|turn| turn.begun_at));
        let run = self.notices.run_scheduled(scheduled(&schedule.plan, turn, export, since)).await;
        let came_to = match run {
            Ok(run) => ending(self.of_run(schedule, run).await?, remark, Some(run)),
            Err(why) => {
                let (came_to, detail, run) = not_run(why);
                ending(came_to, detail, run)
            }
        };
        Ok(Ending { export: Some(seen), ..came_to })
    }

    /// What its run came to, which is made.
    async fn of_run(&self, schedule: &Schedule, run: RunId) -> Result<CameTo, Error> {
        let is_stopped = self.notices.is_stopped(run, &schedule.plan.sites).await?;
        Ok(if is_stopped { CameTo::Stopped } else { CameTo::Run })
    }

    /// As soon as it stands still.
    async fn export(&self, plan: &SchedulePlan) -> Result<Export, NoExport> {
        let (path, is_folder) = match &plan.source {
            ExportSource::Command(words) => return self.export_of_command(plan, words).await,
            ExportSource::Shell(line) => {
                let words = SHELL.into_iter().map(ToOwned::to_owned).chain([line.clone()]);
                return self.export_of_command(plan, &words.collect::<Vec<_>>()).await;
            }
            ExportSource::File(path) => (path, false),
            ExportSource::Folder(path) => (path, true),
        };
        let places = Places::of(&self.settings.now());
        let mut before = None;
        for _ in 0..LOOKS {
            let (path, places, wall_clock) = (path.clone(), places.clone(), self.wall_clock());
            let look = move || source::take(&path, is_folder, &places, wall_clock, before.as_ref());
            let found = within(&*self.clock, READS_WITHIN, look).await;
            let broken = |error: std::io::Error| NoExport::For(CameTo::NotNow, Some(error.to_string()));
            match found.map_err(broken)? {
                None => return Err(NoExport::For(CameTo::NoAnswer, None)),
                Some(Err(NoExport::Changing(standing))) => before = Some(standing),
                Some(found) => return found,
            }
            self.clock.sleep_until(later(self.clock.now(), LOOK_AGAIN)).await;
        }
        Err(NoExport::For(CameTo::StillWritten, None))
    }

    /// People know it by the schedule: the program may be a shell.
    async fn export_of_command(&self, plan: &SchedulePlan, words: &[String]) -> Result<Export, NoExport> {
        let export = command::export(words, &*self.clock).await?;
        Ok(Export { name: plan.name.clone(), ..export })
    }

    /// A person hears of it, once when it begins to be so, and once when it is over.
    async fn tell(&self, schedule: &Schedule, turn: &Turn, ending: &Ending) -> Result<(), Error> {
        let subject = subject(schedule.id);
        // Whoever asked sees it, and what is due goes out by itself.
        if turn.asked_by.is_some() && matches!(ending.came_to, CameTo::Unchanged | CameTo::Older) {
            return Ok(());
        }
        if !ending.came_to.is_fault() {
            self.alarms.clear(AlarmKind::Schedule, &subject);
            return Ok(());
        }
        let came_to = |turn: &Turn| turn.ending.as_ref().map(|ending| ending.came_to);
        let last = self.store.turns(schedule.id, 2).await?;
        let last = last.iter().find(|one| one.due != turn.due).and_then(came_to);
        let notices = notice_run::notices(&self.store).await?;
        let notice = notices.into_iter().find(|notice| notice.slug == schedule.plan.notice);
        let notice = notice.as_ref().map_or(&*schedule.plan.notice, |one| name_of(&one.slug, &one.settings));
        let text = words::alarm(schedule, notice, turn, ending);
        let cause = Cause::new(ending.came_to, text);
        let is_it = |alarm: &Alarm| {
            alarm.kind == AlarmKind::Schedule && alarm.subject == subject && alarm.reason == cause.reason
        };
        // People know it, of an earlier moment or of this one, the end of which could not be put on record.
        if self.store.alarms(true, ALARMS).await?.iter().any(is_it) {
            return Ok(());
        }
        if last != Some(ending.came_to) {
            self.alarms.clear(AlarmKind::Schedule, &subject);
        }
        self.alarms.raise(AlarmKind::Schedule, &subject, cause);
        Ok(())
    }

    /// Without a service, what a turn made has its first attempt before the program ends.
    pub async fn first_attempts(&self, run: RunId) -> Result<(), Error> {
        self.notices.first_attempts(run).await
    }
}

/// Nobody wants it to be sent by itself at present.
fn rests(schedule: &Schedule, turn: &Turn) -> bool {
    schedule.paused_at.is_some() && turn.asked_by.is_none()
}

/// Of an export that is not known, or not told here.
fn ending(came_to: CameTo, detail: Option<String>, run: Option<RunId>) -> Ending {
    Ending { came_to, detail, run, export: None }
}

/// Under this the moment has one run.
pub(super) fn name(turn: &Turn) -> String {
    format!("schedule {} {}", turn.schedule.0, turn.due.as_microsecond())
}

/// Why an export is not sent again. Nothing was written after `wall_clock`: the clock was ahead then.
fn is_no_news(seen: &ExportSeen, last: &ExportSeen, wall_clock: Timestamp) -> Option<CameTo> {
    if seen.digest == last.digest {
        return Some(CameTo::Unchanged);
    }
    let is_older =
        seen.written.zip(last.written).is_some_and(|(seen, last)| seen < last && last <= wall_clock);
    is_older.then_some(CameTo::Older)
}

/// What a command writes is of this moment.
fn is_too_old(plan: &SchedulePlan, seen: &ExportSeen, wall_clock: Timestamp) -> Option<CameTo> {
    let most = match plan.not_older_than {
        Some(hours) => SignedDuration::from_hours(hours.into()),
        None => Moments::of(plan).ok()?.usual_age(wall_clock),
    };
    seen.written.is_some_and(|written| wall_clock.duration_since(written) > most).then_some(CameTo::TooOld)
}

fn scheduled(plan: &SchedulePlan, turn: &Turn, export: Export, since: Option<Timestamp>) -> Scheduled {
    let reading = &plan.reading;
    Scheduled {
        moment: name(turn),
        notice: plan.notice.clone(),
        source: export.name,
        exported_at: export.written,
        export: export.bytes,
        options: Options {
            dates: reading.dates.clone(),
            encoding: reading.encoding.clone(),
            sheet: reading.sheet.clone(),
            site: reading.site.clone(),
            columns: String::new(),
            notice: plan.notice.clone(),
        },
        sites: plan.sites.clone(),
        practice: plan.practice,
        since,
        who: turn.asked_by.clone().unwrap_or(Actor::Schedule),
        is_asked_for: turn.asked_by.is_some(),
    }
}

/// What is said of the columns and lines of an export may be patrons' own: it stands on the page that looks it through, and not here.
fn not_run(why: NotRun) -> (CameTo, Option<String>, Option<RunId>) {
    if why.is_about_dates() {
        return (CameTo::UnclearDates, None, None);
    }
    match why {
        NotRun::Broken(run, why) => (CameTo::Broken, Some(why), Some(run)),
        NotRun::SentAlready(run) => (CameTo::SentAlready, None, Some(run)),
        NotRun::StoppedBefore(run) => (CameTo::StoppedBefore, None, Some(run)),
        NotRun::DatesInDoubt => (CameTo::UnclearDates, None, None),
        NotRun::Unready(Unready::NotWhole) => (CameTo::NotUsable, None, None),
        NotRun::Unready(Unready::Import(error)) => match error {
            ImportError::UnknownColumns { .. }
            | ImportError::NoSuchColumn { .. }
            | ImportError::DuplicateColumn { .. }
            | ImportError::NoNames => (CameTo::UnknownColumns, None, None),
            ImportError::Aliases(why) => (CameTo::Settings, Some(why), None),
            other => (CameTo::NotUsable, Some(other.to_string()), None),
        },
        NotRun::Unready(why @ Unready::Off(_)) => {
            let Refusal(_, why) = why.into();
            (CameTo::Settings, Some(why), None)
        }
        NotRun::Unready(Unready::Other(failure, why)) => match failure {
            Failure::Usage | Failure::Config => (CameTo::Settings, Some(why), None),
            Failure::Data => (CameTo::NotUsable, Some(why), None),
            Failure::Temporary | Failure::Refused | Failure::Changed => (CameTo::NotNow, Some(why), None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has gone by then has gone.
    #[test]
    fn a_run_that_broke_off_is_not_told_as_one_that_never_was() {
        let (came_to, _, run) = not_run(NotRun::Broken(RunId(7), "the disk is full".to_owned()));
        assert_eq!((came_to, run), (CameTo::Broken, Some(RunId(7))));
        assert!(came_to.is_fault() && !came_to.is_nothing_sent());
    }

    #[test]
    fn an_export_is_news_when_it_is_another_and_not_older() {
        let seen = |digest: u8, written: Option<i64>| ExportSeen {
            digest: vec![digest],
            written: written.map(|second| Timestamp::from_second(second).unwrap()),
        };
        for (now, last, expected) in [
            (seen(1, Some(5)), seen(2, Some(4)), None),
            (seen(1, Some(4)), seen(2, Some(4)), None),
            (seen(1, Some(5)), seen(1, Some(4)), Some(CameTo::Unchanged)),
            (seen(1, Some(3)), seen(2, Some(4)), Some(CameTo::Older)),
            (seen(1, Some(3)), seen(2, Some(11)), None),
            (seen(1, Some(3)), seen(1, Some(4)), Some(CameTo::Unchanged)),
            (seen(1, None), seen(2, None), None),
            (seen(1, None), seen(1, None), Some(CameTo::Unchanged)),
            // From a file to a command, or back.
            (seen(1, Some(3)), seen(2, None), None),
        ] {
            assert_eq!(
                is_no_news(&now, &last, Timestamp::from_second(10).unwrap()),
                expected,
                "{now:?} {last:?}"
            );
        }
    }
}
