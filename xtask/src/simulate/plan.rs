//! The designs that are compared, and how many machines and clusters each gets.
//!
//! How many are needed is found by trial: the mail of the busiest hour flows evenly for a minute, and what a message took of each
//! resource then says how many of it are needed. Where that is more than there were, it is tried again: clusters first, then machines.

use serde::Serialize;

use super::{
    accounts::Accounts,
    arrivals::{Arrivals, HOUR},
    costs::{self, Costs},
    draws,
    outcome::{Outcome, Resource},
    stations::Database,
    world::World,
};

/// How the queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Design {
    /// One machine with the queue in its file.
    Sqlite,
    /// Machines on one PostgreSQL cluster.
    OneCluster,
    /// Accounts on several PostgreSQL clusters, each with machines of its own.
    Partitioned,
}

/// A design in numbers.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct System {
    pub(super) design: Design,
    pub(super) machines: u32,
    pub(super) clusters: u32,
}

impl Design {
    pub(super) fn costs(self, costs: &Costs) -> &costs::Database {
        match self {
            Self::Sqlite => &costs.sqlite,
            Self::OneCluster | Self::Partitioned => &costs.postgres,
        }
    }

    pub(super) fn database(self, costs: &Costs) -> Database {
        match self {
            Self::Sqlite => Database::sqlite(costs),
            Self::OneCluster | Self::Partitioned => Database::postgres(costs),
        }
    }

    /// Where marks go beside the database: a file of its own, which is synced and nothing else.
    pub(super) fn journal(self, costs: &Costs) -> Option<Database> {
        (self == Self::Sqlite).then(|| Database::journal(costs))
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Sqlite => "one machine, SQLite",
            Self::OneCluster => "machines on one PostgreSQL",
            Self::Partitioned => "accounts over several PostgreSQL",
        }
    }
}

/// Of how many messages the accounts are, and how they differ.
pub(super) fn accounts(costs: &Costs, messages: f64, seed: u64) -> Accounts {
    let count = draws::whole((messages / costs.day.of_account.value).ceil());
    Accounts::new(&mut testkit::dice::seeded(seed), count, costs.day.account_spread.value)
}

/// Messages a second in the hour with most of them.
fn busiest(costs: &Costs, messages: f64) -> f64 {
    costs.day.hours.iter().copied().fold(0.0, f64::max) * messages / HOUR
}

/// So long the mail of the busiest hour flows in a trial.
const TRIAL: f64 = 60.0;
const TRIALS: u32 = 12;
/// A cluster more than one is what this design is for.
const FEWEST_CLUSTERS: u32 = 2;

/// The numbers that a day of so many messages needs.
pub(super) fn sized(costs: &Costs, design: Design, messages: f64, seed: u64) -> System {
    let mut system = System { design, machines: 1, clusters: 1 };
    if design == Design::Sqlite {
        return system;
    }
    if design == Design::Partitioned {
        system.clusters = FEWEST_CLUSTERS;
    }
    let rate = busiest(costs, messages);
    let least = rate * costs.provider.answer_ms.millis() / costs.machine.connections.value;
    system = with_machines(system, draws::whole((least / costs.size.machine.value).ceil()));
    for _ in 0..TRIALS {
        let needed = needed(costs, system, &trial(costs, system, rate, messages, seed), rate);
        let database_is_full = needed.clusters > system.clusters;
        system = match design {
            Design::Partitioned if database_is_full => {
                with_machines(System { clusters: needed.clusters, ..system }, system.machines)
            }
            // While connections wait for the database, more of them would only wait as well.
            _ if database_is_full || needed.machines <= system.machines => break,
            _ => with_machines(system, needed.machines),
        };
    }
    system
}

/// As many for each cluster.
fn with_machines(system: System, machines: u32) -> System {
    System { machines: machines.max(1).div_ceil(system.clusters) * system.clusters, ..system }
}

fn trial(costs: &Costs, system: System, rate: f64, messages: f64, seed: u64) -> Vec<Resource> {
    let arrivals = Arrivals::steady(rate, TRIAL, costs.day.together.value);
    let accounts = accounts(costs, messages, seed);
    let mut world = World::new(costs, system, arrivals, accounts, testkit::dice::seeded(seed));
    world.run(TRIAL);
    Outcome::of(world, system, messages).resources
}

fn needed(costs: &Costs, system: System, resources: &[Resource], rate: f64) -> System {
    let (mut machines, mut clusters) = (1, 1);
    for resource in resources {
        let of_database = resource.name.starts_with("database");
        let (wanted, among) = if of_database {
            (costs.size.database.value, system.clusters)
        } else {
            (costs.size.machine.value, system.machines)
        };
        let each = resource.each * resource.count / f64::from(among);
        let count = draws::whole((rate * resource.of_message / (each * wanted)).ceil());
        let most = if of_database { &mut clusters } else { &mut machines };
        *most = count.max(*most);
    }
    System { machines, clusters, ..system }
}
