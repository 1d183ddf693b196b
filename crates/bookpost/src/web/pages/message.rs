//! One message: what happened to it, why, and what can be done.

use askama::Template;
use axum::{extract::Path, response::Response};
use store::{Attempt, Error, MessageId, Move, Row};

use super::{
    decide::{Button, ORDER, buttons},
    frame::{Frame, Place, page},
    not_here,
    row::{self, RowStanding},
    timeline::{Step, timeline},
    visit::Visit,
};
use crate::identity::Permission;

/// One recipient.
struct Recipient {
    address: String,
    patron: Option<String>,
    standing: RowStanding,
    what_to_do: Option<String>,
    steps: Vec<Step>,
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
}

/// What is known of a message that this person may see; one that they may not is as one that is not there.
pub(super) async fn known(visit: &Visit, id: &str) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
    let id = id.parse().map_err(|_| Error::NotFound("message"))?;
    let rows = visit.pages.sources.store.show(MessageId(id)).await?;
    if rows.iter().all(|(row, _)| visit.may_see(row)) { Ok(rows) } else { Err(Error::NotFound("message")) }
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
    let paused = visit.pages.sources.store.paused().await?.is_some();
    let may_decide = rows.iter().all(|(row, _)| visit.may_decide(row));
    let mut can: Vec<Move> = rows.iter().flat_map(|(row, _)| row::moves(row.state)).copied().collect();
    can.sort_unstable_by_key(|wish| ORDER.iter().position(|known| known == wish));
    can.dedup();
    Ok(Message {
        f: Frame::around(visit, Place::Queue).await?,
        id: first.message.0,
        subject: row::subject(visit, first),
        practice: first.practice,
        facts: facts(visit, first),
        recipients: rows.iter().map(|(row, attempts)| recipient(visit, row, attempts, paused)).collect(),
        buttons: if may_decide { buttons(visit.words(), &can) } else { Vec::new() },
        may_decide,
        may_open: visit.may(Permission::OpenText(first.site.as_deref())),
    })
}

fn recipient(visit: &Visit, row: &Row, attempts: &[Attempt], paused: bool) -> Recipient {
    let is_told = row.reason.filter(|_| row::is_open(row.state) || row.state == store::State::Returned);
    Recipient {
        address: row::address(visit, &row.to.address),
        patron: row
            .patron
            .as_ref()
            .filter(|_| visit.may(Permission::SeeAddresses))
            .map(|patron| patron.name.clone()),
        standing: RowStanding::of(visit, row, paused),
        what_to_do: is_told.map(|reason| visit.words().what_to_do(reason)),
        steps: timeline(visit, row, attempts),
    }
}

fn facts(visit: &Visit, row: &Row) -> Vec<Fact> {
    let words = visit.words();
    let fact = |name: &str, value: String| Some(Fact { name: words.t(name), value, href: None });
    let run = row.run.map(|run| Fact {
        name: words.t("fact-run"),
        value: run.0.to_string(),
        href: Some(format!("/queue?run={}", run.0)),
    });
    let returns_to = row.reverse_path.address();
    let returns_to =
        returns_to.map_or_else(|| words.t("fact-returns-to-nobody"), |to| row::address(visit, to));
    let facts = [
        fact("fact-accepted", visit.clockwork.text(row.accepted_at)),
        fact("fact-program", row.application.clone()),
        run,
        row.site.as_deref().and_then(|code| fact("fact-site", row::site_name(visit, code))),
        fact("fact-class", words.class(row.class)),
        Some(row::others_words(visit, &row.tags.join(", ")))
            .filter(|tags| !tags.is_empty())
            .and_then(|tags| fact("fact-tags", tags)),
        fact("fact-size", format!("{} kB", words.number(row.size.div_ceil(1_000)))),
        fact("fact-returns-to", returns_to),
        fact("fact-message-id", row.message_id.clone()),
    ];
    facts.into_iter().flatten().collect()
}

impl Message {
    fn title(&self) -> String {
        self.f.words.with("message-of", &[("id", &self.id.to_string())])
    }

    fn recipients_title(&self) -> String {
        self.f.words.count("message-recipients", u64::try_from(self.recipients.len()).unwrap_or(u64::MAX))
    }
}
