//! Group commit: what waits at the same time goes into one transaction. The first goes at once; what comes while it is committed shares the next.

use std::{fmt, future::Future, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use super::opened::Opened;
use crate::Error;

/// Jobs that may wait; beyond it callers wait for a place.
const QUEUE: usize = 1_024;
/// A transaction takes no further job after so many rows or octets.
const MOST_ROWS: usize = 500;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What is gathered.
pub(super) trait Job: Send + Sized + 'static {
    /// Rows, and octets, that it will write.
    fn weight(&self) -> (usize, usize);

    /// Does all of them, and answers each.
    fn work(opened: &Arc<Opened>, jobs: Vec<Self>) -> impl Future<Output = ()> + Send;
}

enum Asked<J> {
    Do(J),
    Close(oneshot::Sender<()>),
}

/// The way to whoever gathers.
pub(super) struct Gather<J> {
    jobs: mpsc::Sender<Asked<J>>,
}

impl<J> fmt::Debug for Gather<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gather")
    }
}

impl<J: Job> Gather<J> {
    pub(super) fn start(opened: Arc<Opened>) -> Self {
        let (jobs, asked) = mpsc::channel(QUEUE);
        tokio::spawn(serve(opened, asked));
        Self { jobs }
    }

    pub(super) async fn send(&self, job: J) -> Result<(), Error> {
        self.jobs.send(Asked::Do(job)).await.map_err(|_| Error::Closed)
    }

    /// Does what waits; nothing is taken afterwards.
    pub(super) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.jobs.send(Asked::Close(answer)).await.is_ok() {
            drop(answered.await);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }
}

async fn serve<J: Job>(opened: Arc<Opened>, mut asked: mpsc::Receiver<Asked<J>>) {
    let mut closing = None;
    while closing.is_none()
        && let Some(first) = asked.recv().await
    {
        let (mut jobs, mut rows, mut bytes) = (Vec::new(), 0, 0);
        let mut next = Some(first);
        while let Some(one) = next.take() {
            match one {
                Asked::Do(job) => {
                    let weight = job.weight();
                    (rows, bytes) = (rows + weight.0, bytes + weight.1);
                    jobs.push(job);
                }
                Asked::Close(answer) => {
                    closing = Some(answer);
                    break;
                }
            }
            if rows < MOST_ROWS && bytes < MOST_BYTES {
                next = asked.try_recv().ok();
            }
        }
        if !jobs.is_empty() {
            J::work(&opened, jobs).await;
        }
    }
    // Before the answer, so that nobody sends a job afterwards that is never done.
    drop(asked);
    if let Some(answer) = closing {
        answer.send(()).ok();
    }
}
