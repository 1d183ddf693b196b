//! The files of the maildrop. The folder is open to others: what lies there may be anything, and may change at any moment.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;
use rustix::fs::OFlags;

use super::drop_file::MOST_OCTETS;

/// Octets of the first line: room for the most recipients that a command line can name.
const LARGEST_HEAD: usize = 4 * 1024 * 1024;

/// Octets that are read of a file that is too large: its first line and the header.
const BEGINNING: usize = LARGEST_HEAD + 256 * 1024;

/// Files that lie aside, and their octets: nobody fills the disk with what only a person can delete.
const MOST_ASIDE: (usize, u64) = (1000, 1 << 30);

/// What was found under a name.
pub(super) enum Found {
    /// A file; its beginning, where it is too large.
    Plain { content: Bytes, uid: u32, is_whole: bool },
    /// Something that is not read, and why.
    Other(&'static str),
}

/// Reads a file with a message of at most `limit` octets, and the beginning of a larger one.
pub(super) fn read(path: &Path, limit: usize) -> io::Result<Found> {
    let (file, facts) = match open(path)? {
        Ok(opened) => opened,
        Err(why) => return Ok(Found::Other(why)),
    };
    let most = limit.saturating_add(LARGEST_HEAD);
    let is_whole = usize::try_from(facts.len()).is_ok_and(|length| length <= most);
    let most = if is_whole { most } else { BEGINNING };
    let expected = usize::try_from(facts.len()).map_or(most, |length| length.min(most));
    let mut content = Vec::with_capacity(expected);
    // It may have grown since.
    file.take(most as u64).read_to_end(&mut content)?;
    Ok(Found::Plain { content: content.into(), uid: facts.uid(), is_whole })
}

/// Opens a file to be read; else why not. A link is not followed, and a file that has another name somewhere is not read: either may be
/// a file that whoever put it here may not read himself. Nothing that could make the opening wait is waited for.
fn open(path: &Path) -> io::Result<Result<(File, Metadata), &'static str>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() || facts.nlink() != 1 {
        return Ok(Err("it is no plain file with one name"));
    }
    if facts.len() > (MOST_OCTETS + LARGEST_HEAD) as u64 {
        return Ok(Err("it is larger than any message that the sendmail command leaves"));
    }
    Ok(Ok((file, facts)))
}

/// Where a file is put aside at `now`.
pub(super) fn target(folder: &Path, name: &OsStr, now: Timestamp) -> PathBuf {
    let mut target = OsString::from(now.strftime("%Y%m%d-%H%M%S-").to_string());
    target.push(name);
    folder.join(target)
}

/// Copies a file, durably, for nobody else to read. Not by a new name for the old one, which may be on another file system, and which
/// its owner could still write to.
pub(super) fn copy(path: &Path, target: &Path) -> io::Result<()> {
    let (file, facts) = open(path)?.map_err(io::Error::other)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if !has_room(folder, facts.len())? {
        return Err(io::Error::other("as much as may be lies aside already; look at it, and delete it"));
    }
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
    let copied = io::copy(&mut file.take((MOST_OCTETS + LARGEST_HEAD) as u64), &mut copy)
        .and_then(|_| copy.sync_all())
        .and_then(|()| File::open(folder)?.sync_all());
    copied.inspect_err(|_| {
        // Another look tries again, under another name.
        let _ = fs::remove_file(target);
    })
}

fn has_room(folder: &Path, octets: u64) -> io::Result<bool> {
    let (mut files, mut total) = (1, octets);
    for entry in fs::read_dir(folder)? {
        files += 1;
        total += entry?.metadata()?.len();
    }
    Ok(files <= MOST_ASIDE.0 && total <= MOST_ASIDE.1)
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
        large.set_len((MOST_OCTETS + LARGEST_HEAD) as u64 + 1).unwrap();
        assert!(other("large").contains("larger"));
        assert!(copy(&path("large"), &path("copy")).is_err() && copy(&path("link"), &path("copy")).is_err());
        large.set_len((BEGINNING + LARGEST_HEAD) as u64).unwrap();
        let Ok(Found::Plain { content, is_whole: false, .. }) = read(&path("large"), 10) else { panic!() };
        assert_eq!(content.len(), BEGINNING);
    }
    #[test]
    fn so_much_lies_aside_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("a.mail"), folder.path().join("aside"));
        fs::write(&path, "a message").unwrap();
        let copy = |name: &str| copy(&path, &aside.join(name));
        fs::create_dir(&aside).unwrap();
        for number in 1..MOST_ASIDE.0 {
            File::create(aside.join(number.to_string())).unwrap();
        }
        copy("the last").unwrap();
        assert!(copy("one too many").unwrap_err().to_string().contains("delete it"));
        fs::remove_dir_all(&aside).unwrap();
        copy("small").unwrap();
        let large = File::create(aside.join("large")).unwrap();
        large.set_len(MOST_ASIDE.1 - 17).unwrap();
        assert!(copy("one octet too much").is_err());
        large.set_len(MOST_ASIDE.1 - 18).unwrap();
        copy("all that may be").unwrap();
    }
}
