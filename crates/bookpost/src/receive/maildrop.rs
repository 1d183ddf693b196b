//! The maildrop: a folder into which the `sendmail` command puts messages while the service is not there to take them.
//!
//! Anybody who may send mail may write there, so nothing in it is believed: only plain files of the right size are opened, and what
//! is in them is checked. A file is deleted when its message is in the queue; whoever submits it does so once by the file's
//! name, so that an end in between makes no second message. What cannot be accepted goes back to its sender, or is set aside for
//! a person. One file stops no other.

mod accept;
pub mod drop_file;
mod files;
mod returned;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use mail::{Envelope, Reply, clock::Clock};
use rand::{RngExt as _, rngs::StdRng};
use store::{AlarmKind, OnceKey};

pub use self::accept::accept;
use self::{drop_file::NotADrop, files::Found};
use super::Receiver;
use crate::{alarms::Alarms, config::Config};

/// The folder is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What could not be taken for the moment is tried again after this.
const TRY_AGAIN: Duration = Duration::from_mins(1);
/// From then on a person hears of it.
const FOR_LONG: Duration = Duration::from_hours(1);
/// Files that are taken in one look. One at a time is in memory.
const MOST_AT_ONCE: usize = 1000;
/// What the alarms are about.
const SUBJECT: &str = "sendmail";
/// Where files lie, in the data folder, that are no messages and of which nobody could be told.
const REFUSED: &str = "maildrop-refused";

/// A message that was left in the maildrop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The file's name: by it the message is known, and submitted once.
    pub name: String,
    /// Who it is from and for, as whoever left it says.
    pub envelope: Envelope,
    /// The message; line ends and all else in it may be wrong.
    pub content: Bytes,
    /// The user who left it, as the system says.
    pub uid: u32,
}

/// Why a message was not submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It stays where it is, and is tried again.
    Later(String),
    /// It goes back to its sender, with this answer.
    Final(Reply),
}

/// What the task works with.
pub struct Parts {
    /// The maildrop itself.
    pub folder: PathBuf,
    pub config: Arc<Config>,
    pub clock: Arc<dyn Clock>,
    pub receiver: Receiver,
    pub alarms: Alarms,
    pub dice: Arc<Mutex<StdRng>>,
}

/// The folder, and what is known of the files in it.
pub struct Maildrop {
    parts: Parts,
    known: BTreeMap<OsString, Known>,
    told: Told,
}

/// The alarm that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// Perhaps that of an earlier process.
    Unknown,
    Nothing,
    Fault(String),
}

/// Why a file that is there is not taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It could not be taken since the one moment, and is not tried again before the other.
    Waits { since: Timestamp, until: Timestamp },
    /// It cannot be read, and is looked at again then. A person hears of it.
    Unusable(Timestamp),
    /// Its message is in the queue, and only the file is still there.
    Taken,
}

/// Takes what is left in the maildrop for as long as the program runs.
pub async fn watch<F>(parts: Parts, submit: impl Fn(Dropped) -> F)
where
    F: Future<Output = Result<(), Refusal>>,
{
    let clock = Arc::clone(&parts.clock);
    let mut maildrop = Maildrop::new(parts);
    loop {
        maildrop.look(&submit).await;
        clock.sleep_until(later(clock.now(), LOOK_EVERY)).await;
    }
}

impl Maildrop {
    /// Nothing is known of the folder yet.
    pub fn new(parts: Parts) -> Self {
        Self { parts, known: BTreeMap::new(), told: Told::Unknown }
    }

