//! The events of one run, one after the other, in virtual time.
//!
//! A message is handed in, taken in by a machine, stored (fresh mail is claimed by the machine that stores it, as far as there is
//! room in its memory), put on a connection, marked, answered, and settled; what is put off waits in the database for whoever claims
//! it. Whatever is stored queues up at its database. The clock of this world is a number; nothing here waits for anything.

use std::collections::BinaryHeap;

use jiff::Timestamp;
use mail::retry::{Next, RetrySchedule};
use rand::rngs::StdRng;

use super::{
    accounts::Accounts,
    arrivals::Arrivals,
    costs::Costs,
    draws,
    figures::{Level, Times, Use},
    machines::{Machine, Waiting},
    messages::{Event, Fate, Kind, Part, Planned, Transaction},
    plan::{Design, System},
    stations::{Database, price},
};

/// A database, what waits in it, and the machines that work on it.
#[derive(Debug)]
struct Cluster {
    database: Database,
    /// Where marks go, if not there.
    journal: Option<Database>,
    waiting: Waiting,
    machines: Vec<usize>,
    /// Who gets the next batch, and who is asked first whether they want what has come due.
    turn: usize,
}

/// What a run counts.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) handed_in: u64,
    pub(super) accepted: u64,
    pub(super) delivered: u64,
    pub(super) refused: u64,
    pub(super) deferrals: u64,
    /// From handing in until it is on disk.
    pub(super) accept: Times,
    /// From handing in to the answer for good: of what no server put off, and of all.
    pub(super) first: Times,
    pub(super) all: Times,
    /// How long connections were taken.
    pub(super) held: Times,
    /// Messages anywhere; such as wait for a connection; such as are on one.
    pub(super) inside: Level,
    pub(super) line: Level,
    pub(super) on_connections: Level,
    pub(super) connections: Use,
    pub(super) answers: Use,
}

/// What is still somewhere at the end.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) messages: u64,
    /// How old they are together, and for how long they have had their connections, in seconds.
    pub(super) ages: f64,
    pub(super) held: f64,
}

/// One run.
pub(super) struct World<'c> {
    costs: &'c Costs,
    design: Design,
    arrivals: Arrivals,
    accounts: Accounts,
    /// On which cluster each account is.
    places: Vec<usize>,
    schedule: RetrySchedule,
    dice: StdRng,
    now: f64,
    planned: u64,
    events: BinaryHeap<Planned>,
    machines: Vec<Machine>,
    clusters: Vec<Cluster>,
    pub(super) counted: Counted,
}

impl<'c> World<'c> {
    pub(super) fn new(
        costs: &'c Costs,
        system: System,
        arrivals: Arrivals,
        accounts: Accounts,
        dice: StdRng,
    ) -> Self {
        let machines: Vec<_> = (0..system.machines as usize)
            .map(|number| Machine::new(costs, number % system.clusters as usize))
            .collect();
        let cluster = |number: usize| {
            let own = machines.iter().enumerate().filter(|(_, machine)| machine.cluster == number);
            Cluster {
                database: system.design.database(costs),
                journal: system.design.journal(costs),
                waiting: Waiting::default(),
                machines: own.map(|(at, _)| at).collect(),
                turn: 0,
            }
        };
        let clusters = (0..system.clusters as usize).map(cluster).collect();
        let places = accounts.placed(system.clusters as usize);
        let schedule = RetrySchedule::default();
        let design = system.design;
        let (events, counted) = (BinaryHeap::new(), Counted::default());
        Self {
            costs,
            design,
            arrivals,
            accounts,
            places,
            schedule,
            dice,
            now: 0.0,
            planned: 0,
            events,
            machines,
            clusters,
            counted,
        }
    }

    /// Runs until nothing is left to happen, but not beyond this moment.
    pub(super) fn run(&mut self, until: f64) {
        self.plan_arrival();
        while let Some(next) = self.events.pop() {
            if next.at > until {
                self.events.push(next);
                break;
            }
            self.now = next.at;
            self.happens(next.event);
        }
        let counted = &mut self.counted;
        for level in [&mut counted.inside, &mut counted.line, &mut counted.on_connections] {
            level.pass(self.now);
        }
    }

