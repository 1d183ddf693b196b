//! Sites in words.

use serde_json::{Map, Value};

use super::Table;
use crate::{cli::control::ShownSites, config::Origin};

/// One line for each.
pub(super) fn list(shown: &ShownSites) -> String {
    if shown.sites.is_empty() {
        return "none, so that notices have nobody to be from; add one with: bookpost sites add CODE --name NAME --email ADDRESS\n"
            .to_owned();
    }
    let mut table = Table::default();
    table.row([
        "code",
        "name",
        "email",
        "answers",
        "undeliverable",
        "further codes",
        "time zone",
        "language",
    ]);
    for site in &shown.sites {
        let text = |name| text(site, name);
        table.row([
            &text("code"),
            &text("name"),
            &text("email"),
            &text("reply_to"),
            &text("return_address"),
            &text("branches"),
            &text("time_zone"),
            &text("language"),
        ]);
    }
    let mute = shown.sites.iter().filter(|site| !site.contains_key("email"));
    let mute = mute.fold(String::new(), |mute, site| {
        mute + "\n" + &text(site, "code") + " has no email address: its notices cannot be sent.\n"
    });
    let elsewhere = match &shown.origin {
        Some(Origin::File(place) | Origin::Environment(place)) => {
            format!(
                "\nThey are set in {place}: change them there, or run `bookpost preferences import` first.\n"
            )
        }
        _ => String::new(),
    };
    format!("{table}{mute}{elsewhere}")
}

fn text(site: &Map<String, Value>, name: &str) -> String {
    match site.get(name) {
        None => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    }
}
