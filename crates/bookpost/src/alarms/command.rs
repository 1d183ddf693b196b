//! An alarm to a command: its text on standard input, its fields in the environment.

use std::{path::Path, process::Stdio, time::Duration};

use store::Alarm;
use tokio::{io::AsyncWriteExt, process::Command};

use super::Telling;

/// A command that takes longer is killed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs `path` for `alarm`; a failure is logged.
pub(super) async fn run(path: &Path, alarm: &Alarm, telling: Telling) {
    match tokio::time::timeout(PATIENCE, call(path, alarm, telling)).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::error!(command = %path.display(), %status, "the alarm command failed"),
        Ok(Err(error)) => {
            tracing::error!(command = %path.display(), %error, "the alarm command could not be run");
        }
        Err(_) => {
            tracing::error!(command = %path.display(), "the alarm command took over a minute and was ended");
        }
    }
}

async fn call(path: &Path, alarm: &Alarm, telling: Telling) -> std::io::Result<std::process::ExitStatus> {
    let kind = serde_json::to_value(alarm.kind).ok();
    let mut child = Command::new(path)
        .env("BOOKPOST_ALARM", kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default())
        .env("BOOKPOST_ALARM_SUBJECT", &alarm.subject)
        .env("BOOKPOST_ALARM_STATE", telling.name())
        .env("BOOKPOST_ALARM_STARTED_AT", alarm.started_at.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input is no failure.
        let _ = stdin.write_all(format!("{}\n", alarm.text).as_bytes()).await;
    }
    child.wait().await
}