    fn plan(&mut self, at: f64, event: Event) {
        self.planned += 1;
        self.events.push(Planned { at, number: self.planned, event });
    }

    fn plan_arrival(&mut self) {
        if let Some((at, count)) = self.arrivals.next(&mut self.dice, self.now) {
            self.plan(at, Event::Arrives(count));
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives(count) => self.arrives(count),
            Event::TakenIn { machine, part } => self.store(machine, Kind::Accept, part),
            Event::Worked { journal, transaction } => self.worked(journal, *transaction),
            Event::Synced { cluster, journal, group } => self.synced(cluster, journal, group),
            Event::Answered { machine, part } => self.answered(machine, part),
            Event::Gathered { machine } => {
                if let Some(machine) = self.machines.get_mut(machine) {
                    machine.settles.pausing = false;
                }
                self.next_of(machine, Kind::Settle);
            }
            Event::Due { cluster, part } => {
                self.counted.line.up(self.now, part.count);
                self.wait_in(cluster, part);
            }
        }
    }

    /// A batch comes to a machine of the cluster on which its account is.
    fn arrives(&mut self, count: u32) {
        self.plan_arrival();
        let account = self.accounts.draw(&mut self.dice);
        let cluster = self.places.get(account).copied().unwrap_or(0);
        let Some(cluster) = self.clusters.get_mut(cluster) else { return };
        let Some(&at) = cluster.machines.get(cluster.turn % cluster.machines.len().max(1)) else { return };
        cluster.turn += 1;
        self.counted.handed_in += u64::from(count);
        self.counted.inside.up(self.now, count);
        let work = f64::from(count) * self.costs.machine.accept_us.micros();
        let Some(machine) = self.machines.get_mut(at) else { return };
        let done_at = machine.cores.serve(self.now, work);
        self.plan(done_at, Event::TakenIn { machine: at, part: Part::new(count, self.now) });
    }

    /// A part that waits for a transaction of its kind.
    fn store(&mut self, at: usize, kind: Kind, part: Part) {
        if let Some(gather) = self.machines.get_mut(at).and_then(|machine| machine.gather(kind)) {
            gather.push(part);
        }
        self.next_of(at, kind);
    }

    /// The machine's next transaction of this kind, if it may begin.
    fn next_of(&mut self, at: usize, kind: Kind) {
        let most = u64::from(draws::whole(self.costs.machine.rows.value));
        let parts = self.machines.get_mut(at).and_then(|machine| machine.next(kind, most));
        if let Some(parts) = parts {
            self.begin(at, kind, parts);
        }
    }

    fn begin(&mut self, at: usize, kind: Kind, parts: Vec<Part>) {
        let Some(machine) = self.machines.get(at) else { return };
        let rows: f64 = parts.iter().map(|part| f64::from(part.count)).sum();
        let (work, bytes) = price(self.design.costs(self.costs), kind, rows);
        let Some(cluster) = self.clusters.get_mut(machine.cluster) else { return };
        let journal = kind == Kind::Mark && cluster.journal.is_some();
        let worked_at = if journal { self.now } else { cluster.database.work(self.now, work) };
        let transaction = Transaction { kind, machine: at, parts, work, bytes };
        if worked_at > self.now {
            self.plan(worked_at, Event::Worked { journal, transaction: Box::new(transaction) });
        } else {
            self.worked(journal, transaction);
        }
    }

    fn worked(&mut self, journal: bool, transaction: Transaction) {
        let Some(machine) = self.machines.get(transaction.machine) else { return };
        let at = machine.cluster;
        if let Some(database) = self.database(at, journal) {
            database.wait(transaction);
        }
        self.sync(at, journal);
    }

    fn sync(&mut self, cluster: usize, journal: bool) {
        let now = self.now;
        let synced = self.database(cluster, journal).and_then(|database| database.sync(now));
        if let Some((at, group)) = synced {
            self.plan(at, Event::Synced { cluster, journal, group });
        }
    }

