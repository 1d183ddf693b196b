//! The trials that are under way, and those of the last minutes: in memory alone, few at once, and each for whoever made it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use mail::Address;
use rand::RngExt as _;
use store::{AuditId, PersonId, SessionId};
use tokio::sync::watch;

use crate::{app::secret_dice, config::Server, deliver::trial::Event, identity::Visitor};

/// Then it is forgotten.
const KEPT: SignedDuration = SignedDuration::from_mins(10);
/// At the same time, of everybody together. Each person has one.
const MOST_AT_ONCE: usize = 4;
/// Of one person, while they are kept: nobody looks through the ports of a network with it.
const MOST_OF_ONE: usize = 12;

/// All of them. Clones are the same.
#[derive(Clone, Default)]
pub(in crate::web::pages) struct Trials(Arc<Mutex<BTreeMap<String, Known>>>);

struct Known {
    session: SessionId,
    person: PersonId,
    began_at: Timestamp,
    course: watch::Receiver<Course>,
}

/// How far it has come.
#[derive(Debug, Clone)]
pub(in crate::web::pages) struct Course {
    pub(in crate::web::pages) server: Arc<Server>,
    /// Whom the test message is for; None: there is none.
    pub(in crate::web::pages) to: Option<Address>,
    /// The form that it was begun from, without passwords; None: there is none to go back to.
    pub(in crate::web::pages) back: Option<Vec<(String, String)>>,
    pub(in crate::web::pages) told: Vec<Event>,
    pub(in crate::web::pages) end: Option<End>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web::pages) enum End {
    /// All steps were made; the line of the log that says so.
    Passed(AuditId),
    /// A step failed.
    Failed,
    /// It could not be made, or could not be noted.
    Broken,
}

/// Why there is none just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web::pages) enum Busy {
    Own,
    Others,
    Many,
}

impl Course {
    /// It has its end, or whoever made it tells nothing more.
    pub(super) fn is_over(course: &watch::Receiver<Self>) -> bool {
        let mut seen = course.clone();
        seen.mark_unchanged();
        seen.borrow().end.is_some() || seen.has_changed().is_err()
    }
}

impl Trials {
    /// A place for one more; it is under way as long as the sender is there.
    pub(super) fn begin(
        &self,
        visitor: &Visitor,
        course: Course,
        now: Timestamp,
    ) -> Result<(String, watch::Sender<Course>), Busy> {
        let (session, person) = (visitor.session().id, visitor.person().id);
        let mut known = self.known(now);
        let running = |known: &&Known| !Course::is_over(&known.course);
        let own = || known.values().filter(|known| known.person == person);
        if own().any(|known| running(&known)) {
            return Err(Busy::Own);
        }
        if own().count() >= MOST_OF_ONE {
            return Err(Busy::Many);
        }
        if known.values().filter(running).count() >= MOST_AT_ONCE {
            return Err(Busy::Others);
        }
        let (sender, course) = watch::channel(course);
        let id = format!("{:032x}", secret_dice().random::<u128>());
        known.insert(id.clone(), Known { session, person, began_at: now, course });
        Ok((id, sender))
    }

    /// The trial of this name, for the session in which it was begun.
    pub(super) fn of(&self, visitor: &Visitor, id: &str, now: Timestamp) -> Option<watch::Receiver<Course>> {
        let known = self.known(now);
        let own = known.get(id).filter(|known| known.session == visitor.session().id);
        own.map(|known| known.course.clone())
    }

    /// Those that are not forgotten.
    fn known(&self, now: Timestamp) -> MutexGuard<'_, BTreeMap<String, Known>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, trial| now.duration_since(trial.began_at) < KEPT || !Course::is_over(&trial.course));
        known
    }
}
