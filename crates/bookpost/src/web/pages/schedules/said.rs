//! Schedules in words.

use jiff::{Timestamp, tz::TimeZone};
use store::{Alarm, AlarmKind, CameTo, Error, ExportSource, Rhythm, SchedulePlan};

use super::{HERE, Visit, Words, may_see, schedules::subject};
use crate::web::pages::when::Clockwork;

pub(super) const WEEKDAYS: [&str; 7] = [
    "weekday-name-1",
    "weekday-name-2",
    "weekday-name-3",
    "weekday-name-4",
    "weekday-name-5",
    "weekday-name-6",
    "weekday-name-7",
];

/// What came of a moment.
pub(super) fn came_to(what: CameTo) -> &'static str {
    match what {
        CameTo::Run => "came-to-run",
        CameTo::Skipped => "came-to-skipped",
        CameTo::Unchanged => "came-to-unchanged",
        CameTo::Older => "came-to-older",
        CameTo::Missing => "came-to-missing",
        CameTo::StillWritten => "came-to-still-written",
        CameTo::Unreadable => "came-to-unreadable",
        CameTo::CommandFailed => "came-to-command-failed",
        CameTo::CommandTooSlow => "came-to-command-too-slow",
        CameTo::CommandTooMuch => "came-to-command-too-much",
        CameTo::UnclearDates => "came-to-unclear-dates",
        CameTo::UnknownColumns => "came-to-unknown-columns",
        CameTo::NotUsable => "came-to-not-usable",
        CameTo::Settings => "came-to-settings",
        CameTo::NotNow => "came-to-not-now",
        CameTo::Unknown => "came-to-unknown",
    }
}

/// What is done about it.
pub(super) fn advice(what: CameTo) -> Option<&'static str> {
    Some(match what {
        CameTo::Run | CameTo::Skipped | CameTo::Unknown => return None,
        CameTo::Unchanged | CameTo::Older | CameTo::Missing => "came-to-no-news-do",
        CameTo::StillWritten => "came-to-still-written-do",
        CameTo::Unreadable => "came-to-unreadable-do",
        CameTo::CommandFailed | CameTo::CommandTooSlow | CameTo::CommandTooMuch => "came-to-command-do",
        CameTo::UnclearDates => "came-to-unclear-dates-do",
        CameTo::UnknownColumns => "came-to-unknown-columns-do",
        CameTo::NotUsable => "came-to-not-usable-do",
        CameTo::Settings => "came-to-settings-do",
        CameTo::NotNow => "came-to-not-now-do",
    })
}

/// By the clock of the schedule.
pub(super) fn zoned(visit: &Visit, plan: &SchedulePlan) -> Clockwork {
    let zone = TimeZone::get(&plan.zone).unwrap_or_else(|_| visit.clockwork.zone.clone());
    Clockwork { zone, ..visit.clockwork.clone() }
}

/// A moment that comes.
pub(super) fn moment(visit: &Visit, plan: &SchedulePlan, at: Timestamp) -> String {
    let (clockwork, words) = (zoned(visit, plan), visit.words());
    let local = clockwork.local(at);
    let day = format!("{}, {}", weekday(words, local.weekday().to_monday_one_offset()), clockwork.day(at));
    words.with("day-and-time", &[("day", &day), ("time", &local.strftime("%H:%M").to_string())])
}

pub(super) fn weekday(words: &Words, day: i8) -> String {
    let at = usize::from(day.unsigned_abs()).checked_sub(1);
    at.and_then(|at| WEEKDAYS.get(at)).map_or_else(String::new, |key| words.t(key))
}

/// On which days, at which time, and where that is.
pub(super) fn days(words: &Words, plan: &SchedulePlan) -> String {
    let time = plan.time.strftime("%H:%M").to_string();
    let time = ("time", &*time);
    let said = match &plan.rhythm {
        Rhythm::Once(day) => {
            let at = date(words, day.month(), day.day());
            words.with("schedule-once", &[time, ("day", &format!("{at} {}", day.year()))])
        }
        Rhythm::Daily => words.with("schedule-daily", &[time]),
        Rhythm::Weekly(days) => words.with("schedule-weekly", &[time, ("days", &listed(words, days))]),
        Rhythm::Monthly(31) => words.with("schedule-monthly-last", &[time]),
        Rhythm::Monthly(day) => words.with("schedule-monthly", &[time, ("day", &day.to_string())]),
        Rhythm::Yearly(month, day) => {
            words.with("schedule-yearly", &[time, ("day", &date(words, *month, *day))])
        }
    };
    let dates = u64::try_from(plan.closed.dates.len()).unwrap_or(0);
    let weekdays = &plan.closed.weekdays;
    let closed = [
        (!weekdays.is_empty()).then(|| words.with("schedule-not-on", &[("days", &listed(words, weekdays))])),
        (dates > 0).then(|| words.count("schedule-not-on-dates", dates)),
    ];
    let all: Vec<_> =
        [format!("{said} ({})", plan.zone)].into_iter().chain(closed.into_iter().flatten()).collect();
    all.join("; ")
}

fn date(words: &Words, month: i8, day: i8) -> String {
    let month = words.t(&format!("month-{month}"));
    words.with("date", &[("day", &day.to_string()), ("month", &month)])
}

fn listed<'a>(words: &Words, days: impl IntoIterator<Item = &'a i8>) -> String {
    days.into_iter().map(|day| weekday(words, *day)).collect::<Vec<_>>().join(", ")
}

/// Where the export comes from; `whole` for whoever sets it.
pub(super) fn place_of(words: &Words, source: &ExportSource, whole: bool) -> String {
    match source {
        ExportSource::File(path) if whole => path.display().to_string(),
        ExportSource::Folder(path) if whole => {
            words.with("schedule-newest-of", &[("folder", &path.display().to_string())])
        }
        ExportSource::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ExportSource::Folder(_) => words.t("schedule-newest"),
        ExportSource::Command(_) | ExportSource::Shell(_) => words.t("schedule-command"),
    }
}

/// That a schedule came to its time and nothing was sent: what is wrong, what is done about it, and where. `None`: the alarm is another.
pub(in crate::web::pages) async fn to_do(
    visit: &Visit,
    alarm: &Alarm,
) -> Result<Option<(String, String, &'static str)>, Error> {
    if alarm.kind != AlarmKind::Schedule {
        return Ok(None);
    }
    let (store, words) = (&visit.pages.sources.store, visit.words());
    let schedules = store.schedules().await?;
    let Some(schedule) = schedules.into_iter().find(|one| subject(one.id) == alarm.subject) else {
        return Ok(None);
    };
    if !may_see(visit, &schedule.plan) {
        return Ok(None);
    }
    let turns = store.turns(schedule.id, super::LOOKED_BACK).await?;
    let fault = turns.iter().find_map(|turn| {
        let came_to = turn.ending.as_ref()?.came_to;
        came_to.is_fault().then_some((turn.due, came_to))
    });
    let Some((due, what)) = fault else { return Ok(None) };
    let when = zoned(visit, &schedule.plan).lately_within(due);
    let title = words.with("schedule-not-sent", &[("name", &schedule.plan.name), ("when", &when)]);
    let advice = advice(what).map(|key| words.t(key)).unwrap_or_default();
    Ok(Some((title, format!("{} {advice}", words.t(came_to(what))), HERE)))
}
