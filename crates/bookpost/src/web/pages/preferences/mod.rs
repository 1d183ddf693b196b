//! Preferences > Setup > Email.
//!
//! What stands in the form is [`entries`]; the fields around it are [`fields`]. What somebody sent is a [`draft`] until it is saved, and
//! comes back as one where it cannot be saved: because something is wrong ([`problems`]), because somebody else was quicker
//! ([`meanwhile`]), or because a server did not pass its test ([`tried`]).
//!
//! This part knows nothing of how preferences are stored and checked: it asks [`crate::app::Preferences`].

mod checklist;
mod copies;
mod draft;
mod entries;
mod fields;
mod history;
mod instead;
mod library_email;
mod meanwhile;
mod page;
mod problems;
mod said;
mod sample;
mod save;
mod sent;
mod sentences;
mod suggest;
mod tried;
mod typed;

use axum::response::Response;

pub(super) use self::{
    page::ask,
    problems::in_words,
    said::{Said, label, said},
    sample::show as sample_report,
    save::{import, save, undo},
    sent::{Passwords, TESTS_TO},
    suggest::answer as suggest,
    typed::Typed,
};
use super::{not_here, visit::Visit};
use crate::preferences::Refused;

/// What it means to whoever wanted a page that the preferences cannot be had.
fn refused(why: &Refused, visit: &Visit) -> Response {
    match why {
        Refused::Store(error) => not_here::of(error, visit),
        why => not_here::no_preferences(why, visit.words()),
    }
}
