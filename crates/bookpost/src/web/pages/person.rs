//! One person: who they are, what they may do, where they are signed in.

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use store::{Error, Person, PersonId, PersonSettings, Role};

use super::{
    field::Field,
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page_as},
    meanwhile::{Entries, told},
    not_here,
    people::state,
    person_act::{self, Button},
    person_form::{self, Faults, PersonForm, seen},
    person_keys::Keys,
    sessions,
    visit::Visit,
    when::At,
};
use crate::identity::Permission;

#[derive(Template)]
#[template(path = "person.html")]
struct Shown {
    f: Frame,
    id: i64,
    name: String,
    state: Option<String>,
    added: At,
    signed_in: Option<At>,
    fields: Vec<Field>,
    /// What they had when the form was made.
    seen: String,
    problem: Option<String>,
    sessions: Vec<sessions::Line>,
    keys: Keys,
    buttons: Vec<Button>,
    /// Who reads it changes themselves.
    you: bool,
    /// Nobody else could administer.
    last: bool,
}

/// What is wrong with what was sent.
#[derive(Default)]
struct Wrong {
    faults: Faults,
    problem: Option<String>,
    /// What somebody else changed too, and what they made of it.
    both: Vec<&'static str>,
    theirs: Entries,
}

/// The person that is meant.
pub(super) async fn known(visit: &Visit, id: &str) -> Result<Person, Error> {
    let id = id.parse().map_err(|_| Error::NotFound("person"))?;
    visit.pages.sources.store.person(PersonId(id)).await
}

/// The page.
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    match known(&visit, &id).await {
        Ok(person) => {
            shown(&visit, StatusCode::OK, &person, &PersonForm::of(&person), Wrong::default()).await
        }
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn shown(
    visit: &Visit,
    status: StatusCode,
    person: &Person,
    form: &PersonForm,
    wrong: Wrong,
) -> Response {
    match whole(visit, person, form, wrong).await {
        Ok(shown) => page_as(status, &shown),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn whole(visit: &Visit, person: &Person, form: &PersonForm, wrong: Wrong) -> Result<Shown, Error> {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let sessions = sources.store.sessions_of(person.id, visit.clockwork.now).await?;
    let sites = person_form::sites(&sources.config().sites, Some(person));
    let last = is_last(visit, person).await?;
    Ok(Shown {
        f: Frame::around(visit, Place::People).await?,
        id: person.id.0,
        name: person.name.to_string(),
        state: state(visit, person),
        added: visit.clockwork.at(person.added_at),
        signed_in: person.last_sign_in_at.map(|at| visit.clockwork.at(at)),
        fields: told(form.fields(words, &sites, wrong.faults), &wrong.both, &wrong.theirs, words),
        seen: form.seen.clone(),
        problem: wrong.problem,
        buttons: person_act::buttons(words, person, !sessions.is_empty(), last),
        sessions: sessions::lines(visit, &sessions),
        keys: Keys::of(visit, person.id, &format!("/preferences/people/{}", person.id.0)).await?,
        you: person.id == visit.person().id,
        last,
    })
}

/// Whether nobody else could administer. The store sees to it that there is always somebody; this tells beforehand.
pub(super) async fn is_last(visit: &Visit, person: &Person) -> Result<bool, Error> {
    let administers =
        |one: &Person| one.role == Role::Administrator && one.disabled_at.is_none() && one.has_password;
    let all = visit.pages.sources.store.people().await?;
    Ok(administers(person) && !all.iter().any(|other| other.id != person.id && administers(other)))
}

/// Changes who they are or what they may do, unless somebody else did meanwhile.
pub(super) async fn change(Path(id): Path<String>, Posted { visit, form }: Posted<PersonForm>) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    let person = match known(&visit, &id).await {
        Ok(person) => person,
        Err(error) => return not_here::of(&error, &visit),
    };
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let sites = person_form::sites(&sources.config().sites, Some(&person));
    let again = async |status, wrong| shown(&visit, status, &person, &form, wrong).await;
    let wanted = match form.read(words, &sites) {
        Ok(wanted) => wanted,
        Err(faults) => {
            return again(StatusCode::UNPROCESSABLE_ENTITY, Wrong { faults, ..Wrong::default() }).await;
        }
    };
    let (based_on, new) = (form.seen.clone(), wanted.clone());
    let apply = move |settings: &mut PersonSettings| {
        if seen(settings) == based_on {
            *settings = PersonSettings { language: settings.language.take(), ..new };
        }
    };
    let faults = match sources.store.change_person(person.id, apply, visit.actor(), visit.clockwork.now).await
    {
        Ok(changed) if seen(&changed.settings()) == seen(&wanted) => {
            let path =
                flash::told(&format!("/preferences/people/{}", person.id.0), Done::PersonChanged, None);
            return Redirect::to(&path).into_response();
        }
        Ok(changed) => {
            let problem = Some(words.t("person-changed-meanwhile"));
            let (form, both, theirs) = form.after(&changed);
            let wrong = Wrong { problem, both, theirs, ..Wrong::default() };
            return shown(&visit, StatusCode::CONFLICT, &changed, &form, wrong).await;
        }
        Err(Error::Exists(_)) => Faults { email: Some(words.t("email-taken")), ..Faults::default() },
        Err(Error::LastAdministrator) => {
            Faults { role: Some(words.t("last-administrator")), ..Faults::default() }
        }
        Err(error) => return not_here::of(&error, &visit),
    };
    again(StatusCode::UNPROCESSABLE_ENTITY, Wrong { faults, ..Wrong::default() }).await
}
