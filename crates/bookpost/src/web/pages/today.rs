//! The first page: how it stands, and what needs a person.

use askama::Template;
use axum::response::Response;
use store::{Alarm, Counts, Error, State};

use super::{
    frame::{Frame, Place, page},
    live::Now,
    lost_secrets, marks, not_here,
    standing::Standing,
    visit::Visit,
    when::At,
};
use crate::identity::Permission;

/// Most alarms that are shown.
pub(super) const ALARMS: usize = 50;

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

/// Something that a person has to do.
struct ToDo {
    title: String,
    what: String,
    since: Option<At>,
    /// As it was noted, in English.
    noted: Option<String>,
    /// Where it is done, and what the link says.
    href: Option<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    f: Frame,
    tone: &'static str,
    sentence: String,
    figures: Vec<Figure>,
    to_do: Vec<ToDo>,
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
    let counts = sources.store.counts().await?;
    let today = sources.store.accepted_since(clockwork.day_began_at()).await?;
    let (alarms, pause) = (sources.store.alarms(true, ALARMS).await?, sources.store.paused().await?);
    let way = &sources.config().sending.way;
    let standing = Standing::of(&(sources.now)(), way, pause, &alarms);
    let now = Now::of(&counts, &today, &standing, alarms.len());
    let leaves = counts.waiting > 0 && pause.is_none();
    let at = |instant: Option<_>| instant.filter(|_| counts.waiting > 0).map(|instant| clockwork.at(instant));
    Ok(Today {
        f: Frame::around(visit, Place::Today).await?,
        tone: standing.tone(),
        sentence: standing.sentence(clockwork),
        figures: figures(visit, &now, &counts),
        to_do: to_do(visit, &alarms, &counts).await?,
        waits: counts.waiting > 0,
        next: counts
            .next_due_at
            .filter(|due_at| leaves && *due_at > clockwork.now)
            .map(|due_at| clockwork.at(due_at)),
        oldest: at(counts.oldest_waiting_at),
        expires: at(counts.expires_first_at),
        reports_owed: Some(counts.reports_owed).filter(|n| *n > 0).map(|n| words.count("reports-owed", n)),
        may_pause: pause.is_none() && visit.may(Permission::PauseSending),
        version: now.version(),
    })
}

fn figures(visit: &Visit, now: &Now, counts: &Counts) -> Vec<Figure> {
    let words = visit.words();
    let today = format!("&since={}", visit.clockwork.today());
    let figure = |name, count, state, text: &str, query: String| Figure {
        name,
        count: words.number(count),
        text: words.t(text),
        href: format!("/queue?state={query}"),
        tone: if count > 0 { marks::tone(state) } else { "calm" },
        mark: marks::mark(state),
    };
    let practised = now.practiced > 0 && now.delivered == 0;
    let sent = if practised {
        figure("practiced", now.practiced, State::Practiced, "figure-practiced", format!("practiced{today}"))
    } else {
        figure("delivered", now.delivered, State::Delivered, "figure-delivered", format!("delivered{today}"))
    };
    vec![
        sent,
        figure("waiting", now.waiting, State::Waiting, "figure-waiting", "waiting".to_owned()),
        figure("returned", now.returned, State::Returned, "figure-returned", format!("returned{today}")),
        figure("in_doubt", counts.in_doubt, State::InDoubt, "figure-in-doubt", "in_doubt".to_owned()),
        figure("held", counts.held, State::Held, "figure-held", "held".to_owned()),
    ]
}

async fn to_do(visit: &Visit, alarms: &[Alarm], counts: &Counts) -> Result<Vec<ToDo>, Error> {
    let words = visit.words();
    let alarm = |alarm: &Alarm, (title, what)| {
        let (since, noted) = (visit.clockwork.at(alarm.started_at), visit.may(Permission::SeeAddresses));
        let noted = noted.then(|| format!("{} ({})", alarm.text, alarm.subject));
        ToDo { title, what, since: Some(since), noted, href: None }
    };
    let decide = |count: u64, key: &str, href| {
        let (title, what) = (words.count(key, count), String::new());
        let href = Some((href, words.t("look-at-them")));
        (count > 0).then_some(ToDo { title, what, since: None, noted: None, href })
    };
    let mut all = Vec::new();
    for one in alarms {
        let said = lost_secrets::words(visit, one).await?;
        all.push(alarm(one, said.unwrap_or_else(|| words.alarm(one.kind))));
    }
    if visit.may(Permission::ChangePreferences) && visit.pages.sources.config().sites.is_empty() {
        let (title, what) = (words.t("to-do-start"), words.t("to-do-start-do"));
        let href = Some(("/start", words.t("to-do-start-link")));
        all.push(ToDo { title, what, since: None, noted: None, href });
    }
    all.extend(decide(counts.in_doubt, "to-do-in-doubt", "/queue?state=in_doubt"));
    all.extend(decide(counts.held, "to-do-held", "/queue?state=held"));
    Ok(all)
}

impl Today {
    fn since(&self, at: &At) -> String {
        self.f.words.with("to-do-since", &[("since", &at.text)])
    }
}
