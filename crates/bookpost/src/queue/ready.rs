//! Claimed messages in memory, waiting for a connection.

mod room;
mod turns;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use store::{Claimed, Class, RunId, Source};
use tokio::sync::Notify;

pub use self::room::Room;
use self::{room::Promised, turns::Turns};
use crate::deliver::letter::for_each_address;

/// Mail is kept in memory up to this many bytes; beyond it, fresh mail is stored as waiting.
pub const MEMORY_BUDGET: usize = 16 << 20;

/// The line before one route's connections: urgent, normal and bulk mail, each by turns of its sources.
#[derive(Debug)]
pub struct Ready {
    inner: Arc<Mutex<Inner>>,
    /// Another line over the same memory.
    beside: Option<Arc<Mutex<Inner>>>,
    /// Rung for each message that is put in line.
    pub arrived: Notify,
    /// Rung when the line is nearly empty.
    low: Arc<Notify>,
    /// Rung when a line that was long is so no more.
    shorter: Notify,
}

/// The mail of a run, or of some of its libraries; no library means all.
#[derive(Debug, Clone)]
pub struct OfRun {
    pub run: RunId,
    pub sites: BTreeSet<String>,
}

impl OfRun {
    fn covers(&self, message: &Claimed) -> bool {
        let is_theirs = || message.site.as_ref().is_some_and(|site| self.sites.contains(site));
        message.run == Some(self.run) && (self.sites.is_empty() || is_theirs())
    }
}

/// A line of more bytes is long: whoever can wait does.
const LONG: usize = MEMORY_BUDGET / 4;

#[derive(Debug, Default)]
struct Inner {
    lines: [Turns; 3],
    /// In line.
    bytes: usize,
    /// To mail that is being stored.
    promised: Promised,
    turn: u32,
    stopped: bool,
    /// A probe lacks a message: the next one is kept for it.
    keeps_one: bool,
    kept: Option<Claimed>,
}

/// The dispatcher is told when fewer messages than this are in line.
const LOW: usize = 64;

impl Ready {
    /// An empty line that rings `low` when it is nearly empty.
    pub fn new(low: Arc<Notify>) -> Self {
        Self { inner: Arc::default(), beside: None, arrived: Notify::new(), low, shorter: Notify::new() }
    }

    /// An empty line in which there is only as much room as that one leaves.
    pub fn beside(other: &Self) -> Self {
        Self { beside: Some(Arc::clone(&other.inner)), ..Self::new(Arc::clone(&other.low)) }
    }

    /// Puts messages at the end of their lines. When the line is stopped they come back.
    ///
    /// Of a notice that goes to several addresses each mail counts with all its bytes. While they stand in line they share them; but each is
    /// written anew with its own address when its turn comes (`deliver::letter`), and may be on a connection with the others. So the sum is
    /// the most that they come to take, and never less than what they take.
    pub fn push(&self, messages: Vec<Claimed>) -> Vec<Claimed> {
        let messages: Vec<_> = messages.into_iter().flat_map(for_each_address).collect();
        let count = messages.len();
        let mut inner = self.lock();
        if inner.stopped {
            return messages;
        }
        let keeps = inner.keeps_one && inner.kept.is_none();
        let mut messages = messages.into_iter();
        if keeps {
            inner.kept = messages.next();
            inner.bytes += inner.kept.as_ref().map_or(0, |kept| kept.bytes.len());
        }
        for message in messages {
            inner.bytes += message.bytes.len();
            inner.line(message.class).push_back(message);
        }
        drop(inner);
        if keeps {
            self.low.notify_one();
        }
        for _ in 0..count.min(LOW) {
            self.arrived.notify_one();
        }
        Vec::new()
    }

    /// Puts a message at the head of its line, to go next. When the line is stopped it comes back.
    pub fn push_first(&self, message: Claimed) -> Option<Claimed> {
        let mut inner = self.lock();
        if inner.stopped {
            return Some(message);
        }
        inner.bytes += message.bytes.len();
        inner.line(message.class).push_front(message);
        drop(inner);
        self.arrived.notify_one();
        None
    }

    /// The next message. Of every four turns one begins with normal mail, and each fourth of these with bulk mail, so that neither
    /// ever starves.
    pub fn take(&self) -> Option<Claimed> {
        self.take_by(|inner| {
            inner.turn = inner.turn.wrapping_add(1);
            let order: [usize; 3] = match inner.turn % 16 {
                0 => [2, 1, 0],
                4 | 8 | 12 => [1, 2, 0],
                _ => [0, 1, 2],
            };
            order.into_iter().find_map(|line| inner.lines.get_mut(line)?.pop_front())
        })
    }

    /// The next urgent message, for a connection that is kept free for these.
    pub fn take_urgent(&self) -> Option<Claimed> {
        self.take_by(|inner| inner.line(Class::Urgent).pop_front())
    }

