//! What is sent by itself, in words.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use store::{CameTo, ExportSource, Rhythm, Schedule, SchedulePlan};

use super::{Table, View};
use crate::{
    app::schedules::words::{advice, came_to},
    cli::control::{ScheduleRan, ShownSchedule},
    notices::moments::Moments,
};

/// One line for each, and what is wrong beneath.
pub(super) fn list(all: &[ShownSchedule], view: &View<'_>) -> String {
    if all.is_empty() {
        return "none; add one with: bookpost notices schedule add NAME --file FILE --daily --at 06:00\n"
            .to_owned();
    }
    let mut table = Table::default();
    table.row(["name", "when", "export", "next", "last"]);
    let mut beneath = String::new();
    for shown in all {
        let plan = &shown.schedule.plan;
        let last = shown.last.as_ref().map_or_else(|| "-".to_owned(), |last| local(plan, last.due, view));
        table.row([&plan.name, &when(plan), &export(&plan.source), &next(&shown.schedule, view), &last]);
        let what = shown.last.as_ref().and_then(|last| last.ending.as_ref());
        if let Some(ending) = what.filter(|ending| ending.came_to.is_fault()) {
            let _ = writeln!(beneath, "\n{}: {}", plan.name, came_to_of(ending.came_to));
            if let Some(detail) = &ending.detail {
                let _ = writeln!(beneath, "  {detail}");
            }
        }
    }
    format!("{table}{beneath}")
}

/// One of them, with its next moments.
pub(super) fn show(shown: &ShownSchedule, view: &View<'_>) -> String {
    let plan = &shown.schedule.plan;
    let mut table = Table::default();
    table.row(["name", &plan.name]);
    table.row(["notice", &plan.notice]);
    table.row(["when", &when(plan)]);
    table.row(["export", &export(&plan.source)]);
    table.row(["next", &next(&shown.schedule, view)]);
    let following = shown.following.iter().filter(|at| Some(**at) != shown.schedule.next_due);
    for at in following.take(4) {
        table.row(["", &local(plan, *at, view)]);
    }
    let most = plan.not_older_than.map_or_else(|| "usual".to_owned(), |hours| format!("{hours} hours"));
    table.row(["not older than", &most]);
    if let Some(moment) = shown.unskipped {
        table.row(["not skipped any more", &local(plan, moment, view)]);
    }
    table.to_string()
}

pub(super) fn removed(schedule: &Schedule) -> String {
    format!("{} is not sent by itself any more; its runs stay\n", schedule.plan.name)
}

/// What came of each.
pub(super) fn ran(all: &[ScheduleRan]) -> String {
    if all.is_empty() {
        return "nothing is due\n".to_owned();
    }
    let line = |ran: &ScheduleRan| match &ran.ending {
        None => format!("{}: what came of it is not known\n", ran.name),
        Some(ending) => {
            let mut text = format!("{}: {}\n", ran.name, came_to_of(ending.came_to));
            if let Some(run) = ending.run {
                let _ = writeln!(text, "  see: bookpost notices show {}", run.0);
            }
            if let Some(detail) = &ending.detail {
                let _ = writeln!(text, "  {detail}");
            }
            text
        }
    };
    all.iter().map(line).collect()
}

fn came_to_of(what: CameTo) -> String {
    let says_so = !what.is_nothing_sent() || what == CameTo::Skipped;
    let sent = if says_so { "" } else { "Nothing was sent. " };
    format!("{sent}{} {}", came_to(what), advice(what)).trim_end().to_owned()
}

fn next(schedule: &Schedule, view: &View<'_>) -> String {
    let plan = &schedule.plan;
    let skipped = schedule.skips.map(|moment| format!("; {} is skipped", local(plan, moment, view)));
    let next = match (schedule.paused_at, Moments::of(plan), schedule.next_due) {
        (Some(since), ..) => format!("paused since {}", view.at(since)),
        (None, Err(why), _) => format!("none: {why}"),
        (None, Ok(_), None) => "none any more".to_owned(),
        (None, Ok(moments), Some(due)) if schedule.skips == Some(due) => {
            moments.after(due).map_or_else(|| "none any more".to_owned(), |after| local(plan, after, view))
        }
        (None, Ok(_), Some(due)) => local(plan, due, view),
    };
    next + &skipped.unwrap_or_default()
}

/// By the clock of the schedule; with whose time it is, where the other times of the answer are of another zone.
fn local(plan: &SchedulePlan, at: Timestamp, view: &View<'_>) -> String {
    let local = TimeZone::get(&plan.zone).unwrap_or(TimeZone::UTC).to_datetime(at);
    let text = local.strftime("%a %Y-%m-%d %H:%M").to_string();
    if local == view.zone.to_datetime(at) { text } else { format!("{text} {}", plan.zone) }
}

fn when(plan: &SchedulePlan) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let names = |days: &std::collections::BTreeSet<i8>| {
        let name = |day: &i8| DAYS.get(usize::from(day.unsigned_abs()).saturating_sub(1)).copied();
        days.iter().filter_map(name).collect::<Vec<_>>().join(",")
    };
    let days = match &plan.rhythm {
        Rhythm::Once(day) => format!("once {day}"),
        Rhythm::Daily => "daily".to_owned(),
        Rhythm::Weekly(days) => names(days),
        Rhythm::Monthly(31) => "last day of the month".to_owned(),
        Rhythm::Monthly(day) => format!("day {day} of the month"),
        Rhythm::Yearly(month, day) => format!("yearly {month}-{day}"),
    };
    format!("{days} {} ({})", plan.time.strftime("%H:%M"), plan.zone)
}

fn export(source: &ExportSource) -> String {
    match source {
        ExportSource::File(path) => path.display().to_string(),
        ExportSource::Folder(path) => format!("newest in {}", path.display()),
        ExportSource::Command(words) => words.join(" "),
        ExportSource::Shell(line) => format!("sh: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_was_sent_is_said_where_it_is_so() {
        for what in CameTo::ALL {
            let is_said = came_to_of(what).starts_with("Nothing was sent.");
            let may_have_gone =
                [CameTo::Run, CameTo::Skipped, CameTo::Stopped, CameTo::Broken].contains(&what);
            assert_eq!(is_said, !may_have_gone, "{what:?}");
        }
    }
}
