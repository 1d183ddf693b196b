//! What a run came to, with the sums that hold for every queue, whatever it is made of.

use serde::Serialize;

use super::{
    arrivals::HOUR,
    draws::float,
    figures::{Times, Use},
    plan::System,
    world::{Left, World},
};

/// One run in numbers. Times are in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// What a day was to have.
    pub(super) messages_a_day: f64,
    pub(super) system: System,
    pub(super) handed_in: u64,
    pub(super) delivered: u64,
    pub(super) refused: u64,
    /// Neither delivered nor refused when the run ended.
    pub(super) left: u64,
    pub(super) deferrals: u64,
    pub(super) accepted_within: Spread,
    /// From handing in to the answer, of what was never put off; and of all.
    pub(super) delivered_within: Spread,
    pub(super) with_retries_within: Spread,
    /// Messages that waited for a connection at once, the most.
    pub(super) longest_queue: u64,
    pub(super) connections: Connections,
    pub(super) log_gb: f64,
    pub(super) transactions: u64,
    pub(super) resources: Vec<Resource>,
    pub(super) checks: Checks,
    /// The load of the fullest cluster over the mean: accounts placed by a list, and by a hash.
    pub(super) unevenness: (f64, f64),
    pub(super) accounts: usize,
}

/// The mean; and half, and 99 of 100, took no longer.
#[derive(Debug, Serialize)]
pub(super) struct Spread {
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// Connections to the mail server, and to the databases.
#[derive(Debug, Serialize)]
pub(super) struct Connections {
    pub(super) there: f64,
    /// In use at once, the most.
    pub(super) most: u64,
    pub(super) to_databases: f64,
}

/// Something that is used up.
#[derive(Debug, Serialize)]
pub(super) struct Resource {
    pub(super) name: &'static str,
    /// How many there are, and how much of it each has in a second.
    pub(super) count: f64,
    pub(super) each: f64,
    /// What a message takes of it, in the hour in which most were answered.
    pub(super) of_message: f64,
    /// The part of it that was in use in that hour; of several the fullest.
    pub(super) used: f64,
    /// At so many messages a day the busiest hour would fill it.
    pub(super) limit_a_day: f64,
}

/// Parts by which sums differ that must be the same.
#[derive(Debug, Serialize)]
pub(super) struct Checks {
    /// What was handed in is delivered, refused or somewhere.
    pub(super) conservation: f64,
    /// Little's law: messages inside on average are those that come in a second times how long they stay.
    pub(super) little: f64,
    /// The utilisation law: connections in use on average are messages in a second times how long one has a connection.
    pub(super) utilisation: f64,
}

impl Checks {
    /// Rounding of sums of many numbers, and nothing else.
    const LEAST: f64 = 1e-6;

    pub(super) fn hold(&self) -> bool {
        [self.conservation, self.little, self.utilisation].into_iter().all(|part| part < Self::LEAST)
    }
}

impl Outcome {
    /// Of a run that is over.
    pub(super) fn of(mut world: World<'_>, system: System, messages_a_day: f64) -> Self {
        let left = world.left();
        let counted = &world.counted;
        let databases =
            || world.databases().flat_map(|(database, journal)| std::iter::once(database).chain(journal));
        let machines = f64::from(system.machines);
        let accounts = world.accounts();
        let clusters = system.clusters as usize;
        let [listed, hashed] = [accounts.placed(clusters), accounts.hashed(clusters)]
            .map(|places| accounts.unevenness(&places, clusters));
        Self {
            messages_a_day,
            system,
            handed_in: counted.handed_in,
            delivered: counted.delivered,
            refused: counted.refused,
            left: left.messages,
            deferrals: counted.deferrals,
            accepted_within: Spread::of(&counted.accept),
            delivered_within: Spread::of(&counted.first),
            with_retries_within: Spread::of(&counted.all),
            longest_queue: counted.line.peak,
            connections: Connections {
                there: machines * world.costs().machine.connections.value,
                most: counted.on_connections.peak,
                to_databases: machines * system.design.costs(world.costs()).connections.value,
            },
            log_gb: databases().map(|database| database.bytes).sum::<f64>() / 1e9,
            transactions: databases().map(|database| database.transactions).sum(),
            resources: resources(&world, system),
            checks: checks(&world, &left),
            unevenness: (listed, hashed),
            accounts: accounts.len(),
        }
    }
}

impl Spread {
    fn of(times: &Times) -> Self {
        Self { mean: times.mean(), p50: times.within(0.5), p99: times.within(0.99) }
    }
}

fn checks(world: &World<'_>, left: &Left) -> Checks {
    let counted = &world.counted;
    let out = counted.delivered + counted.refused + left.messages;
    let differ = |one: f64, other: f64| (one - other).abs() / one.max(other).max(1e-9);
    Checks {
        conservation: differ(float(counted.handed_in), float(out)),
        little: differ(counted.inside.area, counted.all.sum + left.ages),
        utilisation: differ(counted.on_connections.area, counted.held.sum + left.held),
    }
}

fn resources(world: &World<'_>, system: System) -> Vec<Resource> {
    let costs = world.costs();
    let hour = world.counted.answers.busiest();
    let looked = Looked {
        hour,
        // A run that ends within that hour had less of it.
        seconds: (world.now() - HOUR * float(hour as u64)).clamp(1e-3, HOUR),
        answered: world.counted.answers.in_hour(hour).max(1.0),
        share: costs.day.hours.iter().copied().fold(0.0, f64::max),
    };
    let machines = f64::from(system.machines);
    let connections = costs.machine.connections.value * machines;
    let cores: Vec<_> = world.machines().map(|machine| &machine.cores.used).collect();
    let mut found = vec![
        looked.at("connections to the mail server", 1.0, connections, &[&world.counted.connections]),
        looked.at("machines' processors", costs.machine.cores.value, machines, &cores),
    ];
    let stations: Vec<_> = world
        .databases()
        .flat_map(|(database, journal)| {
            let log = journal.and_then(|journal| journal.resources().pop());
            database.resources().into_iter().chain(log)
        })
        .collect();
    for name in ["database processors", "database log", "database writer"] {
        let of_it: Vec<_> = stations.iter().filter(|(found, ..)| *found == name).collect();
        let uses: Vec<&Use> = of_it.iter().map(|(.., used)| *used).collect();
        if let Some((_, each, _)) = of_it.first() {
            found.push(looked.at(name, *each, f64::from(system.clusters), &uses));
        }
    }
    // What nothing is taken of is never full.
    found.retain(|resource| resource.of_message > 0.0);
    found
}

/// The hour that is looked at.
struct Looked {
    hour: usize,
    seconds: f64,
    answered: f64,
    /// What part of a day's mail comes in the busiest hour.
    share: f64,
}

impl Looked {
    fn at(&self, name: &'static str, each: f64, count: f64, uses: &[&Use]) -> Resource {
        let taken: Vec<f64> = uses.iter().map(|one| one.in_hour(self.hour)).collect();
        let of_message = taken.iter().sum::<f64>() / self.answered;
        let stations = taken.iter().map(|_| 1.0).sum::<f64>();
        let fullest = taken.iter().copied().fold(0.0, f64::max);
        Resource {
            name,
            count,
            each,
            of_message,
            used: fullest * stations / (self.seconds * each * count),
            limit_a_day: each * count * HOUR / of_message / self.share,
        }
    }
}
