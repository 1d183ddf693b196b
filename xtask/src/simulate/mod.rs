//! `cargo xtask simulate`: days of 1, 10 and 100 million messages on one machine, on many with one PostgreSQL, and on many with several.
//!
//! A discrete-event simulation in virtual time: what a message costs is read from `costs.toml`, in which each figure says where it was
//! measured or why it is assumed; what follows of machines, connections, log, waiting and time is computed. The same seed gives
//! the same figures. What they say: docs/guide/very-large.md.
//!
//! Nothing here sends mail, and nothing here asks what time it is.

mod accounts;
mod arrivals;
mod costs;
mod draws;
mod figures;
mod machines;
mod messages;
mod outcome;
mod plan;
mod report;
mod stations;
#[cfg(test)]
mod tests;
mod world;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::ensure;

use arrivals::{Arrivals, HOUR};
use costs::Costs;
use outcome::Outcome;
use plan::{Design, System};
use world::World;

/// What is simulated.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Messages a day, in millions; each is a run of each design.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100")]
    millions: Vec<f64>,
    /// Only these designs.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sqlite,one-cluster,partitioned")]
    design: Vec<Design>,
    /// Machines and clusters, instead of as many as the busiest hour needs.
    #[arg(long, requires = "clusters")]
    machines: Option<u32>,
    #[arg(long, requires = "machines")]
    clusters: Option<u32>,
    /// The dice; the same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Costs of another place, in the form of `xtask/src/simulate/costs.toml`.
    #[arg(long)]
    costs: Option<PathBuf>,
    /// JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// A run ends when nothing is left, or after two days.
const DAYS: f64 = 2.0;

/// Runs all, and prints.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let costs = costs::read(options.costs.as_deref())?;
    let mut outcomes = Vec::new();
    for millions in &options.millions {
        ensure!(millions.is_finite() && *millions > 0.0, "{millions} million messages make no day");
        for design in &options.design {
            let messages = millions * 1e6;
            let mut system = plan::sized(&costs, *design, messages, options.seed);
            if let (Some(machines), Some(clusters)) = (options.machines, options.clusters) {
                ensure!(clusters > 0 && machines >= clusters, "each cluster needs a machine");
                system = System { machines, clusters, ..system };
            }
            crate::say(&format!("simulate: {millions} million messages, {}", design.in_words()));
            outcomes.push(day(&costs, system, messages, options.seed));
        }
    }
    let text = if options.json {
        serde_json::to_string_pretty(&outcomes)? + "\n"
    } else {
        report::tables(&outcomes)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    crate::say(&format!("simulate: {}", report::checked(&outcomes)));
    let hold = outcomes.iter().all(|outcome| outcome.checks.hold());
    Ok(if hold { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One day, and what is left of it on the next.
fn day(costs: &Costs, system: System, messages: f64, seed: u64) -> Outcome {
    let arrivals = Arrivals::day(&costs.day, messages);
    let accounts = plan::accounts(costs, messages, seed);
    let mut world = World::new(costs, system, arrivals, accounts, testkit::dice::seeded(seed));
    world.run(DAYS * 24.0 * HOUR);
    Outcome::of(world, system, messages)
}
