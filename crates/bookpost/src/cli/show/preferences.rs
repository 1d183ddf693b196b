//! Preferences in words.

use std::{collections::BTreeSet, fmt::Write as _};

use mail::Reason;
use serde_json::{Map, Value};
use store::{AlarmKind, PreferenceChange};

use super::{Table, View, as_seen};
use crate::{
    cli::{
        control::{ChangedPreferences, ShownAccount, ShownPreferences},
        words,
    },
    config::{Origin, Provider, SendBy},
    preferences::{
        InUse, Why,
        mail_accounts::{Boxes, Ending, EndsWhy, Used, Without},
    },
};

/// One line for each.
pub(super) fn show(shown: &ShownPreferences, view: &View<'_>) -> String {
    let mut table = Table::default();
    table.row(["preference", "value", "set in"]);
    for preference in &shown.preferences {
        let value = preference.value.as_ref().map_or("none".to_owned(), written);
        let set_in = match &preference.origin {
            Origin::Usual => "(usual)",
            other => origin(other),
        };
        table.row([&preference.name, &value, set_in]);
    }
    let mut out = format!("{}\n{table}", in_use(shown, view));
    for one in &shown.accounts {
        let _ = write!(out, "\n{}", account_beside(one, goes_by(one, shown), view));
    }
    out + &as_seen::table(&shown.as_seen) + &notes(&shown.warnings)
}

/// The server that mail goes out by, since when and why.
fn in_use(shown: &ShownPreferences, view: &View<'_>) -> String {
    let Some(InUse { server, since, why, fault }) = &shown.in_use else {
        let way = shown.preferences.iter().find(|one| one.name == "sending.way");
        return match way.and_then(|way| way.value.as_ref()?.as_str()) {
            Some("practice") => "in use: the practice mailbox; nobody receives what is sent\n",
            _ => "in use: none at the moment; why: bookpost queue status\n",
        }
        .to_owned();
    };
    let since = since.map_or("just now".to_owned(), |since| view.at(since));
    let why = match (why, fault) {
        (Why::Set, _) => "when it was set so",
        (Why::TakesMailAgain, _) => "when it took mail again",
        (Why::Started, _) => "when Bookpost was started",
        (Why::FirstFails, Some(AlarmKind::SignIn)) => "as the first one does not accept our sign-in",
        (Why::FirstFails, Some(AlarmKind::Quota)) => "as the daily limit of the first one is used up",
        (Why::FirstFails, _) => "as the first one does not answer as it should",
    };
    let name = named(server);
    format!("in use: {name}, since {since}, {why}\n")
}

/// By what mail goes out though it cannot go by this account.
fn goes_by<'a>(account: &ShownAccount, shown: &'a ShownPreferences) -> Option<&'a str> {
    let server = shown.in_use.as_ref().map(|in_use| &*in_use.server);
    server.filter(|server| *server != account.provider).map(named)
}

fn named(server: &str) -> &str {
    match server {
        "server1" => "Server 1",
        "server2" => "Server 2",
        other => title(other),
    }
}

/// An account at a mail provider.
pub(super) fn account(account: &ShownAccount, view: &View<'_>) -> String {
    account_beside(account, None, view)
}

