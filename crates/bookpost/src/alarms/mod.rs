//! Alarms: a person is told once when something breaks, and once when it is over.
//!
//! An alarm is a row first; then it goes to the log, to a command, to a web address and to a mail address, each on its
//! own: one that fails does not keep the others from going.

mod command;
mod letter;
mod webhook;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use mail::clock::Clock;
use store::{Alarm, AlarmKind, Store};
use tokio::sync::{mpsc, oneshot};

pub use letter::message;

use crate::config::AlarmsConfig;

/// Where alarms are raised and cleared. Cheap to clone; never waits.
#[derive(Debug, Clone)]
pub struct Alarms {
    sender: mpsc::UnboundedSender<Request>,
}

#[derive(Debug)]
enum Request {
    Change(Change),
    /// Answered when all changes before it were carried out.
    TellWhenDone(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Change {
    kind: AlarmKind,
    subject: String,
    /// Some: it starts, with this text. None: it is over.
    text: Option<String>,
}

impl Alarms {
    /// Something is wrong. Nothing happens when this alarm is open already.
    pub fn raise(&self, kind: AlarmKind, subject: &str, text: impl Into<String>) {
        self.send(kind, subject, Some(text.into()));
    }

    /// It is over. Nothing happens when it was not open.
    pub fn clear(&self, kind: AlarmKind, subject: &str) {
        self.send(kind, subject, None);
    }

    /// This server answers: whatever was said against it is over.
    pub fn server_works(&self, server: &str) {
        for kind in [AlarmKind::ServerDown, AlarmKind::SignIn, AlarmKind::BackupInUse, AlarmKind::Quota] {
            self.clear(kind, server);
        }
    }

    /// Waits until all that was raised and cleared before is on record and on its way to people.
    pub async fn carried_out(&self) {
        let (sender, done) = oneshot::channel();
        let _ = self.sender.send(Request::TellWhenDone(sender));
        let _ = done.await;
    }

    fn send(&self, kind: AlarmKind, subject: &str, text: Option<String>) {
        // Without a receiver the program is ending; an alarm that still holds is raised again at the next start.
        let _ = self.sender.send(Request::Change(Change { kind, subject: subject.to_owned(), text }));
    }
}

/// Alarms and the task that carries them. `by_mail` hands an alarm to the queue.
pub fn alarms<M>(
    store: Store,
    clock: Arc<dyn Clock>,
    config: AlarmsConfig,
    by_mail: impl Fn(Alarm) -> M + Send + 'static,
) -> (Alarms, impl Future<Output = ()> + Send)
where
    M: Future<Output = ()> + Send,
{
    let (sender, mut receiver) = mpsc::unbounded_channel::<Request>();
    let work = async move {
        let mut unstored = BTreeMap::new();
        while let Some(request) = receiver.recv().await {
            let change = match request {
                Request::Change(change) => change,
                Request::TellWhenDone(asker) => {
                    // Whoever asked may have gone.
                    let _ = asker.send(());
                    continue;
                }
            };
            let Some(alarm) = record(&store, &change, &mut unstored, clock.now()).await else { continue };
            log(&alarm);
            if let Some(path) = &config.command {
                command::run(path, &alarm).await;
            }
            if let Some(address) = &config.webhook {
                webhook::post(address, &alarm).await;
            }
            by_mail(alarm).await;
        }
    };
    (Alarms { sender }, work)
}

/// Alarms that are open and that the store could not take.
type Unstored = BTreeMap<(AlarmKind, String), Alarm>;

/// The alarm, if this change is news. The disk may be what it is about: then it is remembered here, and a person is told all
/// the same, once when it starts and once when it ends.
async fn record(store: &Store, change: &Change, unstored: &mut Unstored, now: Timestamp) -> Option<Alarm> {
    let key = (change.kind, change.subject.clone());
    if change.text.is_some() && unstored.contains_key(&key) {
        return None;
    }
    let changed = match &change.text {
        Some(text) => store.raise(change.kind, &change.subject, text, now).await,
        None => store.clear(change.kind, &change.subject, now).await,
    };
    match changed {
        Ok(news) if change.text.is_some() => news,
        Ok(news) => {
            let over = unstored.remove(&key).map(|alarm| Alarm { ended_at: Some(now), ..alarm });
            news.or(over)
        }
        Err(error) => {
            tracing::error!(%error, kind = ?change.kind, subject = change.subject, "an alarm could not be stored");
            let Some(text) = change.text.clone() else {
                return unstored.remove(&key).map(|alarm| Alarm { ended_at: Some(now), ..alarm });
            };
            let alarm = Alarm {
                id: 0,
                kind: change.kind,
                subject: change.subject.clone(),
                text,
                started_at: now,
                ended_at: None,
            };
            unstored.insert(key, alarm.clone());
            Some(alarm)
        }
    }
}

fn log(alarm: &Alarm) {
    if alarm.ended_at.is_some() {
        tracing::warn!(alarm.kind = ?alarm.kind, alarm.subject, "over: {}", alarm.text);
    } else {
        tracing::error!(alarm.kind = ?alarm.kind, alarm.subject, "{}", alarm.text);
    }
}
