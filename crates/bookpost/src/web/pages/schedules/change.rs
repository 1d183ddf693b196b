//! A schedule is added or changed, after its next moments were looked at.

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::tz::TimeZone;
use store::{Error, ExportSource, Schedule, SchedulePlan};

use super::{
    HERE, SHOWN,
    form::{Fault, Part, ScheduleForm, fault},
    may_change,
    said::{days, moment},
    theirs,
};
use crate::{
    app::{notice_run, schedules::NotScheduled},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_here,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "schedule.html")]
struct Page {
    f: Frame,
    title: String,
    action: String,
    parts: Vec<Part>,
    problem: Option<String>,
    version: i64,
    /// What it says of days, and its next moments.
    moments: Option<(String, Vec<String>)>,
}

/// An empty form.
pub(super) async fn ask_add(visit: Visit) -> Response {
    if !may_change(&visit) {
        return not_here::not_allowed(visit.words());
    }
    let config = visit.pages.sources.config();
    let of_site = config.sites.first().and_then(|site| site.time_zone.clone());
    let zone = of_site.unwrap_or_else(TimeZone::system);
    let form = ScheduleForm::empty(zone.iana_name().unwrap_or("UTC").to_owned());
    Shown { form, before: None, plan: None, faults: Vec::new(), problem: None }.page(&visit).await
}

/// The form as the schedule stands.
pub(super) async fn ask(visit: Visit, Path(id): Path<String>) -> Response {
    let before = match changeable(&visit, &id).await {
        Ok(schedule) => schedule,
        Err(response) => return response,
    };
    let (form, plan) = (ScheduleForm::of(&before.plan, before.version), Some(before.plan.clone()));
    Shown { form, before: Some(before), plan, faults: Vec::new(), problem: None }.page(&visit).await
}

async fn changeable(visit: &Visit, id: &str) -> Result<Schedule, Response> {
    if may_change(visit) { theirs(visit, id).await } else { Err(not_here::not_allowed(visit.words())) }
}

pub(super) async fn add(Posted { visit, form }: Posted<ScheduleForm>) -> Response {
    if !may_change(&visit) {
        return not_here::not_allowed(visit.words());
    }
    save(visit, form, None).await
}

pub(super) async fn change(Path(id): Path<String>, Posted { visit, form }: Posted<ScheduleForm>) -> Response {
    match changeable(&visit, &id).await {
        Ok(before) => save(visit, form, Some(before)).await,
        Err(response) => response,
    }
}

async fn save(visit: Visit, mut form: ScheduleForm, before: Option<Schedule>) -> Response {
    let words = visit.words();
    let plan = match form.read(words, before.as_ref().map(|before| &before.plan)) {
        Ok(plan) => plan,
        Err(faults) => {
            let problem = Some(words.t("not-saved"));
            return Shown { form, before, plan: None, faults, problem }.page(&visit).await;
        }
    };
    if !form.preview.is_empty() {
        return Shown { form, before, plan: Some(plan), faults: Vec::new(), problem: None }
            .page(&visit)
            .await;
    }
    let (schedules, who) = (&visit.pages.sources.schedules, visit.actor());
    let saved = match &before {
        None => schedules.add(plan, who).await,
        Some(before) => schedules.change(before.id, form.version, plan, who).await,
    };
    match saved {
        Ok(saved) => {
            let skipped = before.as_ref().map(|before| before.skips);
            let done = match skipped {
                Some(Some(_)) if saved.skips.is_none() => Done::ScheduleChangedUnskipped,
                _ if !is_there(&visit, &saved.plan).await => Done::ScheduleNotThereYet,
                None => Done::ScheduleAdded,
                Some(_) => Done::ScheduleChanged,
            };
            Redirect::to(&flash::told(HERE, done, None)).into_response()
        }
        // What was filled in stays, and can be saved by whoever has seen that.
        Err(NotScheduled::Store(Error::Changed)) => {
            form.version = before.as_ref().map_or(0, |before| before.version);
            let problem = Some(words.t("schedule-meanwhile"));
            Shown { form, before, plan: None, faults: Vec::new(), problem }.page(&visit).await
        }
        Err(NotScheduled::Store(error)) if !matches!(error, Error::Exists(_)) => not_here::of(&error, &visit),
        Err(why) => {
            let (faults, problem) = (fault(&why, words).into_iter().collect(), Some(words.t("not-saved")));
            Shown { form, before, plan: None, faults, problem }.page(&visit).await
        }
    }
}

async fn is_there(visit: &Visit, plan: &SchedulePlan) -> bool {
    let config = visit.pages.sources.config();
    visit.pages.sources.schedules.desk(&config).is_there(plan).await
}

/// A form as it is shown.
struct Shown {
    form: ScheduleForm,
    before: Option<Schedule>,
    /// Whose moments are shown.
    plan: Option<SchedulePlan>,
    faults: Vec<Fault>,
    problem: Option<String>,
}

impl Shown {
    async fn page(mut self, visit: &Visit) -> Response {
        let words = visit.words();
        let moments = self.plan.take().and_then(|plan| self.moments(visit, &plan));
        let (title, action) = match &self.before {
            None => (words.t("schedule-add"), format!("{HERE}/add")),
            Some(before) => (
                words.with("schedule-change-title", &[("name", &before.plan.name)]),
                format!("{HERE}/{}/change", before.id.0),
            ),
        };
        let command = self.before.as_ref().and_then(|before| match before.plan.source {
            ExportSource::Command(_) | ExportSource::Shell(_) => Some(words.t("schedule-command-elsewhere")),
            ExportSource::File(_) | ExportSource::Folder(_) => None,
        });
        let notices = match notice_run::notices(&visit.pages.sources.store).await {
            Ok(notices) => notices,
            Err(error) => return not_here::of(&error, visit),
        };
        let config = visit.pages.sources.config();
        let parts = self.form.parts(words, (&notices, &config.sites), command, &self.faults);
        let f = match Frame::around(visit, Place::Schedules).await {
            Ok(f) => f,
            Err(error) => return not_here::of(&error, visit),
        };
        let status = if self.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let (problem, version) = (self.problem, self.form.version);
        page_as(status, &Page { f, title, action, parts, problem, version, moments })
    }

    /// In words; what has none is a fault.
    fn moments(&mut self, visit: &Visit, plan: &SchedulePlan) -> Option<(String, Vec<String>)> {
        let words = visit.words();
        match visit.pages.sources.schedules.following(plan, SHOWN) {
            Ok(all) if all.is_empty() => {
                self.faults.push(("rhythm", words.t("schedule-never")));
                None
            }
            Ok(all) => {
                let all = all.into_iter().map(|at| moment(visit, plan, at)).collect();
                Some((days(visit, plan), all))
            }
            Err(why) => {
                self.faults.extend(fault(&why.into(), words));
                None
            }
        }
    }
}
