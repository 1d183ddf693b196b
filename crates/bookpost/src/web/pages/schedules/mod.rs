//! What is sent by itself: the list, with what came of it.

mod act;
mod change;
mod form;
mod said;

pub(super) use self::said::{to_do, weekday};

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use jiff::Timestamp;
use store::{CameTo, Error, RunId, RunStopped, Schedule, ScheduleId, SchedulePlan, Turn};

use self::said::{advice, came_to, days, moment, no_time, place_of, with_zone, zoned};
use super::{
    Pages,
    frame::{Frame, Place, page},
    not_here,
    notices::saved_name,
    visit::Visit,
    when::At,
    words::Words,
};
use crate::{
    app::{notice_run, schedules, schedules::has_no_time},
    identity::Permission,
    notices::saved::Notice,
};

const HERE: &str = "/notices/schedules";
/// Moments that are looked back at.
const LOOKED_BACK: usize = 10;
/// The latest runs, of which it is known whether a person had them end.
const RUNS: usize = 200;
/// Moments that are shown before they come.
const SHOWN: usize = 5;

/// Runs that a person had end.
type Stopped = BTreeMap<RunId, RunStopped>;

/// What answers, and where.
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/notices/schedules", get(show))
        .route("/notices/schedules/add", get(change::ask_add).post(change::add))
        .route("/notices/schedules/{id}/change", get(change::ask).post(change::change))
        .route("/notices/schedules/{id}/act", post(act::act))
        .route("/notices/schedules/{id}/run", get(act::ask_run))
        .route("/notices/schedules/{id}/remove", get(act::ask_remove).post(act::remove))
}

#[derive(Template)]
#[template(path = "schedules.html")]
struct Schedules {
    f: Frame,
    may_change: bool,
    all: Vec<Card>,
    /// What is scheduled for other libraries too is for others to see.
    others: bool,
    /// Of the clock, for wishes: one is not carried out twice.
    now: i64,
}

/// A schedule on the list.
struct Card {
    id: i64,
    name: String,
    may_run: bool,
    practice: bool,
    paused: bool,
    /// Its notice is switched off: what that means, and where it is switched on.
    off: Option<(String, String)>,
    /// What is left out, or can be: whether it is, and what a button says of it. `None`: there is no next time.
    skip: Option<(bool, String)>,
    /// Its next moment, in microseconds since 1970.
    due: i64,
    /// What is said of it, each with its name.
    facts: Vec<(String, String)>,
    last: Option<Past>,
    before: Vec<Past>,
}

/// What came of a moment.
struct Past {
    at: At,
    text: String,
    /// What is done about it.
    advice: Option<String>,
    run: Option<(i64, String)>,
    /// For whoever looks after the computer.
    detail: Option<String>,
    tone: &'static str,
}

