//! Cells as they may go into a mail, names in reading order, and the addresses of a cell.

use mail::Address;

/// The text of a cell on one line: white space runs become one space; control characters and the marks that turn the direction
/// of all that follows are dropped. Joiners stay: emoji and several scripts need them.
pub(super) fn clean(cell: &str, into: &mut String) {
    let cell = cell.trim();
    if cell.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !cell.contains("  ") {
        into.push_str(cell);
        return;
    }
    let start = into.len();
    for c in cell.chars() {
        if c.is_whitespace() {
            if into.len() > start && !into.ends_with(' ') {
                into.push(' ');
            }
        } else if !c.is_control() && !turns_direction(c) {
            into.push(c);
        }
    }
    into.truncate(start + into.get(start..).unwrap_or("").trim_end().len());
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// "Last, First" in reading order; anything else as it is.
pub(super) fn reading_order(name: &str) -> Option<(&str, &str)> {
    let (last, first) = name.split_once(',')?;
    let (last, first) = (last.trim(), first.trim());
    (!last.is_empty() && !first.is_empty() && !first.contains(',')).then_some((first, last))
}

/// So many letters of a cell without an address are shown.
const SHOWN: usize = 100;

/// The addresses in a cell, in order, and the first piece that is none; where there is no address at all, the whole of what stands there.
pub(super) fn addresses(cell: &str) -> (Vec<Address>, Option<String>) {
    let mut found = Vec::new();
    let mut bad = None;
    for piece in cell.split(|c: char| c == ',' || c == ';' || c.is_whitespace()) {
        let piece = piece.trim_matches(|c: char| "<>\"'".contains(c));
        if piece.is_empty() {
            continue;
        }
        match Address::parse(piece) {
            Ok(address) => {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
            Err(_) if bad.is_none() => bad = Some(piece.to_owned()),
            Err(_) => {}
        }
    }
    // "ann at library.example" is one slip, and not the word "ann".
    let bad = if found.is_empty() { bad.map(|_| cell.trim().chars().take(SHOWN).collect()) } else { bad };
    (found, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        for (cell, expected) in [
            ("  Dune ", "Dune"),
            ("Dune\r\nMessiah\t2", "Dune Messiah 2"),
            ("a\u{0}b\u{7}", "ab"),
            ("\u{202e}txt.exe\u{202c}", "txt.exe"),
            ("كتاب \u{200f}الأم", "كتاب \u{200f}الأم"),
            ("👩\u{200d}🚀 space", "👩\u{200d}🚀 space"),
            ("\u{a0}深圳\u{3000}图书 ", "深圳 图书"),
            ("", ""),
        ] {
            let mut out = String::from("|");
            clean(cell, &mut out);
            assert_eq!(out, format!("|{expected}"));
        }
    }

    #[test]
    fn several_addresses_in_a_cell() {
        let (found, bad) = addresses("a@example.org; <b@example.org>,a@example.org\tnobody c@example.org");
        let texts: Vec<&str> = found.iter().map(Address::as_str).collect();
        assert_eq!(texts, ["a@example.org", "b@example.org", "c@example.org"]);
        assert_eq!(bad.as_deref(), Some("nobody"));
        let (found, bad) = addresses(" bad at example.org ");
        assert_eq!((found.len(), bad.as_deref()), (0, Some("bad at example.org")));
    }

    #[test]
    fn names_in_reading_order() {
        assert_eq!(reading_order("Okafor, Ngozi"), Some(("Ngozi", "Okafor")));
        assert_eq!(reading_order("King, Martin Luther, Jr."), None);
        assert_eq!(reading_order("Madonna"), None);
        assert_eq!(reading_order("Okafor,"), None);
    }
}
