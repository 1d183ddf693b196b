//! An upload that was run already.

use store::{Error, RunId};

use crate::{app::exports::ExportId, web::pages::visit::Visit};

use super::{may_run, sums::Sums};

/// The run that an upload had, if it was not cut short and this person may see it.
pub(super) async fn run_of(visit: &Visit, id: &str) -> Result<Option<RunId>, Error> {
    let sources = &visit.pages.sources;
    let Some(id) = ExportId::named(id).filter(|_| may_run(visit)) else { return Ok(None) };
    let Some(run) = sources.notices.runs_before(&id).await?.run else { return Ok(None) };
    let run = sources.store.run(run).await?;
    let is_theirs = Sums::of(visit, &run).await?.is_theirs(visit, &run);
    Ok(is_theirs.then_some(run.id))
}
