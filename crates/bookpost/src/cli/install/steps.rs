//! One step: whether it is needed, what it is called, how it is done.

use std::{
    fmt, fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use super::USER;

/// Whom a file or folder belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// root, group root.
    Root,
    /// root, readable by the service through its group.
    RootAndServiceGroup,
    /// The service's own.
    Service,
}

/// One thing to do. Paths are those of the finished system; they are laid out under the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A system user without a password and without a shell.
    MakeUser,
    /// The way back.
    RemoveUser,
    /// A folder with its mode.
    Folder { path: PathBuf, mode: u32, owner: Owner },
    /// A folder whose mode and group are the administrator's as soon as it is there.
    FolderOnce { path: PathBuf, mode: u32, owner: Owner },
    /// A file that is ours: replaced when it differs.
    Write { path: PathBuf, mode: u32, owner: Owner, text: String },
    /// A file that is the administrator's as soon as it is there.
    WriteOnce { path: PathBuf, mode: u32, owner: Owner, text: String },
    /// A copy, put in place by a rename: a program that runs is never written into.
    Copy { from: PathBuf, to: PathBuf, mode: u32 },
    /// A command of the system.
    Run(&'static [&'static str]),
    /// The service is stopped and started no more; before its unit is taken away.
    StopService,
    /// The same for the timer, which may never have been started.
    StopTimer,
    /// A file to take away.
    Remove { path: PathBuf },
    /// A folder to take away with all that is in it.
    RemoveFolder { path: PathBuf },
    /// A sentence for the administrator.
    Say(&'static str),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeUser => write!(f, "make the system user {USER}"),
            Self::RemoveUser => write!(f, "remove the system user {USER}"),
            Self::Folder { path, mode, .. } | Self::FolderOnce { path, mode, .. } => {
                write!(f, "make the folder {} ({mode:04o})", path.display())
            }
            Self::Write { path, .. } => write!(f, "write {}", path.display()),
            Self::WriteOnce { path, .. } => write!(f, "write the commented sample {}", path.display()),
            Self::Copy { from, to, .. } => write!(f, "copy {} to {}", from.display(), to.display()),
            Self::Run(command) => write!(f, "run {}", command.join(" ")),
            Self::StopService => f.write_str("stop the service, and start it no more"),
            Self::StopTimer => f.write_str("stop the timer of the schedules, and start it no more"),
            Self::Remove { path } => write!(f, "remove {}", path.display()),
            Self::RemoveFolder { path } => write!(f, "remove {} and everything in it", path.display()),
            Self::Say(sentence) => f.write_str(sentence),
        }
    }
}

/// Whether a step would change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Yes,
    Done,
    /// It cannot be done here, and why.
    NotHere(&'static str),
}

impl From<bool> for Need {
    fn from(needed: bool) -> Self {
        if needed { Self::Yes } else { Self::Done }
    }
}

/// Whether the service of this unit is still there to be stopped.
pub(super) fn service_need(unit: &Path) -> Need {
    unit.exists().into()
}

impl Step {
    /// Would it change anything? Under another root there are no users and no services.
    pub(super) fn need(&self, root: &Path) -> Need {
        let elsewhere = root != Path::new("/");
        let needs_systemd = matches!(self, Self::Run(_) | Self::StopService | Self::StopTimer);
        match self {
            Self::MakeUser | Self::RemoveUser | Self::Run(_) | Self::StopService | Self::StopTimer
                if elsewhere =>
            {
                Need::NotHere("as this is another root")
            }
            _ if needs_systemd && !Path::new("/run/systemd/system").exists() => {
                Need::NotHere("as systemd does not run here")
            }
            Self::MakeUser => user_ids().is_none().into(),
            Self::RemoveUser => user_ids().is_some().into(),
            Self::StopService => service_need(Path::new(super::UNIT)),
            Self::StopTimer => service_need(Path::new(super::TIMER_UNITS[1].0)),
            Self::Run(_) | Self::Say(_) => Need::Yes,
            files => files.changes(root).into(),
        }
    }

