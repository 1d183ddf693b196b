//! What the exit code of a command says. Scripts depend on it; the numbers from 64 are those of sysexits(3).

use std::process::ExitCode;

use store::{LeftOut, LeftOutWhy};

use crate::cli::control::{Failure, Progress, Reply};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done. For a run: everyone who could be written to was, or waits for a resend by the running service.
    Done,
    /// 1: done, but mail was returned, or waits while no service runs that would send it; or some notices could not be made, or
    /// some ids not be moved.
    Partly,
    /// 64: the command line makes no sense.
    Usage,
    /// 65: the export or address handed in cannot be used.
    Data,
    /// 69: a mail server refused (send-test).
    Refused,
    /// 75: not now; nothing is wrong with the request. Try again later.
    Temporary,
    /// 78: the configuration must be put right first.
    Config,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 1,
            Self::Usage => 64,
            Self::Data => 65,
            Self::Refused => 69,
            Self::Temporary => 75,
            Self::Config => 78,
        }
    }

    /// How a command ends that got `reply`.
    pub fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Failed { failure, .. } => match failure {
                Failure::Usage => Self::Usage,
                Failure::Data => Self::Data,
                Failure::Temporary => Self::Temporary,
                Failure::Config => Self::Config,
                Failure::Refused => Self::Refused,
            },
            Reply::Run(run) if !complete(&run.progress, run.service) || not_made(&run.left_out) => {
                Self::Partly
            }
            Reply::Preview(preview) if not_made(&preview.left_out) => Self::Partly,
            Reply::Moved(moved) if moved.unmoved > 0 => Self::Partly,
            _ => Self::Done,
        }
    }
}

/// Whether nothing came back, and what waits will be sent by itself.
fn complete(progress: &Progress, service: bool) -> bool {
    progress.returned == 0 && (service || progress.waiting == 0)
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
    use crate::cli::control::Preview;

    #[test]
    fn a_run_is_complete_when_nothing_needs_a_person() {
        for (returned, waiting, service, complete_) in
            [(0, 0, false, true), (0, 5, true, true), (0, 5, false, false), (1, 0, true, false)]
        {
            let progress = Progress { waiting, returned, ..Progress::default() };
            assert_eq!(complete(&progress, service), complete_, "{returned} {waiting} {service}");
        }
    }

    #[test]
    fn a_notice_that_could_not_be_made_is_not_all_done() {
        for (why, exit) in [(LeftOutWhy::NotMade, Exit::Partly), (LeftOutWhy::LeftAside, Exit::Done)] {
            let left_out = vec![LeftOut { why, line: None, who: String::new(), detail: String::new() }];
            assert_eq!(Exit::of(&Reply::Preview(Preview { notices: 1, left_out, first: None })), exit);
        }
    }
}