    /// Looks once: submits what is there, and says what is wrong.
    pub async fn look<F>(&mut self, submit: &impl Fn(Dropped) -> F)
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        let fault = match self.round(submit).await {
            Ok(()) => self.waits_for_a_person(),
            Err(error) => Some(format!(
                "The folder {} cannot be read: {error}. What the sendmail command leaves there is not sent until that is mended: run `bookpost install` again as root.",
                self.parts.folder.display()
            )),
        };
        self.tell(fault);
    }

    async fn round<F>(&mut self, submit: &impl Fn(Dropped) -> F) -> io::Result<()>
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        let now = self.parts.clock.now();
        let forgotten = now.saturating_sub(FOR_LONG).unwrap_or(Timestamp::MIN);
        self.known.retain(|_, known| match known {
            // Long due and not tried: it is there no more.
            Known::Waits { until, .. } => *until > forgotten,
            Known::Unusable(until) => *until > now,
            Known::Taken => true,
        });
        let rests = |name: &OsStr| match self.known.get(name) {
            Some(Known::Waits { until, .. } | Known::Unusable(until)) => *until > now,
            Some(Known::Taken) | None => false,
        };
        let wall_clock = now.saturating_add(self.parts.clock.wall_departure()).unwrap_or(now);
        let names = files::finished(&self.parts.folder, rests, MOST_AT_ONCE, wall_clock)?;
        for name in names {
            if self.parts.receiver.has_room().is_err() {
                return Ok(());
            }
            if let Some(known) = self.take(&name, submit).await {
                self.known.insert(name, known);
            } else {
                self.known.remove(&name);
            }
        }
        Ok(())
    }

    /// Does what is next with one file; what is known of it if it is still there.
    async fn take<F>(&self, name: &OsStr, submit: &impl Fn(Dropped) -> F) -> Option<Known>
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        if self.known.get(name) == Some(&Known::Taken) {
            return self.delete(name);
        }
        let (path, limit) = (self.parts.folder.join(name), self.parts.config.doors.largest_message);
        let read = tokio::task::spawn_blocking(move || files::read(&path, limit)).await;
        let (content, uid) = match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(Found::Plain { content, uid }) => (content, uid),
            Ok(Found::Other(why)) => return Some(self.unusable(why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(self.unusable(&error.to_string())),
        };
        let dropped = match dropped(name, &content, uid) {
            Ok(dropped) => dropped,
            Err(why) => {
                tracing::warn!(uid, %why, "what was left in the maildrop is no message");
                return self.set_aside(name, &content);
            }
        };
        match submit(dropped.clone()).await {
            Ok(()) => self.delete(name),
            Err(Refusal::Later(why)) => {
                tracing::warn!(why, "a message in the maildrop could not be taken for the moment");
                Some(self.waits(name))
            }
            Err(Refusal::Final(reply)) => {
                tracing::warn!(uid, answer = reply.code, "a message in the maildrop is refused");
                self.give_back(name, &dropped, &reply, &content).await
            }
        }
    }

    fn delete(&self, name: &OsStr) -> Option<Known> {
        match fs::remove_file(self.parts.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, "a message of the maildrop is in the queue, and its file cannot be deleted");
                Some(Known::Taken)
            }
            _ => None,
        }
    }

    /// Back to the sender, or to a person where there is none.
    async fn give_back(
        &self,
        name: &OsStr,
        dropped: &Dropped,
        reply: &Reply,
        content: &[u8],
    ) -> Option<Known> {
        let Some(to) = dropped.envelope.reverse_path.address() else { return self.set_aside(name, content) };
        let random = self.parts.dice.lock().unwrap_or_else(PoisonError::into_inner).random();
        let config = &self.parts.config;
        let report = returned::report(to, dropped, reply, config, self.parts.clock.now(), random);
        let Some(report) = report else { return self.delete(name) };
        let key = OnceKey {
            application: "bookpost".to_owned(),
            key: format!("maildrop-returned/{}", dropped.name),
            fingerprint: [0; 32],
        };
        match self.parts.receiver.accept_once(key, vec![report], |_| Vec::new()).await {
            Ok(_) => self.delete(name),
            Err(error) => {
                tracing::error!(%error, "a refused message could not be returned; it stays in the maildrop");
                Some(self.waits(name))
            }
        }
    }

    fn set_aside(&self, name: &OsStr, content: &[u8]) -> Option<Known> {
        let target = files::target(&self.refused(), name, self.parts.clock.now());
        match files::put(&target, content) {
            Ok(()) => self.delete(name),
            Err(error) => Some(self.unusable(&error.to_string())),
        }
    }

    fn waits(&self, name: &OsStr) -> Known {
        let now = self.parts.clock.now();
        let since = match self.known.get(name) {
            Some(Known::Waits { since, .. }) => *since,
            _ => now,
        };
        Known::Waits { since, until: later(now, TRY_AGAIN) }
    }

    fn unusable(&self, why: &str) -> Known {
        tracing::error!(why, "something in the maildrop cannot be used; it stays there");
        Known::Unusable(later(self.parts.clock.now(), TRY_AGAIN))
    }

    fn refused(&self) -> PathBuf {
        self.parts.config.data_dir.join(REFUSED)
    }

    /// What only a person can see to, in words.
    fn waits_for_a_person(&self) -> Option<String> {
        let folder = self.parts.folder.display();
        if files::is_occupied(&self.refused()) {
            return Some(format!(
                "What was left in {folder} could not be accepted, and there is nobody to return it to. It lies in {}: look at it, and delete it.",
                self.refused().display()
            ));
        }
        let now = self.parts.clock.now();
        let is_late =
            |known: &Known| matches!(known, Known::Waits { since, .. } if later(*since, FOR_LONG) <= now);
        if self.known.values().any(is_late) {
            return Some(format!(
                "Mail that the sendmail command left in {folder} could not be taken for an hour. It is tried again every minute; the log says why it is not taken."
            ));
        }
        let stays = |known: &Known| matches!(known, Known::Unusable(_) | Known::Taken);
        self.known.values().any(stays).then(|| {
            format!(
                "In {folder} lies something that Bookpost cannot read or delete, or that is too large. The log says what is wrong with it. All other mail is sent."
            )
        })
    }

    fn tell(&mut self, fault: Option<String>) {
        let told = fault.map_or(Told::Nothing, Told::Fault);
        if self.told == told {
            return;
        }
        // One with another text may be open.
        self.parts.alarms.clear(AlarmKind::Held, SUBJECT);
        if let Told::Fault(text) = &told {
            self.parts.alarms.raise(AlarmKind::Held, SUBJECT, text.clone());
        }
        self.told = told;
    }
}

fn dropped(name: &OsStr, content: &Bytes, uid: u32) -> Result<Dropped, NotADrop> {
    let name = name.to_str().filter(|name| drop_file::is_name(name)).ok_or(NotADrop::Name)?;
    let (envelope, content) = drop_file::parse(content.clone())?;
    Ok(Dropped { name: name.to_owned(), envelope, content, uid })
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
