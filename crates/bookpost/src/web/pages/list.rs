//! The queue: all mail, the newest first, in pages.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use store::{Counted, Error, Filter, Part, State};

use super::{
    decide::{Button, buttons, possible},
    field::Choice,
    frame::{Frame, Place, page},
    not_here,
    row::{self, Flow, Line, site_name},
    visit::Visit,
    wanted::{OF_NONE, STATES, Wanted, state},
};
use crate::{
    app::deciders::{Deciders, decided_at},
    identity::Permission,
};

/// Lines of a page.
const PAGE: usize = 50;

/// How much of what was asked for is in one state.
struct Count {
    number: String,
    text: String,
    href: String,
    here: bool,
}

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
    counts: Vec<Count>,
    /// They are of the newest only.
    counts_end: bool,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    /// It was looked through so much mail that the page ends here, in words.
    looked_back_to: Option<String>,
    /// What can be done with lines of this page.
    selected: Vec<Button>,
    /// What can be done with all that is like this.
    all: Vec<Button>,
    /// The newest that is shown: what comes later is not meant by what is decided on this page.
    up_to: Option<i64>,
    narrow: bool,
    /// Who sees no addresses in full could find them out by looking for them.
    may_look_for_address: bool,
    /// There is no mail at all.
    empty: bool,
}

/// A page of the queue.
pub(super) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let wanted = Wanted::in_query(query.as_deref());
    if let Some(Ok(number)) = wanted.number() {
        return Redirect::to(&format!("/queue/{number}")).into_response();
    }
    match queue(&visit, wanted).await {
        Ok(queue) => page(&queue),
        Err(error) => not_here::of(&error, &visit),
    }
}

/// What is looked for; what cannot be is named by its key in the words.
fn filter(visit: &Visit, wanted: &Wanted) -> Result<Filter, &'static str> {
    wanted.number().transpose()?;
    let zone = wanted.zone(&visit.pages.sources.config(), &visit.clockwork.zone);
    let filter = wanted.filter(&zone, visit.clockwork.now)?;
    if asks_for_an_address(&filter) && !visit.may(Permission::SeeAddresses) {
        return Err("no-addresses");
    }
    Ok(Filter { sites: visit.sites(), ..filter })
}

/// A tag may be one.
fn asks_for_an_address(filter: &Filter) -> bool {
    filter.address.is_some()
        || filter.beginning.is_some()
        || filter.tag.as_ref().is_some_and(|tag| tag.contains('@'))
}

async fn queue(visit: &Visit, wanted: Wanted) -> Result<Queue, Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    let (part, (counts, counted), problem) = match filter(visit, &wanted) {
        Ok(filter) => {
            let counted = counts(visit, &wanted, filter.clone()).await?;
            (store.part(filter, wanted.after(), PAGE).await?, counted, None)
        }
        Err(what) => {
            let problem = words.with("queue-bad-filter", &[("what", &words.t(what))]);
            (Part::default(), (Vec::new(), Counted::default()), Some(problem))
        }
    };
    let flow = Flow::now(visit).await?;
    let theirs = |row: &&store::Row| visit.may_see(row.site.as_deref()) && is_found(visit, &wanted, row);
    let shown: Vec<_> = part.rows.iter().filter(theirs).collect();
    let decided = shown.iter().filter(|row| visit.may_decide(row.site.as_deref()));
    let can = possible(decided.map(|row| row.state));
    let deciders = Deciders::of(store, shown.iter().filter_map(|row| decided_at(row)).collect()).await?;
    let lines: Vec<_> = shown.iter().map(|row| Line::of(visit, row, flow, &deciders)).collect();
    let means_all = wanted.is_narrow() || state(&wanted.state).is_some();
    let may_decide_all = means_all && visit.may_decide_theirs() && !lines.is_empty();
    let asked = state(&wanted.state);
    let found = counted.states.keys().copied().filter(|state| asked.is_none_or(|asked| asked == *state));
    let all = if may_decide_all { possible(found) } else { Vec::new() };
    let looked_back_to = part.looked_back_to.map(|at| visit.clockwork.text(at));
    Ok(Queue {
        f: Frame::around(visit, Place::Queue).await?,
        states: states(visit, &wanted),
        sites: sites(visit, &wanted),
        programs: programs(visit, &wanted).await?,
        problem,
        counts,
        counts_end: counted.more,
        empty: lines.is_empty() && wanted == Wanted::default(),
        older: part.next.map(|next| wanted.path(Some(next))),
        newest: wanted.after.map(|_| wanted.path(None)),
        looked_back_to: looked_back_to.map(|since| words.with("queue-looked-back-to", &[("since", &since)])),
        all: buttons(words, &all),
        selected: buttons(words, &can),
        up_to: part.rows.first().map(|row| row.recipient.0).filter(|_| wanted.after.is_none()),
        lines,
        narrow: wanted.is_narrow(),
        may_look_for_address: visit.may(Permission::SeeAddresses),
        wanted,
    })
}

