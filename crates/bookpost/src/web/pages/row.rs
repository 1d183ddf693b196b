//! One recipient of a message, as a line of a list.

use jiff::Timestamp;
use mail::Reason;
use store::{Door, Error, Move, Row, State, backup_of};

use super::{marks, standing::Standing, visit::Visit, wanted::OF_NONE, when::At, words::Words};
use crate::{
    app::{
        deciders::{Deciders, decided_at},
        notice_run::TO_GUARDIANS,
    },
    config::Way,
    identity::Permission,
};

/// A line.
pub(super) struct Line {
    /// The message's.
    pub(super) id: i64,
    pub(super) recipient: i64,
    pub(super) subject: String,
    pub(super) to: String,
    pub(super) from: String,
    pub(super) site: Option<String>,
    pub(super) accepted: At,
    pub(super) practice: bool,
    pub(super) standing: RowStanding,
    /// May be chosen, for a decision.
    pub(super) may_decide: bool,
}

/// What is going on with a recipient.
pub(super) struct RowStanding {
    pub(super) tone: &'static str,
    pub(super) mark: &'static str,
    pub(super) state: String,
    /// When it goes on.
    pub(super) when: Option<String>,
    pub(super) why: Option<String>,
}

/// Whether mail leaves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Goes,
    Paused,
    /// No server takes mail.
    Down,
    /// None does, only because our sign-in is not accepted.
    SignedOut,
}

/// What is done about it. Where a family was written to, nobody can say whose address it is but the family.
pub(super) fn what_to_do(words: &Words, row: &Row, reason: Reason) -> String {
    let is_the_address = matches!(reason, Reason::AddressUnknown | Reason::MailboxDisabled);
    if is_the_address && row.tags.iter().any(|tag| tag == TO_GUARDIANS) {
        return words.t("names-family-do");
    }
    words.what_to_do(reason)
}

impl Flow {
    pub(super) async fn now(visit: &Visit) -> Result<Self, Error> {
        Ok(match Standing::read(&visit.pages.sources).await?.0 {
            Standing::Paused { .. } => Self::Paused,
            Standing::Locked { .. } | Standing::Refused { .. } | Standing::Down { sign_in: true, .. } => {
                Self::SignedOut
            }
            Standing::Down { sign_in: false, .. } => Self::Down,
            _ => Self::Goes,
        })
    }

    /// Mail that is not practice waits for a server, and its next try is none of its own.
    pub(super) fn waits_for_server(self, row: &Row, now: Timestamp) -> bool {
        matches!(self, Self::Down | Self::SignedOut)
            && row.state == State::Waiting
            && !row.practice
            && !is_for_later(row, now)
    }
}

/// It is not to be sent before a time that it was given.
pub(super) fn is_for_later(row: &Row, now: Timestamp) -> bool {
    row.state == State::Waiting && row.attempts == 0 && row.reason.is_none() && row.first_due_at > now
}

impl Line {
    pub(super) fn of(visit: &Visit, row: &Row, flow: Flow, deciders: &Deciders) -> Self {
        let words = visit.words();
        let may_decide = visit.may_decide(row.site.as_deref()) && is_open(row.state);
        let standing = RowStanding::of(visit, row, flow);
        let undo = (row.state == State::Held && may_decide).then(|| words.t("kept-back-undo-here"));
        let why = why_with(visit, row, deciders).map(|why| match undo {
            Some(undo) if decided_at(row).is_some() => format!("{why} {undo}"),
            _ => why,
        });
        let from = match row.run {
            Some(run) => words.with("queue-from-run", &[("run", &run.0.to_string())]),
            None => words.with("queue-from", &[("program", &row.application)]),
        };
        Self {
            id: row.message.0,
            recipient: row.recipient.0,
            subject: subject_of(visit, row),
            to: address(visit, &row.to.address),
            from,
            site: row.site.as_deref().map(|code| site_name(visit, code)),
            accepted: visit.clockwork.at(row.accepted_at),
            practice: row.practice,
            standing: RowStanding { why, ..standing },
            may_decide,
        }
    }
}

