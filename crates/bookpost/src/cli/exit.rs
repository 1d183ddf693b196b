//! What the exit code of a command says. Scripts depend on it; the numbers from 64 are those of sysexits(3).

use std::process::ExitCode;

use store::{CameTo, LeftOut, LeftOutWhy};

use crate::cli::control::{Failure, Grade, Progress, Reply, ScheduleRan};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done. For a run: everyone who could be written to was, or waits for a resend by the running service.
    Done,
    /// 1: done, but mail was returned or set aside, or waits while nothing would send it; or some notices could not be made, or
    /// some ids not be moved.
    Partly,
    /// 0 to 3: how `check` found it, as monitoring systems read it.
    Monitored(Grade),
    /// 64: the command line makes no sense.
    Usage,
    /// 65: the export or address handed in cannot be used.
    Data,
    /// 67: there is no such recipient (sendmail).
    NoUser,
    /// 69: a mail server refused (preferences test), or the service (sendmail).
    Refused,
    /// 75: not now; nothing is wrong with the request. Try again later.
    Temporary,
    /// 77: who runs the command may not do that (sendmail).
    NoPermission,
    /// 78: the configuration, or who runs the command, must be put right first.
    Config,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 1,
            Self::Monitored(grade) => match grade {
                Grade::Ok => 0,
                Grade::Warning => 1,
                Grade::Critical => 2,
                Grade::Unknown => 3,
            },
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoUser => 67,
            Self::Refused => 69,
            Self::Temporary => 75,
            Self::NoPermission => 77,
            Self::Config => 78,
        }
    }

    /// How a command ends that could not be carried out.
    pub fn after(failure: Failure) -> Self {
        match failure {
            Failure::Usage => Self::Usage,
            Failure::Data => Self::Data,
            Failure::Temporary | Failure::Changed => Self::Temporary,
            Failure::Config => Self::Config,
            Failure::Refused => Self::Refused,
        }
    }

    /// How a command ends that got `reply`.
    pub fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Failed { failure, .. } => Self::after(*failure),
            Reply::Run(run)
                if !complete(&run.progress, run.service && run.way)
                    || not_made(&run.left_out)
                    || reaches_nobody(&run.progress, &run.left_out) =>
            {
                Self::Partly
            }
            Reply::Preview(preview) if not_made(&preview.left_out) => Self::Partly,
            Reply::BackedUp { backup, .. } if !backup.wrong.is_empty() => Self::Partly,
            Reply::Backup(backup) if !backup.wrong.is_empty() => Self::Data,
            Reply::SchedulesRan(all) => {
                all.iter().map(came_to).find(|exit| *exit != Self::Done).unwrap_or(Self::Done)
            }
            Reply::AnotherAccount { .. } => Self::Data,
            Reply::Check(checked) => Self::Monitored(checked.grade),
            Reply::Moved(moved) if !moved.missing.is_empty() => Self::Usage,
            Reply::Moved(moved) if moved.unmoved > 0 => Self::Partly,
            _ => Self::Done,
        }
    }
}

/// How a command ends that ran a schedule.
fn came_to(ran: &ScheduleRan) -> Exit {
    match ran.ending.as_ref().map(|ending| ending.came_to) {
        Some(CameTo::Run | CameTo::Skipped | CameTo::SentAlready) => Exit::Done,
        Some(CameTo::Stopped | CameTo::StoppedBefore) => Exit::Partly,
        None | Some(CameTo::NotNow | CameTo::StillWritten | CameTo::NoAnswer | CameTo::Broken) => {
            Exit::Temporary
        }
        Some(CameTo::Settings) => Exit::Config,
        Some(_) => Exit::Data,
    }
}

/// Whether nothing needs a person. `goes_on`: what waits will be sent by itself.
fn complete(progress: &Progress, goes_on: bool) -> bool {
    let Progress { returned, in_doubt, aside, cancelled, .. } = *progress;
    let needs_nobody = [returned, in_doubt, aside, cancelled].iter().all(|count| *count == 0);
    needs_nobody && (goes_on || progress.waiting == 0)
}

/// Whether nobody of an export that names people could be written to: the file, or the settings for it, will be at fault.
fn reaches_nobody(progress: &Progress, left_out: &[LeftOut]) -> bool {
    let lately =
        left_out.iter().any(|one| matches!(one.why, LeftOutWhy::WrittenLately | LeftOutWhy::CameBack));
    progress.prepared == 0 && !lately && left_out.iter().any(|one| !one.why.is_note())
}

/// Whether somebody goes without a notice because of how it is worded.
fn not_made(left_out: &[LeftOut]) -> bool {
    left_out.iter().any(|one| one.why == LeftOutWhy::NotMade)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{args::EXIT_CODES, control::Preview};

    #[test]
    fn a_run_is_complete_when_nothing_needs_a_person() {
        for (returned, waiting, aside, goes_on, expected) in [
            (0, 0, 0, false, true),
            (0, 5, 0, true, true),
            (0, 5, 0, false, false),
            (1, 0, 0, true, false),
            (0, 0, 300, true, false),
        ] {
            let progress = Progress { waiting, returned, aside, ..Progress::default() };
            assert_eq!(complete(&progress, goes_on), expected, "{progress:?} {goes_on}");
        }
        assert!(!complete(&Progress { cancelled: 1, ..Progress::default() }, true));
        assert!(!complete(&Progress { in_doubt: 1, ..Progress::default() }, true));
    }

    /// The page that scripts are written by.
    #[test]
    fn the_guide_and_the_help_have_every_code() {
        let guide = include_str!("../../../../docs/guide/exit-codes.md");
        let codes: Vec<u8> = guide
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
            .collect();
        let all = [
            Exit::Done,
            Exit::Partly,
            Exit::Usage,
            Exit::Data,
            Exit::NoUser,
            Exit::Refused,
            Exit::Temporary,
            Exit::NoPermission,
            Exit::Config,
        ];
        assert_eq!(codes, all.map(Exit::code));
        for code in codes {
            assert!(EXIT_CODES.contains(&format!("{code} ")), "{code}");
        }
    }

    #[test]
    fn a_run_that_reaches_nobody_is_no_success() {
        use LeftOutWhy::{NoLines, UnknownBranch, WrittenLately};
        for (prepared, why, expected) in [
            (0, vec![UnknownBranch], true),
            (1, vec![UnknownBranch], false),
            (0, vec![UnknownBranch, WrittenLately], false),
            (0, vec![NoLines], false),
            (0, vec![], false),
        ] {
            let progress = Progress { prepared, ..Progress::default() };
            let left_out = |why| LeftOut {
                why,
                line: None,
                who: String::new(),
                detail: String::new().into(),
                site: None,
            };
            let left_out: Vec<_> = why.iter().copied().map(left_out).collect();
            assert_eq!(reaches_nobody(&progress, &left_out), expected, "{prepared} {why:?}");
        }
    }

    #[test]
    fn a_notice_that_could_not_be_made_is_not_all_done() {
        for (why, exit) in [(LeftOutWhy::NotMade, Exit::Partly), (LeftOutWhy::LeftAside, Exit::Done)] {
            let left_out = vec![LeftOut {
                why,
                line: None,
                who: String::new(),
                detail: String::new().into(),
                site: None,
            }];
            assert_eq!(
                Exit::of(&Reply::Preview(Preview { notices: 1, lists: 0, left_out, first: None })),
                exit
            );
        }
    }
}
