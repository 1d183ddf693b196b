//! A disk that fails: the preloaded library (`faults/faults.c`), and what a disk may look like after a power cut.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use rand::{Rng, RngExt};

/// A disk writes so many bytes at once or not at all.
const SECTOR: usize = 512;

/// What was done to the files of a folder, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    events: Vec<Event>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file came to be.
    Created(u64, PathBuf),
    /// A file that was there was opened.
    Opened(u64, PathBuf),
    /// Bytes were written at a place.
    Written(u64, usize, Vec<u8>),
    /// A file got another size.
    Truncated(u64, usize),
    /// A file was synced.
    Synced(u64),
    /// A folder was synced.
    FolderSynced(PathBuf),
    /// A name changed.
    Renamed(PathBuf, PathBuf),
    /// A name went.
    Unlinked(PathBuf),
    /// A folder came to be.
    FolderMade(PathBuf),
    /// Something that another process noted with [`note`].
    Noted(String),
}

#[derive(Default, Clone)]
struct Content {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

/// Compiles the library into `folder` and returns its path, for `LD_PRELOAD`.
pub fn build(folder: &Path) -> io::Result<PathBuf> {
    let library = folder.join("libfaults.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/faults.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .status()?;
    if status.success() { Ok(library) } else { Err(io::Error::other("faults.c does not compile")) }
}

/// Adds a note to a log that is being written, such as "the server took message 5".
pub fn note(log: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(log)?.write_all(format!("N {text}\n").as_bytes())
}

impl Log {
    /// Reads what the library wrote. A torn last event is left out.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let (mut events, mut rest) = (Vec::new(), bytes.as_slice());
        while let Some((event, after)) = parse(rest) {
            events.push(event);
            rest = after;
        }
        Ok(Self { events })
    }

    /// The events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Writes into `into` what may be left of `folder` if the power fails after the first `cut` events.
    ///
    /// What was synced is there. Of what was written to a file since, each sector may be there or not. Of names that were
    /// made, changed or removed since their folder's last sync, the first few took effect. `before` is a copy of the folder
    /// from before the first event, if it was not empty.
    pub fn after_power_cut(
        &self,
        cut: usize,
        folder: &Path,
        before: Option<&Path>,
        dice: &mut impl Rng,
        into: &Path,
    ) -> io::Result<()> {
        let mut disk = PowerCut::default();
        if let Some(before) = before {
            disk.load(before, before, folder)?;
        }
        for event in self.events.iter().take(cut) {
            disk.apply(event);
        }
        disk.fail(dice);
        disk.write(folder, into)
    }
}

/// The disk while events happen to it.
#[derive(Default)]
struct PowerCut {
    contents: HashMap<u64, Content>,
    /// The names as the program sees them, and as they are on disk.
    seen: BTreeMap<PathBuf, Entry>,
    durable: BTreeMap<PathBuf, Entry>,
    pending: Vec<Event>,
    /// Files of before the log have no inode yet: these are theirs.
    loaded: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    File(u64),
    Folder,
}

impl PowerCut {
    fn load(&mut self, below: &Path, before: &Path, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(below)? {
            let path = entry?.path();
            let Ok(name) = path.strip_prefix(before) else { continue };
            let entry = if path.is_dir() {
                self.load(&path, before, folder)?;
                Entry::Folder
            } else {
                self.loaded += 1;
                let inode = u64::MAX - self.loaded;
                self.contents.insert(inode, Content { durable: fs::read(&path)?, pending: Vec::new() });
                Entry::File(inode)
            };
            self.seen.insert(folder.join(name), entry);
            self.durable.insert(folder.join(name), entry);
        }
        Ok(())
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened(inode, path) => self.identify(*inode, path),
            Event::Written(inode, at, data) => self.change(*inode, Change::Write(*at, data.clone())),
            Event::Truncated(inode, size) => self.change(*inode, Change::Truncate(*size)),
            Event::Synced(inode) => {
                let content = self.contents.entry(*inode).or_default();
                for change in std::mem::take(&mut content.pending) {
                    change.make(&mut content.durable);
                }
            }
            Event::FolderSynced(folder) => {
                for event in std::mem::take(&mut self.pending) {
                    if event.is_in(folder) {
                        rename(&mut self.durable, &event);
                    } else {
                        self.pending.push(event);
                    }
                }
            }
            Event::Noted(_) => {}
            Event::Created(inode, _) => {
                // The number may have been another file's.
                self.contents.insert(*inode, Content::default());
                self.name(event);
            }
            Event::Renamed(..) | Event::Unlinked(_) | Event::FolderMade(_) => self.name(event),
        }
    }

    fn name(&mut self, event: &Event) {
        rename(&mut self.seen, event);
        self.pending.push(event.clone());
    }

