//! The way in: what is accepted here is on disk before anybody hears yes.
//!
//! This part knows nothing of servers and connections: fresh mail leaves through [`FreshMail`].

mod apart;
mod bodies;
pub mod certificate;
mod comes_back;
pub mod local;
mod log;
pub mod maildrop;
mod not_taken;
mod pressure;
pub mod smtp;
mod submit;

use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use mail::clock::Clock;
use store::{
    Accepted, Claimed, ClaimedRecipient, Class, Lease, NewMessage, NewNotice, NoticeAccepted, Once, OnceKey,
    RecipientId, RunId, Store,
};

use self::pressure::Pressure;
pub use self::{
    apart::apart,
    bodies::{Bodies, Reservation},
    comes_back::{ComesBack, Expected},
    log::not_taken,
    not_taken::NotTaken,
    pressure::{DISK_FLOOR, NotNow, free},
    submit::{Leniency, Origin, Ready, Submission, Submitter},
};
use crate::app::steps::{Step, Steps};

/// Takes fresh mail over in memory, for its first attempt.
pub trait FreshMail: Send + Sync {
    /// A lease for this message, while there is room in memory for it and mail may leave.
    fn lease(&self, message: &NewMessage) -> Option<Leased>;
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

/// What a message has that is to be attempted as soon as it is stored.
pub struct Leased {
    pub lease: Lease,
    /// Its room in memory, kept free until this is dropped.
    pub room: Box<dyn Send + Sync>,
}

/// A message that is handed in waits no longer than this for those before it to leave.
const PACE: Duration = Duration::from_millis(10);

/// Rooms of messages that are being stored.
type Rooms = Vec<Box<dyn Send + Sync>>;

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

    /// Accepts all messages or none. When it returns `Ok`, they are on disk. What was stored is sent, though the future be dropped.
    pub async fn accept(&self, mut messages: Vec<NewMessage>) -> Result<Vec<Accepted>, store::Error> {
        self.keep_pace(&messages).await;
        let now = self.clock.now();
        let stored = self.begin(&mut messages, now);
        let storing = self.pressure.storing_one();
        let accepted = self.store.accept_then(messages, stored, now).await;
        drop(storing);
        accepted.inspect_err(|why| self.fresh.refused(why))
    }

    /// Accepts all messages with the answer to the request that brought them; a request that was made before gets that answer, and
    /// nothing is accepted. When it returns `Ok`, they are on disk. What was stored is sent, though the future be dropped.
    pub async fn accept_once(
        &self,
        key: OnceKey,
        mut messages: Vec<NewMessage>,
        answer: impl FnOnce(&[Accepted]) -> Vec<u8> + Send + 'static,
    ) -> Result<Once, store::Error> {
        self.keep_pace(&messages).await;
        let now = self.clock.now();
        let stored = self.begin(&mut messages, now);
        let storing = self.pressure.storing_one();
        let once = self.store.accept_once(key, messages, answer, stored, now).await;
        drop(storing);
        once.inspect_err(|why| self.fresh.refused(why))
    }

    /// Where mail comes faster than it leaves, it is a little slower to come: what is stored while there is room in the line needs not be
    /// claimed from the store again, which costs as much as storing it.
    async fn keep_pace(&self, messages: &[NewMessage]) {
        if let Some(message) = messages.iter().find(|message| message.class != Class::Urgent) {
            self.not_crowded(message.practice, PACE).await;
        }
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
        let rooms = self.lease(notices.iter_mut().map(|notice| &mut notice.message));
        let stored = self.store.accept_notices(run, notices.clone(), repeat, self.clock.now()).await;
        let accepted = stored.inspect_err(|why| self.fresh.refused(why))?;
        self.steps.reached(Step::Accepted);
        let stored = notices.into_iter().zip(&accepted).filter_map(|(notice, one)| match one {
            NoticeAccepted::Stored(id) => {
                tracing::debug!(message.id = id.0, run = run.0, "a notice was accepted");
                Some((notice.message, *id))
            }
            NoticeAccepted::WrittenLately(_) => None,
        });
        self.hand_over(stored.collect(), rooms);
        Ok(accepted)
    }

