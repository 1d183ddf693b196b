//! The systemd unit.

/// The service may write to its own folders and nowhere else; when it is stopped it has the time that the program takes to
/// hear the answers to what it has sent.
pub(super) const TEXT: &str = include_str!("bookpost.service");

/// For computers on which the service does not run all the time.
pub(super) const SCHEDULES: &str = include_str!("bookpost-schedules.service");
/// When that looks.
pub(super) const TIMER: &str = include_str!("bookpost-schedules.timer");

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        cli::{install::DROP_FOLDERS, sendmail},
        queue::worker::DRAIN,
    };

    #[test]
    fn it_is_killed_only_after_the_program_has_given_up_waiting() {
        let stop = TEXT.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
        let minutes = stop.strip_suffix("min").unwrap().parse().unwrap();
        assert!(Duration::from_mins(minutes) >= DRAIN + Duration::from_secs(20), "{stop}");
    }

    #[test]
    fn it_may_write_where_exports_are_put() {
        assert!(TEXT.lines().any(|line| line == format!("ReadWritePaths=-{}", DROP_FOLDERS[0])));
        let sample = crate::config::SAMPLE;
        assert!(sample.lines().any(|line| line == format!("drop_folder = \"{}\"", DROP_FOLDERS[0])));
    }

    #[test]
    fn it_may_be_where_the_sendmail_command_looks_for_it() {
        let has = |wanted: &str| TEXT.lines().any(|line| line == wanted);
        assert!(has("RuntimeDirectory=bookpost") && has("RuntimeDirectoryMode=0755"));
        assert!(sendmail::SOCKET.starts_with("/run/bookpost/"));
        assert!(has(&format!("ReadWritePaths=-{}", crate::cli::install::SPOOL_FOLDER)));
        for (name, place) in [("socket", sendmail::SOCKET), ("maildrop", sendmail::MAILDROP)] {
            let sample = crate::config::SAMPLE;
            assert!(sample.lines().any(|line| line == format!("{name} = \"{place}\"")), "{name}");
        }
    }

    #[test]
    fn the_service_is_fenced_in() {
        for line in [
            "User=bookpost",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "PrivateTmp=yes",
            "StateDirectory=bookpost",
            "Restart=always",
        ] {
            assert!(TEXT.lines().any(|found| found == line), "{line}");
        }
    }
}
