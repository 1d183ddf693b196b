//! Notices that can be run, in words.

use store::NoticeKind;

use super::Table;
use crate::cli::control::ShownNotice;

/// One line for each.
pub(super) fn list(all: &[ShownNotice]) -> String {
    let mut table = Table::default();
    table.row(["name", "", "about", "is", "of"]);
    for one in all {
        let sites = sites(one);
        table.row([&*one.slug, &one.name, kind(one.kind), if one.on { "on" } else { "off" }, &sites]);
    }
    format!("{table}\nTo run one: bookpost notices run --notice NAME FILE\n")
}

/// All of it.
pub(super) fn show(one: &ShownNotice) -> String {
    let mut table = Table::default();
    table.row(["name", &one.slug]);
    table.row(["called", &one.name]);
    table.row(["about", kind(one.kind)]);
    if let Some(days) = one.days_ahead {
        table.row(["days ahead", &days.to_string()]);
    }
    table.row(["is", if one.on { "on" } else { "off" }]);
    table.row(["of", &sites(one)]);
    let repeat = match one.repeat_days {
        None => "as the settings say (notices.repeat_days)".to_owned(),
        Some(0) => "never".to_owned(),
        Some(days) => format!("after {days} days"),
    };
    table.row(["written again", &repeat]);
    table.row(["titles", if one.without_titles { "never named" } else { "named" }]);
    let to = [(one.recipients.patron, "patrons"), (one.recipients.guardian, "parents and guardians")];
    let list = if one.recipients.teacher_titles {
        "teachers (a list with titles)"
    } else {
        "teachers (a list without titles)"
    };
    let to = to.into_iter().chain([(one.recipients.teacher, list)]);
    let to: Vec<_> = to.filter(|(is, _)| *is).map(|(_, who)| who).collect();
    table.row(["goes to", &to.join(", ")]);
    if !one.notes.is_empty() {
        table.row(["notes", &one.notes]);
    }
    for wording in &one.wordings {
        let whose = wording.site.as_deref().unwrap_or("all sites");
        table.row([&*format!("own wording ({whose}, {})", wording.language), &wording.subject]);
    }
    table.to_string()
}

fn sites(one: &ShownNotice) -> String {
    if one.sites.is_empty() {
        return "all sites".to_owned();
    }
    one.sites.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Overdue => "what is overdue",
        NoticeKind::ComingDue => "what is due soon",
        NoticeKind::HoldReady => "holds that are ready",
        NoticeKind::Fines => "what is owed",
    }
}
