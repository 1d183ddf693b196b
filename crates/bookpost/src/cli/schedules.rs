//! The commands about what is sent by itself: carried out by the service, or by the command itself while it holds the lock.

use jiff::tz::TimeZone;
use store::{Actor, ClosedDays, Error, ExportSource, Reading, Rhythm, Schedule, SchedulePlan, Store, Turn};

use super::{
    args::{
        Output,
        schedules::{NewSchedule, Schedules},
    },
    control::{Failure, Reply, ScheduleRan, SchedulesRequest, ShownSchedule},
    queue,
};
use crate::{
    app::{
        App,
        schedules::{Desk, NotScheduled},
    },
    notices::{moments::Moments, saved::USUAL},
};

/// Moments that are shown before they come.
const SHOWN: usize = 5;
const WHO: Actor = Actor::CommandLine;

/// Whether it needs more than the queue.
pub(super) fn runs(request: &SchedulesRequest) -> bool {
    matches!(request, SchedulesRequest::Run(_) | SchedulesRequest::RunDue)
}

/// Carries out what needs nothing but the queue.
pub(super) async fn perform(desk: &Desk<'_>, request: SchedulesRequest) -> Reply {
    answer(desk, request).await.unwrap_or_else(|why| failed(&why))
}

fn failed(why: &NotScheduled) -> Reply {
    let (failure, where_to_look) = match why {
        NotScheduled::Store(Error::NotFound(_)) => {
            (Failure::Usage, "; all are shown by: bookpost notices schedule list")
        }
        NotScheduled::Store(error) => (queue::failure(error), ""),
        _ => (Failure::Usage, ""),
    };
    Reply::Failed { failure, message: format!("{why}{where_to_look}") }
}

async fn answer(desk: &Desk<'_>, request: SchedulesRequest) -> Result<Reply, NotScheduled> {
    let store = desk.store;
    let named = async |name: &str| named(store, name).await.map(|schedule| schedule.id);
    let schedule = match request {
        // Whoever asks that has the whole program.
        SchedulesRequest::List | SchedulesRequest::Run(_) | SchedulesRequest::RunDue => {
            let mut all = Vec::new();
            for schedule in store.schedules().await? {
                all.push(shown(desk, schedule).await?);
            }
            return Ok(Reply::Schedules(all));
        }
        SchedulesRequest::Add(plan) => desk.add(*plan, WHO).await?,
        SchedulesRequest::Skip { name, skips } => {
            store.skip_next(named(&name).await?, skips, WHO, desk.now).await?
        }
        SchedulesRequest::Pause(name) => store.pause_schedule(named(&name).await?, WHO, desk.now).await?,
        SchedulesRequest::Resume(name) => desk.resume(named(&name).await?, WHO).await?,
        SchedulesRequest::Remove(name) => {
            let removed = store.remove_schedule(named(&name).await?, WHO, desk.now).await?;
            return Ok(Reply::ScheduleRemoved(Box::new(removed)));
        }
    };
    Ok(Reply::Schedule(Box::new(shown(desk, schedule).await?)))
}

async fn named(store: &Store, name: &str) -> Result<Schedule, Error> {
    let mut all = store.schedules().await?.into_iter();
    all.find(|schedule| schedule.plan.name == name).ok_or(Error::NotFound("schedule"))
}

async fn shown(desk: &Desk<'_>, schedule: Schedule) -> Result<ShownSchedule, Error> {
    let last = desk.store.turns(schedule.id, 1).await?.pop();
    let following = Moments::of(&schedule.plan).map(|moments| moments.following(desk.wall, SHOWN));
    let following = following.unwrap_or_default();
    Ok(ShownSchedule { schedule, last, following })
}

impl App {
    /// Carries `request` out. `service`: what is made is sent by whoever goes on; else its first attempts are made here.
    pub async fn about_schedules(&self, request: SchedulesRequest, service: bool) -> Reply {
        if !runs(&request) {
            let config = self.settings.now();
            let reply = perform(&self.schedules.desk(&config), request).await;
            self.schedules.changed();
            return reply;
        }
        match self.run_schedules(request, service).await {
            Ok(ran) => Reply::SchedulesRan(ran),
            Err(error) => failed(&error.into()),
        }
    }

    async fn run_schedules(
        &self,
        request: SchedulesRequest,
        service: bool,
    ) -> Result<Vec<ScheduleRan>, Error> {
        let turns = match request {
            SchedulesRequest::Run(name) => {
                let id = named(&self.store, &name).await?.id;
                let asked = self.schedules.ask(id, self.clock.now(), WHO).await?;
                asked.into_iter().collect()
            }
            _ if service => self.schedules.look().await?.0,
            // What a command before this one took and did not come to an end with.
            _ => {
                let mut open = self.schedules.open().await?;
                open.extend(self.schedules.look().await?.0);
                open
            }
        };
        let mut ran = Vec::new();
        for turn in turns {
            ran.extend(self.carry_out(turn, service).await?);
        }
        Ok(ran)
    }

    async fn carry_out(&self, turn: Turn, service: bool) -> Result<Option<ScheduleRan>, Error> {
        let name = match self.store.schedule(turn.schedule).await {
            Err(Error::NotFound(_)) => return Ok(None),
            found => found?.plan.name,
        };
        let due = turn.due;
        let ending = self.schedules.carry_out(turn).await;
        if let Some(run) = ending.as_ref().and_then(|ending| ending.run).filter(|_| !service) {
            self.schedules.first_attempts(run).await?;
        }
        Ok(Some(ScheduleRan { name, due, ending }))
    }
}

