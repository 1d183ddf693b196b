//! A Bookpost that sends by itself, and what the tests ask of it.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use bookpost::cli::control::{Reply, RunRequest};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mail::clock::Clock as _;
use store::{
    Actor, AlarmKind, CameTo, ClosedDays, Ending, ExportSource, NewRun, Reading, Rhythm, RunId, Schedule,
    SchedulePlan, Turn,
};
use tokio::sync::mpsc;

use crate::bench::{Bench, nobody, server};

pub(crate) const CLI: Actor = Actor::CommandLine;
pub(crate) const ZONE: &str = "America/Chicago";
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const HEADER: &str = "Name,Barcode,Email,Title,Due date,Branch\n";

pub(crate) fn at(local: &str) -> Timestamp {
    let local: jiff::civil::DateTime = local.parse().unwrap();
    TimeZone::get(ZONE).unwrap().to_timestamp(local).unwrap()
}

/// Of one patron who has kept this title for long.
pub(crate) fn export(title: &str) -> String {
    format!("{HEADER}Ann,1,ann@example.org,{title},2026-11-02,RIV\n")
}

pub(crate) struct Scheduled {
    pub(crate) bench: Bench,
    pub(crate) exports: tempfile::TempDir,
}

impl Scheduled {
    /// On a Friday, in the night.
    pub(crate) async fn start() -> Self {
        let bench = Bench::start(vec![server("server1", nobody())]).await;
        Self { bench, exports: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.exports.path().join(name)
    }

    /// Writes a file that was last changed so long ago, by the time of the test.
    pub(crate) fn put(&self, name: &str, text: &str, age: Duration) {
        fs::write(self.path(name), text).unwrap();
        let now =
            SystemTime::UNIX_EPOCH + Duration::from_secs(self.bench.clock.now().as_second().cast_unsigned());
        File::options().write(true).open(self.path(name)).unwrap().set_modified(now - age).unwrap();
    }

    pub(crate) fn plan(&self) -> SchedulePlan {
        SchedulePlan {
            name: "Overdues".to_owned(),
            notice: "overdue-items".to_owned(),
            source: ExportSource::File(self.path("overdues.csv")),
            rhythm: Rhythm::Daily,
            time: "06:00".parse().unwrap(),
            zone: ZONE.to_owned(),
            closed: ClosedDays::default(),
            sites: BTreeSet::new(),
            reading: Reading::default(),
            practice: false,
            not_older_than: None,
        }
    }

    pub(crate) async fn add(&self, plan: SchedulePlan) -> Schedule {
        self.bench.app.schedules.add(plan, CLI).await.unwrap()
    }

    /// Sees to whatever is due, and says what came of it.
    pub(crate) async fn look(&self) -> Vec<(Turn, Ending)> {
        let mut all = Vec::new();
        for turn in self.bench.app.schedules.look().await.unwrap().0 {
            all.push((turn.clone(), self.carry_out(turn).await));
        }
        all
    }

    pub(crate) async fn carry_out(&self, turn: Turn) -> Ending {
        self.bench.app.schedules.carry_out(turn).await.unwrap()
    }

    /// At this time.
    pub(crate) async fn look_at(&self, local: &str) -> Vec<CameTo> {
        self.bench.clock.set(at(local));
        self.look().await.into_iter().map(|(_, ending)| ending.came_to).collect()
    }

    pub(crate) async fn runs(&self) -> usize {
        self.bench.app.store.runs(1_000).await.unwrap().len()
    }

    pub(crate) async fn told(&self) -> Vec<String> {
        let alarms = self.bench.open_alarms().await.into_iter();
        alarms.filter(|(kind, ..)| *kind == AlarmKind::Schedule).map(|(.., text)| text).collect()
    }

    /// As far as a program has come that ends then.
    pub(crate) async fn begin_run_of(&self, turn: &Turn) -> RunId {
        let new = NewRun {
            notice: "overdue-items".to_owned(),
            source: "overdues.csv".to_owned(),
            practice: false,
            started_at: self.bench.clock.now(),
        };
        let name = format!("schedule {} {}", turn.schedule.0, turn.due.as_microsecond());
        let begun = self.bench.app.store.begin_run_once(new, Actor::Schedule, name).await.unwrap();
        let store::Begun::New(run) = begun else { panic!("begun before") };
        run
    }

    /// Somebody runs it by a command.
    pub(crate) async fn run_by_hand(&self, name: &str, change: impl FnOnce(&mut RunRequest)) -> RunId {
        let mut request = RunRequest {
            source: name.to_owned(),
            export: fs::read(self.path(name)).unwrap(),
            ..RunRequest::default()
        };
        change(&mut request);
        let reply = self.bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await;
        let Reply::Run(run) = reply else { panic!("{reply:?}") };
        run.id
    }

    /// How often a person was told that something is wrong with it.
    pub(crate) async fn alarms(&self) -> usize {
        self.bench.alarms(false).await.iter().filter(|(kind, ..)| *kind == AlarmKind::Schedule).count()
    }
}