    fn database(&mut self, cluster: usize, journal: bool) -> Option<&mut Database> {
        let cluster = self.clusters.get_mut(cluster)?;
        if journal { cluster.journal.as_mut() } else { Some(&mut cluster.database) }
    }

    fn synced(&mut self, cluster: usize, journal: bool, group: Vec<Transaction>) {
        if let Some(database) = self.database(cluster, journal) {
            database.synced();
        }
        for transaction in group {
            self.committed(cluster, transaction);
        }
        self.sync(cluster, journal);
    }

    fn committed(&mut self, cluster: usize, transaction: Transaction) {
        let Transaction { kind, machine: at, parts, .. } = transaction;
        if let Some(gather) = self.machines.get_mut(at).and_then(|machine| machine.gather(kind)) {
            gather.under_way = false;
        }
        match kind {
            Kind::Accept => parts.into_iter().for_each(|part| self.accepted(cluster, at, part)),
            Kind::Claim => {
                if let Some(machine) = self.machines.get_mut(at) {
                    machine.claiming = false;
                    for part in parts {
                        machine.make_ready(part);
                    }
                }
            }
            Kind::Mark => parts.into_iter().for_each(|part| self.marked(at, part)),
            Kind::Settle => parts.into_iter().for_each(|part| self.settled(cluster, part)),
        }
        self.next_of(at, kind);
        self.send(at);
    }

    /// It is on disk: the machine keeps it for its first attempt, if it has room, else it waits for whoever claims it.
    fn accepted(&mut self, cluster: usize, at: usize, part: Part) {
        self.counted.accepted += u64::from(part.count);
        self.counted.accept.add(self.now - part.born_at, part.count);
        self.counted.line.up(self.now, part.count);
        let room = u64::from(draws::whole(self.costs.machine.ready.value));
        match self.machines.get_mut(at) {
            Some(machine) if machine.ready_count() + u64::from(part.count) <= room => {
                machine.make_ready(part);
            }
            _ => self.wait_in(cluster, part),
        }
    }

    fn wait_in(&mut self, at: usize, part: Part) {
        let Some(cluster) = self.clusters.get_mut(at) else { return };
        cluster.waiting.push(part);
        cluster.turn += 1;
        let (first, count) = (cluster.turn, cluster.machines.len());
        for number in 0..count {
            let Some(cluster) = self.clusters.get(at) else { return };
            if cluster.waiting.is_empty() {
                return;
            }
            if let Some(&machine) = cluster.machines.get((first + number) % count) {
                self.claim(machine);
            }
        }
    }

    /// Puts messages on free connections, and claims more when few are left.
    fn send(&mut self, at: usize) {
        let begun = self.machines.get_mut(at).map_or(0, |machine| machine.begin(self.now));
        if begun > 0 {
            self.counted.line.down(self.now, begun);
            self.counted.on_connections.up(self.now, begun);
            self.next_of(at, Kind::Mark);
        }
        self.claim(at);
    }

    fn claim(&mut self, at: usize) {
        let low = u64::from(draws::whole(self.costs.machine.low.value));
        let Some(machine) = self.machines.get_mut(at) else { return };
        let Some(cluster) = self.clusters.get_mut(machine.cluster) else { return };
        if machine.claiming || machine.ready_count() >= low || cluster.waiting.is_empty() {
            return;
        }
        machine.claiming = true;
        let parts = cluster.waiting.take(draws::whole(self.costs.machine.claim.value));
        self.begin(at, Kind::Claim, parts);
    }

    /// The mark is on disk: the last octets leave, and each message is answered in its own time.
    fn marked(&mut self, at: usize, part: Part) {
        for _ in 0..part.count {
            let answer = self.draw_answer();
            let Some(machine) = self.machines.get_mut(at) else { return };
            let left_at = machine.cores.serve(self.now, self.costs.machine.send_us.micros());
            self.plan(left_at + answer, Event::Answered { machine: at, part: part.of(1) });
        }
    }

