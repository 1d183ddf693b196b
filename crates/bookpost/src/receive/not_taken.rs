//! Why a message is not taken, for every door in its own form.

use mail::{EnhancedStatusCode, Reply, submission};

use super::NotNow;
use crate::identity::{Denied, Full, Rate};

/// Why a message is not taken. Each text is a sentence for whoever handed it in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotTaken {
    /// The message itself.
    #[error(transparent)]
    Unfit(#[from] submission::Refused),
    /// Its header is not ASCII, and the door was not told so.
    #[error("the header of the message is not ASCII, and SMTPUTF8 was not asked for")]
    NeedsSmtpUtf8,
    /// The application may not send this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// More messages per minute than the application may send.
    #[error("this application may send {} messages a minute; try again later", .0.limit)]
    TooFast(Rate),
    /// More waits than the application may have waiting.
    #[error(transparent)]
    Full(#[from] Full),
    /// There is no room now.
    #[error("{0}; try again later")]
    NoRoom(#[from] NotNow),
    /// The queue could not store it.
    #[error("the message could not be stored: {0}")]
    Store(#[from] store::Error),
}

impl From<Rate> for NotTaken {
    fn from(rate: Rate) -> Self {
        Self::TooFast(rate)
    }
}

impl NotTaken {
    /// Whether the same message may be taken later.
    pub fn is_for_now(&self) -> bool {
        self.codes().0 / 100 == 4
    }

    /// The answer of an SMTP server.
    pub fn reply(&self) -> Reply {
        if let Self::Unfit(refused) = self {
            return refused.reply();
        }
        let (code, enhanced) = self.codes();
        Reply { code, enhanced: Some(enhanced), text: format!("Not taken: {self}") }
    }

    fn codes(&self) -> (u16, EnhancedStatusCode) {
        let (code, subject, detail) = match self {
            Self::Unfit(refused) => {
                let reply = refused.reply();
                return (reply.code, reply.enhanced.unwrap_or(EnhancedStatusCode(5, 6, 0)));
            }
            Self::NeedsSmtpUtf8 => (550, 6, 9),
            Self::Denied(denied) => match denied {
                Denied::TooLarge { .. } => (552, 3, 4),
                Denied::TooManyRecipients { .. } => (554, 5, 3),
                _ => (550, 7, 1),
            },
            Self::TooFast(_) => (450, 7, 1),
            Self::Full(_) | Self::NoRoom(NotNow::DiskLow) => (452, 3, 1),
            Self::NoRoom(NotNow::Lagging) => (451, 3, 2),
            Self::Store(store::Error::TooManyRecipients { .. }) => (554, 5, 3),
            Self::Store(_) => (451, 3, 0),
        };
        (code, EnhancedStatusCode(code / 100, subject, detail))
    }
}