/// What a command line means.
pub(super) fn request(command: Schedules) -> (SchedulesRequest, Output) {
    match command {
        Schedules::List { output } => (SchedulesRequest::List, output),
        Schedules::Add(new) => {
            let output = new.output;
            (SchedulesRequest::Add(Box::new(plan(*new))), output)
        }
        Schedules::Run { name: Some(name), output, .. } => (SchedulesRequest::Run(name), output),
        Schedules::Run { name: None, output, .. } => (SchedulesRequest::RunDue, output),
        Schedules::Skip { name, undo, output } => (SchedulesRequest::Skip { name, skips: !undo }, output),
        Schedules::Pause { name, output } => (SchedulesRequest::Pause(name), output),
        Schedules::Resume { name, output } => (SchedulesRequest::Resume(name), output),
        Schedules::Remove { name, output } => (SchedulesRequest::Remove(name), output),
    }
}

/// One of each group is there, as the command line wants it.
fn plan(new: NewSchedule) -> SchedulePlan {
    let source = match (new.file, new.folder, new.command) {
        (Some(file), ..) => ExportSource::File(file),
        (_, Some(folder), _) => ExportSource::Folder(folder),
        (.., Some(words)) => ExportSource::Command(words),
        (None, None, None) => ExportSource::Shell(new.shell.unwrap_or_default()),
    };
    let rhythm = match (new.once, new.monthly, new.yearly) {
        (Some(day), ..) => Rhythm::Once(day),
        (_, Some(day), _) => Rhythm::Monthly(day),
        (.., Some((month, day))) => Rhythm::Yearly(month, day),
        (None, None, None) if new.weekly.is_empty() => Rhythm::Daily,
        (None, None, None) => Rhythm::Weekly(new.weekly.into_iter().collect()),
    };
    let zone = new.zone.or_else(|| TimeZone::system().iana_name().map(ToOwned::to_owned));
    SchedulePlan {
        name: new.name.trim().to_owned(),
        notice: new.notice.unwrap_or_else(|| USUAL.to_owned()),
        source,
        rhythm,
        time: new.at,
        zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        closed: ClosedDays {
            weekdays: new.closed_on.into_iter().collect(),
            dates: new.closed.into_iter().collect(),
        },
        sites: new.only.into_iter().collect(),
        reading: Reading {
            dates: new.dates.unwrap_or_default(),
            encoding: new.encoding.unwrap_or_default(),
            sheet: new.sheet.unwrap_or_default(),
            site: new.site.unwrap_or_default(),
        },
        practice: new.practice,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Arguments, Command, Notices};

    fn asked(words: &str) -> Result<SchedulesRequest, clap::Error> {
        let words = format!("bookpost notices schedule {words}");
        let arguments = Arguments::try_parse_from(words.split(' '))?;
        let Command::Notices(Notices::Schedule(command)) = arguments.command else { panic!("{words}") };
        Ok(request(command).0)
    }

    #[test]
    fn a_command_line_says_what_and_when() {
        let plan = |words: &str| match asked(&format!("add Overdues --at 06:00 --zone UTC {words}")).unwrap()
        {
            SchedulesRequest::Add(plan) => *plan,
            other => panic!("{other:?}"),
        };
        let file = plan("--file /srv/a.csv --daily --only MAIN --only EAST --dates d/m/y");
        assert_eq!((&file.source, &file.rhythm), (&ExportSource::File("/srv/a.csv".into()), &Rhythm::Daily));
        assert_eq!((file.sites.len(), &*file.reading.dates, &*file.zone), (2, "d/m/y", "UTC"));
        let weekly = plan("--folder /srv --weekly mon,Thursday --closed-on sat,sun --closed 2026-12-25");
        assert_eq!(weekly.rhythm, Rhythm::Weekly([1, 4].into()));
        assert_eq!((weekly.closed.weekdays, weekly.closed.dates.len()), ([6, 7].into(), 1));
        let command = plan("--yearly 2-29 --command /usr/bin/export --all -x");
        let words = ["/usr/bin/export", "--all", "-x"].map(ToOwned::to_owned);
        assert_eq!(
            (command.source, command.rhythm),
            (ExportSource::Command(words.into()), Rhythm::Yearly(2, 29))
        );
        assert_eq!(plan("--shell true --monthly 31").source, ExportSource::Shell("true".to_owned()));
    }

    #[test]
    fn one_export_and_one_rhythm_is_wanted() {
        for words in [
            "add Overdues --at 06:00 --daily",
            "add Overdues --at 06:00 --file /a",
            "add Overdues --daily --file /a",
            "add Overdues --at 06:00 --daily --weekly mon --file /a",
            "add Overdues --at 06:00 --daily --file /a --folder /b",
            "add Overdues --at 06:00 --monthly 32 --file /a",
            "add Overdues --at 06:00 --yearly 13-01 --file /a",
            "add Overdues --at 06:00 --weekly noday --file /a",
            "run",
            "run Overdues --due",
        ] {
            assert!(asked(words).is_err(), "{words}");
        }
        assert_eq!(asked("run --due").unwrap(), SchedulesRequest::RunDue);
        let undo = SchedulesRequest::Skip { name: "Overdues".to_owned(), skips: false };
        assert_eq!(asked("skip Overdues --undo").unwrap(), undo);
    }
}