    fn draw_answer(&mut self) -> f64 {
        let provider = &self.costs.provider;
        let (median, spread) = (provider.answer_ms.millis(), provider.answer_spread.value);
        if spread < 0.0 {
            draws::exponential(&mut self.dice, median)
        } else {
            draws::lognormal(&mut self.dice, median, spread)
        }
    }

    fn answered(&mut self, at: usize, mut part: Part) {
        let counted = &mut self.counted;
        let (drawn, provider) = (draws::unit(&mut self.dice), &self.costs.provider);
        counted.on_connections.down(self.now, 1);
        counted.held.add(self.now - part.taken_at, 1);
        counted.connections.add(part.taken_at, self.now - part.taken_at);
        counted.answers.add(self.now, 1.0);
        if drawn <= provider.deferred.value {
            counted.deferrals += 1;
            part.fate = Fate::Deferred;
        } else {
            part.fate = Fate::Final;
            counted.inside.down(self.now, 1);
            let refused = drawn <= provider.deferred.value + provider.refused.value;
            *if refused { &mut counted.refused } else { &mut counted.delivered } += 1;
            counted.all.add(self.now - part.born_at, 1);
            if part.tries == 0 {
                counted.first.add(self.now - part.born_at, 1);
            }
        }
        let pause = self.costs.machine.gather_ms.millis();
        let Some(machine) = self.machines.get_mut(at) else { return };
        machine.free += 1;
        if pause > 0.0 && !machine.settles.pausing && machine.settles.is_empty() {
            machine.settles.pausing = true;
            self.plan(self.now + pause, Event::Gathered { machine: at });
        }
        self.store(at, Kind::Settle, part);
        self.send(at);
    }

    /// What was put off is due again by the program's own schedule.
    fn settled(&mut self, cluster: usize, part: Part) {
        if part.fate != Fate::Deferred {
            return;
        }
        let at = |seconds: f64| Timestamp::UNIX_EPOCH + std::time::Duration::from_secs_f64(seconds);
        let first_due_at = at(part.born_at);
        let expires_at = self.schedule.expires_at(first_due_at);
        if let Next::At(due_at) = self.schedule.next(at(self.now), first_due_at, expires_at, &mut self.dice) {
            let due_at = due_at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
            let part = Part { fate: Fate::Open, tries: part.tries.saturating_add(1), taken_at: 0.0, ..part };
            self.plan(due_at, Event::Due { cluster, part });
        }
    }

    pub(super) fn costs(&self) -> &Costs {
        self.costs
    }

    pub(super) fn now(&self) -> f64 {
        self.now
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// All messages that are still somewhere, looked for in every place. The run is over then.
    pub(super) fn left(&mut self) -> Left {
        let mut parts: Vec<Part> = self.events.iter().flat_map(|planned| planned.event.parts()).collect();
        parts.extend(self.machines.iter().flat_map(Machine::left));
        for cluster in &mut self.clusters {
            parts.extend(cluster.waiting.left());
            let stores = [Some(&cluster.database), cluster.journal.as_ref()];
            let transactions = stores.into_iter().flatten().flat_map(Database::left);
            parts.extend(transactions.flat_map(|transaction| transaction.parts.iter().copied()));
        }
        let mut left = Left::default();
        // What has its answer for good is in no queue any more, though it may wait to be settled.
        for part in parts.iter().filter(|part| part.fate != Fate::Final) {
            let count = f64::from(part.count);
            left.messages += u64::from(part.count);
            left.ages += count * (self.now - part.born_at);
            if part.fate == Fate::Open && part.taken_at > 0.0 {
                left.held += count * (self.now - part.taken_at);
            }
        }
        left
    }

    pub(super) fn machines(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter()
    }

    /// Each database, and beside it the journal of its machine where there is one.
    pub(super) fn databases(&self) -> impl Iterator<Item = (&Database, Option<&Database>)> {
        self.clusters.iter().map(|cluster| (&cluster.database, cluster.journal.as_ref()))
    }
}
