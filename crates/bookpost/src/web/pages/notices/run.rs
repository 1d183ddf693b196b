//! A run: what became of it, in numbers that add up, by library, with the way to the names behind each.

use askama::Template;
use axum::{extract::Path, response::Response};
use mail::Reason;
use percent_encoding::utf8_percent_encode;
use store::{Error, Filter, LeftOutWhy, Run, RunId, RunPart, RunStopped, State};

use super::{
    begun_by,
    check::is_aside,
    last::server,
    may_run,
    names::{ALL, WAITING_IN_DOUBT},
    saved::called,
    sums::{ORDER, REASONS, Sums, left, not_written},
    title,
};
use crate::{
    app::notice_run::SENT_AGAIN,
    config::Way,
    identity::Permission,
    web::pages::{
        frame::{Frame, Place, page},
        limited, marks, not_here,
        row::{self, site_name},
        standing::Standing,
        visit::Visit,
        wanted::{self, OF_NONE, RESERVED},
        when::At,
        words::Words,
    },
};

/// A number, what it counts, and where its names are.
struct Count {
    number: String,
    text: String,
    href: Option<String>,
    tone: &'static str,
    mark: &'static str,
}

/// One library's line: each number with its names.
struct SiteLine {
    name: String,
    cells: Vec<(String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "notices_run.html")]
struct Page {
    f: Frame,
    id: i64,
    source: String,
    at: At,
    by: String,
    /// Which of the saved notices.
    notice: String,
    is_by_person: bool,
    practice: bool,
    /// What is going on, in one sentence.
    health: String,
    tone: &'static str,
    todo: Vec<String>,
    /// So many of those that wait may have arrived, and where they are named.
    may_have: Option<(String, String)>,
    /// Why nothing of it leaves at the moment: as the first page says it.
    stuck: Option<String>,
    /// A limit keeps some of it back: as the first page says it.
    limited: Option<String>,
    /// Who was to get a mail and gets none, as a person decided: what follows, and where they are named.
    neither: Option<(String, String)>,
    /// The same, but that their mail may have arrived.
    doubtful: Option<(String, String)>,
    states: Vec<Count>,
    /// Lists for teachers.
    copies: Vec<Count>,
    not_written: Vec<Count>,
    aside: Vec<Count>,
    asked: String,
    /// Where all of them are named.
    all: Option<String>,
    /// So many mails to so many addresses, where some people have several.
    several: Option<String>,
    /// Where what comes back later is to be found; None in practice.
    later: Option<String>,
    heads: Vec<String>,
    sites: Vec<SiteLine>,
    may_stop: bool,
    may_download: bool,
    go_on: bool,
    /// None: it does not change any more.
    version: Option<String>,
}

/// The page.
pub(in crate::web::pages) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    match known(&visit, &id).await {
        Ok((run, sums)) => match shown(&visit, &run, &sums).await {
            Ok(shown) => page(&shown),
            Err(error) => not_here::of(&error, &visit),
        },
        Err(error) => not_here::of(&error, &visit),
    }
}

/// A run that this person may see, as far as they may.
pub(super) async fn known(visit: &Visit, id: &str) -> Result<(Run, Sums), Error> {
    let id = id.parse().map(RunId).map_err(|_| Error::NotFound("run"))?;
    let run = visit.pages.sources.store.run(id).await?;
    let sums = Sums::of(visit, &run).await?;
    if sums.is_theirs(visit, &run) { Ok((run, sums)) } else { Err(Error::NotFound("run")) }
}

async fn shown(visit: &Visit, run: &Run, sums: &Sums) -> Result<Page, Error> {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let (under_way, cut_short) = (sources.notices.is_under_way(run.id), sources.notices.is_cut_short(run));
    let paused = sources.store.paused().await?.is_some();
    let by = if sums.state(State::Delivered) > 0 { server(visit, run).await? } else { None };
    let again = Filter {
        run: Some(run.id),
        tag: Some(SENT_AGAIN.to_owned()),
        sites: visit.sites(),
        ..Filter::default()
    };
    let again: u64 = sources.store.count(again).await?.states.values().sum();
    let (health, tone) = health(words, run, sums, (under_way, cut_short));
    let mut todo: Vec<_> = run.stopped.iter().map(|stopped| stopped_by(visit, stopped)).collect();
    if run.practice {
        todo.push(words.t("run-practice"));
    }
    if sums.is_open() && paused {
        todo.push(words.t("run-paused"));
    } else if sums.is_open() && !run.practice && matches!(sources.config().sending.way, Way::None) {
        let off = sources.config().sending.is_off();
        todo.push(words.t(if off { "run-off" } else { "run-no-way" }));
    }
    if again > 0 {
        todo.push(words.count("run-again", again));
    }
    let open = under_way || sums.is_open();
    let not_left = [State::Waiting, State::Held, State::InDoubt];
    let stoppable = not_left.iter().any(|state| sums.state(*state) + sums.copies(&[*state]) > 0)
        || sources.notices.in_line(run.id, visit.sites()) > 0;
    let (stuck, limited) = stuck(visit, run, sums).await?;
    Ok(Page {
        f: Frame::around(visit, Place::Notices).await?,
        id: run.id.0,
        source: run.source.clone(),
        at: visit.clockwork.at(run.started_at),
        by: begun_by(visit, run),
        notice: called(visit, &run.notice).await?,
        is_by_person: run.begun_by.is_some(),
        practice: run.practice,
        health,
        tone,
        todo,
        may_have: (sums.waiting_in_doubt > 0).then(|| {
            let says = words.count("run-may-have-arrived", sums.waiting_in_doubt);
            (says, names(run, WAITING_IN_DOUBT, None))
        }),
        stuck,
        limited,
        neither: neither(words, run, sums, under_way).filter(|_| may_run(visit)),
        doubtful: doubtful(words, run, sums).filter(|_| may_run(visit)),
        states: states(words, run, sums, by.as_deref()),
        copies: copies(words, run, sums),
        not_written: reasons(words, run, sums, false),
        aside: reasons(words, run, sums, true),
        asked: words.number(sums.asked()),
        all: (sums.asked() > 0).then(|| names(run, ALL, None)),
        several: sums.of_several(words).map(|(people, addresses)| {
            words.with("run-addresses", &[("people", &people), ("addresses", &addresses)])
        }),
        later: later(visit, run, sums).await?,
        heads: heads(words, sums),
        sites: sites(visit, run, sums),
        may_stop: may_run(visit) && (under_way || stoppable),
        may_download: visit.may(Permission::SeeAddresses),
        go_on: cut_short && may_run(visit),
        version: open.then(|| format!("{under_way} {} {:?}", sums.sentence(words), sums.copies)),
    })
}

