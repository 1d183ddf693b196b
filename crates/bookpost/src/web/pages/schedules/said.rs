//! Schedules in words.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use store::{Alarm, AlarmKind, CameTo, Error, ExportSource, Rhythm, RunId, SchedulePlan};

use super::{
    HERE, Visit, Words, has_no_time, may_see,
    schedules::{self, of_subject},
};
use crate::{notices::moments::NoMoments, web::pages::when::Clockwork};

pub(super) const WEEKDAYS: [&str; 7] = [
    "weekday-name-1",
    "weekday-name-2",
    "weekday-name-3",
    "weekday-name-4",
    "weekday-name-5",
    "weekday-name-6",
    "weekday-name-7",
];

/// Closed days that are named; of more it is said how many there are.
const NAMED: usize = 5;

/// What came of a moment.
pub(super) fn came_to(what: CameTo) -> &'static str {
    match what {
        CameTo::Run => "came-to-run",
        CameTo::Skipped => "came-to-skipped",
        CameTo::Stopped => "came-to-stopped-by-somebody",
        CameTo::StoppedBefore => "came-to-stopped-before",
        CameTo::Broken => "came-to-broken",
        CameTo::SentAlready => "came-to-sent-already",
        CameTo::Unchanged => "came-to-unchanged",
        CameTo::Older => "came-to-older",
        CameTo::TooOld => "came-to-too-old",
        CameTo::Missing => "came-to-missing",
        CameTo::NoAnswer => "came-to-no-answer",
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
        CameTo::Run | CameTo::Skipped | CameTo::Stopped | CameTo::SentAlready | CameTo::Unknown => {
            return None;
        }
        CameTo::StoppedBefore => "came-to-stopped-before-do",
        CameTo::Broken => "came-to-broken-do",
        CameTo::NoAnswer => "came-to-no-answer-do",
        CameTo::Unchanged | CameTo::Older | CameTo::TooOld | CameTo::Missing => "came-to-no-news-do",
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

/// With whose time it is, where the other times on the page are of another zone.
pub(super) fn with_zone(visit: &Visit, plan: &SchedulePlan, at: Timestamp, text: String) -> String {
    let is_same = zoned(visit, plan).local(at) == visit.clockwork.local(at);
    if is_same { text } else { format!("{text} {}", plan.zone) }
}

/// A moment that comes.
pub(super) fn moment(visit: &Visit, plan: &SchedulePlan, at: Timestamp) -> String {
    let (clockwork, words) = (zoned(visit, plan), visit.words());
    let local = clockwork.local(at);
    let day = format!("{}, {}", weekday(words, local.weekday().to_monday_one_offset()), clockwork.day(at));
    let text = words.with("day-and-time", &[("day", &day), ("time", &local.strftime("%H:%M").to_string())]);
    with_zone(visit, plan, at, text)
}

pub(in crate::web::pages) fn weekday(words: &Words, day: i8) -> String {
    let at = usize::from(day.unsigned_abs()).checked_sub(1);
    at.and_then(|at| WEEKDAYS.get(at)).map_or_else(String::new, |key| words.t(key))
}

/// On which days, at which time, and where that is.
pub(super) fn days(visit: &Visit, plan: &SchedulePlan) -> String {
    let words = visit.words();
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
    let today = zoned(visit, plan).local(visit.clockwork.now).date();
    let ahead: Vec<_> = plan.closed.dates.iter().copied().filter(|day| *day >= today).collect();
    let weekdays = &plan.closed.weekdays;
    let closed = [
        (!weekdays.is_empty()).then(|| words.with("schedule-not-on", &[("days", &listed(words, weekdays))])),
        (!ahead.is_empty()).then(|| not_on(words, &ahead)),
    ];
    let all: Vec<_> =
        [format!("{said} ({})", plan.zone)].into_iter().chain(closed.into_iter().flatten()).collect();
    all.join("; ")
}

/// The closed days that come first, and how many others there are.
fn not_on(words: &Words, dates: &[Date]) -> String {
    let of_day = |day: &Date| format!("{} {}", date(words, day.month(), day.day()), day.year());
    let days = dates.iter().take(NAMED).map(of_day).collect::<Vec<_>>().join(", ");
    match dates.len().saturating_sub(NAMED) {
        0 => words.with("schedule-not-on-dates", &[("days", &days)]),
        more => words.with("schedule-not-on-more", &[("days", &days), ("n", &more.to_string())]),
    }
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

/// Why it has no time any more.
pub(super) fn no_time(words: &Words, plan: &SchedulePlan, why: NoMoments) -> String {
    match why {
        NoMoments::Zone => words.with("schedule-no-zone", &[("zone", &plan.zone)]),
        NoMoments::Day | NoMoments::Never => words.t("schedule-all-closed"),
    }
}

/// What needs a person: what is wrong, what is done about it, and where, with the words of that link.
pub(in crate::web::pages) struct ToDo {
    pub(in crate::web::pages) title: String,
    pub(in crate::web::pages) what: String,
    pub(in crate::web::pages) href: (String, String),
}

/// That a schedule came to its time and not all was sent, or has no time any more. `None`: the alarm is another.
pub(in crate::web::pages) async fn to_do(visit: &Visit, alarm: &Alarm) -> Result<Option<ToDo>, Error> {
    let id = of_subject(&alarm.subject).filter(|_| alarm.kind == AlarmKind::Schedule);
    let Some(id) = id else { return Ok(None) };
    let (store, words) = (&visit.pages.sources.store, visit.words());
    let all = store.schedules().await?;
    let Some(schedule) = all.into_iter().find(|one| one.id == id) else { return Ok(None) };
    if !may_see(visit, &schedule.plan) {
        return Ok(None);
    }
    let here = (HERE.to_owned(), words.t("alarm-schedule-link"));
    if alarm.subject == schedules::no_time(id) {
        let now = visit.pages.sources.schedules.wall_clock();
        let why = has_no_time(&schedule, now).map(|why| no_time(words, &schedule.plan, why));
        let title = words.with("schedule-no-time", &[("name", &schedule.plan.name)]);
        let what = format!("{} {}", why.unwrap_or_default(), words.t("schedule-no-time-do"));
        return Ok(Some(ToDo { title, what: what.trim_start().to_owned(), href: here }));
    }
    let turns = store.turns(schedule.id, super::LOOKED_BACK).await?;
    let fault = turns.iter().find_map(|turn| {
        let ending = turn.ending.as_ref()?;
        ending.came_to.is_fault().then_some((turn.due, ending.came_to, ending.run))
    });
    let Some((due, what, run)) = fault else { return Ok(None) };
    let when = zoned(visit, &schedule.plan).lately_within(due);
    let when = with_zone(visit, &schedule.plan, due, when);
    let key = if what.is_nothing_sent() { "schedule-not-sent" } else { "schedule-half-sent" };
    let title = words.with(key, &[("name", &schedule.plan.name), ("when", &when)]);
    let advice = advice(what).map(|key| words.t(key)).unwrap_or_default();
    let of_run =
        |RunId(id)| (format!("/notices/runs/{id}"), words.with("run-title", &[("id", &id.to_string())]));
    let href = run.filter(|_| !what.is_nothing_sent()).map_or(here, of_run);
    Ok(Some(ToDo { title, what: format!("{} {advice}", words.t(came_to(what))), href }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn closed_days_are_named() {
        let dates = |all: &[&str]| all.iter().map(|day| day.parse().unwrap()).collect::<Vec<_>>();
        let six = ["2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04", "2026-12-05", "2027-01-01"];
        for (language, days, said) in [
            (Language::English, &six[..1], "not on 1 Dec 2026"),
            (Language::Spanish, &six[..1], "no el 1 de diciembre 2026"),
            (
                Language::English,
                &six,
                "not on 1 Dec 2026, 2 Dec 2026, 3 Dec 2026, 4 Dec 2026, 5 Dec 2026 (and 1 more of the closed days)",
            ),
        ] {
            assert_eq!(not_on(language.words(), &dates(days)), said);
        }
    }
}
