//! Overdue notices: the export goes in, it is looked through, and it is run.

mod again;
mod check;
mod columns;
mod csv;
mod detail;
mod done;
mod last;
mod mail;
mod nameless;
mod names;
mod pending;
mod run;
mod saved;
mod send;
mod stop;
mod sums;
mod unread;
mod upload;

pub(super) use self::{
    again::{ask as ask_again, send as send_again},
    check::show as check,
    columns::{meaning, routes as routes_of_columns},
    csv::{MARK, download, line},
    last::{LastRun, Lately},
    mail::{framed, show as mail},
    nameless::routes as routes_of_nameless,
    names::{CAN_STILL, show as names},
    pending::{OfRun, Pending},
    run::show as run,
    saved::{name as saved_name, routes as routes_of_saved},
    send::{forget, samples, send},
    stop::{ask as ask_stop, stop},
    sums::Large,
    upload::{Uploads, hear_out, take as upload, text},
};

use askama::Template;
use axum::{http::StatusCode, response::Response};
use percent_encoding::utf8_percent_encode;
use store::{Error, PersonId, Role, Run};

use self::{check::runnable, sums::Sums};
use super::{
    field::Choice,
    frame::{Frame, Place, page_as},
    not_here,
    visit::Visit,
    wanted::RESERVED,
    when::At,
    words::Words,
};
use crate::{
    app::{
        exports::{ExportId, MOST_BYTES, MOST_OF_ONE, Uploaded},
        notice_run::Options,
    },
    notices::{import::LARGEST_WORKBOOK, saved::USUAL},
};

/// Runs on the list.
const RUNS: usize = 20;

#[derive(Template)]
#[template(path = "notices.html")]
struct Notices {
    f: Frame,
    may_run: bool,
    /// Why an upload was not taken.
    problem: Option<String>,
    uploads: Vec<(String, Uploaded, At)>,
    /// Those that can be run over it, where there are several.
    choices: Vec<Choice>,
    /// None is switched on.
    none_is_on: bool,
    runs: Vec<Line>,
}

/// A run on the list.
struct Line {
    id: i64,
    source: String,
    at: At,
    by: String,
    practice: bool,
    standing: String,
    tone: &'static str,
}

/// The page.
pub(super) async fn show(visit: Visit) -> Response {
    answered(&visit, StatusCode::OK, None).await
}