/// The list.
async fn show(visit: Visit) -> Response {
    match list(&visit).await {
        Ok(list) => page(&list),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn list(visit: &Visit) -> Result<Schedules, Error> {
    let notices = notice_run::notices(&visit.pages.sources.store).await?;
    let runs = visit.pages.sources.store.runs_begun(RUNS).await?;
    let stopped = runs.into_iter().filter_map(|run| Some((run.id, run.stopped?))).collect();
    let (mut all, mut others) = (Vec::new(), false);
    for schedule in visit.pages.sources.store.schedules().await? {
        if may_see(visit, &schedule.plan) {
            all.push(card(visit, schedule, (&notices, &stopped)).await?);
        } else {
            others = true;
        }
    }
    Ok(Schedules {
        f: Frame::around(visit, Place::Schedules).await?,
        may_change: may_change(visit),
        all,
        others,
        now: visit.clockwork.now.as_microsecond(),
    })
}

async fn card(
    visit: &Visit,
    schedule: Schedule,
    (notices, stopped): (&[Notice], &Stopped),
) -> Result<Card, Error> {
    let turns = visit.pages.sources.store.turns(schedule.id, LOOKED_BACK).await?;
    let off = off(visit, &schedule.plan, notices);
    let mut past = turns.iter().map(|turn| past(visit, &schedule.plan, turn, (off.is_some(), stopped)));
    Ok(Card {
        id: schedule.id.0,
        may_run: may_run(visit, &schedule.plan),
        practice: schedule.plan.practice,
        paused: schedule.paused_at.is_some(),
        skip: skip(visit, &schedule),
        due: schedule.next_due.map_or(0, Timestamp::as_microsecond),
        facts: facts(visit, &schedule, notices),
        last: past.next(),
        before: past.collect(),
        off,
        name: schedule.plan.name,
    })
}

/// One that is switched off is sent by no schedule.
fn off(visit: &Visit, plan: &SchedulePlan, notices: &[Notice]) -> Option<(String, String)> {
    let notice = notices.iter().find(|notice| notice.slug == plan.notice && !notice.settings.on)?;
    let name = saved_name(visit.words(), notice);
    let says = visit.words().with("schedule-notice-off", &[("name", &name)]);
    Some((says, format!("/notices/saved/{}", notice.slug)))
}

fn facts(visit: &Visit, schedule: &Schedule, notices: &[Notice]) -> Vec<(String, String)> {
    let (words, plan) = (visit.words(), &schedule.plan);
    let next = next(visit, schedule);
    let config = visit.pages.sources.config();
    let named = config.sites.iter().filter(|site| plan.sites.contains(&site.code));
    let named: Vec<_> = named.map(|site| site.name.clone()).collect();
    let libraries = (config.sites.len() > 1).then(|| {
        let libraries = if plan.sites.is_empty() { words.t("libraries-all") } else { named.join(", ") };
        (words.t("schedule-libraries"), libraries)
    });
    let notice = notices.iter().find(|notice| notice.slug == plan.notice);
    let notice = notice.map_or_else(|| plan.notice.clone(), |notice| saved_name(words, notice));
    let facts = [
        (words.t("schedule-notice"), notice),
        (words.t("schedule-next"), next),
        (words.t("schedule-days"), days(visit, plan)),
        (words.t("schedule-export"), place_of(words, &plan.source, may_change(visit))),
    ];
    facts.into_iter().chain(libraries).collect()
}

/// When it is sent next, and what is left out.
fn next(visit: &Visit, schedule: &Schedule) -> String {
    let (words, plan) = (visit.words(), &schedule.plan);
    let schedules = &visit.pages.sources.schedules;
    let skipped = schedule.skips.map(|skipped| moment(visit, plan, skipped));
    let next = match (schedule.paused_at, has_no_time(schedule, schedules.wall_clock()), schedule.next_due) {
        (Some(since), ..) => words.with("schedule-paused-since", &[("since", &visit.clockwork.text(since))]),
        (None, Some(why), _) => no_time(words, plan, why),
        (None, None, None) => words.t("schedule-no-more"),
        (None, None, Some(due)) if schedule.skips == Some(due) => {
            let following = schedules.following(plan, SHOWN).unwrap_or_default();
            let after = following.into_iter().find(|at| *at > due).map(|at| moment(visit, plan, at));
            let after = after.unwrap_or_else(|| "–".to_owned());
            let parts = [("left_out", &*moment(visit, plan, due)), ("then", &*after)];
            return words.with("schedule-skipped-then", &parts);
        }
        (None, None, Some(due)) => moment(visit, plan, due),
    };
    match skipped {
        Some(skipped) => format!("{next}; {}", words.with("schedule-skipped-too", &[("left_out", &skipped)])),
        None => next,
    }
}

fn skip(visit: &Visit, schedule: &Schedule) -> Option<(bool, String)> {
    let (words, plan) = (visit.words(), &schedule.plan);
    let named = |key, at| words.with(key, &[("moment", &moment(visit, plan, at))]);
    match schedule.skips {
        Some(skipped) => Some((true, named("schedule-unskip", skipped))),
        None => schedule.next_due.map(|due| (false, named("schedule-skip", due))),
    }
}

/// `off`: its notice is switched off, which is said of the schedule with what is done about it.
fn past(visit: &Visit, plan: &SchedulePlan, turn: &Turn, (off, stopped): (bool, &Stopped)) -> Past {
    let words = visit.words();
    let At { iso, text: when } = zoned(visit, plan).at(turn.due);
    let at = At { iso, text: with_zone(visit, plan, turn.due, when) };
    let ending = turn.ending.as_ref();
    let what = ending.map(|ending| ending.came_to);
    let run = ending.and_then(|ending| ending.run);
    let is_of_run = matches!(what, Some(CameTo::Run | CameTo::Stopped));
    let stopped = run.filter(|_| is_of_run).and_then(|run| stopped.get(&run));
    let mut text = match stopped.filter(|stopped| stopped.is_for_all_of(&plan.sites)) {
        Some(stopped) => {
            let (who, when) = (words.actor(&stopped.by), visit.clockwork.text(stopped.at));
            words.with("came-to-stopped", &[("who", &who), ("when", &when)])
        }
        None => words.t(what.map_or("came-to-under-way", came_to)),
    };
    if turn.missed > 0 {
        text.push(' ');
        text.push_str(&words.count("schedule-missed", turn.missed));
    }
    Past {
        at,
        text,
        advice: what
            .filter(|what| !off || *what != CameTo::Settings)
            .and_then(advice)
            .map(|key| words.t(key)),
        run: run.map(|RunId(id)| (id, words.with("run-title", &[("id", &id.to_string())]))),
        detail: ending.and_then(|ending| ending.detail.clone()).filter(|_| may_change(visit)),
        tone: if what.is_some_and(CameTo::is_fault) { "look" } else { "well" },
    }
}

/// A manager of the libraries that it is for sees it.
fn may_see(visit: &Visit, plan: &SchedulePlan) -> bool {
    may_all(plan, |site| visit.may_see(site))
}

/// And may have it run.
fn may_run(visit: &Visit, plan: &SchedulePlan) -> bool {
    may_all(plan, |site| visit.may(Permission::RunNotices(site)))
}

fn may_all(plan: &SchedulePlan, may: impl Fn(Option<&str>) -> bool) -> bool {
    if plan.sites.is_empty() { may(None) } else { plan.sites.iter().all(|site| may(Some(site))) }
}

fn may_change(visit: &Visit) -> bool {
    visit.may(Permission::ChangePreferences)
}

/// One that they see; for anybody else there is none.
async fn theirs(visit: &Visit, id: &str) -> Result<Schedule, Response> {
    let none = || not_here::not_found(visit.words());
    let id = id.parse().map_err(|_| none())?;
    match visit.pages.sources.store.schedule(ScheduleId(id)).await {
        Ok(schedule) if may_see(visit, &schedule.plan) => Ok(schedule),
        Ok(_) | Err(Error::NotFound(_)) => Err(none()),
        Err(error) => Err(not_here::of(&error, visit)),
    }
}

impl Schedules {
    /// For whoever does not see which card a button stands in.
    fn of(&self, key: &'static str, card: &Card) -> String {
        self.named(&self.f.t(key), card)
    }

    fn named(&self, act: &str, card: &Card) -> String {
        self.f.words.with("schedule-act-of", &[("act", act), ("name", &card.name)])
    }
}
