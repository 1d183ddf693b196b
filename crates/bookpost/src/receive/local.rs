//! The local socket of the `sendmail` command: SMTP without a network. Who may open it may send.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
};

use anyhow::Context as _;
use tokio::net::UnixListener;

use crate::config::SendmailDoor;

/// Binds the socket, in the place of one that a dead service left behind; None where the settings name none.
///
/// Call it only while holding the lock of the queue: it says that nobody is behind the old socket. The new one appears under its name
/// only when its mode is set.
pub fn bind(door: &SendmailDoor) -> anyhow::Result<Option<UnixListener>> {
    let Some(path) = &door.socket else { return Ok(None) };
    let fresh = path.with_extension("new");
    let bound = bind_at(path, &fresh, door.group.as_deref());
    bound.map(Some).with_context(|| {
        format!("the socket {} cannot be made, as `sendmail.socket` in the settings says", path.display())
    })
}

fn bind_at(path: &Path, fresh: &Path, group: Option<&str>) -> anyhow::Result<UnixListener> {
    match fs::remove_file(fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(fresh)?;
    let mode = match group {
        None => 0o666,
        Some(name) => {
            let id = group_id(&fs::read_to_string("/etc/group")?, name)
                .with_context(|| format!("there is no group {name:?}"))?;
            chown(fresh, None, Some(id))
                .with_context(|| format!("Bookpost's user must be a member of the group {name}"))?;
            0o660
        }
    };
    fs::set_permissions(fresh, fs::Permissions::from_mode(mode))?;
    fs::rename(fresh, path)?;
    Ok(listener)
}

/// group(5): `name:password:id:members`.
fn group_id(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_its_whole_name() {
        let groups = "root:x:0:\nmail-users:x:44:ann\nmail:x:8:\n";
        assert_eq!(
            [group_id(groups, "mail"), group_id(groups, "root"), group_id(groups, "x")],
            [Some(8), Some(0), None]
        );
    }

    #[tokio::test]
    async fn the_mode_says_who_may_send() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submit.sock");
        let door = |group: Option<&str>| SendmailDoor {
            socket: Some(path.clone()),
            group: group.map(str::to_owned),
            ..SendmailDoor::default()
        };
        for _ in 0..2 {
            let _listener = bind(&door(None)).unwrap().unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
        }
        let said = format!("{:#}", bind(&door(Some("no-such-group"))).unwrap_err());
        assert!(said.contains("there is no group \"no-such-group\""), "{said}");
        assert!(bind(&SendmailDoor::default()).unwrap().is_none());
    }
}