/// Words are found in what a person sees of a subject: one that was masked is not found out by looking for it.
fn is_found(visit: &Visit, wanted: &Wanted, row: &store::Row) -> bool {
    if visit.may(Permission::SeeAddresses) || wanted.subject.trim().is_empty() {
        return true;
    }
    let subject = row::subject(visit, &row.subject).to_lowercase();
    wanted.subject.to_lowercase().split_whitespace().all(|word| subject.contains(word))
}

/// What was asked for, by state, in words and as it is.
async fn counts(visit: &Visit, wanted: &Wanted, filter: Filter) -> Result<(Vec<Count>, Counted), Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    // Whoever sees no addresses could count those that they look for.
    if !wanted.subject.trim().is_empty() && !visit.may(Permission::SeeAddresses) {
        return Ok((Vec::new(), Counted::default()));
    }
    let counted = store.count(Filter { state: None, ..filter }).await?;
    let of = |name: &str, text: String, count: u64| {
        let asked = Wanted { state: name.to_owned(), after: None, ..wanted.clone() };
        let here = wanted.state == name;
        Count { number: words.number(count), text, href: asked.path(None), here }
    };
    let number = |state: &State| counted.states.get(state).copied().unwrap_or(0);
    let whole = counted.states.values().sum();
    let mut all = vec![of("", words.count("queue-counted-all", whole), whole)];
    let shown = STATES.iter().filter(|(name, state)| number(state) > 0 || wanted.state == *name);
    all.extend(shown.map(|(name, state)| of(name, words.states(*state, number(state)), number(state))));
    Ok((all, counted))
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
    let config = visit.pages.sources.config();
    let choice = |code: &str| Choice {
        value: code.to_owned(),
        text: site_name(visit, code),
        chosen: wanted.site == code,
    };
    let of_none = visit.sites().is_empty().then(|| choice(OF_NONE));
    visit.libraries(&config).map(|site| choice(&site.code)).chain(of_none).collect()
}

async fn programs(visit: &Visit, wanted: &Wanted) -> Result<Vec<Choice>, Error> {
    let known = visit.pages.sources.store.applications().await?;
    let choice =
        |name: &str| Choice { value: name.to_owned(), text: name.to_owned(), chosen: wanted.program == name };
    let mut names: Vec<_> = known.readable.iter().map(|application| application.name.to_string()).collect();
    // Programs of this computer need no key, and what stands in an address stays chosen.
    let sendmail = visit.pages.sources.config().doors.sendmail.clone();
    let local = (sendmail.socket.is_some() || sendmail.maildrop.is_some()).then_some(sendmail.application);
    let wished = Some(wanted.program.clone()).filter(|program| !program.is_empty());
    for name in local.into_iter().chain(wished) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names.iter().map(|name| choice(name)).collect())
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

    fn to_hint(&self) -> String {
        self.f.words.t(if self.may_look_for_address { "queue-to-hint" } else { "queue-to-hint-domain" })
    }
}
