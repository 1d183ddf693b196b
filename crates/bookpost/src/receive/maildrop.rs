//! The maildrop: a folder into which the `sendmail` command puts messages while the service is not there to take them.
//!
//! Anybody who may send mail may write there, so nothing in it is believed: only plain files of the right size are opened, and what
//! is in them is checked. A file is deleted when its message is in the queue; whoever submits it does so once by the file's
//! name, so that an end in between makes no second message. What cannot be accepted goes back to its sender, if the application may
//! use that address, or is set aside for a person. One file stops no other.

mod accept;
pub mod drop_file;
mod files;
mod folder;
mod listing;
mod noted;
mod returned;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs, io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use mail::{Address, Envelope, Reply, clock::Clock};
use rand::{RngExt as _, rngs::StdRng};
use store::{AlarmKind, OnceKey};

pub use self::{accept::accept, folder::check};
use self::{drop_file::NotADrop, files::Found, listing::Question, noted::Noted};
use super::Receiver;
use crate::{alarms::Alarms, config::Settings};

/// The folder is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What could not be taken for the moment is tried again after this.
const TRY_AGAIN: Duration = Duration::from_mins(1);
/// To delete what could not be deleted is tried again after this.
const DELETE_AGAIN: Duration = Duration::from_mins(10);
/// From then on a person hears of it.
const FOR_LONG: Duration = Duration::from_hours(1);
/// Files that are taken in one look. One at a time is in memory.
const MOST_AT_ONCE: usize = 1000;
/// Files of which something is known. The others are looked at whenever it is their turn.
const MOST_KNOWN: usize = 10_000;
/// What the alarms are about.
pub(crate) const SUBJECT: &str = "sendmail";
/// Open alarms among which that of an earlier process is looked for.
const OPEN: usize = 1000;
/// Whose the reports are.
const OURS: &str = "bookpost";
/// Where files lie, in the data folder, that a person has to look at: they are no messages, or nobody may be told, or they are too large.
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
    /// It is larger than any that is taken: the content may be only its beginning.
    pub is_too_large: bool,
    /// The user who left it, as the system says.
    pub uid: u32,
}

/// Why a message was not submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It stays where it is, and is tried again.
    Later(String),
    /// It is never taken.
    Final(Refused),
}

/// A message that is refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub reply: Reply,
    /// Who is told. None: a person has to look.
    pub to: Option<Address>,
    /// The report may bring back the whole message, where its sender asked for that; else its header at most.
    pub may_be_whole: bool,
}

impl Refused {
    /// Nobody is told by mail.
    pub fn untold(reply: Reply) -> Self {
        Self { reply, to: None, may_be_whole: false }
    }
}

/// What the task works with.
pub struct Parts {
    /// The maildrop itself.
    pub folder: PathBuf,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub receiver: Receiver,
    pub alarms: Alarms,
    pub dice: Arc<Mutex<StdRng>>,
}

/// The folder, and what is known of the files in it.
pub struct Maildrop {
    parts: Parts,
    known: BTreeMap<OsString, Known>,
    /// The last file that had its turn.
    last: Option<OsString>,
    /// So many things that are no files lay there.
    others: usize,
    told: Told,
}

/// The alarm that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// Perhaps that of an earlier process: what it said has not been read yet.
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
    Unusable { until: Timestamp },
    /// Its message is in the queue, and only the file is still there. To delete it is tried again then.
    Taken { until: Timestamp },
}

impl Known {
    fn until(self) -> Timestamp {
        match self {
            Self::Waits { until, .. } | Self::Unusable { until } | Self::Taken { until } => until,
        }
    }
}

/// A file that is still there after its turn, and why.
struct Stays {
    known: Known,
    why: String,
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

/// How many messages lie in `folder`, as far as it can be read.
pub fn left(folder: &Path) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_str().is_some_and(drop_file::is_name)).count()
}

impl Maildrop {
    /// Nothing is known of the folder yet.
    pub fn new(parts: Parts) -> Self {
        Self { parts, known: BTreeMap::new(), last: None, others: 0, told: Told::Unknown }
    }

