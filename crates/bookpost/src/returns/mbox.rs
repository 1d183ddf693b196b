//! Undeliverable mail in a mailbox that is one file (mbox, RFC 4155), as a mail server appends it.
//!
//! The file is only read: what is for people stays where they look for it, and whoever owns the mailbox empties it. What was read of it is
//! remembered while the program runs. The next start reads all of it again, and noting something twice changes nothing. What tells of a
//! message that is not settled yet stays in memory, and holds up nothing behind it: whoever empties the mailbox meanwhile takes away nothing.
//!
//! While a delivery agent writes, it has a lock, and nothing is read: the lock of the file (fcntl), which is had here as well while reading, or
//! a file beside it that ends in `.lock`. That one is looked for before and after, since making one takes the right to write where the
//! mailbox lies.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use mail::bounce::MOST_READ;
use rustix::fs::{FlockOperation, OFlags, fcntl_lock};
use store::{AlarmKind, Cause, FolderFault};

use super::incoming::{Incoming, Taken};

/// The file is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Octets of mail that are in memory at once; the rest waits for the next look.
const MOST_AT_ONCE: usize = 16 << 20;
/// Octets of mail about messages that are not settled, in memory. Where there is more, what is behind waits in the file.
const MOST_UNSETTLED: usize = MOST_AT_ONCE;
/// Octets of a line that are looked at; what is longer is no header of ours.
const LONGEST_LINE: u64 = 64 << 10;
/// What the alarm is about.
pub const MAILBOX: &str = "mailbox with undeliverable mail";

/// A mailbox, and how far it was read.
#[derive(Debug)]
pub struct Mailbox {
    path: PathBuf,
    /// All before it was seen to.
    read_to: u64,
    /// What stood just before that place: where something else does, it is another file by now.
    before: Vec<u8>,
    inode: u64,
    /// What was seen of messages that were not settled then, oldest first.
    unsettled: Vec<Vec<u8>>,
}

/// A mail, and where it ends in the file.
struct Found {
    mail: Vec<u8>,
    end: u64,
}

/// Looks for as long as the program runs.
pub async fn watch(incoming: Incoming, path: PathBuf) {
    let mut mailbox = Mailbox::new(path);
    loop {
        match mailbox.look(&incoming).await {
            Ok(_) => incoming.alarms.clear(AlarmKind::DropFolder, MAILBOX),
            Err(error) => {
                tracing::error!(%error, "a mailbox with undeliverable mail could not be read; it stays as it is");
                let cause = Cause::new(FolderFault::UndeliverableUnreadable, words(&mailbox.path, &error));
                incoming.alarms.raise(AlarmKind::DropFolder, MAILBOX, cause);
            }
        }
        let next = incoming.clock.now().saturating_add(LOOK_EVERY).unwrap_or(Timestamp::MAX);
        incoming.clock.sleep_until(next).await;
    }
}

fn words(path: &Path, error: &io::Error) -> String {
    format!(
        "Undeliverable mail in {} cannot be read: {error}. What comes back later is not shown until that is put right; nothing is lost.",
        path.display()
    )
}

impl Mailbox {
    /// Of which nothing was read.
    pub fn new(path: PathBuf) -> Self {
        Self { path, read_to: 0, before: Vec::new(), inode: 0, unsettled: Vec::new() }
    }

    /// Looks once; gives how many mails were noted. What is not settled yet is looked at again.
    pub async fn look(&mut self, incoming: &Incoming) -> io::Result<usize> {
        let mut noted = self.look_again(incoming).await?;
        let (path, from, before, inode) = (self.path.clone(), self.read_to, self.before.clone(), self.inode);
        let found = tokio::task::spawn_blocking(move || read(&path, from, &before, inode)).await;
        let Some((found, inode)) = found.unwrap_or_else(|error| Err(io::Error::other(error)))? else {
            return Ok(noted);
        };
        let mut read_to = None;
        for Found { mail, end } in found {
            match incoming.take(&mail, None).await.map_err(io::Error::other)? {
                Taken::NotYet if !self.has_room_for(&mail) => break,
                // After an error, or once the file was written anew, it is there already.
                Taken::NotYet if self.is_kept(&mail) => {}
                Taken::NotYet => self.unsettled.push(mail),
                taken => noted += usize::from(taken == Taken::Noted),
            }
            read_to = Some(end);
        }
        if let Some(read_to) = read_to {
            let path = self.path.clone();
            let before = tokio::task::spawn_blocking(move || just_before(&mut open(&path)?, read_to)).await;
            self.before = before.unwrap_or_else(|error| Err(io::Error::other(error)))?;
            (self.read_to, self.inode) = (read_to, inode);
        }
        Ok(noted)
    }

