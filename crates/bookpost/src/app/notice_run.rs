//! A notice run: from the bytes of an export to messages in the queue, and what became of them.

mod again;
mod age;
mod begin;
mod check;
mod chosen;
mod columns;
pub(crate) mod logo;
mod look_back;
mod make;
mod prepare;
mod preview;
mod running;
mod samples;
mod scheduled;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use mail::clock::Clock;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::{Actor, Door, LeftOut, LeftOutDetail, LeftOutWhy, NewRun, RunId, Stands, Store, WrittenBefore};
use tokio::sync::mpsc;

pub(in crate::app) use self::scheduled::{NotRun, Scheduled};
pub use self::{
    again::{
        Doubt, Goes, NotAgain, SENT_AGAIN, Same, TO_GUARDIANS, may_go_again, sent_again_for, shown_tags,
    },
    age::Old,
    begin::RunBefore,
    check::{CheckError, Checked, Facts, Options},
    chosen::{Chosen, begun_with, notices, sources},
    columns::Known,
    prepare::Unready,
    preview::preview,
    samples::NoSamples,
};
use self::{
    check::Checks, chosen::chosen, columns::known, make::Making, prepare::Prepared, running::Running,
};
use super::Exports;
use crate::{
    alarms::Alarms,
    cli::{
        control::{Failure, Progress, Reply, RunRequest, RunSummary, STANDARD_INPUT},
        words,
    },
    config::{Config, Settings, Way},
    preferences::DoNotSend,
    queue::{route::Line, worker::Handle},
    receive::Receiver,
};

/// Open alarms that are told with a run.
const PROBLEMS: usize = 10;
/// Progress is told this often.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Without `wait`, a run on which nothing has moved for so long ends by itself, so that a cron job never hangs.
const PATIENCE: SignedDuration = SignedDuration::from_mins(20);

const PAUSED: &str =
    "Sending is paused, so all of it waits and nothing is sent. To send again, run: bookpost queue resume";
const NAMELESS: &str = "The export came by standard input and is remembered under that name: the next that comes so counts as a newer one of the same. If you run several exports so, give each its name: --name overdues.csv";
const NO_WAY: &str = "No way of sending is chosen (sending.way)";
/// After that, or after who wants it so.
const SO_IT_WAITS: &str =
    "so all of it waits and nothing is sent. To send it, choose a way under Preferences > Setup > Email.";

/// The way by which commands, the drop folder and pages run notices. All clones are the same.
#[derive(Clone)]
pub struct NoticeRuns {
    settings: Settings,
    store: Store,
    clock: Arc<dyn Clock>,
    receiver: Receiver,
    worker: Handle,
    /// Where fresh mail stands in memory.
    lines: Arc<[Arc<Line>]>,
    alarms: Alarms,
    dice: Arc<Mutex<StdRng>>,
    /// The exports that people have uploaded.
    pub exports: Exports,
    checks: Checks,
    running: Running,
    /// Held by whoever begins a run.
    beginning: Arc<tokio::sync::Mutex<()>>,
    /// Held by whoever makes the notices of a run that is no practice.
    making: Arc<tokio::sync::Mutex<()>>,
}

/// Why a run did not begin.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Failure, pub(crate) String);

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self(Failure::Temporary, error.to_string())
    }
}

impl From<Refusal> for Reply {
    fn from(Refusal(failure, message): Refusal) -> Self {
        Self::Failed { failure, message }
    }
}

