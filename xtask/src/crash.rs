//! `cargo xtask crash`: the crash tests, for longer than in every test run.

use std::process::{Command, ExitCode};

use anyhow::Context;

/// Runs the tests of `crates/bookpost/tests/crash` with so many kills, in the optimised program, and shows their figures.
pub(crate) fn run(rounds: u32) -> anyhow::Result<ExitCode> {
    let status = Command::new("cargo")
        .args(["test", "--locked", "--release", "--package", "bookpost", "--test", "crash"])
        .args(["--", "--nocapture", "--test-threads=1"])
        .env("BOOKPOST_CRASH_ROUNDS", rounds.to_string())
        .current_dir(crate::root())
        .status()
        .context("cargo could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
