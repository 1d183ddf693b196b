//! Sockets of this machine.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
};

use tokio::net::UnixListener;

/// Binds a socket of this mode and group, in the place of one that a dead process left behind. It appears under its name only when both
/// are set; whoever calls this knows that nobody is behind the old one.
pub fn bind_socket(path: &Path, mode: u32, group: Option<u32>) -> io::Result<UnixListener> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    if group.is_some() {
        chown(&fresh, None, group).map_err(|error| not_a_member(&error))?;
    }
    fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))?;
    fs::rename(&fresh, path)?;
    Ok(listener)
}

fn not_a_member(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{error}; Bookpost's user must be a member of the group"))
}
