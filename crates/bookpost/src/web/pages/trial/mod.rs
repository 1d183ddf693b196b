//! Test Server: a mail server tried as it is entered, before it is saved, each step shown as it is made.
//!
//! A trial belongs to the session that began it, lives in memory, and stands in the log when it ends. No page shows a password: those that
//! were typed are kept in memory for a while, so that the form can be gone back to with them.

mod arrived;
mod noted;
mod ports;
mod running;
mod wanted;
mod watch;

use std::sync::Arc;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use mail::{Address, smtp::client::Transaction};
use rand::RngExt as _;
use store::Error;
use tokio::sync::watch::Sender;

use self::{
    running::{Busy, Course, End},
    wanted::{Form, Unusable, Wanted},
};
use super::{
    field::{Choice, Field, Kind},
    form::Posted,
    frame::{Frame, Place, page_as},
    not_done::{self, NotDone},
    not_here,
    visit::Visit,
    words::Words,
};
use crate::{
    app::secret_dice,
    config::{Provider, Server},
    deliver::trial::{self, Asks, Trial},
    identity::Permission,
    preferences::{
        Refused,
        tested::{Tested, keeps_ids},
    },
};

pub(in crate::web) use self::noted::tried_and_noted;
pub(super) use self::{
    arrived::{advise, answer},
    ports::find,
    running::Trials,
    watch::{show, steps as told},
};

#[derive(Template)]
#[template(path = "trial.html")]
struct Asking {
    f: Frame,
    /// Which server; none: there is none yet.
    server: Option<Field>,
    to: Field,
    /// A library that the test message can come from is entered.
    has_library: bool,
    /// What is known of each server from tests before.
    known: Vec<String>,
    /// Why nothing was tested.
    problem: Option<String>,
    /// What is wrong with the settings.
    problems: Vec<NotDone>,
    /// The form of the preferences that was to be tested, to be gone back to.
    back: Option<Vec<(String, String)>>,
}

/// The page that asks.
pub(super) async fn ask(visit: Visit) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let (status, own) = (StatusCode::OK, visit.person().email.to_string());
    answered(&visit, status, &own, |_| ()).await
}

/// Begins a trial, and leads to where it can be watched.
pub(super) async fn start(Posted { visit, form }: Posted<Vec<(String, String)>>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let (form, words) = (Form::new(form, &visit), visit.words());
    let own = &visit.person().email;
    let shown = form.wished_to().map_or_else(|| own.to_string(), ToOwned::to_owned);
    let back = form.back(&visit);
    let Some(to) = form.to(own) else {
        let problem = Some(words.t("trial-bad-to"));
        return unfit(&visit, &shown, |asking| match back {
            // The form of the preferences has the field.
            Some(_) => (asking.problem, asking.back) = (problem, back),
            None => asking.to.problem = problem,
        })
        .await;
    };
    let wanted = match form.wanted(&visit.pages.sources.preferences).await {
        Ok(wanted) => wanted,
        Err(why) => return unusable(&visit, &shown, why, back).await,
    };
    let now = visit.clockwork.now;
    let Ok(letter) = trial::letter(&wanted.config, &to, now, secret_dice().random()) else {
        return unfit(&visit, &shown, |_| ()).await;
    };
    let server = Arc::clone(&wanted.server);
    let course = Course { server, to: Some(to), back: back.clone(), told: Vec::new(), end: None };
    match visit.pages.trials.begin(&visit.visitor, course, now) {
        Ok((id, course)) => {
            run(&visit, wanted, letter, course);
            Redirect::to(&format!("/preferences/test/{id}")).into_response()
        }
        Err(why) => busy(&visit, &shown, why, back).await,
    }
}

/// Makes the trial, whoever looks, and notes what came of it.
fn run(visit: &Visit, wanted: Wanted, letter: Transaction, course: Sender<Course>) {
    let (sources, who) = (visit.pages.sources.clone(), visit.actor());
    tokio::spawn(async move {
        let Wanted { server, config } = wanted;
        let trial = Trial::new(&server, &config.sending.ehlo_name, Some(letter), sources.clock.now());
        let trial = match server.sign_in {
            Some(provider) => trial.by_account(Asks::by(sources.accounts.renewed(provider))),
            None => trial,
        };
        let tell = |event| course.send_modify(|course| course.told.push(event));
        let (tried, noted) = tried_and_noted(&sources, who, trial, tell).await;
        let end = match (tried, noted) {
            (Ok(Ok(())), Ok(id)) => End::Passed(id),
            (Ok(Err(_)), Ok(_)) => End::Failed,
            (Err(error), _) => {
                tracing::warn!(%error, "a mail server could not be tested");
                End::Broken
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "the test of a mail server could not be noted");
                End::Broken
            }
        };
        course.send_modify(|course| course.end = Some(end));
    });
}

/// `server1` as people call it.
pub(super) fn called(words: &Words, server: &str) -> String {
    match Provider::named(server) {
        Some(provider) => provider.title().to_owned(),
        None => words.t(if server == "server2" { "trial-server-2" } else { "trial-server-1" }),
    }
}

