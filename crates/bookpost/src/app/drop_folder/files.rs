//! The files of the drop folder: which are exports, whether they stand still, where they go.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use rand::{Rng, RngExt as _};
use rustix::fs::OFlags;

use crate::notices::import::MAX_BYTES;

/// An export is complete when it was not changed for so long. A copy over the network may pause for half a minute.
const STANDS_STILL: SignedDuration = SignedDuration::from_mins(1);
/// One that was refused lies there for so long, for whoever mends it; so long an upload is kept, too.
const REFUSED_LIES: SignedDuration = SignedDuration::from_hours(24);
/// In front of the name of an export that was moved away: when that was, by UTC.
const MOVED_AT: &str = "%Y%m%d-%H%M%S";
/// Others of the folder's group read and delete what lies here; where that is not wanted, the folder itself is closed.
const FOLDER_MODE: u32 = 0o770;
const FILE_MODE: u32 = 0o660;
/// The file that names the folder, where several computers may have it.
const NAME: &str = ".name";

/// Size and time of last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    changed_at: Timestamp,
}

impl Stamp {
    fn of(facts: &Metadata) -> io::Result<Self> {
        Ok(Self { bytes: facts.len(), changed_at: changed_at(facts)? })
    }

    pub(super) fn changed_at(self) -> Timestamp {
        self.changed_at
    }

    /// Nobody has written to it for long enough.
    pub(super) fn stood_still(self, wall_clock: Timestamp) -> bool {
        wall_clock.duration_since(self.changed_at) >= STANDS_STILL
    }
}

/// When a file was last written to.
pub(crate) fn changed_at(facts: &Metadata) -> io::Result<Timestamp> {
    let nanoseconds = i32::try_from(facts.mtime_nsec()).unwrap_or(0);
    Timestamp::new(facts.mtime(), nanoseconds).map_err(io::Error::other)
}

/// Where an export goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sub {
    Done,
    Refused,
}

impl Sub {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Added to the export's name for what is to be read beside it.
    fn note(self) -> &'static str {
        match self {
            Self::Done => ".report.txt",
            Self::Refused => ".reason.txt",
        }
    }
}

/// Where finished exports lie.
pub(super) fn finished(folder: &Path) -> [PathBuf; 2] {
    [Sub::Done, Sub::Refused].map(|sub| folder.join(sub.name()))
}

/// The exports in `folder`, in the order of their names. The folder and its sub-folders are made if they are not there.
pub(super) fn exports(folder: &Path) -> io::Result<BTreeMap<OsString, Stamp>> {
    make(folder)?;
    let mut exports = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let facts = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            facts => facts?,
        };
        if facts.is_file() && is_export(&entry.file_name()) {
            exports.insert(entry.file_name(), Stamp::of(&facts)?);
        }
    }
    Ok(exports)
}

fn make(folder: &Path) -> io::Result<()> {
    let make = |path| DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
    finished(folder).into_iter().try_for_each(make)
}

/// What stands in a file of ours in the folder: whoever shares the folder reads the same, on whatever computer. Drawn where there is none yet.
pub(super) fn name_of(folder: &Path, dice: &mut impl Rng) -> io::Result<String> {
    make(folder)?;
    let [done, _] = finished(folder);
    let (file, drawn) = (done.join(NAME), format!("{:032x}", dice.random::<u128>()));
    match fs::read_to_string(&file) {
        Ok(name) if name.len() == drawn.len() => return Ok(name),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Of two that draw at once the later one's stands, and the next look of both reads it.
    let part = done.join(format!("{NAME}.{drawn}.part"));
    let mut written = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&part)?;
    written.write_all(drawn.as_bytes())?;
    fs::rename(part, &file)?;
    fs::read_to_string(file)
}

/// Not a file that a program is writing under another name, and none of our notes.
pub(crate) fn is_export(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    let other = [".part", ".tmp", ".filepart", Sub::Done.note(), Sub::Refused.note()];
    !name.starts_with('.') && !other.iter().any(|end| name.ends_with(end))
}

