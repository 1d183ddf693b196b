//! Preferences in words.

use std::fmt::Write as _;

use serde_json::Value;
use store::PreferenceChange;

use super::{Table, View};
use crate::{
    cli::{
        control::{ChangedPreferences, ShownPreferences},
        words,
    },
    config::Origin,
};

/// One line for each.
pub(super) fn show(shown: &ShownPreferences) -> String {
    let mut table = Table::default();
    table.row(["preference", "value", "set in"]);
    for preference in &shown.preferences {
        let value = preference.value.as_ref().map_or("(usual)".to_owned(), written);
        table.row([&preference.name, &value, origin(&preference.origin)]);
    }
    format!("{table}{}", notes(&shown.warnings))
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
        let _ = writeln!(out, "  {name}: {} (before: {})", value(&changed.after), value(&changed.before));
    }
    out
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
