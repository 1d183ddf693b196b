//! Mail that was unfinished in a backup that was restored: of which one it is.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use mail::Reason;
use store::Row;

/// When the backup was made, as the restore noted it beside the mail.
pub(crate) fn backup_of(row: &Row) -> Option<Timestamp> {
    let note = row.answer.as_deref().filter(|_| row.reason == Some(Reason::FromBackup))?;
    made_at(note)
}

fn made_at(note: &str) -> Option<Timestamp> {
    let minute = note.strip_prefix("It was unfinished in the backup of ")?.strip_suffix(" UTC.")?;
    TimeZone::UTC.to_timestamp(DateTime::strptime("%Y-%m-%d %H:%M", minute).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_restore_noted_is_read() {
        let made = made_at("It was unfinished in the backup of 2026-11-28 03:07 UTC.");
        assert_eq!(made, Some("2026-11-28T03:07:00Z".parse().unwrap()));
        for other in ["", "250 ok", "It was unfinished in the backup of yesterday UTC."] {
            assert_eq!(made_at(other), None, "{other}");
        }
    }
}
