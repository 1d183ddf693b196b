//! Undeliverable mail in a folder (Maildir), as a mail server puts it there.
//!
//! What was noted goes from `new` to `cur` as read; what is for people goes there too, and stays unread. First it is noted, then moved:
//! whatever ends the program between the two, the next start finds the file again, and noting it twice changes nothing.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use mail::bounce::MOST_READ;
use rustix::fs::OFlags;
use store::{AlarmKind, Cause, FolderFault};

use super::incoming::{Incoming, Taken};

/// The folder is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Files of one look; the others wait for the next.
const MOST_AT_ONCE: usize = 1000;
/// What the alarm is about.
pub const FOLDER: &str = "undeliverable mail";

/// Looks for as long as the program runs.
pub async fn watch(incoming: Incoming, folder: PathBuf) {
    loop {
        match look(&incoming, &folder).await {
            Ok(_) => incoming.alarms.clear(AlarmKind::DropFolder, FOLDER),
            Err(error) => {
                tracing::error!(%error, "undeliverable mail could not be read; it stays where it is");
                let cause = Cause::new(FolderFault::UndeliverableUnreadable, words(&folder, &error));
                incoming.alarms.raise(AlarmKind::DropFolder, FOLDER, cause);
            }
        }
        let next = incoming.clock.now().saturating_add(LOOK_EVERY).unwrap_or(Timestamp::MAX);
        incoming.clock.sleep_until(next).await;
    }
}

fn words(folder: &Path, error: &io::Error) -> String {
    format!(
        "Undeliverable mail in {} cannot be read: {error}. What comes back later is not shown until that is put right; nothing is lost.",
        folder.display()
    )
}

/// Looks once; gives how many mails were noted. One that cannot be read keeps the others from nothing: they are seen to, and then it is said.
pub async fn look(incoming: &Incoming, folder: &Path) -> io::Result<usize> {
    let new = folder.join("new");
    let names = blocking(move || names(&new)).await?;
    let (mut noted, mut failed) = (0, None);
    for name in names {
        match one(incoming, folder, &name).await {
            Ok(taken) => noted += usize::from(taken == Some(Taken::Noted)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(noted), Err)
}

/// None: another reader has taken it meanwhile, or it is no mail.
async fn one(incoming: &Incoming, folder: &Path, name: &OsStr) -> io::Result<Option<Taken>> {
    let from = folder.join("new").join(name);
    let file = from.clone();
    let mail = match blocking(move || read(&file)).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        mail => mail?,
    };
    let Some(mail) = mail else { return Ok(None) };
    let taken = incoming.take(&mail, None).await.map_err(io::Error::other)?;
    if taken != Taken::NotYet {
        let to = target(folder, name, taken);
        blocking(move || moved(&from, &to)).await?;
    }
    Ok(Some(taken))
}

/// Where several machines have the folder, another may have moved it meanwhile: it noted the same.
fn moved(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && to.parent().is_some_and(Path::is_dir) => {
            Ok(())
        }
        moved => moved,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The oldest first, as their names begin with the time.
fn names(new: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(new)? {
        let name = entry?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    names.truncate(MOST_AT_ONCE);
    Ok(names)
}

/// The beginning of a file, as much as is read of a mail. None: it is a link or no file, and is left alone.
fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = match OpenOptions::new().read(true).custom_flags(flags).open(file) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Ok(None);
        }
        opened => opened?,
    };
    if !opened.metadata()?.is_file() {
        return Ok(None);
    }
    let mut mail = Vec::new();
    opened.take(MOST_READ as u64).read_to_end(&mut mail)?;
    Ok(Some(mail))
}

/// Its place in `cur`: with the mark of what was read (S), or without for people.
fn target(folder: &Path, name: &OsStr, taken: Taken) -> PathBuf {
    let mut target = name.to_owned();
    if !name.as_encoded_bytes().windows(3).any(|mark| mark == b":2,") {
        target.push(if taken == Taken::Noted { ":2,S" } else { ":2," });
    }
    folder.join("cur").join(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_has_moved_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("1.a");
        moved(&from, &folder.path().join("2.a")).unwrap();
        moved(&from, &folder.path().join("nowhere").join("2.a")).unwrap_err();
    }

    #[test]
    fn a_link_is_not_read_and_a_mail_only_so_far() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("1.a"), folder.path().join("2.b"));
        fs::write(&file, vec![b'x'; MOST_READ + 10]).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        fs::create_dir(folder.path().join("3.c")).unwrap();
        fs::write(folder.path().join(".hidden"), "").unwrap();
        assert_eq!(read(&file).unwrap().map(|mail| mail.len()), Some(MOST_READ));
        assert_eq!(read(&link).unwrap(), None);
        assert_eq!(read(&folder.path().join("3.c")).unwrap(), None);
        assert_eq!(names(folder.path()).unwrap(), ["1.a", "2.b", "3.c"]);
    }

    #[test]
    fn what_people_must_read_stays_unread() {
        let place = |name: &str, taken| target(Path::new("/m"), OsStr::new(name), taken);
        assert_eq!(place("1.a", Taken::Noted), Path::new("/m/cur/1.a:2,S"));
        assert_eq!(place("1.a", Taken::NotTied), Path::new("/m/cur/1.a:2,"));
        assert_eq!(place("1.a:2,", Taken::Other), Path::new("/m/cur/1.a:2,"));
    }
}
