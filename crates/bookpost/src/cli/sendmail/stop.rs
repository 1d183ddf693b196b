//! Why `sendmail` ends without having handed anything over.

use crate::cli::Exit;

/// The exit code, and the line on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) exit: Exit,
    pub(super) message: String,
}

impl Stop {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub(super) fn usage(message: &impl ToString) -> Self {
        Self::new(Exit::Usage, message.to_string())
    }

    pub(super) fn data(message: &impl ToString) -> Self {
        Self::new(Exit::Data, message.to_string())
    }

    pub(super) fn temporary(message: impl Into<String>) -> Self {
        Self::new(Exit::Temporary, message)
    }
}