/// Whether the files that the notices need can be used: own column names, own wordings. Says all that is wrong with them.
pub fn check(config: &Config) -> Result<(), String> {
    let faults = Prepared::faults(config);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Reads the export, in a thread of its own. Exports are large: the bytes go as soon as they are read.
async fn prepared(
    config: &Arc<Config>,
    store: &Store,
    mut request: RunRequest,
) -> Result<(Prepared, RunRequest), Refusal> {
    let chosen = chosen(store, request.notice.as_deref()).await.map_err(Refusal::from)?;
    let known = known(store).await?;
    let export = std::mem::take(&mut request.export);
    let (config, options) = (Arc::clone(config), request.clone());
    let everywhere = BTreeSet::new();
    let read = move || Prepared::new(&config, &export, &options, everywhere, &known, &chosen);
    let read = tokio::task::spawn_blocking(read).await;
    let prepared = read.map_err(|error| Refusal(Failure::Temporary, error.to_string()))?;
    Ok((prepared.map_err(Refusal::from)?, request))
}

fn practices(config: &Config, request: &RunRequest) -> bool {
    request.practice || matches!(config.sending.way, Way::Practice)
}

fn actor_of(request: &RunRequest) -> Actor {
    if request.from_folder { Actor::DropFolder } else { Actor::CommandLine }
}

fn door_of(request: &RunRequest) -> Door {
    if request.from_folder { Door::Folder } else { Door::Notices }
}

impl NoticeRuns {
    pub(super) fn new(
        settings: &Settings,
        store: &Store,
        clock: &Arc<dyn Clock>,
        receiver: &Receiver,
        (worker, lines): (&Handle, &[Arc<Line>]),
        alarms: &Alarms,
        dice: &mut StdRng,
    ) -> Self {
        Self {
            exports: Exports::new(&settings.now().data_dir),
            settings: settings.clone(),
            store: store.clone(),
            clock: Arc::clone(clock),
            receiver: receiver.clone(),
            worker: worker.clone(),
            lines: lines.into(),
            alarms: alarms.clone(),
            dice: Arc::new(Mutex::new(StdRng::from_rng(dice))),
            checks: Checks::default(),
            running: Running::default(),
            beginning: Arc::default(),
            making: Arc::default(),
        }
    }

    /// Runs the notice over an export, or only says what it would do. `service`: the resends are taken care of.
    pub async fn run(
        &self,
        request: RunRequest,
        service: bool,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Reply {
        if request.preview {
            return preview(&self.settings.now(), &self.store, self.clock.now(), request).await;
        }
        match prepared(&self.settings.now(), &self.store, request).await {
            Ok((prepared, request)) => {
                let run = self.run_prepared(prepared, &request, service, progress).await;
                run.map_or_else(Reply::from, Reply::Run)
            }
            Err(refusal) => refusal.into(),
        }
    }

    async fn run_prepared(
        &self,
        prepared: Prepared,
        request: &RunRequest,
        service: bool,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Result<RunSummary, Refusal> {
        let practice = practices(&self.settings.now(), request);
        if !practice {
            self.not_too_old(request)?;
        }
        if let (Some(columns), Some(shape)) = (&request.columns, &prepared.import.columns) {
            let (shape, chosen) = (shape.clone(), columns.chosen());
            self.store.remember_columns(shape, chosen, actor_of(request), self.clock.now()).await?;
        }
        let new = NewRun {
            notice: prepared.slug.clone(),
            source: request.source.clone(),
            practice,
            started_at: self.clock.now(),
        };
        let run = self.store.begin_run_by(new, actor_of(request)).await?;
        let (lines, patrons) = (prepared.lines(), prepared.patrons());
        let (prepared, place) = (Arc::new(prepared), self.running.begin(run));
        let export_of = request.exported_at.unwrap_or(Timestamp::MAX).min(self.clock.now());
        let making = Making { run, practice, door: door_of(request), prepared, export_of, place };
        let mut told = self.make(making, &progress).await?;
        let paused = self.store.paused().await?.is_some();
        let config = self.settings.now();
        let sending = &config.sending;
        let way = !paused && (practice || !matches!(sending.way, Way::None));
        self.watch(run, (request.wait && way, service), &mut told, &progress).await?;
        let left_out = self.store.left_out_of(run).await?;
        let mut problems: Vec<_> =
            self.store.alarms(true, PROBLEMS).await?.into_iter().map(|alarm| alarm.text).collect();
        if paused {
            problems.insert(0, PAUSED.to_owned());
        } else if !way {
            let why = if sending.is_off() { self.off().await? } else { NO_WAY.to_owned() };
            problems.insert(0, format!("{why}, {SO_IT_WAITS}"));
        }
        problems.extend((request.source == STANDARD_INPUT).then(|| NAMELESS.to_owned()));
        Ok(RunSummary { id: run, practice, lines, patrons, progress: told, left_out, problems, service, way })
    }

    /// Whether it is asked first about a file of the drop folder that was last changed at `at`. In practice too: run, it would be gone from the
    /// folder, and nobody would be asked once mail goes out again.
    pub(in crate::app) fn is_asked_about(&self, at: Timestamp) -> bool {
        age::old(Some(at), None, self.clock.now()).is_some()
    }

    /// A file that somebody names may be yesterday's. The drop folder has asked before it comes here.
    fn not_too_old(&self, request: &RunRequest) -> Result<(), Refusal> {
        let asked = !request.from_folder && !request.older_is_right;
        match age::old(request.exported_at, None, self.clock.now()).filter(|_| asked) {
            Some(Old::File(at)) => {
                let at = TimeZone::system().to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
                let message = format!(
                    "{} was last changed on {at}, more than 24 hours ago, so nothing was sent. If it is the right export all the same, add --older-export-is-right",
                    request.source
                );
                Err(Refusal(Failure::Data, message))
            }
            Some(Old::Dates(_)) | None => Ok(()),
        }
    }

    /// Tells the progress until the first attempts are made, or with `wait` until the last outcome. However slowly mail flows,
    /// it is waited for as long as it does. Without a service, what an earlier run left behind has its attempt too.
    async fn watch(
        &self,
        run: RunId,
        (wait, service): (bool, bool),
        told: &mut Progress,
        progress: &mpsc::UnboundedSender<Progress>,
    ) -> Result<(), Refusal> {
        let mut moved_at = self.clock.now();
        let quiet = self.worker.quiet();
        tokio::pin!(quiet);
        let mut first_attempts_made = false;
        loop {
            let before = *told;
            self.count(run, told).await?;
            let _ = progress.send(*told);
            let now = self.clock.now();
            if *told != before {
                moved_at = now;
            }
            let stands = now.duration_since(moved_at) >= PATIENCE;
            let done = told.waiting + told.lists_waiting == 0 && (service || first_attempts_made || stands);
            if done || (!wait && (first_attempts_made || stands)) {
                return Ok(());
            }
            let next = now.saturating_add(TELL_EVERY).unwrap_or(Timestamp::MAX);
            tokio::select! {
                _ = &mut quiet, if !first_attempts_made => first_attempts_made = true,
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    async fn count(&self, run: RunId, told: &mut Progress) -> Result<(), Refusal> {
        let run = self.store.run(run).await?;
        let Progress { total, prepared, lately, .. } = *told;
        let counted = Progress::of(&run.states).with_lists(&run.copies);
        *told = Progress { total, prepared, lately, ..counted };
        Ok(())
    }

    /// Who wants nothing to be sent.
    async fn off(&self) -> Result<String, Refusal> {
        let at = |instant| TimeZone::system().to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string();
        Ok(words::not_to_be_sent(DoNotSend::chosen(&self.store).await?.as_ref(), at))
    }

    /// A random number.
    fn draw(&self) -> u64 {
        self.dice.lock().unwrap_or_else(std::sync::PoisonError::into_inner).random()
    }
}

/// `site`: the library that would have written.
fn lately(patron: &store::Patron, site: &str, before: &WrittenBefore) -> LeftOut {
    let detail = match (before.stands, before.message.map(|message| message.0)) {
        (Stands::Waits, Some(message)) => LeftOutDetail::StillWaits { message },
        (Stands::MayHaveArrived, Some(message)) => LeftOutDetail::MayHaveArrived { message },
        (Stands::CameBack { at }, Some(message)) => LeftOutDetail::CameBack { day: day(at), message },
        _ => LeftOutDetail::WrittenOn { day: day(before.last_at) },
    };
    let is_back = matches!(before.stands, Stands::CameBack { .. });
    let why = if is_back { LeftOutWhy::CameBack } else { LeftOutWhy::WrittenLately };
    left_out(why, patron, Some(site), detail)
}

/// The day that the library has.
fn day(instant: Timestamp) -> Date {
    TimeZone::system().to_datetime(instant).date()
}

fn left_out(why: LeftOutWhy, patron: &store::Patron, site: Option<&str>, detail: LeftOutDetail) -> LeftOut {
    let who = match &patron.number {
        Some(number) => format!("{} ({number})", patron.name),
        None => patron.name.clone(),
    };
    LeftOut { why, line: None, who, detail, site: site.map(ToOwned::to_owned) }
}
