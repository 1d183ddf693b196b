//! The configuration: read once, checked once, then only values.
//!
//! [`load`] finds the file, lays the environment over it (`raw`), and checks it all (`check`, `servers`): what is wrong comes
//! back as one list, each with its place and what to do. After that there is only [`Config`], in which every value is
//! usable as it stands. Nothing else in the program reads the environment or the file.

mod check;
mod checked;
mod doors;
mod problem;
mod raw;
mod sample;
mod secret;
mod servers;
mod setting;
mod show;
mod surroundings;

use std::path::{Path, PathBuf};

pub use checked::*;
pub use doors::{CertificateFiles, Doors, SendmailDoor, SmtpDoor, Trusted};
pub use problem::{Problem, Problems};
pub use sample::SAMPLE;
pub use surroundings::{SENDMAIL_MAILDROP, SENDMAIL_SOCKET, Surroundings};

/// Where the configuration is looked for when nobody says.
pub const DEFAULT_FILE: &str = "/etc/bookpost/bookpost.toml";

/// The configuration with what a person may want to know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// The file it was read from; None when the environment alone made it.
    pub file: Option<PathBuf>,
    /// What works, but is probably not meant.
    pub warnings: Vec<String>,
}

/// Reads and checks the configuration: `file` if given, else `BOOKPOST_CONFIG`, else [`DEFAULT_FILE`].
pub fn load(file: Option<&Path>, around: &Surroundings) -> Result<Loaded, Problems> {
    let (path, named) = place(file, around);
    match std::fs::read_to_string(&path) {
        Ok(text) => check_text(&text, Some(path), around),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named && around.has_settings() => {
            check_text("", None, around)
        }
        Err(error) => Err(unreadable(&path, &error).into()),
    }
}

/// Whether the file that [`load`] reads is there, and closed to this user.
pub fn is_closed(file: Option<&Path>, around: &Surroundings) -> bool {
    let opened = std::fs::File::open(place(file, around).0);
    opened.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// Where the file is, and whether somebody has named it.
fn place(file: Option<&Path>, around: &Surroundings) -> (PathBuf, bool) {
    match (file, around.variable("BOOKPOST_CONFIG")) {
        (Some(path), _) => (path.to_owned(), true),
        (None, Some(path)) => (PathBuf::from(path), true),
        (None, None) => (PathBuf::from(DEFAULT_FILE), false),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let todo = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "it is for Bookpost's own user: run the command as sudo -u bookpost bookpost ..."
        }
        _ => "make one with `bookpost config sample`, or name the file with --config",
    };
    Problem::new(format!("the configuration cannot be read: {error}"), path.display().to_string(), todo)
}

/// Checks `text` as the content of `file`, with the environment laid over it.
pub fn check_text(text: &str, file: Option<PathBuf>, around: &Surroundings) -> Result<Loaded, Problems> {
    let mut raw = raw::Raw::parse(text, file.clone(), around)?;
    let config = check::check(&mut raw, around);
    raw.refuse_unknown();
    let problems = raw.into_problems();
    match config {
        Some(config) if problems.is_empty() => {
            let warnings = show::warnings(&config);
            Ok(Loaded { config, file, warnings })
        }
        _ => Err(Problems(problems)),
    }
}

#[cfg(test)]
mod tests;
