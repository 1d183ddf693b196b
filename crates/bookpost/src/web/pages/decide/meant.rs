//! What a decision is about: who may decide it, and how it is shown before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};
use store::{Error, Filter, MessageId, Move, RecipientId, Selection, State};

use super::{Decision, moves};
use crate::web::pages::{
    row,
    visit::Visit,
    wanted::{Wanted, state},
};

/// Messages whose subjects are shown before something is done with them.
const NAMED: usize = 5;

/// What is meant, as far as it can be told before.
pub(super) struct Meant {
    pub(super) count: u64,
    /// How many are in which state, also of what cannot be decided about.
    pub(super) states: BTreeMap<State, u64>,
    /// There may be more: not everything was looked through.
    pub(super) or_more: bool,
    pub(super) named: Vec<String>,
    pub(super) unnamed: usize,
}

impl Decision {
    /// What is meant; nothing where nothing was said.
    pub(super) fn selection(&self, visit: &Visit) -> Option<Selection> {
        let zone = self.wanted.zone(&visit.pages.sources.config(), &visit.clockwork.zone);
        self.selected(&zone, visit.clockwork.now, visit.sites())
    }

    fn selected(&self, zone: &TimeZone, now: Timestamp, sites: BTreeSet<String>) -> Option<Selection> {
        if !self.id.is_empty() {
            return Some(Selection::Messages(self.id.iter().copied().map(MessageId).collect()));
        }
        let wanted = &self.wanted;
        let says_something = state(&wanted.state).is_some() || wanted.state.is_empty() && wanted.is_narrow();
        let filter = wanted.filter(zone, now).ok().filter(|_| says_something)?;
        let up_to = self.up_to.map(RecipientId);
        let decided_at = self.decided_at.map(Timestamp::from_microsecond).transpose().ok()?;
        Some(Selection::Matching(Box::new(Filter { sites, up_to, decided_at, ..filter })))
    }

    /// For the log.
    pub(super) fn about(&self) -> String {
        about(&self.id, &self.wanted, self.decided_at)
    }
}

/// What a decision is about, as the page of the log reads it: these messages, or without any all mail that is wanted; of that only what was
/// moved at this instant, where one is given.
pub(in crate::web) fn about<'a>(
    messages: impl IntoIterator<Item = &'a i64>,
    wanted: &Wanted,
    decided_at: Option<i64>,
) -> String {
    let ids: Vec<_> = messages.into_iter().map(ToString::to_string).collect();
    if !ids.is_empty() {
        return format!("message {}", ids.join(", "));
    }
    let path = wanted.path(None);
    let (_, query) = path.split_once('?').unwrap_or_default();
    let of = decided_at.map(|at| format!(" (moved before, at {at})")).unwrap_or_default();
    format!("all mail: {query}{of}")
}

/// With how many this can be done, of so many in each state.
pub(in crate::web) fn concerned(states: &BTreeMap<State, u64>, wish: Move) -> u64 {
    states.iter().filter(|(state, _)| moves(**state).contains(&wish)).map(|(_, count)| count).sum()
}

/// Whether this person decides about all that is meant. A message that they may not even see is as one that is not there; of all that is
/// like something, only what they see is meant.
pub(super) async fn allowed(visit: &Visit, selection: &Selection) -> Result<bool, Error> {
    let Selection::Messages(ids) = selection else { return Ok(visit.may_decide_theirs()) };
    let outlines = visit.pages.sources.store.outlines(ids).await?;
    let named: BTreeSet<_> = ids.iter().collect();
    if outlines.len() < named.len() || outlines.iter().any(|outline| !visit.may_see(outline.site.as_deref()))
    {
        return Err(Error::NotFound("message"));
    }
    Ok(outlines.iter().all(|outline| visit.may_decide(outline.site.as_deref())))
}

/// Of all that is like something, what comes later is not meant: up to which recipient it is asked about.
pub(super) async fn ends(visit: &Visit, selection: &mut Selection) -> Result<Option<i64>, Error> {
    let Selection::Matching(filter) = selection else { return Ok(None) };
    if filter.up_to.is_none() {
        let newest = visit.pages.sources.store.part((**filter).clone(), None, 1).await?;
        // Where nothing was found so far, it can only lie below.
        filter.up_to = newest.rows.first().map(|row| row.recipient).or(newest.next);
    }
    Ok(filter.up_to.map(|recipient| recipient.0))
}

