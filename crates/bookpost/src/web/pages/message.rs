//! One message: what happened to it, why, and what can be done.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::Path, response::Response};
use jiff::Timestamp;
use mail::Reason;
use store::{Attempt, CameBack, Error, MessageId, Outline, Row, State};

use super::{
    decide::{Button, buttons, possible},
    frame::{Frame, Place, page},
    known::ALARMS,
    not_here,
    row::{self, Flow, RowStanding},
    timeline::{Step, Still, timeline},
    visit::Visit,
};
use crate::{
    app::{
        deciders::{Deciders, decided_at},
        notice_run::{SENT_AGAIN, shown_tags},
    },
    config::Way,
    identity::Permission,
    queue::stands::{WaitsFor, waits_for},
    returns,
};

/// One recipient.
struct Recipient {
    address: String,
    patron: Option<String>,
    standing: RowStanding,
    what_to_do: Option<String>,
    report: Option<Report>,
    steps: Vec<Step>,
    /// That it may still come back, and where to.
    later: Option<String>,
}

/// The message that told the library of it.
#[derive(Clone)]
struct Report {
    id: i64,
    text: String,
    may_open: bool,
}

/// A name and a value.
struct Fact {
    name: String,
    value: String,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    f: Frame,
    id: i64,
    subject: String,
    practice: bool,
    recipients: Vec<Recipient>,
    facts: Vec<Fact>,
    buttons: Vec<Button>,
    may_decide: bool,
    may_open: bool,
    /// Something happens to it at this moment: whoever looks at the page waits for it.
    eager: bool,
    /// Something may still happen to it: so that an open page knows when it is out of date.
    version: Option<String>,
}

/// What is known of a message that this person may see; one that they may not is as one that is not there.
pub(super) async fn known(visit: &Visit, id: &str) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
    let id = id.parse().map_err(|_| Error::NotFound("message"))?;
    let rows = visit.pages.sources.store.show(MessageId(id)).await?;
    if rows.iter().all(|(row, _)| visit.may_see(row.site.as_deref())) {
        Ok(rows)
    } else {
        Err(Error::NotFound("message"))
    }
}

