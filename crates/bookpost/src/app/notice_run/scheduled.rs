//! A run that a schedule begins: nobody looks through its export before.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use store::{Actor, Begun, Deed, Door, LeftOutWhy, NewAudit, NewRun, RunId, RunOfExport, SameExport};
use tokio::sync::mpsc;

use super::{
    NoticeRuns, Options, Unready,
    begin::attempt_of,
    check::{beside, request},
    chosen::chosen,
    day, known,
    make::Making,
    practices,
    prepare::Prepared,
};
use crate::{
    cli::control::{Failure, Progress},
    notices::ImportError,
};

/// What a schedule has run.
pub(in crate::app) struct Scheduled {
    /// Names this moment of this schedule: however often it is carried out, there is one run of it that comes to its end.
    pub(in crate::app) moment: String,
    pub(in crate::app) notice: String,
    /// The export's name, for people.
    pub(in crate::app) source: String,
    pub(in crate::app) export: Vec<u8>,
    /// When it was made; a command makes it now.
    pub(in crate::app) exported_at: Option<Timestamp>,
    pub(in crate::app) options: Options,
    /// Only for these libraries; none: for all.
    pub(in crate::app) sites: BTreeSet<String>,
    pub(in crate::app) practice: bool,
    /// A run of the same export that somebody began later than this is enough; `None`: any.
    pub(in crate::app) since: Option<Timestamp>,
    pub(in crate::app) who: Actor,
    /// A person wants it now, whatever was stopped before.
    pub(in crate::app) is_asked_for: bool,
}

/// Why it was not run.
#[derive(Debug)]
pub(in crate::app) enum NotRun {
    Unready(Unready),
    /// Most of its dates lie in the future, so that they may have been misread.
    DatesInDoubt,
    /// It broke off.
    Broken(RunId, String),
    /// Somebody ran the same export: this is that run.
    SentAlready(RunId),
    /// Somebody had this run of the same export end: they may have had a reason that is one still.
    StoppedBefore(RunId),
}

impl From<store::Error> for NotRun {
    fn from(error: store::Error) -> Self {
        Self::Unready(Unready::Other(Failure::Temporary, error.to_string()))
    }
}

impl NotRun {
    /// A person could settle how its dates are to be read.
    pub(in crate::app) fn is_about_dates(&self) -> bool {
        let import = match self {
            Self::Unready(Unready::Import(error)) => error,
            other => return matches!(other, Self::DatesInDoubt),
        };
        matches!(import, ImportError::AmbiguousDates { .. } | ImportError::MixedDates { .. })
    }
}

impl NoticeRuns {
    /// The run of a moment of a schedule that is under way, or over; one that was cut short is none.
    pub(in crate::app) async fn run_of_moment(&self, moment: &str) -> Result<Option<RunId>, store::Error> {
        Ok(self.runs_under(moment).await?.run)
    }

    /// The run of a moment that was cut short, if a person had stopped it before for all patrons of these libraries; none: for all.
    pub(in crate::app) async fn stopped_run_of_moment(
        &self,
        moment: &str,
        sites: &BTreeSet<String>,
    ) -> Result<Option<RunId>, store::Error> {
        let before = self.runs_under(moment).await?;
        let is_over = before.stopped.is_some_and(|stopped| stopped.is_for_all_of(sites));
        Ok(before.cut_short.filter(|_| is_over))
    }

    /// Whether a person has stopped this run for all patrons of these libraries; none: for all.
    pub(in crate::app) async fn is_stopped(
        &self,
        run: RunId,
        sites: &BTreeSet<String>,
    ) -> Result<bool, store::Error> {
        Ok(self.store.run(run).await?.stopped.is_some_and(|stopped| stopped.is_for_all_of(sites)))
    }

    /// Runs it to its end.
    pub(in crate::app) async fn run_scheduled(&self, wanted: Scheduled) -> Result<RunId, NotRun> {
        let Scheduled {
            moment, notice, source, export, exported_at, options, sites, practice, since, ..
        } = wanted;
        let (who, is_asked_for) = (wanted.who, wanted.is_asked_for);
        let chosen = chosen(&self.store, Some(&notice)).await;
        let chosen = chosen.map_err(NotRun::Unready)?;
        let (config, known) = (self.settings.now(), known(&self.store).await?);
        let today = day(self.clock.now());
        let asked = request(&options);
        let practice = practice || practices(&config, &asked);
        let alone = Arc::clone(&self.checks.reading).lock_owned().await;
        let read = beside(alone, move || {
            let prepared = Prepared::new(&config, &export, &asked, sites, &known, &chosen);
            let prepared = prepared.map_err(NotRun::Unready)?;
            let in_doubt =
                prepared.plan(today).left_out.iter().any(|one| one.why == LeftOutWhy::DatesInDoubt);
            if in_doubt { Err(NotRun::DatesInDoubt) } else { Ok(prepared) }
        });
        let broken = |error: tokio::task::JoinError| {
            NotRun::Unready(Unready::Other(Failure::Temporary, error.to_string()))
        };
        let prepared = Arc::new(read.await.map_err(broken)?.1?);
        let (digest, sites) = (prepared.digest.clone(), prepared.only.clone());
        let same = RunOfExport { notice: prepared.slug.clone(), digest, sites, practice, since };
        match self.store.run_of_export(same).await? {
            Some(SameExport::Sent(run)) => return Err(NotRun::SentAlready(run)),
            Some(SameExport::Stopped(run)) if !is_asked_for => return Err(NotRun::StoppedBefore(run)),
            Some(SameExport::Stopped(_)) | None => {}
        }
        let new = NewRun { notice, source: source.clone(), practice, started_at: self.clock.now() };
        let beginning = self.beginning.lock().await;
        let before = self.runs_under(&moment).await?;
        if let Some(run) = before.run {
            return Ok(run);
        }
        let name = attempt_of(&moment, before.attempt);
        let run = match self.store.begin_run_once(new, who.clone(), name).await? {
            Begun::Before(run) => return Ok(run),
            Begun::New(run) => run,
        };
        let place = self.running.begin(run);
        drop(beginning);
        if let Some(stopped) = before.stopped {
            self.running.stop(run, &stopped.sites);
            self.store.stays_stopped(run, stopped).await?;
        }
        let line = NewAudit {
            who,
            what: Deed::RunBegun,
            about: format!("run {}", run.0),
            old: None,
            new: Some(source.clone()),
        };
        if let Err(error) = self.store.note_audit(line, self.clock.now()).await {
            tracing::error!(%error, "that a run was begun could not be written to the log");
        }
        let now = self.clock.now();
        // A file from a clock that is ahead is of now: else every right one after it would be older.
        let export_of = exported_at.map_or(now, |at| at.min(now));
        let making = Making { run, practice, door: Door::Notices, prepared, export_of, place };
        self.made(making, &source).await.map_err(|why| NotRun::Broken(run, why))?;
        Ok(run)
    }

    /// Without a service, what was made has its first attempt before the program ends.
    pub(in crate::app) async fn first_attempts(&self, run: RunId) -> Result<(), store::Error> {
        let (mut told, nobody) = (Progress::default(), mpsc::unbounded_channel().0);
        let watched = self.watch(run, (false, false), &mut told, &nobody).await;
        watched.map_err(|refusal| store::Error::Internal(refusal.1))
    }
}
