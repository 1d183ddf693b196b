//! What is done with a person's account: what follows is said first, then it is done.

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use store::{Error, LinkPurpose, Person};

use super::{
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page_as},
    hand_over::Post,
    not_here,
    people::link,
    person::{is_last, known},
    visit::Visit,
    words::Words,
};
use crate::identity::Permission;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    Off,
    On,
    SignOut,
    Reset,
    Invite,
}

/// A way to do it.
pub(super) struct Button {
    /// For the address.
    pub(super) name: &'static str,
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    r#do: Act,
}

#[derive(Template)]
#[template(path = "person_act.html")]
struct Sure {
    f: Frame,
    id: i64,
    act: &'static str,
    question: String,
    consequence: String,
    /// How a link will come to them.
    post: Option<String>,
    button: String,
    final_: bool,
    /// It would be refused as things stand.
    impossible: bool,
    problem: Option<String>,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::SignOut => "sign_out",
            Self::Reset => "reset",
            Self::Invite => "invite",
        }
    }

    fn button(self, words: &Words) -> String {
        words.t(match self {
            Self::Off => "act-off",
            Self::On => "act-on",
            Self::SignOut => "act-sign-out",
            Self::Reset => "act-reset",
            Self::Invite => "act-invite",
        })
    }

    fn question(self, words: &Words, name: &str) -> String {
        let name = &[("name", name)];
        match self {
            Self::Off => words.with("act-off-sure", name),
            Self::On => words.with("act-on-sure", name),
            Self::SignOut => words.with("act-sign-out-sure", name),
            Self::Reset => words.with("act-reset-sure", name),
            Self::Invite => words.with("act-invite-sure", name),
        }
    }

    fn consequence(self, words: &Words) -> String {
        words.t(match self {
            Self::Off => "act-off-consequence",
            Self::On => "act-on-consequence",
            Self::SignOut => "act-sign-out-consequence",
            Self::Reset => "act-reset-consequence",
            Self::Invite => "act-invite-consequence",
        })
    }

    fn link(self) -> Option<LinkPurpose> {
        match self {
            Self::Reset => Some(LinkPurpose::Reset),
            Self::Invite => Some(LinkPurpose::Invitation),
            Self::Off | Self::On | Self::SignOut => None,
        }
    }
}

/// What can be done with this person as they stand.
pub(super) fn buttons(words: &Words, person: &Person, signed_in: bool, last: bool) -> Vec<Button> {
    let acts = match (person.disabled_at.is_some(), person.has_password) {
        (true, _) => &[Act::On][..],
        (false, true) => &[Act::Reset, Act::SignOut, Act::Off],
        (false, false) => &[Act::Invite, Act::Off],
    };
    let possible = |act: &&Act| match act {
        Act::SignOut => signed_in,
        Act::Off => !last,
        _ => true,
    };
    let button = |act: &Act| Button { name: act.name(), text: act.button(words) };
    acts.iter().filter(possible).map(button).collect()
}

/// Says what follows, and asks.
pub(super) async fn ask(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    let Ok(Asked { r#do: act }) = serde_html_form::from_str(query.as_deref().unwrap_or_default()) else {
        return not_here::not_found(visit.words());
    };
    let sure = async {
        let person = known(&visit, &id).await?;
        sure(&visit, &person, act, None).await
    };
    match sure.await {
        Ok(sure) => page_as(StatusCode::OK, &sure),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn sure(visit: &Visit, person: &Person, act: Act, problem: Option<String>) -> Result<Sure, Error> {
    let words = visit.words();
    let last = act == Act::Off && is_last(visit, person).await?;
    let post = match act.link() {
        Some(_) => Some(match Post::now(&visit.pages).await? {
            Ok(_) => words.with("link-will-be-mailed", &[("email", &person.email.to_string())]),
            Err(obstacle) => format!("{} {}", obstacle.words(words), words.t("link-will-be-shown")),
        }),
        None => None,
    };
    Ok(Sure {
        f: Frame::around(visit, Place::People).await?,
        id: person.id.0,
        act: act.name(),
        question: act.question(words, person.name.as_str()),
        consequence: act.consequence(words),
        post,
        button: act.button(words),
        final_: act == Act::Off,
        impossible: last,
        problem: problem.or_else(|| last.then(|| words.t("last-administrator"))),
    })
}

/// Does it.
pub(super) async fn carry_out(Path(id): Path<String>, Posted { visit, form }: Posted<Asked>) -> Response {
    if !visit.may(Permission::ManagePeople) {
        return not_here::not_allowed(visit.words());
    }
    let person = match known(&visit, &id).await {
        Ok(person) => person,
        Err(error) => return not_here::of(&error, &visit),
    };
    let problem = match done(&visit, &person, form.r#do).await {
        Ok(response) => return response,
        Err(Error::LastAdministrator) => "last-administrator",
        // It was switched off, or has come in, meanwhile.
        Err(Error::Exists(_) | Error::NotFound(_)) => "person-changed-meanwhile",
        Err(error) => return not_here::of(&error, &visit),
    };
    match sure(&visit, &person, form.r#do, Some(visit.words().t(problem))).await {
        Ok(sure) => page_as(StatusCode::CONFLICT, &sure),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn done(visit: &Visit, person: &Person, act: Act) -> Result<Response, Error> {
    let (store, who, now) = (&visit.pages.sources.store, visit.actor(), visit.clockwork.now);
    let done = match act {
        Act::Off => store.disable_person(person.id, who, now).await.map(|_| Done::PersonOff)?,
        Act::On => store.enable_person(person.id, who, now).await.map(|_| Done::PersonOn)?,
        Act::SignOut => {
            store.end_sessions_of(person.id, None, who, now).await.map(|_| Done::PersonSignedOut)?
        }
        Act::Reset | Act::Invite => {
            let (purpose, sent) = match act {
                Act::Reset => (LinkPurpose::Reset, Done::ResetSent),
                _ => (LinkPurpose::Invitation, Done::InvitationSent),
            };
            match link(visit, person, purpose).await? {
                Some(shown) => return Ok(shown),
                None => sent,
            }
        }
    };
    let path = format!("/preferences/people/{}", person.id.0);
    Ok(Redirect::to(&flash::told(&path, done, None)).into_response())
}