/// The page.
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    match message(&visit, &id).await {
        Ok(message) => page(&message),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn message(visit: &Visit, id: &str) -> Result<Message, Error> {
    let rows = known(visit, id).await?;
    let (first, _) = rows.first().ok_or(Error::NotFound("message"))?;
    let flow = Flow::now(visit).await?;
    let still = still(visit, first.practice, flow == Flow::Paused).await?;
    let may_decide = rows.iter().all(|(row, _)| visit.may_decide(row.site.as_deref()));
    let can = possible(rows.iter().map(|(row, _)| row.state));
    let reports = reports(visit, &rows).await?;
    let wanted = rows.iter().filter_map(|(row, _)| decided_at(row)).collect();
    let deciders = Deciders::of(&visit.pages.sources.store, wanted).await?;
    let came_back = visit.pages.sources.store.what_came_back(first.message).await?;
    let alarms = visit.pages.sources.store.alarms(true, ALARMS).await?;
    let servers = (visit.pages.sources.now)().stands;
    Ok(Message {
        f: Frame::around(visit, Place::Queue).await?,
        id: first.message.0,
        subject: row::subject_of(visit, first),
        practice: first.practice,
        facts: facts(visit, first),
        recipients: rows
            .iter()
            .map(|(row, attempts)| {
                let of_it = came_back.iter().filter(|one| one.recipient == row.recipient).cloned();
                let of_it: Vec<_> = of_it.collect();
                let waits = waits_for(row, &servers, &alarms, visit.clockwork.now);
                recipient(visit, (row, attempts, &of_it), (still, flow, &waits), &reports, &deciders)
            })
            .collect(),
        buttons: if may_decide { buttons(visit.words(), &can) } else { Vec::new() },
        may_decide,
        eager: rows.iter().any(|(row, _)| is_leaving(row, visit.clockwork.now)),
        version: version(&rows),
        may_open: visit.may(Permission::OpenText(first.site.as_deref())),
    })
}

/// Whether time stands still for mail, because a person wants nothing to be sent or has chosen no way for it.
async fn still(visit: &Visit, practice: bool, paused: bool) -> Result<Option<Still>, Error> {
    let sources = &visit.pages.sources;
    let config = sources.config();
    let why = match &config.sending.way {
        _ if paused => "event-paused",
        Way::Servers(_) => return Ok(None),
        _ if practice => return Ok(None),
        Way::None if config.sending.way_is_chosen => "event-do-not-send",
        Way::None | Way::Practice => "event-no-way",
    };
    Ok(sources.store.ageing_stopped_at(practice).await?.map(|since| Still { since, why }))
}

/// The return reports that told of these, as far as this person may see them.
async fn reports(visit: &Visit, rows: &[(Row, Vec<Attempt>)]) -> Result<BTreeMap<MessageId, Report>, Error> {
    let ids: Vec<_> = rows.iter().filter_map(|(row, _)| row.reported_in).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known = visit.pages.sources.store.outlines(&ids).await?;
    let theirs = known.into_iter().filter(|report| visit.may_see(report.site.as_deref()));
    let report = |report: &Outline| Report {
        id: report.message.0,
        text: visit.words().with("report-of", &[("id", &report.message.0.to_string())]),
        may_open: visit.may(Permission::OpenText(report.site.as_deref())),
    };
    Ok(theirs.map(|outline| (outline.message, report(&outline))).collect())
}

fn recipient(
    visit: &Visit,
    (row, attempts, came_back): (&Row, &[Attempt], &[CameBack]),
    (still, flow, waits): (Option<Still>, Flow, &[WaitsFor]),
    reports: &BTreeMap<MessageId, Report>,
    deciders: &Deciders,
) -> Recipient {
    let words = visit.words();
    let who = deciders.of_row(row).map(|who| words.actor(who));
    let is_told = row::is_open(row.state) || row.state == State::Returned || row.outdated.is_some();
    Recipient {
        address: row::address(visit, &row.to.address),
        patron: row
            .patron
            .as_ref()
            .filter(|_| visit.may(Permission::SeeAddresses))
            .map(|patron| patron.name.clone()),
        standing: RowStanding {
            why: row::why_with(visit, row, deciders),
            ..RowStanding::of(visit, row, flow)
        },
        what_to_do: row.reason.filter(|_| is_told).map(|reason| match reason {
            Reason::ByPerson if row.state == State::Held => kept_back_do(visit, row, who.as_deref()),
            Reason::AnswerUnknown if row.state == State::Waiting => {
                words.with("names-tried-again", &[("until", &visit.clockwork.text(row.expires_at))])
            }
            reason => row::what_to_do(words, row, reason),
        }),
        report: row.reported_in.and_then(|id| reports.get(&id).cloned()),
        steps: timeline(visit, row, (attempts, came_back), (still, flow, waits), who.as_deref()),
        later: later(visit, row),
    }
}

/// Where it is decided anew, or whom to ask.
fn kept_back_do(visit: &Visit, row: &Row, who: Option<&str>) -> String {
    let words = visit.words();
    match who {
        _ if visit.may_decide(row.site.as_deref()) => words.t("kept-back-do"),
        Some(who) => words.with("kept-back-ask", &[("who", who)]),
        None => words.t("kept-back-ask-somebody"),
    }
}

/// Accepted is not in the mailbox. Whoever looks here is told where what comes back is to be found.
fn later(visit: &Visit, row: &Row) -> Option<String> {
    let to = row.reverse_path.address().filter(|_| row.state == State::Delivered && !row.practice)?;
    Some(if visit.pages.sources.config().undeliverable.is_read() {
        visit.words().t("later-is-read")
    } else {
        visit.words().with("later-goes-to", &[("address", &row::address(visit, to))])
    })
}

/// It is being sent, or is about to be for the first time.
fn is_leaving(row: &Row, now: Timestamp) -> bool {
    let is_due = row.attempts == 0 && row.due_at.is_some_and(|due_at| due_at <= now);
    row.state == State::Sending || row.state == State::Waiting && is_due
}

/// Another one at each change; none once nothing changes any more.
fn version(rows: &[(Row, Vec<Attempt>)]) -> Option<String> {
    let ends = |row: &Row| {
        matches!(row.state, State::Delivered | State::Practiced | State::Cancelled)
            || row.state == State::Returned && row.reported_in.is_some()
    };
    let of = |row: &Row| {
        let at = row.due_at.or(row.aside_at).or(row.settled_at).map_or(0, Timestamp::as_microsecond);
        format!("{:?}{at}-{}", row.state, row.attempts)
    };
    let all: Vec<_> = rows.iter().map(|(row, _)| of(row)).collect();
    let digest = crc32fast::hash(all.concat().as_bytes());
    rows.iter().any(|(row, _)| !ends(row)).then(|| format!("{digest:08x}"))
}

fn facts(visit: &Visit, row: &Row) -> Vec<Fact> {
    let words = visit.words();
    let fact = |name: &str, value: String| Some(Fact { name: words.t(name), value, href: None });
    let run = row.run.map(|run| Fact {
        name: words.t("fact-run"),
        value: run.0.to_string(),
        href: Some(format!("/queue?run={}", run.0)),
    });
    let config = visit.pages.sources.config();
    let returns_to = returns::reports_to(&config.sites, row);
    let returns_to =
        returns_to.map_or_else(|| words.t("fact-returns-to-nobody"), |to| row::address(visit, to));
    let facts = [
        fact("fact-accepted", visit.clockwork.text(row.accepted_at)),
        fact("fact-program", row.application.clone()),
        run,
        row.site.as_deref().and_then(|code| fact("fact-site", row::site_name(visit, code))),
        fact("fact-class", words.class(row.class)),
        Some(tags(visit, row)).filter(|tags| !tags.is_empty()).and_then(|tags| fact("fact-tags", tags)),
        fact("fact-size", format!("{} kB", words.number(row.size.div_ceil(1_000)))),
        fact("fact-returns-to", returns_to),
        fact("fact-message-id", row::others_words(visit, &row.message_id)),
    ];
    facts.into_iter().flatten().collect()
}

fn tags(visit: &Visit, row: &Row) -> String {
    let tag = |tag| match tag {
        SENT_AGAIN => visit.words().t("tag-sent-again"),
        other => row::others_words(visit, other),
    };
    shown_tags(row).into_iter().map(tag).collect::<Vec<_>>().join(", ")
}

impl Message {
    fn title(&self) -> String {
        self.f.words.with("message-of", &[("id", &self.id.to_string())])
    }

    fn recipients_title(&self) -> String {
        self.f.words.count("message-recipients", u64::try_from(self.recipients.len()).unwrap_or(u64::MAX))
    }
}
