//! Decisions about mail: what is to be done is said, then what follows from it is read, then it is done.

mod meant;

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use store::{Error, Move, State};

use self::meant::{Meant, allowed, ends, meant};
pub(in crate::web) use self::meant::{about, concerned};
use super::{
    flash,
    form::Posted,
    frame::{Frame, Place, page},
    not_here,
    row::moves,
    security::local,
    visit::Visit,
    wanted::Wanted,
    words::{Language, Words},
};
use crate::cli::control::Reply;

/// In which order they stand.
const ORDER: [Move; 5] = [Move::Release, Move::Retry, Move::Hold, Move::Cancel, Move::Return];
/// Messages that can be named one by one; a page of the queue has far less.
pub(in crate::web) const MOST_NAMED: usize = 500;

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
    /// Messages; or else all that is like this.
    id: Vec<i64>,
    #[serde(flatten)]
    wanted: Wanted,
    /// The newest recipient when it was asked: what comes later is not meant.
    up_to: Option<i64>,
    /// Only what an earlier decision moved, and nothing since: in microseconds since 1970.
    decided_at: Option<i64>,
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
    meant: Meant,
    button: String,
    final_: bool,
}

#[derive(Template)]
#[template(path = "nothing_selected.html")]
struct NothingSelected {
    f: Frame,
    next: String,
    /// Something was selected, of which there is nothing any more with which it can be done.
    gone: bool,
}

/// What can be decided about what is in these states.
pub(super) fn possible(states: impl IntoIterator<Item = State>) -> Vec<Move> {
    let states: Vec<_> = states.into_iter().collect();
    ORDER.into_iter().filter(|wish| states.iter().any(|state| moves(*state).contains(wish))).collect()
}

/// The buttons for these.
pub(super) fn buttons(words: &Words, moves: &[Move]) -> Vec<Button> {
    let button = |wish: &Move| Button { name: name(*wish), text: words.t(&format!("do-{}", name(*wish))) };
    moves.iter().map(button).collect()
}

fn name(wish: Move) -> &'static str {
    wish.name()
}

/// What becomes of mail in these states about which it is decided so, in English.
pub(in crate::web) fn english_consequence(wish: Move, states: &BTreeMap<State, u64>) -> String {
    consequence(Language::English.words(), wish, states)
}

/// What may have arrived cannot be called back.
fn consequence(words: &Words, wish: Move, states: &BTreeMap<State, u64>) -> String {
    let usual = words.t(&format!("consequence-{}", name(wish)));
    match states.get(&State::InDoubt).copied().filter(|_| wish == Move::Cancel) {
        None | Some(0) => usual,
        Some(count) if count == concerned(states, wish) => words.t("consequence-cancel-in-doubt"),
        Some(count) => format!("{usual} {}", words.count("consequence-some-in-doubt", count)),
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
    if decision.id.len() > MOST_NAMED {
        return not_here::too_many(visit.words());
    }
    match sure(&visit, decision, wish).await {
        Ok(response) => response,
        Err(error) => not_here::of(&error, &visit),
    }
}

/// Does it.
pub(super) async fn carry_out(Posted { visit, form }: Posted<Decision>) -> Response {
    if form.id.len() > MOST_NAMED {
        return not_here::too_many(visit.words());
    }
    let (Some(wish), Some(selection)) = (named(&form.what), form.selection(&visit)) else {
        return not_here::form_too_old(visit.words());
    };
    match allowed(&visit, &selection).await {
        Ok(true) => {}
        Ok(false) => return not_here::not_allowed(visit.words()),
        Err(error) => return not_here::of(&error, &visit),
    }
    let (who, about) = (visit.actor(), form.about());
    match visit.pages.sources.decisions.move_mail(selection, wish, about, who).await {
        (Reply::Moved(moved), at) => {
            let next = flash::told_of(local(&form.next), wish, &moved, at);
            Redirect::to(&next).into_response()
        }
        (reply, _) => not_here::undone(&reply, visit.words()),
    }
}

async fn sure(visit: &Visit, mut decision: Decision, wish: Move) -> Result<Response, Error> {
    decision.id.sort_unstable();
    decision.id.dedup();
    decision.wanted.after = None;
    decision.next = local(&decision.next).to_owned();
    let f = Frame::around(visit, Place::Queue).await?;
    let Some(mut selection) = decision.selection(visit) else {
        return Ok(page(&NothingSelected { f, next: decision.next, gone: false }));
    };
    if !allowed(visit, &selection).await? {
        return Ok(not_here::not_allowed(visit.words()));
    }
    decision.up_to = ends(visit, &mut selection).await?;
    let words = visit.words();
    let meant = meant(visit, &selection, &decision, wish).await?;
    if meant.count == 0 && !meant.or_more {
        return Ok(page(&NothingSelected { f, next: decision.next, gone: true }));
    }
    Ok(page(&Sure {
        question: words.count(&format!("sure-{}", name(wish)), meant.count),
        consequence: consequence(words, wish, &meant.states),
        meant,
        button: words.t(&format!("do-{}", name(wish))),
        final_: matches!(wish, Move::Cancel | Move::Return),
        decision,
        f,
    }))
}

impl Sure {
    fn more(&self) -> String {
        self.f.words.count("selected-more", u64::try_from(self.meant.unnamed).unwrap_or(u64::MAX))
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

    #[test]
    fn what_can_be_decided_stands_once_and_in_order() {
        let all = [State::Waiting, State::Delivered, State::Held, State::Held];
        assert_eq!(possible(all), ORDER);
        assert_eq!(possible([State::InDoubt]), [Move::Retry, Move::Cancel]);
        assert_eq!(possible([State::Delivered]), []);
    }
}
