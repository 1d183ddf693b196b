//! The queue: all mail, the newest first, in pages.

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use store::{Error, Filter, Move, Selection};

use super::{
    decide::{Button, ORDER, buttons},
    field::Choice,
    frame::{Frame, Place, page},
    not_here,
    row::{Line, moves, site_name},
    visit::Visit,
    wanted::{STATES, Wanted, state},
};
use crate::identity::Permission;

/// Lines of a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    f: Frame,
    wanted: Wanted,
    states: Vec<Choice>,
    sites: Vec<Choice>,
    programs: Vec<Choice>,
    /// Why nothing could be looked for.
    problem: Option<String>,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    /// What can be done with lines of this page.
    selected: Vec<Button>,
    /// What can be done with all that is like this.
    all: Vec<Button>,
    narrow: bool,
    /// Who sees no addresses in full could find them out by looking for them.
    may_look_for_address: bool,
    /// There is no mail at all.
    empty: bool,
}

/// A page of the queue.
pub(super) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Response {
    match queue(&visit, Wanted::in_query(query.as_deref())).await {
        Ok(queue) => page(&queue),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// A tag may be one.
fn asks_for_an_address(filter: &Filter) -> bool {
    filter.address.is_some() || filter.tag.as_ref().is_some_and(|tag| tag.contains('@'))
}

async fn queue(visit: &Visit, wanted: Wanted) -> Result<Queue, Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    let (rows, problem) = match wanted.filter(&visit.clockwork.zone) {
        Ok(filter) if asks_for_an_address(&filter) && !visit.may(Permission::SeeAddresses) => {
            (Vec::new(), Some(words.with("queue-bad-filter", &[("what", &words.t("no-addresses"))])))
        }
        Ok(mut filter) => {
            filter.sites = visit.sites();
            (store.list(filter, wanted.after(), PAGE + 1).await?, None)
        }
        Err(what) => (Vec::new(), Some(words.with("queue-bad-filter", &[("what", &words.t(what))]))),
    };
    let paused = store.paused().await?.is_some();
    let page = rows.iter().take(PAGE);
    let next =
        page.clone().next_back().filter(|_| rows.len() > PAGE).map(|row| wanted.path(Some(row.recipient)));
    let lines: Vec<_> =
        page.clone().filter(|row| visit.may_see(row)).map(|row| Line::of(visit, row, paused)).collect();
    let mut can: Vec<Move> =
        page.filter(|row| visit.may_decide(row)).flat_map(|row| moves(row.state)).copied().collect();
    can.sort_unstable_by_key(|wish| ORDER.iter().position(|known| known == wish));
    can.dedup();
    let all = match wanted.all().filter(|_| visit.may_decide_all() && !lines.is_empty()) {
        Some(Selection::State(state)) => buttons(words, moves(state)),
        Some(Selection::Run(_)) => buttons(words, &can),
        _ => Vec::new(),
    };
    Ok(Queue {
        f: Frame::around(visit, Place::Queue).await?,
        states: states(visit, &wanted),
        sites: sites(visit, &wanted),
        programs: programs(visit, &wanted).await?,
        problem,
        empty: lines.is_empty() && wanted == Wanted::default(),
        lines,
        older: next,
        newest: wanted.after.map(|_| wanted.path(None)),
        selected: buttons(words, &can),
        all,
        narrow: wanted.is_narrow(),
        may_look_for_address: visit.may(Permission::SeeAddresses),
        wanted,
    })
}

fn states(visit: &Visit, wanted: &Wanted) -> Vec<Choice> {
    let choice = |(name, state): (&str, _)| Choice {
        value: name.to_owned(),
        text: visit.words().state(state),
        chosen: wanted.state == name,
    };
    STATES.into_iter().map(choice).collect()
}

fn sites(visit: &Visit, wanted: &Wanted) -> Vec<Choice> {
    let limited = visit.sites();
    let config = visit.pages.sources.config();
    let theirs = config.sites.iter().filter(|site| limited.is_empty() || limited.contains(&site.code));
    let choice = |code: &String| Choice {
        value: code.clone(),
        text: site_name(visit, code),
        chosen: wanted.site == *code,
    };
    theirs.map(|site| choice(&site.code)).collect()
}

async fn programs(visit: &Visit, wanted: &Wanted) -> Result<Vec<Choice>, Error> {
    let known = visit.pages.sources.store.applications().await?;
    let choice =
        |name: &str| Choice { value: name.to_owned(), text: name.to_owned(), chosen: wanted.program == name };
    Ok(known.readable.iter().map(|application| choice(&application.name.to_string())).collect())
}

impl Queue {
    fn title(&self) -> String {
        let state = state(&self.wanted.state).map(|state| self.f.words.state(state));
        let queue = self.f.words.t("queue-title");
        state.map_or_else(|| queue.clone(), |state| format!("{queue}: {state}"))
    }

    /// For whoever does not see which line a box stands in.
    fn select(&self, line: &Line) -> String {
        self.f.words.with("queue-select", &[("subject", &format!("{}, {}", line.subject, line.to))])
    }
}
