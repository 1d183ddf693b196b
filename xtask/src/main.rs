//! The project's own commands: `cargo xtask tidy`, `dist`, `crash`, `fuzz`, `screenshots`, `bench` and `simulate`.
//!
//! What a program must do for a library is tested under `crates/`; what keeps the source in order, packs it and measures
//! it is here. Nothing here is part of the program.

mod bench;
mod crash;
mod dist;
mod fuzz;
mod screenshots;
mod simulate;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own checks and long runs")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks what the compiler cannot: arrows between modules, sizes, names, links, dependencies.
    Tidy,
    /// Builds the ready-made binary with its checksum, manual pages, completions and licence texts into `dist/`.
    Dist,
    /// Kills the program again and again while mail flows, and accounts for every message.
    Crash {
        /// How often it is killed.
        #[arg(long, default_value_t = 300)]
        rounds: u32,
    },
    /// Feeds every parser with octets that nobody expected, ten minutes each.
    Fuzz {
        /// Only this one, such as fuzz_server.
        target: Option<String>,
    },
    /// Takes a picture of every page, light and dark, wide and narrow, into `target/screenshots`.
    Screenshots,
    /// Measures speed and memory against other ways to send the same mails; see docs/benchmarks.md.
    Bench(bench::Options),
    /// Simulates days of 1, 10 and 100 million messages on one machine and on many; see docs/guide/very-large.md.
    Simulate(simulate::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Tidy => tidy::run(),
        Task::Dist => dist::run(),
        Task::Crash { rounds } => crash::run(rounds),
        Task::Fuzz { target } => fuzz::run(target.as_deref()),
        Task::Screenshots => screenshots::run(),
        Task::Bench(options) => bench::run(options),
        Task::Simulate(options) => simulate::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> &'static std::path::Path {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// One line to the person at the terminal.
#[expect(clippy::print_stderr, reason = "the one place where the project's own commands speak")]
fn say(line: &str) {
    eprintln!("{line}");
}
