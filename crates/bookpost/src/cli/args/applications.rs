//! `applications`

use clap::{Args, Subcommand, ValueEnum};
use store::{Class, MOST_RECIPIENTS};

use super::Output;
use crate::cli::control::SettingName;

/// `applications`
#[derive(Debug, Subcommand)]
pub enum Applications {
    /// Add an application; it needs a key before it can send
    Add {
        /// Its name, as people will see it; it cannot be changed later
        name: String,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        output: Output,
    },
    /// List all applications
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show one application with its keys
    Show {
        /// The application
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Change what an application may do; what is not named stays as it is
    Change {
        /// The application
        name: String,
        #[command(flatten)]
        settings: Settings,
        /// Set this back to what it is when nothing is said
        #[arg(long, value_name = "SETTING")]
        reset: Vec<SettingName>,
        #[command(flatten)]
        output: Output,
    },
    /// Make or revoke a key
    #[command(subcommand)]
    Key(Key),
    /// Accept nothing from it until it is enabled; what was accepted is sent
    Disable {
        /// The application
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Accept mail from it again
    Enable {
        /// The application
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

/// `applications key`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make one more key, and show it once
    Add {
        /// The application
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Let a key open nothing any more, from now on
    Revoke {
        /// The application
        name: String,
        /// The key's id, as `programs show` prints it
        key: String,
        #[command(flatten)]
        output: Output,
    },
}

/// What an application may do.
#[derive(Debug, Args)]
pub struct Settings {
    /// It may send from this address, or from all of @domain; several times for several [default: the addresses of its sites]
    #[arg(long, value_name = "ADDRESS")]
    pub from: Vec<String>,
    /// It may send for this site; several times for several [default: all]
    #[arg(long, value_name = "CODE")]
    pub site: Vec<String>,
    /// It may send mail of this class; several times for several, and the first is taken where mail names none [default: normal, bulk]
    #[arg(long, value_name = "CLASS")]
    pub class: Vec<ClassName>,
    /// Where undeliverable mail goes if the application gives no address with it
    #[arg(long, value_name = "ADDRESS")]
    pub return_address: Option<String>,
    /// Its largest message, such as 500kB or 25MB [default: 25MB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub largest_message: Option<u64>,
    /// Recipients of one message at most [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_RECIPIENTS as i64))]
    pub recipients: Option<u32>,
    /// Recipients whose mail may wait in the queue at most [default: 100000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub waiting: Option<u64>,
    /// Messages per minute at most [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub per_minute: Option<u32>,
}

/// A class, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClassName {
    /// A person waits for it
    Urgent,
    /// The usual
    Normal,
    /// Large mailings
    Bulk,
}

impl From<ClassName> for Class {
    fn from(name: ClassName) -> Self {
        match name {
            ClassName::Urgent => Self::Urgent,
            ClassName::Normal => Self::Normal,
            ClassName::Bulk => Self::Bulk,
        }
    }
}

/// The largest body that the queue can hold.
const LARGEST: u64 = 1_000_000_000;
/// Less is a slip: the header alone is that large.
const LEAST: u64 = 1_000;

/// Bytes, or thousands or millions of them.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        _ => return Err("a number with B, kB, MB, KiB or MiB".to_owned()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    bytes
        .filter(|bytes| (LEAST..=LARGEST).contains(bytes))
        .ok_or_else(|| "between 1 kB and 1 GB; a number alone is bytes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("25MB", Some(25_000_000)),
            ("25 mb", Some(25_000_000)),
            ("500kB", Some(500_000)),
            ("10MiB", Some(10_485_760)),
            ("7000", Some(7_000)),
            ("7", None),
            ("1GB", Some(1_000_000_000)),
            ("2GB", None),
            ("0", None),
            ("MB", None),
            ("2.5MB", None),
            ("25 Megs", None),
            ("99999999999999999999GB", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }
}