    /// Whether the files are not as the step would leave them.
    fn changes(&self, root: &Path) -> bool {
        match self {
            Self::Folder { path, mode, .. } => !has_mode(&under(root, path), *mode),
            Self::Write { path, mode, text, .. } => {
                let path = under(root, path);
                !has_mode(&path, *mode) || fs::read(&path).ok().as_deref() != Some(text.as_bytes())
            }
            Self::WriteOnce { path, .. } | Self::FolderOnce { path, .. } => !under(root, path).exists(),
            Self::Copy { from, to, mode } => {
                let to = under(root, to);
                !has_mode(&to, *mode) || fs::read(from).ok() != fs::read(to).ok()
            }
            Self::Remove { path } | Self::RemoveFolder { path } => under(root, path).exists(),
            Self::MakeUser
            | Self::RemoveUser
            | Self::Run(_)
            | Self::StopService
            | Self::StopTimer
            | Self::Say(_) => true,
        }
    }

    pub(super) fn perform(&self, root: &Path) -> io::Result<()> {
        match self {
            Self::MakeUser => command(&[
                "useradd",
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                super::STATE_FOLDER,
                "--shell",
                "/usr/sbin/nologin",
                USER,
            ]),
            Self::RemoveUser => command(&["userdel", USER]),
            Self::Folder { path, mode, owner } | Self::FolderOnce { path, mode, owner } => {
                let path = under(root, path);
                fs::create_dir_all(&path)?;
                give(root, &path, *mode, *owner)
            }
            Self::Write { path, mode, owner, text } | Self::WriteOnce { path, mode, owner, text } => {
                put(root, &under(root, path), text.as_bytes(), *mode, *owner)
            }
            Self::Copy { from, to, mode } => {
                put(root, &under(root, to), &fs::read(from)?, *mode, Owner::Root)
            }
            Self::Run(words) => command(words),
            Self::StopService => command(&["systemctl", "disable", "--now", "bookpost.service"]),
            Self::StopTimer => command(&["systemctl", "disable", "--now", "bookpost-schedules.timer"]),
            Self::Remove { path } => fs::remove_file(under(root, path)),
            Self::RemoveFolder { path } => fs::remove_dir_all(under(root, path)),
            Self::Say(_) => Ok(()),
        }
    }
}

fn under(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn has_mode(path: &Path, mode: u32) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o7777 == mode)
}

/// Writes beside the place and renames, so that nobody ever sees half a file.
fn put(root: &Path, path: &Path, bytes: &[u8], mode: u32, owner: Owner) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    fs::write(&beside, bytes)?;
    give(root, &beside, mode, owner)?;
    fs::File::open(&beside)?.sync_all()?;
    fs::rename(&beside, path)
}

fn give(root: &Path, path: &Path, mode: u32, owner: Owner) -> io::Result<()> {
    let set_mode = || fs::set_permissions(path, fs::Permissions::from_mode(mode));
    if root != Path::new("/") {
        return set_mode();
    }
    let (user, group) = user_ids().ok_or_else(|| io::Error::other(format!("there is no user {USER}")))?;
    match owner {
        Owner::Root => chown(path, Some(0), Some(0)),
        Owner::RootAndServiceGroup => chown(path, Some(0), Some(group)),
        Owner::Service => chown(path, Some(user), Some(group)),
    }?;
    // Last, as a change of the owner may take the group's bit away.
    set_mode()
}

/// The ids of the service's user, as the system's own list has them.
fn user_ids() -> Option<(u32, u32)> {
    ids_in(&fs::read_to_string("/etc/passwd").ok()?)
}

fn ids_in(passwd: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(USER))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn command(words: &[&str]) -> io::Result<()> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let done = Command::new(program).args(arguments).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_the_list_of_users() {
        for (passwd, expected) in [
            (
                "root:x:0:0::/:/bin/sh\nbookpost:x:990:991::/var/lib/bookpost:/usr/sbin/nologin\n",
                Some((990, 991)),
            ),
            ("bookposter:x:1:2:::\n", None),
            ("bookpost:x:no:2:::\n", None),
            ("", None),
        ] {
            assert_eq!(ids_in(passwd), expected, "{passwd}");
        }
    }
}
