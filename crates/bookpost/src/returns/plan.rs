//! Which returns go into which letter: a pure decision.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use store::{MessageId, Obligation};

/// One letter to a return address. It covers at least one return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) form: Form,
    pub(super) first: Obligation,
    pub(super) others: Vec<Obligation>,
}

/// How a letter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The returns of one message.
    Report,
    /// Many returns in one.
    Digest,
}

impl Letter {
    fn new(form: Form, mut owed: Vec<Obligation>) -> Option<Self> {
        let others = owed.split_off(owed.len().min(1));
        Some(Self { form, first: owed.pop()?, others })
    }

    /// All that it covers.
    pub(super) fn owed(&self) -> impl Iterator<Item = &Obligation> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// The letters to write now for one return address, to which `owed` is due and which has seen `recent` returns within
/// `window`. From more than `digest_from` on, all wait until the first of them is as old as the window, and go as one.
pub(super) fn letters(
    owed: Vec<Obligation>,
    recent: u64,
    digest_from: u64,
    window: Duration,
    now: Timestamp,
) -> Vec<Letter> {
    let many = recent.max(u64::try_from(owed.len()).unwrap_or(u64::MAX)) > digest_from;
    if many {
        let oldest = owed.iter().map(|one| one.owed_since).min();
        let ripe = oldest.is_some_and(|oldest| now.duration_since(oldest).unsigned_abs() >= window);
        return Letter::new(Form::Digest, owed).filter(|_| ripe).into_iter().collect();
    }
    let mut by_message: BTreeMap<MessageId, Vec<Obligation>> = BTreeMap::new();
    for one in owed {
        by_message.entry(one.row.message).or_default().push(one);
    }
    by_message.into_values().filter_map(|owed| Letter::new(Form::Report, owed)).collect()
}
