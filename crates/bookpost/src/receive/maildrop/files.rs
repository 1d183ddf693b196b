//! The files of the maildrop. The folder is open to others: what lies there may be anything, and may change at any moment.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;
use rustix::fs::OFlags;

/// Octets of the first line: room for the most recipients that a command line can name.
const LARGEST_HEAD: usize = 4 * 1024 * 1024;

/// What was found under a name.
pub(super) enum Found {
    /// A file, whole.
    Plain { content: Bytes, uid: u32 },
    /// Something that is not read, and why.
    Other(&'static str),
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
    use std::os::unix::fs::symlink;

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
}
