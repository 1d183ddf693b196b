//! The pause of all sending: its begin and its end.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Error, PauseWhy};

use super::{
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page},
    not_here,
    sign_in::Nothing,
    visit::Visit,
};
use crate::{
    cli::control::{Failure, Older, Reply},
    config::Way,
    identity::Permission,
    preferences::is_old_since,
};

#[derive(Template)]
#[template(path = "sending.html")]
struct Sending {
    f: Frame,
    /// Since when it is paused.
    paused: Option<Timestamp>,
    since: String,
    /// Of a copy of the queue: when it was made.
    copy_of: Option<String>,
    /// Mail that is set aside.
    held: u64,
    /// Mails that have waited for long.
    old: u64,
    /// No way of sending is chosen.
    nothing_goes: bool,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    what: What,
    #[serde(default)]
    older: Option<Older>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Pause,
    Resume,
}

/// Says what follows, and asks.
pub(super) async fn ask(visit: Visit) -> Response {
    if !visit.may(Permission::PauseSending) {
        return not_here::not_allowed(visit.words());
    }
    match sending(&visit).await {
        Ok(sending) => page(&sending),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn sending(visit: &Visit) -> Result<Sending, Error> {
    let store = &visit.pages.sources.store;
    let pause = store.paused().await?;
    let paused = pause.map(|pause| pause.began_at);
    let copy_of = pause.and_then(|pause| match pause.why {
        PauseWhy::Restored { of } => Some(visit.clockwork.text(of)),
        PauseWhy::ByPerson | PauseWhy::OldMail => None,
    });
    let held = store.counts().await?.held;
    let old = match paused {
        Some(_) => store.waiting_since_before(is_old_since(visit.clockwork.now)).await?,
        None => 0,
    };
    let since = paused.map(|paused| visit.clockwork.text(paused)).unwrap_or_default();
    let nothing_goes = matches!(visit.pages.sources.config().sending.way, Way::None);
    Ok(Sending {
        f: Frame::around(visit, Place::Today).await?,
        paused,
        since,
        copy_of,
        held,
        old,
        nothing_goes,
    })
}

/// Does it.
pub(super) async fn carry_out(Posted { visit, form }: Posted<Asked>) -> Response {
    if !visit.may(Permission::PauseSending) {
        return not_here::not_allowed(visit.words());
    }
    let decisions = &visit.pages.sources.decisions;
    let nothing_goes = matches!(visit.pages.sources.config().sending.way, Way::None);
    let reply = match form.what {
        What::Pause => decisions.pause(visit.actor()).await,
        What::Resume => decisions.resume(form.older, visit.actor()).await,
    };
    let done = match reply {
        Reply::Paused(_) => Done::Paused,
        Reply::Resumed { .. } if nothing_goes => Done::ResumedInVain,
        Reply::Resumed { .. } => Done::Resumed,
        // It goes on already, or mail has come to wait for long meanwhile: the page asks again.
        Reply::Failed { failure: Failure::Usage, .. } => return Redirect::to("/sending").into_response(),
        reply => return not_here::undone(&reply, visit.words()),
    };
    Redirect::to(&flash::told("/", done, None)).into_response()
}

/// Asks the servers that are at fault whether they answer again.
pub(super) async fn probe(Posted { visit, form: Nothing {} }: Posted<Nothing>) -> Response {
    if !visit.may(Permission::ProbeServers) {
        return not_here::not_allowed(visit.words());
    }
    match visit.pages.sources.decisions.probe().await {
        Reply::Probing => Redirect::to(&flash::told("/", Done::Probing, None)).into_response(),
        reply => not_here::undone(&reply, visit.words()),
    }
}

impl Sending {
    fn title(&self) -> String {
        self.f.words.t(if self.paused.is_some() { "resume-title" } else { "pause-title" })
    }

    fn consequence(&self) -> String {
        match self.paused {
            Some(_) if self.nothing_goes => self.f.words.t("resume-nothing-goes"),
            Some(_) => self.f.words.with("resume-consequence", &[("since", &self.since)]),
            None => self.f.words.t("pause-consequence"),
        }
    }

    fn restored(&self, of: &str) -> String {
        self.f.words.with("resume-restored", &[("of", of)])
    }

    fn set_aside(&self) -> String {
        self.f.words.count("resume-held", self.held)
    }

    fn question(&self) -> String {
        self.f.words.count("resume-old", self.old)
    }

    /// What may become of it: the value, the words, and what follows.
    fn choices(&self) -> [(&'static str, String, String); 3] {
        [Older::Cancel, Older::Send, Older::Return].map(|older| {
            let key = format!("resume-old-{}", older.name());
            (older.name(), self.f.words.t(&key), self.f.words.t(&format!("{key}-hint")))
        })
    }
}
