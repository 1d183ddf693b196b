//! `webhooks`

use clap::Subcommand;

use super::Output;
use crate::events::EventName;

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
