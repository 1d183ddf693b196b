//! Where somebody is signed in.

use store::Session;

use super::{visit::Visit, when::At};

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
    let line = |session: &Session| Line {
        id: session.id.0,
        begun: visit.clockwork.at(session.begun_at),
        seen: visit.clockwork.at(session.seen_at),
        from: if session.peer.is_loopback() {
            visit.words().t("session-own-computer")
        } else {
            session.peer.to_string()
        },
        here: session.id == visit.visitor.session().id,
    };
    sessions.iter().map(line).collect()
}
