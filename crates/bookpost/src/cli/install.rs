//! `bookpost install`: user, folders, binary and systemd unit, and the way back.
//!
//! What is to be done is a value first, a list of [`Step`]s. A dry run prints it; a real run prints and performs the same
//! list, so that the two cannot differ. A step that is done already is skipped: installing twice, or over an older
//! version, changes only what is different. The queue is removed only when that is asked for by name.
//!
//! This module knows nothing of mail, and nothing here runs while the service sends.

mod service;
mod steps;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::sendmail;
use steps::Need;
pub use steps::{Owner, Step};

/// The system user that the service runs as.
pub const USER: &str = "bookpost";
/// Where the queue lies.
pub const STATE_FOLDER: &str = "/var/lib/bookpost";
/// Where exports are put for the service, with its sub-folders. Others reach it, which the queue's folder does not allow.
pub const DROP_FOLDERS: [&str; 3] =
    ["/var/lib/bookpost-notices", "/var/lib/bookpost-notices/done", "/var/lib/bookpost-notices/refused"];
/// Above the maildrop.
const SPOOL_FOLDER: &str = "/var/spool/bookpost";
/// Where the `sendmail` command leaves mail while the service is not there: others put files in, and see none; what is in there
/// belongs to the folder's group, and each user can delete only what is his own.
const MAILDROP_MODE: u32 = 0o3733;
/// Where the configuration lies.
pub const CONFIG_FOLDER: &str = "/etc/bookpost";
/// Where the binary is copied to.
pub const BINARY: &str = "/usr/local/bin/bookpost";
/// The systemd unit.
pub const UNIT: &str = "/etc/systemd/system/bookpost.service";
/// What carries out schedules where the service does not run, and when.
const TIMER_UNITS: [(&str, &str); 2] = [
    ("/etc/systemd/system/bookpost-schedules.service", service::SCHEDULES),
    ("/etc/systemd/system/bookpost-schedules.timer", service::TIMER),
];

