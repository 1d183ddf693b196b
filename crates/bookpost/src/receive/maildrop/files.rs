//! The files of the maildrop. The folder is open to others: what lies there may be anything, and may change at any moment.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use rustix::fs::OFlags;

use super::drop_file;
use crate::app::drop_folder::changed_at;

/// Whoever writes a file has finished, or failed, long before.
const ABANDONED: SignedDuration = SignedDuration::from_hours(1);
/// Octets of the first line: room for the most recipients that a command line can name.
const LARGEST_HEAD: usize = 4 * 1024 * 1024;

/// What was found under a name.
pub(super) enum Found {
    /// A file, whole.
    Plain { content: Bytes, uid: u32 },
    /// Something that is not read, and why.
    Other(&'static str),
}

/// The names of finished files, up to so many, without those that rest. Unfinished ones that nobody writes any more are deleted.
pub(super) fn finished(
    folder: &Path,
    rests: impl Fn(&OsStr) -> bool,
    most: usize,
    wall_clock: Timestamp,
) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if drop_file::is_finished(&name.to_string_lossy()) {
            if names.len() < most && !rests(&name) {
                names.push(name);
            }
        } else if let Ok(facts) = entry.metadata()
            && facts.is_file()
            && changed_at(&facts)? < wall_clock.saturating_sub(ABANDONED).unwrap_or(Timestamp::MIN)
        {
            // Another look tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(names)
}

/// Reads a file with a message of at most `limit` octets. A link is not followed, and a file that has another name somewhere is not
/// read: either may be a file that whoever put it here may not read himself. Nothing that could make the opening wait is waited for.
pub(super) fn read(path: &Path, limit: usize) -> io::Result<Found> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() || facts.nlink() != 1 {
        return Ok(Found::Other("it is no plain file with one name"));
    }
    let most = u64::try_from(limit.saturating_add(LARGEST_HEAD)).unwrap_or(u64::MAX);
    if facts.len() > most {
        return Ok(Found::Other("it is larger than the largest message that is taken"));
    }
    let mut content = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or_default());
    // It may have grown since.
    file.take(most).read_to_end(&mut content)?;
    Ok(Found::Plain { content: content.into(), uid: facts.uid() })
}

/// Where a file is put aside at `now`.
pub(super) fn target(folder: &Path, name: &OsStr, now: Timestamp) -> PathBuf {
    let mut target = OsString::from(now.strftime("%Y%m%d-%H%M%S-").to_string());
    target.push(name);
    folder.join(target)
}

/// Writes a new file, durably, for nobody else to read. By content and not by a new name for the old file, which may be on another file
/// system.
pub(super) fn put(target: &Path, content: &[u8]) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
    file.write_all(content)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}

/// Whether anything lies in a folder, which need not be there.
pub(super) fn is_occupied(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, time::Duration};

    use super::*;

    #[test]
    fn only_a_plain_file_with_one_name_and_of_the_right_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let other = |name: &str| match read(&path(name), 10) {
            Ok(Found::Plain { content, .. }) => panic!("{name} was read: {content:?}"),
            Ok(Found::Other(why)) => why.to_owned(),
            Err(error) => error.to_string(),
        };
        fs::write(path("plain"), "a message").unwrap();
        assert!(
            matches!(read(&path("plain"), 10), Ok(Found::Plain { content, .. }) if content == "a message")
        );
        symlink(path("plain"), path("link")).unwrap();
        other("link");
        fs::create_dir(path("folder")).unwrap();
        assert!(other("folder").contains("no plain file"));
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        assert!(other("fifo").contains("no plain file"));
        fs::hard_link(path("plain"), path("second name")).unwrap();
        assert!(other("plain").contains("one name"));
        let large = File::create(path("large")).unwrap();
        large.set_len(LARGEST_HEAD as u64 + 11).unwrap();
        assert!(other("large").contains("larger"));
    }

    #[test]
    fn unfinished_files_are_deleted_when_nobody_writes_them_any_more() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.mail", "b.mail", "c.mail", "old.tmp", "new.tmp"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let file = File::options().write(true).open(folder.path().join("old.tmp")).unwrap();
        let facts = fs::metadata(folder.path().join("new.tmp")).unwrap();
        let new = changed_at(&facts).unwrap();
        file.set_modified(facts.modified().unwrap() - Duration::from_hours(2)).unwrap();
        let mut names = finished(folder.path(), |name| name == "b.mail", 10, new).unwrap();
        names.sort();
        assert_eq!(names, ["a.mail", "c.mail"]);
        assert_eq!(finished(folder.path(), |_| false, 2, new).unwrap().len(), 2);
        assert!(folder.path().join("new.tmp").exists() && !folder.path().join("old.tmp").exists());
    }
}
