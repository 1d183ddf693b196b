//! One's own account: name and language, the password, and where one is signed in.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use store::{Error, PersonName, PersonSettings, SessionId};

use super::{
    field::{Choice, Field, Kind},
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page_as},
    links::unfit,
    not_here,
    people::libraries,
    person_form::role,
    person_keys::Keys,
    sessions,
    sign_in::Peer,
    visit::Visit,
    words::Language,
};
use crate::identity::{SignInError, people::PasswordError};

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    f: Frame,
    email: String,
    role: String,
    libraries: String,
    own: Vec<Field>,
    password: Vec<Field>,
    problem: Option<String>,
    sessions: Vec<sessions::Line>,
    keys: Keys,
}

/// What is wrong with what was sent.
#[derive(Default)]
struct Wrong {
    name: Option<String>,
    present: Option<String>,
    new: Option<String>,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Own {
    name: String,
    #[serde(default)]
    speaks: String,
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    present: String,
    new: String,
}

#[derive(Deserialize)]
pub(super) struct Ended {
    /// None: all others.
    #[serde(default)]
    id: Option<i64>,
}

impl Account {
    /// For whoever does not see which line a button stands in.
    fn end(&self, one: &sessions::Line) -> String {
        self.f.words.with("session-end-that", &[("from", &one.from), ("since", &one.begun.text)])
    }
}

/// The page.
pub(super) async fn show(visit: Visit) -> Response {
    shown(&visit, StatusCode::OK, None, Wrong::default()).await
}

async fn shown(visit: &Visit, status: StatusCode, name: Option<String>, wrong: Wrong) -> Response {
    match account(visit, name, wrong).await {
        Ok(account) => page_as(status, &account),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn account(visit: &Visit, name: Option<String>, wrong: Wrong) -> Result<Account, Error> {
    let (words, person) = (visit.words(), visit.person());
    let sessions = visit.pages.sources.store.sessions_of(person.id, visit.clockwork.now).await?;
    let password = |name, label: &str, autocomplete, problem| {
        let field = Field::new(name, words.t(label)).kind(Kind::Password { kept: false });
        field.autocomplete(autocomplete).problem(problem).required()
    };
    Ok(Account {
        f: Frame::around(visit, Place::Account).await?,
        email: person.email.to_string(),
        role: role(words, person.role),
        libraries: libraries(visit, person),
        own: vec![
            Field::new("name", words.t("set-up-name"))
                .value(name.unwrap_or_else(|| person.name.to_string()))
                .autocomplete("name")
                .problem(wrong.name)
                .required(),
            Field::new("speaks", words.t("account-language")).kind(Kind::OneOf(languages(visit))),
        ],
        password: vec![
            password("present", "password-present", "current-password", wrong.present),
            password("new", "password-new", "new-password", wrong.new).hint(words.t("password-rule")),
        ],
        problem: wrong.problem,
        sessions: sessions::lines(visit, &sessions),
        keys: Keys::of(visit, person.id, "/account").await?,
    })
}

fn languages(visit: &Visit) -> Vec<Choice> {
    let chosen = visit.person().language.as_deref();
    let browser = visit.words().t("account-language-browser");
    let mut all = vec![Choice { value: String::new(), text: browser, chosen: chosen.is_none() }];
    all.extend(Language::ALL.map(|language| Choice {
        value: language.tag().to_owned(),
        text: language.own_name().to_owned(),
        chosen: chosen == Some(language.tag()),
    }));
    all
}

/// Another name or language.
pub(super) async fn change(Posted { visit, form }: Posted<Own>) -> Response {
    let Ok(name) = form.name.parse::<PersonName>() else {
        let wrong = Wrong { name: Some(visit.words().t("bad-name")), ..Wrong::default() };
        return shown(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(form.name), wrong).await;
    };
    let language = Language::named(&form.speaks).map(|language| language.tag().to_owned());
    let change = move |settings: &mut PersonSettings| {
        settings.name = name;
        settings.language = language;
    };
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    match store.change_person(visit.person().id, change, visit.actor(), now).await {
        Ok(_) => Redirect::to(&flash::told("/account", Done::AccountChanged, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// Another password; all other sessions are ended.
pub(super) async fn change_password(peer: Peer, Posted { visit, form }: Posted<NewPassword>) -> Response {
    let words = visit.words();
    let people = &visit.pages.sources.people;
    let error = match people.change_password(&visit.visitor, &form.present, &form.new, peer.address).await {
        Ok(()) => {
            return Redirect::to(&flash::told("/account", Done::PasswordChanged, None)).into_response();
        }
        Err(error) => error,
    };
    let mut wrong = Wrong::default();
    let status = match error {
        PasswordError::Wrong => {
            wrong.present = Some(words.t("password-present-wrong"));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        PasswordError::Unfit(why) => {
            wrong.new = Some(unfit(words, why));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        PasswordError::SignIn(SignInError::HeldUp { retry_at }) => {
            let wait = retry_at.duration_since(visit.clockwork.now).as_secs().max(1).unsigned_abs();
            wrong.problem = Some(words.count("sign-in-slow", wait));
            StatusCode::TOO_MANY_REQUESTS
        }
        PasswordError::SignIn(SignInError::Store(error)) => return not_here::of(&error, &visit),
        PasswordError::SignIn(_) => {
            wrong.problem = Some(words.t("sign-in-busy"));
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    shown(&visit, status, None, wrong).await
}

/// Ends one of one's own sessions, or all but this.
pub(super) async fn end_sessions(Posted { visit, form }: Posted<Ended>) -> Response {
    match ended(&visit, form.id).await {
        Ok(ended) => {
            let path = flash::told("/account", Done::SessionsEnded, Some((ended, 0)));
            Redirect::to(&path).into_response()
        }
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn ended(visit: &Visit, id: Option<i64>) -> Result<u64, Error> {
    let (store, now, person) = (&visit.pages.sources.store, visit.clockwork.now, visit.person().id);
    let Some(id) = id else {
        let this = Some(visit.visitor.session().id);
        return store.end_sessions_of(person, this, visit.actor(), now).await;
    };
    let own = store.sessions_of(person, now).await?;
    let session = own.iter().find(|session| session.id == SessionId(id)).ok_or(Error::NotFound("session"))?;
    Ok(store.end_session(session.id, visit.actor(), now).await?.map_or(0, |_| 1))
}
