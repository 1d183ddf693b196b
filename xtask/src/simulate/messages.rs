//! Messages on their way, several together where they came together and stand at the same place.

use std::cmp::Ordering;

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Accept,
    Claim,
    Mark,
    Settle,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// There is no answer yet.
    Open,
    Deferred,
    /// Delivered, or refused for good.
    Final,
}

/// So many messages that came at the same moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) count: u32,
    pub(super) born_at: f64,
    /// When the connections were taken that they are on.
    pub(super) taken_at: f64,
    /// Attempts that were put off.
    pub(super) tries: u8,
    pub(super) fate: Fate,
}

impl Part {
    pub(super) fn new(count: u32, born_at: f64) -> Self {
        Self { count, born_at, taken_at: 0.0, tries: 0, fate: Fate::Open }
    }

    /// The same at the same place, so many.
    pub(super) fn of(self, count: u32) -> Self {
        Self { count, ..self }
    }
}

/// What one commit stores.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) kind: Kind,
    pub(super) machine: usize,
    pub(super) parts: Vec<Part>,
    /// Processor time in seconds.
    pub(super) work: f64,
    /// What goes to the log.
    pub(super) bytes: f64,
}

/// What happens at a moment.
#[derive(Debug)]
pub(super) enum Event {
    /// So many messages are handed in.
    Arrives(u32),
    /// A machine has read and checked them.
    TakenIn { machine: usize, part: Part },
    /// The database has done the work of this one, which now waits for the disk.
    Worked { journal: bool, transaction: Box<Transaction> },
    /// These are on disk.
    Synced { cluster: usize, journal: bool, group: Vec<Transaction> },
    /// The mail server has answered for one message.
    Answered { machine: usize, part: Part },
    /// The time is over for which a machine gathers outcomes.
    Gathered { machine: usize },
    /// What was put off is due.
    Due { cluster: usize, part: Part },
}

impl Event {
    /// The messages that it carries.
    pub(super) fn parts(&self) -> Vec<Part> {
        match self {
            Self::Arrives(_) | Self::Gathered { .. } => Vec::new(),
            Self::TakenIn { part, .. } | Self::Answered { part, .. } | Self::Due { part, .. } => vec![*part],
            Self::Worked { transaction, .. } => transaction.parts.clone(),
            Self::Synced { group, .. } => group.iter().flat_map(|one| one.parts.clone()).collect(),
        }
    }
}

/// An event in the line of events: the earliest first, of the same moment the one that was planned first.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) at: f64,
    pub(super) number: u64,
    pub(super) event: Event,
}

impl Ord for Planned {
    /// The greatest is the next one, as a heap has it.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Planned {}