    fn take_by(&self, next: impl FnOnce(&mut Inner) -> Option<Claimed>) -> Option<Claimed> {
        let mut inner = self.lock();
        if inner.stopped {
            return None;
        }
        let taken = next(&mut inner);
        let low = inner.len() < LOW;
        let was_long = inner.bytes > LONG;
        if let Some(message) = &taken {
            inner.bytes = inner.bytes.saturating_sub(message.bytes.len());
        }
        let shorter = was_long && inner.bytes <= LONG;
        drop(inner);
        if shorter {
            self.shorter.notify_waiters();
        }
        if low {
            self.low.notify_one();
        }
        taken
    }

    /// Keeps the next message for a probe that lacks one; or no more: then what was kept goes first.
    pub fn keep_one(&self, keeps: bool) {
        let mut inner = self.lock();
        inner.keeps_one = keeps;
        if !keeps && let Some(kept) = inner.kept.take() {
            inner.line(kept.class).push_front(kept);
            drop(inner);
            self.arrived.notify_one();
        }
    }

    /// Is there a message that was kept for a probe?
    pub fn has_kept(&self) -> bool {
        self.lock().kept.is_some()
    }

    /// A message for a probe: the one that was kept, or else the next.
    pub fn take_for_probe(&self) -> Option<Claimed> {
        let mut inner = self.lock();
        let Some(kept) = inner.kept.take() else {
            drop(inner);
            return self.take();
        };
        inner.bytes = inner.bytes.saturating_sub(kept.bytes.len());
        Some(kept)
    }