    /// Looks once: submits what is there, and says what is wrong.
    pub async fn look<F>(&mut self, submit: &impl Fn(Dropped) -> F)
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        let fault = match self.round(submit).await {
            Ok(()) => self.waits_for_a_person(),
            Err(error) => Some(format!(
                "No mail can be taken from the folder {}: {error}. What the sendmail command leaves there is not sent until that is mended. Where there is none, `bookpost install` makes it, as root.",
                self.parts.folder.display()
            )),
        };
        self.tell(fault).await;
    }

    async fn round<F>(&mut self, submit: &impl Fn(Dropped) -> F) -> io::Result<()>
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        check(&self.parts.folder)?;
        let now = self.parts.clock.now();
        let wall_clock = now.saturating_add(self.parts.clock.wall_departure()).unwrap_or(now);
        let behind = self.last.take();
        let question = Question { behind: behind.as_deref(), most: MOST_AT_ONCE, wall_clock };
        let rests = |name: &OsStr| self.known.get(name).map(|known| known.until() > now);
        let listing = listing::look(&self.parts.folder, &question, &rests)?;
        // What a person has seen to is there no more.
        self.known.retain(|name, _| listing.known.contains(name));
        if self.others != listing.others.count() {
            self.others = listing.others.count();
            log(&listing.others);
        }
        let mut noted = Noted::default();
        for name in listing.next {
            if self.parts.receiver.has_room().is_err() {
                break;
            }
            if let Some(stays) = self.take(&name, submit).await {
                self.note(&name, &stays, &mut noted);
            } else {
                self.known.remove(&name);
            }
            self.last = Some(name);
        }
        log(&noted);
        Ok(())
    }

    fn note(&mut self, name: &OsStr, stays: &Stays, noted: &mut Noted) {
        let before = self.known.get(name);
        if before.is_none_or(|before| mem::discriminant(before) != mem::discriminant(&stays.known)) {
            noted.note(&self.parts.folder, name, &stays.why);
        }
        if before.is_some() || self.known.len() < MOST_KNOWN {
            self.known.insert(name.to_owned(), stays.known);
        }
    }

    /// Does what is next with one file.
    async fn take<F>(&self, name: &OsStr, submit: &impl Fn(Dropped) -> F) -> Option<Stays>
    where
        F: Future<Output = Result<(), Refusal>>,
    {
        if let Some(Known::Taken { .. }) = self.known.get(name) {
            return self.delete(name).await;
        }
        let (path, limit) = (self.parts.folder.join(name), self.parts.settings.now().doors.largest_message);
        let read = tokio::task::spawn_blocking(move || files::read(&path, limit)).await;
        let (content, uid, is_whole) = match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(Found::Plain { content, uid, is_whole }) => (content, uid, is_whole),
            Ok(Found::Other(why)) => return Some(self.unusable(why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(self.unusable(&error.to_string())),
        };
        let mut dropped = match dropped(name, content, uid) {
            Ok(dropped) => dropped,
            Err(why) => {
                tracing::warn!(?name, uid, %why, "what was left in the maildrop is no message");
                return self.set_aside(name).await;
            }
        };
        dropped.is_too_large = !is_whole || dropped.content.len() > limit;
        match submit(dropped.clone()).await {
            Ok(()) => self.delete(name).await,
            Err(Refusal::Later(why)) => {
                Some(self.waits(name, format!("it could not be taken for the moment: {why}")))
            }
            Err(Refusal::Final(refused)) => {
                tracing::warn!(
                    ?name,
                    uid,
                    answer = refused.reply.code,
                    why = mail::address::mask_addresses(&refused.reply.text),
                    "a message in the maildrop is refused"
                );
                self.give_back(name, &dropped, &refused).await
            }
        }
    }

    async fn delete(&self, name: &OsStr) -> Option<Stays> {
        let error = match fs::remove_file(self.parts.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => error,
            _ => return None,
        };
        let now = self.parts.clock.now();
        let application = self.parts.settings.now().doors.sendmail.application.clone();
        let (store, file) = (self.parts.receiver.store(), name.to_string_lossy());
        // As long as the file is there, it has to be known what became of its message.
        for (application, key) in [(application.as_str(), file.to_string()), (OURS, returned_key(&file))] {
            if let Err(error) = store.remember_request(application, &key, now).await {
                tracing::error!(%error, "it could not be noted that a file of the maildrop is still there");
            }
        }
        let known = Known::Taken { until: later(now, DELETE_AGAIN) };
        Some(Stays { known, why: format!("it was taken, and cannot be deleted here: {error}") })
    }

    /// Back to the sender, or to a person where nobody may be told.
    async fn give_back(&self, name: &OsStr, dropped: &Dropped, refused: &Refused) -> Option<Stays> {
        let Some(to) = &refused.to else { return self.set_aside(name).await };
        let random = self.parts.dice.lock().unwrap_or_else(PoisonError::into_inner).random();
        let config = self.parts.settings.now();
        let report = returned::report(to, dropped, refused, &config, self.parts.clock.now(), random);
        if let Some(report) = report {
            let key = OnceKey {
                application: OURS.to_owned(),
                key: returned_key(&dropped.name),
                fingerprint: [0; 32],
            };
            if let Err(error) = self.parts.receiver.accept_once(key, vec![report], |_| Vec::new()).await {
                return Some(self.waits(name, format!("it is refused, and could not be returned: {error}")));
            }
        }
        // Of a large one the sender has nothing but the header, and the program that sent it has heard yes.
        if dropped.is_too_large { self.set_aside(name).await } else { self.delete(name).await }
    }

    async fn set_aside(&self, name: &OsStr) -> Option<Stays> {
        let path = self.parts.folder.join(name);
        let target = files::target(&self.refused(), name, self.parts.clock.now());
        let copied = tokio::task::spawn_blocking(move || files::copy(&path, &target)).await;
        match copied.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => self.delete(name).await,
            Err(error) => Some(self.unusable(&format!("it cannot be set aside: {error}"))),
        }
    }

    fn waits(&self, name: &OsStr, why: String) -> Stays {
        let now = self.parts.clock.now();
        let since = match self.known.get(name) {
            Some(Known::Waits { since, .. }) => *since,
            _ => now,
        };
        Stays { known: Known::Waits { since, until: later(now, TRY_AGAIN) }, why }
    }

    fn unusable(&self, why: &str) -> Stays {
        let known = Known::Unusable { until: later(self.parts.clock.now(), TRY_AGAIN) };
        Stays { known, why: why.to_owned() }
    }

    fn refused(&self) -> PathBuf {
        self.parts.settings.now().data_dir.join(REFUSED)
    }

    /// What only a person can see to, in words.
    fn waits_for_a_person(&self) -> Option<String> {
        let folder = self.parts.folder.display();
        if files::is_occupied(&self.refused()) {
            return Some(format!(
                "What was left in {folder} could not be accepted, and nobody could be told by mail, or it is too large to be returned whole. It lies in {}: look at it, and delete it.",
                self.refused().display()
            ));
        }
        let now = self.parts.clock.now();
        let is_late =
            |known: &Known| matches!(known, Known::Waits { since, .. } if later(*since, FOR_LONG) <= now);
        if self.known.values().any(is_late) {
            return Some(format!(
                "Mail that the sendmail command left in {folder} could not be taken for an hour. It is tried again every minute; the log names it, and says why it is not taken."
            ));
        }
        let stays = |known: &Known| matches!(known, Known::Unusable { .. } | Known::Taken { .. });
        (self.others > 0 || self.known.values().any(stays)).then(|| {
            format!(
                "In {folder} lies something that Bookpost cannot read or delete, or that is too large. The log names it, and says what is wrong with it. All other mail is sent."
            )
        })
    }

    async fn tell(&mut self, fault: Option<String>) {
        if self.told == Told::Unknown {
            self.told = self.told_before().await;
        }
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

    /// The alarm that an earlier process left open.
    async fn told_before(&self) -> Told {
        let Ok(open) = self.parts.receiver.store().alarms(true, OPEN).await else { return Told::Unknown };
        let ours = open.into_iter().find(|alarm| alarm.kind == AlarmKind::Held && alarm.subject == SUBJECT);
        ours.map_or(Told::Nothing, |alarm| Told::Fault(alarm.text))
    }
}

fn dropped(name: &OsStr, content: Bytes, uid: u32) -> Result<Dropped, NotADrop> {
    let name = name.to_str().filter(|name| drop_file::is_name(name)).ok_or(NotADrop::Name)?;
    let (envelope, content) = drop_file::parse(content)?;
    Ok(Dropped { name: name.to_owned(), envelope, content, is_too_large: false, uid })
}

/// By what it is known that a file was returned.
fn returned_key(file: &str) -> String {
    format!("maildrop-returned/{file}")
}

/// However much stays in the folder, it is one line.
fn log(noted: &Noted) {
    if let Some(line) = noted.line() {
        tracing::error!(files = noted.count(), "in the maildrop stays what could not be taken: {line}");
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
