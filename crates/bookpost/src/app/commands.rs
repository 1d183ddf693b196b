//! What the commands ask of the whole program.

use std::path::PathBuf;

use tokio::sync::mpsc::UnboundedSender;

use crate::{
    cli::control::{Failure, Progress, Reply, RunRequest, TestRequest},
    config::Config,
};

/// The service, until it is told to stop.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let _ = std::future::ready(config).await;
    anyhow::bail!("`serve` is not part of this build")
}

/// A sample library in `folder`, from an export to the practice mailbox; then, if asked, the service with its pages.
pub async fn demo(folder: PathBuf, serve: bool) -> anyhow::Result<()> {
    let _ = std::future::ready((folder, serve)).await;
    anyhow::bail!("`demo` is not part of this build")
}

/// One notice run with no service running: makes every first attempt itself.
pub async fn run_notices(config: Config, request: RunRequest, progress: UnboundedSender<Progress>) -> Reply {
    let _ = std::future::ready((config, request, progress)).await;
    Reply::Failed { failure: Failure::Temporary, message: "notices are not part of this build".to_owned() }
}

/// One test message with no service running.
pub async fn send_test(config: Config, request: TestRequest) -> Reply {
    let _ = std::future::ready((config, request)).await;
    Reply::Failed { failure: Failure::Temporary, message: "send-test is not part of this build".to_owned() }
}
