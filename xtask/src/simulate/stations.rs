//! What work queues up for: processors, and a database that waits for its disk.

use super::{
    arrivals::HOUR,
    costs::{self, Costs},
    draws,
    figures::Use,
    messages::{Kind, Transaction},
};

/// Processors that take what comes in its turn.
#[derive(Debug)]
pub(super) struct Cores {
    free_at: Vec<f64>,
    pub(super) used: Use,
}

impl Cores {
    pub(super) fn new(count: f64) -> Self {
        Self { free_at: vec![0.0; draws::whole(count).max(1) as usize], used: Use::default() }
    }

    /// When this work is done that comes now.
    pub(super) fn serve(&mut self, now: f64, work: f64) -> f64 {
        let first = self.free_at.iter_mut().min_by(|one, other| one.total_cmp(other));
        let Some(free_at) = first else { return now };
        *free_at = free_at.max(now) + work;
        let done_at = *free_at;
        self.used.add(done_at - work, work);
        done_at
    }
}

/// Who does the work of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writers {
    /// As many as there are processors; only the sync of the log is one for all.
    Many,
    /// One, who takes what waits, does it, and syncs.
    One,
}

/// A database: work, then the log on disk. One sync holds for all transactions that wait for it.
#[derive(Debug)]
pub(super) struct Database {
    writers: Writers,
    cores: Cores,
    sync: f64,
    bytes_a_second: f64,
    waiting: Vec<Transaction>,
    syncing: bool,
    /// The writer, or the log.
    disk: Use,
    pub(super) bytes: f64,
    pub(super) transactions: u64,
}

/// A resource of a database, and how much of it there is in a second.
pub(super) type Held<'a> = (&'static str, f64, &'a Use);

impl Database {
    pub(super) fn postgres(costs: &Costs) -> Self {
        Self::new(&costs.postgres, Writers::Many)
    }

    pub(super) fn sqlite(costs: &Costs) -> Self {
        Self::new(&costs.sqlite, Writers::One)
    }

    /// A file that is only appended to and synced.
    pub(super) fn journal(costs: &Costs) -> Self {
        let mut journal = Self::new(&costs.sqlite, Writers::Many);
        journal.sync = costs.machine.journal_us.micros();
        journal
    }

    fn new(costs: &costs::Database, writers: Writers) -> Self {
        Self {
            writers,
            cores: Cores::new(costs.cores.value),
            sync: costs.sync_us.micros(),
            bytes_a_second: costs.log_mb_a_second.value * 1e6,
            waiting: Vec::new(),
            syncing: false,
            disk: Use::default(),
            bytes: 0.0,
            transactions: 0,
        }
    }

    /// When the work of this transaction is done, so that it waits for the disk.
    pub(super) fn work(&mut self, now: f64, work: f64) -> f64 {
        match self.writers {
            Writers::Many => self.cores.serve(now, work),
            Writers::One => now,
        }
    }

    /// It waits for the disk.
    pub(super) fn wait(&mut self, transaction: Transaction) {
        self.waiting.push(transaction);
    }

    /// If the disk is free and somebody waits: all who wait, and when they are on it.
    pub(super) fn sync(&mut self, now: f64) -> Option<(f64, Vec<Transaction>)> {
        if self.syncing || self.waiting.is_empty() {
            return None;
        }
        self.syncing = true;
        let group = std::mem::take(&mut self.waiting);
        let bytes: f64 = group.iter().map(|transaction| transaction.bytes).sum();
        let writing = bytes / self.bytes_a_second;
        self.bytes += bytes;
        self.transactions += group.len() as u64;
        let (took, used) = match self.writers {
            // A log is full when its octets are more than the disk takes; more who wait are no more syncs.
            Writers::Many => (self.sync + writing, writing),
            Writers::One => {
                let work: f64 = group.iter().map(|transaction| transaction.work).sum();
                (work + self.sync + writing, work + self.sync + writing)
            }
        };
        self.disk.add(now, used);
        Some((now + took, group))
    }

    pub(super) fn synced(&mut self) {
        self.syncing = false;
    }

    /// Those who wait for the disk.
    pub(super) fn left(&self) -> impl Iterator<Item = &Transaction> {
        self.waiting.iter()
    }

    pub(super) fn resources(&self) -> Vec<Held<'_>> {
        match self.writers {
            Writers::Many => vec![
                ("database processors", draws::float(self.cores.free_at.len() as u64), &self.cores.used),
                ("database log", 1.0, &self.disk),
            ],
            Writers::One => vec![("database writer", 1.0, &self.disk)],
        }
    }
}

/// Processor time and octets of a transaction of so many rows.
pub(super) fn price(costs: &costs::Database, kind: Kind, rows: f64) -> (f64, f64) {
    let (row, bytes, besides) = match kind {
        Kind::Accept => (&costs.accept_us, &costs.accept_bytes, 0.0),
        Kind::Claim => (&costs.claim_us, &costs.claim_bytes, costs.turn_us.micros()),
        Kind::Mark => (&costs.mark_us, &costs.mark_bytes, 0.0),
        Kind::Settle => (&costs.settle_us, &costs.settle_bytes, 0.0),
    };
    (costs.transaction_us.micros() + besides + rows * row.micros(), rows * bytes.value)
}

/// The hour of the day that this moment is in, counted through.
pub(super) fn hour(at: f64) -> usize {
    draws::whole(at / HOUR) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_take_turns() {
        let mut cores = Cores::new(2.0);
        let done: Vec<f64> = [(0.0, 4.0), (0.0, 1.0), (0.0, 1.0), (9.0, 1.0)]
            .map(|(now, work)| cores.serve(now, work))
            .to_vec();
        assert_eq!(done, [4.0, 1.0, 2.0, 10.0]);
    }

    #[test]
    fn one_sync_is_for_all_who_wait() {
        let costs = costs::parse(costs::OURS).expect("ours");
        let mut database = Database::postgres(&costs);
        let one = || Transaction { kind: Kind::Mark, machine: 0, parts: Vec::new(), work: 0.0, bytes: 0.0 };
        database.wait(one());
        let (at, group) = database.sync(5.0).expect("the disk is free");
        assert_eq!((group.len(), at > 5.0), (1, true));
        database.wait(one());
        database.wait(one());
        assert!(database.sync(5.0).is_none());
        database.synced();
        assert_eq!(database.sync(at).map(|(_, group)| group.len()), Some(2));
        assert_eq!(database.transactions, 3);
    }
}