/// Who had it end, when, and for which libraries.
fn stopped_by(visit: &Visit, stopped: &RunStopped) -> String {
    let words = visit.words();
    let (who, when) = (words.actor(&stopped.by), visit.clockwork.text(stopped.at));
    let libraries: Vec<_> = stopped.sites.iter().map(|code| site_name(visit, code)).collect();
    let said = [("who", &*who), ("when", &when), ("libraries", &libraries.join(", "))];
    words.with(if libraries.is_empty() { "run-stopped" } else { "run-stopped-for" }, &said)
}

/// Some of it waits: that no server takes mail, or that a limit keeps it back.
async fn stuck(visit: &Visit, run: &Run, sums: &Sums) -> Result<(Option<String>, Option<String>), Error> {
    if run.practice || !sums.is_open() {
        return Ok((None, None));
    }
    let (standing, _) = Standing::read(&visit.pages.sources).await?;
    let limited = limited::told(&standing, &visit.pages.sources, &visit.clockwork).await?;
    let way = &visit.pages.sources.config().sending.way;
    let is_stuck =
        matches!(standing, Standing::Down { .. } | Standing::Refused { .. } | Standing::Locked { .. });
    Ok((is_stuck.then(|| standing.sentence(way, &visit.clockwork)), limited))
}

/// Where what comes back later is to be found: by its address, if what was taken is all of one library.
async fn later(visit: &Visit, run: &Run, sums: &Sums) -> Result<Option<String>, Error> {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    if run.practice {
        return Ok(None);
    }
    if sources.config().undeliverable.is_read() {
        return Ok(Some(words.t("later-is-read")));
    }
    let (run, state, sites) = (Some(run.id), Some(State::Delivered), visit.sites());
    let one = match sums.sites.values().filter(|part| part.states.contains_key(&State::Delivered)).count() {
        1 => sources.store.part(Filter { run, state, sites, ..Filter::default() }, None, 1).await?.rows.pop(),
        _ => None,
    };
    let to = one.as_ref().and_then(|row| row.reverse_path.address());
    Ok(Some(to.map_or_else(
        || words.t("run-later"),
        |to| words.with("run-later-goes-to", &[("address", &row::address(visit, to))]),
    )))
}

fn health(
    words: &Words,
    run: &Run,
    sums: &Sums,
    (under_way, cut_short): (bool, bool),
) -> (String, &'static str) {
    let made: u64 = sums.states.values().sum();
    if cut_short {
        return (words.count("run-cut-short", made), "stop");
    }
    if under_way {
        return (words.count("run-under-way", made), "calm");
    }
    let done = sums.state(State::Delivered) + sums.state(State::Practiced);
    // Of whoever got a mail; who got none is no part of that, and is said beside it.
    let of = if made > 0 { made } else { sums.asked() };
    let parts = [("done", &*words.number(done)), ("asked", &words.number(of))];
    let key = match (sums.is_open(), run.practice) {
        (_, true) => "run-in-practice",
        (true, false) => "run-leaving",
        (false, false) => "run-over",
    };
    let all = done == sums.asked() && done > 0 && !run.practice;
    let key = match key {
        "run-over" if sums.asked() == 0 => "run-none",
        "run-over" if done == made => "run-over-all",
        key => key,
    };
    let tone = if all {
        "well"
    } else if sums.wants_a_look() {
        "look"
    } else {
        "calm"
    };
    let said = words.with(if all { "run-all" } else { key }, &parts);
    match sums.not_written() {
        without if without > 0 && made > 0 => {
            (format!("{said} {}", words.count("run-without", without)), tone)
        }
        _ => (said, tone),
    }
}

