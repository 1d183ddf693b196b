//! `cargo xtask fuzz`: the fuzz targets of the tests, each for ten minutes instead of a number of inputs.

use std::{
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::Context;

const EACH: Duration = Duration::from_mins(10);

/// Runs the target of this name, or all, one after the other.
pub(crate) fn run(target: Option<&str>) -> anyhow::Result<ExitCode> {
    let status = Command::new("cargo")
        .args(["test", "--locked", "--release", "--package", "bookpost", "--lib", "--test", "fuzz"])
        .arg(target.unwrap_or("fuzz_"))
        .args(["--", "--nocapture", "--test-threads=1"])
        // bolero's own: they go before what a target says.
        .env("BOLERO_RANDOM_ITERATIONS", usize::MAX.to_string())
        .env("BOLERO_RANDOM_TEST_TIME_MS", EACH.as_millis().to_string())
        .current_dir(crate::root())
        .status()
        .context("cargo could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
