//! Decisions about mail: what is to be done is said, then what follows from it is read, then it is done.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use store::{Deed, Error, MessageId, Move, NewAudit, RunId, Selection, State};

use super::{
    flash,
    form::Posted,
    frame::{Frame, Place, page},
    not_here,
    row::{moves, subject},
    security::local,
    visit::Visit,
    wanted::state,
    words::Words,
};
use crate::cli::control::{QueueRequest, Reply};

/// In which order they stand.
pub(super) const ORDER: [Move; 5] = [Move::Release, Move::Retry, Move::Hold, Move::Cancel, Move::Return];
/// Messages whose subjects are shown before something is done with them.
const NAMED: usize = 5;

/// A way to decide.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Button {
    /// For the address.
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// What was decided, or is to be asked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Decision {
    #[serde(rename = "do")]
    what: String,
    /// Messages.
    id: Vec<i64>,
    /// All in this state.
    state: String,
    /// All of this run.
    run: Option<i64>,
    /// Where to go afterwards.
    next: String,
}

#[derive(Template)]
#[template(path = "decide.html")]
struct Sure {
    f: Frame,
    decision: Decision,
    question: String,
    consequence: String,
    /// What is meant, as far as it can be named.
    named: Vec<String>,
    more: usize,
    button: String,
    final_: bool,
}

#[derive(Template)]
#[template(path = "nothing_selected.html")]
struct NothingSelected {
    f: Frame,
    next: String,
}

/// The buttons for these.
pub(super) fn buttons(words: &Words, moves: &[Move]) -> Vec<Button> {
    let button = |wish: &Move| Button { name: name(*wish), text: words.t(&format!("do-{}", name(*wish))) };
    moves.iter().map(button).collect()
}

fn name(wish: Move) -> &'static str {
    match wish {
        Move::Retry => "retry",
        Move::Hold => "hold",
        Move::Release => "release",
        Move::Cancel => "cancel",
        Move::Return => "return",
    }
}

fn named(text: &str) -> Option<Move> {
    ORDER.into_iter().find(|wish| name(*wish) == text)
}

/// Says what follows, and asks.
pub(super) async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let decision: Decision =
        serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let Some(wish) = named(&decision.what) else { return not_here::not_found(visit.words()) };
    match sure(&visit, decision, wish).await {
        Ok(response) => response,
        Err(error) => not_here::of(&error, &visit),
    }
}

/// Does it.
pub(super) async fn carry_out(Posted { visit, form }: Posted<Decision>) -> Response {
    let (Some(wish), Some(selection)) = (named(&form.what), form.selection()) else {
        return not_here::form_too_old(visit.words());
    };
    match allowed(&visit, &selection).await {
        Ok(true) => {}
        Ok(false) => return not_here::not_allowed(visit.words()),
        Err(error) => return not_here::of(&error, &visit),
    }
    let (who, about) = (visit.actor(), form.about());
    let line = move |reply: &Reply| {
        let Reply::Moved(moved) = reply else { return None };
        let new = Some(format!("{}: {}", name(wish), moved.moved));
        Some(NewAudit { who, what: Deed::MailDecided, about, old: None, new })
    };
    let request = QueueRequest::Move { selection, action: wish };
    match visit.pages.sources.decisions.carry_out_noted(request, line).await {
        Reply::Moved(moved) => {
            let next = flash::told(local(&form.next), wish.into(), Some((moved.moved, moved.unmoved)));
            Redirect::to(&next).into_response()
        }
        reply => not_here::undone(&reply, visit.words()),
    }
}

