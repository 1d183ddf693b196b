//! Promise, ledger and queue side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use bookpost::app::clock::SystemClock;
use jiff::Timestamp;
use mail::clock::Clock;
use store::{Filter, State, Store};
use testkit::sink::Taken;

/// Rows that are read at a time.
const PAGE: usize = 1_000;

/// The Message-ID of the message with this number.
pub(crate) fn message_id(number: u64) -> String {
    format!("<{number}@crash.example.org>")
}

/// A queue that is opened at another time has its instants moved to it.
pub(crate) fn today() -> Timestamp {
    SystemClock::start().now()
}

/// What was found when all was over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Messages that were promised and are not in the queue.
    pub(crate) lost: Vec<String>,
    /// Messages that came twice to the server and are not on the in-doubt list.
    pub(crate) silently_doubled: Vec<String>,
    /// Queue and server do not agree: what each says.
    pub(crate) disagreements: Vec<String>,
    /// What the queue's own check finds.
    pub(crate) damage: Vec<String>,
    /// Messages that came to the server more than once.
    pub(crate) doubled: usize,
    /// Messages on the in-doubt list.
    pub(crate) in_doubt: usize,
    /// Messages in the queue.
    pub(crate) messages: usize,
    /// Their Message-IDs.
    known: BTreeSet<String>,
}

impl Account {
    /// Those of `numbers` that are in the queue.
    pub(crate) fn refused(&self, numbers: &BTreeSet<u64>) -> Vec<String> {
        numbers.iter().map(|number| message_id(*number)).filter(|id| self.known.contains(id)).collect()
    }

    /// Fails the test unless all is in order.
    pub(crate) fn assert_sound(&self, told: &str) {
        let found = [&self.lost, &self.silently_doubled, &self.disagreements, &self.damage];
        assert!(found.iter().all(|list| list.is_empty()), "{told}: {self:#?}");
    }
}

/// Lays them side by side, after everything was delivered. The store is closed again.
pub(crate) async fn account(folder: &Path, ledger: &Path, promised: &BTreeSet<u64>) -> Account {
    let taken = taken(ledger);
    let store = Store::open(folder, today()).unwrap();
    let mut account = Account { damage: store.check().await.unwrap(), ..Account::default() };
    let mut known = BTreeSet::new();
    let mut after = None;
    loop {
        let rows = store.list(Filter::default(), after, PAGE).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some(last.recipient);
        for row in rows {
            let times = taken.get(&row.message_id).copied().unwrap_or(0);
            // Two answers lost to two ends of the program: whether it came, a person finds out.
            let asked_for = row.state == State::InDoubt && row.in_doubt_at.is_some();
            if !asked_for && (row.state != State::Delivered || times == 0) {
                let line = format!("{} is {:?} and came {times} times", row.message_id, row.state);
                account.disagreements.push(line);
            }
            account.doubled += usize::from(times > 1);
            account.in_doubt += usize::from(row.in_doubt_at.is_some());
            if times > 1 && row.in_doubt_at.is_none() {
                account.silently_doubled.push(row.message_id.clone());
            }
            if !known.insert(row.message_id.clone()) {
                account.disagreements.push(format!("{} is in the queue twice", row.message_id));
            }
        }
    }
    store.close().await.unwrap();
    account.messages = known.len();
    account.lost =
        promised.iter().map(|number| message_id(*number)).filter(|id| !known.contains(id)).collect();
    let unknown = taken.keys().filter(|id| !known.contains(*id));
    account.disagreements.extend(unknown.map(|id| format!("{id} came and is not in the queue")));
    account.known = known;
    account
}

/// How often each message came.
fn taken(ledger: &Path) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for line in fs::read_to_string(ledger).unwrap_or_default().lines() {
        let taken: Taken = serde_json::from_str(line).unwrap();
        *times.entry(taken.id).or_default() += 1;
    }
    times
}
