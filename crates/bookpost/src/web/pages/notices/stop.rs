//! A run is stopped: what has not left does not leave any more.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use store::{Deed, Error, NewAudit, State};

use super::{may_run, run::known};
use crate::{
    cli::control::{QueueRequest, Reply},
    web::pages::{
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        sign_in::Nothing,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "notices_stop.html")]
struct Sure {
    f: Frame,
    id: i64,
    question: String,
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
    Ok(Sure {
        f: Frame::around(visit, Place::Notices).await?,
        id: run.id.0,
        question: words.count("stop-question", not_left.iter().sum::<u64>() + in_line),
        under_way: visit.pages.sources.notices.is_under_way(run.id),
        gone: words.count("stop-gone", gone),
    })
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
    let (who, about) = (visit.actor(), format!("run {}", run.id.0));
    let line = move |reply: &Reply| {
        let Reply::Moved(moved) = reply else { return None };
        let new = Some(format!("cancel: {}", moved.moved));
        Some(NewAudit { who, what: Deed::MailDecided, about, old: None, new })
    };
    let (notices, decisions) = (sources.notices.clone(), sources.decisions.clone());
    let (id, sites) = (run.id, visit.sites());
    // Whoever asked may go away: what was begun comes to its end.
    let done = tokio::spawn(async move {
        let (selection, action, withdrawn) = notices.stop(id, sites).await;
        let done = decisions.carry_out_noted(QueueRequest::Move { selection, action }, line).await;
        drop(withdrawn);
        done
    });
    let Ok(done) = done.await else { return not_here::of(&Error::Closed, &visit) };
    match done {
        (Reply::Moved(moved), _) => {
            let path = format!("/notices/runs/{}", run.id.0);
            Redirect::to(&flash::told(&path, Done::RunStopped, Some((moved.moved, 0)))).into_response()
        }
        (reply, _) => not_here::undone(&reply, visit.words()),
    }
}
