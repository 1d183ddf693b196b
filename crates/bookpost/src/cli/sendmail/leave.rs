//! The message into the maildrop folder, for the service to find when it works again.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::fs::syncfs;

use super::letter::Letter;
use crate::receive::maildrop::drop_file;

/// The folder's group, which is the service's, may read it. Whoever else uses this machine may not.
const MODE: u32 = 0o640;

/// Leaves `letter` in `folder`, as a file named by `random`. When it returns `Ok`, the file is there whole and stays there,
/// whatever happens to the machine; else there is none that the service would take.
pub(super) fn leave(folder: &Path, letter: &Letter, random: u128) -> io::Result<()> {
    let unfinished = folder.join(drop_file::unfinished_name(random));
    let finished = folder.join(drop_file::name(random));
    let written = write(&unfinished, letter).and_then(|file| {
        fs::rename(&unfinished, &finished)?;
        Ok(file)
    });
    let file = written.inspect_err(|_| {
        // What stays is deleted by the service after a while.
        let _ = fs::remove_file(&unfinished);
    })?;
    make_name_durable(folder, &file).or_else(|error| match fs::remove_file(&finished) {
        // The service has taken it meanwhile: it is in the queue.
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

fn write(path: &Path, letter: &Letter) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    // The service could not read what the caller's umask closes.
    file.set_permissions(Permissions::from_mode(MODE))?;
    drop_file::write(&mut file, &letter.envelope, &letter.message)?;
    file.sync_all()?;
    Ok(file)
}

/// A name is durable when its folder is synced, for which the folder has to be opened. It is closed to those who only leave mail in
/// it, so that nobody sees who writes to whom; for them the whole file system is synced, which needs no more than a file of it.
fn make_name_durable(folder: &Path, file: &File) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(syncfs(file)?),
    }
}

#[cfg(test)]
mod tests {
    use mail::{Address, Envelope, ReversePath};

    use super::*;

    fn letter() -> Letter {
        let to = Address::parse("ann@x.org").unwrap();
        let reverse_path = ReversePath::Null;
        Letter { envelope: Envelope::to_one(reverse_path, to), message: "Subject: a\r\n\r\nb\r\n".into() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_file_is_whole_and_for_the_group_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        leave(folder.path(), &letter(), 7).unwrap();
        assert_eq!(names(folder.path()), [format!("{}7.mail", "0".repeat(31))]);
        let path = folder.path().join(drop_file::name(7));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        let (envelope, message) = drop_file::parse(fs::read(&path).unwrap().into()).unwrap();
        assert_eq!(Letter { envelope, message }, letter());
        // The way of those who may not open the folder.
        assert_eq!(syncfs(File::open(&path).unwrap()), Ok(()));
    }

    #[test]
    fn what_cannot_be_left_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(drop_file::name(7))).unwrap();
        assert!(leave(folder.path(), &letter(), 7).is_err(), "its place is taken");
        assert_eq!(names(folder.path()), [drop_file::name(7)]);
        assert!(leave(&folder.path().join("absent"), &letter(), 7).is_err());
    }
}
