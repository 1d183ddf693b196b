//! What a schedule came to, in plain English: for alarms and the command line. Nothing of an export's content is in it, as alarms travel by mail.

use jiff::tz::TimeZone;
use store::{CameTo, Schedule, Turn};

/// What happened, as a sentence.
pub(crate) fn came_to(came_to: CameTo) -> &'static str {
    match came_to {
        CameTo::Run => "The notices were made.",
        CameTo::Skipped => "It was left out, as somebody wanted.",
        CameTo::Unchanged => "The export is the same as at the last run.",
        CameTo::Older => "The export is older than the one of the last run.",
        CameTo::Missing => "There is no export.",
        CameTo::StillWritten => "The export was still being written half an hour later.",
        CameTo::Unreadable => "Bookpost may not read the export.",
        CameTo::CommandFailed => "The command that makes the export failed.",
        CameTo::CommandTooSlow => {
            "The command that makes the export took more than ten minutes and was ended."
        }
        CameTo::CommandTooMuch => "The command wrote more than an export can hold and was ended.",
        CameTo::UnclearDates => "The dates of the export can be read in two ways.",
        CameTo::UnknownColumns => "The columns of the export are not known.",
        CameTo::NotUsable => "The file is no export that can be used.",
        CameTo::Settings => "The settings of the notices must be put right first.",
        CameTo::NotNow => "It was not possible for the moment.",
        CameTo::Unknown => "It came to what this version does not know.",
    }
}

/// What is done about it.
pub(crate) fn advice(came_to: CameTo) -> &'static str {
    match came_to {
        CameTo::Run | CameTo::Skipped | CameTo::Unknown => "",
        CameTo::Unchanged | CameTo::Older | CameTo::Missing => {
            "Look whether the library system still makes the export, and makes it before that time."
        }
        CameTo::StillWritten => "Choose a later time, or have the export made earlier.",
        CameTo::Unreadable => "Let Bookpost's user read the file and its folder.",
        CameTo::CommandFailed | CameTo::CommandTooSlow | CameTo::CommandTooMuch => {
            "Have whoever looks after this computer try the command."
        }
        CameTo::UnclearDates => {
            "Say in the schedule whether day or month comes first, or upload the export under Overdue notices."
        }
        CameTo::UnknownColumns => {
            "Upload the export under Overdue notices and say what its columns are: that is remembered."
        }
        CameTo::NotUsable => "Upload the export under Overdue notices: what is wrong with it is said there.",
        CameTo::Settings => "Show this to your IT person.",
        CameTo::NotNow => "Send it with Run now once that is mended.",
    }
}

/// The text of the alarm.
pub(super) fn alarm(schedule: &Schedule, turn: &Turn, what: CameTo) -> String {
    let zone = TimeZone::get(&schedule.plan.zone).unwrap_or(TimeZone::UTC);
    let due = zone.to_datetime(turn.due).strftime("%A, %-d %B, %H:%M");
    format!(
        "No notices were sent by the schedule {} of {due}: {} {}",
        schedule.plan.name,
        came_to(what),
        advice(what)
    )
}