    /// Accepts a return report and closes what it covers, in one transaction. It leaves by the usual way.
    pub async fn report(&self, report: NewMessage, closes: &[RecipientId]) -> Result<(), store::Error> {
        self.store.report(report, closes, self.clock.now()).await?;
        self.fresh.wake();
        Ok(())
    }

    /// Leases for what is due, and what follows once it is stored.
    fn begin(
        &self,
        messages: &mut [NewMessage],
        now: Timestamp,
    ) -> impl FnOnce(&[Accepted]) + Send + 'static {
        let rooms = self.lease(due(messages, now));
        let (receiver, messages) = (self.clone(), messages.to_vec());
        move |accepted| {
            receiver.steps.reached(Step::Accepted);
            receiver.hand_over(messages.into_iter().zip(accepted.iter().map(|one| one.id)).collect(), rooms);
        }
    }

    /// Leases for these messages, while there is room.
    fn lease<'a>(&self, messages: impl Iterator<Item = &'a mut NewMessage>) -> Rooms {
        let mut rooms = Rooms::new();
        for message in messages {
            let leased = self.fresh.lease(message);
            message.lease = leased.as_ref().map(|leased| leased.lease);
            rooms.extend(leased.map(|leased| leased.room));
        }
        rooms
    }

    /// Each message's room is its own until it stands in line.
    fn hand_over(&self, stored: Vec<(NewMessage, store::MessageId)>, rooms: Rooms) {
        let count = stored.len();
        self.fresh.accepted(count);
        let fresh: Vec<_> = stored.into_iter().filter_map(|(message, id)| claimed(message, id)).collect();
        let waiting = fresh.len() < count;
        if !fresh.is_empty() {
            self.fresh.take(fresh);
        }
        drop(rooms);
        if waiting {
            self.fresh.wake();
        }
    }
}

