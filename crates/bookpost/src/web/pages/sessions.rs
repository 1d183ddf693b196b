//! Where somebody is signed in.

use store::Session;

use super::{visit::Visit, when::At, words::Words};

/// One place.
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) begun: At,
    pub(super) seen: At,
    pub(super) from: String,
    /// It is the one that the page is read in.
    pub(super) here: bool,
}

/// For a list.
pub(super) fn lines(visit: &Visit, sessions: &[Session]) -> Vec<Line> {
    let words = visit.words();
    let line = |session: &Session| Line {
        id: session.id.0,
        begun: visit.clockwork.at(session.begun_at),
        seen: visit.clockwork.at(session.seen_at),
        from: from(words, session),
        here: session.id == visit.visitor.session().id,
    };
    sessions.iter().map(line).collect()
}

/// With which browser, and from where.
fn from(words: &Words, session: &Session) -> String {
    let place =
        if session.peer.is_loopback() { words.t("session-own-computer") } else { session.peer.to_string() };
    let browser = session.browser.as_deref().map(|browser| match browser.split_once(" on ") {
        Some((browser, system)) => words.with("session-browser", &[("browser", browser), ("system", system)]),
        None => browser.to_owned(),
    });
    browser.into_iter().chain([place]).collect::<Vec<_>>().join(", ")
}
