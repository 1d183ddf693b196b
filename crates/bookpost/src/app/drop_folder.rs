//! The drop folder: an export that is put there is run, once.
//!
//! A file is taken when it has stood still for a while, so that a half-written one is never read; of one that was run there stays its report
//! in `done`, as an export may hold passwords, and one that cannot be used lies in `refused` for a day with the reason beside it. One
//! that is older than a day stays where it is until somebody says that it is the right one. A run that is interrupted leaves the file where
//! it is: it is run again, and the ledger keeps what was written from being written twice. What is wrong with the folder or with
//! an export raises an alarm, which ends when it is mended; so do wordings and column names that cannot be used, before an export
//! needs them.

mod faults;
mod files;
mod older;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::mpsc;

use self::{
    faults::{Fault, Faults},
    files::{Content, Stamp, Sub},
};
use super::{App, duties, notice_run, secret_dice};
use crate::cli::{
    control::{Failure, Reply, RunRequest},
    show,
};

pub(crate) use faults::{export_of, of_old, waits_for_a_person};
pub(crate) use files::{changed_at, is_export, refusal_of};
pub(crate) use older::take;

/// The folder is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// An export that could not be run for the moment is tried again after this.
const TRY_AGAIN: Duration = Duration::from_mins(1);
/// What only a person can mend is looked at this often.
const LOOK_WHETHER_MENDED: Duration = Duration::from_mins(10);

/// Watches for as long as the program runs.
pub async fn watch(app: Arc<App>) {
    let mut drop_folder = DropFolder::new(&app.settings.now().notices.drop_folder);
    loop {
        if drop_folder.is_ours(&app).await {
            drop_folder.look(&app).await;
        }
        app.clock.sleep_until(later(app.clock.now(), LOOK_EVERY)).await;
    }
}

/// Where finished exports lie with what came of them.
pub(super) fn finished(folder: &Path) -> [PathBuf; 2] {
    files::finished(folder)
}

/// The folder, and what is known of the exports in it.
#[derive(Debug)]
pub struct DropFolder {
    folder: PathBuf,
    known: BTreeMap<OsString, Known>,
    /// What is wrong with the files that notices are made with, and when they are looked at next.
    notices: (Option<Fault>, Timestamp),
    faults: Faults,
}

#[derive(Debug, Clone)]
struct Known {
    stamp: Stamp,
    next: Next,
}

/// What is done with an export as long as it stays as it is.
#[derive(Debug, Clone)]
enum Next {
    /// It is run when it has stood still for long enough.
    Run,
    /// It could not be run, and is not tried again before then.
    RunAt(Timestamp, Fault),
    /// It was run or refused, and only has to be moved there.
    Move(PathBuf),
}

impl DropFolder {
    /// Nothing is known of `folder` yet.
    pub fn new(folder: &Path) -> Self {
        let (known, notices) = (BTreeMap::new(), (None, Timestamp::MIN));
        Self { folder: folder.to_owned(), known, notices, faults: Faults::default() }
    }

    /// Of machines that share a queue and have the same folder one looks into it; a folder of its own each looks into by itself.
    async fn is_ours(&self, app: &App) -> bool {
        if app.settings.now().database.is_none() {
            return true;
        }
        match files::name_of(&self.folder, &mut secret_dice()) {
            Ok(name) => duties::looks_into(&app.store, "drop folder", &name).await,
            // Which is said by the look.
            Err(_) => true,
        }
    }

    /// Looks once: runs what is complete, and says what is wrong.
    pub async fn look(&mut self, app: &App) {
        self.faults.begin(app).await;
        match files::exports(&self.folder) {
            Ok(exports) => {
                self.known.retain(|name, _| exports.contains_key(name));
                for (name, stamp) in exports {
                    self.turn(app, &name, stamp).await;
                }
                for (at, why) in files::forget(&self.folder, app.clock.now()) {
                    let name = at.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    self.faults.raise(app, &name, &Fault::Kept { at, why: why.to_string() });
                }
                for (name, at) in files::refused(&self.folder) {
                    self.faults.raise(app, &faults::refused(&name), &Fault::Refused { at });
                }
            }
            Err(error) => {
                // What was wrong with the exports cannot be said to be over.
                self.faults.keep_all();
                let fault = Fault::Folder { folder: self.folder.clone(), why: error.to_string() };
                self.faults.raise(app, "drop folder", &fault);
            }
        }
        self.check_notices(app);
        self.faults.end(app);
    }

    /// Wordings and column names are checked before an export needs them, at the start above all.
    fn check_notices(&mut self, app: &App) {
        let now = app.clock.now();
        if now >= self.notices.1 {
            let fault = notice_run::check(&app.settings.now()).err().map(|why| Fault::Notices { why });
            self.notices = (fault, later(now, LOOK_WHETHER_MENDED));
        }
        if let Some(fault) = &self.notices.0 {
            self.faults.raise(app, "wordings and columns", fault);
        }
    }

