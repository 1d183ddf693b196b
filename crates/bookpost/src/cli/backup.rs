//! Backups of the queue. They ask no service: it is confined to folders of its own, and a copy goes where a person wants it. The queue is
//! read beside whoever works on it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use mail::clock::Clock as _;
use store::{Backup, BackupError, CopyTo, Store};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    control::{Failure, Reply},
    failures,
    progress::Bar,
};
use crate::{app::clock::SystemClock, config::Config, receive::DISK_FLOOR, secrets::KeySource};

/// How far it is, is looked at this often.
const LOOK: Duration = Duration::from_millis(200);

/// Whose queue is on a server has its backups made there.
const ON_SERVER: &str = "the queue is on the database server, whose own tools make and restore its backups (pg_dump and pg_restore, or a base backup with its log): see the guide, \"Several machines\"";

/// A queue's folder, and where the key of its secrets is, if that is a file.
pub(super) struct Place {
    folder: PathBuf,
    key_file: Option<PathBuf>,
    /// No settings name it.
    elsewhere: bool,
    on_server: bool,
}

impl Place {
    /// A folder with the key in its usual place.
    pub(super) fn of(folder: PathBuf) -> Self {
        let key_file = Some(KeySource::usual(&folder));
        Self { folder, key_file, elsewhere: true, on_server: false }
    }
}

impl From<Config> for Place {
    fn from(config: Config) -> Self {
        let key_file = config.sealing_key.file().map(Path::to_owned);
        Self { folder: config.data_dir, key_file, elsewhere: false, on_server: config.database.is_some() }
    }
}

/// Makes a backup. Told to end by a signal, it leaves nothing.
pub(super) async fn make(config: &Config, file: PathBuf, replace: bool, bar: &Bar) -> Reply {
    if config.database.is_some() {
        return on_server();
    }
    let to = CopyTo { file, replace, leave_free: DISK_FLOOR };
    match copy(&config.data_dir, &to, bar).await {
        Ok(backup) => {
            let key_file = config.sealing_key.file().filter(|file| file.exists()).map(Path::to_owned);
            Reply::BackedUp { backup, key_file }
        }
        Err(error) => failed(error),
    }
}

async fn copy(data_dir: &Path, to: &CopyTo, bar: &Bar) -> Result<Backup, BackupError> {
    let broken = |error: std::io::Error| BackupError::File { file: to.file.clone(), error };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let copying = Store::copy(data_dir, to)?;
    let (part, expected, stop) = (copying.part().to_owned(), copying.expected(), copying.stopper());
    let now = SystemClock::start().now();
    let mut copy = tokio::task::spawn_blocking(move || copying.finish(env!("CARGO_PKG_VERSION"), now));
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            done = &mut copy => return done.map_err(|error| broken(error.into()))?,
            _ = look.tick() => bar.at(fs::metadata(&part).map_or(0, |part| part.len()), expected),
            _ = interrupt.recv() => stop.stop(),
            _ = terminate.recv() => stop.stop(),
        }
    }
}

/// What is in a backup.
pub(super) fn look_into(file: &Path) -> Reply {
    Store::look_into(file).map_or_else(failed, Reply::Backup)
}

/// Makes a backup the queue of an empty folder.
pub(super) fn restore(file: &Path, to: Place, now: Timestamp) -> Reply {
    if to.on_server {
        return on_server();
    }
    match Store::restore(file, &to.folder, now) {
        Ok(restored) => Reply::Restored {
            restored,
            key_file: to.key_file.filter(|file| !file.exists()),
            elsewhere: to.elsewhere,
        },
        Err(error) => failed(error),
    }
}

fn on_server() -> Reply {
    Reply::Failed { failure: Failure::Config, message: ON_SERVER.to_owned() }
}

fn failed(error: BackupError) -> Reply {
    let (failure, todo) = match error {
        BackupError::Open(error) => return failures::reply(&error.into()),
        BackupError::Exists(_) => (Failure::Usage, "choose another name, or say --force to write over it"),
        BackupError::UnderWay(_) => (Failure::Temporary, "wait for its end"),
        BackupError::NoRoom { .. } => (Failure::Temporary, "make room, or choose another disk"),
        BackupError::NoQueue(_) => (Failure::Config, "`data_dir` in the settings names the folder"),
        BackupError::NoBackup { .. } => (Failure::Data, "backups are made by: bookpost backup FILE"),
        BackupError::Damaged { .. } => (Failure::Data, "take an older backup"),
        BackupError::NotEmpty { .. } => (
            Failure::Usage,
            "a backup replaces no queue: stop Bookpost, move what is in the folder to another place, then restore",
        ),
        BackupError::File { .. } | BackupError::Store(_) | BackupError::Stopped => (Failure::Temporary, ""),
    };
    let todo = if todo.is_empty() { String::new() } else { format!("; {todo}") };
    Reply::Failed { failure, message: format!("{error}{todo}") }
}
