//! Mail as files.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The folder of the kept mail.
#[derive(Debug)]
pub(super) struct Keep {
    folder: PathBuf,
    next: AtomicU64,
    kept: AtomicU64,
}

/// Where the mail lies below `folder`.
pub(super) fn folder_in(folder: &Path) -> PathBuf {
    folder.join("new")
}

impl Keep {
    /// `new/` below `folder`, both made if they are not there. Numbering goes on after what is kept already.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let folder = folder_in(folder);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut last = 0;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        Ok(Self { folder, next: AtomicU64::new(last + 1), kept: AtomicU64::new(0) })
    }

    /// Keeps one message. Its file appears whole or not at all; it is not synced, as practice mail may be lost with the
    /// machine.
    pub(super) fn keep(&self, parts: &[&[u8]]) -> io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number:010}.eml"));
        let making = path.with_extension("making");
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&making);
        let written = file.and_then(|mut file| parts.iter().try_for_each(|part| file.write_all(part)));
        if let Err(error) = written.and_then(|()| fs::rename(&making, &path)) {
            // What is left of it otherwise is no .eml file.
            let _ = fs::remove_file(&making);
            return Err(error);
        }
        self.kept.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}
