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
pub(super) fn restored(restored: &Restored, missing_key: Option<&Path>, view: &View<'_>) -> String {
    let mut out =
        format!("{} It is in {}.\n", words::restored(&view.at(restored.of)), restored.folder.display());
    if restored.held > 0 {
        let mails = counted(restored.held, "mail", "mails");
        let _ = writeln!(
            out,
            "{mails} that may have been sent since are set aside: bookpost queue list --state held"
        );
    }
    if restored.reports_closed > 0 {
        let reports = counted(restored.reports_closed, "return report", "return reports");
        let _ = writeln!(
            out,
            "{reports} that may have been written since will not be written: bookpost queue list --state returned"
        );
    }
    if let Some(file) = missing_key {
        let _ = writeln!(
            out,
            "Put the key that seals secrets in its place, if there was one: {}",
            file.display()
        );
    }
    out + "Start Bookpost, look through what is set aside, then send again with: bookpost queue resume\n"
}

fn size(octets: u64) -> String {
    match octets {
        0..1_000_000 => format!("{} kB", octets.div_ceil(1_000)),
        more => format!("{} MB", more.div_ceil(1_000_000)),
    }
}
