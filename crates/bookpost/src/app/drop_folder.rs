//! The drop folder: an export that is put there is run, once.
//!
//! A file is taken when it has not changed for a while, so that a half-written one is never read; it is then moved to
//! `done` or, with the reason beside it, to `refused`. A run that is interrupted leaves the file where it is: it is run again,
//! and the ledger keeps what was written from being written twice.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::mpsc;

use super::App;
use crate::cli::control::{Reply, RunRequest};

/// The folder is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Size and time of last change: a file whose stamp is the same at two looks is complete.
type Stamp = (u64, Option<SystemTime>);

/// Watches for as long as the program runs.
pub async fn watch(app: Arc<App>) {
    let folder = app.config.notices.drop_folder.clone();
    for sub in ["", "done", "refused"] {
        if let Err(error) = fs::create_dir_all(folder.join(sub)) {
            return tracing::error!(%error, folder = %folder.display(), "the drop folder cannot be used");
        }
    }
    let mut seen = HashMap::new();
    loop {
        match complete(&folder, &mut seen) {
            Ok(files) => {
                for file in files {
                    take(&app, &folder, &file).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, folder = %folder.display(), "the drop folder cannot be read");
            }
        }
        let next = app.clock.now().saturating_add(LOOK_EVERY).unwrap_or(jiff::Timestamp::MAX);
        app.clock.sleep_until(next).await;
    }
}

/// The files that are as they were at the last look, in the order of their names.
fn complete(folder: &Path, seen: &mut HashMap<OsString, Stamp>) -> io::Result<Vec<PathBuf>> {
    let mut now = HashMap::new();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, facts) = (entry.file_name(), entry.metadata()?);
        if !facts.is_file() || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let stamp = (facts.len(), facts.modified().ok());
        if seen.get(&name) == Some(&stamp) {
            files.push(entry.path());
        }
        now.insert(name, stamp);
    }
    *seen = now;
    files.sort();
    Ok(files)
}

/// Runs one export, then moves it out of the way.
async fn take(app: &App, folder: &Path, file: &Path) {
    let name = file.file_name().map(OsString::from).unwrap_or_default();
    let export = match fs::read(file) {
        Ok(export) => export,
        Err(error) => return tracing::error!(%error, file = %file.display(), "an export cannot be read"),
    };
    let request = RunRequest { source: name.to_string_lossy().into_owned(), export, ..RunRequest::default() };
    let (to, reason) = match app.run_notices(request, true, mpsc::unbounded_channel().0).await {
        Reply::Run(run) => {
            tracing::info!(
                run = run.id.0,
                notices = run.progress.prepared,
                "an export from the drop folder was run"
            );
            ("done", None)
        }
        Reply::Failed { failure: crate::cli::control::Failure::Temporary, message } => {
            return tracing::error!(message, file = %file.display(), "an export waits for its run");
        }
        Reply::Failed { message, .. } => ("refused", Some(message)),
        other => ("refused", Some(format!("{other:?}"))),
    };
    let stamp = app.clock.now().strftime("%Y%m%d-%H%M%S").to_string();
    let moved = folder.join(to).join(format!("{stamp}-{}", name.to_string_lossy()));
    if let Err(error) = fs::rename(file, &moved) {
        tracing::error!(%error, file = %file.display(), "an export cannot be moved out of the drop folder");
    }
    if let Some(reason) = reason {
        tracing::error!(reason, file = %moved.display(), "an export was refused");
        let mut note = moved.into_os_string();
        note.push(".reason.txt");
        if let Err(error) = fs::write(&note, format!("{reason}\n")) {
            tracing::error!(%error, "the reason cannot be written beside it");
        }
    }
}
