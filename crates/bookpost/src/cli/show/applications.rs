//! Applications and their keys in words.

use std::fmt::Write as _;

use jiff::Timestamp;
use store::{Application, ApplicationKey, ApplicationSettings};

use super::{Table, View};
use crate::cli::{control::ShownKey, words};

/// One line for each.
pub(super) fn list(applications: &[Application], view: &View<'_>) -> String {
    if applications.is_empty() {
        return "none; add one with: bookpost programs add NAME\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["program", "sends as", "keys", "last used", ""]);
    for application in applications {
        let live = live(application).count();
        let used_at = application.keys.iter().filter_map(|key| key.used_at).max();
        table.row([
            application.name.as_str(),
            &from(&application.settings),
            &live.to_string(),
            &when(used_at, view),
            if application.disabled_at.is_some() { "disabled" } else { "" },
        ]);
    }
    table.to_string()
}

/// All about one.
pub(super) fn show(application: &Application, view: &View<'_>) -> String {
    let (settings, name) = (&application.settings, application.name.as_str());
    let mut table = Table::default();
    table.row(["program", name]);
    table.row(["sends as", &from(settings)]);
    table.row(["for the sites", &list_or("all", settings.sites.iter())]);
    table.row(["classes", &classes(settings)]);
    let comes_back = settings.return_address.as_ref().map_or("only to an address it gives", |to| to.as_str());
    table.row(["mail comes back", comes_back]);
    table.row(["largest message", &size(settings.largest_message)]);
    table.row(["recipients", &format!("{} for one message at most", settings.recipients)]);
    table.row(["waiting", &format!("mail for {} recipients at most", settings.waiting)]);
    let per_minute = settings.per_minute.map_or("no limit".to_owned(), |n| format!("{n} messages at most"));
    table.row(["per minute", &per_minute]);
    table.row(["added", &view.at(application.made_at)]);
    if let Some(since) = application.disabled_at {
        table.row(["disabled", &format!("nothing is accepted from it since {}", view.at(since))]);
    }
    let mut out = format!("{table}\n");
    if live(application).next().is_none() {
        let _ = writeln!(out, "It has no key that opens. Make one: bookpost programs key add '{name}'");
    }
    if !application.keys.is_empty() {
        out.push_str(&keys(&application.keys, view));
    }
    out
}

/// The only time that a key is shown.
pub(super) fn new_key(key: &ShownKey) -> String {
    let mut table = Table::default();
    table.row(["SMTP user name", &key.id.0]);
    table.row(["SMTP password", &key.password.0]);
    table.row(["HTTP key", &key.key.0]);
    format!(
        "This is a new key of {}. It is shown only now: Bookpost itself does not keep it. Put it where the application has its settings.\n\n{table}",
        key.application
    )
}

fn keys(keys: &[ApplicationKey], view: &View<'_>) -> String {
    let mut table = Table::default();
    table.row(["key", "made", "last used", ""]);
    for key in keys {
        let revoked = key.revoked_at.map_or(String::new(), |since| format!("revoked {}", view.at(since)));
        table.row([&key.id.0, &view.at(key.made_at), &when(key.used_at, view), &revoked]);
    }
    table.to_string()
}

fn live(application: &Application) -> impl Iterator<Item = &ApplicationKey> {
    application.keys.iter().filter(|key| key.revoked_at.is_none())
}

fn from(settings: &ApplicationSettings) -> String {
    list_or("the addresses of its sites", settings.from.iter())
}

fn list_or(none: &str, all: impl Iterator<Item: ToString>) -> String {
    let all: Vec<_> = all.map(|one| one.to_string()).collect();
    if all.is_empty() { none.to_owned() } else { all.join(", ") }
}

fn classes(settings: &ApplicationSettings) -> String {
    let others =
        settings.classes.iter().filter(|class| **class != settings.class).map(|class| words::class(*class));
    let all: Vec<_> = std::iter::once(words::class(settings.class)).chain(others).collect();
    format!("{}; {} where mail names none", all.join(", "), words::class(settings.class))
}

fn when(used_at: Option<Timestamp>, view: &View<'_>) -> String {
    used_at.map_or("never".to_owned(), |used_at| view.at(used_at))
}

fn size(bytes: u64) -> String {
    match bytes {
        whole if whole % 1_000_000 == 0 => format!("{} MB", whole / 1_000_000),
        whole if whole % 1_000 == 0 => format!("{} kB", whole / 1_000),
        bytes => format!("{bytes} bytes"),
    }
}