/// What was asked for on the command line.
#[derive(Debug, Clone)]
pub struct Request {
    /// `/`, or another folder to lay the files out in; then no user is made and no service is started.
    pub root: PathBuf,
    /// The binary to copy, usually the one that runs.
    pub binary: PathBuf,
    /// The commented settings to begin with.
    pub settings: &'static str,
    /// Undo instead.
    pub remove: bool,
    /// When undoing: the queue, the configuration and the user too.
    pub purge: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The step itself failed; those before it are done and stay done.
    #[error("{step}: {source}")]
    Step {
        /// The step in words.
        step: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing could be printed.
    #[error("cannot write the list of steps: {0}")]
    Output(#[from] io::Error),
}

/// Whether a user may do this: only root changes the system itself.
pub fn may(is_root: bool, root: &Path, dry_run: bool) -> bool {
    is_root || dry_run || root != Path::new("/")
}

/// The steps of a request, in order.
pub fn plan(request: &Request) -> Vec<Step> {
    match (request.remove, request.purge) {
        (false, _) => installing(&request.binary, request.settings),
        (true, purge) => removing(purge),
    }
}

fn installing(binary: &Path, settings: &str) -> Vec<Step> {
    let file = |path: &str, mode, owner, text: &str| Step::Write {
        path: path.into(),
        mode,
        owner,
        text: text.into(),
    };
    let folder = |path: &str, mode, owner| Step::Folder { path: path.into(), mode, owner };
    let mut steps = vec![Step::MakeUser, folder(STATE_FOLDER, 0o700, Owner::Service)];
    // Whatever is put there belongs to the service's group, whoever puts it there.
    steps.extend(DROP_FOLDERS.map(|path| folder(path, 0o2770, Owner::Service)));
    steps.extend([
        folder(SPOOL_FOLDER, 0o755, Owner::Service),
        // Who may leave mail is for the administrator to say.
        Step::FolderOnce { path: sendmail::MAILDROP.into(), mode: MAILDROP_MODE, owner: Owner::Service },
        folder(CONFIG_FOLDER, 0o750, Owner::RootAndServiceGroup),
        Step::WriteOnce {
            path: format!("{CONFIG_FOLDER}/bookpost.toml").into(),
            mode: 0o640,
            owner: Owner::RootAndServiceGroup,
            text: settings.into(),
        },
        Step::Copy { from: binary.into(), to: BINARY.into(), mode: 0o755 },
        file(UNIT, 0o644, Owner::Root, service::TEXT),
        file(TIMER_UNITS[0].0, 0o644, Owner::Root, TIMER_UNITS[0].1),
        file(TIMER_UNITS[1].0, 0o644, Owner::Root, TIMER_UNITS[1].1),
        Step::Run(&["systemctl", "daemon-reload"]),
        Step::Run(&["systemctl", "enable", "bookpost.service"]),
        Step::Say(
            "Next: start the service with `sudo systemctl restart bookpost`, and open the address that \
             `sudo -u bookpost bookpost people setup-link` prints: the pages lead on from there. Without pages: write your \
             library and your mail server into /etc/bookpost/bookpost.toml, check it with \
             `sudo -u bookpost bookpost config check`, then start the service.",
        ),
        Step::Say(
            "For programs that call /usr/sbin/sendmail, where no other mail system has it: \
             `sudo ln -s /usr/local/bin/bookpost /usr/sbin/sendmail`, and the same for /usr/bin/mailq.",
        ),
    ]);
    steps
}

fn removing(purge: bool) -> Vec<Step> {
    let mut steps = vec![
        Step::StopService,
        Step::StopTimer,
        Step::Remove { path: UNIT.into() },
        Step::Remove { path: TIMER_UNITS[0].0.into() },
        Step::Remove { path: TIMER_UNITS[1].0.into() },
        Step::Run(&["systemctl", "daemon-reload"]),
        Step::Remove { path: BINARY.into() },
    ];
    if purge {
        steps.extend([
            Step::RemoveFolder { path: STATE_FOLDER.into() },
            Step::RemoveFolder { path: DROP_FOLDERS[0].into() },
            Step::RemoveFolder { path: SPOOL_FOLDER.into() },
            Step::RemoveFolder { path: CONFIG_FOLDER.into() },
            Step::RemoveUser,
        ]);
    } else {
        steps.push(Step::Say(
            "Kept: the queue in /var/lib/bookpost, the exports in /var/lib/bookpost-notices, what sendmail left in \
             /var/spool/bookpost, the settings in /etc/bookpost and the user bookpost. `install --remove --purge` of the same program takes them away too, with all mail that still waits.",
        ));
    }
    steps
}

/// Does what was asked, or says what would be done.
pub fn run(request: &Request, out: &mut impl Write) -> Result<(), Error> {
    for step in plan(request) {
        match (step.need(&request.root), &step) {
            (_, Step::Say(sentence)) => writeln!(out, "{sentence}")?,
            (Need::Done, _) => writeln!(out, "done already: {step}")?,
            (Need::NotHere(why), _) => writeln!(out, "left out, {why}: {step}")?,
            (Need::Yes, _) if request.dry_run => writeln!(out, "would {step}")?,
            (Need::Yes, _) => {
                writeln!(out, "{step}")?;
                step.perform(&request.root)
                    .map_err(|source| Error::Step { step: step.to_string(), source })?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn request(root: &Path) -> Request {
        let binary = root.join("the-binary");
        fs::write(&binary, "ELF").expect("written");
        Request {
            root: root.into(),
            binary,
            settings: "# settings",
            remove: false,
            purge: false,
            dry_run: false,
        }
    }

    fn told(request: &Request) -> String {
        let mut out = Vec::new();
        run(request, &mut out).expect("done");
        String::from_utf8(out).expect("UTF-8")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o7777
    }

    #[test]
    fn only_root_changes_the_system() {
        for (is_root, root, dry_run, expected) in [
            (true, "/", false, true),
            (false, "/", false, false),
            (false, "/", true, true),
            (false, "/tmp/image", false, true),
        ] {
            assert_eq!(may(is_root, Path::new(root), dry_run), expected, "{is_root} {root} {dry_run}");
        }
    }

    #[test]
    fn installs_with_the_right_modes() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        told(&request(root));
        for (path, expected) in [
            ("var/lib/bookpost", 0o700),
            ("var/lib/bookpost-notices", 0o2770),
            ("var/lib/bookpost-notices/done", 0o2770),
            ("var/spool/bookpost", 0o755),
            ("var/spool/bookpost/maildrop", 0o3733),
            ("etc/bookpost", 0o750),
            ("etc/bookpost/bookpost.toml", 0o640),
            ("usr/local/bin/bookpost", 0o755),
            ("etc/systemd/system/bookpost.service", 0o644),
            ("etc/systemd/system/bookpost-schedules.service", 0o644),
            ("etc/systemd/system/bookpost-schedules.timer", 0o644),
        ] {
            assert_eq!(mode(&root.join(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_dry_run_changes_nothing_and_says_every_step() {
        let folder = tempfile::tempdir().expect("a folder");
        let dry = Request { dry_run: true, ..request(folder.path()) };
        let text = told(&dry);
        assert_eq!(text.lines().count(), plan(&dry).len());
        assert!(text.contains("would make the folder /var/lib/bookpost (0700)\n"), "{text}");
        assert!(text.contains("\nNext: start the service"), "{text}");
        assert!(text.contains("left out, as this is another root: run systemctl daemon-reload\n"), "{text}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "only the binary");
    }

    #[test]
    fn twice_is_once_and_the_settings_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let asked = request(root);
        told(&asked);
        let settings = root.join("etc/bookpost/bookpost.toml");
        fs::write(&settings, "mine").expect("written");
        let again = told(&asked);
        assert_eq!(fs::read_to_string(settings).expect("there"), "mine");
        assert!(
            again.lines().all(|line| {
                ["done already: ", "left out, ", "Next: ", "For programs "]
                    .iter()
                    .any(|start| line.starts_with(start))
            }),
            "{again}"
        );
    }

    #[test]
    fn a_maildrop_that_was_closed_to_others_stays_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = request(folder.path());
        told(&asked);
        let maildrop = folder.path().join("var/spool/bookpost/maildrop");
        fs::set_permissions(&maildrop, fs::Permissions::from_mode(0o3730)).expect("closed");
        told(&asked);
        assert_eq!(mode(&maildrop), 0o3730);
    }

    #[test]
    fn an_update_replaces_the_binary() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = request(folder.path());
        told(&asked);
        fs::write(&asked.binary, "newer").expect("written");
        told(&asked);
        assert_eq!(fs::read_to_string(folder.path().join("usr/local/bin/bookpost")).expect("there"), "newer");
    }

    #[test]
    fn what_was_removed_can_be_purged_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = Request { remove: true, ..request(folder.path()) };
        told(&Request { remove: false, ..asked.clone() });
        told(&asked);
        told(&Request { purge: true, ..asked });
        let left = fs::read_dir(folder.path().join("var/lib")).expect("a folder").count();
        assert_eq!(left, 0);
    }

    /// systemd cannot disable what it does not know any more.
    #[test]
    fn the_service_is_stopped_as_long_as_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let unit = folder.path().join("bookpost.service");
        assert_eq!(steps::service_need(&unit), Need::Done);
        fs::write(&unit, "").expect("written");
        assert_eq!(steps::service_need(&unit), Need::Yes);
    }

    #[test]
    fn removal_keeps_the_queue_unless_told() {
        for (purge, kept) in [(false, true), (true, false)] {
            let folder = tempfile::tempdir().expect("a folder");
            let root = folder.path();
            let asked = request(root);
            told(&asked);
            told(&Request { remove: true, purge, ..asked });
            assert!(!root.join("usr/local/bin/bookpost").exists());
            assert!(!root.join("etc/systemd/system/bookpost.service").exists());
            assert!(!root.join("etc/systemd/system/bookpost-schedules.timer").exists());
            assert_eq!(root.join("var/lib/bookpost").exists(), kept, "purge {purge}");
            assert_eq!(root.join("var/lib/bookpost-notices").exists(), kept, "purge {purge}");
            assert_eq!(root.join("var/spool/bookpost").exists(), kept, "purge {purge}");
            assert_eq!(root.join("etc/bookpost/bookpost.toml").exists(), kept, "purge {purge}");
        }
    }
}
