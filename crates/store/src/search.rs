//! Finding mail: what is asked for, and how much of an answer is given at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use mail::Address;
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, MessageId, RecipientId, Row, RunId, State, Store, before};

/// Words are looked for in the subjects of mail that was accepted within so long.
pub const SUBJECTS_SEARCHED: Duration = Duration::from_hours(7 * 24);
/// Letters of an address, at least, by whose beginning mail is looked for.
pub const LEAST_BEGINNING: usize = 3;

/// Which recipients to list; all given conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only of this site; where it is empty, of none.
    pub site: Option<String>,
    /// Only of one of these sites; empty: of any, and of none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sites: BTreeSet<String>,
    /// Only what was accepted from this instant on.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Only what came to the end that it has from this instant on: delivered, practiced, returned, cancelled or in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_since: Option<Timestamp>,
    /// Only to this address, in capitals or not.
    pub address: Option<Address>,
    /// Only to addresses that begin like this, in capitals or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
    /// Only to addresses at this domain, in capitals or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Only what has all of these words, or parts of words, in its subject. Looks through all mail since `since`: see
    /// [`Filter::within_reach`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only recipients that were ever in doubt.
    pub ever_in_doubt: bool,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only what this application handed in; never a report, an alarm or a notice, whatever the application is called.
    pub application: Option<String>,
    /// Only what has this among its tags.
    #[serde(default)]
    pub tag: Option<String>,
    /// Only copies to teachers, or none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<bool>,
    /// Only what a person's decision of this instant brought into `state`, held or waiting, and what has not gone on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Only what was there already when this was the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<RecipientId>,
}

impl Filter {
    /// Words of a subject are looked for in no older mail than [`SUBJECTS_SEARCHED`].
    #[must_use]
    pub fn within_reach(mut self, now: Timestamp) -> Self {
        if self.subject.is_some() {
            self.since = self.since.max(Some(before(now, SUBJECTS_SEARCHED)));
        }
        self
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The newest first.
    pub rows: Vec<Row>,
    /// The list may go on below this one.
    pub next: Option<RecipientId>,
    /// So much mail was looked through that it ended before the part was full: with what was accepted then.
    pub looked_back_to: Option<Timestamp>,
}

/// How many recipients match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// How many are in which state.
    pub states: BTreeMap<State, u64>,
    /// There may be more: not everything was looked through, or counted.
    pub more: bool,
}

impl Counted {
    /// What was counted of the newest; `more` where older mail was not looked through.
    pub(crate) fn within(states: BTreeMap<State, u64>, more: bool) -> Self {
        let full = states.values().sum::<u64>() >= COUNTED as u64;
        Self { states, more: more || full }
    }
}

/// What is to be known of a message before something is decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The message.
    pub message: MessageId,
    /// Site code, where one is known.
    pub site: Option<String>,
    /// Its subject.
    pub subject: String,
    /// How many of its recipients are in which state.
    pub states: BTreeMap<State, u64>,
}

/// Finding mail.
impl Store {
    /// The newest recipients below `after`, up to `limit`. Takes no longer however much mail there is: it looks through a certain amount,
    /// and says where to go on.
    pub async fn part(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Part, Error> {
        ask!(self.db.part(filter, after, limit).await)
    }

    /// How many recipients match. Takes no longer however much mail there is, as [`Store::part`].
    pub async fn count(&self, filter: Filter) -> Result<Counted, Error> {
        ask!(self.db.count(filter).await)
    }

    /// Those of these messages that are there, by their numbers.
    pub async fn outlines(&self, messages: &[MessageId]) -> Result<Vec<Outline>, Error> {
        ask!(self.db.outlines(messages.to_vec()).await)
    }
}

/// What so few are is known one by one; what is more is met often enough down the key.
pub(crate) const FEW: usize = 5_000;
/// What one part looks through, at most: recipients, messages of one kind, and messages whose subjects alone are read.
pub(crate) const LOOKED: usize = 10_000;
pub(crate) const LOOKED_MESSAGES: usize = 40_000;
pub(crate) const LOOKED_SUBJECTS: usize = 30_000;
/// So many recipients are counted, at most: each is read where it stands, which costs more than to look at a subject.
pub(crate) const COUNTED: usize = 10_000;

/// Between these stand all texts that begin like this.
pub(crate) fn bounds(beginning: &str) -> (String, String) {
    (beginning.to_owned(), format!("{beginning}{}", char::MAX))
}

/// As itself within a pattern.
pub(crate) fn escaped(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    for letter in word.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// How a word may stand in a text of which a database knows small and large letters as one where they are of English: with others it is looked
/// for in small letters and in large ones too.
pub(crate) fn spellings(word: &str) -> Vec<String> {
    let mut ways = vec![word.to_owned()];
    if !word.is_ascii() {
        ways.extend([word.to_lowercase(), word.to_uppercase()]);
        ways.dedup();
    }
    ways
}
