//! An old export waits in the drop folder until somebody says that it is the right one.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Alarm;

use super::{
    super::{
        flash::{self, Done},
        form::Posted,
        not_here,
        visit::Visit,
    },
    to_do::{ToDo, for_it},
};
use crate::{app::drop_folder, cli::control::Reply, identity::Permission};

#[derive(Deserialize)]
pub(in crate::web::pages) struct Wanted {
    export: String,
}

/// `None`: the alarm is about something else. What lies in the drop folder is of all libraries.
pub(super) fn to_do(visit: &Visit, alarm: &Alarm) -> Option<ToDo> {
    let (words, name) = (visit.words(), drop_folder::of_old(alarm)?);
    let may = visit.may(Permission::RunNotices(None));
    Some(ToDo {
        title: words.with("to-do-old-export", &[("name", name)]),
        what: vec![words.t("to-do-old-export-why"), words.t("to-do-old-export-do")],
        since: Some(visit.clockwork.at(alarm.started_at)),
        take: may.then(|| name.to_owned()),
        for_it: for_it(visit, alarm),
        ..ToDo::default()
    })
}

/// It is the right one.
pub(in crate::web::pages) async fn take(
    Posted { visit, form: Wanted { export } }: Posted<Wanted>,
) -> Response {
    if !visit.may(Permission::RunNotices(None)) {
        return not_here::not_allowed(visit.words());
    }
    let sources = &visit.pages.sources;
    let (config, now) = (sources.config(), visit.clockwork.now);
    let folder = &config.notices.drop_folder;
    match drop_folder::take(&sources.store, folder, &export, visit.actor(), now).await {
        Reply::ExportTaken(_) => Redirect::to(&flash::told("/", Done::ExportTaken, None)).into_response(),
        reply => not_here::undone(&reply, visit.words()),
    }
}