/// How many are concerned, and what is meant.
pub(super) async fn meant(
    visit: &Visit,
    selection: &Selection,
    decision: &Decision,
    wish: Move,
) -> Result<Meant, Error> {
    let store = &visit.pages.sources.store;
    match selection {
        Selection::Messages(ids) => {
            let outlines = store.outlines(ids).await?;
            let mut states = BTreeMap::new();
            for (state, count) in outlines.iter().flat_map(|outline| &outline.states) {
                *states.entry(*state).or_default() += count;
            }
            let count = concerned(&states, wish);
            let mut named = Vec::new();
            for outline in outlines.iter().take(NAMED) {
                let recipients = store.show(outline.message).await?;
                let subject = row::subject(visit, &outline.subject);
                named.push(match recipients.first() {
                    Some((first, _)) => format!("{subject} · {}", row::address(visit, &first.to.address)),
                    None => subject,
                });
            }
            Ok(Meant { count, states, or_more: false, unnamed: outlines.len() - named.len(), named })
        }
        Selection::Matching(filter) => {
            let counted = store.count((**filter).clone()).await?;
            let named = described(visit, decision);
            let (count, states) = (concerned(&counted.states, wish), counted.states);
            Ok(Meant { count, states, or_more: counted.more, named, unnamed: 0 })
        }
        _ => Ok(Meant { count: 0, states: BTreeMap::new(), or_more: false, named: Vec::new(), unnamed: 0 }),
    }
}

/// All that is asked for, each with its name on the page of the queue.
fn described(visit: &Visit, decision: &Decision) -> Vec<String> {
    let (words, wanted) = (visit.words(), &decision.wanted);
    let state = state(&wanted.state).map(|state| words.state(state)).unwrap_or_default();
    let site = Some(&wanted.site).filter(|code| !code.is_empty());
    let site = site.map(|code| row::site_name(visit, code)).unwrap_or_default();
    let decided = decision.decided_at.and_then(|at| Timestamp::from_microsecond(at).ok());
    let decided = decided.map(|at| visit.clockwork.text(at)).unwrap_or_default();
    let asked = [
        (words.t("queue-state"), state),
        (words.t("selected-decided"), decided),
        (words.t("queue-site"), site),
        (words.t("queue-to"), wanted.to.clone()),
        (words.t("queue-subject"), wanted.subject.clone()),
        (words.t("queue-program"), wanted.program.clone()),
        (words.t("queue-run"), wanted.run.clone()),
        (words.t("queue-tag"), wanted.tag.clone()),
        (words.t("queue-since"), wanted.since.clone()),
        (words.t("queue-answered"), wanted.answered.clone()),
    ];
    let said = asked.into_iter().filter(|(_, value)| !value.trim().is_empty());
    std::iter::once(words.t("selected-all"))
        .chain(said.map(|(name, value)| format!("{name}: {value}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use store::RunId;

    use super::*;

    /// Nobody means everything by leaving something out, or more than they see.
    #[test]
    fn what_is_meant_is_said() {
        let main = BTreeSet::from(["MAIN".to_owned()]);
        let all = |filter| Some(Selection::Matching(Box::new(Filter { sites: main.clone(), ..filter })));
        let none = Filter::default();
        for (query, expected) in [
            ("id=3&id=4", Some(Selection::Messages(vec![MessageId(3), MessageId(4)]))),
            ("state=held", all(Filter { state: Some(State::Held), ..none.clone() })),
            ("run=7", all(Filter { run: Some(RunId(7)), ..none.clone() })),
            (
                "state=held&run=7&up_to=65536",
                all(Filter {
                    state: Some(State::Held),
                    run: Some(RunId(7)),
                    up_to: Some(RecipientId(65_536)),
                    ..none.clone()
                }),
            ),
            (
                "state=held&decided_at=1000000",
                all(Filter {
                    state: Some(State::Held),
                    decided_at: Some(Timestamp::from_second(1).unwrap()),
                    ..none.clone()
                }),
            ),
            ("site=EAST", all(Filter { site: Some("EAST".to_owned()), ..none.clone() })),
            ("to=@example.org", all(Filter { domain: Some("example.org".to_owned()), ..none })),
            ("", None),
            ("up_to=3", None),
            ("decided_at=3", None),
            ("state=no-such", None),
            ("state=no-such&run=7", None),
            ("run=x", None),
            ("state=held&to=x", None),
            ("id=3&state=held", Some(Selection::Messages(vec![MessageId(3)]))),
        ] {
            let decision: Decision = serde_html_form::from_str(query).unwrap();
            let selected = decision.selected(&TimeZone::UTC, Timestamp::UNIX_EPOCH, main.clone());
            assert_eq!(selected, expected, "{query}");
        }
    }
}
