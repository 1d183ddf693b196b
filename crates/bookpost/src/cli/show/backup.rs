//! Backups, in words.

use std::{fmt::Write as _, path::Path};

use mail::counted;
use store::{Backup, Restored};

use super::{Table, View};
use crate::cli::words;

/// One was made.
pub(super) fn made(backup: &Backup, key_file: Option<&Path>, view: &View<'_>) -> String {
    let key = match key_file {
        Some(file) => format!("{} (copy it apart, and not beside the backups)", file.display()),
        None => "the key that seals secrets".to_owned(),
    };
    format!("{}\nNot in it: the settings, the wordings, and {key}.\n", look(backup, view))
}

/// What is in one.
pub(super) fn look(backup: &Backup, view: &View<'_>) -> String {
    let mut table = Table::default();
    table.row(["backup", &backup.file.display().to_string()]);
    table.row(["of", &view.at(backup.made_at)]);
    table.row(["made by", &format!("Bookpost {}, tables {}", backup.version, backup.schema)]);
    table.row(["size", &size(backup.size)]);
    for (state, count) in backup.counts.by_state() {
        if count > 0 {
            table.row([words::state(state), &count.to_string()]);
        }
    }
    let mut out = table.to_string();
    if backup.wrong.is_empty() {
        out.push_str("It is whole.\n");
    } else {
        let _ = writeln!(out, "It is damaged: {}", backup.wrong.join("; "));
    }
    out
}

/// One is the queue now.
pub(super) fn restored(
    restored: &Restored,
    missing_key: Option<&Path>,
    elsewhere: bool,
    view: &View<'_>,
) -> String {
    // Commands without settings of their own look at the installation, and not at a copy in another folder.
    let settings = restored.folder.with_extension("toml");
    let program =
        if elsewhere { format!("bookpost --config {}", settings.display()) } else { "bookpost".to_owned() };
    let mut out =
        format!("{} It is in {}.\n", words::restored(&view.at(restored.of)), restored.folder.display());
    if restored.held > 0 {
        let (one, many) = (
            "mail is set aside, as it may have been sent since",
            "mails are set aside, as they may have been sent since",
        );
        let mails = counted(restored.held, one, many);
        let _ = writeln!(out, "{mails}: {program} queue list --state held");
    }
    if restored.reports_closed > 0 {
        let (one, many) = (
            "return report is not written, as it may have been since",
            "return reports are not written, as they may have been since",
        );
        let reports = counted(restored.reports_closed, one, many);
        let _ = writeln!(out, "{reports}: {program} queue list --state returned");
    }
    if let Some(file) = missing_key {
        let _ = writeln!(
            out,
            "Put the key that seals secrets in its place, if there was one: {}",
            file.display()
        );
    }
    if elsewhere {
        let folder = toml::Value::String(restored.folder.display().to_string());
        let _ = write!(
            out,
            "Your installation is as it was. To look into this copy, write these two lines into {}:\n\n    data_dir = {folder}\n    listen = \"127.0.0.1:8626\"\n\n\
             and start it with: {program} serve\n\n\
             It sends nothing while it is paused. Do not go on sending in it beside your installation: mail would go out twice.\n",
            settings.display()
        );
        return out;
    }
    out + "Start Bookpost, look through what is set aside, then go on sending with: bookpost queue resume\n"
}

fn size(octets: u64) -> String {
    match octets {
        0..1_000_000 => format!("{} kB", octets.div_ceil(1_000)),
        more => format!("{} MB", more.div_ceil(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{super::Sends, *};

    /// What is said of a copy in another folder is about that one, and has nobody send from it.
    #[test]
    fn no_command_for_a_copy_elsewhere_is_about_the_installation() {
        let view = View { zone: &TimeZone::UTC, sends: Sends::NoWay, now: jiff::Timestamp::UNIX_EPOCH };
        let of = |folder: &str, held, elsewhere| {
            let of = "2026-11-23T10:00:00Z".parse().unwrap();
            let restored = Restored { folder: folder.into(), of, held, reports_closed: 1 };
            super::restored(&restored, None, elsewhere, &view)
        };
        let trial = of("/tmp/trial", 1, true);
        for said in [
            "1 mail is set aside, as it may have been sent since: bookpost --config /tmp/trial.toml queue list --state held\n",
            "    data_dir = \"/tmp/trial\"\n    listen = \"127.0.0.1:8626\"\n",
            "start it with: bookpost --config /tmp/trial.toml serve\n",
        ] {
            assert!(trial.contains(said), "{said}: {trial}");
        }
        assert!(!trial.contains("bookpost queue") && !trial.contains("resume"), "{trial}");
        let own = of("/var/lib/bookpost", 2, false);
        assert!(
            own.contains("2 mails are set aside, as they may have been sent since: bookpost queue list"),
            "{own}"
        );
        assert!(
            own.contains("go on sending with: bookpost queue resume") && !own.contains("--config"),
            "{own}"
        );
    }
}
