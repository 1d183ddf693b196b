//! A run is stopped: what has not left does not leave any more.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use store::{Error, Filter, Run, State};

use super::{may_run, run::known, sums::Sums};
use crate::{
    cli::control::Reply,
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        sign_in::Nothing,
        visit::Visit,
    },
};

/// Of what was set aside, so much is read at once.
const AT_ONCE: usize = 500;

#[derive(Template)]
#[template(path = "notices_stop.html")]
struct Sure {
    f: Frame,
    id: i64,
    question: String,
    consequence: String,
    /// So many may have arrived, and what becomes of them.
    doubtful: Option<String>,
    under_way: bool,
    gone: String,
}

/// Says what follows, and asks.
pub(in crate::web::pages) async fn ask(visit: Visit, Path(id): Path<String>) -> Response {
    if !may_run(&visit) {
        return not_here::not_allowed(visit.words());
    }
    match sure(&visit, &id).await {
        Ok(sure) => page(&sure),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn sure(visit: &Visit, id: &str) -> Result<Sure, Error> {
    let (run, sums) = known(visit, id).await?;
    let words = visit.words();
    let all = |state| sums.state(state) + sums.copies(&[state]);
    let not_left = [State::Waiting, State::Held, State::InDoubt].map(all);
    let in_line = visit.pages.sources.notices.in_line(run.id, visit.sites());
    let gone = all(State::Delivered) + all(State::Practiced) + all(State::Sending).saturating_sub(in_line);
    let doubtful = doubtful(visit, &run, &sums).await?;
    Ok(Sure {
        f: Frame::around(visit, Place::Notices).await?,
        id: run.id.0,
        consequence: words.t(if doubtful > 0 { "stop-consequence-but" } else { "stop-consequence" }),
        doubtful: (doubtful > 0).then(|| words.count("stop-doubtful", doubtful)),
        question: words.count("stop-question", not_left.iter().sum::<u64>() + in_line),
        under_way: visit.pages.sources.notices.is_under_way(run.id),
        gone: words.count("stop-gone", gone),
    })
}

/// How many of those that would be cancelled may have arrived: they count as written, and the next run leaves them out.
async fn doubtful(visit: &Visit, run: &Run, sums: &Sums) -> Result<u64, Error> {
    let mut all = sums.state(State::InDoubt) + sums.copies(&[State::InDoubt]) + sums.waiting_in_doubt;
    if sums.state(State::Held) + sums.copies(&[State::Held]) == 0 {
        return Ok(all);
    }
    let held = Filter {
        run: Some(run.id),
        state: Some(State::Held),
        ever_in_doubt: true,
        sites: visit.sites(),
        ..Filter::default()
    };
    let mut after = None;
    loop {
        let part = visit.pages.sources.store.part(held.clone(), after, AT_ONCE).await?;
        all += u64::try_from(part.rows.len()).unwrap_or(u64::MAX);
        after = part.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Stops it.
pub(in crate::web::pages) async fn stop(
    Path(id): Path<String>,
    Posted { visit, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    if !may_run(&visit) {
        return not_here::not_allowed(visit.words());
    }
    let run = match known(&visit, &id).await {
        Ok((run, _)) => run,
        Err(error) => return not_here::of(&error, &visit),
    };
    let sources = &visit.pages.sources;
    let done = sources.decisions.stop_run(&sources.notices, run.id, visit.sites(), visit.actor()).await;
    match done {
        Ok(Reply::Moved(moved)) => {
            let path = format!("/notices/runs/{}", run.id.0);
            Redirect::to(&flash::told(&path, Done::RunStopped, Some((moved.moved, 0)))).into_response()
        }
        Ok(reply) => not_here::undone(&reply, visit.words()),
        Err(error) => not_here::of(&error, &visit),
    }
}
