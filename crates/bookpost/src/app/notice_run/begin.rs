//! A run that is asked for on a page: begun once, made whether or not anybody looks on.

use std::{collections::BTreeSet, io, sync::Arc};

use store::{
    Actor, AlarmKind, Begun, Deed, Door, Filter, Move, NewAudit, NewRun, Run, RunId, RunStopped, Selection,
};
use tokio::sync::mpsc;

use super::{Checked, NoticeRuns, Refusal, make::Making};
use crate::{
    app::exports::ExportId,
    queue::{ready::OfRun, worker::Withdrawn},
};

/// How far an export has been run.
#[derive(Debug, Clone, Default)]
pub struct RunBefore {
    /// Its run that is under way, or over.
    pub run: Option<RunId>,
    /// The last run of it that was cut short.
    pub cut_short: Option<RunId>,
    /// How many were: which attempt the next one is.
    pub attempt: u32,
    /// What a person has stopped of those that were cut short.
    pub stopped: Option<RunStopped>,
}

impl NoticeRuns {
    /// Whether notices of this run are being made at this moment.
    pub fn is_under_way(&self, run: RunId) -> bool {
        self.running.is_under_way(run)
    }

    /// It ended before all its notices were made.
    pub fn is_cut_short(&self, run: &Run) -> bool {
        run.finished_at.is_none() && !self.is_under_way(run.id)
    }

    /// Which runs an export had.
    pub async fn runs_before(&self, id: &ExportId) -> Result<RunBefore, store::Error> {
        self.runs_under(id.text()).await
    }

    /// Which runs were asked for under this name.
    pub(super) async fn runs_under(&self, name: &str) -> Result<RunBefore, store::Error> {
        let mut before = RunBefore::default();
        while let Some(run) = self.store.run_of_request(&attempt_of(name, before.attempt)).await? {
            let found = self.store.run(run).await?;
            if !self.is_cut_short(&found) {
                before.run = Some(run);
                break;
            }
            before.cut_short = Some(run);
            let stopped = found.stopped.map(|stopped| stopped.with(before.stopped.as_ref()));
            before.stopped = stopped.or(before.stopped);
            before.attempt += 1;
        }
        Ok(before)
    }

    /// Begins the run of an export, and gives its number. The same `attempt` gives the same run, however often it is asked for; whoever
    /// goes away has begun it all the same.
    pub async fn begin(
        &self,
        checked: Arc<Checked>,
        attempt: u32,
        who: Actor,
    ) -> Result<RunId, store::Error> {
        let runs = self.clone();
        let begun = tokio::spawn(async move { runs.begin_here(checked, attempt, who).await }).await;
        begun.unwrap_or_else(|error| Err(store::Error::Internal(error.to_string())))
    }

    async fn begin_here(
        &self,
        checked: Arc<Checked>,
        attempt: u32,
        who: Actor,
    ) -> Result<RunId, store::Error> {
        // Whoever asks a second time finds it under way.
        let _alone = self.beginning.lock().await;
        let before = self.runs_before(&checked.id).await?;
        if let Some(run) = before.run.or(before.cut_short.filter(|_| before.attempt != attempt)) {
            return Ok(run);
        }
        let attempt = before.attempt;
        let practice = checked.is_practice();
        let new = NewRun {
            notice: checked.prepared.slug.clone(),
            source: checked.uploaded.name.clone(),
            practice,
            started_at: self.clock.now(),
        };
        match self.store.begin_run_once(new, who.clone(), attempt_of(checked.id.text(), attempt)).await? {
            Begun::Before(run) => Ok(run),
            Begun::New(run) => {
                let place = self.running.begin(run);
                let (door, prepared) = (Door::Notices, Arc::clone(&checked.prepared));
                let export_of = checked.made_at;
                let making = Making { run, practice, door, prepared, export_of, place };
                let (about, new) = (format!("run {}", run.0), Some(checked.uploaded.name.clone()));
                let line = NewAudit { who, what: Deed::RunBegun, about, old: None, new };
                if let Err(error) = self.store.note_audit(line, self.clock.now()).await {
                    tracing::error!(%error, "that a run was begun could not be written to the log");
                }
                let (runs, id, source) = (self.clone(), checked.id.clone(), checked.uploaded.name.clone());
                tokio::spawn(async move { runs.to_the_end(making, &id, &source).await });
                Ok(run)
            }
        }
    }

    async fn to_the_end(&self, making: Making, id: &ExportId, source: &str) {
        if self.made(making, source).await.is_err() {
            return;
        }
        let (runs, id) = (self.clone(), id.clone());
        let forgotten = tokio::task::spawn_blocking(move || runs.forget(&id)).await;
        if let Err(error) = forgotten.unwrap_or_else(|error| Err(io::Error::other(error))) {
            tracing::error!(%error, "an export that was run could not be deleted; it is tried again within a day");
        }
    }

    /// Makes all its notices. That it broke off a person hears; here is why.
    pub(super) async fn made(&self, making: Making, source: &str) -> Result<(), String> {
        let run = making.run;
        let Err(Refusal(_, why)) = self.make(making, &mpsc::unbounded_channel().0).await else {
            return Ok(());
        };
        let text = format!(
            "The notice run {} over {source} broke off: {why}. Run the export again: who was written to is left out.",
            run.0
        );
        self.alarms.raise(AlarmKind::RunInterrupted, &format!("run {}", run.0), text);
        Err(why)
    }

    /// Deletes an upload, and what is in memory of it.
    pub fn forget(&self, id: &ExportId) -> io::Result<()> {
        self.checks.forget(id);
        self.exports.forget(id)
    }

    /// From now on nothing of this run is made any more, as far as it is mail of these libraries; of none, if there are none. That is on
    /// record, and so holds after a sudden end. What was made and has not left is what is to be cancelled, before the last of what this
    /// gives is dropped.
    pub async fn stop(
        &self,
        run: RunId,
        sites: BTreeSet<String>,
        who: Actor,
    ) -> Result<(Selection, Move, Option<Withdrawn>), store::Error> {
        self.running.stop(run, &sites);
        self.store.stop_run(run, sites.clone(), who, self.clock.now()).await?;
        Ok(self.not_left(run, sites).await)
    }

    /// How many of its recipients of these libraries are said to be being sent, and can be called back.
    pub fn in_line(&self, run: RunId, sites: BTreeSet<String>) -> u64 {
        let these = OfRun { run, sites };
        let in_line = self
            .lines
            .iter()
            .map(|line| line.ready.recipients(&these) + line.others.recipients(&these))
            .sum::<usize>();
        u64::try_from(in_line).unwrap_or(u64::MAX)
    }

    pub(super) async fn not_left(
        &self,
        run: RunId,
        sites: BTreeSet<String>,
    ) -> (Selection, Move, Option<Withdrawn>) {
        let withdrawn = self.worker.withdraw(OfRun { run, sites: sites.clone() }).await;
        let filter = Filter { run: Some(run), sites, ..Filter::default() };
        (Selection::Matching(Box::new(filter)), Move::Cancel, withdrawn)
    }
}

/// The name under which it is asked for once more.
pub(super) fn attempt_of(name: &str, attempt: u32) -> String {
    match attempt {
        0 => name.to_owned(),
        again => format!("{name} {again}"),
    }
}
