//! What is wrong with the drop folder, its exports and what notices are made of, as alarms. Each look finds anew what is wrong; an alarm that no look
//! confirms is over. Nothing of an export's content is in an alarm: it travels by mail.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jiff::{Timestamp, tz::TimeZone};
use store::{Alarm, AlarmKind, AlarmReason, Cause, FolderFault};

use super::App;
use crate::returns;

/// Open alarms that are read at the start.
const OPEN: usize = 10_000;
/// What the alarm about an old export is about, before its name: it is asked for an answer.
const OLD: &str = "old export: ";
/// And the one about an export that could not be used: a better one is waited for.
const REFUSED: &str = "refused export: ";

/// What the alarm is about that asks whether an export of this name is the right one.
pub(super) fn old(name: &str) -> String {
    format!("{OLD}{name}")
}

/// What the alarm is about that says that an export of this name could not be used.
pub(super) fn refused(name: &str) -> String {
    format!("{REFUSED}{name}")
}

/// All is in order here, but a person is to answer, or to put a better export into the folder.
pub(crate) fn waits_for_a_person(alarm: &Alarm) -> bool {
    let waits = [FolderFault::ExportOld, FolderFault::ExportRefused];
    matches!(alarm.reason, Some(AlarmReason::Folder(fault)) if waits.contains(&fault))
}

/// Of which export in the drop folder an alarm asks whether it is the right one.
pub(crate) fn of_old(alarm: &Alarm) -> Option<&str> {
    let is_asked = alarm.reason == Some(FolderFault::ExportOld.into());
    is_asked.then(|| alarm.subject.strip_prefix(OLD).unwrap_or(&alarm.subject))
}

/// The name of the export that an alarm is about, if it is about one.
pub(crate) fn export_of(alarm: &Alarm) -> &str {
    let subject = alarm.subject.as_str();
    subject.strip_prefix(OLD).or_else(|| subject.strip_prefix(REFUSED)).unwrap_or(subject)
}

/// Why an export, or all of them, cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Folder { folder: PathBuf, why: String },
    Notices { why: String },
    Unreadable { why: String },
    Settings,
    NotNow,
    Stays { to: PathBuf, why: String },
    Refused { at: PathBuf },
    Kept { at: PathBuf, why: String },
    Old { at: Timestamp },
}

impl Fault {
    fn reason(&self) -> FolderFault {
        match self {
            Self::Folder { .. } => FolderFault::FolderUnusable,
            Self::Notices { .. } => FolderFault::NoticesUnusable,
            Self::Unreadable { .. } => FolderFault::ExportUnreadable,
            Self::Settings => FolderFault::ExportWantsSettings,
            Self::NotNow => FolderFault::ExportNotNow,
            Self::Stays { .. } => FolderFault::ExportStays,
            Self::Refused { .. } => FolderFault::ExportRefused,
            Self::Kept { .. } => FolderFault::ExportKept,
            Self::Old { .. } => FolderFault::ExportOld,
        }
    }

    fn text(&self, name: &str) -> String {
        match self {
            Self::Folder { folder, why } => format!(
                "The drop folder {} cannot be used: {why}. Exports that are put there are not run until that is mended.",
                folder.display()
            ),
            Self::Notices { why } => format!(
                "No notices can be made until this is put right: {why}. It is looked at again every ten minutes."
            ),
            Self::Unreadable { why } => format!(
                "The export {name} in the drop folder cannot be read: {why}. Let Bookpost's user read it (chmod g+r)."
            ),
            Self::Settings => format!(
                "The export {name} in the drop folder cannot be run before the settings are put right; what is wrong with them stands beside it in {name}.reason.txt. It stays there and is tried again every ten minutes."
            ),
            Self::NotNow => format!(
                "The export {name} in the drop folder could not be run for the moment. It stays there and is tried again by itself."
            ),
            Self::Stays { to, why } => format!(
                "The export {name} is finished, but cannot be moved to {}: {why}. It is not run again as long as Bookpost runs; move it away.",
                to.display()
            ),
            Self::Refused { at } => format!(
                "The export {} could not be used, and nothing was sent. Why stands in {1}.reason.txt; the export lies beside it for 24 hours. Put a better export of this name into the drop folder, or delete what lies there of the refused one.",
                name.strip_prefix(REFUSED).unwrap_or(name),
                at.display()
            ),
            Self::Kept { at, why } => format!(
                "What was put into the drop folder is finished, but cannot be deleted: {}: {why}. It may hold passwords: delete it.",
                at.display()
            ),
            Self::Old { at } => {
                let name = name.strip_prefix(OLD).unwrap_or(name);
                let at = TimeZone::system().to_datetime(*at).strftime("%Y-%m-%d %H:%M");
                format!(
                    "The export {name} in the drop folder was last changed on {at}, more than 24 hours ago, so nothing was sent: what was brought back since then is still in it. It waits there. Put a newer one in its place. If it is the right one all the same, say so on the page Today, or with: bookpost notices take {}",
                    quoted(name)
                )
            }
        }
    }
}

/// As a shell takes it for one word.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', r"'\''"))
}

/// The alarms of the drop folder.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Subject and text of those that are open; None: not read yet.
    open: Option<BTreeMap<String, String>>,
    /// What this look found wrong.
    found: BTreeSet<String>,
}

impl Faults {
    /// A look begins. The first one finds out which alarms an earlier process left open.
    pub(super) async fn begin(&mut self, app: &App) {
        self.found.clear();
        if self.open.is_none()
            && let Ok(alarms) = app.store.alarms(true, OPEN).await
        {
            let is_ours = |alarm: &Alarm| {
                let others = [returns::maildir::FOLDER, returns::mbox::MAILBOX];
                alarm.kind == AlarmKind::DropFolder && !others.contains(&&*alarm.subject)
            };
            let ours = alarms.into_iter().filter(is_ours);
            self.open = Some(ours.map(|alarm| (alarm.subject, alarm.text)).collect());
        }
    }

    /// This is wrong. Of two faults with one subject the first counts.
    pub(super) fn raise(&mut self, app: &App, subject: &str, fault: &Fault) {
        if !self.found.insert(subject.to_owned()) {
            return;
        }
        let text = fault.text(subject);
        // While it is not known what is open, the store is: it opens no alarm twice.
        let before = self.open.as_mut().and_then(|open| open.insert(subject.to_owned(), text.clone()));
        if before.as_ref() == Some(&text) {
            return;
        }
        if before.is_some() {
            app.alarms.clear(AlarmKind::DropFolder, subject);
        }
        app.alarms.raise(AlarmKind::DropFolder, subject, Cause::new(fault.reason(), text));
    }

    /// Nothing new can be said about this export.
    pub(super) fn keep_of(&mut self, name: &str) {
        self.found.extend([name.to_owned(), old(name)]);
    }

    /// Nothing new can be said about anything.
    pub(super) fn keep_all(&mut self) {
        self.found.extend(self.open.iter().flatten().map(|(subject, _)| subject.clone()));
        for looked_at in ["drop folder", "wordings and columns"] {
            self.found.remove(looked_at);
        }
    }

    /// The look ends: what it did not find is over.
    pub(super) fn end(&mut self, app: &App) {
        let found = &self.found;
        self.open.iter_mut().for_each(|open| {
            open.retain(|subject, _| {
                let still = found.contains(subject);
                if !still {
                    app.alarms.clear(AlarmKind::DropFolder, subject);
                }
                still
            });
        });
    }
}
