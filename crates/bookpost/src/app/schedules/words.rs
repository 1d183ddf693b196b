//! What a schedule came to, in plain English: for alarms and the command line. Nothing of an export's content is in it, as alarms travel by mail.

use jiff::tz::TimeZone;
use store::{CameTo, Ending, Schedule, Turn};

use crate::notices::moments::NoMoments;

/// What happened, as a sentence.
pub(crate) fn came_to(came_to: CameTo) -> &'static str {
    match came_to {
        CameTo::Run => "The notices were made.",
        CameTo::Skipped => "It was left out, as somebody wanted.",
        CameTo::Stopped => "A person stopped the run.",
        CameTo::StoppedBefore => {
            "A person stopped a run of this same export, so the schedule does not go on with it by itself."
        }
        CameTo::Broken => "The run broke off half-way: some of its notices may have gone.",
        CameTo::SentAlready => "Since its last run, this export was run by somebody else.",
        CameTo::Unchanged => "The export is the same as at the last run.",
        CameTo::Older => "The export is older than the one of the last run.",
        CameTo::TooOld => "The export is too old.",
        CameTo::Missing => "There is no export.",
        CameTo::NoAnswer => "The folder of the export has not answered for ten minutes.",
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
        CameTo::Run | CameTo::Skipped | CameTo::Stopped | CameTo::SentAlready | CameTo::Unknown => "",
        CameTo::StoppedBefore => {
            "If its notices are to go after all, choose Run now: whoever was written to is left out. If that export was wrong, a new one goes at the next time by itself."
        }
        CameTo::Broken => {
            "Look at the run. The rest goes with the next run, or with Run now: whoever was written to is left out."
        }
        CameTo::Unchanged | CameTo::Older | CameTo::TooOld | CameTo::Missing => {
            "Look whether the library system still makes the export, and makes it before that time."
        }
        CameTo::NoAnswer => "Have whoever looks after this computer see whether the folder can be reached.",
        CameTo::StillWritten => "Choose a later time, or have the export made earlier.",
        CameTo::Unreadable => "Let Bookpost's user read the file and its folder.",
        CameTo::CommandFailed | CameTo::CommandTooSlow | CameTo::CommandTooMuch => {
            "Have whoever looks after this computer try the command."
        }
        CameTo::UnclearDates => {
            "Say in the schedule whether day or month comes first, or upload the export under Notices, Send and sent."
        }
        CameTo::UnknownColumns => {
            "Upload the export under Notices, Send and sent, and say what its columns are: that is remembered."
        }
        CameTo::NotUsable => {
            "Upload the export under Notices, Send and sent: what is wrong with it is said there."
        }
        CameTo::Settings => "Have your IT person put the settings of the notices right. Then choose Run now.",
        CameTo::NotNow => "Send it with Run now once that is mended.",
    }
}

/// The text of the alarm; `notice` is what people call what is sent.
pub(super) fn alarm(schedule: &Schedule, notice: &str, turn: &Turn, ending: &Ending) -> String {
    let zone = TimeZone::get(&schedule.plan.zone).unwrap_or(TimeZone::UTC);
    let due = zone.to_datetime(turn.due).strftime("%A, %-d %B, %H:%M");
    // Whoever reads it may be somewhere else.
    let due = format!("{due} ({})", schedule.plan.zone);
    let (name, what) = (&schedule.plan.name, ending.came_to);
    let begins = if what.is_nothing_sent() { "No notices" } else { "Not all notices" };
    let run = ending.run.map(|run| format!(" It is run {}.", run.0)).unwrap_or_default();
    format!(
        "{begins} ({notice}) were sent by the schedule {name} of {due}: {}{run} {}",
        came_to(what),
        advice(what)
    )
}

/// The text of the alarm that it has no time any more.
pub(super) fn no_time(schedule: &Schedule, why: NoMoments) -> String {
    let plan = &schedule.plan;
    let why = match why {
        NoMoments::Zone => format!("the time zone {} is not known on this computer", plan.zone),
        NoMoments::Day => "it has no day".to_owned(),
        NoMoments::Never => "all its days have passed or are closed".to_owned(),
    };
    format!(
        "The schedule {} has no time any more at which it would be sent: {why}. Change it under Notices, Scheduled.",
        plan.name
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::{Actor, ClosedDays, ExportSource, Reading, Rhythm, RunId, ScheduleId, SchedulePlan};

    use super::*;

    #[test]
    fn an_alarm_says_whether_something_may_have_gone() {
        let plan = SchedulePlan {
            name: "Overdues".to_owned(),
            notice: "overdue-items".to_owned(),
            source: ExportSource::File("/srv/a.csv".into()),
            rhythm: Rhythm::Daily,
            time: jiff::civil::time(6, 0, 0, 0),
            zone: "UTC".to_owned(),
            closed: ClosedDays::default(),
            sites: [].into(),
            reading: Reading::default(),
            practice: false,
            not_older_than: None,
        };
        let (id, at) = (ScheduleId(1), Timestamp::UNIX_EPOCH);
        let made_by = Actor::CommandLine;
        let schedule = Schedule {
            id,
            plan,
            version: 1,
            next_due: None,
            skips: None,
            paused_at: None,
            made_by,
            made_at: at,
        };
        let turn = Turn {
            schedule: id,
            due: at,
            asked_by: None,
            missed: 0,
            begun_at: at,
            ended_at: None,
            ending: None,
        };
        for came_to in CameTo::ALL.into_iter().filter(|came_to| came_to.is_fault()) {
            let ending = Ending { came_to, detail: None, run: Some(RunId(7)), export: None };
            let text = alarm(&schedule, "Hold Ready", &turn, &ending);
            let begins = if came_to == CameTo::Broken { "Not all" } else { "No" };
            let begins = format!("{begins} notices (Hold Ready) were sent by the schedule");
            assert!(!text.contains("Overdue notices"), "{text}");
            assert!(text.contains("of Thursday, 1 January, 00:00 (UTC): "), "{text}");
            assert!(text.starts_with(&begins) && !advice(came_to).is_empty(), "{text}");
        }
    }
}
