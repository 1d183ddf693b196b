//! The channels between the parts.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock;
use store::{Alarm, AlarmKind, Claimed, NewMessage, Settlement, Source, Store, Verdict};

use crate::{
    alarms::{self, Alarms, Telling},
    config::Settings,
    queue::{
        route::{Delivery, Line, Route},
        settler::SettlerEvent,
        unsettled::Unsettled,
        worker::{Handle, Leases},
    },
    receive::{FreshMail, Leased, Receiver},
    web::{Metrics, Outcome},
};

/// What the alarm is about when mail cannot be stored.
const WAY_IN: &str = "new mail";
/// Where the disk is nearly full, a small mail is taken between two that are not: it is over when none was refused for so long.
const CALM: SignedDuration = SignedDuration::from_mins(1);

/// What the alarm is about when the database does not take an outcome.
pub(super) const REFUSED_OUTCOMES: &str = "outcomes";

/// From receive to the lines of the routes.
pub(super) struct Lines {
    all: Vec<Arc<Line>>,
    leases: Arc<Leases>,
    handle: Handle,
    delivery: Arc<Delivery>,
    metrics: Metrics,
    alarms: Alarms,
    /// Mail is refused since the alarm was given.
    refusing: AtomicBool,
    /// When it was refused last.
    refused_at: Mutex<Timestamp>,
    /// Mail is handed over by the thread that stored it.
    runtime: tokio::runtime::Handle,
}

impl Lines {
    pub(super) fn new(
        routes: &[Route],
        leases: &Arc<Leases>,
        delivery: &Arc<Delivery>,
        (handle, metrics, alarms): (Handle, Metrics, Alarms),
    ) -> Self {
        let all = routes.iter().map(|route| Arc::clone(&route.line)).collect();
        let (refusing, refused_at) = (AtomicBool::new(false), Mutex::new(Timestamp::MIN));
        let runtime = tokio::runtime::Handle::current();
        let (leases, delivery) = (Arc::clone(leases), Arc::clone(delivery));
        Self { all, leases, handle, delivery, metrics, alarms, refusing, refused_at, runtime }
    }

    fn refused_at(&self) -> MutexGuard<'_, Timestamp> {
        self.refused_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, practice: bool) -> Option<&Arc<Line>> {
        self.all.iter().find(|line| line.practice == practice)
    }
}

impl FreshMail for Lines {
    fn lease(&self, message: &NewMessage) -> Option<Leased> {
        let source = Source::of(&message.application, message.run);
        let line = self.line(message.practice)?;
        let room = line.ready.reserve(message.class, source, message.bytes.len())?;
        Some(Leased { lease: self.leases.draw(), room: Box::new(room) })
    }

    fn not_crowded(&self, practice: bool) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            if let Some(line) = self.line(practice) {
                line.ready.not_long().await;
            }
        })
    }

    fn take(&self, fresh: Vec<Claimed>) {
        let (rehearsed, real): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|message| message.practice);
        let mut refused = Vec::new();
        for (practice, own) in [(true, rehearsed), (false, real)] {
            match self.line(practice) {
                Some(line) => refused.extend(line.ready.push(own)),
                None => refused.extend(own),
            }
        }
        if !refused.is_empty() {
            let delivery = Arc::clone(&self.delivery);
            self.runtime.spawn(async move { delivery.give_back(refused).await });
        }
        self.handle.fresh();
    }

    fn wake(&self) {
        self.handle.wake();
    }

    fn accepted(&self, messages: usize) {
        self.metrics.accepted(u64::try_from(messages).unwrap_or(u64::MAX));
        if self.refusing.load(Ordering::Acquire)
            && self.delivery.clock.now().duration_since(*self.refused_at()) >= CALM
            && self.refusing.swap(false, Ordering::AcqRel)
        {
            self.alarms.clear(AlarmKind::Disk, WAY_IN);
        }
    }

    fn refused(&self, why: &store::Error) {
        use store::Error;
        let disk = matches!(why, Error::DiskFull(_) | Error::Disk(_) | Error::Away(_) | Error::Corrupt(_));
        if disk {
            *self.refused_at() = self.delivery.clock.now();
        }
        // Once: while the disk is full nobody remembers that the alarm was given.
        if disk && !self.refusing.swap(true, Ordering::AcqRel) {
            self.alarms.raise(
                AlarmKind::Disk,
                WAY_IN,
                format!("No mail is accepted: {why}. What was accepted before is safe."),
            );
        }
    }
}

