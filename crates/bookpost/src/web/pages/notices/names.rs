//! The names behind a number of a run, each with the reason and what is done about it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use mail::Reason;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Error, Filter, LeftOut, LeftOutFilter, LeftOutWhy, Part, RecipientId, Row, Run, State};

use super::{
    check::is_aside,
    detail::{Detail, said, who},
    may_run,
    pending::Pending,
    run::known,
    sums::{REASONS, Sums, is_own, left, left_do},
    title,
};
use crate::{
    app::notice_run::{SENT_AGAIN, may_go_again, sent_again_for},
    identity::Permission,
    web::pages::{
        frame::{Frame, Place, page},
        not_here,
        row::{self, Flow, RowStanding, site_name},
        visit::Visit,
        wanted::{OF_NONE, RESERVED, state},
        words::Words,
    },
};

/// As an address has them.
pub(super) const ALL: &str = "all";
pub(super) const WAITING_IN_DOUBT: &str = "waiting_in_doubt";
pub(in crate::web::pages) const CAN_STILL: &str = "can_still";

/// Before a place among those who got none.
const LEFT: &str = "left-";

/// Names of a page.
const PAGE: usize = 50;
/// Of what was sent again, so much is read at once.
const AT_ONCE: usize = 500;

/// Which names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Everybody, whoever got a mail first.
    All,
    State(State),
    /// Those that wait, and may have arrived.
    WaitingInDoubt,
    Left(LeftOutWhy),
    /// All who were to get a mail and for whom there is none.
    NotWritten,
    /// Of these, who can still get one: whom the first page counts.
    CanStill,
}

impl What {
    fn named(name: &str) -> Option<Self> {
        let state = state(name).map(Self::State);
        let left = || REASONS.iter().find(|(known, _)| *known == name).map(|(_, why)| Self::Left(*why));
        state.or_else(left).or(match name {
            ALL => Some(Self::All),
            WAITING_IN_DOUBT => Some(Self::WaitingInDoubt),
            "not_written" => Some(Self::NotWritten),
            CAN_STILL => Some(Self::CanStill),
            _ => None,
        })
    }

    /// What is said of so many of them; `lists`: of lists for teachers.
    fn title(self, words: &Words, number: u64, lists: bool) -> String {
        match self {
            Self::State(state) if lists => format!("{}: {}", words.t("run-lists"), words.state(state)),
            Self::State(state) => words.state(state),
            Self::Left(why) => left(words, why, number),
            Self::WaitingInDoubt => words.t("names-waiting-in-doubt"),
            Self::NotWritten => words.t("run-not-written"),
            Self::CanStill => words.count("names-can-still", number),
            Self::All => words.t("run-asked"),
        }
    }

    /// Where a page of them begins.
    fn begin(self, after: &str) -> Begin {
        let left = |after: &str| Begin::Left(after.parse().unwrap_or_default());
        match (self, after.strip_prefix(LEFT)) {
            (Self::Left(_) | Self::NotWritten | Self::CanStill, _) => left(after),
            (Self::All, Some(after)) => left(after),
            _ => Begin::Mails(after.parse().ok().map(RecipientId)),
        }
    }
}

/// Behind which one of those who got a mail, or of those who got none.
#[derive(Debug, Clone, Copy)]
enum Begin {
    Mails(Option<RecipientId>),
    Left(u64),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    what: String,
    site: String,
    after: String,
    /// Lists for teachers, which are no notices.
    lists: String,
}

#[derive(Template)]
#[template(path = "notices_names.html")]
struct Names {
    f: Frame,
    id: i64,
    source: String,
    title: String,
    site: Option<String>,
    todo: Option<String>,
    mails: Vec<Mail>,
    left_out: Vec<Left>,
    next: Option<String>,
    first: Option<String>,
}

/// Somebody for whom there is a mail.
struct Mail {
    id: i64,
    who: String,
    address: String,
    site: Option<String>,
    standing: RowStanding,
    /// Which server took it.
    through: Option<String>,
    what_to_do: Option<String>,
    /// Where it is sent again.
    again: Option<String>,
    /// What it was sent again as: the message, and to whom.
    went_again: Vec<(i64, String, String)>,
}

