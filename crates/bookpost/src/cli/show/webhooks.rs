//! Web addresses that are told of events, in words.

use std::fmt::Write as _;

use store::{EventKind, Webhook};

use super::{Table, View};
use crate::cli::control::NewAddress;

/// One line for each, and what is wrong beneath.
pub(super) fn list(webhooks: &[Webhook], view: &View<'_>) -> String {
    if webhooks.is_empty() {
        return "none; add one with: bookpost webhooks add APPLICATION https://...\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["number", "program", "web address", "told of", "told last"]);
    for webhook in webhooks {
        let told_at = webhook.told_at.map_or("never".to_owned(), |at| view.at(at));
        let number = webhook.id.0.to_string();
        table.row([&number, webhook.application.as_str(), &webhook.url, &kinds(webhook), &told_at]);
    }
    let mut out = table.to_string();
    for webhook in webhooks {
        let number = webhook.id.0;
        if let Some(trouble) = &webhook.trouble {
            let (since, next) = (view.at(trouble.failing_since), view.at(trouble.next_attempt_at));
            let _ = writeln!(out, "\nNumber {number} has not been told since {since}: {}", trouble.answer);
            let _ =
                writeln!(out, "It is tried again at {next}; to try it now: bookpost webhooks test {number}");
        }
        if webhook.given_up > 0 {
            let events = mail::counted(webhook.given_up, "event", "events");
            let _ = writeln!(out, "\nNumber {number} was never told of {events}: it failed for too long.");
        }
    }
    out
}

/// The only time that the secret is shown.
pub(super) fn added(new: &NewAddress) -> String {
    let webhook = &new.webhook;
    let mut table = Table::default();
    table.row(["number", &webhook.id.0.to_string()]);
    table.row(["web address", &webhook.url]);
    table.row(["told of", &kinds(webhook)]);
    table.row(["secret", &new.secret.0]);
    let key = new.key_made.as_ref().map_or(String::new(), |file| {
        format!(
            "\nBookpost has made a key that seals such secrets: {}. Copy it to a safe place; without it they must be made anew.\n",
            file.display()
        )
    });
    format!(
        "{} is told at this web address what becomes of its mail from now on. The secret is shown only now: give it to the program that is told, so that it can check the signatures (Standard Webhooks).\n\n{table}{key}\nTo try it: bookpost webhooks test {}\n",
        webhook.application, webhook.id.0
    )
}

fn kinds(webhook: &Webhook) -> String {
    if webhook.kinds.is_empty() {
        return "everything".to_owned();
    }
    let all: Vec<_> = webhook.kinds.iter().copied().map(kind).collect();
    all.join(", ")
}

fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Accepted => "accepted",
        EventKind::Deferred => "deferred",
        EventKind::InDoubt => "in doubt",
        EventKind::Delivered => "delivered",
        EventKind::Practiced => "practiced",
        EventKind::Returned => "returned",
        EventKind::Held => "held",
        EventKind::Released => "released",
        EventKind::Cancelled => "cancelled",
    }
}