/// What was read.
pub(super) enum Content {
    Whole(Vec<u8>),
    /// It is not as it was when it was looked at.
    Changing,
}

/// Reads an export, up to the size at which it is refused anyway. A link is not followed: it may lead to a file that whoever made it
/// may not read.
pub(super) fn read(file: &Path, stamp: Stamp) -> io::Result<Content> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(file)?;
    let mut export = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    (&file).take(limit).read_to_end(&mut export)?;
    let same = Stamp::of(&file.metadata()?)? == stamp;
    Ok(if same { Content::Whole(export) } else { Content::Changing })
}

/// Where an export is moved to that was finished at `now`.
pub(super) fn target(folder: &Path, sub: Sub, name: &OsStr, now: Timestamp) -> PathBuf {
    let mut moved = OsString::from(format!("{}-", now.strftime(MOVED_AT)));
    moved.push(name);
    folder.join(sub.name()).join(moved)
}

/// Writes a note beside an export.
pub(super) fn note(folder: &Path, beside: &Path, sub: Sub, text: &str) -> io::Result<()> {
    make(folder)?;
    let mut path = beside.as_os_str().to_owned();
    path.push(sub.note());
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    writeln!(file, "{}", text.trim_end())
}

/// The reason beside an export that waited holds no more.
pub(super) fn forget_note(export: &Path) {
    let mut path = export.as_os_str().to_owned();
    path.push(Sub::Refused.note());
    // Mostly there is none.
    let _ = fs::remove_file(path);
}

/// Moves an export, unless it was changed or taken away in the meantime.
pub(super) fn move_away(folder: &Path, name: &OsStr, stamp: Stamp, target: &Path) -> io::Result<()> {
    let file = folder.join(name);
    let facts = match fs::symlink_metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        facts => facts?,
    };
    if Stamp::of(&facts)? != stamp {
        return Ok(());
    }
    make(folder)?;
    fs::rename(file, target)
}

/// Deletes what was run, and what was refused a day ago: an export may hold passwords. What is told of it stays. Gives what cannot be deleted.
pub(super) fn forget(folder: &Path, now: Timestamp) -> Vec<(PathBuf, io::Error)> {
    let mut stays = Vec::new();
    for sub in [Sub::Done, Sub::Refused] {
        for entry in fs::read_dir(folder.join(sub.name())).into_iter().flatten().flatten() {
            let file = entry.file_name();
            let Some((at, _)) = moved(&file.to_string_lossy()).filter(|_| is_export(&file)) else { continue };
            let is_over = match sub {
                Sub::Done => true,
                Sub::Refused => now.duration_since(at) >= REFUSED_LIES,
            };
            if is_over && let Err(error) = fs::remove_file(entry.path()) {
                stays.push((entry.path(), error));
            }
        }
    }
    stays
}

/// The exports that were refused and that no later one of the same name has made good: name and place of the latest.
pub(super) fn refused(folder: &Path) -> BTreeMap<String, PathBuf> {
    let refused = latest(folder, Sub::Refused);
    if refused.is_empty() {
        return BTreeMap::new();
    }
    let done = latest(folder, Sub::Done);
    let open = refused.into_iter().filter(|(name, at)| done.get(name).is_none_or(|done| done < at));
    open.map(|(name, at)| {
        let place = target(folder, Sub::Refused, OsStr::new(&name), at);
        (name, place)
    })
    .collect()
}

/// Why the latest export of this name was refused stands there.
pub(crate) fn refusal_of(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut place = refused(folder).remove(name)?.into_os_string();
    place.push(Sub::Refused.note());
    Some(place.into())
}

/// When the latest export of each name was moved there, as far as it or what is told of it is there.
fn latest(folder: &Path, sub: Sub) -> BTreeMap<String, Timestamp> {
    let mut latest = BTreeMap::new();
    for entry in fs::read_dir(folder.join(sub.name())).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let Some((at, name)) = moved(file.strip_suffix(sub.note()).unwrap_or(&file)) else { continue };
        let known = latest.entry(name.to_owned()).or_insert(at);
        *known = at.max(*known);
    }
    latest
}

