//! `preferences`

use clap::Subcommand;

use super::{Output, at_least_one};
use crate::{
    cli::control::Found,
    config::{Audience, Provider, SendBy},
};

/// `preferences`
#[derive(Debug, Subcommand)]
pub enum Preferences {
    #[command(flatten)]
    Settings(Settings),
    /// Try one mail server step by step, as the settings have it now, and say what to do about the step that fails
    Test {
        /// google or microsoft, instead of a server of your own: by the account of whoever has signed in there
        #[arg(value_parser = provider, conflicts_with = "server")]
        provider: Option<Provider>,
        /// Server 1, or 2, the backup
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        server: u8,
        /// Send a test message to this address at the end
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
        /// Print JSON for programs: one object on each line, as each step begins and ends
        #[arg(long)]
        json: bool,
    },
    /// Look at which ports a mail server answers, and how: by which port and security mail can be sent
    Ports {
        /// Server 1, or 2, the backup, as the settings have it now
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        server: u8,
        /// Look at this host instead, before it is in the settings
        host: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Say whether the message of the last test arrived, and what to do if it did not
    Arrived {
        /// What was found in the mailbox
        found: Found,
        /// google or microsoft, if it was sent by an account there
        #[arg(value_parser = provider, conflicts_with = "server")]
        provider: Option<Provider>,
        /// Server 1, or 2, the backup
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        server: u8,
        #[command(flatten)]
        output: Output,
    },
    /// Sign in at a mail provider, so that mail can be sent by an account there: prints an address to open in a browser, and reads the
    /// one with which that comes back from standard input
    Connect {
        /// google or microsoft
        #[arg(value_parser = provider)]
        provider: Provider,
        /// Take the account although another one was connected before
        #[arg(long)]
        another: bool,
        /// By the mail server of the provider (smtp), or by its web service with a narrower box to tick (api); without it as it is set
        #[arg(long, value_parser = send_by)]
        send_by: Option<SendBy>,
        /// Print a code to be typed on another device, and wait until that is done (microsoft)
        #[arg(long)]
        device_code: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Forget the sign-in at a mail provider, and tell the provider that it is over; says first how much mail waits for it, and asks
    Disconnect {
        /// google or microsoft
        #[arg(value_parser = provider)]
        provider: Provider,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Ask the sign-in service whether it knows this installation, and name the host and the port to open in a firewall
    TestSignInService {
        #[command(flatten)]
        output: Output,
    },
    /// Say who hosts the mail of an address, and by which server a library there would send
    Suggest {
        /// The library's email address
        address: String,
        #[command(flatten)]
        output: Output,
    },
}

fn provider(text: &str) -> Result<Provider, String> {
    Provider::named(text).ok_or_else(|| "it is google or microsoft".to_owned())
}

fn audience(text: &str) -> Result<Audience, String> {
    Audience::named(text).ok_or_else(|| "it is internal, external or testing".to_owned())
}

fn send_by(text: &str) -> Result<SendBy, String> {
    SendBy::named(text).ok_or_else(|| "it is smtp or api".to_owned())
}

/// What is done with the preferences themselves.
#[derive(Debug, Subcommand)]
pub enum Settings {
    /// Show all preferences, and where each is set
    Show {
        #[command(flatten)]
        output: Output,
    },
    /// Change preferences, all or none; they hold at once
    Set {
        /// What is to hold, such as server1.host=smtp.library.example; a list or number as in the configuration file
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Take preferences away, so that the usual values hold
    Unset {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Set the password for a mail server; it is asked for, or read as the first line of standard input
    Password {
        /// Server 1, or 2, the backup
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        server: u8,
        /// The login it belongs to, if that is to be another
        #[arg(long)]
        login: Option<String>,
        /// What is changed together with it, such as server1.host=smtp.library.example
        #[arg(value_name = "NAME=VALUE")]
        values: Vec<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Set what a mail provider knows Bookpost by; the client secret is asked for, or read as the first line of standard input
    Client {
        /// google or microsoft
        #[arg(value_parser = provider)]
        provider: Provider,
        /// The client id; without it only the secret is another
        #[arg(long)]
        id: Option<String>,
        /// Whose accounts are meant, at Microsoft: its id or domain
        #[arg(long)]
        tenant: Option<String>,
        /// For whom the client is, at Google: internal, external, or testing while it is not published
        #[arg(long, value_parser = audience)]
        audience: Option<Audience>,
        /// By the mail server of the provider (smtp), or by its web service with a narrower box to tick (api)
        #[arg(long, value_parser = send_by)]
        send_by: Option<SendBy>,
        #[command(flatten)]
        output: Output,
    },
    /// Set the sign-in service, by which people sign in where no client id is set; its key is asked for, or read as the first line of
    /// standard input
    SignInService {
        /// Its address, such as <https://signin.district.example>; without it only the key is another
        #[arg(long)]
        address: Option<String>,
        /// Who runs it, as people know them
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Undo the last change
    Undo {
        #[command(flatten)]
        output: Output,
    },
    /// List the last changes
    History {
        #[arg(long, default_value_t = 20, value_parser = at_least_one())]
        limit: usize,
        #[command(flatten)]
        output: Output,
    },
    /// Put what the configuration file and the environment set among the preferences
    Import {
        #[command(flatten)]
        output: Output,
    },
}
