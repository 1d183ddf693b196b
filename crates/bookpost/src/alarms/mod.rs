//! Alarms: a person is told when something breaks, again while mail cannot leave for long, and when it is over.
//!
//! An alarm is a row first; then it goes to the log, to a command, to a web address and to a mail address, each on its
//! own: one that fails does not keep the others from going. What was told is noted in the row afterwards: who ends the program
//! in between has people told twice, rather than never. Of several machines that share a queue one tells; what the queue could not take, and nobody
//! else knows of, is told by each.

mod command;
mod letter;
mod telling;
mod webhook;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use mail::{Reason, clock::Clock};
use store::{Alarm, AlarmKind, Cause, Store};
use tokio::sync::{mpsc, oneshot};

pub use letter::message;
pub use telling::Telling;

use crate::{app::duties::Duty, config::Settings};

/// Where alarms are raised and cleared. Cheap to clone; never waits.
#[derive(Debug, Clone)]
pub struct Alarms {
    sender: mpsc::UnboundedSender<Request>,
}

#[derive(Debug)]
enum Request {
    Change(Change),
    /// Something may be due to be told.
    Look,
    /// Answered when all changes before it were carried out.
    TellWhenDone(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Change {
    kind: AlarmKind,
    subject: String,
    what: What,
}

#[derive(Debug)]
enum What {
    Starts(Cause),
    /// It starts, or says this from here on where it is open.
    Says(Cause),
    /// The same, and alarms of these kinds about the same give way to it.
    Instead(Cause, Vec<AlarmKind>),
    Ends,
}

impl Alarms {
    /// Something is wrong. Nothing happens when this alarm is open already.
    pub fn raise(&self, kind: AlarmKind, subject: &str, cause: impl Into<Cause>) {
        self.send(kind, subject, What::Starts(cause.into()));
    }

    /// The same of something whose cause may change while it lasts: an alarm that is open already says this from here on.
    pub fn raise_or_reword(&self, kind: AlarmKind, subject: &str, cause: impl Into<Cause>) {
        self.send(kind, subject, What::Says(cause.into()));
    }

    /// The same of something whose faults take turns: what was said of it as one of `kinds` gives way. It is told as one alarm: of each
    /// reason once, and its end once.
    pub fn raise_instead(
        &self,
        kind: AlarmKind,
        subject: &str,
        cause: impl Into<Cause>,
        kinds: Vec<AlarmKind>,
    ) {
        self.send(kind, subject, What::Instead(cause.into(), kinds));
    }

    /// It is over. Nothing happens when it was not open.
    pub fn clear(&self, kind: AlarmKind, subject: &str) {
        self.send(kind, subject, What::Ends);
    }

    /// This server answers: whatever was said against it is over.
    pub fn server_works(&self, server: &str) {
        self.server_answers(server);
        self.clear(AlarmKind::Quota, server);
    }

    /// The same, while it is not given more than people allow.
    pub fn server_answers(&self, server: &str) {
        for kind in [AlarmKind::ServerDown, AlarmKind::SignIn, AlarmKind::BackupInUse] {
            self.clear(kind, server);
        }
    }

    /// Time has passed: something may be due to be told again.
    pub fn look(&self) {
        let _ = self.sender.send(Request::Look);
    }

    /// Waits until all that was raised and cleared before is on record and on its way to people.
    pub async fn carried_out(&self) {
        let (sender, done) = oneshot::channel();
        let _ = self.sender.send(Request::TellWhenDone(sender));
        let _ = done.await;
    }

    fn send(&self, kind: AlarmKind, subject: &str, what: What) {
        // Without a receiver the program is ending; an alarm that still holds is raised again at the next start.
        let _ = self.sender.send(Request::Change(Change { kind, subject: subject.to_owned(), what }));
    }
}

/// Alarms and the task that carries them. `by_mail` hands an alarm to the queue.
pub fn alarms<M>(
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    by_mail: impl Fn(Alarm, Telling) -> M + Send + Sync + 'static,
) -> (Alarms, impl Future<Output = ()> + Send)
where
    M: Future<Output = ()> + Send,
{
    let (sender, mut receiver) = mpsc::unbounded_channel::<Request>();
    let work = async move {
        let crier = Crier { store, clock, settings, by_mail, unnoted: Mutex::default() };
        let mut unstored = BTreeMap::new();
        // What an earlier process stored, and did not come to tell.
        crier.tell_all().await;
        while let Some(request) = receiver.recv().await {
            match request {
                Request::Change(change) => {
                    let now = crier.clock.now();
                    match record(&crier.store, &change, &mut unstored, now).await {
                        // People know of it: it was so before, and something else was wrong in between.
                        Some(alarm) if alarm.ended_at.is_none() && alarm.told > 0 => {
                            log(&alarm, Telling::Started);
                        }
                        // Whoever else tells people looks at once where there is another one.
                        Some(alarm) if alarm.id > 0 && !Duty::Alarms.is_ours(&crier.store).await => {}
                        Some(alarm) => crier.tell(alarm).await,
                        None => {}
                    }
                }
                Request::Look => crier.tell_all().await,
                // Whoever asked may have gone.
                Request::TellWhenDone(asker) => drop(asker.send(())),
            }
        }
    };
    (Alarms { sender }, work)
}

/// Tells people.
struct Crier<F> {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    by_mail: F,
    /// What people were told that could not be noted in the row: they are not told it again.
    unnoted: Mutex<BTreeMap<i64, u32>>,
}

impl<F, M> Crier<F>
where
    F: Fn(Alarm, Telling) -> M,
    M: Future<Output = ()>,
{
    async fn tell_all(&self) {
        if !Duty::Alarms.is_ours(&self.store).await {
            return;
        }
        match self.store.alarms_to_tell().await {
            Ok(alarms) => {
                for alarm in alarms {
                    self.tell(alarm).await;
                }
            }
            Err(error) => tracing::error!(%error, "the alarms cannot be read"),
        }
    }

    /// Tells what is due of it, if anything is.
    async fn tell(&self, alarm: Alarm) {
        let Some((telling, told)) = telling::due(&alarm, self.clock.now()) else { return };
        if self.unnoted.lock().unwrap_or_else(PoisonError::into_inner).get(&alarm.id) == Some(&told) {
            return self.note(alarm.id, told).await;
        }
        log(&alarm, telling);
        if let Some(path) = &self.settings.now().alarms.command {
            command::run(path, &alarm, telling).await;
        }
        if let Some(address) = &self.settings.now().alarms.webhook {
            webhook::post(address, &alarm, telling).await;
        }
        let id = alarm.id;
        (self.by_mail)(alarm, telling).await;
        if id > 0 {
            self.note(id, told).await;
        }
    }

    async fn note(&self, id: i64, told: u32) {
        let noted = self.store.alarm_told(id, told).await;
        let mut unnoted = self.unnoted.lock().unwrap_or_else(PoisonError::into_inner);
        match noted {
            Ok(()) => _ = unnoted.remove(&id),
            Err(error) => {
                if unnoted.insert(id, told) != Some(told) {
                    tracing::error!(%error, alarm.id = id, "that people were told could not be stored; after a new start they may be told again");
                }
            }
        }
    }
}

/// So ends what an alarm about a sender is about where it is our way of sending that cannot take its mail, and why it cannot.
const NOT_THIS_WAY: [(&str, Reason); 3] = [
    (" names others", Reason::NamesOthers),
    (" only some", Reason::OnlySome),
    (" one of them", Reason::OneOfThem),
];

/// What an alarm about mail of this domain is about, where that is why it was set aside.
pub fn not_this_way(domain: &str, reason: Reason) -> Option<String> {
    let (end, _) = NOT_THIS_WAY.iter().find(|(_, one)| *one == reason)?;
    Some(format!("{domain}{end}"))
}

/// The domain that such an alarm is about, and why.
pub fn why_not_this_way(subject: &str) -> Option<(&str, Reason)> {
    NOT_THIS_WAY.iter().find_map(|(end, reason)| Some((subject.strip_suffix(end)?, *reason)))
}

/// Alarms that are open and that the store could not take.
type Unstored = BTreeMap<(AlarmKind, String), Alarm>;

/// An id that no other alarm has, stored or not, so that its end is known for that of its beginning.
fn unstored_id(unstored: &Unstored, now: Timestamp) -> i64 {
    let lowest = unstored.values().map(|alarm| alarm.id).min().unwrap_or(0);
    (-now.as_microsecond().abs()).min(lowest - 1)
}

/// The alarm, if this change is news. The disk may be what it is about: then it is remembered here, and a person is told all
/// the same, once when it starts and once when it ends.
async fn record(store: &Store, change: &Change, unstored: &mut Unstored, now: Timestamp) -> Option<Alarm> {
    let key = (change.kind, change.subject.clone());
    let is_unstored = unstored.contains_key(&key);
    let (kind, subject) = (change.kind, &*change.subject);
    let changed = match &change.what {
        What::Starts(_) | What::Says(_) if is_unstored => return None,
        What::Starts(cause) => store.raise(kind, subject, cause.clone(), now).await,
        What::Says(cause) => {
            let raised = store.raise(kind, subject, cause.clone(), now).await;
            if let Ok(None) = raised
                && let Err(error) = store.reword_alarm(kind, subject, cause.clone()).await
            {
                tracing::error!(%error, ?kind, subject, "what an alarm says now could not be stored");
            }
            raised
        }
        What::Instead(cause, of) => store.raise_instead(kind, subject, cause.clone(), of, now).await,
        What::Ends => store.clear(kind, subject, now).await,
    };
    if let Err(error) = &changed {
        tracing::error!(%error, ?kind, subject, "an alarm could not be stored");
    }
    match (changed, &change.what) {
        (changed, What::Ends) => {
            let over = unstored.remove(&key).map(|alarm| Alarm { ended_at: Some(now), ..alarm });
            changed.ok().flatten().or(over)
        }
        (Ok(news), _) => {
            // The disk works again.
            unstored.remove(&key);
            news
        }
        (Err(_), _) if is_unstored => None,
        (Err(_), What::Starts(cause) | What::Says(cause) | What::Instead(cause, _)) => {
            let Cause { reason, text } = cause.clone();
            let subject = change.subject.clone();
            let id = unstored_id(unstored, now);
            let alarm = Alarm { id, kind, subject, reason, text, started_at: now, ended_at: None, told: 0 };
            unstored.insert(key, alarm.clone());
            Some(alarm)
        }
    }
}

fn log(alarm: &Alarm, telling: Telling) {
    let text = mail::address::mask_addresses(&telling.words(&alarm.text));
    match telling {
        Telling::Started => tracing::error!(alarm.kind = ?alarm.kind, alarm.subject, "{text}"),
        Telling::Still => {
            tracing::error!(alarm.kind = ?alarm.kind, alarm.subject, since = %alarm.started_at, "{text}");
        }
        Telling::Over => tracing::info!(alarm.kind = ?alarm.kind, alarm.subject, "{text}"),
    }
}
