//! Who may sign in: the list, and somebody new.

use std::collections::HashMap;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use store::{Error, LinkPurpose, Person, PersonId, Role};

use super::{
    field::Field,
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page, page_as},
    hand_over, not_here,
    person_form::{self, Faults, PersonForm},
    row::site_name,
    visit::Visit,
    when::At,
};
use crate::identity::Permission;

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    f: Frame,
    lines: Vec<Line>,
    /// Nobody but whoever reads this.
    alone: bool,
}

struct Line {
    id: i64,
    name: String,
    email: String,
    role: String,
    libraries: String,
    seen: Option<At>,
    state: Option<String>,
    you: bool,
}

#[derive(Template)]
#[template(path = "person_new.html")]
struct New {
    f: Frame,
    fields: Vec<Field>,
    /// Why the invitation will not be mailed.
    obstacle: Option<String>,
    not_saved: bool,
}

impl People {
    fn path(&self) -> String {
        self.f.words.with("setup-path", &[("page", &self.f.t("nav-people"))])
    }
}

/// The list.
pub(super) async fn show(visit: Visit) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    match people(&visit).await {
        Ok(people) => page(&people),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn people(visit: &Visit) -> Result<People, Error> {
    let store = &visit.pages.sources.store;
    let mut seen: HashMap<PersonId, Timestamp> = HashMap::new();
    for session in store.sessions(visit.clockwork.now).await? {
        let last = seen.entry(session.person).or_insert(session.seen_at);
        *last = session.seen_at.max(*last);
    }
    let all = store.people().await?;
    let line = |person: &Person| Line {
        id: person.id.0,
        name: person.name.to_string(),
        email: person.email.to_string(),
        role: person_form::role(visit.words(), person.role),
        libraries: libraries(visit, person),
        seen: seen.get(&person.id).copied().max(person.last_sign_in_at).map(|at| visit.clockwork.at(at)),
        state: state(visit, person),
        you: person.id == visit.person().id,
    };
    let lines = all.iter().map(line).collect();
    Ok(People { f: Frame::around(visit, Place::People).await?, lines, alone: all.len() < 2 })
}

/// Whose mail they see.
pub(super) fn libraries(visit: &Visit, person: &Person) -> String {
    if person.sites.is_empty() || person.role == Role::Administrator {
        return visit.words().t("libraries-all");
    }
    let names: Vec<_> = person.sites.iter().map(|code| site_name(visit, code)).collect();
    names.join(", ")
}

/// Why they are not in; `None`: they are, or could be.
pub(super) fn state(visit: &Visit, person: &Person) -> Option<String> {
    match person.disabled_at {
        Some(at) => {
            let since = visit.clockwork.text(at);
            Some(visit.words().with("person-off-since", &[("since", &since)]))
        }
        None if !person.has_password => Some(visit.words().t("person-invited")),
        None => None,
    }
}

/// The form for somebody new.
pub(super) async fn ask(visit: Visit) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    asked(&visit, StatusCode::OK, &PersonForm::new(), None).await
}

async fn asked(visit: &Visit, status: StatusCode, form: &PersonForm, faults: Option<Faults>) -> Response {
    let new = async {
        let sites = person_form::sites(&visit.pages.sources.config().sites, None);
        let (not_saved, words) = (faults.is_some(), visit.words());
        let obstacle = hand_over::Post::now(&visit.pages).await?.err();
        Ok::<_, Error>(New {
            f: Frame::around(visit, Place::People).await?,
            fields: form.fields(words, &sites, faults.unwrap_or_default()),
            obstacle: obstacle.map(|obstacle| obstacle.words(words)),
            not_saved,
        })
    };
    match new.await {
        Ok(new) => page_as(status, &new),
        Err(error) => not_here::of(&error, visit),
    }
}

/// Adds somebody, and invites them.
pub(super) async fn add(Posted { visit, form }: Posted<PersonForm>) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let again = async |faults| asked(&visit, StatusCode::UNPROCESSABLE_ENTITY, &form, Some(faults)).await;
    let settings = match form.read(words, &person_form::sites(&sources.config().sites, None)) {
        Ok(settings) => settings,
        Err(faults) => return again(faults).await,
    };
    let person = match sources.store.add_person(settings, visit.actor(), visit.clockwork.now).await {
        Ok(person) => person,
        Err(Error::Exists(_)) => {
            return again(Faults { email: Some(words.t("email-taken")), ..Faults::default() }).await;
        }
        Err(error) => return not_here::of(&error, &visit),
    };
    match link(&visit, &person, LinkPurpose::Invitation).await {
        Ok(Some(shown)) => shown,
        Ok(None) => {
            Redirect::to(&flash::told("/preferences/people", Done::PersonAdded, None)).into_response()
        }
        Err(error) => not_here::of(&error, &visit),
    }
}

/// Makes a link and mails it; where that cannot be, the page that shows it.
pub(super) async fn link(
    visit: &Visit,
    person: &Person,
    purpose: LinkPurpose,
) -> Result<Option<Response>, Error> {
    let made = visit.pages.sources.people.make_link(purpose, Some(person.id), visit.actor()).await?;
    match hand_over::mail(visit, person, purpose, &made).await? {
        Ok(()) => Ok(None),
        Err(obstacle) => hand_over::show(visit, person, purpose, &made, obstacle).await.map(Some),
    }
}
