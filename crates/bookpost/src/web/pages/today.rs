//! The first page: how it stands, and what needs a person.

mod folder;
mod kept_back;
mod old_export;
mod to_do;
mod waits;

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::utf8_percent_encode;
use store::{Counts, Error, ForLater, State};

pub(super) use self::old_export::take;
use self::{to_do::ToDo, waits::Note};
use super::{
    chart::{self, Span},
    frame::{Frame, Place, page},
    known::{Known, Now},
    marks, not_here,
    notices::{Lately, Pending},
    row::site_name,
    visit::Visit,
    wanted::{self, OF_NONE, RESERVED, Wanted},
    when::At,
};
use crate::identity::Permission;

/// How far the charts look back: seven days, the first of them whole.
const CHARTS: SignedDuration = SignedDuration::from_hours(7 * 24 + 1);

/// A number, and the mail that it counts.
struct Figure {
    /// Its name in what open pages are told.
    name: &'static str,
    count: String,
    text: String,
    href: String,
    tone: &'static str,
    mark: &'static str,
}

/// The numbers of one library.
struct Library {
    name: String,
    figures: Vec<Figure>,
}

/// A picture and its numbers.
struct Chart {
    id: &'static str,
    title: String,
    picture: String,
    spans: Vec<Span>,
    most: String,
    /// Some of it went to the practice mailbox.
    practiced: bool,
}

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    f: Frame,
    tone: &'static str,
    sentence: String,
    lately: Lately,
    figures: Vec<Figure>,
    libraries: Vec<Library>,
    charts: Vec<Chart>,
    to_do: Vec<ToDo>,
    notes: Vec<Note>,
    /// When what waits goes out is told, as all of it is theirs.
    tells_when: bool,
    waits: bool,
    next: Option<At>,
    oldest: Option<At>,
    expires: Option<At>,
    reports_owed: Option<String>,
    may_pause: bool,
    /// So that an open page knows when it is out of date.
    version: String,
}