/// What follows when outcomes reached the database, or could not.
pub(super) fn settled(
    unsettled: Arc<Unsettled>,
    handle: Handle,
    alarms: Alarms,
    metrics: Metrics,
) -> impl Fn(SettlerEvent<'_>) + Send + Sync + 'static {
    let done = move |settlements: &[Settlement]| {
        unsettled.arrive(settlements.len());
        handle.settled();
    };
    move |event| {
        match event {
        SettlerEvent::Settled(settlements) => {
            for settlement in settlements {
                if let Some(outcome) = outcome(&settlement.verdict) {
                    metrics.attempt(outcome, settlement.attempt.reason);
                }
            }
            done(settlements);
        }
        SettlerEvent::Refused(settlements) => {
            // One alarm, however many there are: a damaged file refuses them all.
            let first = settlements.first().map_or(0, |settlement| settlement.recipient.message().0);
            alarms.raise(
                AlarmKind::BrokenMessage,
                REFUSED_OUTCOMES,
                format!("What became of message {first} cannot be stored in the queue. It is kept in the journal until the next start, and the message is not sent again before. Show this to your IT person."),
            );
            done(settlements);
        }
        SettlerEvent::Stuck => alarms.raise(
            AlarmKind::Disk,
            "queue",
            "The queue cannot be written. What was sent is kept in the journal; nothing is lost. Look at the disk.",
        ),
        SettlerEvent::Unstuck => alarms.clear(AlarmKind::Disk, "queue"),
    }
    }
}

/// Alarms, and what tells people of them: to be run once there is a way in.
pub(super) fn alarms(
    settings: &Settings,
    store: &Store,
    clock: &Arc<dyn Clock>,
    way_in: &Arc<OnceLock<Receiver>>,
) -> (Alarms, impl Future<Output = ()> + Send + 'static) {
    let by_mail = alarm_by_mail(settings.clone(), Arc::clone(way_in), Arc::clone(clock));
    let (alarms, work) = alarms::alarms(store.clone(), Arc::clone(clock), settings.clone(), by_mail);
    // The start holds it for a while.
    (alarms, Box::pin(work))
}

/// An alarm as a message to the address in the preferences, through whatever server still works.
fn alarm_by_mail(
    settings: Settings,
    way_in: Arc<OnceLock<Receiver>>,
    clock: Arc<dyn Clock>,
) -> impl Fn(Alarm, Telling) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static {
    move |alarm, telling| {
        let message = alarms::message(&settings.now(), &alarm, telling, clock.now());
        let way_in = way_in.get().cloned();
        Box::pin(async move {
            let (Some(message), Some(way_in)) = (message, way_in) else { return };
            if let Err(error) = way_in.accept(vec![message]).await {
                tracing::error!(%error, "the alarm could not be sent by mail");
            }
        })
    }
}

/// How an attempt is counted; None: nothing was attempted.
fn outcome(verdict: &Verdict) -> Option<Outcome> {
    Some(match verdict {
        Verdict::Delivered | Verdict::Relayed => Outcome::Delivered,
        Verdict::Practiced => Outcome::Practiced,
        Verdict::Deferred { in_doubt: true, .. } | Verdict::InDoubt => Outcome::InDoubt,
        Verdict::Deferred { .. } | Verdict::Struck { .. } => Outcome::Deferred,
        Verdict::Returned => Outcome::Returned,
        Verdict::Held => Outcome::Held,
        Verdict::GivenBack => return None,
    })
}