    fn change(&mut self, inode: u64, change: Change) {
        self.contents.entry(inode).or_default().pending.push(change);
    }

    /// A file of before the log gets its number.
    fn identify(&mut self, inode: u64, path: &Path) {
        let Some(Entry::File(known)) = self.seen.get(path).copied() else { return };
        if known == inode {
            return;
        }
        if let Some(content) = self.contents.remove(&known) {
            self.contents.insert(inode, content);
        }
        for entry in self.seen.values_mut().chain(self.durable.values_mut()) {
            if *entry == Entry::File(known) {
                *entry = Entry::File(inode);
            }
        }
    }

    /// The power fails.
    fn fail(&mut self, dice: &mut impl Rng) {
        let survived = dice.random_range(0..=self.pending.len());
        for event in self.pending.drain(..).take(survived) {
            rename(&mut self.durable, &event);
        }
        // In the order of the inodes, so that the same dice give the same disk.
        let mut inodes: Vec<u64> = self.contents.keys().copied().collect();
        inodes.sort_unstable();
        for inode in inodes {
            let content = self.contents.entry(inode).or_default();
            // All, none, or a part, each as likely.
            let chance = [0.0, 1.0, 0.5].get(dice.random_range(0..3_usize)).copied().unwrap_or(0.5);
            for change in std::mem::take(&mut content.pending) {
                for part in change.sectors() {
                    if dice.random_bool(chance) {
                        part.make(&mut content.durable);
                    }
                }
            }
        }
    }

    fn write(&self, folder: &Path, into: &Path) -> io::Result<()> {
        for (path, entry) in &self.durable {
            let Ok(name) = path.strip_prefix(folder) else { continue };
            let target = into.join(name);
            match entry {
                Entry::Folder => fs::create_dir_all(target)?,
                // A file in a folder whose own name was lost is lost with it.
                Entry::File(inode) if target.parent().is_some_and(Path::exists) => {
                    fs::write(target, self.contents.get(inode).map_or(&[][..], |content| &content.durable))?;
                }
                Entry::File(_) => {}
            }
        }
        Ok(())
    }
}

impl Event {
    fn is_in(&self, folder: &Path) -> bool {
        let (Self::Created(_, path) | Self::Unlinked(path) | Self::FolderMade(path) | Self::Renamed(_, path)) =
            self
        else {
            return false;
        };
        path.parent() == Some(folder)
    }
}

impl Change {
    fn make(self, content: &mut Vec<u8>) {
        match self {
            Self::Truncate(size) => content.resize(size, 0),
            Self::Write(at, data) => {
                if content.len() < at + data.len() {
                    content.resize(at + data.len(), 0);
                }
                if let Some(place) = content.get_mut(at..at + data.len()) {
                    place.copy_from_slice(&data);
                }
            }
        }
    }

    /// Its parts that a disk does at once.
    fn sectors(self) -> Vec<Self> {
        let Self::Write(mut at, data) = self else { return vec![self] };
        let mut rest = data.as_slice();
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            parts.push(Self::Write(at, sector.to_vec()));
            at += sector.len();
            rest = after;
        }
        parts
    }
}

fn rename(names: &mut BTreeMap<PathBuf, Entry>, event: &Event) {
    match event {
        Event::Created(inode, path) => drop(names.insert(path.clone(), Entry::File(*inode))),
        Event::FolderMade(path) => drop(names.insert(path.clone(), Entry::Folder)),
        Event::Unlinked(path) => drop(names.remove(path)),
        Event::Renamed(from, to) => {
            if let Some(entry) = names.remove(from) {
                names.insert(to.clone(), entry);
            }
        }
        _ => {}
    }
}

