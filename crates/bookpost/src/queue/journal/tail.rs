//! The end of the journal, where records are added, and the account of which segments are still needed.
//!
//! Segments are retired strictly in the order in which they were begun: an outcome never goes before the mark that it
//! answers, and a mark never before the answer is in the database.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::Arc,
};

use super::{
    disk::Disk,
    error::JournalError,
    record::{self, HEAD, Key, Kind, Seal},
    segment::{self, FIRST_RECORD, Header, Segment},
};

/// Segments made in advance, so that nobody waits for one to be written with zeroes.
const SPARE: usize = 1;

/// The end of the journal.
pub(super) struct Tail {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    /// What each new segment's header says, but for the generation.
    pub(super) header: Header,
    pub(super) next_number: u32,
    /// In use, oldest first; the last is written to.
    live: VecDeque<Live>,
    free: VecDeque<Arc<Segment>>,
    /// Written since the last sync.
    dirty: Vec<Arc<Segment>>,
    open: HashMap<Key, Open>,
    /// The place of the next record in the last segment.
    at: usize,
    records: u64,
    poison: Option<String>,
}

/// A segment in use.
struct Live {
    segment: Arc<Segment>,
    seal: Seal,
    /// Marks and outcomes in it that are not in the database yet.
    open: usize,
}

/// Where the records are that one recipient still needs, by generation.
#[derive(Default)]
struct Open {
    mark: Option<u64>,
    outcome: Option<u64>,
}

