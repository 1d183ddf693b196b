//! The two calls on which everything depends, behind a trait so that tests can make them fail.

use std::{fs::File, io, os::unix::fs::FileExt};

/// Writes and syncs.
pub(super) trait Disk: Send + Sync {
    /// Writes all of `bytes` at `at`, as one call where the system allows.
    fn write(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Returns when everything written to `file` is on the disk. The files never grow, so their data is enough.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The operating system's.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(bytes, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}
