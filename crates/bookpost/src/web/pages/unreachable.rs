//! Who cannot be reached now: each person with the library, why, since when, and what is done about it. As a page, and as a table.

mod csv;

pub(super) use self::csv::download;

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::RawQuery, response::Response};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Error, RecipientId, Unreachable, Unreached};

use super::{
    field::Choice,
    frame::{Frame, Place, page},
    not_here,
    row::{self, site_name},
    visit::Visit,
    wanted::RESERVED,
    when::At,
};
use crate::identity::Permission;

/// Lines of a page.
const PAGE: usize = 50;
/// Parts of the list that are looked through at once, until somebody is found.
const PARTS: usize = 4;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    site: String,
    after: String,
}

#[derive(Template)]
#[template(path = "unreachable.html")]
struct Page {
    f: Frame,
    sites: Vec<Choice>,
    lines: Vec<Line>,
    /// A library was chosen.
    narrow: bool,
    first: Option<String>,
    next: Option<String>,
    /// The table; none for whoever sees no addresses.
    table: Option<String>,
}

/// Somebody who cannot be reached.
struct Line {
    message: i64,
    who: String,
    number: Option<String>,
    address: String,
    site: Option<String>,
    why: String,
    what_to_do: String,
    since: At,
    last: At,
}

/// The page.
pub(super) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let asked = asked(query.as_deref());
    match shown(&visit, &asked).await {
        Ok(shown) => page(&shown),
        Err(error) => not_here::of(&error, &visit),
    }
}

fn asked(query: Option<&str>) -> Asked {
    serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
}

async fn shown(visit: &Visit, asked: &Asked) -> Result<Page, Error> {
    let part = part(visit, asked, asked.after.parse().ok().map(RecipientId), PAGE).await?;
    let config = visit.pages.sources.config();
    let choice = |code: &String| Choice {
        value: code.clone(),
        text: site_name(visit, code),
        chosen: asked.site == *code,
    };
    Ok(Page {
        f: Frame::around(visit, Place::Unreachable).await?,
        sites: visit.libraries(&config).map(|site| choice(&site.code)).collect(),
        lines: part.all.iter().map(|one| Line::of(visit, one)).collect(),
        narrow: !asked.site.is_empty(),
        first: (!asked.after.is_empty()).then(|| path("", asked, None)),
        next: part.next.map(|next| path("", asked, Some(next))),
        table: visit.may(Permission::SeeAddresses).then(|| path("/csv", asked, None)),
    })
}

/// The next of those that are theirs. Where so many returns were looked through that nobody is found yet, it is for whoever asks to look
/// further.
async fn part(
    visit: &Visit,
    asked: &Asked,
    after: Option<RecipientId>,
    limit: usize,
) -> Result<Unreached, Error> {
    let Some(sites) = sites(visit, &asked.site) else { return Ok(Unreached::default()) };
    let mut found = Unreached { all: Vec::new(), next: after };
    for _ in 0..PARTS {
        found = visit.pages.sources.store.unreachable(sites.clone(), found.next, limit).await?;
        if !found.all.is_empty() || found.next.is_none() {
            break;
        }
    }
    Ok(found)
}

/// As far as they are theirs; none where nothing is.
fn sites(visit: &Visit, site: &str) -> Option<BTreeSet<String>> {
    let limits = visit.sites();
    match site {
        "" => Some(limits),
        one if limits.is_empty() || limits.contains(one) => Some([one.to_owned()].into()),
        _ => None,
    }
}

fn path(page: &str, asked: &Asked, after: Option<RecipientId>) -> String {
    let site = Some(&asked.site).filter(|site| !site.is_empty());
    let site = site.map(|site| format!("site={}", utf8_percent_encode(site, RESERVED)));
    let query: Vec<_> = site.into_iter().chain(after.map(|after| format!("after={}", after.0))).collect();
    let sign = if query.is_empty() { "" } else { "?" };
    format!("/queue/unreachable{page}{sign}{}", query.join("&"))
}

impl Line {
    /// Whoever sees no addresses sees no names either.
    fn of(visit: &Visit, one: &Unreachable) -> Self {
        let (words, row) = (visit.words(), &one.row);
        let patron = row.patron.as_ref().filter(|_| visit.may(Permission::SeeAddresses));
        Self {
            message: row.message.0,
            who: patron.map(|patron| patron.name.clone()).unwrap_or_default(),
            number: patron.and_then(|patron| patron.number.clone()),
            address: row::address(visit, &row.to.address),
            site: row.site.as_deref().map(|code| site_name(visit, code)),
            why: row.reason.map(|reason| words.reason(reason)).unwrap_or_default(),
            what_to_do: row.reason.map(|reason| row::what_to_do(words, row, reason)).unwrap_or_default(),
            since: visit.clockwork.at(one.since),
            last: visit.clockwork.at(row.settled_at.unwrap_or(row.accepted_at)),
        }
    }
}

impl Page {
    fn since(&self, at: &At) -> String {
        self.f.words.with("unreachable-since", &[("since", &at.text)])
    }

    fn last(&self, at: &At) -> String {
        self.f.words.with("unreachable-last", &[("when", &at.text)])
    }

    /// For whoever does not see which line a link stands in.
    fn about(&self, line: &Line) -> String {
        format!("{}: {} {}", self.f.words.t("names-message"), line.who, line.address)
    }
}
