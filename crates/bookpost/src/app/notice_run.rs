//! A notice run: from the bytes of an export to messages in the queue, and what became of them.

mod prepare;

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::{LeftOut, LeftOutWhy, NewNotice, NewRun, NoticeAccepted, RunId, State};
use tokio::sync::mpsc;

use self::prepare::{Mailer, Prepared};
use super::App;
use crate::{
    cli::control::{Failure, Preview, Progress, Reply, RunRequest, RunSummary},
    config::{Config, Way},
};

/// The name of the Overdue Items Notice in the ledger.
const NOTICE: &str = "overdue-items";
/// Notices per transaction.
const BATCH: usize = 200;
/// Batches made ahead of the store.
const AHEAD: usize = 2;
/// Open alarms that are told with a run.
const PROBLEMS: usize = 10;
/// A batch waits so long for those before it to leave. Where mail leaves quickly nothing is then read from the disk again; a slow
/// server delays the promise that all is stored by this little for each batch.
const STEP_ASIDE: Duration = Duration::from_millis(200);
/// Progress is told this often.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Without `wait`, a run that the first attempts do not end ends by itself, so that a cron job never hangs.
const PATIENCE: Duration = Duration::from_mins(20);

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

/// Whether the files that the notices need can be used: own column names, own wording. Says what is wrong with them.
pub fn check(config: &Config) -> Result<(), String> {
    Prepared::check(config).map_err(|Refusal(_, message)| message)
}

/// What passes from the thread that renders to the task that stores.
enum Made {
    Planned { notices: u64, left_out: Vec<LeftOut> },
    Batch(Vec<NewNotice>),
    Broken(String),
}

