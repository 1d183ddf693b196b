//! `cargo xtask screenshots`: pictures of the pages, for whoever looks at how they look.

use std::process::{Command, ExitCode};

use anyhow::Context;

/// Has the tests that use the pages in a browser take them as they go.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let (root, pictures) = (crate::root(), crate::root().join("target/screenshots"));
    let peers = root.join("target/peers");
    anyhow::ensure!(peers.exists(), "the browser of the tests is not there yet; run: tests/peers/install");
    let status = Command::new("cargo")
        .args(["test", "--locked", "--package", "bookpost", "--test", "pages", "--test", "peers", "browser"])
        .env("BOOKPOST_TEST_PEERS", peers)
        .env("SCREENSHOTS", &pictures)
        .current_dir(root)
        .status()
        .context("cargo could not be started")?;
    crate::say(&format!("the pictures are in {}", pictures.display()));
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
