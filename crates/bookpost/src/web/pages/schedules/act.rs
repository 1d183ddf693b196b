//! What is done with a schedule as it is: run now, left out once, rested, removed.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::{Error, Schedule, SchedulePlan};

use super::{HERE, may_change, may_run, said::place_of, theirs};
use crate::{
    app::{notice_run, schedules::NotScheduled},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        notices::saved_name,
        visit::Visit,
    },
};

/// A page may have been open for so long before somebody asks on it for a run: later its wish names an instant of its own.
const OPEN: SignedDuration = SignedDuration::from_hours(1);

#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(rename = "do")]
    what: String,
    /// In microseconds since 1970: when the page was made.
    #[serde(default)]
    at: i64,
    /// The moment that the page calls the next one, in the same way.
    #[serde(default)]
    due: i64,
}

/// Does it.
pub(super) async fn act(Path(id): Path<String>, Posted { visit, form }: Posted<Wish>) -> Response {
    let schedule = match theirs(&visit, &id).await {
        Ok(schedule) => schedule,
        Err(response) => return response,
    };
    let allowed = match &*form.what {
        "run" | "skip" | "unskip" => may_run(&visit, &schedule.plan),
        _ => may_change(&visit),
    };
    if !allowed {
        return not_here::not_allowed(visit.words());
    }
    let (schedules, who, id) = (&visit.pages.sources.schedules, visit.actor(), schedule.id);
    let done = match &*form.what {
        "run" => schedules
            .run_now(id, asked_at(form.at, visit.clockwork.now), who)
            .await
            .map(|_| Done::ScheduleRuns),
        "skip" => {
            let seen = Some(form.due).filter(|due| *due != 0).map(Timestamp::from_microsecond);
            let moment = seen.map_or(schedule.next_due, Result::ok);
            // It has come meanwhile: another one was not meant.
            match moment {
                Some(_) => skipped(schedules.skip(id, moment, who).await, Done::ScheduleSkips),
                None => Ok(Done::ScheduleNextIsAnother),
            }
        }
        "unskip" => skipped(schedules.skip(id, None, who).await, Done::ScheduleSkipsNot),
        "pause" => schedules.pause(id, who).await.map(|_| Done::SchedulePaused),
        "resume" => schedules.resume(id, who).await.map(|_| Done::ScheduleResumed),
        _ => Err(Error::NotFound("decision")),
    };
    match done {
        Ok(done) => Redirect::to(&flash::told(HERE, done, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

fn skipped(done: Result<Schedule, NotScheduled>, said: Done) -> Result<Done, Error> {
    match done {
        Ok(_) => Ok(said),
        Err(NotScheduled::SkipsAlready(_)) => Ok(Done::ScheduleSkipsAnother),
        Err(NotScheduled::Store(Error::Changed)) => Ok(Done::ScheduleNextIsAnother),
        Err(NotScheduled::Store(error)) => Err(error),
        Err(other) => Err(Error::Internal(other.to_string())),
    }
}

/// Two clicks on one page are one wish.
fn asked_at(shown: i64, now: Timestamp) -> Timestamp {
    let shown = Timestamp::from_microsecond(shown).unwrap_or(now);
    let is_lately = shown <= now && now.duration_since(shown) < OPEN;
    if is_lately { shown } else { now }
}

#[derive(Template)]
#[template(path = "schedule_remove.html")]
struct Question {
    f: Frame,
    title: String,
    id: i64,
}

/// Says what follows, and asks.
pub(super) async fn ask_remove(visit: Visit, Path(id): Path<String>) -> Response {
    if !may_change(&visit) {
        return not_here::not_allowed(visit.words());
    }
    let schedule = match theirs(&visit, &id).await {
        Ok(schedule) => schedule,
        Err(response) => return response,
    };
    let title = visit.words().with("schedule-remove-title", &[("name", &schedule.plan.name)]);
    match Frame::around(&visit, Place::Schedules).await {
        Ok(f) => page(&Question { f, title, id: schedule.id.0 }),
        Err(error) => not_here::of(&error, &visit),
    }
}

#[derive(Template)]
#[template(path = "schedule_run.html")]
struct RunQuestion {
    f: Frame,
    title: String,
    consequence: String,
    id: i64,
    /// Of the clock: two clicks on one page are one wish.
    now: i64,
    practice: bool,
}

/// Says that patrons are written to at once, and asks.
pub(super) async fn ask_run(visit: Visit, Path(id): Path<String>) -> Response {
    let plan = match theirs(&visit, &id).await {
        Ok(schedule) if may_run(&visit, &schedule.plan) => (schedule.id.0, schedule.plan),
        Ok(_) => return not_here::not_allowed(visit.words()),
        Err(response) => return response,
    };
    match run_question(&visit, plan).await {
        Ok(question) => page(&question),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn run_question(visit: &Visit, (id, plan): (i64, SchedulePlan)) -> Result<RunQuestion, Error> {
    let words = visit.words();
    let notices = notice_run::notices(&visit.pages.sources.store).await?;
    let notice = notices.iter().find(|notice| notice.slug == plan.notice);
    let notice = notice.map_or_else(|| plan.notice.clone(), |notice| saved_name(words, notice));
    let said = [("notice", &*notice), ("export", &*place_of(words, &plan.source, may_change(visit)))];
    let key = if plan.practice { "schedule-run-practice" } else { "schedule-run-consequence" };
    Ok(RunQuestion {
        f: Frame::around(visit, Place::Schedules).await?,
        title: words.with("schedule-run-title", &[("name", &plan.name)]),
        consequence: words.with(key, &said),
        id,
        now: visit.clockwork.now.as_microsecond(),
        practice: plan.practice,
    })
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Does it.
pub(super) async fn remove(Path(id): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    if !may_change(&visit) {
        return not_here::not_allowed(visit.words());
    }
    let schedule = match theirs(&visit, &id).await {
        Ok(schedule) => schedule,
        Err(response) => return response,
    };
    match visit.pages.sources.schedules.remove(schedule.id, visit.actor()).await {
        Ok(_) => Redirect::to(&flash::told(HERE, Done::ScheduleRemoved, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clicks_on_one_page_are_one_wish() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let before = |seconds| now - SignedDuration::from_secs(seconds);
        for (shown, expected) in [
            (before(5).as_microsecond(), before(5)),
            (before(3_600).as_microsecond(), now),
            (before(-5).as_microsecond(), now),
            (i64::MAX, now),
            (0, now),
        ] {
            assert_eq!(asked_at(shown, now), expected, "{shown}");
        }
    }
}
