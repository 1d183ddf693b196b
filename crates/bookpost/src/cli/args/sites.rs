//! `sites`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;
use crate::config::LANGUAGES;

/// `sites`
#[derive(Debug, Subcommand)]
pub enum Sites {
    /// List all sites
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Add a site
    Add {
        /// Its branch code, as the exports have it; it cannot be changed later
        code: String,
        /// The name that patrons know
        #[arg(long)]
        name: String,
        /// What patrons see as the sender; without one it cannot send
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        #[command(flatten)]
        more: More,
        #[command(flatten)]
        output: Output,
    },
    /// Change a site; what is not named stays as it is
    Change {
        /// Its branch code
        code: String,
        /// The name that patrons know
        #[arg(long)]
        name: Option<String>,
        /// What patrons see as the sender
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        #[command(flatten)]
        more: More,
        /// Take this away
        #[arg(long, value_name = "WHAT")]
        reset: Vec<Optional>,
        #[command(flatten)]
        output: Output,
    },
    /// Put a logo at the head of a site's notices; see the guide to preferences for what it may be
    Logo {
        /// Its branch code
        code: String,
        /// A PNG or JPEG of at most 600 x 200 pixels and 20 kB; - for standard input
        #[arg(required_unless_present = "remove")]
        file: Option<PathBuf>,
        /// Take it away
        #[arg(long, conflicts_with = "file")]
        remove: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Remove a site; mail of it that was accepted is sent all the same
    Remove {
        /// Its branch code
        code: String,
        #[command(flatten)]
        output: Output,
    },
}

/// What a site need not have.
#[derive(Debug, Args)]
pub struct More {
    /// Where answers go [default: to the email address]
    #[arg(long, value_name = "ADDRESS")]
    pub reply_to: Option<String>,
    /// Where undeliverable mail goes [default: to where answers go]
    #[arg(long, value_name = "ADDRESS")]
    pub return_address: Option<String>,
    /// The telephone number that notices name
    #[arg(long)]
    pub phone: Option<String>,
    /// A further branch code that means this site in exports; several times for several, in the place of those before
    #[arg(long, value_name = "CODE")]
    pub branch: Vec<String>,
    /// In which its notices are dated, such as America/New_York [default: the computer's]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// In which its patrons are written to of whom the export does not say theirs
    #[arg(long, value_parser = LANGUAGES)]
    pub language: Option<String>,
}

/// What can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Optional {
    Email,
    ReplyTo,
    ReturnAddress,
    Phone,
    Branch,
    TimeZone,
    Language,
}
