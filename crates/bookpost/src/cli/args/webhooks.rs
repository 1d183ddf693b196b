//! `webhooks`

use clap::{Subcommand, ValueEnum};
use store::EventKind;

use super::Output;

/// `webhooks`
#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Tell a web address what becomes of an application's mail from now on
    Add {
        /// The application
        application: String,
        /// The web address: https://..., or http:// on this computer
        url: String,
        /// Tell it of this only; several times for several [default: everything]
        #[arg(long, value_name = "EVENT")]
        event: Vec<EventName>,
        #[command(flatten)]
        output: Output,
    },
    /// List all web addresses, and whether they can be told
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Tell a web address nothing any more
    Remove {
        /// Its number, as `webhooks list` prints it
        id: i64,
        #[command(flatten)]
        output: Output,
    },
    /// Post a test to a web address; what waits for it is then tried again within a minute
    Test {
        /// Its number, as `webhooks list` prints it
        id: i64,
        #[command(flatten)]
        output: Output,
    },
}

/// An event, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventName {
    /// A message was taken
    Accepted,
    /// An attempt failed, and another is made
    Deferred,
    /// It may have arrived: the answer of the mail server was lost
    InDoubt,
    /// Accepted by the mail server
    Delivered,
    /// Kept by the practice mailbox
    Practiced,
    /// Sent back
    Returned,
    /// Set aside until a person decides
    Held,
    /// To be sent after all, or at once
    Released,
    /// Not sent, as a person decided
    Cancelled,
}

impl From<EventName> for EventKind {
    fn from(name: EventName) -> Self {
        match name {
            EventName::Accepted => Self::Accepted,
            EventName::Deferred => Self::Deferred,
            EventName::InDoubt => Self::InDoubt,
            EventName::Delivered => Self::Delivered,
            EventName::Practiced => Self::Practiced,
            EventName::Returned => Self::Returned,
            EventName::Held => Self::Held,
            EventName::Released => Self::Released,
            EventName::Cancelled => Self::Cancelled,
        }
    }
}