fn account_beside(account: &ShownAccount, goes_by: Option<&str>, view: &View<'_>) -> String {
    let mail = goes_by.map_or("mail waits".to_owned(), |by| format!("all mail goes out by {by} meanwhile"));
    let title = title(&account.provider);
    let (by, since) = (words::actor(&account.connected_by), view.at(account.connected_at));
    let mut out = format!("{title}: connected as {} since {since}, by {by}\n", account.account);
    if let Some(at) = account.signed_out_at {
        let _ = writeln!(
            out,
            "{title} signed us out ({}): {mail}. Sign in again: bookpost preferences connect {}",
            view.at(at),
            account.provider
        );
    }
    if let Some(at) = account.renews_at {
        let latest = account.renews_at_latest.map(|latest| format!(", at the latest {}", view.at(latest)));
        let zone =
            view.zone.iana_name().map_or_else(|| view.zone.to_offset(view.now).to_string(), str::to_owned);
        let _ = writeln!(
            out,
            "renewed next: with the first mail after {}{} ({zone})",
            view.at(at),
            latest.unwrap_or_default()
        );
    }
    if let Some(Ending { ends_at, why, .. }) =
        account.ends.filter(|one| one.why != EndsWhy::Unused || one.is_near(view.now))
    {
        let why = match why {
            EndsWhy::Said => "as it said itself",
            EndsWhy::Testing => "as the client stands at \"Testing\" there",
            EndsWhy::Unused => "unless it is renewed before, which has failed for a long time",
        };
        let _ = writeln!(out, "{title} ends the sign-in: {}, {why}", view.at(ends_at));
    }
    if let Some(Used { count, limit }) = account.sent_in_24_hours {
        let of = limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        let _ = writeln!(out, "sent in the last 24 hours: {count}{of}");
    }
    if let Some(by) = account.send_by {
        let how = match by {
            SendBy::Smtp => "by the mail server (smtp)",
            SendBy::Api => "by the web service (api)",
        };
        let _ = writeln!(out, "mail is handed over: {how}");
    }
    let _ = writeln!(out, "{}: {}", agreed(account), account.scopes.join(" "));
    if let Some(another) = &account.given_for_another {
        let _ = writeln!(
            out,
            "{mail}: {another}. Sign in again: bookpost preferences connect {}; or set the former one again, and it works as before",
            account.provider
        );
    }
    if let Some(why) = &account.last_error {
        let what = match account.last_reason {
            Some(Reason::SignedOut) => "ended the sign-in",
            Some(Reason::ClientRefused) => "does not know Bookpost by the client id and secret that are set",
            Some(Reason::SignInUnavailable) => "could not be asked, and is asked again",
            _ => {
                let _ = writeln!(out, "last error: {why}");
                return out;
            }
        };
        let _ = writeln!(out, "last error: {title} {what} ({why})");
    }
    out
}

/// What is said before what was agreed to.
fn agreed(account: &ShownAccount) -> String {
    let boxes = Provider::named(&account.provider)
        .zip(account.send_by)
        .and_then(|(provider, by)| Boxes::of(provider, by, &account.scopes.join(" ")));
    boxes.map_or("agreed to".to_owned(), |boxes| format!("{} of {} boxes ticked", boxes.ticked, boxes.asked))
}

/// What became of a sign-in that was ended.
pub(super) fn disconnected(provider: &str, told: bool, why_not: Option<&str>) -> String {
    let (title, there) = (title(provider), taken_away_at(provider));
    let todo = format!("take Bookpost's access away in the account there too: {there}");
    match why_not {
        _ if told => format!(
            "Disconnected from {title}: it was told that the sign-in is over, and that is good for nothing now.\n"
        ),
        Some(why) => {
            format!("Disconnected here. {title} could not be told that it is over ({why}); {todo}\n")
        }
        None => format!("Disconnected here. {title} was not told that it is over; {todo}\n"),
    }
}

/// The account that is connected in the place of another, and what became of the sign-in of that.
pub(super) fn instead(
    connected: &ShownAccount,
    before: &str,
    told: bool,
    why_not: Option<&str>,
    view: &View<'_>,
) -> String {
    let (title, there) = (title(&connected.provider), taken_away_at(&connected.provider));
    let is_over = format!("that the sign-in of {before} is over");
    let todo = format!("take Bookpost's access away in that account there: {there}");
    let said = match why_not {
        _ if told => format!("{title} was told {is_over}, and that is good for nothing now.\n"),
        Some(why) => format!("{title} could not be told {is_over} ({why}); {todo}\n"),
        None => format!("{title} was not told {is_over}; {todo}\n"),
    };
    format!("{}{said}", account(connected, view))
}

/// Another account than the one that is connected.
pub(super) fn another(account: &str, before: &str) -> String {
    format!(
        "{account} signed in, and {before} is connected: nothing was changed. If the other account is meant, do it again with --another\n"
    )
}

