//! What an end of a process left in flight, and what becomes of it, of whatever database.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mail::{Phase, Reason};

use crate::{Attempt, Restart, Restarted, Source, State};

/// Strikes after which a message is set aside: attempts that broke, or deaths of the process while it attempted that recipient alone.
pub(crate) const STRIKES: i64 = 3;

/// One recipient that was in flight.
pub(crate) struct InFlight {
    pub(crate) id: i64,
    pub(crate) alone: bool,
    pub(crate) strikes: i64,
    pub(crate) never_in_doubt: bool,
    pub(crate) lease: i64,
    pub(crate) source: Source,
}

/// What becomes of it.
pub(crate) struct Fate {
    pub(crate) to: State,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) alone: bool,
    pub(crate) strikes: i64,
    /// It has perhaps arrived.
    pub(crate) in_doubt: bool,
    /// The process died too often while it attempted it alone.
    pub(crate) broke: bool,
    pub(crate) reason: Option<&'static str>,
}

/// The attempt that the end of the program broke off; when it began died with the program.
pub(crate) fn lost_answer(now: Timestamp) -> Attempt {
    Attempt {
        instead_of: None,
        started_at: now,
        ended_at: now,
        server: String::new(),
        phase: Phase::Dot,
        reason: Some(Reason::AnswerUnknown),
        answer: "the program ended while the server was answering".to_owned(),
    }
}

/// What is known of what was in flight, by recipient and lease.
pub(crate) struct Known {
    begun: BTreeSet<(i64, i64)>,
    /// When each is attempted next; None: it waits for a person.
    in_doubt: BTreeMap<(i64, i64), Option<Timestamp>>,
}

impl From<Restart> for Known {
    fn from(known: Restart) -> Self {
        let doubts = known.in_doubt.into_iter();
        Self {
            begun: known.begun.into_iter().map(|(id, lease)| (id.0, lease.0)).collect(),
            in_doubt: doubts.map(|one| ((one.recipient.0, one.lease.0), one.due_at)).collect(),
        }
    }
}

impl Known {
    /// Transmission had begun, and there is nothing to say that it did not arrive.
    pub(crate) fn doubt(&mut self, one: &InFlight, due_at: Timestamp) {
        self.in_doubt.entry((one.id, one.lease)).or_insert(Some(due_at));
    }

    /// What becomes of one.
    pub(crate) fn fate(&self, one: &InFlight, now: Timestamp) -> Fate {
        let key = (one.id, one.lease);
        let doubt = self.in_doubt.get(&key);
        let in_doubt = doubt.is_some();
        let strikes = one.strikes + i64::from(one.alone);
        let broke = one.alone && strikes >= STRIKES;
        let (to, due_at) = match doubt {
            _ if broke => (State::Held, None),
            // The second answer that was lost: a server that takes each copy would else get one at every attempt.
            Some(Some(_)) if !one.never_in_doubt => (State::InDoubt, None),
            Some(None) => (State::InDoubt, None),
            Some(Some(due_at)) => (State::Waiting, Some(*due_at)),
            None => (State::Waiting, Some(now)),
        };
        // What only stood in line cannot have ended the program, and thousands may have stood there.
        let alone = to == State::Waiting && (one.alone || in_doubt || self.begun.contains(&key));
        let reason = if broke { Some("broke") } else { in_doubt.then_some("answer_unknown") };
        Fate { to, due_at, alone, strikes, in_doubt, broke, reason }
    }
}

impl Restarted {
    /// One more.
    pub(crate) fn add(&mut self, fate: &Fate) {
        let waits = fate.to == State::Waiting;
        self.in_doubt += u64::from(fate.in_doubt);
        self.waiting += u64::from(waits && !fate.in_doubt && !fate.alone);
        self.alone += u64::from(fate.alone && !fate.in_doubt);
        self.struck_out += u64::from(fate.broke);
    }
}