async fn answered(visit: &Visit, status: StatusCode, problem: Option<String>) -> Response {
    match notices(visit, problem).await {
        Ok(notices) => page_as(status, &notices),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn notices(visit: &Visit, problem: Option<String>) -> Result<Notices, Error> {
    let sources = &visit.pages.sources;
    let mut runs = Vec::new();
    for run in sources.store.runs_begun(RUNS).await? {
        let sums = Sums::of(visit, &run).await?;
        if sums.is_theirs(visit, &run) {
            runs.push(run_line(visit, &run, &sums));
        }
    }
    let (exports, person) = (sources.notices.exports.clone(), visit.person().id);
    let uploads = if may_run(visit) { on_disk(move || exports.of(person)).await? } else { Vec::new() };
    let upload = |(id, facts): (ExportId, Uploaded)| {
        let at = visit.clockwork.at(facts.at);
        (id.text().to_owned(), facts, at)
    };
    let choices = runnable(visit, asked_for(visit).as_deref().unwrap_or(USUAL)).await?;
    Ok(Notices {
        f: Frame::around(visit, Place::Notices).await?,
        may_run: may_run(visit),
        problem,
        none_is_on: choices.is_empty(),
        choices,
        uploads: uploads.into_iter().map(upload).collect(),
        runs,
    })
}

/// The slug of a notice in the address of a page.
fn asked_for(visit: &Visit) -> Option<String> {
    let query = visit.path().split_once('?').map(|(_, query)| query);
    Some(Options::in_query(query).notice).filter(|slug| !slug.is_empty() && slug != USUAL)
}

fn run_line(visit: &Visit, run: &Run, sums: &Sums) -> Line {
    let words = visit.words();
    let notices = &visit.pages.sources.notices;
    let (standing, tone) = if notices.is_cut_short(run) {
        (words.t("run-line-cut-short"), "look")
    } else {
        (sums.sentence(words), if sums.wants_a_look() { "look" } else { "well" })
    };
    Line {
        id: run.id.0,
        source: run.source.clone(),
        at: visit.clockwork.at(run.started_at),
        by: begun_by(visit, run),
        practice: run.practice,
        standing,
        tone,
    }
}

/// Who began it, as far as it was a person.
fn begun_by(visit: &Visit, run: &Run) -> String {
    let words = visit.words();
    run.begun_by.as_ref().map_or_else(|| words.t("run-by-program"), |who| words.actor(who))
}

impl Notices {
    fn hint(&self) -> String {
        let workbook = (LARGEST_WORKBOOK >> 20).to_string();
        self.f.words.count_with("upload-hint", MOST_BYTES >> 20, &[("workbook", &workbook)])
    }

    /// Which of the uploads goes for a further one.
    fn full(&self) -> Option<String> {
        let (_, oldest, _) = self.uploads.get(MOST_OF_ONE - 1)?;
        let most = self.f.words.number(MOST_OF_ONE as u64);
        Some(self.f.words.with("uploads-full", &[("n", &most), ("name", &oldest.name)]))
    }

    fn uploaded(&self, at: &At) -> String {
        self.f.words.with("uploads-at", &[("when", &at.text)])
    }

    /// For whoever does not see which line a button stands in.
    fn forget(&self, one: &Uploaded) -> String {
        self.f.words.with("uploads-forget-one", &[("name", &one.name)])
    }

    fn run(&self, line: &Line) -> String {
        title(self.f.words, line.id)
    }
}

/// What a run is called.
fn title(words: &Words, id: i64) -> String {
    words.with("run-title", &[("id", &id.to_string())])
}

/// Whether they run notices of the libraries that are theirs.
fn may_run(visit: &Visit) -> bool {
    visit.may_run_theirs()
}

/// An upload, for whoever made it and for administrators; for anybody else there is none.
async fn theirs(visit: &Visit, id: &str) -> Result<(ExportId, Uploaded), Response> {
    if !may_run(visit) {
        return Err(not_here::not_allowed(visit.words()));
    }
    let Some(id) = ExportId::named(id) else { return Err(not_here::not_found(visit.words())) };
    let (exports, wanted) = (visit.pages.sources.notices.exports.clone(), id.clone());
    let facts = on_disk(move || exports.facts(&wanted)).await.map_err(|error| not_here::of(&error, visit))?;
    let is_theirs = |by: PersonId| by == visit.person().id || visit.person().role == Role::Administrator;
    match facts.filter(|facts| is_theirs(facts.by)) {
        Some(facts) => Ok((id, facts)),
        None => Err(not_here::not_found(visit.words())),
    }
}

/// The disk may be slow: others are answered meanwhile.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    done.map_err(|error| Error::Internal(error.to_string()))
}

/// The address of a page about an upload, with what was settled about the file and more.
fn path(id: &str, page: &str, options: &Options, more: &str) -> String {
    let given =
        given(options).map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, RESERVED)));
    let query: Vec<_> = given.chain((!more.is_empty()).then(|| more.to_owned())).collect();
    let sign = if query.is_empty() { "" } else { "?" };
    format!("/notices/check/{id}{page}{sign}{}", query.join("&"))
}

/// What was settled, as fields of a form.
fn fields(options: &Options) -> Vec<(&'static str, String)> {
    given(options).map(|(name, value)| (name, value.clone())).collect()
}

fn given(options: &Options) -> impl Iterator<Item = (&'static str, &String)> {
    let all = [
        ("dates", &options.dates),
        ("encoding", &options.encoding),
        ("sheet", &options.sheet),
        ("site", &options.site),
        ("columns", &options.columns),
        ("notice", &options.notice),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty())
}
