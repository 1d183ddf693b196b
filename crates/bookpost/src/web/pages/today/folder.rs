//! What is wrong with the drop folder, with an export in it, or with what mail that comes back is read from.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use store::{Alarm, AlarmReason, FolderFault};

use super::{
    super::visit::Visit,
    to_do::{ToDo, for_it},
};
use crate::{app::drop_folder, identity::Permission};

/// Of a reason so much is shown.
const LONGEST: u64 = 400;

/// `None`: the alarm is about something else.
pub(super) async fn to_do(visit: &Visit, alarm: &Alarm) -> Option<ToDo> {
    let Some(AlarmReason::Folder(fault)) = alarm.reason else { return None };
    let (title, what) = match fault {
        FolderFault::FolderUnusable => ("folder-unusable", "folder-unusable-do"),
        FolderFault::NoticesUnusable => ("folder-notices", "folder-notices-do"),
        FolderFault::ExportUnreadable => ("folder-unreadable", "folder-unreadable-do"),
        FolderFault::ExportWantsSettings => ("folder-settings", "folder-settings-do"),
        FolderFault::ExportNotNow => ("folder-not-now", "folder-not-now-do"),
        FolderFault::ExportStays => ("folder-stays", "folder-stays-do"),
        FolderFault::ExportRefused => ("folder-refused", "folder-refused-do"),
        FolderFault::ExportKept => ("folder-kept", "folder-kept-do"),
        FolderFault::UndeliverableUnreadable => ("folder-undeliverable", "folder-undeliverable-do"),
        FolderFault::ExportOld => return None,
    };
    let (words, name) = (visit.words(), drop_folder::export_of(alarm));
    // What is put right in an export is for whoever runs notices of all libraries.
    let may = visit.may(Permission::RunNotices(None));
    let why = if fault == FolderFault::ExportRefused && may { refusal(visit, name).await } else { None };
    Some(ToDo {
        title: words.with(title, &[("name", name)]),
        what: why.into_iter().chain([words.t(what)]).collect(),
        since: Some(visit.clockwork.at(alarm.started_at)),
        href: (fault == FolderFault::ExportRefused && may)
            .then(|| ("/notices".to_owned(), words.t("folder-refused-link"))),
        for_it: for_it(visit, alarm),
        ..ToDo::default()
    })
}

/// The first line of why an export of this name was refused; it lies beside the export for a day.
async fn refusal(visit: &Visit, name: &str) -> Option<String> {
    let (folder, name) = (visit.pages.sources.config().notices.drop_folder.clone(), name.to_owned());
    let read = move || first_line(&drop_folder::refusal_of(&folder, &name)?);
    tokio::task::spawn_blocking(read).await.ok()?
}

fn first_line(at: &Path) -> Option<String> {
    let mut line = String::new();
    BufReader::new(File::open(at).ok()?.take(LONGEST)).read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}