/// When an export was moved away that is called so now, and what it was called before.
fn moved(file: &str) -> Option<(Timestamp, &str)> {
    let (day, rest) = file.split_once('-')?;
    let (time, name) = rest.split_once('-')?;
    let at = DateTime::strptime(MOVED_AT, format!("{day}-{time}")).ok()?;
    Some((TimeZone::UTC.to_timestamp(at).ok()?, name))
}

/// What is laid beside an old export once somebody has said that it is the right one.
pub(super) struct Mark(PathBuf);

impl Mark {
    pub(super) fn set(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(FILE_MODE).open(&self.0).map(|_| ())
    }
}

/// The mark of the export of this name as it is now. `None`: there is none of this name.
pub(super) fn mark_right(folder: &Path, name: &str) -> io::Result<Option<Mark>> {
    let name = OsStr::new(name);
    if !is_export(name) || Path::new(name).file_name() != Some(name) {
        return Ok(None);
    }
    let facts = match fs::symlink_metadata(folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        facts => facts?,
    };
    let stamp = Stamp::of(&facts)?;
    Ok(facts.is_file().then(|| Mark(right(folder, name, stamp))))
}

/// Whether somebody has said so of this one.
pub(super) fn is_right(folder: &Path, name: &OsStr, stamp: Stamp) -> bool {
    right(folder, name, stamp).exists()
}

/// What was said of it holds no more.
pub(super) fn forget_right(folder: &Path, name: &OsStr, stamp: Stamp) {
    // Mostly nothing was said.
    let _ = fs::remove_file(right(folder, name, stamp));
}

/// It is of this file as it is: whatever comes in its place is asked about anew.
fn right(folder: &Path, name: &OsStr, stamp: Stamp) -> PathBuf {
    let mut mark = OsString::from(".");
    mark.push(name);
    mark.push(format!(".{}-{}.right", stamp.bytes, stamp.changed_at.as_nanosecond()));
    folder.join(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_the_same_name_for_all_who_share_it() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut dice = testkit::dice::seeded(1);
        let name = name_of(one.path(), &mut dice).unwrap();
        assert_eq!(name_of(one.path(), &mut dice).unwrap(), name);
        assert_ne!(name_of(other.path(), &mut dice).unwrap(), name);
        // One that was half written is drawn anew.
        fs::write(one.path().join("done").join(NAME), "half").unwrap();
        assert_eq!(name_of(one.path(), &mut dice).unwrap().len(), name.len());
        assert!(exports(one.path()).unwrap().is_empty());
    }

    #[test]
    fn one_that_changed_while_it_was_read_or_run_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (name, file) = (OsStr::new("a.csv"), folder.path().join("a.csv"));
        fs::write(&file, "half").unwrap();
        let stamp = exports(folder.path()).unwrap()[name];
        fs::write(&file, "half and half").unwrap();
        assert!(matches!(read(&file, stamp).unwrap(), Content::Changing));
        let target = target(folder.path(), Sub::Done, name, Timestamp::UNIX_EPOCH);
        move_away(folder.path(), name, stamp, &target).unwrap();
        assert!(file.exists() && !target.exists());
        let stamp = exports(folder.path()).unwrap()[name];
        assert!(matches!(read(&file, stamp).unwrap(), Content::Whole(bytes) if bytes == b"half and half"));
        move_away(folder.path(), name, stamp, &target).unwrap();
        assert!(!file.exists() && target.exists());
        assert!(target.ends_with("done/19700101-000000-a.csv"));
    }

    #[test]
    fn a_link_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.csv"), folder.path().join("link.csv"));
        fs::write(&file, "text").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let stamp = Stamp::of(&fs::metadata(&file).unwrap()).unwrap();
        assert!(read(&link, stamp).is_err());
    }
}