    /// At what was not settled; gives how many were noted.
    async fn look_again(&mut self, incoming: &Incoming) -> io::Result<usize> {
        let (mut at, mut noted) = (0, 0);
        while let Some(mail) = self.unsettled.get(at) {
            match incoming.take(mail, None).await.map_err(io::Error::other)? {
                Taken::NotYet => at += 1,
                taken => {
                    noted += usize::from(taken == Taken::Noted);
                    self.unsettled.remove(at);
                }
            }
        }
        Ok(noted)
    }

    fn has_room_for(&self, mail: &[u8]) -> bool {
        let kept = self.unsettled.iter().map(Vec::len).sum::<usize>();
        self.is_kept(mail) || kept + mail.len() <= MOST_UNSETTLED
    }

    fn is_kept(&self, mail: &[u8]) -> bool {
        self.unsettled.iter().any(|kept| kept == mail)
    }
}

/// The mails behind `from`, if it is still the same file, else all of them. None: somebody writes to it, or there is none, as in most
/// mailboxes into which nothing ever came.
fn read(path: &Path, from: u64, before: &[u8], inode: u64) -> io::Result<Option<(Vec<Found>, u64)>> {
    let mut file = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let is_same = facts.ino() == inode && facts.len() >= from && just_before(&mut file, from)? == before;
    let from = if is_same { from } else { 0 };
    if facts.len() == from {
        return Ok(None);
    }
    match fcntl_lock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => return Ok(None),
        locked => locked?,
    }
    if is_locked(path)? {
        return Ok(None);
    }
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(from))?;
    let mut found = split(BufReader::new(&file).take(size.saturating_sub(from)), from)?;
    // One who knows nothing of the other lock may have begun to write after all: what is last may be half of it.
    if is_locked(path)? || file.metadata()?.len() != size {
        found.pop();
    }
    Ok(Some((found, facts.ino())))
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn is_locked(path: &Path) -> io::Result<bool> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    fs::exists(lock)
}

/// Some octets before a place.
fn just_before(file: &mut File, place: u64) -> io::Result<Vec<u8>> {
    const MOST: u64 = 256;
    let first = place.saturating_sub(MOST);
    file.seek(SeekFrom::Start(first))?;
    let mut before = Vec::new();
    file.take(place - first).read_to_end(&mut before)?;
    Ok(before)
}

/// The mails of a mailbox, as much of each as is read of a mail; `from` is where it begins in the file.
fn split(mut text: impl io::BufRead, from: u64) -> io::Result<Vec<Found>> {
    let (mut found, mut open): (Vec<Found>, Option<Found>) = (Vec::new(), None);
    let (mut at, mut in_memory, mut is_behind_blank, mut begins_line) = (from, 0, true, true);
    loop {
        let mut line = Vec::new();
        let read = (&mut text).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            found.extend(open);
            return Ok(found);
        }
        if begins_line && is_behind_blank && is_from_line(&line) {
            if in_memory > MOST_AT_ONCE {
                found.extend(open);
                return Ok(found);
            }
            found.extend(open.replace(Found { mail: Vec::new(), end: at }));
        } else if let Some(open) = &mut open {
            // In the body such a line was written with a mark before it (RFC 4155, appendix A, and what is called mboxrd).
            let bare = line.iter().skip_while(|octet| **octet == b'>').take(5).copied();
            let quoted = begins_line && line.first() == Some(&b'>') && bare.eq(*b"From ");
            let line = line.get(usize::from(quoted)..).unwrap_or_default();
            let room = MOST_READ.saturating_sub(open.mail.len());
            let kept = line.get(..room).unwrap_or(line);
            open.mail.extend_from_slice(kept);
            in_memory += kept.len();
        }
        is_behind_blank = begins_line && line.trim_ascii().is_empty();
        begins_line = line.ends_with(b"\n");
        at += read as u64;
        if let Some(open) = &mut open {
            open.end = at;
        }
    }
}

