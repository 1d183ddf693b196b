//! A notice run: from the bytes of an export to messages in the queue, and what became of them.

mod prepare;
mod preview;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::{Class, Door, LeftOut, LeftOutWhy, NewNotice, NewRun, NoticeAccepted, RunId};
use tokio::sync::mpsc;

use self::prepare::{Mailer, Prepared};
pub use self::preview::preview;
use super::App;
use crate::{
    cli::control::{Failure, Progress, Reply, RunRequest, RunSummary},
    config::{Config, Way},
};

/// The name of the Overdue Items Notice in the ledger.
const NOTICE: &str = "overdue-items";
/// Notices per transaction.
const BATCH: usize = 200;
/// Left-out items and patrons per transaction: an export of all loans has very many.
const LISTED: usize = 1_000;
/// Batches made ahead of the store.
const AHEAD: usize = 2;
/// Open alarms that are told with a run.
const PROBLEMS: usize = 10;
/// A batch waits so long for those before it to leave. Where mail leaves quickly nothing is then read from the disk again; a slow
/// server delays the promise that all is stored by this little for each batch.
const STEP_ASIDE: Duration = Duration::from_millis(200);
/// Progress is told this often.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Without `wait`, a run on which nothing has moved for so long ends by itself, so that a cron job never hangs.
const PATIENCE: SignedDuration = SignedDuration::from_mins(20);

const PAUSED: &str =
    "Sending is paused, so all of it waits and nothing is sent. To send again, run: bookpost queue resume";
const NO_WAY: &str = "No way of sending is chosen (sending.way), so all of it waits and nothing is sent. Choose one, then start the service anew.";

/// Why a run did not begin.
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
async fn prepared(config: &Arc<Config>, mut request: RunRequest) -> Result<(Prepared, RunRequest), Refusal> {
    let export = std::mem::take(&mut request.export);
    let (config, options) = (Arc::clone(config), request.clone());
    let read = tokio::task::spawn_blocking(move || Prepared::new(&config, &export, &options)).await;
    let prepared = read.unwrap_or_else(|error| Err(Refusal(Failure::Temporary, error.to_string())))?;
    Ok((prepared, request))
}

fn practices(config: &Config, request: &RunRequest) -> bool {
    request.practice || matches!(config.sending.way, Way::Practice)
}

fn door_of(request: &RunRequest) -> Door {
    if request.from_folder { Door::Folder } else { Door::Notices }
}

/// What passes from the thread that renders to the task that stores.
enum Made {
    Planned { notices: u64, left_out: Vec<LeftOut> },
    Batch(Vec<NewNotice>),
    LeftOut(Vec<LeftOut>),
}