impl RowStanding {
    pub(super) fn of(visit: &Visit, row: &Row, flow: Flow) -> Self {
        let words = visit.words();
        let config = visit.pages.sources.config();
        let leaves = row.practice || matches!(config.sending.way, Way::Servers(_));
        let no_way = matches!(config.sending.way, Way::None) && config.sending.way_is_chosen;
        let no_way = if no_way { "when-waits-do-not-send" } else { "when-waits-no-way" };
        let when = row.due_at.filter(|_| row.state == State::Waiting).map(|due_at| {
            let key = if row.attempts == 0 { "when-waits-first" } else { "when-waits-again" };
            match flow {
                _ if !leaves => words.t(no_way),
                Flow::Paused => words.t("when-waits-paused"),
                // No server keeps back before its time what is for later.
                Flow::Down | Flow::SignedOut if is_for_later(row, visit.clockwork.now) => {
                    words.with(key, &[("time", &visit.clockwork.text(due_at))])
                }
                Flow::Down if !row.practice => words.t("when-waits-down"),
                Flow::SignedOut if !row.practice => words.t("when-waits-signed-out"),
                _ if due_at <= visit.clockwork.now => words.t("when-waits-now"),
                _ => words.with(key, &[("time", &visit.clockwork.text(due_at))]),
            }
        });
        Self {
            tone: marks::tone(row.state),
            mark: marks::mark(row.state),
            state: words.state(row.state),
            when,
            why: why(visit, row),
        }
    }
}

/// Why it is where it is; of what is out of date, by which export.
pub(super) fn why(visit: &Visit, row: &Row) -> Option<String> {
    let (words, reason) = (visit.words(), row.reason?);
    if let Some(made) = backup_of(row) {
        return Some(words.with("reason-from_backup-of", &[("day", &visit.clockwork.text(made))]));
    }
    let key = match reason {
        Reason::ItemsReturned => Some("reason-items_returned-of"),
        Reason::Replaced => Some("reason-replaced-of"),
        _ => None,
    };
    let known = row.outdated.and_then(|outdated| Some((outdated.run, outdated.of?))).zip(key);
    Some(known.map_or_else(
        || words.reason(reason),
        |((run, of), key)| {
            words.with(key, &[("day", &visit.clockwork.text(of)), ("run", &run.0.to_string())])
        },
    ))
}

/// The same, with who decided it and when, where that is known.
pub(super) fn why_with(visit: &Visit, row: &Row, deciders: &Deciders) -> Option<String> {
    let Some(at) = decided_at(row) else { return why(visit, row) };
    let words = visit.words();
    let when = visit.clockwork.lately_within(at);
    let who = deciders.of_row(row).map(|who| words.actor(who));
    let is_held = row.state == State::Held;
    match who {
        Some(who) => {
            let key = if is_held { "kept-back-by" } else { "decided-by" };
            Some(words.with(key, &[("who", &who), ("when", &when)]))
        }
        None if is_held => Some(words.with("kept-back", &[("when", &when)])),
        None => why(visit, row),
    }
}

/// As much of an address as this person may read.
pub(super) fn address(visit: &Visit, address: &mail::Address) -> String {
    if visit.may(Permission::SeeAddresses) { address.to_string() } else { address.masked() }
}

/// A text of others, such as a server's answer, in which addresses may stand.
pub(super) fn others_words(visit: &Visit, text: &str) -> String {
    if visit.may(Permission::SeeAddresses) { text.to_owned() } else { mail::address::mask_addresses(text) }
}

/// Of what Bookpost writes itself, in the reader's words: there the queue has a name, and no subject.
pub(super) fn subject_of(visit: &Visit, row: &Row) -> String {
    let own = row.door == Some(Door::Bookpost) && row.application == "bookpost";
    match &*row.subject {
        "return report" if own => visit.words().t("subject-return-report"),
        "summary of returns" if own => visit.words().t("subject-summary"),
        "relayed" if own => visit.words().t("subject-relayed"),
        other => subject(visit, other),
    }
}

pub(super) fn subject(visit: &Visit, subject: &str) -> String {
    let subject = subject.trim();
    if subject.is_empty() { visit.words().t("queue-without-subject") } else { others_words(visit, subject) }
}

/// The library's name; its code where it has none.
pub(super) fn site_name(visit: &Visit, code: &str) -> String {
    if code == OF_NONE {
        return visit.words().t("of-no-library");
    }
    let sites = &visit.pages.sources.config().sites;
    sites.iter().find(|site| site.code == code).map_or_else(|| code.to_owned(), |site| site.name.clone())
}

/// Something can be decided about it.
pub(super) fn is_open(state: State) -> bool {
    matches!(state, State::Waiting | State::InDoubt | State::Held)
}

/// What can be decided about what is in this state, the most usual first.
pub(super) fn moves(state: State) -> &'static [Move] {
    match state {
        State::Waiting => &[Move::Retry, Move::Hold, Move::Cancel, Move::Return],
        State::Held => &[Move::Release, Move::Cancel, Move::Return],
        State::InDoubt => &[Move::Retry, Move::Cancel],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::wanted::STATES;

    #[test]
    fn what_is_open_has_something_to_be_decided() {
        for (name, state) in STATES {
            assert_eq!(is_open(state), !moves(state).is_empty(), "{name}");
        }
    }
}