impl Tail {
    /// A journal with these segments of earlier starts (oldest first, needed until [`Tail::replay_settled`]) and these free
    /// ones. `header.seal.generation` is the highest generation found.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        header: Header,
        next_number: u32,
        replayed: Vec<(Seal, Segment)>,
        free: Vec<Segment>,
    ) -> Self {
        let live = replayed
            .into_iter()
            .map(|(seal, segment)| Live { segment: Arc::new(segment), seal, open: 1 })
            .collect();
        Self {
            disk,
            folder,
            header,
            next_number,
            live,
            free: free.into_iter().map(Arc::new).collect(),
            dirty: Vec::new(),
            open: HashMap::new(),
            at: segment::SIZE,
            records: 0,
            poison: None,
        }
    }

    /// Fails if a write or sync has failed before.
    pub(super) fn usable(&self) -> Result<(), JournalError> {
        self.poison.as_ref().map_or(Ok(()), |why| Err(JournalError::Poisoned(why.clone())))
    }

    /// From now on every call fails.
    pub(super) fn poison(&mut self, why: impl std::fmt::Display) -> JournalError {
        let why = self.poison.get_or_insert_with(|| why.to_string());
        JournalError::Poisoned(why.clone())
    }

    /// Writes marks for `groups`. On an error none of them counts.
    pub(super) fn mark<'a>(
        &mut self,
        groups: impl Iterator<Item = &'a [Key]> + Clone,
    ) -> Result<(), JournalError> {
        let result = self.write_marks(groups.clone());
        if result.is_err() {
            for key in groups.flatten() {
                self.forget_mark(key);
            }
        }
        result
    }

    fn write_marks<'a>(&mut self, groups: impl Iterator<Item = &'a [Key]>) -> Result<(), JournalError> {
        self.usable()?;
        let mut batch = Vec::new();
        for keys in groups.flat_map(|group| group.chunks(record::KEYS_PER_RECORD)) {
            let body = record::keys_body(Kind::Mark, keys);
            let generation = self.add(&body, &mut batch)?;
            for key in keys {
                self.forget_mark(key);
                self.open.entry(*key).or_default().mark = Some(generation);
                self.count(generation, 1);
            }
        }
        self.flush(&mut batch)
    }

    /// Writes that `keys` leave now.
    pub(super) fn released(&mut self, keys: &[Key]) -> Result<(), JournalError> {
        self.write_keys(Kind::Released, keys)
    }

    /// Writes that `keys` did not leave; their mark is void.
    pub(super) fn withdrawn(&mut self, keys: &[Key]) -> Result<(), JournalError> {
        self.write_keys(Kind::Withdrawn, keys)?;
        for key in keys {
            self.forget_mark(key);
        }
        self.retire()
    }

    fn write_keys(&mut self, kind: Kind, keys: &[Key]) -> Result<(), JournalError> {
        self.usable()?;
        let mut batch = Vec::new();
        for keys in keys.chunks(record::KEYS_PER_RECORD) {
            self.add(&record::keys_body(kind, keys), &mut batch)?;
        }
        self.flush(&mut batch)
    }

    /// Writes outcomes, each with the body of its record.
    pub(super) fn outcomes(&mut self, outcomes: &[(Key, Vec<u8>)]) -> Result<(), JournalError> {
        self.usable()?;
        let mut batch = Vec::new();
        for (key, body) in outcomes {
            let generation = self.add(body, &mut batch)?;
            let earlier = self.open.entry(*key).or_default().outcome.replace(generation);
            self.count(generation, 1);
            if let Some(earlier) = earlier {
                self.count(earlier, -1);
            }
        }
        self.flush(&mut batch)
    }

    /// The database has these: their marks and outcomes are needed no longer.
    pub(super) fn committed(&mut self, keys: impl Iterator<Item = Key>) -> Result<(), JournalError> {
        self.usable()?;
        let mut unanswered = Vec::new();
        for key in keys {
            let Some(open) = self.open.remove(&key) else { continue };
            if open.outcome.is_none() {
                unanswered.push(key);
            }
            for generation in [open.mark, open.outcome].into_iter().flatten() {
                self.count(generation, -1);
            }
        }
        // Its outcome went past the journal: without this the next start would take the mark for a doubt.
        self.write_keys(Kind::Withdrawn, &unanswered)?;
        self.retire()
    }

    /// What was replayed is in the database.
    pub(super) fn replay_settled(&mut self) -> Result<(), JournalError> {
        self.usable()?;
        let epoch_began = self.header.seal.generation;
        let ours: Vec<u64> =
            self.open.values().flat_map(|open| [open.mark, open.outcome]).flatten().collect();
        for live in &mut self.live {
            live.open = ours.iter().filter(|generation| **generation == live.seal.generation).count();
        }
        debug_assert!(ours.iter().all(|generation| *generation <= epoch_began));
        self.retire()
    }

    /// The files written since the last call; what was written before this call is on the disk once they are synced.
    pub(super) fn take_dirty(&mut self) -> Vec<Arc<Segment>> {
        std::mem::take(&mut self.dirty)
    }

    /// The number of a segment to make in advance, if one is wanted.
    pub(super) fn spare_wanted(&mut self) -> Option<u32> {
        (self.poison.is_none() && self.free.len() < SPARE).then(|| {
            self.next_number += 1;
            self.next_number
        })
    }

    /// Takes a segment made in advance.
    pub(super) fn add_spare(&mut self, segment: Segment) {
        self.free.push_back(Arc::new(segment));
    }

    /// Records written since the start.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Segments in use and free.
    #[cfg(test)]
    pub(super) fn segments(&self) -> (usize, usize) {
        (self.live.len(), self.free.len())
    }

    /// Frames a record into `batch`, which belongs at the end of the last segment; says in which generation it is.
    fn add(&mut self, body: &[u8], batch: &mut Vec<u8>) -> Result<u64, JournalError> {
        if self.at + batch.len() + HEAD + body.len() > segment::SIZE {
            self.flush(batch)?;
            self.begin_segment()?;
        }
        let Some(live) = self.live.back() else { return Err(self.poison("no segment was begun")) };
        record::frame(live.seal, self.at + batch.len(), body, batch);
        self.records += 1;
        Ok(live.seal.generation)
    }

    fn flush(&mut self, batch: &mut Vec<u8>) -> Result<(), JournalError> {
        let Some(segment) = self.live.back().map(|live| live.segment.clone()) else { return Ok(()) };
        if batch.is_empty() {
            return Ok(());
        }
        self.write(&segment, batch, self.at)?;
        self.at += batch.len();
        batch.clear();
        Ok(())
    }

    fn write(&mut self, segment: &Arc<Segment>, bytes: &[u8], at: usize) -> Result<(), JournalError> {
        if let Err(error) = self.disk.write(&segment.file, bytes, at as u64) {
            return Err(self.poison(format_args!("{} could not be written: {error}", segment.path.display())));
        }
        if !self.dirty.iter().any(|dirty| Arc::ptr_eq(dirty, segment)) {
            self.dirty.push(segment.clone());
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> Result<(), JournalError> {
        self.retire()?;
        let segment = if let Some(segment) = self.free.pop_front() {
            segment
        } else {
            self.next_number += 1;
            let made = Segment::create(&self.folder, self.next_number);
            Arc::new(made.map_err(|error| JournalError::Disk(error.to_string()))?)
        };
        self.header.seal.generation += 1;
        self.write(&segment, &self.header.write(), 0)?;
        self.live.push_back(Live { segment, seal: self.header.seal, open: 0 });
        self.at = FIRST_RECORD;
        Ok(())
    }

    /// Frees the oldest segments in which nothing is open; the one that is written to stays.
    fn retire(&mut self) -> Result<(), JournalError> {
        while self.live.len() > 1
            && let Some(live) = self.live.pop_front_if(|live| live.open == 0)
        {
            let mut header = self.header.clone();
            header.seal.generation = 0;
            self.write(&live.segment, &header.write(), 0)?;
            self.free.push_back(live.segment);
        }
        Ok(())
    }

    fn forget_mark(&mut self, key: &Key) {
        let Some(open) = self.open.get_mut(key) else { return };
        let mark = open.mark.take();
        if open.outcome.is_none() {
            self.open.remove(key);
        }
        if let Some(generation) = mark {
            self.count(generation, -1);
        }
    }

    fn count(&mut self, generation: u64, by: isize) {
        // The generations of the live segments follow one another only within one start, so search; from the newest, as
        // nearly all is there.
        if let Some(live) = self.live.iter_mut().rev().find(|live| live.seal.generation == generation) {
            live.open = live.open.saturating_add_signed(by);
        }
    }
}
