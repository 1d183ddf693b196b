//! One machine with Bookpost: what it has in memory, its connections, and what waits for a transaction of its own.

use std::{collections::VecDeque, mem};

use super::{
    costs::Costs,
    draws,
    messages::{Kind, Part},
    stations::Cores,
};

/// What waits for the next transaction of its kind, of which one is under way at a time.
#[derive(Debug, Default)]
pub(super) struct Gather {
    waiting: VecDeque<Part>,
    pub(super) under_way: bool,
    /// It waits a little for more.
    pub(super) pausing: bool,
}

impl Gather {
    pub(super) fn push(&mut self, part: Part) {
        self.waiting.push_back(part);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What the next transaction takes: whole parts, until there are so many rows.
    fn take(&mut self, most: u64) -> Vec<Part> {
        let (mut rows, mut taken) = (0, Vec::new());
        while rows < most
            && let Some(part) = self.waiting.pop_front()
        {
            rows += u64::from(part.count);
            taken.push(part);
        }
        taken
    }
}

/// A machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) cluster: usize,
    pub(super) cores: Cores,
    /// Connections that nothing is on.
    pub(super) free: u32,
    pub(super) claiming: bool,
    ready: VecDeque<Part>,
    ready_count: u64,
    pub(super) accepts: Gather,
    pub(super) marks: Gather,
    pub(super) settles: Gather,
}

impl Machine {
    pub(super) fn new(costs: &Costs, cluster: usize) -> Self {
        Self {
            cluster,
            cores: Cores::new(costs.machine.cores.value),
            free: draws::whole(costs.machine.connections.value),
            claiming: false,
            ready: VecDeque::new(),
            ready_count: 0,
            accepts: Gather::default(),
            marks: Gather::default(),
            settles: Gather::default(),
        }
    }

    pub(super) fn gather(&mut self, kind: Kind) -> Option<&mut Gather> {
        match kind {
            Kind::Accept => Some(&mut self.accepts),
            Kind::Mark => Some(&mut self.marks),
            Kind::Settle => Some(&mut self.settles),
            Kind::Claim => None,
        }
    }

    /// The parts of its next transaction of this kind, if none is under way.
    pub(super) fn next(&mut self, kind: Kind, most: u64) -> Option<Vec<Part>> {
        let gather = self.gather(kind)?;
        if gather.under_way || gather.pausing || gather.is_empty() {
            return None;
        }
        gather.under_way = true;
        Some(gather.take(most))
    }

    pub(super) fn ready_count(&self) -> u64 {
        self.ready_count
    }

    pub(super) fn make_ready(&mut self, part: Part) {
        self.ready_count += u64::from(part.count);
        self.ready.push_back(part);
    }

    /// Puts as many on connections as there are free ones; they wait for the mark. How many.
    pub(super) fn begin(&mut self, now: f64) -> u32 {
        let mut begun = 0;
        while self.free > 0
            && let Some(first) = self.ready.front_mut()
        {
            let count = first.count.min(self.free);
            self.marks.push(Part { taken_at: now, ..first.of(count) });
            first.count -= count;
            if first.count == 0 {
                self.ready.pop_front();
            }
            self.free -= count;
            begun += count;
        }
        self.ready_count -= u64::from(begun);
        begun
    }

    /// All messages that it holds at this moment outside transactions.
    pub(super) fn left(&self) -> impl Iterator<Item = &Part> {
        let gathers = [&self.accepts, &self.marks, &self.settles];
        self.ready.iter().chain(gathers.into_iter().flat_map(|gather| &gather.waiting))
    }
}

/// What waits in a database for whoever claims it, in its order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    parts: VecDeque<Part>,
    count: u64,
}

impl Waiting {
    pub(super) fn push(&mut self, part: Part) {
        self.count += u64::from(part.count);
        self.parts.push_back(part);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first ones, at most so many.
    pub(super) fn take(&mut self, mut most: u32) -> Vec<Part> {
        let mut taken = Vec::new();
        while most > 0
            && let Some(first) = self.parts.front_mut()
        {
            let count = first.count.min(most);
            taken.push(first.of(count));
            most -= count;
            self.count -= u64::from(count);
            if count == first.count {
                self.parts.pop_front();
            } else {
                first.count -= count;
            }
        }
        taken
    }

    pub(super) fn left(&mut self) -> VecDeque<Part> {
        self.count = 0;
        mem::take(&mut self.parts)
    }
}
