//! Segments: files of a fixed size that are written with zeroes once and then used again and again.
//!
//! Because every block of a segment was really written and synced when it was made, a later sync moves data only, no
//! metadata. The header at its start says whose records follow; its 128 bytes are within one sector, so it is never half
//! there. A segment that holds nothing any more says so with a header of generation 0.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    error::JournalError,
    record::{self, End, Record, Seal},
};

/// Bytes of a segment: some 3,000 messages.
pub(super) const SIZE: usize = 1024 * 1024;
/// The records begin here, on a block of their own.
pub(super) const FIRST_RECORD: usize = 4096;

const HEADER: usize = 128;
const MAGIC: &[u8; 8] = b"BPJRNL01";
const LONGEST_BOOT_ID: usize = 64;
const SUFFIX: &str = "journal";

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

/// Whose records follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) seal: Seal,
    pub(super) epoch: i64,
    pub(super) boot_id: String,
}

/// A segment as it was found.
#[derive(Debug)]
pub(super) enum Found {
    /// Made or retired, not in use.
    Free,
    /// In use when the program ended.
    Used(Header, Vec<Record>),
}

impl Header {
    /// Its bytes on disk.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.seal.store_id.to_le_bytes());
        bytes.extend_from_slice(&self.seal.generation.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        let mut boot_id = self.boot_id.as_bytes().to_vec();
        boot_id.resize(LONGEST_BOOT_ID, 0);
        bytes.extend_from_slice(&boot_id);
        bytes.resize(HEADER - 4, 0);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8; HEADER]) -> Option<Self> {
        let (content, sum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return None;
        }
        let rest = content.strip_prefix(MAGIC)?;
        let (store_id, rest) = rest.split_first_chunk::<8>()?;
        let (generation, rest) = rest.split_first_chunk::<8>()?;
        let (epoch, rest) = rest.split_first_chunk::<8>()?;
        let boot_id = rest.get(..LONGEST_BOOT_ID)?;
        Some(Self {
            seal: Seal {
                store_id: u64::from_le_bytes(*store_id),
                generation: u64::from_le_bytes(*generation),
            },
            epoch: i64::from_le_bytes(*epoch),
            boot_id: String::from_utf8_lossy(boot_id).trim_end_matches('\0').to_owned(),
        })
    }
}

impl Segment {
    /// Makes the `number`th segment, full of zeroes and durable. It gets its name when it is whole, so a file with a
    /// segment's name is always a whole one.
    pub(super) fn create(folder: &Path, number: u32) -> io::Result<Self> {
        let path = folder.join(format!("outcomes-{number:06}.{SUFFIX}"));
        let making = path.with_extension("making");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&making)?;
        let made = (&file).write_all(&vec![0; SIZE]).and_then(|()| file.sync_all());
        if let Err(error) = made.and_then(|()| fs::rename(&making, &path)).and_then(|()| sync_folder(folder))
        {
            // Gives the space back; what is left over otherwise is overwritten by the next attempt.
            let _ = fs::remove_file(&making);
            return Err(error);
        }
        Ok(Self { file, path })
    }

    /// Opens an existing segment and reads what is in it.
    pub(super) fn open(path: PathBuf, store_id: u64) -> Result<(Self, Found), JournalError> {
        let damaged = |why: String| JournalError::Damaged { file: path.clone(), why };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| damaged(error.to_string()))?;
        let mut bytes = Vec::with_capacity(SIZE);
        file.read_to_end(&mut bytes).map_err(|error| damaged(error.to_string()))?;
        let head = bytes.first_chunk::<HEADER>().ok_or_else(|| damaged("it is cut short".into()))?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok((Self { file, path }, Found::Free));
        }
        let header = Header::read(head).ok_or_else(|| damaged("its header is not one of ours".into()))?;
        if header.seal.store_id != store_id {
            let found = header.seal.store_id;
            return Err(JournalError::OtherStore { file: path, found, ours: store_id });
        }
        if header.seal.generation == 0 {
            return Ok((Self { file, path }, Found::Free));
        }
        match record::read(header.seal, &bytes, FIRST_RECORD) {
            (records, End::Tail) => Ok((Self { file, path }, Found::Used(header, records))),
            (_, End::Nonsense(at)) => {
                Err(damaged(format!("the record at {at} is not one that this version knows")))
            }
        }
    }
}

/// The segments in `folder` with their numbers, in the order of these; half-made ones are removed.
pub(super) fn list(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(SUFFIX) => found.extend(number_of(&path).map(|number| (number, path))),
            Some("making") => fs::remove_file(&path)?,
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

/// Makes the names in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn number_of(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.strip_prefix("outcomes-")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_a_changed_one_does_not() {
        let header = Header {
            seal: Seal { store_id: 5, generation: 6 },
            epoch: -7,
            boot_id: "0d6c3a3e-2b3c-4e0a-9d5e-0123456789ab".into(),
        };
        let bytes: [u8; HEADER] = header.write().try_into().unwrap();
        assert_eq!(Header::read(&bytes), Some(header));
        for at in 0..HEADER {
            let mut changed = bytes;
            changed[at] ^= 4;
            assert_eq!(Header::read(&changed), None, "byte {at}");
        }
    }

    #[test]
    fn a_new_segment_is_free_and_has_its_full_size() {
        let folder = tempfile::tempdir().unwrap();
        let made = Segment::create(folder.path(), 3).unwrap();
        fs::write(folder.path().join("outcomes-000004.making"), "half").unwrap();
        assert_eq!(made.file.metadata().unwrap().len(), SIZE as u64);
        assert_eq!(list(folder.path()).unwrap(), [(3, made.path.clone())]);
        assert!(!folder.path().join("outcomes-000004.making").exists());
        let (_, found) = Segment::open(made.path, 1).unwrap();
        assert!(matches!(found, Found::Free));
    }

    #[test]
    fn what_is_no_segment_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outcomes-000001.journal");
        for content in [&b"short"[..], &[7; 5000]] {
            fs::write(&path, content).unwrap();
            let error = Segment::open(path.clone(), 1).unwrap_err();
            assert!(matches!(&error, JournalError::Damaged { file, .. } if *file == path), "{error}");
        }
    }
}