/// What is to be sent later waits in the store.
fn due(messages: &mut [NewMessage], now: Timestamp) -> impl Iterator<Item = &mut NewMessage> {
    messages.iter_mut().filter(move |message| message.first_due_at <= now)
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mail::{Address, Envelope, ReversePath};
    use store::Kind;
    use testkit::clock::ManualClock;

    use super::*;

    /// Leases all; how many rooms were kept free when the messages came.
    #[derive(Default)]
    struct Line {
        room: Arc<()>,
        kept: std::sync::Mutex<Vec<usize>>,
        /// It is long, and does not get shorter; how often somebody waited for that.
        crowded: Option<std::sync::atomic::AtomicUsize>,
        /// Called once mail is on disk.
        on_disk: std::sync::Mutex<Option<Box<dyn FnOnce() + Send>>>,
    }

    impl FreshMail for Line {
        fn lease(&self, _: &NewMessage) -> Option<Leased> {
            Some(Leased { lease: Lease(7), room: Box::new(Arc::clone(&self.room)) })
        }

        fn not_crowded(&self, _: bool) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            let Some(waited) = &self.crowded else { return Box::pin(std::future::ready(())) };
            waited.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Box::pin(std::future::pending())
        }

        fn take(&self, fresh: Vec<Claimed>) {
            assert!(fresh.iter().all(|one| one.recipients[0].lease == Lease(7)));
            self.kept.lock().unwrap().push(self.rooms());
        }

        fn wake(&self) {}

        fn accepted(&self, _: usize) {
            if let Some(on_disk) = self.on_disk.lock().unwrap().take() {
                on_disk();
            }
        }

        fn refused(&self, _: &store::Error) {}
    }

    impl Line {
        fn rooms(&self) -> usize {
            Arc::strong_count(&self.room) - 1
        }
    }

    fn message(now: Timestamp) -> NewMessage {
        NewMessage {
            kind: Kind::Mail,
            door: store::Door::Smtp,
            class: Class::Normal,
            practice: false,
            application: "cron".to_owned(),
            site: None,
            run: None,
            envelope: Envelope::to_one(ReversePath::Null, Address::parse("p@example.org").unwrap()),
            message_id: String::new(),
            subject: String::new(),
            tags: Vec::new(),
            patron: None,
            bytes: Bytes::from_static(b"\r\n"),
            first_due_at: now,
            expires_at: now + Duration::from_hours(100),
            lease: None,
        }
    }

    fn receiver(folder: &std::path::Path) -> (Receiver, Arc<Line>, Arc<ManualClock>) {
        receiver_before(folder, Line::default())
    }

    fn receiver_before(folder: &std::path::Path, line: Line) -> (Receiver, Arc<Line>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::constant(1_800_000_000, 0)));
        let store = Store::open(folder, clock.now()).unwrap();
        let line = Arc::new(line);
        let fresh = Arc::clone(&line) as Arc<dyn FreshMail>;
        (Receiver::new(store, folder.into(), clock.clone(), fresh, Steps::default()), line, clock)
    }

    /// Whoever hands in mail may hang up while it is being stored: it is on disk then, and must not lie there as if it were being sent.
    #[tokio::test]
    async fn what_is_on_disk_is_sent_whoever_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (receiver, line, clock) = receiver(folder.path());
        let key = |at: i32| OnceKey { application: "cron".into(), key: at.to_string(), fingerprint: [0; 32] };
        let accept = async |at| match at {
            0 => receiver.accept(vec![message(clock.now())]).await.map(drop),
            _ => receiver.accept_once(key(at), vec![message(clock.now())], |_| Vec::new()).await.map(drop),
        };
        for at in 0..2 {
            let (stored, on_disk) = tokio::sync::oneshot::channel();
            let (go_on, told) = std::sync::mpsc::channel();
            *line.on_disk.lock().unwrap() = Some(Box::new(move || {
                stored.send(()).unwrap();
                told.recv().unwrap();
            }));
            let mut asked = Box::pin(accept(at));
            tokio::select! {
                biased;
                _ = &mut asked => panic!("answered before what is on disk was handed over"),
                _ = on_disk => {}
            }
            drop(asked);
            go_on.send(()).unwrap();
            accept(2 + at).await.unwrap();
            assert_eq!(line.kept.lock().unwrap().len(), 2 * usize::try_from(at).unwrap() + 2);
        }
    }

    /// But what is urgent does not wait, and nothing waits for ever.
    #[tokio::test]
    async fn mail_that_comes_faster_than_it_leaves_waits_a_moment() {
        let folder = tempfile::tempdir().unwrap();
        let line = Line { crowded: Some(0.into()), ..Line::default() };
        let (receiver, line, clock) = receiver_before(folder.path(), line);
        let key = OnceKey { application: "cron".into(), key: "1".into(), fingerprint: [0; 32] };
        receiver.accept(vec![message(clock.now())]).await.unwrap();
        receiver.accept_once(key, vec![message(clock.now())], |_| Vec::new()).await.unwrap();
        let urgent = NewMessage { class: Class::Urgent, ..message(clock.now()) };
        receiver.accept(vec![urgent]).await.unwrap();
        let waited = line.crowded.as_ref().map(|waited| waited.load(std::sync::atomic::Ordering::Relaxed));
        assert_eq!((waited, line.kept.lock().unwrap().len()), (Some(2), 3));
    }

    #[tokio::test]
    async fn the_room_of_a_message_is_kept_until_it_is_in_line() {
        let folder = tempfile::tempdir().unwrap();
        let (receiver, line, clock) = receiver(folder.path());
        let later = message(clock.now() + Duration::from_hours(1));
        receiver.accept(vec![message(clock.now()), message(clock.now()), later]).await.unwrap();
        assert_eq!(*line.kept.lock().unwrap(), [2]);
        assert_eq!(line.rooms(), 0);
    }
}
