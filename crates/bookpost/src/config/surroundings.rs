//! What the configuration takes from the process around it. The only place where the environment is read.

use std::{collections::BTreeMap, path::PathBuf};

/// The environment and the machine's name, as values, so that tests can bring their own.
#[derive(Clone, Default)]
pub struct Surroundings {
    variables: BTreeMap<String, String>,
    /// Settings that the command line gives.
    options: BTreeMap<&'static str, String>,
    /// The machine's full host name, if one can be found.
    pub host_name: Option<String>,
}

/// The environment holds secrets of others, too.
impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("host_name", &self.host_name).finish_non_exhaustive()
    }
}

/// Settings come from variables that begin so.
pub(super) const PREFIX: &str = "BOOKPOST_";
/// For the `sendmail` command, which cannot read the configuration: where the service listens for it.
pub const SENDMAIL_SOCKET: &str = "BOOKPOST_SENDMAIL_SOCKET";
/// For the same: where it leaves mail while there is no service.
pub const SENDMAIL_MAILDROP: &str = "BOOKPOST_SENDMAIL_MAILDROP";
/// No settings, though their names begin so.
const NO_SETTINGS: [&str; 4] = ["BOOKPOST_CONFIG", ABORT_AT, SENDMAIL_SOCKET, SENDMAIL_MAILDROP];
/// For tests: the step of a message at which the process ends itself.
pub(super) const ABORT_AT: &str = "BOOKPOST_ABORT_AT";

impl Surroundings {
    /// Those of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_this_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables, options: BTreeMap::new(), host_name: full_host_name() }
    }

    /// Given ones.
    pub fn given<'a>(
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        host_name: Option<&str>,
    ) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, options: BTreeMap::new(), host_name: host_name.map(str::to_owned) }
    }

    /// With the setting at `path` as the command line gives it, if it does: as `--path`.
    #[must_use]
    pub fn with_option(mut self, path: &'static str, value: Option<String>) -> Self {
        self.options.extend(value.map(|value| (path, value)));
        self
    }

    /// What the command line gives, by the path of the setting.
    pub(super) fn options(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.options.iter().map(|(path, value)| (*path, value.as_str()))
    }

    /// One variable; an empty one counts as not set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variables that are settings: all of ours except the name of the file, what is for the `sendmail` command, and what we tell an
    /// alarm command.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && !NO_SETTINGS.contains(&name.as_str()))
            .filter(|(name, _)| !name.starts_with("BOOKPOST_ALARM_"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The folder in which systemd puts credentials.
    pub(super) fn credentials(&self) -> Option<PathBuf> {
        self.variable("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }
}

/// The kernel's name of the machine if it is a full one, else the full name that /etc/hosts gives for it.
fn full_host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    if is_full(&name) {
        return Some(name);
    }
    let hosts = std::fs::read_to_string("/etc/hosts").ok()?;
    full_name_in(&hosts, &name)
}

fn full_name_in(hosts: &str, short: &str) -> Option<String> {
    let lines = hosts.lines().filter_map(|line| line.split('#').next());
    lines
        .map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>())
        .filter(|names| names.contains(&short))
        .flatten()
        .map(str::to_lowercase)
        .find(|name| is_full(name))
}

/// Whether a server can take `name` for a host's: letters, digits and hyphens, with a dot inside, and not localhost.
pub(super) fn is_full(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let local = name == "localhost" || name.starts_with("localhost.") || name.ends_with(".localhost");
    name.contains('.') && name.len() <= 253 && !local && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_one_that_a_server_can_look_up() {
        for (name, full) in [
            ("mail.library.example", true),
            ("library", false),
            ("localhost", false),
            ("localhost.localdomain", false),
            ("a..b", false),
            ("-a.example", false),
            ("my_host.example", false),
        ] {
            assert_eq!(is_full(name), full, "{name}");
        }
    }

    #[test]
    fn what_is_for_the_sendmail_command_is_no_setting() {
        let around = Surroundings::given([(SENDMAIL_SOCKET, "a"), (SENDMAIL_MAILDROP, "b")], None);
        assert_eq!(around.settings().count(), 0);
        assert_eq!(Surroundings::given([("BOOKPOST_SENDMAIL__SOCKET", "a")], None).settings().count(), 1);
    }

    #[test]
    fn the_hosts_file_gives_the_full_name_for_the_short_one() {
        let hosts =
            "127.0.0.1 localhost\n127.0.1.1 Desk.library.example desk # ours\n10.0.0.9 other.example other\n";
        assert_eq!(full_name_in(hosts, "desk").as_deref(), Some("desk.library.example"));
        assert_eq!(full_name_in(hosts, "localhost"), None);
        assert_eq!(full_name_in(hosts, "absent"), None);
    }
}
