//! What was changed, by whom and when, in a line each.

use store::PreferenceChange;

use super::said::{Said, said};
use crate::web::pages::when::Clockwork;

/// A change for people.
pub(super) struct Told {
    pub(super) version: i64,
    /// By whom and when.
    pub(super) by: String,
    pub(super) lines: Vec<String>,
}

/// So many lines are shown at once.
const AT_ONCE: usize = 4;

impl Told {
    /// The lines that are seen, and those that are folded, if there are more than a few.
    pub(super) fn folded(&self) -> (&[String], &[String]) {
        let at = if self.lines.len() > AT_ONCE + 1 { AT_ONCE } else { self.lines.len() };
        self.lines.split_at(at)
    }

    pub(super) fn of(change: &PreferenceChange, clockwork: &Clockwork) -> Self {
        let words = clockwork.words;
        let (who, at) = (words.actor(&change.changed_by), clockwork.text(change.changed_at));
        let line = |Said { of, was, is }: Said| match &*was {
            "" => words.with("change-to", &[("what", &of), ("after", &is)]),
            before => words.with("change-line", &[("what", &of), ("before", before), ("after", &is)]),
        };
        let changes = change.values.iter().flat_map(|(name, changed)| {
            said(name, changed.before.as_deref(), changed.after.as_deref(), words)
        });
        Self {
            version: change.version,
            by: words.with("changed-by", &[("who", &who), ("when", &at)]),
            lines: changes.map(line).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use store::Changed;

    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn a_change_is_told_without_secrets() {
        let changed = |before: Option<&str>, after: Option<&str>| Changed {
            before: before.map(ToOwned::to_owned),
            after: after.map(ToOwned::to_owned),
        };
        let sealed = changed(Some("{\"sealed\":\"AAAA\"}"), Some("{\"sealed\":\"BBBB\"}"));
        let change = PreferenceChange {
            version: 7,
            changed_at: Timestamp::UNIX_EPOCH,
            changed_by: store::Actor::CommandLine,
            values: [
                ("server1.port".to_owned(), changed(Some("25"), Some("587"))),
                ("server2.password".to_owned(), sealed),
                ("server2.encryption".to_owned(), changed(None, Some("\"none\""))),
                ("server1.allow_non_secure".to_owned(), changed(None, Some("true"))),
                ("schedule.short_wait".to_owned(), changed(None, Some("[\"3m\",\"12m\"]"))),
                ("sites".to_owned(), changed(None, Some("[{\"code\":\"A\",\"name\":\"Main\"}]"))),
                ("notices.repeat_days".to_owned(), changed(Some("6"), None)),
            ]
            .into(),
        };
        let words = Language::English.words();
        let clockwork = Clockwork { words, zone: TimeZone::UTC, now: Timestamp::UNIX_EPOCH };
        let told = Told::of(&change, &clockwork);
        assert_eq!((told.version, told.by.as_str()), (7, "Changed by somebody at the command line, 00:00"));
        assert_eq!(
            told.lines,
            [
                "Days before a notice about the same item goes out again: 6 → the usual value",
                "Wait of the first tries: the usual value → 3 minutes to 12 minutes",
                "Server 1, Allow Non-Secure Connections: the usual value → yes",
                "Server 1, Port: 25 → 587",
                "Server 2, Security: As is usual at this port → Not encrypted",
                "Server 2, Password: changed",
                "Main was added: A",
            ]
        );
    }
}
