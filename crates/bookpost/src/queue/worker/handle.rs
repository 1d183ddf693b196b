//! How others ask the dispatcher for something, and see what it is doing.

use std::sync::Arc;

use jiff::Timestamp;
use store::Recovery;
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::queue::{limited::Limited, ready::OfRun, route::Upstream, stands::Stands};

/// What the dispatcher is doing, for `serve`, `notices run` and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Mail is moving.
    Busy,
    /// Nothing moves until then, unless new mail comes.
    AsleepUntil(Timestamp),
    /// It ended: drained, or the journal failed.
    Ended {
        /// The journal failed: nothing may be sent before a restart.
        journal_failed: bool,
    },
}

/// Nothing is claimed before this is dropped, or some seconds have passed.
#[derive(Debug)]
#[must_use = "what was withdrawn is claimed again when this is dropped"]
pub struct Withdrawn {
    pub(super) _holds: oneshot::Sender<()>,
}

/// Wakes, drains and watches a dispatcher.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::UnboundedSender<Request>,
    /// What it is doing.
    pub activity: watch::Receiver<Activity>,
    /// The servers by name, and whether mail to them is kept back.
    pub servers: watch::Receiver<Vec<(String, bool)>>,
    /// How each of them stands.
    pub stands: watch::Receiver<Vec<Stands>>,
    /// How what waited for the servers of real mail leaves, since one of them took mail again.
    pub recovery: watch::Receiver<Option<Recovery>>,
    /// The limit that was reached last of the server that sends real mail.
    pub limited: watch::Receiver<Option<Limited>>,
    /// Held by whoever pauses or resumes, so that the queue and the dispatcher are told the same.
    pub pausing: Arc<Mutex<()>>,
}

/// The dispatcher's end of a [`Handle`].
#[derive(Debug)]
pub struct Inbox {
    pub(super) requests: mpsc::UnboundedReceiver<Request>,
    pub(super) activity: watch::Sender<Activity>,
    pub(super) servers: watch::Sender<Vec<(String, bool)>>,
    pub(super) stands: watch::Sender<Vec<Stands>>,
    pub(super) recovery: watch::Sender<Option<Recovery>>,
    pub(super) limited: watch::Sender<Option<Limited>>,
}

#[derive(Debug)]
pub(super) enum Request {
    /// There may be due mail in the store.
    Wake,
    /// Outcomes reached the store.
    Settled,
    /// Fresh mail is in line.
    Fresh,
    /// Nothing is sent from here on, or again. Answered once that is so.
    Pause(bool, oneshot::Sender<()>),
    /// Real mail goes to these servers from here on. Answered once that is so.
    Reroute(Vec<Upstream>, oneshot::Sender<()>),
    TellWhenQuiet(oneshot::Sender<Timestamp>),
    /// Whether servers that are at fault answer again is not waited for.
    Probe,
    /// What stands in line of these waits in the store again, and is not claimed before the other end lets go.
    Withdraw(OfRun, oneshot::Sender<Withdrawn>),
    Drain,
}

/// A handle, before there is a dispatcher.
pub fn inbox() -> (Handle, Inbox) {
    let (sender, requests) = mpsc::unbounded_channel();
    let (activity, watched) = watch::channel(Activity::Busy);
    let (servers, shown) = watch::channel(Vec::new());
    let (stands, standing) = watch::channel(Vec::new());
    let (recovery, seen) = watch::channel(None);
    let (limited, known) = watch::channel(None);
    let handle = Handle {
        requests: sender,
        activity: watched,
        servers: shown,
        stands: standing,
        recovery: seen,
        limited: known,
        pausing: Arc::default(),
    };
    (handle, Inbox { requests, activity, servers, stands, recovery, limited })
}

impl Handle {
    /// There may be due mail in the store.
    pub fn wake(&self) {
        self.send(Request::Wake);
    }

    /// Outcomes reached the store.
    pub fn settled(&self) {
        self.send(Request::Settled);
    }

    /// Fresh mail is in line: there may be no connection for it yet.
    pub fn fresh(&self) {
        self.send(Request::Fresh);
    }

    /// Sends nothing from here on, or goes on sending; when this returns, that is so. What has begun comes to its end.
    pub async fn pause(&self, paused: bool) {
        let (sender, done) = oneshot::channel();
        self.send(Request::Pause(paused, sender));
        // A dispatcher that has ended sends nothing.
        let _ = done.await;
    }

    /// Sends real mail to these servers from here on, in the order in which they are tried; without any it waits, and grows no older.
    /// What has begun comes to its end.
    pub async fn reroute(&self, upstreams: Vec<Upstream>) {
        let (sender, done) = oneshot::channel();
        self.send(Request::Reroute(upstreams, sender));
        let _ = done.await;
    }

    /// Asks the servers that are at fault now, and not when they would be asked by themselves.
    pub fn probe(&self) {
        self.send(Request::Probe);
    }

    /// Takes mail out of the line, so that it waits in the store, where something else can be decided about it. What is on a connection by now
    /// stays there. None: the dispatcher has ended, and nothing stands in line.
    pub async fn withdraw(&self, these: OfRun) -> Option<Withdrawn> {
        let (sender, done) = oneshot::channel();
        self.send(Request::Withdraw(these, sender));
        done.await.ok()
    }

    /// Give back what has not passed the point of no return, wait for the rest (bounded), end.
    pub fn drain(&self) {
        self.send(Request::Drain);
    }

    /// Waits until all that was handed in before has been attempted or waits for its time; tells when that is. None: the
    /// dispatcher has ended.
    pub async fn quiet(&self) -> Option<Timestamp> {
        let (sender, answer) = oneshot::channel();
        self.send(Request::TellWhenQuiet(sender));
        answer.await.ok()
    }

    fn send(&self, request: Request) {
        // A dispatcher that has ended needs nothing.
        let _ = self.requests.send(request);
    }
}

impl Inbox {
    /// All that was asked for by now: under load that is more than one request for each message, and one round does for them all.
    /// Nothing when nobody can ask any more.
    pub(super) async fn next(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        self.requests.recv_many(&mut requests, usize::MAX).await;
        requests
    }
}
