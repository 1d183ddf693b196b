//! The name under which the ledger remembers that one item in one patron's hands was written about.
//!
//! The key is SHA-256 in lower-case hexadecimal over these parts, each preceded by its length in bytes as a big-endian
//! `u64` (so that no two different lists of parts make the same bytes):
//!
//! 1. `bookpost ledger 1`, which is raised when the rule changes;
//! 2. the patron: the identity that the import gave it (`id:`, `card:` or `address:` and the value);
//! 3. the item: `barcode:` and the barcode; without one, `item:` and the library system's number; without either, `title:`
//!    and title and author;
//! 4. `due:` and the due date; without one, `out:` and the checkout date, both as YYYY-MM-DD; `-` without either.
//!
//! A title is thus never readable in the ledger, and a renewed item (a new due date) is a new key.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use store::LedgerKey;

use super::import::Item;

/// Raised when the rule above changes; old ledger rows then no longer match.
const RULE: &str = "bookpost ledger 1";

/// The key of `item` in the hands of the patron that the import calls `identity`.
pub fn ledger_key(identity: &str, item: &Item) -> LedgerKey {
    let mut digest = Context::new(&SHA256);
    let mut part = |pieces: &[&str]| {
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        digest.update(&u64::try_from(bytes).unwrap_or(u64::MAX).to_be_bytes());
        for piece in pieces {
            digest.update(piece.as_bytes());
        }
    };
    part(&[RULE]);
    part(&[identity]);
    if !item.barcode().is_empty() {
        part(&["barcode:", item.barcode()]);
    } else if !item.number().is_empty() {
        part(&["item:", item.number()]);
    } else {
        part(&["title:", item.title(), "\u{1f}", item.author()]);
    }
    match (item.due, item.checked_out) {
        (Some(due), _) => part(&["due:", &due.to_string()]),
        (None, Some(out)) => part(&["out:", &out.to_string()]),
        (None, None) => part(&["-"]),
    }
    let mut hex = String::with_capacity(64);
    for byte in digest.finish().as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    LedgerKey(hex)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::notices::import::ItemCells;

    fn item(barcode: &str, number: &str, title: &str) -> Item {
        let cells = ItemCells { title, barcode, number, ..ItemCells::default() };
        Item::new(&cells, Some(date(2026, 11, 12)), Some(date(2026, 10, 22)), 0, 2)
    }

    #[test]
    fn a_key_is_stable() {
        // A changed value here means that every patron is written to again: raise RULE knowingly.
        let key = ledger_key("id:1042", &item("39001", "7", "Dune"));
        assert_eq!(key.0, "5416dfefe1e0a3f98ecc45786ad46cd8f211485c630f28cdb9e0c2fc3b88b2ea");
    }

    #[test]
    fn what_tells_keys_apart_and_what_does_not() {
        let base = ledger_key("id:1", &item("39001", "7", "Dune"));
        let mut other_due = item("39001", "7", "Dune");
        other_due.due = Some(date(2026, 11, 13));
        let mut no_due = item("39001", "7", "Dune");
        no_due.due = None;
        let mut other_checkout = item("39001", "7", "Dune");
        other_checkout.checked_out = None;
        for (what, key, same) in [
            ("another title of the same barcode", ledger_key("id:1", &item("39001", "7", "DUNE")), true),
            ("another number of the same barcode", ledger_key("id:1", &item("39001", "8", "Dune")), true),
            ("another checkout date beside a due date", ledger_key("id:1", &other_checkout), true),
            ("another patron", ledger_key("id:2", &item("39001", "7", "Dune")), false),
            ("another kind of identity", ledger_key("card:1", &item("39001", "7", "Dune")), false),
            ("another barcode", ledger_key("id:1", &item("39002", "7", "Dune")), false),
            ("no barcode", ledger_key("id:1", &item("", "7", "Dune")), false),
            ("only a title", ledger_key("id:1", &item("", "", "Dune")), false),
            ("another due date", ledger_key("id:1", &other_due), false),
            ("no due date", ledger_key("id:1", &no_due), false),
        ] {
            assert_eq!(key == base, same, "{what}");
        }
    }
}
