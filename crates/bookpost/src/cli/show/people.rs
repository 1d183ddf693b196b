//! People and the log in words.

use std::fmt::Write as _;

use jiff::Timestamp;
use mail::counted;
use store::{Audit, LinkPurpose, Person};

use super::{Table, View};
use crate::cli::{
    control::{ShownLink, ShownPersonKey, ShownPersonKeys, ShownSessions, SignedOut},
    words,
};

/// One line for each.
pub(super) fn list(people: &[Person], view: &View<'_>) -> String {
    if people.is_empty() {
        return "nobody; make the first administrator with the link of: bookpost people setup-link\n"
            .to_owned();
    }
    let mut table = Table::default();
    table.row(["address", "name", "role", "sites", "signed in last", ""]);
    for person in people {
        table.row([
            person.email.as_str(),
            person.name.as_str(),
            words::role(person.role),
            &sites(person),
            &when(person.last_sign_in_at, view),
            standing(person),
        ]);
    }
    table.to_string()
}

/// All about one.
pub(super) fn show(person: &Person, view: &View<'_>) -> String {
    let mut table = Table::default();
    table.row(["address", person.email.as_str()]);
    table.row(["name", person.name.as_str()]);
    table.row(["role", words::role(person.role)]);
    table.row(["sites", &sites(person)]);
    table.row(["language", person.language.as_deref().unwrap_or("as their browser asks")]);
    table.row(["added", &view.at(person.added_at)]);
    table.row(["signed in last", &when(person.last_sign_in_at, view)]);
    if let Some(since) = person.disabled_at {
        table.row(["disabled", &view.at(since)]);
    }
    let mut out = table.to_string();
    if !person.has_password {
        let _ = writeln!(
            out,
            "\nThey have no password yet. For a link to choose one, run: bookpost people invite-link {}",
            person.email
        );
    }
    out
}

/// The only time that a link is shown.
pub(super) fn link(link: &ShownLink, view: &View<'_>) -> String {
    let what = match (link.purpose, &link.person) {
        (LinkPurpose::SetUp, _) => "Whoever opens this link becomes the administrator.".to_owned(),
        (LinkPurpose::Invitation, Some(person)) => {
            format!("By this link {} chooses a password and is in.", person.email)
        }
        (_, Some(person)) => {
            format!("By this link {} chooses a new password. All their sessions end then.", person.email)
        }
        (_, None) => String::new(),
    };
    let nowhere = if link.link.0.starts_with('/') {
        "\nThe settings name no address where pages are shown (`listen`): put it before the link, once there is one.\n"
    } else {
        ""
    };
    let also: Vec<_> = link.also.iter().map(|link| format!("or {}\n", link.0)).collect();
    format!(
        "{what} It opens once, until {}, and is shown only now. Links that were made for the same before open nothing any more.\n\n{}\n{}{nowhere}",
        view.at(link.expires_at),
        link.link.0,
        also.concat()
    )
}

/// The only time that a key is shown.
pub(super) fn new_key(shown: &ShownPersonKey) -> String {
    let email = &shown.person.email;
    let mut table = Table::default();
    table.row(["key", &shown.key.0]);
    format!(
        "This is a new key of {email}. It is shown only now: Bookpost itself does not keep it. Whoever has it may do what {email} may: keep it like a password.\n\n{table}\nTo revoke it: bookpost people revoke-key {email} {}\n",
        shown.id.0
    )
}

/// The keys of a person.
pub(super) fn keys(shown: &ShownPersonKeys, view: &View<'_>) -> String {
    if shown.keys.is_empty() {
        return format!("none; make one with: bookpost people key {}\n", shown.person.email);
    }
    let mut table = Table::default();
    table.row(["key", "made", "last used", ""]);
    for key in &shown.keys {
        let used = key.used_at.map_or("never".to_owned(), |at| view.at(at));
        let revoked = key.revoked_at.map_or(String::new(), |since| format!("revoked {}", view.at(since)));
        table.row([&key.id.0, &view.at(key.made_at), &used, &revoked]);
    }
    table.to_string()
}

/// The latest first.
pub(super) fn sessions(shown: &ShownSessions, view: &View<'_>) -> String {
    if shown.sessions.is_empty() {
        return format!("{} is signed in nowhere\n", shown.person.email);
    }
    let mut table = Table::default();
    table.row(["session", "signed in", "last seen", "from", "with"]);
    for session in &shown.sessions {
        let (begun, seen, peer) =
            (view.at(session.begun_at), view.at(session.seen_at), session.peer.to_string());
        table.row([
            &*session.id.0.to_string(),
            &begun,
            &seen,
            &peer,
            session.browser.as_deref().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

pub(super) fn signed_out(out: &SignedOut) -> String {
    let sessions = counted(out.sessions, "session was", "sessions were");
    format!("{} is signed out everywhere; {sessions} ended\n", out.person.email)
}

/// The newest first.
pub(super) fn log(lines: &[Audit], view: &View<'_>) -> String {
    if lines.is_empty() {
        return "nothing was changed\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["line", "when", "who", "what", "about", "before", "after"]);
    for line in lines {
        table.row([
            &line.id.0.to_string(),
            &view.at(line.happened_at),
            words::actor(&line.who),
            words::deed(line.what),
            &line.about,
            line.old.as_deref().unwrap_or_default(),
            line.new.as_deref().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn sites(person: &Person) -> String {
    // An administrator is limited to none.
    if person.sites.is_empty() || person.role == store::Role::Administrator {
        return "all".to_owned();
    }
    person.sites.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn standing(person: &Person) -> &'static str {
    match (person.disabled_at, person.has_password) {
        (Some(_), _) => "disabled",
        (None, false) => "has no password yet",
        (None, true) => "",
    }
}

fn when(signed_in_at: Option<Timestamp>, view: &View<'_>) -> String {
    signed_in_at.map_or("never".to_owned(), |at| view.at(at))
}
