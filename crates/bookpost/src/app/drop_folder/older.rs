//! Somebody says that an old export in the drop folder is the right one.

use std::path::Path;

use jiff::Timestamp;
use store::{Actor, Deed, NewAudit, Store};

use super::files;
use crate::cli::control::{Failure, Reply};

/// It is run at the next look, if it is still as it was then. Who said so is on record first.
pub(crate) async fn take(store: &Store, folder: &Path, name: &str, who: Actor, now: Timestamp) -> Reply {
    let failed = |failure, message| Reply::Failed { failure, message };
    let mark = match files::mark_right(folder, name) {
        Ok(Some(mark)) => mark,
        Ok(None) => {
            let message = format!("no export {name} waits in the drop folder {}", folder.display());
            return failed(Failure::Usage, message);
        }
        Err(error) => return failed(Failure::Temporary, format!("{}: {error}", folder.display())),
    };
    let line = NewAudit { who, what: Deed::OlderExportTaken, about: name.to_owned(), old: None, new: None };
    if let Err(error) = store.note_audit(line, now).await {
        return failed(Failure::Temporary, error.to_string());
    }
    match mark.set() {
        Ok(()) => Reply::ExportTaken(name.to_owned()),
        Err(error) => failed(Failure::Temporary, format!("{}: {error}", folder.display())),
    }
}
