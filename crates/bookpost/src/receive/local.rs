//! The local socket of the `sendmail` command: SMTP without a network. Who may open it may send.

use std::{fs, path::Path};

use anyhow::Context as _;
use tokio::net::UnixListener;

use crate::{app::socket::bind_socket, config::SendmailDoor};

/// Binds the socket, in the place of one that a dead service left behind; None where the settings name none.
///
/// Call it only while holding the lock of the queue: it says that nobody is behind the old socket.
pub fn bind(door: &SendmailDoor) -> anyhow::Result<Option<UnixListener>> {
    let Some(path) = &door.socket else { return Ok(None) };
    let bound = bind_for(path, door.group.as_deref());
    bound.map(Some).with_context(|| {
        format!("the socket {} cannot be made, as `sendmail.socket` in the settings says", path.display())
    })
}

fn bind_for(path: &Path, group: Option<&str>) -> anyhow::Result<UnixListener> {
    let Some(name) = group else { return Ok(bind_socket(path, 0o666, None)?) };
    let id = group_id(&fs::read_to_string("/etc/group")?, name).with_context(|| {
        format!(
            "there is no group {name:?} in /etc/group, and groups of a directory service are not known here"
        )
    })?;
    bind_socket(path, 0o660, Some(id)).with_context(|| format!("it is for the group {name}"))
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
    use std::os::unix::fs::PermissionsExt as _;

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
