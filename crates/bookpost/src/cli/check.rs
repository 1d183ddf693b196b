//! `check`: how it stands, in the line and with the exit code that monitoring systems expect of a plug-in.

use std::{fmt::Write as _, io, time::Duration};

use store::{Alarm, Counts, Error};

use super::control::{self, Checked, Grade, Reply, Request};
use crate::{config::Config, web::Health};

/// A service that takes longer to answer hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of a line; monitoring systems cut longer ones.
const LINE: usize = 1_000;

impl Checked {
    /// What the service says of itself: what makes it unwell is critical, what a person was told of besides is a warning.
    pub(super) fn of(
        health: Health,
        counts: Result<Counts, Error>,
        alarms: Vec<Alarm>,
        oldest_seconds: u64,
    ) -> Self {
        let grade = match (health.ok, health.notes.is_empty()) {
            (false, _) => Grade::Critical,
            (true, false) => Grade::Warning,
            (true, true) => Grade::Ok,
        };
        let counts = counts.ok();
        let reasons = health.reasons.into_iter().chain(health.notes).collect();
        Self { grade, reasons, alarms, counts, oldest_seconds }
    }

    /// Nothing is known but why.
    pub(super) fn without_numbers(grade: Grade, reason: impl Into<String>) -> Self {
        let reasons = vec![reason.into()];
        Self { grade, reasons, alarms: Vec::new(), counts: None, oldest_seconds: 0 }
    }

    /// One line: the grade, why, and numbers behind a bar.
    pub(super) fn line(&self) -> String {
        let why = match self.reasons.as_slice() {
            [] => "all is well".to_owned(),
            reasons => reasons.join("; "),
        };
        let grade = match self.grade {
            Grade::Ok => "OK",
            Grade::Warning => "WARNING",
            Grade::Critical => "CRITICAL",
            Grade::Unknown => "UNKNOWN",
        };
        // Numbers begin at the first bar.
        let why = why.replace('|', "/").replace(char::is_control, " ");
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut line: String = format!("BOOKPOST {grade} - {why}").chars().take(LINE).collect();
        if let Some(counts) = &self.counts {
            let _ = write!(
                line,
                " | waiting={} oldest={}s sending={} in_doubt={} held={} reports_owed={}",
                counts.waiting,
                self.oldest_seconds,
                counts.sending,
                counts.in_doubt,
                counts.held,
                counts.reports_owed
            );
        }
        line
    }
}

/// Asks the running service; there is an answer in any case.
pub(super) async fn ask(config: &Config) -> Checked {
    let asked = async {
        let client = control::connect(&config.data_dir).await?;
        match client {
            Some(client) => client.ask(&Request::Check, |_| {}).await.map(Some),
            None => Ok(None),
        }
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(Some(Reply::Check(checked)))) => checked,
        Ok(Ok(Some(Reply::Failed { message, .. }))) => Checked::without_numbers(Grade::Unknown, message),
        Ok(Ok(Some(_))) => {
            Checked::without_numbers(Grade::Unknown, "the service gave the answer to another question")
        }
        Ok(Ok(None)) => {
            let folder = config.data_dir.display();
            Checked::without_numbers(
                Grade::Critical,
                format!("no service works in {folder}: nothing is sent"),
            )
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
            let why = "only Bookpost's own user may ask: sudo -u bookpost bookpost check";
            Checked::without_numbers(Grade::Unknown, why)
        }
        Ok(Err(error)) => {
            Checked::without_numbers(Grade::Critical, format!("the service does not answer: {error}"))
        }
        Err(_) => {
            let why = format!("the service does not answer within {} seconds", PATIENCE.as_secs());
            Checked::without_numbers(Grade::Critical, why)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::{io::AsyncReadExt as _, net::UnixListener};

    use super::*;
    use crate::{cli::Exit, config::Way};

    fn health(reasons: &[&str], notes: &[&str]) -> Health {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Health { ok: reasons.is_empty(), reasons: owned(reasons), notes: owned(notes) }
    }

    #[test]
    fn the_line_and_the_code_are_those_of_a_plug_in() {
        let counts = || Ok(Counts { waiting: 4, held: 2, ..Counts::default() });
        for (reasons, notes, line, code) in [
            (
                &[][..],
                &[][..],
                "BOOKPOST OK - all is well | waiting=4 oldest=120s sending=0 in_doubt=0 held=2 reports_owed=0",
                0,
            ),
            (
                &[],
                &["Server 1 is\n\n    down | 12"],
                "BOOKPOST WARNING - Server 1 is down / 12 | waiting=4 oldest=120s sending=0 in_doubt=0 held=2 reports_owed=0",
                1,
            ),
            (
                &["stopped"],
                &["down"],
                "BOOKPOST CRITICAL - stopped; down | waiting=4 oldest=120s sending=0 in_doubt=0 held=2 reports_owed=0",
                2,
            ),
        ] {
            let checked = Checked::of(health(reasons, notes), counts(), Vec::new(), 120);
            assert_eq!(checked.line(), line);
            assert_eq!(Exit::of(&Reply::Check(checked)).code(), code);
        }
        let long = Checked::without_numbers(Grade::Unknown, "é".repeat(5_000));
        assert_eq!((long.line().chars().count(), Exit::of(&Reply::Check(long)).code()), (LINE, 3));
    }

    async fn asked(folder: &Path) -> Checked {
        ask(&Config::usual(folder, Way::Practice)).await
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_or_hangs_is_critical() {
        let folder = tempfile::tempdir().unwrap();
        let checked = asked(folder.path()).await;
        assert!(
            checked.grade == Grade::Critical && checked.line().contains("no service works in"),
            "{checked:?}"
        );
        let hangs = UnixListener::bind(folder.path().join("control.sock")).unwrap();
        let hears = tokio::spawn(async move {
            let (mut stream, _) = hangs.accept().await.unwrap();
            let mut question = [0; 8];
            stream.read_exact(&mut question).await.unwrap();
            tokio::time::pause();
            std::future::pending::<()>().await;
        });
        let checked = asked(folder.path()).await;
        assert!(
            checked.grade == Grade::Critical && checked.line().contains("within 10 seconds"),
            "{checked:?}"
        );
        hears.abort();
    }
}