impl App {
    /// Runs the notice over an export, or only says what it would do. `service`: the resends are taken care of.
    pub async fn run_notices(
        &self,
        request: RunRequest,
        service: bool,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Reply {
        if request.preview {
            return preview(&self.settings.now(), &self.store, self.clock.now(), request).await;
        }
        match prepared(&self.settings.now(), request).await {
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
        let new = NewRun {
            notice: NOTICE.into(),
            source: request.source.clone(),
            practice,
            started_at: self.clock.now(),
        };
        let run = self.store.begin_run(new).await?;
        let (lines, patrons, repeat) = (prepared.lines(), prepared.patrons(), prepared.repeat);
        let mut made = self.render(prepared, run, (practice, door_of(request)));
        let mut told = Progress::default();
        while let Some(next) = made.recv().await {
            match next {
                Made::Planned { notices, left_out } => {
                    told.total = notices;
                    for slice in left_out.chunks(LISTED) {
                        self.store.left_out(run, slice.to_vec()).await?;
                    }
                }
                Made::Batch(batch) => {
                    self.receiver.not_crowded(practice, STEP_ASIDE).await;
                    self.accept_batch(run, batch, repeat, &mut told).await?;
                }
                Made::LeftOut(left_out) => self.store.left_out(run, left_out).await?,
            }
            let _ = progress.send(told);
        }
        self.store.finish_run(run, self.clock.now()).await?;
        let paused = self.store.paused().await?.is_some();
        let way = !paused && (practice || !matches!(self.settings.now().sending.way, Way::None));
        self.watch(run, (request.wait && way, service), &mut told, &progress).await?;
        let left_out = self.store.left_out_of(run).await?;
        let mut problems: Vec<_> =
            self.store.alarms(true, PROBLEMS).await?.into_iter().map(|alarm| alarm.text).collect();
        if paused {
            problems.insert(0, PAUSED.to_owned());
        } else if !way {
            problems.insert(0, NO_WAY.to_owned());
        }
        Ok(RunSummary { id: run, practice, lines, patrons, progress: told, left_out, problems, service, way })
    }

    /// A thread that renders, some batches ahead of the store.
    fn render(&self, prepared: Prepared, run: RunId, (practice, door): (bool, Door)) -> mpsc::Receiver<Made> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let now = self.clock.now();
        let mut mailer = Mailer {
            run,
            practice,
            class: Class::Normal,
            door,
            host: self.settings.now().sending.ehlo_name.clone(),
            now,
            offset: TimeZone::system().to_offset(now),
            expires_at: self.settings.now().schedule.expires_at(now),
            dice: StdRng::seed_from_u64(self.draw()),
        };
        let bulk_over = self.settings.now().sending.bulk_over;
        tokio::task::spawn_blocking(move || {
            let plan = prepared.plan(day(now));
            let notices = u64::try_from(plan.len()).unwrap_or(u64::MAX);
            if notices > bulk_over {
                mailer.class = Class::Bulk;
            }
            // Whoever receives may have gone, after an error of its own.
            let _ = sender.blocking_send(Made::Planned { notices, left_out: plan.left_out.clone() });
            let (mut batch, mut not_made) = (Vec::with_capacity(BATCH), Vec::new());
            for notice in plan.notices() {
                // One that cannot be made does not keep the others from going.
                match notice.and_then(|notice| mailer.message(&notice)) {
                    Ok(message) => batch.push(message),
                    Err(left_out) => not_made.push(left_out),
                }
                if batch.len() == BATCH
                    && sender.blocking_send(Made::Batch(std::mem::take(&mut batch))).is_err()
                {
                    return;
                }
            }
            let _ = sender.blocking_send(Made::Batch(batch));
            if !not_made.is_empty() {
                let _ = sender.blocking_send(Made::LeftOut(not_made));
            }
        });
        receiver
    }

    /// Accepts one batch, and counts its notices.
    async fn accept_batch(
        &self,
        run: RunId,
        batch: Vec<NewNotice>,
        repeat: Option<Duration>,
        told: &mut Progress,
    ) -> Result<(), Refusal> {
        let facts: Vec<_> = batch
            .iter()
            .map(|notice| (notice.message.patron.clone(), notice.message.envelope.recipients().len()))
            .collect();
        let accepted = self.receiver.accept_notices(run, batch, repeat).await?;
        let mut left_out = Vec::new();
        for (one, (patron, addresses)) in accepted.iter().zip(facts) {
            match one {
                NoticeAccepted::Stored(_) => {
                    told.prepared += 1;
                    told.addresses += u64::try_from(addresses).unwrap_or(u64::MAX);
                }
                NoticeAccepted::WrittenLately { last_at } => {
                    told.lately += 1;
                    told.total = told.total.saturating_sub(1);
                    left_out.extend(patron.map(|patron| lately(&patron, *last_at)));
                }
            }
        }
        if !left_out.is_empty() {
            self.store.left_out(run, left_out).await?;
        }
        Ok(())
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
            let done = told.waiting == 0 && (service || first_attempts_made || stands);
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
        let states = self.store.run(run).await?.states;
        let Progress { total, prepared, lately, .. } = *told;
        *told = Progress { total, prepared, lately, ..Progress::of(&states) };
        Ok(())
    }

    /// A random number.
    pub(crate) fn draw(&self) -> u64 {
        self.dice.lock().unwrap_or_else(std::sync::PoisonError::into_inner).random()
    }
}

fn lately(patron: &store::Patron, last_at: Timestamp) -> LeftOut {
    left_out(LeftOutWhy::WrittenLately, patron, format!("last written to on {}", day(last_at)))
}

/// The day that the library has.
fn day(instant: Timestamp) -> Date {
    TimeZone::system().to_datetime(instant).date()
}

fn left_out(why: LeftOutWhy, patron: &store::Patron, detail: String) -> LeftOut {
    let who = match &patron.number {
        Some(number) => format!("{} ({number})", patron.name),
        None => patron.name.clone(),
    };
    LeftOut { why, line: None, who, detail }
}