impl App {
    /// Runs the notice over an export, or only says what it would do. `service`: the resends are taken care of.
    pub async fn run_notices(
        &self,
        mut request: RunRequest,
        service: bool,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Reply {
        // Exports are large: the bytes go as soon as they are read.
        let export = std::mem::take(&mut request.export);
        let (config, options) = (Arc::clone(&self.config), request.clone());
        let prepared = tokio::task::spawn_blocking(move || Prepared::new(&config, &export, &options)).await;
        let prepared = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(refusal)) => return refusal.into(),
            Err(error) => return Refusal(Failure::Temporary, error.to_string()).into(),
        };
        let done = if request.preview {
            self.preview(&prepared, &request).await.map(Reply::Preview)
        } else {
            self.run_prepared(prepared, &request, service, progress).await.map(Reply::Run)
        };
        done.unwrap_or_else(Reply::from)
    }

    async fn preview(&self, prepared: &Prepared, request: &RunRequest) -> Result<Preview, Refusal> {
        let plan = prepared.plan();
        let mut left_out = plan.left_out.clone();
        let (mut notices, mut first) = (0, None);
        for notice in plan.notices() {
            let notice = notice.map_err(|error| Refusal(Failure::Config, error.to_string()))?;
            if let Some(lately) = self.written_lately(&notice, prepared.repeat, request).await? {
                left_out.push(lately);
                continue;
            }
            notices += 1;
            first.get_or_insert_with(|| prepare::as_text(&notice));
        }
        Ok(Preview { notices, left_out, first })
    }

    /// The patron as left out, if all items were written about within the repeat period.
    async fn written_lately(
        &self,
        notice: &crate::notices::PlannedNotice<'_>,
        repeat: Option<Duration>,
        request: &RunRequest,
    ) -> Result<Option<LeftOut>, Refusal> {
        if self.practices(request) {
            return Ok(None);
        }
        let written = self.store.written_lately(NOTICE, &notice.keys, repeat, self.clock.now()).await?;
        let last_at =
            written.iter().copied().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
        Ok(last_at.map(|last_at| lately(&notice.patron, last_at)))
    }

    fn practices(&self, request: &RunRequest) -> bool {
        request.practice || matches!(self.config.sending.way, Way::Practice)
    }

    async fn run_prepared(
        &self,
        prepared: Prepared,
        request: &RunRequest,
        service: bool,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Result<RunSummary, Refusal> {
        let practice = self.practices(request);
        let new = NewRun {
            notice: NOTICE.into(),
            source: request.source.clone(),
            practice,
            started_at: self.clock.now(),
        };
        let run = self.store.begin_run(new).await?;
        let (lines, patrons, repeat) = (prepared.lines(), prepared.patrons(), prepared.repeat);
        let mut made = self.render(prepared, run, practice);
        let mut told = Progress::default();
        while let Some(next) = made.recv().await {
            match next {
                Made::Planned { notices, left_out } => {
                    told.total = notices;
                    self.store.left_out(run, left_out).await?;
                }
                Made::Batch(batch) => {
                    self.receiver.not_crowded(practice, STEP_ASIDE).await;
                    told.prepared += self.accept_batch(run, batch, repeat).await?;
                }
                Made::Broken(why) => return Err(Refusal(Failure::Config, why)),
            }
            let _ = progress.send(told);
        }
        self.store.finish_run(run, self.clock.now()).await?;
        self.watch(run, request.wait, &mut told, &progress).await?;
        let left_out = self.store.left_out_of(run).await?;
        let problems = self.store.alarms(true, PROBLEMS).await?.into_iter().map(|alarm| alarm.text).collect();
        Ok(RunSummary { id: run, practice, lines, patrons, progress: told, left_out, problems, service })
    }

    /// A thread that renders, some batches ahead of the store.
    fn render(&self, prepared: Prepared, run: RunId, practice: bool) -> mpsc::Receiver<Made> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let now = self.clock.now();
        let mut mailer = Mailer {
            run,
            practice,
            host: self.config.sending.ehlo_name.clone(),
            now,
            offset: TimeZone::system().to_offset(now),
            expires_at: self.config.schedule.expires_at(now),
            dice: StdRng::seed_from_u64(self.draw()),
        };
        tokio::task::spawn_blocking(move || {
            let plan = prepared.plan();
            let notices = u64::try_from(plan.len()).unwrap_or(u64::MAX);
            // Whoever receives may have gone, after an error of its own.
            let _ = sender.blocking_send(Made::Planned { notices, left_out: plan.left_out.clone() });
            let mut batch = Vec::with_capacity(BATCH);
            for notice in plan.notices() {
                match notice.map_err(|error| error.to_string()).and_then(|notice| mailer.message(&notice)) {
                    Ok(message) => batch.push(message),
                    Err(why) => return drop(sender.blocking_send(Made::Broken(why))),
                }
                if batch.len() == BATCH
                    && sender.blocking_send(Made::Batch(std::mem::take(&mut batch))).is_err()
                {
                    return;
                }
            }
            let _ = sender.blocking_send(Made::Batch(batch));
        });
        receiver
    }

    /// Accepts one batch; tells how many notices were stored.
    async fn accept_batch(
        &self,
        run: RunId,
        batch: Vec<NewNotice>,
        repeat: Option<Duration>,
    ) -> Result<u64, Refusal> {
        let patrons: Vec<_> = batch.iter().map(|notice| notice.message.patron.clone()).collect();
        let accepted = self.receiver.accept_notices(run, batch, repeat).await?;
        let mut left_out = Vec::new();
        let mut stored = 0;
        for (one, patron) in accepted.iter().zip(patrons) {
            match (one, patron) {
                (NoticeAccepted::Stored(_), _) => stored += 1,
                (NoticeAccepted::WrittenLately { last_at }, Some(patron)) => {
                    left_out.push(lately(&patron, *last_at));
                }
                (NoticeAccepted::WrittenLately { .. }, None) => {}
            }
        }
        if !left_out.is_empty() {
            self.store.left_out(run, left_out).await?;
        }
        Ok(stored)
    }

    /// Tells the progress until the first attempts are made, or with `wait` until the last outcome.
    async fn watch(
        &self,
        run: RunId,
        wait: bool,
        told: &mut Progress,
        progress: &mpsc::UnboundedSender<Progress>,
    ) -> Result<(), Refusal> {
        let until = self.clock.now().saturating_add(PATIENCE).unwrap_or(Timestamp::MAX);
        let quiet = self.worker.quiet();
        tokio::pin!(quiet);
        let mut first_attempts_made = false;
        loop {
            self.count(run, told).await?;
            let _ = progress.send(*told);
            let now = self.clock.now();
            if told.waiting == 0 || (!wait && (first_attempts_made || now >= until)) {
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
        let count = |state| states.get(&state).copied().unwrap_or(0);
        told.delivered = count(State::Delivered);
        told.practiced = count(State::Practiced);
        told.waiting = count(State::Waiting) + count(State::Sending);
        told.returned = count(State::Returned);
        told.aside = count(State::Held) + count(State::InDoubt) + count(State::Cancelled);
        Ok(())
    }

    /// A random number.
    pub(crate) fn draw(&self) -> u64 {
        self.dice.lock().unwrap_or_else(std::sync::PoisonError::into_inner).random()
    }
}

fn lately(patron: &store::Patron, last_at: Timestamp) -> LeftOut {
    let day = TimeZone::system().to_datetime(last_at).date();
    let who = match &patron.number {
        Some(number) => format!("{} ({number})", patron.name),
        None => patron.name.clone(),
    };
    LeftOut { why: LeftOutWhy::WrittenLately, line: None, who, detail: format!("last written to on {day}") }
}
