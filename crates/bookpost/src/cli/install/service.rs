//! The systemd unit.

/// The service may write to its own folder and nowhere else; when it is stopped it has time to hear the answers to what
/// it has sent (RFC 5321 4.5.3.2.6 gives a server ten minutes).
pub(super) const TEXT: &str = include_str!("bookpost.service");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_fenced_in() {
        for line in [
            "User=bookpost",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "PrivateTmp=yes",
            "StateDirectory=bookpost",
            "Restart=always",
            "TimeoutStopSec=11min",
        ] {
            assert!(TEXT.lines().any(|found| found == line), "{line}");
        }
    }
}
