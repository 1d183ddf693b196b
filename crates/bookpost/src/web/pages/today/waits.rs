//! Of what waits, what somebody may ask about and nobody has to do anything for.

use store::{Error, Filter, ForLater, State};

use super::{
    super::{known::Known, limited, notices::Pending, recovered, visit::Visit},
    to_do::links,
};
use crate::identity::Permission;

/// Mail that may have arrived is counted up to so many.
const COUNTED: usize = 100;
/// So few are named.
const NAMED: usize = 5;

/// A sentence, and the mail that it is about.
pub(super) struct Note {
    pub(super) text: String,
    /// Where each is, and what the link says.
    pub(super) mails: Vec<(String, String)>,
}

/// `ages`: mail that waits grows older.
pub(super) async fn read(
    visit: &Visit,
    known: &Known,
    for_later: ForLater,
    (pending, ages): (&Pending, bool),
) -> Result<Vec<Note>, Error> {
    let waits = known.now(&visit.sites()).waiting > 0;
    let leaves = recovered::leaves(&known.standing, &visit.pages.sources, &visit.clockwork).filter(|_| waits);
    let limited = if waits {
        limited::told(&known.standing, &visit.pages.sources, &visit.clockwork).await?
    } else {
        None
    };
    let told = leaves
        .into_iter()
        .chain(limited)
        .chain(later(visit, for_later))
        .map(|text| Note { text, mails: Vec::new() });
    Ok(told.chain(in_doubt(visit, known.standing.sends()).await?).chain(full(visit, pending, ages)).collect())
}

/// What is not to be sent before a time waits for nothing else.
fn later(visit: &Visit, for_later: ForLater) -> Option<String> {
    let words = visit.words();
    let next = words.with("waits-for-later-next", &[("time", &visit.clockwork.text(for_later.next_at?))]);
    let text = if for_later.more {
        words.with("waits-for-later-many", &[("count", &words.number(for_later.count))])
    } else {
        words.count("waits-for-later", for_later.count)
    };
    Some(format!("{text} {next}"))
}

/// What may have arrived, and is sent once more by itself; `sends`: as soon as it can be.
async fn in_doubt(visit: &Visit, sends: bool) -> Result<Option<Note>, Error> {
    let words = visit.words();
    let state = Some(State::Waiting);
    let filter = Filter { state, ever_in_doubt: true, sites: visit.sites(), ..Filter::default() };
    let rows = visit.pages.sources.store.part(filter, None, COUNTED + 1).await?.rows;
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let text = match rows.len() {
        0 => return Ok(None),
        many if many > COUNTED => words.t("waits-in-doubt-many"),
        _ => words.count("waits-in-doubt", count),
    };
    let next = words.count(if sends { "waits-in-doubt-again" } else { "waits-in-doubt-still" }, count);
    let text = format!("{text} {next}");
    let named = rows.iter().take(NAMED).filter(|_| rows.len() <= NAMED);
    let mail = |row: &store::Row| {
        let number = words.with("waits-mail", &[("id", &row.message.0.to_string())]);
        (format!("/queue/{}", row.message.0), number)
    };
    let mails = named.filter(|row| visit.may(Permission::SeeQueue(row.site.as_deref()))).map(mail).collect();
    Ok(Some(Note { text, mails }))
}

/// Mailboxes that are full: it is still tried for runs that are not the last one.
fn full(visit: &Visit, pending: &Pending, ages: bool) -> Option<Note> {
    let (runs, until) = pending.full();
    let count = runs.iter().map(|run| run.count).sum();
    let until = visit.clockwork.text(until?);
    let words = visit.words();
    let key = if runs.len() > 1 { "waits-full-until-first" } else { "waits-full-until" };
    let until = if ages { words.with(key, &[("until", &until)]) } else { words.t("waits-full-still") };
    let text = format!("{} {until}", words.count("waits-full", count));
    let (one, several) = links(visit, &runs, "waiting", words.t("waits-full-link"));
    Some(Note { text, mails: one.into_iter().chain(several).collect() })
}
