//! `people` and `log`

use clap::{Args, Subcommand, ValueEnum};
use store::Role;

use super::{Output, at_least_one};
use crate::web::LANGUAGES;

/// No language of their own.
pub(in crate::cli) const BROWSER: &str = "browser";

/// `people`
#[derive(Debug, Subcommand)]
pub enum People {
    /// Add a person, and print the link by which they choose their password
    Add {
        /// What they sign in with
        email: String,
        /// Their name, as others will see it
        #[arg(long)]
        name: String,
        /// What they may do
        #[arg(long)]
        role: RoleName,
        /// Only for this site; several times for several [default: all]
        #[arg(long, value_name = "CODE")]
        site: Vec<String>,
        /// The language of their pages [default: as their browser asks]
        #[arg(long, value_parser = LANGUAGES)]
        language: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// List all people
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Change a person; what is not named stays as it is
    Change {
        /// What they sign in with
        email: String,
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        output: Output,
    },
    /// Sign a person out everywhere, and let them sign in no more until they are enabled
    Disable(One),
    /// Let a person sign in again
    Enable(One),
    /// Where a person is signed in
    Sessions(One),
    /// End one session of a person, and leave the others
    EndSession {
        /// What they sign in with
        email: String,
        /// The session's number, as `people sessions` prints it
        session: i64,
        #[command(flatten)]
        output: Output,
    },
    /// Sign a person out everywhere
    SignOut(One),
    /// Print another link by which a person who has no password yet chooses one
    InviteLink(One),
    /// Print a link by which a person chooses a new password
    ResetLink(One),
    /// Make a key by which a person's programs administer through the API, and show it once
    Key(One),
    /// List the keys of a person
    Keys(One),
    /// Let a key of a person open nothing any more, from now on
    RevokeKey {
        /// What they sign in with
        email: String,
        /// The key's id, as `people keys` prints it
        key: String,
        #[command(flatten)]
        output: Output,
    },
    /// Print the link by which the first administrator is made
    SetupLink {
        #[command(flatten)]
        output: Output,
    },
}

/// Who is meant.
#[derive(Debug, Args)]
pub struct One {
    /// What they sign in with
    pub email: String,
    #[command(flatten)]
    pub output: Output,
}

/// What is to be otherwise.
#[derive(Debug, Args)]
#[group(id = "changed", required = true, multiple = true)]
pub struct Change {
    /// Another address to sign in with
    #[arg(long = "email", value_name = "ADDRESS", id = "new-email")]
    pub email: Option<String>,
    /// Another name
    #[arg(long)]
    pub name: Option<String>,
    /// What they may do
    #[arg(long)]
    pub role: Option<RoleName>,
    /// Only for this site; several times for several, in the place of those before
    #[arg(long, value_name = "CODE")]
    pub site: Vec<String>,
    /// For all sites
    #[arg(long, conflicts_with = "site")]
    pub all_sites: bool,
    /// The language of their pages; browser: as their browser asks
    #[arg(long, value_parser = [LANGUAGES.as_slice(), &[BROWSER]].concat())]
    pub language: Option<String>,
}

/// `log`
#[derive(Debug, Args)]
pub struct Log {
    /// Only what this person changed, by the address that they sign in with
    #[arg(long, value_name = "ADDRESS")]
    pub by: Option<String>,
    /// Only what was changed of this: a person's address, for one
    #[arg(long, value_name = "WHAT")]
    pub about: Option<String>,
    /// Only lines before this one, by its number
    #[arg(long, value_name = "N")]
    pub before: Option<i64>,
    #[arg(long, default_value_t = 50, value_parser = at_least_one())]
    pub limit: usize,
    #[command(flatten)]
    pub output: Output,
}

/// A role, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Everything, at every site
    Administrator,
    /// Runs notices and decides about mail
    Manager,
    /// May look
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Administrator => Self::Administrator,
            RoleName::Manager => Self::Manager,
            RoleName::Viewer => Self::Viewer,
        }
    }
}
