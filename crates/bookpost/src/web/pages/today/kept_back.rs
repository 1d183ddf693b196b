//! Of what is set aside, what somebody decided to keep back: who, when, and where that is undone.

use store::{Error, Filter, Row, State};

use super::super::visit::Visit;
use crate::app::deciders::{Deciders, decided_at};

/// So many of the newest are looked at.
const LOOKED: usize = 100;
/// So many decisions are named.
const NAMED: usize = 3;

/// A sentence for each of the newest decisions, and what can be done; none where nobody decided anything.
pub(super) async fn read(visit: &Visit) -> Result<Vec<String>, Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    let filter = Filter { state: Some(State::Held), sites: visit.sites(), ..Filter::default() };
    let rows = store.part(filter, None, LOOKED).await?.rows;
    let mut decided: Vec<_> = rows.iter().filter_map(|row| Some((decided_at(row)?, row))).collect();
    if decided.is_empty() {
        return Ok(Vec::new());
    }
    decided.sort_by_key(|(at, row)| (std::cmp::Reverse(*at), row.recipient));
    let deciders = Deciders::of(store, decided.iter().map(|(at, _)| *at).collect()).await?;
    let together = decided.chunk_by(|(one, _), (other, _)| one == other);
    let mut all: Vec<_> = together.take(NAMED).map(|these| said(visit, these, &deciders)).collect();
    let theirs = decided.iter().any(|(_, row)| visit.may_decide(row.site.as_deref()));
    all.push(words.t(if theirs { "to-do-kept-back-undo" } else { "to-do-kept-back-ask" }));
    Ok(all)
}

/// Of what was decided at one instant.
fn said(visit: &Visit, these: &[(jiff::Timestamp, &Row)], deciders: &Deciders) -> String {
    let words = visit.words();
    let Some((at, first)) = these.first() else { return String::new() };
    let count = u64::try_from(these.len()).unwrap_or(u64::MAX);
    let (mails, when) = (words.count("n-mails", count), visit.clockwork.lately_within(*at));
    match deciders.of_row(first).map(|who| words.actor(who)) {
        Some(who) => words.with("to-do-kept-back-by", &[("mails", &mails), ("who", &who), ("when", &when)]),
        None => words.with("to-do-kept-back", &[("mails", &mails), ("when", &when)]),
    }
}
