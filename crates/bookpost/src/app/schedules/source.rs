//! The export of a schedule: a file, the newest file of a folder, or what a command writes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::OFlags;
use store::{CameTo, ExportSource, SchedulePlan};

use super::NotScheduled;
use crate::{
    app::drop_folder::{changed_at, is_export},
    config::Config,
    notices::{
        ImportError,
        import::{DateOrder, MAX_BYTES},
    },
};

/// A file that was written to later than so long ago may not be whole.
const STANDS_STILL: SignedDuration = SignedDuration::from_mins(1);

/// An export, as it was taken.
pub(super) struct Export {
    pub(super) bytes: Vec<u8>,
    /// What people know it by.
    pub(super) name: String,
    /// When it was last written to, where it is a file.
    pub(super) written: Option<Timestamp>,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoExport {
    /// Somebody writes it at this moment.
    Changing,
    /// Nothing that waiting would help against, with what the system says.
    For(CameTo, Option<String>),
}

impl NoExport {
    fn of(error: &io::Error, path: &Path) -> Self {
        let came_to = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CameTo::Missing,
            _ => CameTo::Unreadable,
        };
        Self::For(came_to, Some(format!("{}: {error}", path.display())))
    }
}

/// The file at `path`. `wall_clock`: the time by which files are stamped.
pub(super) fn file(path: &Path, wall_clock: Timestamp) -> Result<Export, NoExport> {
    let failed = |error: &io::Error| NoExport::of(error, path);
    let other =
        |why: &str| Err(NoExport::For(CameTo::Unreadable, Some(format!("{}: {why}", path.display()))));
    // Whoever may write into the folder could have it lead to a file that they may not read.
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_symlink() => return other("it is a link, and links are not followed"),
        Ok(facts) if !facts.is_file() => return other("it is no file"),
        Ok(_) => {}
        Err(error) => return Err(failed(&error)),
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened =
        OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| failed(&error))?;
    let stamp = |file: &File| {
        let facts = file.metadata()?;
        Ok::<_, io::Error>((facts.len(), changed_at(&facts)?))
    };
    let before = stamp(&opened).map_err(|error| failed(&error))?;
    if wall_clock.duration_since(before.1) < STANDS_STILL {
        return Err(NoExport::Changing);
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    (&opened).take(most).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if stamp(&opened).map_err(|error| failed(&error))? != before {
        return Err(NoExport::Changing);
    }
    if bytes.len() > MAX_BYTES {
        return Err(NoExport::For(CameTo::NotUsable, Some(ImportError::TooLarge.to_string())));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Export { bytes, name, written: Some(before.1) })
}

/// The newest file of `folder`; of two of one instant the later in the alphabet.
pub(super) fn newest(folder: &Path) -> Result<PathBuf, NoExport> {
    let failed = |error: &io::Error| NoExport::of(error, folder);
    let mut newest: Option<(Timestamp, PathBuf)> = None;
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let facts = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            facts => facts.map_err(|error| failed(&error))?,
        };
        if facts.is_file() && is_export(&entry.file_name()) {
            let found = (changed_at(&facts).map_err(|error| failed(&error))?, entry.path());
            newest = newest.max(Some(found));
        }
    }
    let none = || NoExport::For(CameTo::Missing, Some(format!("{}: no export lies there", folder.display())));
    newest.map(|(_, path)| path).ok_or_else(none)
}

/// Where no exports lie: what is there is not for everybody who administers the pages.
const SYSTEM: [&str; 7] = ["/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys"];

/// Whether what a plan says of its export can be.
pub(super) fn check(plan: &SchedulePlan, config: &Config) -> Result<(), NotScheduled> {
    if plan.name.trim().is_empty() {
        return Err(NotScheduled::Nameless);
    }
    let named = plan.sites.iter().chain(Some(&plan.reading.site).filter(|code| !code.is_empty()));
    for code in named {
        if config.sites.iter().all(|site| site.code != *code) {
            return Err(NotScheduled::Site(code.clone()));
        }
    }
    let reading = &plan.reading;
    if !reading.dates.is_empty() && reading.dates.parse::<DateOrder>().is_err() {
        return Err(NotScheduled::Reading(reading.dates.clone()));
    }
    if !reading.encoding.is_empty() && encoding_rs::Encoding::for_label(reading.encoding.as_bytes()).is_none()
    {
        return Err(NotScheduled::Reading(reading.encoding.clone()));
    }
    match &plan.source {
        ExportSource::File(path) => place(path, config).map(drop),
        ExportSource::Folder(path) => {
            let found = place(path, config)?;
            let is_it = |folder: &Path| found == real(folder);
            if is_it(&config.notices.drop_folder) { Err(NotScheduled::DropFolder) } else { Ok(()) }
        }
        ExportSource::Command(words) => {
            let is_whole = words.first().is_some_and(|program| Path::new(program).is_absolute());
            if is_whole { Ok(()) } else { Err(NotScheduled::NotWhole) }
        }
        ExportSource::Shell(line) => {
            if line.trim().is_empty() {
                Err(NotScheduled::NotWhole)
            } else {
                Ok(())
            }
        }
    }
}

/// Where the path leads to.
fn place(path: &Path, config: &Config) -> Result<PathBuf, NotScheduled> {
    let goes_up = path.components().any(|part| part == Component::ParentDir);
    if !path.is_absolute() || goes_up {
        return Err(NotScheduled::NotWhole);
    }
    let found = real(path);
    let own = std::iter::once(real(&config.data_dir)).chain(SYSTEM.map(PathBuf::from));
    for folder in own {
        if found.starts_with(&folder) {
            return Err(NotScheduled::NotThere(path.to_owned()));
        }
    }
    Ok(found)
}

/// As far as it is there.
fn real(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|part| Some((fs::canonicalize(part).ok()?, part)));
    there.map_or_else(
        || path.to_owned(),
        |(found, part)| path.strip_prefix(part).map_or_else(|_| found.clone(), |rest| found.join(rest)),
    )
}
