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
    let reason = serde_json::to_value(alarm.reason).ok();
    let mut child = Command::new(path)
        .env("BOOKPOST_ALARM_KIND", kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default())
        .env("BOOKPOST_ALARM_REASON", reason.as_ref().and_then(|reason| reason.as_str()).unwrap_or_default())
        .env("BOOKPOST_ALARM_SUBJECT", &alarm.subject)
        .env("BOOKPOST_ALARM_STATE", telling.name())
        .env("BOOKPOST_ALARM_ID", alarm.id.to_string())
        .env("BOOKPOST_ALARM_STARTED_AT", alarm.started_at.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read its input is no failure.
        let _ = stdin.write_all(format!("{}\n", telling.words(&alarm.text)).as_bytes()).await;
    }
    child.wait().await
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use store::{AlarmKind, AlarmReason, CameTo, FolderFault};

    use super::*;

    #[test]
    fn the_guide_names_the_reasons() {
        let guide = include_str!("../../../../docs/guide/alarms.md");
        let schedules = CameTo::ALL.into_iter().filter(|came_to| came_to.is_fault()).map(AlarmReason::from);
        for reason in FolderFault::ALL.into_iter().map(AlarmReason::from).chain(schedules) {
            let word = serde_json::to_value(reason).unwrap();
            let word = word.as_str().unwrap();
            assert!(guide.contains(&format!("`{word}`")), "{word}");
        }
    }

    /// So that a command which calls `bookpost` itself does not hand it settings that there are not.
    #[tokio::test]
    async fn what_a_command_is_told_is_taken_for_no_setting() {
        let folder = tempfile::tempdir().unwrap();
        let (program, told) = (folder.path().join("tell"), folder.path().join("told"));
        std::fs::write(&program, format!("#!/bin/sh\n{{ cat; env; }} > {}\n", told.display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let alarm = Alarm {
            id: 1,
            kind: AlarmKind::ServerDown,
            subject: "server1".to_owned(),
            reason: Some(mail::Reason::Unreachable.into()),
            text: "Server 1 does not answer.".to_owned(),
            started_at: "2026-11-23T10:00:00Z".parse().unwrap(),
            ended_at: None,
            told: 0,
        };
        run(&program, &alarm, Telling::Started).await;
        let told = std::fs::read_to_string(told).unwrap();
        assert!(told.starts_with("Server 1 does not answer.\n"), "{told}");
        assert!(told.contains("BOOKPOST_ALARM_KIND=server_down\n"), "{told}");
        assert!(told.contains("BOOKPOST_ALARM_REASON=unreachable\n"), "{told}");
        let ours = told.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| {
            name.starts_with("BOOKPOST_") && !name.starts_with("BOOKPOST_TEST") && *name != "BOOKPOST_NOT_RUN"
        });
        let around = crate::config::Surroundings::given(ours, Some("books.library.example"));
        let settings = "library = \"R\"\nsending.way = \"practice\"\n[[sites]]\ncode = \"A\"\nname = \"A\"\nemail = \"a@a.example\"\n";
        crate::config::check_text(settings, None, &around).unwrap();
    }
}
