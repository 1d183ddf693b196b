//! Of what waits, what somebody may ask about and nobody has to do anything for.

use mail::Reason;
use store::{Error, Filter, State};

use super::super::{notices::LastRun, visit::Visit};
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
pub(super) async fn read(visit: &Visit, last: Option<&LastRun>, ages: bool) -> Result<Vec<Note>, Error> {
    Ok(in_doubt(visit).await?.into_iter().chain(last.and_then(|last| full(visit, last, ages))).collect())
}

/// What may have arrived, and is sent once more by itself.
async fn in_doubt(visit: &Visit) -> Result<Option<Note>, Error> {
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
    let named = rows.iter().take(NAMED).filter(|_| rows.len() <= NAMED);
    let mail = |row: &store::Row| {
        let number = words.with("waits-mail", &[("id", &row.message.0.to_string())]);
        (format!("/queue/{}", row.message.0), number)
    };
    let mails = named.filter(|row| visit.may(Permission::SeeQueue(row.site.as_deref()))).map(mail).collect();
    Ok(Some(Note { text, mails }))
}

/// Mailboxes of the last run that are full.
fn full(visit: &Visit, last: &LastRun, ages: bool) -> Option<Note> {
    let why = last.why(State::Waiting);
    let (_, counted) = why.into_iter().find(|(reason, _)| *reason == Reason::MailboxFull)?;
    let until = visit.clockwork.text(counted.expires_first_at);
    let words = visit.words();
    let full = words.count("waits-full", counted.count);
    let until =
        if ages { words.with("waits-full-until", &[("until", &until)]) } else { words.t("waits-full-still") };
    let text = format!("{full} {until}");
    let href = format!("/notices/runs/{}/names?what=waiting", last.id);
    Some(Note { text, mails: vec![(href, words.t("waits-full-link"))] })
}
