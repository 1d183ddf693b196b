//! The commands about what is sent by itself: carried out by the service, or by the command itself while it holds the lock.

use std::collections::BTreeSet;

use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};
use store::{Actor, ClosedDays, Error, ExportSource, Reading, Rhythm, Schedule, SchedulePlan, Store, Turn};

use super::{
    args::{
        Output,
        schedules::{FOUND_OUT, NewSchedule, PlanOptions, Schedules},
    },
    control::{Failure, PlanChange, Reply, ScheduleRan, SchedulesRequest, ShownSchedule},
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
/// Moments that are looked back at.
const LOOKED_BACK: usize = 100;
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
        SchedulesRequest::Change { name, change } => {
            let before = named(store, &name).await?;
            let plan = change.of(before.plan.clone());
            let changed = desk.change(before.id, before.version, plan, WHO).await?;
            let unskipped = before.skips.filter(|_| changed.skips.is_none());
            return Ok(Reply::Schedule(Box::new(ShownSchedule { unskipped, ..shown(desk, changed).await? })));
        }
        SchedulesRequest::Skip { name, skips } => {
            let schedule = named(store, &name).await?;
            let moment = schedule.next_due.filter(|_| skips);
            if skips && moment.is_none() {
                return Err(NotScheduled::NoNext);
            }
            desk.skip(schedule.id, moment, WHO).await?
        }
        SchedulesRequest::Pause(name) => desk.pause(named(store, &name).await?.id, WHO).await?,
        SchedulesRequest::Resume(name) => desk.resume(named(store, &name).await?.id, WHO).await?,
        SchedulesRequest::Remove(name) => {
            let removed = desk.remove(named(store, &name).await?.id, WHO).await?;
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
    let following = Moments::of(&schedule.plan).map(|moments| moments.following(desk.wall(), SHOWN));
    let following = following.unwrap_or_default();
    Ok(ShownSchedule { schedule, last, following, unskipped: None })
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
            // With what a command before this one took and did not come to an end with.
            _ => {
                self.schedules.look().await?;
                self.schedules.open().await?
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
        let (id, due) = (turn.schedule, turn.due);
        let mut ending = self.schedules.carry_out(turn).await;
        if ending.is_none() {
            // The service's own look came first: then it is over by now.
            let turns = self.store.turns(id, LOOKED_BACK).await?;
            ending = turns.into_iter().find(|turn| turn.due == due).and_then(|turn| turn.ending);
        }
        let made = ending.as_ref().filter(|ending| !ending.came_to.is_nothing_sent());
        if let Some(run) = made.and_then(|ending| ending.run).filter(|_| !service) {
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
        Schedules::Change(change) => {
            let change = *change;
            let (name, plan, output) = (change.schedule, change.plan, change.output);
            let change = PlanChange {
                name: change.name,
                everywhere: change.everywhere,
                to_patrons: change.to_patrons,
                never_closed: change.never_closed,
                ..changes(plan)
            };
            (SchedulesRequest::Change { name, change: Box::new(change) }, output)
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
    let zone = TimeZone::system().iana_name().map(ToOwned::to_owned);
    let empty = SchedulePlan {
        name: new.name.trim().to_owned(),
        notice: USUAL.to_owned(),
        source: ExportSource::Shell(String::new()),
        rhythm: Rhythm::Daily,
        time: Time::midnight(),
        zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        closed: ClosedDays::default(),
        sites: BTreeSet::new(),
        reading: Reading::default(),
        practice: false,
        not_older_than: None,
    };
    changes(new.plan).of(empty)
}

/// What these options say.
fn changes(plan: PlanOptions) -> PlanChange {
    let source = match (plan.file, plan.folder, plan.command, plan.shell) {
        (Some(file), ..) => Some(ExportSource::File(file)),
        (_, Some(folder), ..) => Some(ExportSource::Folder(folder)),
        (_, _, Some(words), _) => Some(ExportSource::Command(words)),
        (.., line) => line.map(ExportSource::Shell),
    };
    let rhythm = match (plan.once, plan.monthly, plan.yearly) {
        (Some(day), ..) => Some(Rhythm::Once(day)),
        (_, Some(day), _) => Some(Rhythm::Monthly(day)),
        (.., Some((month, day))) => Some(Rhythm::Yearly(month, day)),
        (None, None, None) if !plan.weekly.is_empty() => {
            Some(Rhythm::Weekly(plan.weekly.into_iter().collect()))
        }
        (None, None, None) => plan.daily.then_some(Rhythm::Daily),
    };
    let said = |found: Option<String>| found.map(|text| if text == FOUND_OUT { String::new() } else { text });
    let some = |all: BTreeSet<String>| (!all.is_empty()).then_some(all);
    PlanChange {
        notice: plan.notice,
        source,
        rhythm,
        time: plan.at,
        zone: plan.zone,
        closed_weekdays: Some(plan.closed_on.into_iter().collect())
            .filter(|days: &BTreeSet<i8>| !days.is_empty()),
        closed_dates: Some(plan.closed.into_iter().collect())
            .filter(|days: &BTreeSet<Date>| !days.is_empty()),
        sites: some(plan.only.into_iter().collect()),
        dates: said(plan.dates),
        encoding: said(plan.encoding),
        sheet: said(plan.sheet),
        site: plan.site,
        practice: plan.practice,
        not_older_than: plan.not_older_than,
        ..PlanChange::default()
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

    /// What is not said stays, and whatever the form of the page can change the command can.
    #[test]
    fn a_change_says_only_what_is_to_be_otherwise() {
        let changed =
            |plan: &SchedulePlan, words: &str| match asked(format!("change Overdues {words}").trim_end())
                .unwrap()
            {
                SchedulesRequest::Change { name, change } if name == "Overdues" => change.of(plan.clone()),
                other => panic!("{other:?}"),
            };
        let words = "add Overdues --at 06:00 --zone UTC --file /srv/a.csv --weekly mon --closed-on sun --closed 2026-12-25
            --only MAIN --site MAIN --dates d/m/y --encoding utf-8 --sheet S --practice --notice fines --not-older-than 12";
        let words: Vec<_> = words.split_whitespace().collect();
        let SchedulesRequest::Add(plan) = asked(&words.join(" ")).unwrap() else { panic!("{words:?}") };
        let plan = *plan;
        assert_eq!((plan.not_older_than, plan.practice), (Some(12), true));
        assert_eq!(changed(&plan, ""), plan);
        for (words, expected) in [
            ("--name Late", SchedulePlan { name: "Late".to_owned(), ..plan.clone() }),
            ("--at 07:30", SchedulePlan { time: "07:30".parse().unwrap(), ..plan.clone() }),
            ("--zone Europe/Madrid", SchedulePlan { zone: "Europe/Madrid".to_owned(), ..plan.clone() }),
            ("--daily", SchedulePlan { rhythm: Rhythm::Daily, ..plan.clone() }),
            ("--monthly 3", SchedulePlan { rhythm: Rhythm::Monthly(3), ..plan.clone() }),
            ("--folder /srv", SchedulePlan { source: ExportSource::Folder("/srv".into()), ..plan.clone() }),
            ("--notice coming-due", SchedulePlan { notice: "coming-due".to_owned(), ..plan.clone() }),
            (
                "--closed-on sat",
                SchedulePlan {
                    closed: ClosedDays { weekdays: [6].into(), ..plan.closed.clone() },
                    ..plan.clone()
                },
            ),
            ("--never-closed", SchedulePlan { closed: ClosedDays::default(), ..plan.clone() }),
            ("--only EAST", SchedulePlan { sites: ["EAST".to_owned()].into(), ..plan.clone() }),
            ("--everywhere", SchedulePlan { sites: BTreeSet::new(), ..plan.clone() }),
            ("--to-patrons", SchedulePlan { practice: false, ..plan.clone() }),
            ("--not-older-than usual", SchedulePlan { not_older_than: None, ..plan.clone() }),
            ("--not-older-than 48", SchedulePlan { not_older_than: Some(48), ..plan.clone() }),
            (
                "--dates auto --encoding auto --sheet auto",
                SchedulePlan {
                    reading: Reading { site: "MAIN".to_owned(), ..Reading::default() },
                    ..plan.clone()
                },
            ),
        ] {
            assert_eq!(changed(&plan, words), expected, "{words}");
        }
        for words in [
            "",
            "Overdues --daily --monthly 3",
            "Overdues --file /a --folder /b",
            "Overdues --not-older-than 0",
        ] {
            assert!(asked(format!("change {words}").trim_end()).is_err(), "{words}");
        }
    }
}