/// What follows from ending it.
pub(in super::super) fn disconnecting(provider: &str, account: &str, mail: &Without) -> String {
    let title = title(provider);
    let then = "What comes from then on waits too, until somebody signs in again";
    let mail = match mail {
        Without::Unused => format!("Mail does not leave by {title} at the moment, so none waits for this."),
        Without::GoesBy(server) => format!("All mail goes out by {} from then on.", named(server)),
        Without::Waits(0) => format!("No mail waits at the moment. {then}."),
        Without::Waits(1) => format!("1 mail waits for this way of sending. {then}; it is kept."),
        Without::Waits(waiting) => {
            format!("{waiting} mails wait for this way of sending. {then}; all are kept.")
        }
    };
    format!("Bookpost forgets the sign-in of {account} and tells {title} that it is over. {mail}\n")
}

/// Where whoever owns an account ends what programs may do by it.
fn taken_away_at(provider: &str) -> &'static str {
    match Provider::named(provider) {
        Some(Provider::Google) => "https://myaccount.google.com/connections",
        Some(Provider::Microsoft) => "https://myapplications.microsoft.com",
        None => "",
    }
}

fn title(provider: &str) -> &str {
    Provider::named(provider).map_or(provider, |one| one.title())
}

/// What became of a change.
pub(super) fn changed(changed: &ChangedPreferences) -> String {
    let mut out = match &changed.change {
        None => "Nothing had to be changed: it was so already.\n".to_owned(),
        Some(change) => {
            format!("{}\nThis holds from now on. To undo it: bookpost preferences undo\n", lines(change))
        }
    };
    if !changed.still_set.is_empty() {
        out.push_str("\nAs long as these stand elsewhere they are stronger; take them out there:\n\n");
        for preference in &changed.still_set {
            let _ = writeln!(out, "  {}: {}", preference.name, origin(&preference.origin));
        }
    }
    out + &notes(&changed.warnings)
}

/// The last changes, the newest first.
pub(super) fn history(changes: &[PreferenceChange], view: &View<'_>) -> String {
    if changes.is_empty() {
        return "none: nothing was changed yet\n".to_owned();
    }
    let one = |change: &PreferenceChange| {
        format!("{}, {}:\n{}", view.at(change.changed_at), words::actor(&change.changed_by), lines(change))
    };
    changes.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn lines(change: &PreferenceChange) -> String {
    let value = |json: &Option<String>| {
        json.as_ref().map_or("the usual value".to_owned(), |json| {
            serde_json::from_str(json).map_or_else(|_| json.clone(), |value| written(&value))
        })
    };
    let mut out = String::new();
    for (name, changed) in &change.values {
        if let Some(parts) = of_each(changed.before.as_deref(), changed.after.as_deref()) {
            for part in parts {
                let _ = writeln!(out, "  {name}, {part}");
            }
            continue;
        }
        let _ = writeln!(out, "  {name}: {} (before: {})", value(&changed.after), value(&changed.before));
    }
    out
}

/// Of a list of libraries each that is new, gone or another, and what of it; None, where it is no such list, or only in another order.
fn of_each(before: Option<&str>, after: Option<&str>) -> Option<Vec<String>> {
    let list = |json: Option<&str>| -> Option<Vec<Map<String, Value>>> {
        json.map_or(Some(Vec::new()), |json| serde_json::from_str(json).ok())
    };
    let (before, after) = (list(before)?, list(after)?);
    let code = |one: &Map<String, Value>| one.get("code").map_or_else(String::new, written);
    let mut parts = Vec::new();
    for new in &after {
        let Some(old) = before.iter().find(|old| code(old) == code(new)) else {
            parts.push(format!("{}: added", code(new)));
            continue;
        };
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let value = |one: &Map<String, Value>, key: &str| one.get(key).map_or("none".to_owned(), listed);
        let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
        parts.extend(
            changed.map(|key| {
                format!("{}, {key}: {} (before: {})", code(new), value(new, key), value(old, key))
            }),
        );
    }
    let gone = before.iter().filter(|old| after.iter().all(|new| code(new) != code(old)));
    parts.extend(gone.map(|old| format!("{}: removed", code(old))));
    Some(parts).filter(|parts| !parts.is_empty())
}

/// A value of a library; a list with commas.
fn listed(value: &Value) -> String {
    match value {
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list.iter().map(written).collect::<Vec<_>>().join(", "),
        other => written(other),
    }
}

fn origin(origin: &Origin) -> &str {
    match origin {
        Origin::Usual => "",
        Origin::Preferences => "preferences",
        Origin::File(place) | Origin::Environment(place) => place,
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_object) => {
            let names: Vec<_> = list.iter().filter_map(|one| one.get("code")?.as_str()).collect();
            format!("{} ({})", list.len(), names.join(", "))
        }
        Value::Array(list) => list.iter().map(written).collect::<Vec<_>>().join(" to "),
        other => other.to_string(),
    }
}

