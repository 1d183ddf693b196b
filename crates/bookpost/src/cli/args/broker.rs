//! `broker`

use clap::Subcommand;

use super::{Output, at_least_one};

/// `broker`
#[derive(Debug, Subcommand)]
pub enum Broker {
    /// Let the people of another installation sign in by this one, and print its key, once
    Add {
        /// What its people call it; they read it on the page that asks them
        name: String,
        /// Where its pages are, such as <https://bookpost.school.example>: browsers are led back to there, and nowhere else
        #[arg(long)]
        address: String,
        #[command(flatten)]
        output: Output,
    },
    /// List the installations, and the address that is entered at the mail provider
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Do nothing for an installation any more, from now on
    Revoke {
        /// Its name, or the id of its key
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Show what was done for installations, the newest first
    Log {
        /// Only for this one, by its name or the id of its key
        #[arg(long, value_name = "NAME")]
        of: Option<String>,
        #[arg(long, default_value_t = 50, value_parser = at_least_one())]
        limit: usize,
        #[command(flatten)]
        output: Output,
    },
}
