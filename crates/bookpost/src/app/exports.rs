//! Exports that people have uploaded: each a file of its own, which nobody else on this computer can read, until it was run or a day is
//! over.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use store::PersonId;

use super::secret_dice;

/// Bytes of the largest upload. A district of 100,000 pupils with three overdue items each makes some 80 MB.
pub const MOST_BYTES: u64 = 128 << 20;
/// What one person has uploaded and not run; the oldest goes for a further one, and they are told.
pub const MOST_OF_ONE: usize = 5;
/// Then it is forgotten.
pub(super) const KEPT: Duration = Duration::from_hours(24);

/// The folder of all uploads.
#[derive(Debug, Clone)]
pub struct Exports {
    folder: PathBuf,
}

/// The name of an upload; nobody guesses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportId(String);

/// What is known of an upload beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// As it was called on the computer it came from.
    pub name: String,
    pub by: PersonId,
    pub at: Timestamp,
    /// When the file was last changed there, where the browser said so.
    #[serde(default)]
    pub made_at: Option<Timestamp>,
    pub bytes: u64,
}

/// An upload that is coming in. Unless it comes to its end it leaves nothing.
#[derive(Debug)]
pub struct Incoming {
    id: ExportId,
    path: PathBuf,
    file: fs::File,
    bytes: u64,
}