    /// Does what is next with one export.
    async fn turn(&mut self, app: &App, name: &OsStr, stamp: Stamp) {
        let shown = name.to_string_lossy();
        let now = app.clock.now();
        let known = self.known.get(name).filter(|known| known.stamp == stamp);
        let fault = match known.map(|known| known.next.clone()) {
            None => {
                self.known.insert(name.to_owned(), Known { stamp, next: Next::Run });
                return self.faults.keep_of(&shown);
            }
            Some(Next::Run) if !stamp.stood_still(wall_clock(app)) => return self.faults.keep_of(&shown),
            Some(Next::RunAt(at, fault)) if now < at => Some(fault),
            Some(Next::Run | Next::RunAt(..)) if self.is_asked_about(app, name, stamp) => {
                let fault = Fault::Old { at: stamp.changed_at() };
                return self.faults.raise(app, &faults::old(&shown), &fault);
            }
            Some(Next::Run | Next::RunAt(..)) => self.take(app, name, stamp).await,
            Some(Next::Move(target)) => self.move_away(name, stamp, target),
        };
        if let Some(fault) = fault {
            self.faults.raise(app, &shown, &fault);
        }
    }

    /// A person is to say first whether it is the right one.
    fn is_asked_about(&self, app: &App, name: &OsStr, stamp: Stamp) -> bool {
        app.notices.is_asked_about(stamp.changed_at()) && !files::is_right(&self.folder, name, stamp)
    }

    /// Reads and runs one export; tells what was wrong.
    async fn take(&mut self, app: &App, name: &OsStr, stamp: Stamp) -> Option<Fault> {
        let file = self.folder.join(name);
        let read = tokio::task::spawn_blocking(move || files::read(&file, stamp)).await;
        let export = match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(Content::Whole(export)) => export,
            Ok(Content::Changing) => {
                self.known.remove(name);
                return None;
            }
            Err(error) => {
                return Some(self.wait(app, name, TRY_AGAIN, Fault::Unreadable { why: error.to_string() }));
            }
        };
        let source = name.to_string_lossy().into_owned();
        let exported_at = Some(stamp.changed_at());
        let request = RunRequest { source, export, from_folder: true, exported_at, ..RunRequest::default() };
        let reply = app.notices.run(request, true, mpsc::unbounded_channel().0).await;
        match reply {
            Reply::Run(ref run) => {
                let (id, notices) = (run.id.0, run.progress.prepared);
                tracing::info!(run = id, notices, "an export from the drop folder was run");
                let report = show::report(run);
                self.settle(app, name, stamp, Sub::Done, &report)
            }
            Reply::Failed { failure: Failure::Data, message } => {
                // The reason may quote the export, and logs name no patrons.
                tracing::error!("an export from the drop folder cannot be used");
                self.settle(app, name, stamp, Sub::Refused, &message)
            }
            Reply::Failed { failure: Failure::Config | Failure::Usage, message } => {
                tracing::error!("an export from the drop folder waits: the settings must be put right first");
                self.note(&self.folder.join(name), Sub::Refused, &message);
                Some(self.wait(app, name, LOOK_WHETHER_MENDED, Fault::Settings))
            }
            Reply::Failed { failure, .. } => {
                tracing::error!(?failure, "an export from the drop folder waits for its run");
                Some(self.wait(app, name, TRY_AGAIN, Fault::NotNow))
            }
            _ => Some(self.wait(app, name, TRY_AGAIN, Fault::NotNow)),
        }
    }

    fn wait(&mut self, app: &App, name: &OsStr, wait: Duration, fault: Fault) -> Fault {
        if let Some(known) = self.known.get_mut(name) {
            known.next = Next::RunAt(later(app.clock.now(), wait), fault.clone());
        }
        fault
    }

    /// Writes down what came of an export, then moves it out of the way.
    fn settle(&mut self, app: &App, name: &OsStr, stamp: Stamp, sub: Sub, text: &str) -> Option<Fault> {
        let target = files::target(&self.folder, sub, name, app.clock.now());
        // First the note: an export that lies there has its note beside it, whatever happens in between.
        self.note(&target, sub, text);
        files::forget_note(&self.folder.join(name));
        files::forget_right(&self.folder, name, stamp);
        if let Some(known) = self.known.get_mut(name) {
            known.next = Next::Move(target.clone());
        }
        self.move_away(name, stamp, target)
    }

    fn note(&self, beside: &Path, sub: Sub, text: &str) {
        if let Err(error) = files::note(&self.folder, beside, sub, text) {
            tracing::error!(%error, "what came of an export could not be written beside it");
        }
    }

    /// One that changed in the meantime stays, and is run when it is complete: the ledger makes that safe.
    fn move_away(&mut self, name: &OsStr, stamp: Stamp, target: PathBuf) -> Option<Fault> {
        match files::move_away(&self.folder, name, stamp, &target) {
            Ok(()) => {
                self.known.remove(name);
                None
            }
            Err(error) => Some(Fault::Stays { to: target, why: error.to_string() }),
        }
    }
}

/// The time by which files are stamped.
fn wall_clock(app: &App) -> Timestamp {
    app.clock.now().saturating_add(app.clock.wall_departure()).unwrap_or(Timestamp::MAX)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
