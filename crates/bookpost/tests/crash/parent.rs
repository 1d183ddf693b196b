//! Starting a child, hearing what it says, ending it.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{ChildStdout, Command},
};

use crate::child::{Task, VARIABLE};

/// No child takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a child said before its end.
#[derive(Debug, Default, Clone)]
pub(crate) struct Said {
    /// Numbers of messages whose acceptance was answered with yes.
    pub(crate) accepted: BTreeSet<u64>,
    /// Numbers whose acceptance was answered with no.
    pub(crate) refused: BTreeSet<u64>,
    /// Why.
    pub(crate) why: Vec<String>,
    /// Recipients ever in doubt, right after the start.
    pub(crate) doubts: Option<u64>,
    /// Everything was delivered, and it ended cleanly.
    pub(crate) done: bool,
    /// Why it gave up.
    pub(crate) failed: Option<String>,
}

/// How a child is started and ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// Killed so long after its start.
    pub(crate) kill_after: Option<Duration>,
    /// More for its environment.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// A note in this log for each line that it says.
    pub(crate) notes: Option<PathBuf>,
}

/// Runs a child to its end.
pub(crate) async fn run(task: &Task, manner: Manner) -> Said {
    let log = OpenOptions::new().create(true).append(true).open(log_of(&task.folder)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child::child_process", "--nocapture", "--test-threads=1"])
        .env(VARIABLE, serde_json::to_string(task).unwrap())
        .envs(manner.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let hearing = tokio::spawn(hear(child.stdout.take().unwrap(), manner.notes));
    let limit = manner.kill_after.unwrap_or(PATIENCE);
    if tokio::time::timeout(limit, child.wait()).await.is_err() {
        assert!(manner.kill_after.is_some(), "the child hangs; its log:\n{}", self::log(&task.folder));
        child.kill().await.unwrap();
    }
    hearing.await.unwrap()
}

/// What all children that worked in this folder logged.
pub(crate) fn log(folder: &Path) -> String {
    fs::read_to_string(log_of(folder)).unwrap_or_default()
}

fn log_of(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

async fn hear(pipe: ChildStdout, notes: Option<PathBuf>) -> Said {
    let mut lines = BufReader::new(pipe).lines();
    let mut said = Said::default();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(line) = line.strip_prefix("> ") {
            if let Some(notes) = &notes {
                testkit::faults::note(notes, line).unwrap();
            }
            said.hear(line);
        }
    }
    said
}

impl Said {
    fn hear(&mut self, line: &str) {
        let mut words = line.splitn(4, ' ');
        let (what, first, second) = (words.next(), words.next(), words.next());
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok());
        match (what, number(first), number(second)) {
            (Some("accepted"), Some(first), Some(end)) => self.accepted.extend(first..end),
            (Some("refused"), Some(first), Some(end)) => {
                self.refused.extend(first..end);
                self.why.extend(words.next().map(str::to_owned));
            }
            (Some("doubts"), Some(doubts), _) => self.doubts = Some(doubts),
            (Some("done"), ..) => self.done = true,
            (Some("failed"), ..) => self.failed = Some(line.to_owned()),
            _ => {}
        }
    }
}
