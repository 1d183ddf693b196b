//! Files that are kept for a time, like the texts in the queue: what the practice mailbox kept, exports that are finished.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::drop_folder;
use crate::{config::Config, deliver::practice};

/// The folders whose files are deleted in time.
pub(super) fn folders(config: &Config) -> Vec<PathBuf> {
    let finished = drop_folder::finished(&config.notices.drop_folder);
    finished.into_iter().chain([practice::kept_in(&config.data_dir)]).collect()
}

/// Deletes the files that were last written to before then. A folder that fails keeps no other from its turn.
pub(super) fn delete(folders: &[PathBuf], before: Timestamp) -> io::Result<()> {
    folders.iter().map(|folder| delete_in(folder, before)).fold(Ok(()), Result::and)
}

fn delete_in(folder: &Path, before: Timestamp) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let facts = entry.metadata()?;
        if facts.is_file() && drop_folder::changed_at(&facts)? < before {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
