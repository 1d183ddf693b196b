//! What patrons see of each library's mail, in words.

use std::fmt::Write as _;

use super::Table;
use crate::preferences::{AsSeen, Written};

/// One line for each library, and what the provider has to do with it. Nothing where there are none.
pub(super) fn table(all: &[AsSeen]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut table = Table::default();
    table.row(["library", "what patrons see", "answers go to", "comes back to"]);
    for one in all {
        let from = one.from.as_ref().map(|from| format!("{} <{from}>", one.name));
        let from = from.unwrap_or_else(|| "none: nothing can be sent".to_owned());
        let answers = one.reply_to.as_ref().or(one.from.as_ref());
        let or_none = |address: Option<&String>| address.map_or("none", String::as_str).to_owned();
        table.row([&one.site, &from, &or_none(answers), &or_none(one.returns_to.as_ref())]);
    }
    let mut out = format!("\n{table}");
    for (written, note) in [
        (
            Written::ByProvider,
            "Google writes its account in the place of an address that the account may not send for; the name stays",
        ),
        (
            Written::IfAllowed,
            "Microsoft refuses mail from an address that the account may not send for: whoever administers it allows that (\"Send as\")",
        ),
    ] {
        let of: Vec<_> =
            all.iter().filter(|one| one.written == Some(written)).map(|one| &*one.site).collect();
        if !of.is_empty() {
            let _ = writeln!(out, "note: {note} ({})", of.join(", "));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_has_its_line_and_what_a_provider_does_is_said_once() {
        let seen = |site: &str, written| AsSeen {
            site: site.to_owned(),
            name: format!("{site} Library"),
            from: Some("library@school.example".to_owned()),
            reply_to: None,
            returns_to: Some("library@school.example".to_owned()),
            written,
        };
        assert_eq!(table(&[]), "");
        let said = table(&[seen("Hill", Some(Written::ByProvider)), seen("Dale", Some(Written::ByProvider))]);
        assert!(said.contains("Hill Library <library@school.example>"), "{said}");
        assert_eq!(said.matches("note: Google writes its account").count(), 1, "{said}");
        assert!(said.contains("(Hill, Dale)") && !said.contains("Microsoft"), "{said}");
        let said = table(&[seen("Hill", Some(Written::IfAllowed)), seen("Dale", None)]);
        assert!(said.contains("\"Send as\") (Hill)"), "{said}");
    }
}
