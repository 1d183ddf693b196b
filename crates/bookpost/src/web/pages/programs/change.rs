//! A program is added, or it is changed what it may do.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use store::{Application, ApplicationSettings};

use super::{
    About, HERE, Id, address, failed, find,
    form::{Faults, ProgramForm, seen, sites},
};
use crate::{
    cli::control::{ApplicationsRequest, Failure, Reply, SettingsChange},
    identity::Permission,
    web::pages::{
        field::Field,
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        meanwhile::{Entries, told},
        not_here,
        visit::Visit,
        words::Words,
    },
};

#[derive(Template)]
#[template(path = "program_form.html")]
struct Page {
    f: Frame,
    title: String,
    action: String,
    back: String,
    fields: Vec<Field>,
    limits: Vec<Field>,
    /// They are not folded.
    limits_open: bool,
    problem: Option<String>,
    seen: String,
}

/// An empty form.
pub(in crate::web::pages) async fn ask_add(visit: Visit) -> Response {
    if !visit.may(Permission::ManagePrograms) {
        return not_here::not_allowed(visit.words());
    }
    let form = ProgramForm::of("", &ApplicationSettings::default());
    shown(&visit, &form, None, Faults::default(), None).await
}

/// The form as the program stands.
pub(in crate::web::pages) async fn ask_change(About { visit, application }: About) -> Response {
    let form = ProgramForm::of(application.name.as_str(), &application.settings);
    shown(&visit, &form, Some(&application), Faults::default(), None).await
}

pub(in crate::web::pages) async fn add(Posted { visit, form }: Posted<ProgramForm>) -> Response {
    if !visit.may(Permission::ManagePrograms) {
        return not_here::not_allowed(visit.words());
    }
    let (words, usual) = (visit.words(), ApplicationSettings::default());
    let taken = match visit.pages.sources.store.applications().await {
        Ok(all) => all.readable.into_iter().map(|one| one.name).collect::<Vec<_>>(),
        Err(error) => return not_here::of(&error, &visit),
    };
    let sites = sites(&visit.pages.sources.config().sites, &usual);
    let (name, change) = match (form.name(words, &taken), form.read(words, &sites, &usual)) {
        (Ok(name), Ok(change)) => (name, change),
        (name, change) => {
            let faults =
                Faults { name: name.err(), ..change.err().map_or_else(Faults::default, |faults| *faults) };
            return shown(&visit, &form, None, faults, Some(not_saved(words))).await;
        }
    };
    let request = ApplicationsRequest::Add { name, change };
    match visit.pages.sources.programs.carry_out(request, visit.actor()).await {
        Reply::Application(added) => to(&added, Done::ProgramAdded),
        Reply::Failed { failure, message } => failed(failure, message, &visit),
        _ => Redirect::to(HERE).into_response(),
    }
}

pub(in crate::web::pages) async fn change(
    Id(id): Id,
    Posted { visit, form }: Posted<ProgramForm>,
) -> Response {
    let application = match find(&visit, id).await {
        Ok(application) => application,
        Err(response) => return response,
    };
    let words = visit.words();
    if form.seen != seen(&application.settings) {
        return meanwhile(&visit, form, &application).await;
    }
    let sites = sites(&visit.pages.sources.config().sites, &application.settings);
    let change = match form.read(words, &sites, &application.settings) {
        Ok(change) => change,
        Err(faults) => {
            return shown(&visit, &form, Some(&application), *faults, Some(not_saved(words))).await;
        }
    };
    let change = SettingsChange { seen: Some(Box::new(application.settings.clone())), ..change };
    let request = ApplicationsRequest::Change { name: application.name.to_string(), change };
    match visit.pages.sources.programs.carry_out(request, visit.actor()).await {
        Reply::Failed { failure: Failure::Changed, .. } => match find(&visit, id).await {
            Ok(application) => meanwhile(&visit, form, &application).await,
            Err(response) => response,
        },
        Reply::Failed { failure, message } => failed(failure, message, &visit),
        _ => to(&application, Done::ProgramChanged),
    }
}

/// What is said above the form; and of what somebody else changed too, the fields and what stands there.
type Problem = (String, Vec<&'static str>, Entries);

fn not_saved(words: &Words) -> Problem {
    (words.t("not-saved"), Vec::new(), Entries::new())
}

/// Somebody else changed it since the form was made. What was typed stays.
async fn meanwhile(visit: &Visit, form: ProgramForm, application: &Application) -> Response {
    let (form, both, theirs) = form.after(application.name.as_str(), &application.settings);
    let problem = visit.words().t("program-meanwhile");
    shown(visit, &form, Some(application), Faults::default(), Some((problem, both, theirs))).await
}

/// On to the program's page.
pub(super) fn to(application: &Application, done: Done) -> Response {
    Redirect::to(&flash::told(&address(application.id), done, None)).into_response()
}

async fn shown(
    visit: &Visit,
    form: &ProgramForm,
    of: Option<&Application>,
    faults: Faults,
    problem: Option<Problem>,
) -> Response {
    let words = visit.words();
    let f = match Frame::around(visit, Place::Programs).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, visit),
    };
    let usual = ApplicationSettings::default();
    let sites = sites(&visit.pages.sources.config().sites, of.map_or(&usual, |one| &one.settings));
    let (title, action, back) = match of {
        None => (words.t("program-add"), format!("{HERE}/add"), HERE.to_owned()),
        Some(one) => (
            words.with("program-change-title", &[("name", one.name.as_str())]),
            format!("{}/change", address(one.id)),
            address(one.id),
        ),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (problem, both, theirs) = match problem {
        Some((problem, both, theirs)) => (Some(problem), both, theirs),
        None => (None, Vec::new(), Entries::new()),
    };
    let limits_are_wrong = ProgramForm::limits_are_wrong(&faults);
    let limits = told(form.limits(words, &faults), &both, &theirs, words);
    let limits_open = limits_are_wrong || limits.iter().any(|field| both.contains(&field.name));
    let fields = told(form.fields(words, &sites, faults, of.is_none()), &both, &theirs, words);
    let seen = form.seen.clone();
    page_as(status, &Page { f, title, action, back, fields, limits, limits_open, problem, seen })
}