fn notes(warnings: &[String]) -> String {
    let mut notes = if warnings.is_empty() { String::new() } else { "\n".to_owned() };
    for warning in warnings {
        let _ = writeln!(notes, "note: {warning}");
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_account_it_is_said_why_it_is_not_renewed() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        for (signed_out, reason, said, expected) in [
            (
                true,
                Reason::SignedOut,
                "invalid_grant: revoked",
                "Google ended the sign-in (invalid_grant: revoked)",
            ),
            (
                false,
                Reason::ClientRefused,
                "invalid_client",
                "Google does not know Bookpost by the client id and secret that are set",
            ),
            (
                false,
                Reason::SignInUnavailable,
                "it answered 503",
                "Google could not be asked, and is asked again (it answered 503)",
            ),
            (
                false,
                Reason::ServiceUnable,
                "the sign-in service cannot help",
                "the sign-in service cannot help\n",
            ),
        ] {
            let shown = ShownAccount {
                provider: "google".to_owned(),
                account: "library@school.example".to_owned(),
                scopes: vec!["openid".to_owned(), "https://mail.google.com/".to_owned()],
                connected_at: at,
                connected_by: store::Actor::CommandLine,
                renewed_at: None,
                renews_at: (!signed_out).then_some(at),
                renews_at_latest: (!signed_out).then_some(at),
                signed_out_at: signed_out.then_some(at),
                send_by: Some(SendBy::Api),
                sent_in_24_hours: Some(Used { count: 312, limit: Some(2000) }),
                last_error: Some(said.to_owned()),
                last_reason: Some(reason),
                ends: None,
                given_for_another: Some("it was given for the client id x".to_owned()),
            };
            let zone = jiff::tz::TimeZone::UTC;
            let view =
                View { zone: &zone, sends: crate::cli::show::Sends::NoWay, now: jiff::Timestamp::UNIX_EPOCH };
            let text = account(&shown, &view);
            assert!(text.contains(&format!("last error: {expected}")), "{text}");
            assert!(text.contains("sent in the last 24 hours: 312 of 2000\n"), "{text}");
            assert!(text.contains("by the web service (api)"), "{text}");
            assert!(text.contains("mail waits: it was given for the client id x. Sign in again"), "{text}");
            let next = "renewed next: with the first mail after 1970-01-01 00:00, at the latest 1970-01-01 00:00 (UTC)\n";
            assert_eq!(text.contains(next), !signed_out, "{text}");
            assert!(text.contains("2 of 3 boxes ticked: openid https://mail.google.com/"), "{text}");
            let microsoft = ShownAccount { provider: "microsoft".to_owned(), ..shown };
            let text = account(&microsoft, &view);
            assert!(text.contains("\nagreed to: openid ") && !text.contains("boxes"), "{text}");
        }
    }

    #[test]
    fn of_libraries_it_is_said_what_changed() {
        let before = r#"[{"code":"RPL","name":"Riverside"},{"code":"OLD","name":"Old"}]"#;
        let after =
            r#"[{"code":"RPL","name":"Riverside","branches":["MAIN","EAST"]},{"code":"NEW","name":"New"}]"#;
        assert_eq!(
            of_each(Some(before), Some(after)).unwrap(),
            ["RPL, branches: MAIN, EAST (before: none)", "NEW: added", "OLD: removed"]
        );
        assert_eq!(of_each(Some("25"), Some("587")), None);
        assert_eq!(of_each(Some(r#"["3m","9m"]"#), None), None);
    }
}
