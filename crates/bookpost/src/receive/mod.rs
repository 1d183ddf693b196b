//! The way in: what is accepted here is on disk before anybody hears yes.
//!
//! This part knows nothing of servers and connections: fresh mail leaves through [`FreshMail`].

mod certificate;
pub mod local;
pub mod maildrop;
mod not_taken;
mod pressure;
pub mod smtp;
mod submit;

use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use mail::clock::Clock;
use store::{
    Accepted, Claimed, ClaimedRecipient, Lease, NewMessage, NewNotice, NoticeAccepted, Once, OnceKey,
    RecipientId, RunId, Store,
};

use self::pressure::Pressure;
pub use self::{
    not_taken::NotTaken,
    pressure::{DISK_FLOOR, NotNow, free},
    submit::{Leniency, Origin, Ready, Submission, Submitter},
};
use crate::app::steps::{Step, Steps};

/// Takes fresh mail over in memory, for its first attempt.
pub trait FreshMail: Send + Sync {
    /// A lease for this message, while there is room in memory for it and mail may leave.
    fn lease(&self, message: &NewMessage) -> Option<Lease>;
    /// Waits while mail leaves and much of it stands in line already.
    fn not_crowded(&self, practice: bool) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
    /// These messages are stored under the leases given.
    fn take(&self, fresh: Vec<Claimed>);
    /// Something was stored as waiting.
    fn wake(&self);
    /// So many messages are on disk.
    fn accepted(&self, messages: usize);
    /// Mail could not be stored.
    fn refused(&self, why: &store::Error);
}

/// The one door behind all doors.
#[derive(Clone)]
pub struct Receiver {
    store: Store,
    clock: Arc<dyn Clock>,
    fresh: Arc<dyn FreshMail>,
    pressure: Arc<Pressure>,
    steps: Steps,
}

impl Receiver {
    /// A door to `store`, which lies in `folder`.
    pub fn new(
        store: Store,
        folder: PathBuf,
        clock: Arc<dyn Clock>,
        fresh: Arc<dyn FreshMail>,
        steps: Steps,
    ) -> Self {
        Self { store, clock, fresh, pressure: Arc::new(Pressure::new(folder, DISK_FLOOR)), steps }
    }

    /// The queue behind the door.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Something waits that did not before.
    pub fn wake(&self) {
        self.fresh.wake();
    }

    /// Whether there is room for one more message. To be asked before its content is let in.
    pub fn has_room(&self) -> Result<(), NotNow> {
        self.pressure.check()
    }

    /// Accepts all messages or none. When it returns `Ok`, they are on disk.
    pub async fn accept(&self, mut messages: Vec<NewMessage>) -> Result<Vec<Accepted>, store::Error> {
        let now = self.clock.now();
        self.lease(&mut messages, now);
        let storing = self.pressure.storing_one();
        let stored = self.store.accept(messages.clone(), now).await;
        drop(storing);
        let accepted = stored.inspect_err(|why| self.fresh.refused(why))?;
        self.steps.reached(Step::Accepted);
        self.hand_over(messages.into_iter().zip(accepted.iter().map(|one| one.id)).collect());
        Ok(accepted)
    }

    /// Accepts all messages with the answer to the request that brought them; a request that was made before gets that answer, and
    /// nothing is accepted. When it returns `Ok`, they are on disk.
    pub async fn accept_once(
        &self,
        key: OnceKey,
        mut messages: Vec<NewMessage>,
        answer: impl FnOnce(&[Accepted]) -> Vec<u8> + Send + 'static,
    ) -> Result<Once, store::Error> {
        let now = self.clock.now();
        self.lease(&mut messages, now);
        let storing = self.pressure.storing_one();
        let stored = self.store.accept_once(key, messages.clone(), answer, now).await;
        drop(storing);
        let once = stored.inspect_err(|why| self.fresh.refused(why))?;
        if let Once::Stored { accepted, .. } = &once {
            self.steps.reached(Step::Accepted);
            self.hand_over(messages.into_iter().zip(accepted.iter().map(|one| one.id)).collect());
        }
        Ok(once)
    }

    /// Waits while much mail stands in line, but no longer than `patience`: what can be made later needs no memory now.
    pub async fn not_crowded(&self, practice: bool, patience: Duration) {
        // Either end is as good: what is made then is stored as waiting.
        let _ = tokio::time::timeout(patience, self.fresh.not_crowded(practice)).await;
    }

    /// Accepts notices with their ledger rows. When it returns `Ok`, what was stored is on disk.
    pub async fn accept_notices(
        &self,
        run: RunId,
        mut notices: Vec<NewNotice>,
        repeat: Option<Duration>,
    ) -> Result<Vec<NoticeAccepted>, store::Error> {
        for notice in &mut notices {
            notice.message.lease = self.fresh.lease(&notice.message);
        }
        let stored = self.store.accept_notices(run, notices.clone(), repeat, self.clock.now()).await;
        let accepted = stored.inspect_err(|why| self.fresh.refused(why))?;
        self.steps.reached(Step::Accepted);
        let stored = notices.into_iter().zip(&accepted).filter_map(|(notice, one)| match one {
            NoticeAccepted::Stored(id) => Some((notice.message, *id)),
            NoticeAccepted::WrittenLately { .. } => None,
        });
        self.hand_over(stored.collect());
        Ok(accepted)
    }

    /// Accepts a return report and closes what it covers, in one transaction. It leaves by the usual way.
    pub async fn report(&self, report: NewMessage, closes: &[RecipientId]) -> Result<(), store::Error> {
        self.store.report(report, closes, self.clock.now()).await?;
        self.fresh.wake();
        Ok(())
    }

    /// Leases for what is due already. What is to be sent later waits in the store.
    fn lease(&self, messages: &mut [NewMessage], now: Timestamp) {
        for message in messages.iter_mut().filter(|message| message.first_due_at <= now) {
            message.lease = self.fresh.lease(message);
        }
    }

    fn hand_over(&self, stored: Vec<(NewMessage, store::MessageId)>) {
        let count = stored.len();
        self.fresh.accepted(count);
        let fresh: Vec<_> = stored.into_iter().filter_map(|(message, id)| claimed(message, id)).collect();
        let waiting = fresh.len() < count;
        if !fresh.is_empty() {
            self.fresh.take(fresh);
        }
        if waiting {
            self.fresh.wake();
        }
    }
}

/// The message as the worker takes it, if it was stored under a lease.
fn claimed(message: NewMessage, id: store::MessageId) -> Option<Claimed> {
    let lease = message.lease?;
    let recipients = (0..).zip(message.envelope.recipients()).map(|(ordinal, _)| ClaimedRecipient {
        id: RecipientId::of(id, ordinal),
        lease,
        expires_at: message.expires_at,
        alone: false,
        in_doubt_before: false,
        attempts: 0,
    });
    Some(Claimed {
        id,
        kind: message.kind,
        class: message.class,
        practice: message.practice,
        application: message.application,
        site: message.site,
        run: message.run,
        recipients: recipients.collect(),
        envelope: message.envelope,
        first_due_at: message.first_due_at,
        bytes: message.bytes,
    })
}