    /// Takes these messages out of the line.
    pub fn take_out(&self, these: &OfRun) -> Vec<Claimed> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        for line in &mut inner.lines {
            let (out, others): (Vec<_>, Vec<_>) =
                line.take_all().into_iter().partition(|one| these.covers(one));
            for other in others {
                line.push_back(other);
            }
            taken.extend(out);
        }
        taken.extend(inner.kept.take_if(|kept| these.covers(kept)));
        let bytes: usize = taken.iter().map(|one: &Claimed| one.bytes.len()).sum();
        inner.bytes = inner.bytes.saturating_sub(bytes);
        drop(inner);
        self.shorter.notify_waiters();
        taken
    }

    /// Recipients of these messages in line.
    pub fn recipients(&self, these: &OfRun) -> usize {
        let inner = self.lock();
        let all = inner.lines.iter().flat_map(Turns::iter).chain(&inner.kept);
        all.filter(|one| these.covers(one)).map(|one| one.recipients.len()).sum()
    }

    /// Messages in line.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Is nothing in line?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is nothing in line, and does this hold while nobody can put anything in, or take anything out?
    pub fn is_empty_and(&self, holds: impl FnOnce() -> bool) -> bool {
        let inner = self.lock();
        inner.len() == 0 && holds()
    }

    /// Urgent messages in line.
    pub fn urgent(&self) -> usize {
        self.lock().line(Class::Urgent).len()
    }

    /// Room in memory for `bytes` of this source, if there is some: kept free until the message is in line. A source may fill as much as
    /// it leaves free, so that whoever comes after it finds room too.
    pub fn reserve(&self, class: Class, source: Source, bytes: usize) -> Option<Room> {
        let (_, beside) = self.stands_beside();
        let mut inner = self.lock();
        let of = (class, source);
        let own = inner.line(class).bytes_of(source) + inner.promised.to(of);
        if inner.stopped || own + bytes > inner.free().saturating_sub(beside) {
            return None;
        }
        inner.promised.add(of, bytes);
        drop(inner);
        Some(Room { inner: Arc::clone(&self.inner), of, bytes })
    }

    /// Waits until the line is not long, or stopped.
    pub async fn not_long(&self) {
        loop {
            // Made before the line is looked at, so that no ring in between is missed.
            let shorter = self.shorter.notified();
            if !self.is_long() {
                return;
            }
            shorter.await;
        }
    }

    fn is_long(&self) -> bool {
        let inner = self.lock();
        !inner.stopped && inner.bytes > LONG
    }

    /// May nothing leave now?
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Should more be claimed? What stands in the line beside it counts.
    pub fn is_low(&self) -> bool {
        let (messages, bytes) = self.stands_beside();
        let inner = self.lock();
        inner.len() + messages < LOW && inner.bytes + bytes < MEMORY_BUDGET / 2
    }

    /// Does so much stand in it that whoever comes next is to come later?
    pub fn is_full(&self) -> bool {
        let inner = self.lock();
        inner.len() >= LOW || inner.bytes >= LONG
    }

    /// Bytes that could be claimed.
    pub fn free(&self) -> usize {
        let (_, beside) = self.stands_beside();
        self.lock().free().saturating_sub(beside)
    }

    /// Messages and bytes in the line beside it. What a large one takes beyond its share keeps nothing from this line.
    fn stands_beside(&self) -> (usize, usize) {
        self.beside.as_ref().map_or((0, 0), |beside| {
            let inner = beside.lock().unwrap_or_else(PoisonError::into_inner);
            (inner.len(), inner.bytes.min(LONG))
        })
    }

    /// Stops the line, or lets it move again. What stands in a line that is stopped is handed out, to be given back.
    pub fn set_stopped(&self, stopped: bool) -> Vec<Claimed> {
        let mut inner = self.lock();
        inner.stopped = stopped;
        if !stopped {
            return Vec::new();
        }
        inner.bytes = 0;
        self.shorter.notify_waiters();
        let kept = inner.kept.take();
        kept.into_iter().chain(inner.lines.iter_mut().flat_map(Turns::take_all)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn line(&mut self, class: Class) -> &mut Turns {
        let [urgent, normal, bulk] = &mut self.lines;
        match class {
            Class::Urgent => urgent,
            Class::Normal => normal,
            Class::Bulk => bulk,
        }
    }

    fn free(&self) -> usize {
        MEMORY_BUDGET.saturating_sub(self.bytes + self.promised.bytes)
    }

    fn len(&self) -> usize {
        self.lines.iter().map(Turns::len).sum::<usize>() + usize::from(self.kept.is_some())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::future::poll_immediate;
    use jiff::Timestamp;
    use mail::{Address, Envelope, ReversePath};
    use store::{Kind, MessageId};

    use super::*;

    fn message(bytes: usize, run: RunId) -> Claimed {
        Claimed {
            id: MessageId(1),
            kind: Kind::Mail,
            class: Class::Normal,
            practice: false,
            application: "notices".to_owned(),
            site: None,
            run: Some(run),
            envelope: Envelope::to_one(ReversePath::Null, Address::parse("ann@example.org").unwrap()),
            recipients: Vec::new(),
            first_due_at: Timestamp::UNIX_EPOCH,
            bytes: Bytes::from(vec![0; bytes]),
        }
    }

    /// Else a message could go from a connection back into the line between the two looks, and be seen in neither.
    #[test]
    fn while_somebody_looks_what_else_is_under_way_nothing_is_put_in_line() {
        let ready = Ready::new(Arc::default());
        assert!(ready.is_empty_and(|| ready.inner.try_lock().is_err()));
        assert!(!ready.is_empty_and(|| false));
    }

    /// Whoever waits for a long line to be shorter hears of it, though nothing of it was sent.
    #[tokio::test]
    async fn who_waits_for_a_long_line_hears_when_a_run_is_taken_out_of_it() {
        let (ready, run) = (Ready::new(Arc::default()), RunId(1));
        assert!(ready.push(vec![message(LONG + 1, run)]).is_empty());
        let mut waits = Box::pin(ready.not_long());
        assert!(poll_immediate(&mut waits).await.is_none(), "it is long");
        assert_eq!(ready.take_out(&OfRun { run, sites: BTreeSet::new() }).len(), 1);
        assert!(poll_immediate(&mut waits).await.is_some());
    }

    #[test]
    fn what_is_promised_room_counts_before_it_is_in_line() {
        let ready = Ready::new(Arc::default());
        let [one, other] = [1, 2].map(Source);
        let of_one = |bytes| ready.reserve(Class::Normal, one, bytes);
        let half = of_one(MEMORY_BUDGET / 2).unwrap();
        assert!(of_one(1).is_none(), "it leaves as much free as it has");
        let quarter = ready.reserve(Class::Normal, other, MEMORY_BUDGET / 4).unwrap();
        assert_eq!(ready.free(), MEMORY_BUDGET / 4);
        let urgent = ready.reserve(Class::Urgent, other, MEMORY_BUDGET / 4);
        assert!(urgent.is_some() && ready.free() == 0);
        assert!(ready.reserve(Class::Bulk, Source(3), 1).is_none(), "nothing is left");
        let others = Ready::new(Arc::default());
        let beside = Ready::beside(&others);
        assert!(others.push(vec![message(LONG, RunId(1))]).is_empty() && others.is_full());
        let left = MEMORY_BUDGET - LONG;
        assert_eq!(beside.free(), left, "both lie in the same memory");
        assert!(beside.reserve(Class::Normal, one, left + 1).is_none());
        assert!(beside.reserve(Class::Normal, one, left).is_some());
        assert!(others.push(vec![message(MEMORY_BUDGET, RunId(1))]).is_empty());
        assert_eq!(beside.free(), left, "a large one takes no more");
        drop((half, quarter, urgent));
        assert!(ready.free() == MEMORY_BUDGET && of_one(MEMORY_BUDGET / 2).is_some());
        let _ = ready.set_stopped(true);
        assert!(of_one(1).is_none(), "nothing may leave");
    }
}