async fn unfit(visit: &Visit, to: &str, change: impl FnOnce(&mut Asking)) -> Response {
    answered(visit, StatusCode::UNPROCESSABLE_ENTITY, to, change).await
}

async fn busy(visit: &Visit, to: &str, why: Busy, back: Option<Vec<(String, String)>>) -> Response {
    let problem = Some(visit.words().t(match why {
        Busy::Own => "trial-busy-own",
        Busy::Others => "trial-busy-others",
        Busy::Many => "trial-busy-many",
    }));
    let told = |asking: &mut Asking| (asking.problem, asking.back) = (problem, back);
    answered(visit, StatusCode::TOO_MANY_REQUESTS, to, told).await
}

async fn unusable(visit: &Visit, to: &str, why: Unusable, back: Option<Vec<(String, String)>>) -> Response {
    let problems = match why {
        Unusable::NoServer => {
            let problem = back.as_ref().map(|_| visit.words().t("trial-no-server"));
            let told = |asking: &mut Asking| {
                (asking.server, asking.problem, asking.back) = (None, problem, back);
            };
            return unfit(visit, to, told).await;
        }
        Unusable::Refused(Refused::Store(error)) => return not_here::of(&error, visit),
        Unusable::Refused(why) => not_done::refused(visit.words(), &why),
    };
    unfit(visit, to, |asking| (asking.problems, asking.back) = (problems, back)).await
}

async fn answered(visit: &Visit, status: StatusCode, to: &str, change: impl FnOnce(&mut Asking)) -> Response {
    match asking(visit, to).await {
        Ok(mut asking) => {
            change(&mut asking);
            page_as(status, &asking)
        }
        Err(error) => not_here::of(&error, visit),
    }
}

async fn asking(visit: &Visit, to: &str) -> Result<Asking, Error> {
    let (words, config) = (visit.words(), visit.pages.sources.config());
    let servers = &config.sending.servers;
    let mut known = Vec::new();
    for server in servers {
        known.extend(last(visit, server).await?);
    }
    let mut accounts = Vec::new();
    for set in &config.providers {
        if let Some(account) = visit.pages.sources.accounts.account(set.provider).await? {
            known.extend(last_by(visit, &set.server, &account.account).await?);
            accounts.push((set.provider, account));
        }
    }
    let choices = servers.iter().enumerate().map(|(at, server)| {
        let (name, port) = (called(words, &server.name), server.port.to_string());
        let parts = [("server", &*name), ("host", &server.host), ("port", &port)];
        let text = words.with("trial-server-place", &parts);
        Choice { value: (at + 1).to_string(), text, chosen: at == 0 }
    });
    let mut choices: Vec<_> = choices.collect();
    for (provider, account) in accounts {
        let parts = [("name", provider.title()), ("account", &*account.account)];
        let text = words.with("trial-account-place", &parts);
        choices.push(Choice { value: provider.name().to_owned(), text, chosen: choices.is_empty() });
    }
    let server = Field::new("server", words.t("trial-which"));
    let to = Field::new("to", words.t("trial-to")).kind(Kind::Line("email")).value(to).autocomplete("email");
    Ok(Asking {
        f: Frame::around(visit, Place::Email).await?,
        server: (!choices.is_empty()).then(|| server.kind(Kind::OneOf(choices))),
        to: to.hint(words.t("trial-to-hint")).required(),
        has_library: config.sender().is_some(),
        known,
        problem: None,
        problems: Vec::new(),
        back: None,
    })
}

/// What the last good test of this server showed.
async fn last(visit: &Visit, server: &Server) -> Result<Option<String>, Error> {
    let Some(tested) = Tested::last(&visit.pages.sources.store, server).await? else { return Ok(None) };
    let key = if tested.arrived { "trial-known-arrived" } else { "trial-known-accepted" };
    let (words, when) = (visit.words(), visit.clockwork.text(tested.at));
    let said = words.with(key, &[("when", &when), ("who", &words.actor(&tested.by))]);
    Ok(Some(format!("{}: {said}", called(words, &server.name))))
}

/// The same of an account, and whether its service leaves mail the Message-ID.
async fn last_by(visit: &Visit, server: &Server, account: &str) -> Result<Vec<String>, Error> {
    let (store, words) = (&visit.pages.sources.store, visit.words());
    let ids = keeps_ids(store, server, account).await?.filter(|_| server.service.is_some());
    let ids = ids.map(|keeps| words.t(if keeps { "trial-found-id-kept" } else { "trial-found-id-changed" }));
    let ids = ids.map(|ids| format!("{}: {ids}", called(words, &server.name)));
    Ok(last(visit, server).await?.into_iter().chain(ids).collect())
}

/// An address to write in a page.
fn shown(to: Option<&Address>) -> String {
    to.map(ToString::to_string).unwrap_or_default()
}
