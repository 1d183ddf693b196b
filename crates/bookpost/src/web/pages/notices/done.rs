//! An upload that was run already.

use store::{Error, RunId};

use crate::{app::exports::ExportId, web::pages::visit::Visit};

use super::sums::Sums;

/// The run that an upload had, if it was not cut short and this person may see it.
pub(super) async fn run_of(visit: &Visit, id: &ExportId) -> Result<Option<RunId>, Error> {
    let sources = &visit.pages.sources;
    let Some(last) = sources.notices.runs_before(id).await?.last else { return Ok(None) };
    let run = sources.store.run(last).await?;
    let is_theirs = Sums::of(visit, &run).await?.is_theirs(visit, &run);
    Ok((is_theirs && !sources.notices.is_cut_short(&run)).then_some(last))
}