/// Why an upload was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Over [`MOST_BYTES`].
    #[error("it is too large")]
    TooLarge,
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ExportId {
    fn draw() -> Self {
        Self(format!("{:032x}", secret_dice().random::<u128>()))
    }

    /// As it stands in an address. `None`: no upload has such a name.
    pub fn named(text: &str) -> Option<Self> {
        let is_one = text.len() == 32
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_one.then(|| Self(text.to_owned()))
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Exports {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { folder: folder(data_dir) }
    }

    /// Begins an upload.
    pub fn begin(&self) -> io::Result<Incoming> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let id = ExportId::draw();
        let path = self.bytes_of(&id);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Incoming { id, path, file, bytes: 0 })
    }

    /// It is whole: from now on it is there. Gives how many older ones went for it, too.
    pub fn finish(
        &self,
        mut incoming: Incoming,
        (name, made_at): (String, Option<Timestamp>),
        by: PersonId,
        at: Timestamp,
    ) -> io::Result<(ExportId, usize)> {
        let mut gone = 0;
        for (old, _) in self.of(by)?.into_iter().skip(MOST_OF_ONE - 1) {
            self.forget(&old)?;
            gone += 1;
        }
        incoming.file.flush()?;
        let facts = serde_json::to_vec(&Uploaded { name, by, at, made_at, bytes: incoming.bytes })?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.facts_of(&incoming.id))?;
        file.write_all(&facts)?;
        incoming.path = PathBuf::new();
        Ok((incoming.id.clone(), gone))
    }

    /// What is known of it; `None`: it is not there, or not any more.
    pub fn facts(&self, id: &ExportId) -> io::Result<Option<Uploaded>> {
        match fs::read(self.facts_of(id)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All of it. One that a power cut made shorter is refused: half an export looks whole.
    pub(super) fn read(&self, id: &ExportId) -> io::Result<Vec<u8>> {
        let facts = self.facts(id)?.ok_or(io::ErrorKind::NotFound)?;
        let bytes = fs::read(self.bytes_of(id))?;
        if bytes.len() as u64 != facts.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    /// What this person has uploaded, the newest first.
    pub fn of(&self, person: PersonId) -> io::Result<Vec<(ExportId, Uploaded)>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(ExportId::named);
            let Some(id) = id else { continue };
            found.extend(self.facts(&id)?.filter(|facts| facts.by == person).map(|facts| (id, facts)));
        }
        found.sort_by_key(|(_, facts)| std::cmp::Reverse(facts.at));
        Ok(found)
    }

    /// It is gone. One that is not there is gone already.
    pub fn forget(&self, id: &ExportId) -> io::Result<()> {
        for path in [self.facts_of(id), self.bytes_of(id)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn bytes_of(&self, id: &ExportId) -> PathBuf {
        self.folder.join(format!("{}.csv", id.0))
    }

    fn facts_of(&self, id: &ExportId) -> PathBuf {
        self.folder.join(format!("{}.json", id.0))
    }
}

/// Where they lie.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("exports")
}

impl Incoming {
    /// Adds to it, up to [`MOST_BYTES`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST_BYTES {
            return Err(UploadError::TooLarge);
        }
        Ok(self.file.write_all(bytes)?)
    }

    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // What stays behind is forgotten in a day.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn upload(exports: &Exports, by: i64, second: i64) -> ExportId {
        let mut incoming = exports.begin().unwrap();
        incoming.write(b"a,b\n").unwrap();
        let at = Timestamp::from_second(second).unwrap();
        let name = ("overdues.csv".to_owned(), None);
        let (id, gone) = exports.finish(incoming, name, PersonId(by), at).unwrap();
        // The tests upload one a second.
        assert_eq!(gone, usize::from(by == 1 && second == 6), "{second}");
        id
    }

    #[test]
    fn an_upload_is_private_and_there_once_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let exports = Exports::new(folder.path());
        let id = upload(&exports, 1, 7);
        assert_eq!(exports.read(&id).unwrap(), b"a,b\n");
        assert_eq!(exports.facts(&id).unwrap().unwrap().name, "overdues.csv");
        for entry in fs::read_dir(&exports.folder).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::metadata(&exports.folder).unwrap().permissions().mode() & 0o777, 0o700);
        let mut broken_off = exports.begin().unwrap();
        broken_off.write(b"a").unwrap();
        drop(broken_off);
        assert_eq!(fs::read_dir(&exports.folder).unwrap().count(), 2, "what broke off leaves nothing");
        exports.forget(&id).unwrap();
        exports.forget(&id).unwrap();
        assert_eq!(exports.facts(&id).unwrap(), None);
        assert_eq!(fs::read_dir(&exports.folder).unwrap().count(), 0);
    }

    #[test]
    fn after_a_day_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let exports = Exports::new(folder.path());
        let (old, new) = (upload(&exports, 1, 7), upload(&exports, 1, 8));
        let long_ago = std::time::SystemTime::UNIX_EPOCH + KEPT;
        for path in [exports.bytes_of(&old), exports.facts_of(&old)] {
            fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
        }
        let before = Timestamp::UNIX_EPOCH + KEPT * 2;
        super::super::retention::delete(&[super::folder(folder.path())], before).unwrap();
        assert_eq!(exports.facts(&old).unwrap(), None);
        assert!(exports.facts(&new).unwrap().is_some());
    }

    #[test]
    fn half_of_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let exports = Exports::new(folder.path());
        let id = upload(&exports, 1, 7);
        assert_eq!(exports.read(&id).unwrap(), b"a,b\n");
        fs::File::options().write(true).open(exports.bytes_of(&id)).unwrap().set_len(2).unwrap();
        assert_eq!(exports.read(&id).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        exports.forget(&id).unwrap();
        assert_eq!(exports.read(&id).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_person_has_a_few_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let exports = Exports::new(folder.path());
        let others = upload(&exports, 2, 1);
        let ids: Vec<_> = (1..=6).map(|second| upload(&exports, 1, second)).collect();
        let known: Vec<_> = exports.of(PersonId(1)).unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(known, ids[1..].iter().rev().cloned().collect::<Vec<_>>());
        assert!(exports.facts(&others).unwrap().is_some());
    }

    #[test]
    fn what_is_too_large_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let mut incoming = Exports::new(folder.path()).begin().unwrap();
        incoming.bytes = MOST_BYTES - 1;
        incoming.write(b"a").unwrap();
        assert!(matches!(incoming.write(b"a"), Err(UploadError::TooLarge)));
    }

    #[test]
    fn an_address_leads_to_no_other_file() {
        for name in
            ["", "../../etc/passwd", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcde/"]
        {
            assert_eq!(ExportId::named(name), None, "{name}");
        }
        let id = ExportId::draw();
        assert_eq!(ExportId::named(id.text()), Some(id));
    }
}