/// The address of the names behind a number.
fn names(run: &Run, what: &str, site: Option<&str>) -> String {
    let site = site.map(|site| format!("&site={}", utf8_percent_encode(site, RESERVED)));
    format!("/notices/runs/{}/names?what={what}{}", run.id.0, site.unwrap_or_default())
}

/// `by`: the name of the server that took it, where it is one.
fn states(words: &Words, run: &Run, sums: &Sums, by: Option<&str>) -> Vec<Count> {
    let shown = ORDER.iter().filter(|state| match state {
        State::Delivered => !run.practice,
        State::Practiced => run.practice,
        State::Waiting | State::Returned => true,
        _ => sums.state(**state) > 0,
    });
    let count = |state: &State| {
        let n = sums.state(*state);
        let text = match state {
            State::Delivered => by.map_or_else(
                || words.t("run-accepted"),
                |server| words.with("run-accepted-by", &[("server", server)]),
            ),
            _ => words.states(*state, n),
        };
        Count {
            number: words.number(n),
            text,
            href: (n > 0).then(|| names(run, wanted::name(*state), None)),
            tone: marks::tone(*state),
            mark: marks::mark(*state),
        }
    };
    shown.map(count).collect()
}

/// Lists for teachers stand apart: the numbers above count people.
fn copies(words: &Words, run: &Run, sums: &Sums) -> Vec<Count> {
    let count = |state: &State| Count {
        number: words.number(sums.copies(&[*state])),
        text: words.states(*state, sums.copies(&[*state])),
        href: Some(format!("{}&lists=yes", names(run, wanted::name(*state), None))),
        tone: marks::tone(*state),
        mark: marks::mark(*state),
    };
    ORDER.iter().filter(|state| sums.copies(&[**state]) > 0).map(count).collect()
}

/// What a person cancelled counts as not written. An earlier notice that had given way to it is not given back: it names what came back.
fn neither(words: &Words, run: &Run, sums: &Sums, under_way: bool) -> Option<(String, String)> {
    let cancelled = sums.why.get(&(State::Cancelled, Reason::ByPerson)).map_or(0, |alike| alike.count);
    let cancelled = cancelled.saturating_sub(sums.doubtful);
    let says = cancelled > 0 && !run.practice && !under_way;
    says.then(|| (words.count("run-neither", cancelled), names(run, wanted::name(State::Cancelled), None)))
}

/// What may have arrived before a person cancelled it counts as written.
fn doubtful(words: &Words, run: &Run, sums: &Sums) -> Option<(String, String)> {
    (sums.doubtful > 0).then(|| {
        (words.count("run-doubtful", sums.doubtful), names(run, wanted::name(State::Cancelled), None))
    })
}

fn reasons(words: &Words, run: &Run, sums: &Sums, aside: bool) -> Vec<Count> {
    let count = |(name, why): &(&str, LeftOutWhy)| {
        let n = sums.left_out.get(why).copied().filter(|n| *n > 0 && is_aside(*why) == aside)?;
        let tone = if aside || *why == LeftOutWhy::WrittenLately { "calm" } else { "look" };
        let (number, text) = (words.number(n), left(words, *why, n));
        Some(Count { number, text, href: Some(names(run, name, None)), tone, mark: "" })
    };
    REASONS.iter().filter_map(count).collect()
}

/// The states that some library has something in.
fn columns(sums: &Sums) -> impl Iterator<Item = State> {
    ORDER.into_iter().filter(|state| sums.state(*state) > 0)
}

fn heads(words: &Words, sums: &Sums) -> Vec<String> {
    let states = columns(sums).map(|state| words.state(state));
    let (first, last) = (words.t("run-asked"), words.t("run-not-written"));
    std::iter::once(first).chain(states).chain([last]).collect()
}

fn sites(visit: &Visit, run: &Run, sums: &Sums) -> Vec<SiteLine> {
    let words = visit.words();
    let line = |(site, part): (&Option<String>, &RunPart)| {
        let name = site.as_deref().map_or_else(|| words.t("run-no-library"), |code| site_name(visit, code));
        let left_out = not_written(&part.left_out);
        let asked = part.states.values().sum::<u64>() + left_out;
        let cell = |what: &str, n: u64| {
            let code = site.as_deref().unwrap_or(OF_NONE);
            (words.number(n), (n > 0).then(|| names(run, what, Some(code))))
        };
        let states = columns(sums)
            .map(|state| cell(wanted::name(state), part.states.get(&state).copied().unwrap_or(0)));
        let first = cell(ALL, asked);
        let cells = std::iter::once(first).chain(states).chain([cell("not_written", left_out)]).collect();
        (asked > 0).then_some(SiteLine { name, cells })
    };
    sums.sites.iter().filter_map(line).collect()
}

impl Page {
    fn title(&self) -> String {
        title(self.f.words, self.id)
    }

    fn begun(&self) -> String {
        if self.is_by_person {
            self.f.words.with("run-begun-by", &[("who", &self.by)])
        } else {
            self.by.clone()
        }
    }
}