fn parse(bytes: &[u8]) -> Option<(Event, &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    let line = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
    let rest = bytes.get(end + 1..)?;
    let (kind, text) = line.split_once(' ')?;
    let inode_and = || text.split_once(' ').and_then(|(inode, more)| Some((inode.parse().ok()?, more)));
    let event = match kind {
        "C" => inode_and().map(|(inode, path)| Event::Created(inode, path.into()))?,
        "O" => inode_and().map(|(inode, path)| Event::Opened(inode, path.into()))?,
        "T" => inode_and().and_then(|(inode, size)| Some(Event::Truncated(inode, size.parse().ok()?)))?,
        "S" => Event::Synced(text.parse().ok()?),
        "D" => Event::FolderSynced(text.into()),
        "U" => Event::Unlinked(text.into()),
        "M" => Event::FolderMade(text.into()),
        "N" => Event::Noted(text.into()),
        "R" => text.split_once('\t').map(|(from, to)| Event::Renamed(from.into(), to.into()))?,
        "W" => {
            let (inode, more) = inode_and()?;
            let (at, length) = more.split_once(' ')?;
            let (data, after) = rest.split_at_checked(length.parse().ok()?)?;
            return Some((Event::Written(inode, at.parse().ok()?, data.to_vec()), after));
        }
        _ => return None,
    };
    Some((event, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes A and syncs it, makes its name durable, writes B over it without a sync, renames, and says how each call went.
    const PROGRAM: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static char a[2048], b[2048];
#define TRY(call) printf("%d ", (call) < 0 ? errno : 0)
int main(void) {
    memset(a, 'A', sizeof a); memset(b, 'B', sizeof b);
    int folder = open(".", O_RDONLY), file = open("one", O_RDWR | O_CREAT, 0600);
    TRY(pwrite(file, a, sizeof a, 0)); TRY(fdatasync(file)); TRY(fsync(folder));
    TRY(pwrite(file, b, sizeof b, 0)); TRY(fdatasync(file)); TRY(rename("one", "two"));
    return 0;
}
"#;

    struct Run {
        folder: tempfile::TempDir,
        said: String,
        log: Log,
    }

    impl Run {
        fn watched(&self) -> PathBuf {
            self.folder.path().canonicalize().unwrap().join("watched")
        }
    }

    fn run(setting: Option<(&str, &str)>) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let (program, watched) = (folder.path().join("program"), folder.path().join("watched"));
        fs::write(folder.path().join("p.c"), PROGRAM).unwrap();
        fs::create_dir(&watched).unwrap();
        let compiled =
            Command::new("cc").arg("-o").arg(&program).arg(folder.path().join("p.c")).status().unwrap();
        assert!(compiled.success());
        let log = folder.path().join("log");
        let output = Command::new(&program)
            .env("LD_PRELOAD", build(folder.path()).unwrap())
            .env("FAULTS_FOLDER", &watched)
            .env("FAULTS_LOG", &log)
            .envs(setting)
            .current_dir(&watched)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        note(&log, "the end").unwrap();
        Run { folder, said, log: Log::read(&log).unwrap() }
    }

    #[test]
    fn calls_fail_when_told_to() {
        for (setting, said) in [
            (None, "0 0 0 0 0 0"),
            (Some(("FAULTS_ENOSPC_AFTER", "2048")), "0 0 0 0 0 0"),
            (Some(("FAULTS_ENOSPC_AFTER", "2047")), "28 0 0 28 0 0"),
            (Some(("FAULTS_EIO_WRITE", "1")), "5 0 0 0 0 0"),
            (Some(("FAULTS_EIO_SYNC", "3")), "0 0 0 0 5 0"),
        ] {
            assert_eq!(run(setting).said, said, "{setting:?}");
        }
    }

    #[test]
    fn after_a_power_cut_the_synced_is_there_and_the_rest_may_be() {
        let run = run(None);
        let events = run.log.events().len();
        assert_eq!(run.log.events().last(), Some(&Event::Noted("the end".into())));
        // created, written, synced, folder synced, written, synced, renamed, noted
        assert_eq!(events, 8);
        let mut seen = BTreeMap::new();
        for cut in 0..=events {
            for seed in 0..40 {
                let into = tempfile::tempdir().unwrap();
                let mut dice = crate::dice::seeded(seed);
                run.log.after_power_cut(cut, &run.watched(), None, &mut dice, into.path()).unwrap();
                let state = ["one", "two"].map(|name| fs::read(into.path().join(name)).ok());
                seen.entry(cut).or_insert_with(Vec::new).push(state);
            }
        }
        let is = |content: &Option<Vec<u8>>, byte| content.as_deref() == Some(&[byte; 2048][..]);
        assert!(seen[&0].iter().all(|state| *state == [None, None]));
        assert!(seen[&3].iter().any(|[one, _]| one.is_none()), "synced, but its name was not");
        assert!(seen[&4].iter().all(|[one, _]| is(one, b'A')));
        let torn = |content: &Option<Vec<u8>>| {
            content.as_ref().is_some_and(|c| c.contains(&b'A') && c.contains(&b'B'))
        };
        assert!(seen[&5].iter().any(|[one, _]| torn(one)));
        assert!(
            seen[&5].iter().any(|[one, _]| is(one, b'A')) && seen[&5].iter().any(|[one, _]| is(one, b'B'))
        );
        assert!(seen[&6].iter().all(|[one, _]| is(one, b'B')));
        assert!(seen[&7].iter().all(|[one, two]| is(one, b'B') != is(two, b'B')));
        assert!(
            seen[&7].iter().any(|[one, _]| one.is_none()) && seen[&7].iter().any(|[_, two]| two.is_none())
        );
    }
}
