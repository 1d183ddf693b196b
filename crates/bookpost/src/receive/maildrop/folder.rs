//! Whether mail in the maildrop is safe from those who may leave mail there.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

/// Who may write into the folder beside its owner, and that files in it can be deleted by their owners only: bits of its mode.
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Why a folder is none for mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Unsafe {
    #[error("it is no folder")]
    NoFolder,
    #[error(
        "it belongs to the user with the number {owner}, and Bookpost runs as {own}; change that with chown"
    )]
    Foreign { owner: u32, own: u32 },
    #[error("who leaves mail in it could delete or exchange the mail of others; change that with chmod +t")]
    Open,
}

/// Whether `folder` is the service's own, and nobody else can take a file of another away or put his own in its place.
pub fn check(folder: &Path) -> io::Result<()> {
    let facts = fs::metadata(folder)?;
    let own = rustix::process::geteuid().as_raw();
    judge(facts.is_dir(), facts.uid(), own, facts.permissions().mode()).map_err(io::Error::other)
}

fn judge(is_folder: bool, owner: u32, own: u32, mode: u32) -> Result<(), Unsafe> {
    match () {
        () if !is_folder => Err(Unsafe::NoFolder),
        () if owner != own => Err(Unsafe::Foreign { owner, own }),
        () if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 => Err(Unsafe::Open),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_of_ours_in_which_nobody_deletes_the_mail_of_others() {
        for (is_folder, owner, mode, judged) in [
            (true, 990, 0o3733, Ok(())),
            (true, 990, 0o3730, Ok(())),
            (true, 990, 0o755, Ok(())),
            (true, 990, 0o2733, Err(Unsafe::Open)),
            (true, 990, 0o770, Err(Unsafe::Open)),
            (true, 0, 0o3733, Err(Unsafe::Foreign { owner: 0, own: 990 })),
            (false, 990, 0o644, Err(Unsafe::NoFolder)),
        ] {
            assert_eq!(judge(is_folder, owner, 990, mode), judged, "{owner} {mode:o}");
        }
    }
}
