//! The configuration: read once, checked once, then only values.
//!
//! [`load`] finds the file, lays the environment over it and the preferences under it (`raw`), and checks it all (`check`, `servers`): what
//! is wrong comes back as one list, each with its place and what to do. After that there is only [`Config`], in which every value is
//! usable as it stands. Nothing else in the program reads the environment or the file. Who changes preferences has it made anew by its
//! [`Source`].

mod audience;
mod check;
mod checked;
mod database;
mod doors;
mod in_force;
mod mail_provider;
mod oidc;
mod preferences;
mod private_url;
mod problem;
mod raw;
mod sample;
mod secret;
mod servers;
mod setting;
mod settings;
mod show;
mod sign_in_service;
mod surroundings;
mod undeliverable;
mod web;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use store::{Error, OpenError, Store};

pub use audience::Audience;
pub use checked::*;
pub use database::Database;
pub use doors::{CertificateFiles, Doors, SendmailDoor, SmtpDoor, Trusted};
pub use mail_provider::{MailProvider, Provider, SendBy, Service};
pub use oidc::Oidc;
pub use preferences::{PREFERENCES, Preference, SECRETS};
pub use private_url::{NotPrivate, private_url};
pub use problem::{Problem, Problems, Wrong};
pub use raw::Origin;
pub use sample::SAMPLE;
pub use secret::sealed;
pub use settings::Settings;
pub use sign_in_service::SignInService;
pub use surroundings::{SENDMAIL_MAILDROP, SENDMAIL_SOCKET, Surroundings};
pub use undeliverable::{ReadAddress, Undeliverable};
pub use web::WebDoor;

/// Where the configuration is looked for when nobody says.
pub const DEFAULT_FILE: &str = "/etc/bookpost/bookpost.toml";

const WHO_MAY: &str = "they are for Bookpost's own user: run the command as sudo -u bookpost bookpost ...";

/// The configuration with what a person may want to know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// The file it was read from; None when there is none.
    pub file: Option<PathBuf>,
    /// What works, but is probably not meant.
    pub warnings: Vec<String>,
    /// The preferences, each with its value as it is written and where that comes from.
    pub preferences: Vec<Preference>,
    /// The names of all settings that there are, as far as they were looked for.
    pub known: BTreeSet<String>,
    /// What is stored among the preferences and nobody asked for: a later version may have stored it.
    pub unknown: Vec<Problem>,
    /// From which this was made, and can be made again with other preferences.
    pub source: Source,
}

/// What file and environment say: all that settings are made of, except the preferences.
#[derive(Debug, Clone)]
pub struct Source {
    text: String,
    file: Option<PathBuf>,
    around: Surroundings,
}