/// `From ada@example.org Mon Nov 23 12:00:00 2026`: somebody, a time of day, and behind it a year. A line of a text that begins with the same
/// word has seldom both.
fn is_from_line(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
    let is_time = |word: &&[u8]| {
        let mut parts = word.split(|octet| *octet == b':');
        let is_number = |part: &[u8]| part.len() == 2 && part.iter().all(u8::is_ascii_digit);
        let count = parts.clone().count();
        (2..=3).contains(&count) && parts.all(is_number)
    };
    let is_year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    words.by_ref().any(|word| is_time(&word)) && words.any(is_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "From MAILER-DAEMON Mon Nov 23 12:00:00 2026\n";

    fn mails(text: &str) -> Vec<(String, u64)> {
        let found = split(text.as_bytes(), 0).unwrap();
        found.into_iter().map(|one| (String::from_utf8(one.mail).unwrap(), one.end)).collect()
    }

    #[test]
    fn a_mailbox_is_cut_where_a_mail_begins_and_nowhere_else() {
        let one = "Subject: a\n\nFrom here on it is text.\n\nFrom Monday 12:00 on we are closed.\n";
        let other = "Subject: b\n\n>From x\n";
        let text = format!("{FROM}{one}\n{FROM}{other}\n");
        let first = (FROM.len() + one.len() + 1) as u64;
        assert_eq!(
            mails(&text),
            [(format!("{one}\n"), first), ("Subject: b\n\nFrom x\n\n".to_owned(), text.len() as u64)]
        );
        assert_eq!(mails(""), []);
        assert_eq!(mails("no mailbox\n"), [], "what is none has no mail in it");
        let long = "x".repeat(MOST_READ * 2);
        let all = mails(&format!("{FROM}{long}\n\n{FROM}b\n"));
        assert_eq!(all.iter().map(|(mail, _)| mail.len()).collect::<Vec<_>>(), [MOST_READ, 2]);
    }

    #[test]
    fn what_begins_a_mail() {
        for (line, is_one) in [
            ("From MAILER-DAEMON Mon Nov 23 12:00:00 2026", true),
            ("From a@example.org  Mon Nov  3 12:00:00 2026\r\n", true),
            ("From a@example.org Mon Nov 23 12:00 MET 2026", true),
            ("From a@example.org Mon Nov 23 12:00:00 2026 +0100", true),
            ("From here on it is text.", false),
            ("From Monday 12:00 on we are closed.", false),
            ("From: a@example.org Mon Nov 23 12:00:00 2026", false),
            (">From a@example.org Mon Nov 23 12:00:00 2026", false),
            ("From ", false),
        ] {
            assert_eq!(is_from_line(line.as_bytes()), is_one, "{line}");
        }
    }

    #[test]
    fn nothing_is_read_while_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("returns");
        let count = |from, before: &[u8], inode| {
            read(&path, from, before, inode).unwrap().map(|(found, _)| found.len())
        };
        assert_eq!(count(0, b"", 0), None, "nothing ever came");
        fs::write(&path, format!("{FROM}a\n\n{FROM}b\n\n")).unwrap();
        assert_eq!(count(0, b"", 0), Some(2));
        let lock = folder.path().join("returns.lock");
        fs::write(&lock, "").unwrap();
        assert_eq!(count(0, b"", 0), None);
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink(&path, folder.path().join("link")).unwrap();
        assert!(read(&folder.path().join("link"), 0, b"", 0).is_err());
        // From where it was read to, if that is still the same file.
        let (size, inode) = (fs::metadata(&path).unwrap().len(), fs::metadata(&path).unwrap().ino());
        let before = just_before(&mut open(&path).unwrap(), size).unwrap();
        assert_eq!(count(size, &before, inode), None);
        fs::write(&path, format!("{FROM}a\n\n{FROM}b\n\n{FROM}c\n\n")).unwrap();
        assert_eq!(count(size, &before, inode), Some(1));
        assert_eq!(count(size, &before, inode + 1), Some(3));
        fs::write(&path, format!("{FROM}x\n\n{FROM}y\n\n{FROM}c\n\n")).unwrap();
        assert_eq!(count(size, &before, inode), Some(3), "somebody emptied it meanwhile");
        fs::write(&path, format!("{FROM}z\n\n")).unwrap();
        assert_eq!(count(size, &before, inode), Some(1), "it is shorter");
    }
}