/// Somebody for whom there is none.
struct Left {
    who: String,
    line: Option<String>,
    site: Option<String>,
    detail: Detail,
    /// The mail that is spoken of.
    mail: Option<i64>,
    reason: String,
    /// Where those of several reasons stand together.
    what_to_do: Option<String>,
}

/// The page.
pub(in crate::web::pages) async fn show(
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked: Asked = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let Some(what) = What::named(&asked.what) else { return not_here::not_found(visit.words()) };
    let names = match known(&visit, &id).await {
        Ok((run, sums)) => names(&visit, &run, &sums, what, &asked).await,
        Err(error) => Err(error),
    };
    match names {
        Ok(names) => page(&names),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn names(visit: &Visit, run: &Run, sums: &Sums, what: What, asked: &Asked) -> Result<Names, Error> {
    let words = visit.words();
    let (mut mails, mut left_out, mut next) = (Vec::new(), Vec::new(), None);
    let pending = if what == What::CanStill { Pending::read(visit).await? } else { Pending::default() };
    let mut begin = what.begin(&asked.after);
    if let Begin::Mails(after) = begin {
        (mails, next) = some_mails(visit, run, what, (asked, after)).await?;
        if what == What::All && next.is_none() {
            // Whoever got none comes after the last who got one.
            begin = Begin::Left(0);
        }
    }
    if let Begin::Left(after) = begin {
        let (some, last) = if what == What::CanStill {
            left_some(visit, run, pending.not_written_of(run.id).map(|(_, filter)| filter), after, PAGE)
                .await?
        } else {
            left_part(visit, run, what, &asked.site, after, PAGE).await?
        };
        left_out = some.iter().map(|one| left_line(visit, one, !matches!(what, What::Left(_)))).collect();
        let first = if what == What::All { LEFT } else { "" };
        next = last.map(|n| format!("{first}{n}"));
    }
    let number = match what {
        What::State(state) if asked.is_of_lists() => sums.copies(&[state]),
        What::State(state) => sums.state(state),
        What::Left(why) => sums.left_out.get(&why).copied().unwrap_or(0),
        What::WaitingInDoubt => sums.waiting_in_doubt,
        What::NotWritten => sums.not_written(),
        What::CanStill => pending.not_written_of(run.id).map_or(0, |(count, _)| count),
        What::All => sums.asked(),
    };
    let site = Some(asked.site.as_str()).filter(|site| !site.is_empty());
    let here = |after: &str| {
        let site = site.map(|site| format!("&site={}", utf8_percent_encode(site, RESERVED)));
        let what = utf8_percent_encode(&asked.what, RESERVED);
        let after = if after.is_empty() { String::new() } else { format!("&after={after}") };
        let after = if asked.lists.is_empty() { after } else { format!("&lists=yes{after}") };
        format!("/notices/runs/{}/names?what={what}{}{after}", run.id.0, site.unwrap_or_default())
    };
    Ok(Names {
        f: Frame::around(visit, Place::Notices).await?,
        id: run.id.0,
        source: run.source.clone(),
        title: what.title(words, number, asked.is_of_lists()),
        site: site.map(|code| site_name(visit, code)),
        todo: match what {
            What::Left(why) => Some(left_do(words, why)),
            _ => None,
        },
        mails,
        left_out,
        next: next.map(|after| here(&after)),
        first: (!asked.after.is_empty()).then(|| here("")),
    })
}

impl Asked {
    /// None of another kind than is asked for: the number behind which they stand counts these.
    fn is_of_lists(&self) -> bool {
        !self.lists.is_empty()
    }
}

/// The mail of a run that is theirs, of one library where one is asked for.
pub(super) fn mail_filter(visit: &Visit, run: &Run, state: Option<State>, site: &str) -> Filter {
    let site = Some(site).filter(|site| !site.is_empty());
    let site = site.map(|site| if site == OF_NONE { String::new() } else { site.to_owned() });
    Filter { run: Some(run.id), state, site, sites: visit.sites(), ..Filter::default() }
}

/// The next for whom there is a mail, and where to go on.
async fn some_mails(
    visit: &Visit,
    run: &Run,
    what: What,
    (asked, after): (&Asked, Option<RecipientId>),
) -> Result<(Vec<Mail>, Option<String>), Error> {
    let part = mail_part(visit, run, what, (asked, after)).await?;
    let flow = Flow::now(visit).await?;
    let goes_again = part.rows.iter().any(|row| may_go_again(row.state, true));
    let went = if goes_again { went_again(visit, run).await? } else { BTreeMap::new() };
    let accepted_by = accepted_by(visit, &part.rows).await?;
    let mut mails = Vec::new();
    for row in &part.rows {
        // Who is sent back twice stands here once, by the last address.
        let mut again = went.get(&row.recipient).into_iter().flatten();
        if row.state == State::Returned && again.any(|one| one.state == State::Returned) {
            continue;
        }
        let by = accepted_by.get(&row.recipient).filter(|_| row.state == State::Delivered);
        let through = by.map(|server| visit.words().with("names-accepted-by", &[("server", server)]));
        mails.push(Mail { through, ..mail(visit, row, flow, went.get(&row.recipient)) });
    }
    Ok((mails, part.next.map(|id| id.0.to_string())))
}

/// The next of these. Where so much of the run was looked through that nobody is found yet, it is looked further.
async fn mail_part(
    visit: &Visit,
    run: &Run,
    what: What,
    (asked, mut after): (&Asked, Option<RecipientId>),
) -> Result<Part, Error> {
    let state = match what {
        What::State(state) => Some(state),
        What::WaitingInDoubt => Some(State::Waiting),
        What::All | What::Left(_) | What::NotWritten | What::CanStill => None,
    };
    let filter = Filter {
        copies: Some(asked.is_of_lists()),
        ever_in_doubt: what == What::WaitingInDoubt,
        ..mail_filter(visit, run, state, &asked.site)
    };
    loop {
        let part = visit.pages.sources.store.part(filter.clone(), after, PAGE).await?;
        if !part.rows.is_empty() || part.next.is_none() {
            return Ok(part);
        }
        after = part.next;
    }
}

/// What of this run was sent again, by the recipient for whom it was; the newest first.
pub(super) async fn went_again(visit: &Visit, run: &Run) -> Result<BTreeMap<RecipientId, Vec<Row>>, Error> {
    let filter = Filter { tag: Some(SENT_AGAIN.to_owned()), ..mail_filter(visit, run, None, "") };
    let (mut went, mut after) = (BTreeMap::<_, Vec<_>>::new(), None);
    loop {
        let part = visit.pages.sources.store.part(filter.clone(), after, AT_ONCE).await?;
        for row in part.rows {
            if let Some(recipient) = sent_again_for(&row) {
                went.entry(recipient).or_default().push(row);
            }
        }
        after = part.next;
        if after.is_none() {
            return Ok(went);
        }
    }
}

/// The next of those who were left out, as far as they are theirs, and where to go on.
pub(super) async fn left_part(
    visit: &Visit,
    run: &Run,
    what: What,
    site: &str,
    after: u64,
    limit: usize,
) -> Result<(Vec<LeftOut>, Option<u64>), Error> {
    let limits = visit.sites();
    let sees_none = limits.is_empty() || is_own(visit, run);
    let (sites, or_of_none) = match site {
        "" => (limits, sees_none),
        // No library is called so.
        OF_NONE if sees_none => ([String::new()].into(), true),
        one if limits.is_empty() || limits.contains(one) => ([one.to_owned()].into(), false),
        _ => return Ok((Vec::new(), None)),
    };
    let why = match what {
        What::Left(why) => [why].into(),
        What::All | What::NotWritten => {
            REASONS.iter().map(|(_, why)| *why).filter(|why| !is_aside(*why)).collect()
        }
        What::State(_) | What::WaitingInDoubt | What::CanStill => return Ok((Vec::new(), None)),
    };
    left_some(visit, run, Some(LeftOutFilter { why, sites, or_of_none }), after, limit).await
}

/// The next of those whom this finds; `None` finds nobody.
async fn left_some(
    visit: &Visit,
    run: &Run,
    filter: Option<LeftOutFilter>,
    after: u64,
    limit: usize,
) -> Result<(Vec<LeftOut>, Option<u64>), Error> {
    let Some(filter) = filter else { return Ok((Vec::new(), None)) };
    let found = visit.pages.sources.store.left_out_part(run.id, filter, after, limit).await?;
    let next = found.last().map(|(n, _)| *n).filter(|_| found.len() == limit);
    Ok((found.into_iter().map(|(_, one)| masked(visit, one)).collect(), next))
}

/// Whoever sees no addresses sees no names either; what is said of the reason is masked where it is said.
fn masked(visit: &Visit, one: LeftOut) -> LeftOut {
    if visit.may(Permission::SeeAddresses) {
        return one;
    }
    LeftOut { who: String::new(), ..one }
}

fn mail(visit: &Visit, row: &Row, flow: Flow, went_again: Option<&Vec<Row>>) -> Mail {
    let words = visit.words();
    let sees = visit.may(Permission::SeeAddresses);
    let who = row.patron.as_ref().filter(|_| sees).map(|patron| patron.name.clone()).unwrap_or_default();
    let may_again = may_run(visit) && visit.may(Permission::RunNotices(row.site.as_deref()));
    let went = |row: &Row| (row.message.0, row::address(visit, &row.to.address), words.state(row.state));
    Mail {
        id: row.message.0,
        who,
        address: row::address(visit, &row.to.address),
        site: row.site.as_deref().map(|code| site_name(visit, code)),
        standing: RowStanding::of(visit, row, flow),
        through: None,
        what_to_do: next_step(visit, row),
        again: (may_again && may_go_again(row.state, row.in_doubt_at.is_some()))
            .then(|| format!("/notices/runs/{}/again/{}", row.run.map_or(0, |run| run.0), row.recipient.0)),
        went_again: went_again.into_iter().flatten().map(went).collect(),
    }
}

/// Which server took each, as far as one did.
pub(super) async fn accepted_by(visit: &Visit, rows: &[Row]) -> Result<BTreeMap<RecipientId, String>, Error> {
    let taken = rows.iter().filter(|row| !row.practice);
    visit.pages.sources.store.accepted_by(taken.map(|row| row.recipient).collect()).await
}

/// What is done about mail of a run: as its own page and the first one say it.
pub(super) fn next_step(visit: &Visit, row: &Row) -> Option<String> {
    let (words, reason) = (visit.words(), row.reason?);
    Some(match (row.state, reason) {
        (State::Waiting, Reason::MailboxFull | Reason::AnswerUnknown) => {
            words.with("names-tried-again", &[("until", &visit.clockwork.text(row.expires_at))])
        }
        (State::Cancelled, Reason::ByPerson) if row.in_doubt_at.is_some() => words.t("names-doubtful-do"),
        (State::Cancelled, Reason::ByPerson) if !row.practice => words.t("names-cancelled-do"),
        _ => row::what_to_do(words, row, reason),
    })
}

fn left_line(visit: &Visit, one: &LeftOut, mixed: bool) -> Left {
    let words = visit.words();
    let detail = said(words, &one.detail);
    let line = one.line.map(|line| words.with("left-line", &[("line", &words.number(line))]));
    // Of a line of which no more is kept, its number stands where a name would.
    let (who, line) = match who(words, one) {
        none if none.is_empty() => (line.unwrap_or_default(), None),
        who => (who, line),
    };
    Left {
        who,
        line,
        site: one.site.as_deref().map(|code| site_name(visit, code)),
        detail: Detail { text: row::others_words(visit, &detail.text), ..detail },
        mail: one.detail.message().map(|message| message.0),
        reason: left(words, one.why, 1),
        what_to_do: mixed.then(|| left_do(words, one.why)),
    }
}

impl Names {
    fn run(&self) -> String {
        title(self.f.words, self.id)
    }

    fn went(&self, address: &str, state: &str) -> String {
        self.f.words.with("names-went-again", &[("address", address), ("state", state)])
    }

    /// For whoever does not see which line a link stands in.
    fn about(&self, one: &Mail) -> String {
        format!("{}: {} {}", self.f.words.t("names-message"), one.who, one.address)
    }

    fn again(&self, one: &Mail) -> String {
        self.f.words.with("names-again-to", &[("who", &format!("{} {}", one.who, one.address))])
    }
}