impl Source {
    /// Reads `file` if given, else `BOOKPOST_CONFIG`, else [`DEFAULT_FILE`], which need not be there.
    pub fn read(file: Option<&Path>, around: &Surroundings) -> Result<Self, Problems> {
        let (path, named) = place(file, around);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::given(&text, Some(path), around)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => {
                Ok(Self::given("", None, around))
            }
            Err(error) => Err(unreadable(&path, &error).into()),
        }
    }

    /// `text` as the content of `file`.
    pub fn given(text: &str, file: Option<PathBuf>, around: &Surroundings) -> Self {
        Self { text: text.to_owned(), file, around: around.clone() }
    }

    /// Where the queue is, whatever else is wrong.
    pub fn data_dir(&self) -> Result<PathBuf, Problems> {
        Ok(check::data_dir(&mut self.raw(&BTreeMap::new())?))
    }

    /// The server that has the queue, whatever else is wrong; none where it is in the folder.
    fn database(&self) -> Result<Option<Database>, Problems> {
        let mut raw = self.raw(&BTreeMap::new())?;
        let database = database::database(&mut raw, &self.around);
        let problems = raw.into_problems();
        if problems.is_empty() { Ok(database) } else { Err(Problems(problems)) }
    }

    /// Where the queue is, for whoever makes none: it must be there, or a configuration that says where it is to be.
    pub fn installed(&self) -> Result<PathBuf, Problems> {
        let data_dir = self.data_dir()?;
        if self.file.is_some() || self.around.settings().next().is_some() || data_dir.exists() {
            return Ok(data_dir);
        }
        let what = format!("there is no configuration, and no queue in {}", data_dir.display());
        let todo = "start bookpost serve, or make a configuration with `bookpost config sample`";
        Err(Problem::new(what, DEFAULT_FILE, todo).into())
    }

    /// All settings, with these preferences where neither file nor environment says anything.
    pub fn check(&self, preferences: &BTreeMap<String, String>) -> Result<Loaded, Problems> {
        let mut raw = self.raw(preferences)?;
        let config = check::check(&mut raw, &self.around);
        let unknown = raw.refuse_unknown();
        let (preferences, known) = (preferences::all(&raw), raw.asked().clone());
        let problems = raw.into_problems();
        match config {
            Some(config) if problems.is_empty() => {
                let (mut warnings, file) = (show::warnings(&config), self.file.clone());
                warnings.extend(unknown.iter().map(|one| format!("{}: {}", one.what, one.todo)));
                Ok(Loaded { config, file, warnings, preferences, known, unknown, source: self.clone() })
            }
            _ => Err(Problems(problems)),
        }
    }

    fn raw(&self, preferences: &BTreeMap<String, String>) -> Result<raw::Raw, Problems> {
        raw::Raw::parse(&self.text, self.file.clone(), &self.around, preferences)
    }
}

/// Reads and checks the configuration, with the preferences that stand in the queue.
pub fn load(file: Option<&Path>, around: &Surroundings) -> Result<Loaded, Problems> {
    let source = Source::read(file, around)?;
    match source.database()? {
        Some(database) => {
            let stored = peek_on(&database.server(&source.data_dir()?));
            checked(&source, stored, "database.url".to_owned())
        }
        None => of_folder(&source),
    }
}

/// The same with the preferences of the queue that is in the data folder still, though the settings name a server.
pub fn load_in_folder(file: Option<&Path>, around: &Surroundings) -> Result<Loaded, Problems> {
    of_folder(&Source::read(file, around)?)
}

fn of_folder(source: &Source) -> Result<Loaded, Problems> {
    let data_dir = source.data_dir()?;
    checked(source, Store::peek_preferences(&data_dir), data_dir.display().to_string())
}

fn checked(
    source: &Source,
    stored: Result<store::Preferences, OpenError>,
    place: String,
) -> Result<Loaded, Problems> {
    let stored = stored.map_err(|error| {
        let todo = match &error {
            OpenError::Store(Error::Corrupt(_)) => "look at the disk; the guide says how to restore a backup",
            OpenError::Store(Error::Away(_)) => "try again in a moment",
            OpenError::Server(_) | OpenError::Store(_) => {
                "look at [database] in the settings, and at the server's log"
            }
            _ => WHO_MAY,
        };
        Problem::new(format!("the preferences cannot be read: {error}"), place, todo)
    })?;
    source.check(&stored.values)
}

/// The preferences of a queue on a server, read before the program has its threads.
fn peek_on(server: &store::Server) -> Result<store::Preferences, OpenError> {
    let peek = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| OpenError::Server(error.to_string()))?;
        runtime.block_on(Store::peek_server_preferences(server))
    };
    // A thread of its own: whoever loads the settings may be within a runtime.
    std::thread::scope(|scope| scope.spawn(peek).join())
        .unwrap_or_else(|_| Err(OpenError::Server("it could not be asked".to_owned())))
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

/// Checks `text` as the content of `file`, with the environment laid over it and no preferences.
pub fn check_text(text: &str, file: Option<PathBuf>, around: &Surroundings) -> Result<Loaded, Problems> {
    Source::given(text, file, around).check(&BTreeMap::new())
}

#[cfg(test)]
mod tests;