/// The page.
pub(super) async fn show(visit: Visit) -> Response {
    match today(&visit).await {
        Ok(today) => page(&today),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn today(visit: &Visit) -> Result<Today, Error> {
    let (sources, clockwork, words) = (&visit.pages.sources, &visit.clockwork, visit.words());
    let (store, sites) = (&sources.store, visit.sites());
    let known = Known::read(sources, clockwork.day_began_at()).await?;
    let now = known.now(&sites);
    // Who is limited to some libraries is not told when others' mail goes out.
    let counts = if sites.is_empty() { store.counts().await? } else { Counts::default() };
    let leaves = counts.waiting > 0 && known.standing.sends();
    // Nothing is given up while mail grows no older.
    let ages = store.ageing_stopped_at(false).await?.is_none();
    let lately = Lately::read(visit, looked_before(visit).await).await?;
    let pending = Pending::read(visit).await?;
    let for_later = if now.waiting > 0 {
        store.for_later(sites.clone(), clockwork.now).await?
    } else {
        ForLater::default()
    };
    let at = |instant: Option<_>| instant.filter(|_| counts.waiting > 0).map(|instant| clockwork.at(instant));
    Ok(Today {
        f: Frame::around(visit, Place::Today).await?,
        tone: known.standing.tone(),
        sentence: known.standing.sentence(&sources.config().sending.way, clockwork),
        figures: figures(visit, &now, None, clockwork.day_began_at(), Told::of(&now)),
        libraries: libraries(visit, &known),
        charts: charts(visit, sites.clone()).await?,
        to_do: to_do::read(visit, &known, (&counts, for_later), (lately.last.as_ref(), &pending)).await?,
        notes: waits::read(visit, &known, for_later, (&pending, ages)).await?,
        lately,
        tells_when: sites.is_empty(),
        waits: now.waiting > 0,
        next: counts
            .next_due_at
            .filter(|due_at| leaves && *due_at > clockwork.now)
            .map(|due_at| clockwork.at(due_at)),
        oldest: at(counts.oldest_waiting_at),
        expires: at(counts.expires_first_at.filter(|_| ages)),
        reports_owed: Some(counts.reports_owed).filter(|n| *n > 0).map(|n| words.count("reports-owed", n)),
        may_pause: known.standing.may_pause() && visit.may(Permission::PauseSending),
        version: now.version(),
    })
}

/// When they looked for the last time before this visit; a page that renews itself notes no look. A full disk keeps nobody from looking.
async fn looked_before(visit: &Visit) -> Option<Timestamp> {
    let (store, person, now) = (&visit.pages.sources.store, visit.person().id, visit.clockwork.now);
    let looked =
        if visit.renews() { store.looked_before(person, now).await } else { store.look(person, now).await };
    looked.unwrap_or_else(|error| {
        tracing::warn!(%error, "that somebody looked could not be noted");
        None
    })
}

/// Which numbers stand on the page beside those that always do, so that what was handed in and what came of it can be added up.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// All that was sent today went to the practice mailbox, unless this is told.
    delivered: bool,
    practiced: bool,
    cancelled: bool,
}

impl Told {
    fn of(now: &Now) -> Self {
        let practiced = now.practiced > 0;
        Self { delivered: now.delivered > 0 || !practiced, practiced, cancelled: now.cancelled > 0 }
    }
}

/// Of one library, if its code is given ([`OF_NONE`]: of mail of none), whose day began at `since`.
fn figures(visit: &Visit, now: &Now, site: Option<&str>, since: Timestamp, told: Told) -> Vec<Figure> {
    let words = visit.words();
    let config = visit.pages.sources.config();
    let wanted = Wanted { site: site.unwrap_or_default().to_owned(), ..Wanted::default() };
    let day = wanted.zone(&config, &visit.clockwork.zone).to_datetime(since).date();
    let answered = format!("&answered={day}");
    let site = site.map(|code| format!("&site={}", utf8_percent_encode(code, RESERVED))).unwrap_or_default();
    let figure = |name, count, state: Option<State>, text: &str, query: String| Figure {
        name,
        count: words.number(count),
        text: words.t(text),
        href: format!("/queue?state={query}{site}"),
        tone: state.filter(|_| count > 0).map_or("calm", marks::tone),
        mark: state.map_or("", marks::mark),
    };
    let today = |name, count, state, text: &str| {
        figure(name, count, Some(state), text, format!("{}{answered}", wanted::name(state)))
    };
    let now_in = |count, state, text: &str| {
        figure(wanted::name(state), count, Some(state), text, wanted::name(state).to_owned())
    };
    let all = [
        Some(figure("accepted", now.accepted, None, "figure-accepted", format!("&since={day}"))),
        told.delivered.then(|| today("delivered", now.delivered, State::Delivered, "figure-delivered")),
        told.practiced.then(|| today("practiced", now.practiced, State::Practiced, "figure-practiced")),
        Some(today("returned", now.returned, State::Returned, "figure-returned")),
        Some(today("in_doubt_today", now.in_doubt_today, State::InDoubt, "figure-in-doubt")),
        told.cancelled.then(|| today("cancelled", now.cancelled, State::Cancelled, "figure-cancelled")),
        Some(now_in(now.waiting, State::Waiting, "figure-waiting")),
        Some(now_in(now.held, State::Held, "figure-held")),
    ];
    all.into_iter().flatten().collect()
}

/// Each library of which there is mail that this person sees; none, where there is one alone.
fn libraries(visit: &Visit, known: &Known) -> Vec<Library> {
    let theirs: BTreeSet<_> = known.sites().filter(|site| visit.may_see(*site)).collect();
    if theirs.len() < 2 {
        return Vec::new();
    }
    // Each number stands under a word that is the same for all of them.
    let told = Told::of(&known.now(&visit.sites()));
    let library = |site: Option<&str>| {
        let code = site.unwrap_or(OF_NONE);
        let figures = figures(visit, &known.of_site(site), Some(code), known.day_began_at(site), told);
        Library { name: site_name(visit, code), figures }
    };
    let mut all: Vec<_> = theirs.iter().copied().filter(Option::is_some).map(library).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all.extend(theirs.iter().copied().filter(Option::is_none).map(library));
    all
}

async fn charts(visit: &Visit, sites: BTreeSet<String>) -> Result<Vec<Chart>, Error> {
    let (words, clockwork) = (visit.words(), &visit.clockwork);
    let since = clockwork.now.saturating_sub(CHARTS).unwrap_or(Timestamp::MIN);
    let store = &visit.pages.sources.store;
    let handed_in = store.by_quarter(since, sites.clone()).await?;
    let answered = store.answered_by_quarter(since, sites).await?;
    let chart = |id, title, most, spans: Vec<Span>| {
        let (title, most) = (words.t(title), words.count(most, chart::highest(&spans)));
        let practiced = spans.iter().any(|span| span.practiced > 0);
        Chart { id, title, picture: chart::picture(&spans), spans, most, practiced }
    };
    let all = [
        chart("hours", "chart-hours", "chart-most-hour", chart::hours(clockwork, &handed_in, &answered)),
        chart("days", "chart-days", "chart-most-day", chart::days(clockwork, &handed_in, &answered)),
    ];
    let is_something = |chart: &Chart| chart.spans.iter().any(Span::is_something);
    Ok(all.into_iter().filter(is_something).collect())
}

impl Today {
    fn since(&self, at: &At) -> String {
        self.f.words.with("to-do-since", &[("since", &at.text)])
    }

    fn number(&self, n: u64) -> String {
        self.f.words.number(n)
    }
}