/// Whether this person decides about all that is meant. A message that they may not even see is as one that is not there.
async fn allowed(visit: &Visit, selection: &Selection) -> Result<bool, Error> {
    let Selection::Messages(ids) = selection else { return Ok(visit.may_decide_all()) };
    for id in ids {
        let rows = visit.pages.sources.store.show(*id).await?;
        if rows.iter().any(|(row, _)| !visit.may_see(row)) {
            return Err(Error::NotFound("message"));
        }
        if rows.iter().any(|(row, _)| !visit.may_decide(row)) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Decision {
    fn selection(&self) -> Option<Selection> {
        match (self.id.as_slice(), state(&self.state), self.run) {
            ([], Some(state), None) => Some(Selection::State(state)),
            ([], None, Some(run)) => Some(Selection::Run(RunId(run))),
            ([], ..) => None,
            (ids, ..) => Some(Selection::Messages(ids.iter().copied().map(MessageId).collect())),
        }
    }

    /// For the log.
    fn about(&self) -> String {
        match self.selection() {
            Some(Selection::State(_)) => format!("all mail: {}", self.state),
            Some(Selection::Run(run)) => format!("notice run {}", run.0),
            _ => {
                let ids: Vec<_> = self.id.iter().map(ToString::to_string).collect();
                format!("message {}", ids.join(", "))
            }
        }
    }
}

async fn sure(visit: &Visit, mut decision: Decision, wish: Move) -> Result<Response, Error> {
    decision.id.sort_unstable();
    decision.id.dedup();
    decision.next = local(&decision.next).to_owned();
    let f = Frame::around(visit, Place::Queue).await?;
    let Some(selection) = decision.selection() else {
        return Ok(page(&NothingSelected { f, next: decision.next }));
    };
    if !allowed(visit, &selection).await? {
        return Ok(not_here::not_allowed(visit.words()));
    }
    let words = visit.words();
    let (count, named) = meant(visit, &selection, wish).await?;
    Ok(page(&Sure {
        question: words.count(&format!("sure-{}", name(wish)), count),
        consequence: words.t(&format!("consequence-{}", name(wish))),
        more: decision.id.len().saturating_sub(named.len()),
        named,
        button: words.t(&format!("do-{}", name(wish))),
        final_: matches!(wish, Move::Cancel | Move::Return),
        decision,
        f,
    }))
}

/// How many are concerned, and what is meant.
async fn meant(visit: &Visit, selection: &Selection, wish: Move) -> Result<(u64, Vec<String>), Error> {
    let (words, store) = (visit.words(), &visit.pages.sources.store);
    match selection {
        Selection::State(state) => {
            let counts = store.counts().await?;
            let count = match state {
                State::Waiting => counts.waiting,
                State::InDoubt => counts.in_doubt,
                State::Held => counts.held,
                _ => 0,
            };
            Ok((count, vec![words.with("selected-all-state", &[("state", &words.state(*state))])]))
        }
        Selection::Run(id) => {
            let run = store.run(*id).await?;
            let possible = |state: &State| moves(*state).contains(&wish);
            let count = run.states.iter().filter(|(state, _)| possible(state)).map(|(_, count)| count).sum();
            Ok((count, vec![words.with("selected-all-run", &[("run", &id.0.to_string())])]))
        }
        Selection::Messages(ids) => {
            let (mut count, mut named) = (0, Vec::new());
            for id in ids {
                let rows = store.show(*id).await?;
                count += rows.iter().filter(|(row, _)| moves(row.state).contains(&wish)).count();
                named
                    .extend(rows.first().filter(|_| named.len() < NAMED).map(|(row, _)| subject(visit, row)));
            }
            Ok((u64::try_from(count).unwrap_or(u64::MAX), named))
        }
        Selection::WaitingSinceBefore(_) | Selection::All => Ok((0, Vec::new())),
    }
}

impl Sure {
    fn more(&self) -> String {
        self.f.words.count("selected-more", u64::try_from(self.more).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn each_move_has_a_name_of_its_own() {
        for wish in ORDER {
            assert_eq!(named(name(wish)), Some(wish));
        }
        assert_eq!(named("delete"), None);
        let words = Language::English.words();
        let texts: Vec<_> = buttons(words, &ORDER).into_iter().map(|button| button.text).collect();
        assert_eq!(
            texts,
            ["Send after all", "Try now", "Keep back", "Do not send", "Give up and tell the library"]
        );
    }

    /// Nobody means everything by leaving something out.
    #[test]
    fn what_is_meant_is_named() {
        for (query, expected) in [
            ("id=3&id=4", Some(Selection::Messages(vec![MessageId(3), MessageId(4)]))),
            ("state=held", Some(Selection::State(State::Held))),
            ("run=7", Some(Selection::Run(RunId(7)))),
            ("", None),
            ("state=no-such", None),
            ("state=held&run=7", None),
            ("id=3&state=held", Some(Selection::Messages(vec![MessageId(3)]))),
        ] {
            let decision: Decision = serde_html_form::from_str(query).unwrap();
            assert_eq!(decision.selection(), expected, "{query}");
        }
    }
}
