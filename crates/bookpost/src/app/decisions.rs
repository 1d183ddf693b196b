//! What people decide about the queue while Bookpost runs: it is stored first, then whoever sends is told.

use std::{collections::BTreeSet, sync::Arc};

use super::{NoticeRuns, RESTORED};
use crate::{
    alarms::Alarms,
    cli::{
        control::{Failure, Older, QueueRequest, Reply},
        queue,
    },
    queue::{limited::KeptBack, worker::Handle},
};
use jiff::Timestamp;
use mail::clock::Clock;
use store::{Actor, AlarmKind, Error, Move, NewAudit, Run, RunId, Selection, State, Store};

/// The way by which commands and pages decide. All clones are the same.
#[derive(Clone)]
pub struct Decisions {
    store: Store,
    clock: Arc<dyn Clock>,
    worker: Handle,
    alarms: Alarms,
}

impl Decisions {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>, worker: Handle, alarms: Alarms) -> Self {
        Self { store, clock, worker, alarms }
    }

    /// Carries it out; holds when it is answered. Once begun it comes to its end, though whoever asked goes away.
    pub async fn carry_out(&self, request: QueueRequest) -> Reply {
        self.carry_out_noted(request, |_| None).await.0
    }

    /// The same, with a line in the log about what was answered, and the instant that the queue has for it. What was done stands, whether
    /// or not the log can say so.
    pub async fn carry_out_noted(
        &self,
        request: QueueRequest,
        line: impl FnOnce(&Reply) -> Option<NewAudit> + Send + 'static,
    ) -> (Reply, Timestamp) {
        let (decisions, now) = (self.clone(), self.clock.now());
        let carried_out = tokio::spawn(async move {
            let reply = decisions.to_the_end(request, now).await;
            if let Some(line) = line(&reply)
                && let Err(error) = decisions.store.note_audit(line, now).await
            {
                tracing::error!(%error, "what a person did could not be written to the log");
            }
            reply
        });
        let reply = carried_out.await.unwrap_or_else(|error| Reply::Failed {
            failure: Failure::Temporary,
            message: format!("it broke off, and may be half done: {error}"),
        });
        (reply, now)
    }

    /// Decides about mail, with a line in the log that is `about` it; gives the instant that the queue has for it, too.
    pub async fn move_mail(
        &self,
        selection: Selection,
        action: Move,
        about: String,
        who: Actor,
    ) -> (Reply, Timestamp) {
        let line = move |reply: &Reply| queue::decided(reply, action, about, who);
        self.carry_out_noted(QueueRequest::Move { selection, action }, line).await
    }

    /// Has a run end, as far as it is mail of these libraries, and cancels what has not left; of none: of all. Once begun it comes to its end,
    /// though whoever asked goes away: else nothing more of it is made, and what was made leaves all the same.
    pub async fn stop_run(
        &self,
        notices: &NoticeRuns,
        run: RunId,
        sites: BTreeSet<String>,
        who: Actor,
    ) -> Result<Reply, Error> {
        let (decisions, notices) = (self.clone(), notices.clone());
        let stopped = tokio::spawn(async move {
            let (selection, action, withdrawn) = notices.stop(run, sites, who.clone()).await?;
            let reply = decisions.move_mail(selection, action, format!("run {}", run.0), who).await.0;
            drop(withdrawn);
            Ok(reply)
        });
        stopped.await.unwrap_or(Err(Error::Closed))
    }

    /// Pauses all sending, with a line in the log.
    pub async fn pause(&self, who: Actor) -> Reply {
        self.switch(QueueRequest::Pause, who).await
    }

    /// Sends again; what waited for long is dealt with so. With a line in the log.
    pub async fn resume(&self, older: Option<Older>, who: Actor) -> Reply {
        self.switch(QueueRequest::Resume { older }, who).await
    }

    /// What a command asks for; what it changes stands in the log.
    pub async fn of_command(&self, request: QueueRequest) -> Reply {
        let line = queue::line(&request, Actor::CommandLine);
        self.carry_out_noted(request, line).await.0
    }

    /// Asks the servers that are at fault whether they answer again.
    pub async fn probe(&self) -> Reply {
        self.carry_out(QueueRequest::Probe).await
    }

    async fn switch(&self, request: QueueRequest, who: Actor) -> Reply {
        let line = queue::line(&request, who);
        self.carry_out_noted(request, line).await.0
    }

    /// What keeps back the mail of this run, if a limit does.
    async fn kept_back(&self, run: &Run, now: Timestamp) -> Option<KeptBack> {
        let waits = [State::Waiting, State::Sending].iter().any(|state| run.states.contains_key(state));
        let limited = self.worker.limited.borrow().clone().filter(|_| waits && !run.practice)?;
        let kept_back = limited.keeps_back(&self.store, now).await;
        kept_back.unwrap_or_else(|error| {
            tracing::error!(%error, "what a limit keeps back could not be read");
            None
        })
    }

    async fn to_the_end(&self, request: QueueRequest, now: Timestamp) -> Reply {
        let moves = matches!(request, QueueRequest::Move { .. } | QueueRequest::Resume { .. });
        let pauses = matches!(request, QueueRequest::Pause | QueueRequest::Resume { .. });
        let _alone = if pauses { Some(self.worker.pausing.lock().await) } else { None };
        let mut reply = queue::perform(&self.store, request, true, now).await;
        match &mut reply {
            Reply::ShownRun(shown) => shown.kept_back = self.kept_back(&shown.run, now).await,
            Reply::Message(shown) => {
                let servers = self.worker.stands.borrow().clone();
                if let Err(error) = queue::tell_servers(&self.store, shown, &servers, now).await {
                    tracing::error!(%error, "what mail waits for could not be read");
                }
            }
            _ => {}
        }
        match reply {
            Reply::Paused(_) => self.worker.pause(true).await,
            Reply::Resumed { .. } => {
                self.alarms.clear(AlarmKind::Restored, RESTORED);
                self.worker.pause(false).await;
            }
            Reply::Probing => self.worker.probe(),
            _ if moves => self.worker.wake(),
            _ => {}
        }
        reply
    }
}
