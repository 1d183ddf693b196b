//! What the asker can do about an error, and what is said. The only place where errors of the parts become failures of a command.

use std::{fs, io, path::Path};

use store::OpenError;

use super::control::{Failure, Reply};
use crate::receive::certificate;

/// A command that ended with `error`.
pub(crate) fn reply(error: &anyhow::Error) -> Reply {
    Reply::Failed { failure: of(error), message: told(error) }
}

/// What the asker can do about it.
pub(super) fn of(error: &anyhow::Error) -> Failure {
    if error.is::<certificate::Unusable>() {
        return Failure::Config;
    }
    error.downcast_ref::<OpenError>().map_or(Failure::Temporary, |error| match error {
        OpenError::InUse { .. } | OpenError::Store(_) => Failure::Temporary,
        OpenError::NetworkFileSystem { .. }
        | OpenError::TooNew { .. }
        | OpenError::Folder { .. }
        | OpenError::ForeignOwner { .. }
        | OpenError::IsBackup { .. }
        | OpenError::Moved { .. }
        | OpenError::Server(_)
        | OpenError::Replica
        | OpenError::OldServer { .. }
        | OpenError::Pooler
        | OpenError::TooNewServer { .. }
        | OpenError::NameTaken { .. }
        | OpenError::Clock { .. } => Failure::Config,
    })
}

/// The error in words, with what helps.
pub(super) fn told(error: &anyhow::Error) -> String {
    match error.downcast_ref::<OpenError>() {
        Some(OpenError::ForeignOwner { owner, .. }) => {
            let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
            format!("{error:#}. Run the command as that user: {}", as_user(&user_name(&passwd, *owner)))
        }
        Some(OpenError::Moved { has_arrived: false, .. }) => {
            format!("{error:#}. Neither sends until that is known: run the same bookpost migrate again")
        }
        Some(OpenError::Moved { .. }) => format!(
            "{error:#}. `[database]` in the settings says where Bookpost works. If the queue that is left here is to be used again, and mail may go out twice: bookpost migrate --from sqlite (or postgres) --source-may-send-again"
        ),
        Some(OpenError::Folder { .. }) => {
            format!(
                "{error:#}. The folder belongs to Bookpost's user; where it is installed: {}",
                as_user("bookpost")
            )
        }
        _ => format!("{error:#}"),
    }
}

/// The service of this folder could not be asked.
pub(super) fn of_socket(data_dir: &Path, error: &io::Error) -> Reply {
    let folder = data_dir.display();
    if error.kind() == io::ErrorKind::PermissionDenied {
        let message = format!(
            "only Bookpost's own user may use {folder}. Run the command as that user: {}",
            as_user("bookpost")
        );
        return Reply::Failed { failure: Failure::Config, message };
    }
    Reply::Failed {
        failure: Failure::Temporary,
        message: format!("the service in {folder} cannot be asked: {error}"),
    }
}

fn as_user(name: &str) -> String {
    format!("sudo -u {name} bookpost ...")
}

/// The name of a user in the system's own list; else its number, as sudo takes it.
fn user_name(passwd: &str, id: u32) -> String {
    let mut users = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = users.find_map(|fields| match fields.as_slice() {
        [name, _, number, ..] if number.parse() == Ok(id) => Some((*name).to_owned()),
        _ => None,
    });
    found.unwrap_or_else(|| format!("'#{id}'"))
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_open_error_is_the_same_failure_wherever_it_comes_from() {
        let folder = || Path::new("/var/lib/bookpost").to_owned();
        for (error, expected) in [
            (OpenError::InUse { folder: folder(), pid: None }, Failure::Temporary),
            (OpenError::Store(store::Error::DiskFull(String::new())), Failure::Temporary),
            (OpenError::Folder { folder: folder(), why: String::new() }, Failure::Config),
            (OpenError::TooNew { folder: folder(), found: 9, known: 1 }, Failure::Config),
            (OpenError::NetworkFileSystem { folder: folder(), kind: "NFS".to_owned() }, Failure::Config),
            (OpenError::ForeignOwner { folder: folder(), owner: 1 }, Failure::Config),
        ] {
            let error = anyhow::Error::from(error);
            assert_eq!(of(&error), expected, "{error}");
            let wrapped = Err::<(), _>(error).context("the service does not start").unwrap_err();
            assert_eq!(of(&wrapped), expected, "{wrapped:#}");
        }
        assert_eq!(of(&anyhow::anyhow!("anything else")), Failure::Temporary);
    }

    #[test]
    fn who_is_to_run_it_is_named() {
        let passwd = "root:x:0:0::/:/bin/sh\nbookpost:x:990:991::/var/lib/bookpost:/usr/sbin/nologin\n";
        assert_eq!(user_name(passwd, 990), "bookpost");
        assert_eq!(user_name(passwd, 7), "'#7'");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let Reply::Failed { failure, message } = of_socket(Path::new("/var/lib/bookpost"), &denied) else {
            panic!("a failure")
        };
        assert_eq!(failure, Failure::Config);
        assert!(message.contains("sudo -u bookpost bookpost"), "{message}");
    }
}
